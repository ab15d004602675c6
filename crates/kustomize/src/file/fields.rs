//! The fields of a kustomization, with Kustomize's own names.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fieldspec::FieldSpec;
use crate::file::decode::{nullable, text_map};

/// A kustomization or component.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Kustomization {
    api_version: String,
    kind: String,
    /// Read for its form only.
    #[serde(rename = "metadata")]
    _metadata: Option<Metadata>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) resources: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    bases: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) components: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) crds: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) configurations: Vec<String>,
    pub(crate) namespace: String,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Vec<Labels>,
    #[serde(deserialize_with = "text_map")]
    pub(crate) common_labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "text_map")]
    pub(crate) common_annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) patches_strategic_merge: Vec<String>,
    #[serde(rename = "patchesJson6902", deserialize_with = "nullable")]
    pub(crate) patches_json6902: Vec<Patch>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) patches: Vec<Patch>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) images: Vec<Image>,
    #[serde(deserialize_with = "nullable")]
    image_tags: Vec<Image>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) replacements: Vec<ReplacementField>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) replicas: Vec<Replica>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) vars: Vec<Variable>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) config_map_generator: Vec<Generator>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) secret_generator: Vec<Generator>,
    pub(crate) generator_options: Option<GeneratorOptions>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) generators: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) transformers: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) validators: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) helm_charts: Vec<HelmChart>,
    pub(crate) helm_globals: Option<HelmGlobals>,
    #[serde(deserialize_with = "nullable")]
    helm_chart_inflation_generator: Vec<OldHelmChart>,
    #[serde(deserialize_with = "text_map")]
    pub(crate) openapi: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) build_metadata: Vec<String>,
    pub(crate) sort_options: Option<SortOptions>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Metadata {
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "namespace")]
    _namespace: String,
    #[serde(rename = "labels", deserialize_with = "text_map")]
    _labels: BTreeMap<String, String>,
    #[serde(rename = "annotations", deserialize_with = "text_map")]
    _annotations: BTreeMap<String, String>,
}

/// One entry of `labels`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Labels {
    #[serde(deserialize_with = "text_map")]
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) include_volume_claim_templates: bool,
    #[serde(deserialize_with = "nullable")]
    pub(crate) fields: Vec<FieldSpec>,
}

/// Which objects are meant: anchored regular expressions and label selectors.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Selector {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) label_selector: String,
    pub(crate) annotation_selector: String,
}

/// One entry of `patches` or `patchesJson6902`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Patch {
    pub(crate) path: String,
    pub(crate) patch: String,
    pub(crate) target: Option<Selector>,
    pub(crate) options: Option<PatchOptions>,
}

/// What a strategic merge patch may change besides.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct PatchOptions {
    pub(crate) allow_name_change: bool,
    pub(crate) allow_kind_change: bool,
}

/// One entry of `images`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) new_name: String,
    pub(crate) new_tag: String,
    pub(crate) tag_suffix: String,
    pub(crate) digest: String,
}

/// One entry of `replicas`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) count: i64,
}

/// One entry of `replacements`: inline, or a file with one or several.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReplacementField {
    pub(crate) path: String,
    source: Option<ReplacementSource>,
    source_value: Option<String>,
    targets: Option<Vec<ReplacementTarget>>,
}

impl ReplacementField {
    /// Whether anything is said here instead of in a file.
    pub(crate) fn is_inline(&self) -> bool {
        self.source.is_some() || self.targets.as_ref().is_some_and(|targets| !targets.is_empty())
    }

    pub(crate) fn into_inline(self) -> Replacement {
        Replacement { source: self.source, source_value: self.source_value, targets: self.targets }
    }
}

/// Copies one value to other places.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Replacement {
    pub(crate) source: Option<ReplacementSource>,
    pub(crate) source_value: Option<String>,
    pub(crate) targets: Option<Vec<ReplacementTarget>>,
}

/// Where a replacement's value comes from.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReplacementSource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
    pub(crate) options: Option<FieldOptions>,
}

/// Where a replacement's value goes.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReplacementTarget {
    pub(crate) select: Option<Selector>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) reject: Vec<Selector>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) field_paths: Vec<String>,
    pub(crate) options: Option<FieldOptions>,
}

/// Which part of a text is meant, and whether fields are made. `encoding` is known and does nothing.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) create: bool,
    #[serde(rename = "encoding")]
    _encoding: String,
}

/// One entry of `vars`.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) objref: ObjectReference,
    pub(crate) fieldref: FieldReference,
}

