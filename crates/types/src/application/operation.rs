//! Operations that are asked for, and how the running or last one stands.

use serde::{Deserialize, Serialize};

use crate::json::{is_zero, null_is_empty};
use crate::meta::Time;
use crate::{ApplicationSource, Info, ManagedNamespaceMetadata, RetryStrategy, SyncStrategy};

/// A one-shot operation that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Operation {
    /// Sync request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync: Option<Box<SyncOperation>>,
    /// Requester.
    #[serde(rename = "initiatedBy")]
    pub initiated_by: OperationInitiator,
    /// Request annotations.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub info: Vec<Info>,
    /// Retry settings for this run.
    pub retry: RetryStrategy,
}

/// A sync that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncOperation {
    /// Revision to sync.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// Delete untracked objects.
    #[serde(skip_serializing_if = "is_zero")]
    pub prune: bool,
    /// Server does not persist.
    #[serde(rename = "dryRun", skip_serializing_if = "is_zero")]
    pub dry_run: bool,
    /// Apply or hook.
    #[serde(rename = "syncStrategy", skip_serializing_if = "Option::is_none")]
    pub sync_strategy: Option<SyncStrategy>,
    /// Partial sync selection.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<SyncOperationResource>,
    /// Source override (rollback, local).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<ApplicationSource>,
    /// Literal manifests (local sync).
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub manifests: Vec<String>,
    /// Options for this run.
    #[serde(
        rename = "syncOptions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub sync_options: Vec<String>,
    /// Sources override.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<ApplicationSource>,
    /// Revision per source.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
    /// Self-heal attempts so far.
    #[serde(rename = "autoHealAttemptsCount", skip_serializing_if = "is_zero")]
    pub auto_heal_attempts_count: i64,
}

/// `SyncOperationResource` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncOperationResource {
    /// API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
}

/// `OperationInitiator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationInitiator {
    /// User name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// Started by automatic sync.
    #[serde(skip_serializing_if = "is_zero")]
    pub automated: bool,
}

/// How the running or last operation stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OperationState {
    /// The request.
    pub operation: Operation,
    /// Running, Terminating, Failed, Error or Succeeded.
    pub phase: String,
    /// Text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Per-object results.
    #[serde(rename = "syncResult", skip_serializing_if = "Option::is_none")]
    pub sync_result: Option<Box<SyncOperationResult>>,
    /// Start.
    #[serde(rename = "startedAt", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// End.
    #[serde(rename = "finishedAt", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Retries done.
    #[serde(rename = "retryCount", skip_serializing_if = "is_zero")]
    pub retry_count: i64,
}

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncOperationResult {
    /// Object results.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceResult>,
    /// Revision applied.
    pub revision: String,
    /// Source applied.
    pub source: ApplicationSource,
    /// Sources applied.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<ApplicationSource>,
    /// Revisions applied.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
    /// Metadata applied to the namespace.
    #[serde(rename = "managedNamespaceMetadata", skip_serializing_if = "Option::is_none")]
    pub managed_namespace_metadata: Option<ManagedNamespaceMetadata>,
}

/// What a sync did with one object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceResult {
    /// API group.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Synced, SyncFailed, Pruned or PruneSkipped; empty for hooks and pending objects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// PreSync, Sync, PostSync, SyncFail or Skip.
    #[serde(rename = "hookType", skip_serializing_if = "String::is_empty")]
    pub hook_type: String,
    /// Phase of the hook or object.
    #[serde(rename = "hookPhase", skip_serializing_if = "String::is_empty")]
    pub hook_phase: String,
    /// PreSync, Sync, PostSync or SyncFail.
    #[serde(rename = "syncPhase", skip_serializing_if = "String::is_empty")]
    pub sync_phase: String,
    /// Images of the object.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
}
