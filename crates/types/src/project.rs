//! The AppProject resource.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ApplicationDestination;
use crate::json::{is_zero, null_is_empty};
use crate::meta::{GroupKindItem, ObjectMeta};

/// A group of applications and what they may use.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppProject {
    /// Always `argoproj.io/v1alpha1`.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// The kind of this object.
    pub kind: String,
    /// Object meta.
    pub metadata: ObjectMeta,
    /// Rules.
    pub spec: AppProjectSpec,
    /// Issued tokens.
    pub status: AppProjectStatus,
}

/// What the applications of a project may use, and who may use them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppProjectSpec {
    /// Permitted repositories, globs, ! negates.
    #[serde(
        rename = "sourceRepos",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub source_repos: Vec<String>,
    /// Permitted server/name/namespace triples, globs, ! negates.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub destinations: Vec<ApplicationDestination>,
    /// Text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Project roles.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<ProjectRole>,
    /// Permitted cluster-scoped kinds; empty permits none.
    #[serde(
        rename = "clusterResourceWhitelist",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub cluster_resource_whitelist: Vec<ClusterResourceRestrictionItem>,
    /// Forbidden namespaced kinds.
    #[serde(
        rename = "namespaceResourceBlacklist",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub namespace_resource_blacklist: Vec<GroupKindItem>,
    /// Presence turns orphan monitoring on.
    #[serde(rename = "orphanedResources", skip_serializing_if = "Option::is_none")]
    pub orphaned_resources: Option<OrphanedResourcesMonitorSettings>,
    /// Time windows.
    #[serde(
        rename = "syncWindows",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub sync_windows: Vec<SyncWindow>,
    /// Permitted namespaced kinds; absent permits all.
    #[serde(rename = "namespaceResourceWhitelist", skip_serializing_if = "Option::is_none")]
    pub namespace_resource_whitelist: Option<Vec<GroupKindItem>>,
    /// Deprecated list of GnuPG keys.
    #[serde(
        rename = "signatureKeys",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub signature_keys: Vec<SignatureKey>,
    /// Forbidden cluster-scoped kinds.
    #[serde(
        rename = "clusterResourceBlacklist",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub cluster_resource_blacklist: Vec<ClusterResourceRestrictionItem>,
    /// Namespaces (globs) whose Applications may use the project.
    #[serde(
        rename = "sourceNamespaces",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub source_namespaces: Vec<String>,
    /// Only clusters bound to this project.
    #[serde(rename = "permitOnlyProjectScopedClusters", skip_serializing_if = "is_zero")]
    pub permit_only_project_scoped_clusters: bool,
    /// Impersonated account per destination, first match wins.
    #[serde(
        rename = "destinationServiceAccounts",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub destination_service_accounts: Vec<ApplicationDestinationServiceAccount>,
    /// Signature policies.
    #[serde(rename = "sourceIntegrity", skip_serializing_if = "Option::is_none")]
    pub source_integrity: Option<SourceIntegrity>,
}

/// `AppProjectStatus` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppProjectStatus {
    /// Issued tokens per role name.
    #[serde(
        rename = "jwtTokensByRole",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub jwt_tokens_by_role: BTreeMap<String, JWTTokens>,
}

/// `ApplicationDestinationServiceAccount` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationDestinationServiceAccount {
    /// Server URL glob.
    pub server: String,
    /// Namespace glob.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Account, \[namespace:\]name.
    #[serde(rename = "defaultServiceAccount")]
    pub default_service_account: String,
}

/// `ClusterResourceRestrictionItem` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterResourceRestrictionItem {
    /// API group glob.
    pub group: String,
    /// Kind glob.
    pub kind: String,
    /// Name glob; empty matches all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// A role inside a project, with its policy and tokens.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProjectRole {
    /// Role name, subject is proj:\<project>:\<role>.
    pub name: String,
    /// Text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Six-column rules p, sub, res, act, obj, eft.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
    /// Legacy copy of status.jwtTokensByRole.
    #[serde(rename = "jwtTokens", deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub jwt_tokens: Vec<JWTToken>,
    /// SSO groups holding the role.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// `JWTToken` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JWTToken {
    /// Issue time in seconds.
    pub iat: i64,
    /// Expiry in seconds, 0 never.
    #[serde(skip_serializing_if = "is_zero")]
    pub exp: i64,
    /// Token id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub id: String,
}

/// `JWTTokens` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct JWTTokens {
    /// Token records.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<JWTToken>,
}

/// A time in which syncs are allowed or denied.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncWindow {
    /// Allow or deny.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Five-field cron.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub schedule: String,
    /// Go duration.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub duration: String,
    /// Name globs.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<String>,
    /// Destination namespace globs.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// Cluster name or server globs.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<String>,
    /// Manual syncs pass when the window blocks.
    #[serde(rename = "manualSync", skip_serializing_if = "is_zero")]
    pub manual_sync: bool,
    /// IANA zone; UTC when absent.
    #[serde(rename = "timeZone", skip_serializing_if = "String::is_empty")]
    pub time_zone: String,
    /// All given criteria must match instead of any.
    #[serde(rename = "andOperator", skip_serializing_if = "is_zero")]
    pub and_operator: bool,
    /// Text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// A sync that began while permitted may finish.
    #[serde(rename = "syncOverrun", skip_serializing_if = "is_zero")]
    pub sync_overrun: bool,
}

/// `OrphanedResourcesMonitorSettings` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrphanedResourcesMonitorSettings {
    /// Raise a condition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warn: Option<bool>,
    /// Exceptions.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub ignore: Vec<OrphanedResourceKey>,
}

/// `OrphanedResourceKey` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrphanedResourceKey {
    /// Group glob.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Kind glob.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Name glob.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// `SignatureKey` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SignatureKey {
    /// Hexadecimal key id.
    #[serde(rename = "keyID")]
    pub key_id: String,
}

/// `SourceIntegrity` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceIntegrity {
    /// Git policies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub git: Option<SourceIntegrityGit>,
}

/// `SourceIntegrityGit` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceIntegrityGit {
    /// Policy list.
    #[serde(deserialize_with = "null_is_empty")]
    pub policies: Vec<SourceIntegrityGitPolicy>,
}

/// `SourceIntegrityGitPolicy` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceIntegrityGitPolicy {
    /// Repositories the policy covers.
    #[serde(deserialize_with = "null_is_empty")]
    pub repos: Vec<SourceIntegrityGitPolicyRepo>,
    /// GnuPG check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpg: Option<SourceIntegrityGitPolicyGPG>,
}

/// `SourceIntegrityGitPolicyGPG` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceIntegrityGitPolicyGPG {
    /// None, head (the commit or annotated tag) or strict (the whole chain).
    pub mode: String,
    /// Trusted key ids.
    #[serde(deserialize_with = "null_is_empty")]
    pub keys: Vec<String>,
}

/// `SourceIntegrityGitPolicyRepo` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceIntegrityGitPolicyRepo {
    /// URL glob.
    pub url: String,
}
