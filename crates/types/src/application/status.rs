//! What the controller reports of an application.

use serde::{Deserialize, Serialize};

use crate::json::{is_zero, null_is_empty};
use crate::meta::Time;
use crate::{
    ApplicationDestination, ApplicationSource, OperationInitiator, OperationState, ResourceIgnoreDifferences,
    SourceHydratorStatus,
};

/// What the controller last saw and did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationStatus {
    /// Tracked objects with sync and health.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceStatus>,
    /// Result of the last comparison.
    pub sync: SyncStatus,
    /// Aggregated health.
    pub health: AppHealthStatus,
    /// Finished syncs, oldest first.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<RevisionHistory>,
    /// Warnings and errors.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ApplicationCondition>,
    /// Last full comparison.
    #[serde(rename = "reconciledAt", skip_serializing_if = "Option::is_none")]
    pub reconciled_at: Option<Time>,
    /// Running or last operation.
    #[serde(rename = "operationState", skip_serializing_if = "Option::is_none")]
    pub operation_state: Option<Box<OperationState>>,
    /// Deprecated, never written.
    #[serde(rename = "observedAt", skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Time>,
    /// Helm, Kustomize, Directory or Plugin.
    #[serde(rename = "sourceType", skip_serializing_if = "String::is_empty")]
    pub source_type: String,
    /// URLs and images.
    pub summary: ApplicationSummary,
    /// AppTree means per-object health is absent here and lives in the resource-tree cache.
    #[serde(rename = "resourceHealthSource", skip_serializing_if = "String::is_empty")]
    pub resource_health_source: String,
    /// Type per source.
    #[serde(
        rename = "sourceTypes",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub source_types: Vec<String>,
    /// Namespace of the controller that owns the object.
    #[serde(rename = "controllerNamespace", skip_serializing_if = "String::is_empty")]
    pub controller_namespace: String,
    /// Hydration state.
    #[serde(rename = "sourceHydrator")]
    pub source_hydrator: SourceHydratorStatus,
}

/// Whether live objects equal the rendered ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncStatus {
    /// Synced, OutOfSync or Unknown.
    pub status: String,
    /// Inputs of that comparison.
    #[serde(rename = "comparedTo")]
    pub compared_to: ComparedTo,
    /// Resolved revision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// Resolved revision per source.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
}

/// The inputs of the last comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ComparedTo {
    /// Source compared.
    pub source: ApplicationSource,
    /// Destination compared.
    pub destination: ApplicationDestination,
    /// Sources compared.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<ApplicationSource>,
    /// Ignore rules in force.
    #[serde(
        rename = "ignoreDifferences",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ignore_differences: Vec<ResourceIgnoreDifferences>,
}

/// The health of an application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppHealthStatus {
    /// Worst health over the tracked objects.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Explanation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Last change of the code.
    #[serde(rename = "lastTransitionTime", skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}

/// The health of one object.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthStatus {
    /// Health code.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Explanation.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Deprecated.
    #[serde(rename = "lastTransitionTime", skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}

/// How one object of an application stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceStatus {
    /// API group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// API version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Kind.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Synced, OutOfSync or Unknown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// Object health.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthStatus>,
    /// Object is a hook.
    #[serde(skip_serializing_if = "is_zero")]
    pub hook: bool,
    /// Live but not in the source.
    #[serde(rename = "requiresPruning", skip_serializing_if = "is_zero")]
    pub requires_pruning: bool,
    /// Wave number.
    #[serde(rename = "syncWave", skip_serializing_if = "is_zero")]
    pub sync_wave: i64,
    /// Deletion needs a user confirmation.
    #[serde(rename = "requiresDeletionConfirmation", skip_serializing_if = "is_zero")]
    pub requires_deletion_confirmation: bool,
}

/// Something that users should know of an application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationCondition {
    /// Condition code, Error and Warning by suffix.
    pub r#type: String,
    /// Text.
    pub message: String,
    /// Last observed.
    #[serde(rename = "lastTransitionTime", skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}

/// One completed sync.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RevisionHistory {
    /// Synced revision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub revision: String,
    /// End of the sync.
    #[serde(rename = "deployedAt", skip_serializing_if = "Option::is_none")]
    pub deployed_at: Option<Time>,
    /// Increasing number, input of rollback.
    pub id: i64,
    /// Source used.
    pub source: ApplicationSource,
    /// Start of the sync.
    #[serde(rename = "deployStartedAt", skip_serializing_if = "Option::is_none")]
    pub deploy_started_at: Option<Time>,
    /// Sources used.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<ApplicationSource>,
    /// Revisions used.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<String>,
    /// Who started it.
    #[serde(rename = "initiatedBy")]
    pub initiated_by: OperationInitiator,
}

/// Facts gathered over all objects of an application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSummary {
    /// Links found on children.
    #[serde(
        rename = "externalURLs",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub external_urls: Vec<String>,
    /// Images found on children.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    /// A child is an Application.
    #[serde(rename = "isAppOfApps", skip_serializing_if = "is_zero")]
    pub is_app_of_apps: bool,
}

/// `SourceIntegrityCheckResult` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceIntegrityCheckResult {
    /// The `Checks` field.
    #[serde(rename = "Checks", deserialize_with = "null_is_empty")]
    pub checks: Vec<SourceIntegrityCheckResultItem>,
}

/// `SourceIntegrityCheckResultItem` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceIntegrityCheckResultItem {
    /// The `Name` field.
    #[serde(rename = "Name")]
    pub name: String,
    /// The `Problems` field.
    #[serde(rename = "Problems", deserialize_with = "null_is_empty")]
    pub problems: Vec<String>,
}
