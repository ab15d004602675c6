//! The resource tree and other views that the API serves beside the Application itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::{is_zero, null_is_empty};
use crate::meta::{LoadBalancerIngress, Time};
use crate::{Application, HealthStatus, SourceIntegrityCheckResult};

/// All live objects of an application as a graph.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationTree {
    /// The `nodes` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<ResourceNode>,
    /// The `orphanedNodes` field.
    #[serde(
        rename = "orphanedNodes",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub orphaned_nodes: Vec<ResourceNode>,
    /// The `hosts` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostInfo>,
    /// The `shardsCount` field.
    #[serde(rename = "shardsCount", skip_serializing_if = "is_zero")]
    pub shards_count: i64,
}

/// One object in the resource tree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceNode {
    /// The `resourceRef` field.
    #[serde(flatten)]
    pub resource_ref: ResourceRef,
    /// The `parentRefs` field.
    #[serde(
        rename = "parentRefs",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub parent_refs: Vec<ResourceRef>,
    /// The `info` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub info: Vec<InfoItem>,
    /// The `networkingInfo` field.
    #[serde(rename = "networkingInfo", skip_serializing_if = "Option::is_none")]
    pub networking_info: Option<ResourceNetworkingInfo>,
    /// The `resourceVersion` field.
    #[serde(rename = "resourceVersion", skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// The `images` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// The `health` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthStatus>,
    /// The `createdAt` field.
    #[serde(rename = "createdAt", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Time>,
}

/// The identity of an object in the resource tree.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceRef {
    /// The `group` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The `version` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The `kind` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The `namespace` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The `name` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The `uid` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
}

/// `ResourceNetworkingInfo` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceNetworkingInfo {
    /// The `targetLabels` field.
    #[serde(
        rename = "targetLabels",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub target_labels: BTreeMap<String, String>,
    /// The `targetRefs` field.
    #[serde(
        rename = "targetRefs",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub target_refs: Vec<ResourceRef>,
    /// The `labels` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The `ingress` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<LoadBalancerIngress>,
    /// The `externalURLs` field.
    #[serde(
        rename = "externalURLs",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub external_urls: Vec<String>,
}

/// `InfoItem` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InfoItem {
    /// The `name` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The `value` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// `HostInfo` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostInfo {
    /// The `name` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The `resourcesInfo` field.
    #[serde(
        rename = "resourcesInfo",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub resources_info: Vec<HostResourceInfo>,
    /// The `systemInfo` field.
    #[serde(rename = "systemInfo", skip_serializing_if = "Option::is_none")]
    pub system_info: Option<Value>,
    /// The `labels` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// `HostResourceInfo` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostResourceInfo {
    /// The `resourceName` field.
    #[serde(rename = "resourceName", skip_serializing_if = "String::is_empty")]
    pub resource_name: String,
    /// The `requestedByApp` field.
    #[serde(rename = "requestedByApp", skip_serializing_if = "is_zero")]
    pub requested_by_app: i64,
    /// The `requestedByNeighbors` field.
    #[serde(rename = "requestedByNeighbors", skip_serializing_if = "is_zero")]
    pub requested_by_neighbors: i64,
    /// The `capacity` field.
    #[serde(skip_serializing_if = "is_zero")]
    pub capacity: i64,
}

/// One managed object: rendered, live, and the comparison of both.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceDiff {
    /// The `group` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The `kind` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The `namespace` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// The `name` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The `targetState` field.
    #[serde(rename = "targetState", skip_serializing_if = "String::is_empty")]
    pub target_state: String,
    /// The `liveState` field.
    #[serde(rename = "liveState", skip_serializing_if = "String::is_empty")]
    pub live_state: String,
    /// The `diff` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub diff: String,
    /// The `hook` field.
    #[serde(skip_serializing_if = "is_zero")]
    pub hook: bool,
    /// The `normalizedLiveState` field.
    #[serde(rename = "normalizedLiveState", skip_serializing_if = "String::is_empty")]
    pub normalized_live_state: String,
    /// The `predictedLiveState` field.
    #[serde(rename = "predictedLiveState", skip_serializing_if = "String::is_empty")]
    pub predicted_live_state: String,
    /// The `resourceVersion` field.
    #[serde(rename = "resourceVersion", skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// The `modified` field.
    #[serde(skip_serializing_if = "is_zero")]
    pub modified: bool,
}

/// `ApplicationWatchEvent` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationWatchEvent {
    /// The `type` field.
    pub r#type: String,
    /// The `application` field.
    pub application: Application,
}

/// `ResourceAction` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceAction {
    /// The `name` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The `params` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<ResourceActionParam>,
    /// The `disabled` field.
    #[serde(skip_serializing_if = "is_zero")]
    pub disabled: bool,
    /// The `iconClass` field.
    #[serde(rename = "iconClass", skip_serializing_if = "String::is_empty")]
    pub icon_class: String,
    /// The `displayName` field.
    #[serde(rename = "displayName", skip_serializing_if = "String::is_empty")]
    pub display_name: String,
}

/// `ResourceActionParam` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceActionParam {
    /// The `name` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// `RevisionMetadata` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevisionMetadata {
    /// The `author` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// The `date` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<Time>,
    /// The `tags` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The `message` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The `signatureInfo` field.
    #[serde(rename = "signatureInfo", skip_serializing_if = "String::is_empty")]
    pub signature_info: String,
    /// The `references` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<RevisionReference>,
    /// The `sourceIntegrityResult` field.
    #[serde(rename = "sourceIntegrityResult", skip_serializing_if = "Option::is_none")]
    pub source_integrity_result: Option<SourceIntegrityCheckResult>,
}

/// `RevisionReference` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevisionReference {
    /// The `commit` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitMetadata>,
}

/// `CommitMetadata` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommitMetadata {
    /// The `author` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// The `date` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub date: String,
    /// The `subject` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The `body` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
    /// The `sha` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sha: String,
    /// The `repoUrl` field.
    #[serde(rename = "repoUrl", skip_serializing_if = "String::is_empty")]
    pub repo_url: String,
}

/// `ChartDetails` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChartDetails {
    /// The `description` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The `home` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub home: String,
    /// The `maintainers` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<String>,
}

/// `OCIMetadata` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OCIMetadata {
    /// The `createdAt` field.
    #[serde(rename = "createdAt", skip_serializing_if = "String::is_empty")]
    pub created_at: String,
    /// The `authors` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub authors: String,
    /// The `imageUrl` field.
    #[serde(rename = "imageUrl", skip_serializing_if = "String::is_empty")]
    pub image_url: String,
    /// The `docsUrl` field.
    #[serde(rename = "docsUrl", skip_serializing_if = "String::is_empty")]
    pub docs_url: String,
    /// The `sourceUrl` field.
    #[serde(rename = "sourceUrl", skip_serializing_if = "String::is_empty")]
    pub source_url: String,
    /// The `version` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The `description` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
}
