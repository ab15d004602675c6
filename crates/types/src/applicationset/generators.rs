//! The generators of an ApplicationSet that need no forge.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::{is_zero, null_is_empty};
use crate::meta::LabelSelector;
use crate::{ApplicationSetTemplate, PullRequestGenerator, SCMProviderGenerator};

/// `ApplicationSetGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetGenerator {
    /// Fixed elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListGenerator>,
    /// Registered clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<ClusterGenerator>,
    /// Directories or files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitGenerator>,
    /// Repositories of an SCM organization.
    #[serde(rename = "scmProvider", skip_serializing_if = "Option::is_none")]
    pub scm_provider: Option<SCMProviderGenerator>,
    /// Duck-typed placement object.
    #[serde(rename = "clusterDecisionResource", skip_serializing_if = "Option::is_none")]
    pub cluster_decision_resource: Option<DuckTypeGenerator>,
    /// Open pull requests.
    #[serde(rename = "pullRequest", skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestGenerator>,
    /// Cartesian product of two generators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<MatrixGenerator>,
    /// Join by keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<MergeGenerator>,
    /// Label selector over the produced parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// HTTP plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginGenerator>,
}

/// `ApplicationSetNestedGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetNestedGenerator {
    /// Fixed elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListGenerator>,
    /// Registered clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<ClusterGenerator>,
    /// Directories or files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitGenerator>,
    /// Repositories of an SCM organization.
    #[serde(rename = "scmProvider", skip_serializing_if = "Option::is_none")]
    pub scm_provider: Option<SCMProviderGenerator>,
    /// Duck-typed placement object.
    #[serde(rename = "clusterDecisionResource", skip_serializing_if = "Option::is_none")]
    pub cluster_decision_resource: Option<DuckTypeGenerator>,
    /// Open pull requests.
    #[serde(rename = "pullRequest", skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestGenerator>,
    /// Free-form JSON holding one more matrix level of leaf generators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matrix: Option<Value>,
    /// Free-form JSON holding one more merge level of leaf generators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<Value>,
    /// Label selector over the produced parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
    /// HTTP plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginGenerator>,
}

/// `ApplicationSetTerminalGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetTerminalGenerator {
    /// Fixed elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListGenerator>,
    /// Registered clusters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clusters: Option<ClusterGenerator>,
    /// Directories or files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<GitGenerator>,
    /// Repositories of an SCM organization.
    #[serde(rename = "scmProvider", skip_serializing_if = "Option::is_none")]
    pub scm_provider: Option<SCMProviderGenerator>,
    /// Duck-typed placement object.
    #[serde(rename = "clusterDecisionResource", skip_serializing_if = "Option::is_none")]
    pub cluster_decision_resource: Option<DuckTypeGenerator>,
    /// Open pull requests.
    #[serde(rename = "pullRequest", skip_serializing_if = "Option::is_none")]
    pub pull_request: Option<PullRequestGenerator>,
    /// HTTP plugin.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginGenerator>,
    /// Label selector over the produced parameters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub selector: Option<LabelSelector>,
}

/// `ClusterGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterGenerator {
    /// Selector over cluster Secret labels.
    pub selector: LabelSelector,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
    /// Extra parameters under values.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// One parameter set with a clusters list instead of one set per cluster.
    #[serde(rename = "flatList", skip_serializing_if = "is_zero")]
    pub flat_list: bool,
}

/// `DuckTypeGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DuckTypeGenerator {
    /// ConfigMap with apiVersion, kind, statusListKey, matchKey.
    #[serde(rename = "configMapRef")]
    pub config_map_ref: String,
    /// Object name; this or labelSelector.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Polling period; 180 when absent.
    #[serde(rename = "requeueAfterSeconds", skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Object selector.
    #[serde(rename = "labelSelector")]
    pub label_selector: LabelSelector,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
    /// Extra parameters.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// `GitDirectoryGeneratorItem` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitDirectoryGeneratorItem {
    /// Glob.
    pub path: String,
    /// Drop matches.
    #[serde(skip_serializing_if = "is_zero")]
    pub exclude: bool,
}

/// `GitFileGeneratorItem` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitFileGeneratorItem {
    /// Glob.
    pub path: String,
    /// Drop matches.
    #[serde(skip_serializing_if = "is_zero")]
    pub exclude: bool,
}

/// `GitGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitGenerator {
    /// Repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Directory globs.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub directories: Vec<GitDirectoryGeneratorItem>,
    /// File globs.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<GitFileGeneratorItem>,
    /// Revision.
    pub revision: String,
    /// Polling period; 180 when absent.
    #[serde(rename = "requeueAfterSeconds", skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
    /// Prefix of the path parameters.
    #[serde(rename = "pathParamPrefix", skip_serializing_if = "String::is_empty")]
    pub path_param_prefix: String,
    /// Extra parameters.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// `ListGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListGenerator {
    /// Arbitrary objects.
    #[serde(deserialize_with = "null_is_empty")]
    pub elements: Vec<Value>,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
    /// Elements as (templated) YAML text.
    #[serde(rename = "elementsYaml", skip_serializing_if = "String::is_empty")]
    pub elements_yaml: String,
}

/// `MatrixGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatrixGenerator {
    /// Exactly two nested generators; the second may use parameters of the first.
    #[serde(deserialize_with = "null_is_empty")]
    pub generators: Vec<ApplicationSetNestedGenerator>,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
}

/// `MergeGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MergeGenerator {
    /// Two or more; the first is the base, later ones override.
    #[serde(deserialize_with = "null_is_empty")]
    pub generators: Vec<ApplicationSetNestedGenerator>,
    /// Parameter names used as the join key.
    #[serde(rename = "mergeKeys", deserialize_with = "null_is_empty")]
    pub merge_keys: Vec<String>,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
}

/// `NestedMatrixGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NestedMatrixGenerator {
    /// The `generators` field.
    #[serde(deserialize_with = "null_is_empty")]
    pub generators: Vec<ApplicationSetTerminalGenerator>,
}

/// `NestedMergeGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NestedMergeGenerator {
    /// The `generators` field.
    #[serde(deserialize_with = "null_is_empty")]
    pub generators: Vec<ApplicationSetTerminalGenerator>,
    /// The `mergeKeys` field.
    #[serde(rename = "mergeKeys", deserialize_with = "null_is_empty")]
    pub merge_keys: Vec<String>,
}

/// `PluginConfigMapRef` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginConfigMapRef {
    /// ConfigMap name.
    pub name: String,
}

/// `PluginGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginGenerator {
    /// ConfigMap with baseUrl, token ($secret:key) and requestTimeout.
    #[serde(rename = "configMapRef")]
    pub config_map_ref: PluginConfigMapRef,
    /// Request body input.
    pub input: PluginInput,
    /// Polling period; 1800 when absent.
    #[serde(rename = "requeueAfterSeconds", skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
    /// Extra parameters, not sent to the plugin.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

/// `PluginInput` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PluginInput {
    /// Any JSON values by name.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
}