/// The object a variable reads.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ObjectReference {
    pub(crate) api_version: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// The field a variable reads.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FieldReference {
    pub(crate) field_path: String,
}

/// One entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Generator {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) behavior: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) literals: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) files: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) envs: Vec<String>,
    pub(crate) env: String,
    pub(crate) options: Option<GeneratorOptions>,
    /// The type of a Secret.
    #[serde(rename = "type")]
    pub(crate) secret_type: String,
}

/// What generated objects carry.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GeneratorOptions {
    #[serde(deserialize_with = "text_map")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "text_map")]
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

/// One entry of `helmCharts`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in Kustomize")]
pub(crate) struct HelmChart {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) repo: String,
    pub(crate) release_name: String,
    pub(crate) namespace: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) additional_values_files: Vec<String>,
    pub(crate) values_file: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) values_inline: Map<String, Value>,
    pub(crate) values_merge: String,
    #[serde(rename = "includeCRDs")]
    pub(crate) include_crds: bool,
    pub(crate) skip_hooks: bool,
    #[serde(deserialize_with = "nullable")]
    pub(crate) api_versions: Vec<String>,
    pub(crate) kube_version: String,
    pub(crate) name_template: String,
    pub(crate) skip_tests: bool,
    /// What Helm would print besides the manifests.
    #[serde(rename = "debug")]
    _debug: bool,
    pub(crate) devel: bool,
}

/// `helmGlobals`: what all charts have in common.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct HelmGlobals {
    pub(crate) chart_home: String,
    /// Where the `helm` program keeps its settings; there is none.
    #[serde(rename = "configHome")]
    _config_home: String,
}

/// One entry of the old field `helmChartInflationGenerator`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct OldHelmChart {
    chart_name: String,
    chart_version: String,
    chart_repo_url: String,
    chart_home: String,
    #[serde(rename = "chartRepoName")]
    _chart_repo_name: String,
    #[serde(rename = "helmBin")]
    _helm_bin: String,
    #[serde(rename = "helmHome")]
    _helm_home: String,
    values: String,
    #[serde(deserialize_with = "nullable")]
    values_local: Map<String, Value>,
    values_merge: String,
    release_name: String,
    #[serde(rename = "releaseNamespace")]
    _release_namespace: String,
    #[serde(rename = "extraArgs", deserialize_with = "nullable")]
    _extra_args: Vec<String>,
}

/// How the output is ordered.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SortOptions {
    pub(crate) order: String,
    pub(crate) legacy_sort_options: Option<LegacySortOptions>,
}

/// The kinds that come first and last.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct LegacySortOptions {
    #[serde(deserialize_with = "nullable")]
    pub(crate) order_first: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) order_last: Vec<String>,
}

impl Generator {
    fn fold_old_fields(&mut self) {
        let env = std::mem::take(&mut self.env);
        if !env.is_empty() {
            self.envs.push(env);
        }
    }
}

impl Kustomization {
    /// Whether this is a component.
    pub(crate) fn is_component(&self) -> bool {
        self.kind == "Component"
    }

    pub(crate) fn fold_old_fields(&mut self) {
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        self.config_map_generator.iter_mut().for_each(Generator::fold_old_fields);
        self.secret_generator.iter_mut().for_each(Generator::fold_old_fields);
        for old in std::mem::take(&mut self.helm_chart_inflation_generator) {
            if self.helm_globals.is_none() && !old.chart_home.is_empty() {
                self.helm_globals = Some(HelmGlobals::default());
            }
            // The last one wins.
            if let Some(globals) = self.helm_globals.as_mut().filter(|_| !old.chart_home.is_empty()) {
                globals.chart_home = old.chart_home;
            }
            self.helm_charts.push(HelmChart {
                name: old.chart_name,
                version: old.chart_version,
                repo: old.chart_repo_url,
                values_file: old.values,
                values_inline: old.values_local,
                values_merge: old.values_merge,
                release_name: old.release_name,
                ..HelmChart::default()
            });
        }
    }

    /// Whether kind and version are those of a kustomization or component.
    pub(crate) fn check(&self) -> Result<(), String> {
        let (kind, wanted) = match self.kind.as_str() {
            "" | "Kustomization" => ("Kustomization", "kustomize.config.k8s.io/v1beta1"),
            "Component" => ("Component", "kustomize.config.k8s.io/v1alpha1"),
            _ => return Err("kind should be Kustomization or Component".to_owned()),
        };
        if self.api_version.is_empty() || self.api_version == wanted {
            Ok(())
        } else {
            Err(format!("apiVersion for {kind} should be {wanted}"))
        }
    }
}
