//! Application sources and the options of each rendering tool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::{is_zero, null_is_empty};
use crate::meta::IntOrString;

/// Where the manifests of an application come from, and how they are rendered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSource {
    /// Git, Helm or OCI (oci://) repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Directory in the repository; required for Git unless ref-only.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Branch, tag, SHA or semver range; chart version for Helm; mandatory with chart; HEAD when absent.
    #[serde(rename = "targetRevision", skip_serializing_if = "String::is_empty")]
    pub target_revision: String,
    /// Helm options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<Box<ApplicationSourceHelm>>,
    /// Kustomize options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<Box<ApplicationSourceKustomize>>,
    /// Plain manifest and Jsonnet options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<Box<ApplicationSourceDirectory>>,
    /// Config management plugin options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<Box<ApplicationSourcePlugin>>,
    /// Chart name when repoURL is a Helm repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub chart: String,
    /// Alias usable as $ref/... in another source's value files; only inside sources.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub r#ref: String,
    /// Label of the source, unique within sources.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Only tags starting with it take part in semver resolution; stripped for comparing, kept in the
    /// result.
    #[serde(rename = "tagPrefix", skip_serializing_if = "String::is_empty")]
    pub tag_prefix: String,
}

/// Options of plain manifests and Jsonnet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSourceDirectory {
    /// Descend into subdirectories.
    #[serde(skip_serializing_if = "is_zero")]
    pub recurse: bool,
    /// Jsonnet settings.
    #[serde(skip_serializing_if = "is_zero")]
    pub jsonnet: ApplicationSourceJsonnet,
    /// Glob of files to skip.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exclude: String,
    /// Glob of files to take.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub include: String,
    /// Read every file, not just yaml, yml, json, jsonnet.
    #[serde(rename = "disableExtensionFilter", skip_serializing_if = "is_zero")]
    pub disable_extension_filter: bool,
}

/// Options of Jsonnet files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSourceJsonnet {
    /// External variables.
    #[serde(rename = "extVars", deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub ext_vars: Vec<JsonnetVar>,
    /// Top-level arguments.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub tlas: Vec<JsonnetVar>,
    /// Extra import directories.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub libs: Vec<String>,
}

/// One external variable or top-level argument.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JsonnetVar {
    /// Variable name.
    pub name: String,
    /// Variable value.
    pub value: String,
    /// Evaluate the value as code instead of a string.
    #[serde(skip_serializing_if = "is_zero")]
    pub code: bool,
}

/// Options of a Helm chart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSourceHelm {
    /// Value files, relative to the chart, $ref-rooted or URLs with an allowed scheme.
    #[serde(
        rename = "valueFiles",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub value_files: Vec<String>,
    /// --set / --set-string pairs.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<HelmParameter>,
    /// Release name; app name when absent.
    #[serde(rename = "releaseName", skip_serializing_if = "String::is_empty")]
    pub release_name: String,
    /// Inline values as a YAML string; loses to valuesObject.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub values: String,
    /// --set-file pairs.
    #[serde(
        rename = "fileParameters",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub file_parameters: Vec<HelmFileParameter>,
    /// Helm major used for templating; only v3 exists.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Send repository credentials to every host.
    #[serde(rename = "passCredentials", skip_serializing_if = "is_zero")]
    pub pass_credentials: bool,
    /// Silently drop value files that do not exist.
    #[serde(rename = "ignoreMissingValueFiles", skip_serializing_if = "is_zero")]
    pub ignore_missing_value_files: bool,
    /// Leave out the chart's crds directory.
    #[serde(rename = "skipCrds", skip_serializing_if = "is_zero")]
    pub skip_crds: bool,
    /// Inline values as an object.
    #[serde(rename = "valuesObject", skip_serializing_if = "Option::is_none")]
    pub values_object: Option<Value>,
    /// Namespace passed to the template command; destination namespace when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// --kube-version override; cluster version when absent.
    #[serde(rename = "kubeVersion", skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    /// --api-versions override, each \[group/\]version/kind; cluster kinds when absent.
    #[serde(
        rename = "apiVersions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub api_versions: Vec<String>,
    /// Leave out helm test hooks.
    #[serde(rename = "skipTests", skip_serializing_if = "is_zero")]
    pub skip_tests: bool,
    /// Do not check values against the chart schema.
    #[serde(rename = "skipSchemaValidation", skip_serializing_if = "is_zero")]
    pub skip_schema_validation: bool,
}

/// `HelmParameter` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HelmParameter {
    /// Value path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Value text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
    /// Use --set-string.
    #[serde(rename = "forceString", skip_serializing_if = "is_zero")]
    pub force_string: bool,
}

