//! The ApplicationSet resource: template, strategy and status. Generators are in `generators`, `scm` and `pull_request`.

mod generators;
mod pull_request;
mod scm;

pub use generators::*;
pub use pull_request::*;
pub use scm::*;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::{is_zero, null_is_empty};
use crate::meta::{IntOrString, ObjectMeta, Time};
use crate::{ApplicationSpec, HealthStatus, ResourceNode, ResourceStatus};

/// A set of applications made from generators and one template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSet {
    /// Always `argoproj.io/v1alpha1`.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// The kind of this object.
    pub kind: String,
    /// Object meta.
    pub metadata: ObjectMeta,
    /// Desired state.
    pub spec: ApplicationSetSpec,
    /// Written through the status subresource.
    pub status: ApplicationSetStatus,
}

/// The desired state of an application set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetSpec {
    /// Go templates instead of {{param}} replacement.
    #[serde(rename = "goTemplate", skip_serializing_if = "is_zero")]
    pub go_template: bool,
    /// Parameter sources, results concatenated.
    #[serde(deserialize_with = "null_is_empty")]
    pub generators: Vec<ApplicationSetGenerator>,
    /// Application template.
    pub template: ApplicationSetTemplate,
    /// What the controller may do to generated Applications.
    #[serde(rename = "syncPolicy", skip_serializing_if = "Option::is_none")]
    pub sync_policy: Option<ApplicationSetSyncPolicy>,
    /// Rollout order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<ApplicationSetStrategy>,
    /// Annotations and labels left alone on generated Applications.
    #[serde(rename = "preservedFields", skip_serializing_if = "Option::is_none")]
    pub preserved_fields: Option<ApplicationPreservedFields>,
    /// Template options such as missingkey=error.
    #[serde(
        rename = "goTemplateOptions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub go_template_options: Vec<String>,
    /// Deprecated, always on.
    #[serde(rename = "applyNestedSelectors", skip_serializing_if = "is_zero")]
    pub apply_nested_selectors: bool,
    /// Fields of generated Applications not reconciled.
    #[serde(
        rename = "ignoreApplicationDifferences",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ignore_application_differences: Vec<ApplicationSetResourceIgnoreDifferences>,
    /// Go-templated patch merged into every Application.
    #[serde(rename = "templatePatch", skip_serializing_if = "Option::is_none")]
    pub template_patch: Option<String>,
}

/// `ApplicationSetSyncPolicy` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetSyncPolicy {
    /// Generated Applications get no resources finalizer.
    #[serde(rename = "preserveResourcesOnDeletion", skip_serializing_if = "is_zero")]
    pub preserve_resources_on_deletion: bool,
    /// Create-only, create-update, create-delete or sync; sync when absent.
    #[serde(rename = "applicationsSync", skip_serializing_if = "Option::is_none")]
    pub applications_sync: Option<String>,
}

/// `ApplicationPreservedFields` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationPreservedFields {
    /// Annotation keys.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<String>,
    /// Label keys.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// `ApplicationSetResourceIgnoreDifferences` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetResourceIgnoreDifferences {
    /// Application name; empty is all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// JSON pointers.
    #[serde(
        rename = "jsonPointers",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub json_pointers: Vec<String>,
    /// Jq paths.
    #[serde(
        rename = "jqPathExpressions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub jq_path_expressions: Vec<String>,
}

/// `ApplicationSetTemplate` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetTemplate {
    /// Metadata of the generated Application.
    pub metadata: ApplicationSetTemplateMeta,
    /// Spec of the generated Application.
    pub spec: ApplicationSpec,
}

/// `ApplicationSetTemplateMeta` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetTemplateMeta {
    /// Name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Labels.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Finalizers.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
}

/// `ApplicationSetStrategy` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetStrategy {
    /// AllAtOnce or RollingSync; AllAtOnce when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub r#type: String,
    /// Step list.
    #[serde(rename = "rollingSync", skip_serializing_if = "Option::is_none")]
    pub rolling_sync: Option<ApplicationSetRolloutStrategy>,
    /// AllAtOnce or Reverse.
    #[serde(rename = "deletionOrder", skip_serializing_if = "String::is_empty")]
    pub deletion_order: String,
}

/// `ApplicationSetRolloutStrategy` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetRolloutStrategy {
    /// Steps in order.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<ApplicationSetRolloutStep>,
}

/// `ApplicationSetRolloutStep` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetRolloutStep {
    /// Labels of Applications in the step.
    #[serde(
        rename = "matchExpressions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub match_expressions: Vec<ApplicationMatchExpression>,
    /// Count or percentage at once; 0 or "0%" blocks the step; 100% when absent.
    #[serde(rename = "maxUpdate", skip_serializing_if = "Option::is_none")]
    pub max_update: Option<IntOrString>,
}

/// `ApplicationMatchExpression` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationMatchExpression {
    /// Label key.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub key: String,
    /// In or NotIn.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operator: String,
    /// Label values.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// `ApplicationSetStatus` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetStatus {
    /// Conditions.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ApplicationSetCondition>,
    /// Progressive sync state per Application.
    #[serde(
        rename = "applicationStatus",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub application_status: Vec<ApplicationSetApplicationStatus>,
    /// Generated Applications.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<ResourceStatus>,
    /// Real count when resources is truncated.
    #[serde(rename = "resourcesCount", skip_serializing_if = "is_zero")]
    pub resources_count: i64,
    /// Health derived from the conditions.
    pub health: HealthStatus,
}

/// `ApplicationSetCondition` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetCondition {
    /// Condition code.
    pub r#type: String,
    /// Text.
    pub message: String,
    /// Last change.
    #[serde(rename = "lastTransitionTime", skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// True, False or Unknown.
    pub status: String,
    /// CamelCase reason.
    pub reason: String,
}

/// `ApplicationSetApplicationStatus` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetApplicationStatus {
    /// Application name.
    pub application: String,
    /// Last change.
    #[serde(rename = "lastTransitionTime", skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
    /// Text.
    pub message: String,
    /// Waiting, Pending, Progressing or Healthy.
    pub status: String,
    /// Step number as a string, starting at 1; -1 when no step matches.
    pub step: String,
    /// Revisions the Application should reach.
    #[serde(rename = "targetRevisions", deserialize_with = "null_is_empty")]
    pub target_revisions: Vec<String>,
}

/// `ApplicationSetWatchEvent` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetWatchEvent {
    /// The `type` field.
    pub r#type: String,
    /// The `applicationSet` field.
    #[serde(rename = "applicationSet")]
    pub application_set: ApplicationSet,
}

/// `ApplicationSetTree` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSetTree {
    /// The `nodes` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<ResourceNode>,
}