/// `HelmFileParameter` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HelmFileParameter {
    /// Value path.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// File whose content becomes the value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
}

/// Changes made to a kustomization before it is built.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSourceKustomize {
    /// Prefix for every resource name.
    #[serde(rename = "namePrefix", skip_serializing_if = "String::is_empty")]
    pub name_prefix: String,
    /// Suffix for every resource name.
    #[serde(rename = "nameSuffix", skip_serializing_if = "String::is_empty")]
    pub name_suffix: String,
    /// Image overrides, \[old=\]name\[:tag\]\[@digest\].
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// Labels put on all objects.
    #[serde(
        rename = "commonLabels",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub common_labels: BTreeMap<String, String>,
    /// Named Kustomize binary from argocd-cm.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Annotations put on all objects.
    #[serde(
        rename = "commonAnnotations",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub common_annotations: BTreeMap<String, String>,
    /// Overwrite existing labels.
    #[serde(rename = "forceCommonLabels", skip_serializing_if = "is_zero")]
    pub force_common_labels: bool,
    /// Overwrite existing annotations.
    #[serde(rename = "forceCommonAnnotations", skip_serializing_if = "is_zero")]
    pub force_common_annotations: bool,
    /// Namespace set by Kustomize.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Expand build environment variables in annotation values.
    #[serde(rename = "commonAnnotationsEnvsubst", skip_serializing_if = "is_zero")]
    pub common_annotations_envsubst: bool,
    /// Replica count overrides.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub replicas: Vec<KustomizeReplica>,
    /// Inline or file patches.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub patches: Vec<KustomizePatch>,
    /// Extra components added before the build.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// Drop components that do not exist locally.
    #[serde(rename = "ignoreMissingComponents", skip_serializing_if = "is_zero")]
    pub ignore_missing_components: bool,
    /// Keep commonLabels out of selectors.
    #[serde(rename = "labelWithoutSelector", skip_serializing_if = "is_zero")]
    pub label_without_selector: bool,
    /// Helm inflation --kube-version; cluster version when absent.
    #[serde(rename = "kubeVersion", skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    /// Helm inflation --api-versions; cluster kinds when absent.
    #[serde(
        rename = "apiVersions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub api_versions: Vec<String>,
    /// Also label pod templates (with labelWithoutSelector).
    #[serde(rename = "labelIncludeTemplates", skip_serializing_if = "is_zero")]
    pub label_include_templates: bool,
}

/// `KustomizeReplica` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KustomizeReplica {
    /// Workload name.
    pub name: String,
    /// Number or numeric string.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<IntOrString>,
}

/// `KustomizePatch` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KustomizePatch {
    /// Patch file.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Inline patch text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub patch: String,
    /// Objects the patch applies to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<KustomizeSelector>,
    /// Flags such as allowNameChange, allowKindChange.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, bool>,
}

/// `KustomizeSelector` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KustomizeSelector {
    /// The `resId` field.
    #[serde(flatten)]
    pub res_id: KustomizeResId,
    /// Annotation selector.
    #[serde(rename = "annotationSelector", skip_serializing_if = "String::is_empty")]
    pub annotation_selector: String,
    /// Label selector.
    #[serde(rename = "labelSelector", skip_serializing_if = "String::is_empty")]
    pub label_selector: String,
}

/// `KustomizeResId` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KustomizeResId {
    /// The `gvk` field.
    #[serde(flatten)]
    pub gvk: KustomizeGvk,
    /// Object name (regular expression).
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Object namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// `KustomizeGvk` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct KustomizeGvk {
    /// API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// API version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// Options of a config management plugin.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSourcePlugin {
    /// Plugin name, name or name-version; empty means discovery.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Variables handed over with the ARGOCD_ENV_ prefix.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub env: Vec<EnvEntry>,
    /// Typed parameters, also exposed as ARGOCD_APP_PARAMETERS and PARAM_*.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<ApplicationSourcePluginParameter>,
}

/// `EnvEntry` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EnvEntry {
    /// Variable name.
    pub name: String,
    /// Variable value.
    pub value: String,
}

/// One parameter of a config management plugin: a text, a map or a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSourcePluginParameter {
    /// The parameter's name.
    pub name: String,
    /// Its value, when it is a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub string: Option<String>,
    /// Its value, when it is a map; set but empty differs from unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub map: Option<BTreeMap<String, String>>,
    /// Its value, when it is a list; set but empty differs from unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub array: Option<Vec<String>>,
}
