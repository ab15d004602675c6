//! Sync policies, retries and strategies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::{is_zero, null_is_empty};

/// When and how an application is synced.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncPolicy {
    /// Presence turns automatic sync on unless enabled is false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automated: Option<SyncPolicyAutomated>,
    /// Whole-application options, Key=value strings.
    #[serde(
        rename = "syncOptions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub sync_options: Vec<String>,
    /// Retry of failed syncs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryStrategy>,
    /// Metadata of the created namespace; needs CreateNamespace=true.
    #[serde(rename = "managedNamespaceMetadata", skip_serializing_if = "Option::is_none")]
    pub managed_namespace_metadata: Option<ManagedNamespaceMetadata>,
}

/// Syncing without being asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncPolicyAutomated {
    /// Delete objects gone from the source; false when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune: Option<bool>,
    /// Re-sync on live drift; false when absent.
    #[serde(rename = "selfHeal", skip_serializing_if = "Option::is_none")]
    pub self_heal: Option<bool>,
    /// Permit a sync that removes everything; false when absent.
    #[serde(rename = "allowEmpty", skip_serializing_if = "Option::is_none")]
    pub allow_empty: Option<bool>,
    /// Explicit switch; null counts as true; true when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// `ManagedNamespaceMetadata` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ManagedNamespaceMetadata {
    /// Labels of the managed namespace.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of the managed namespace.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// How often, and after which pauses, a failed sync is tried again.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetryStrategy {
    /// Attempts; 0 none, negative unlimited.
    #[serde(skip_serializing_if = "is_zero")]
    pub limit: i64,
    /// Waiting time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Backoff>,
    /// Use the newest revision on retry; false when absent.
    #[serde(skip_serializing_if = "is_zero")]
    pub refresh: bool,
}

/// The pauses between tries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Backoff {
    /// First wait, Go duration or plain seconds; 5s when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub duration: String,
    /// Multiplier per attempt; 2 when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor: Option<i64>,
    /// Cap for one wait; 3m when absent.
    #[serde(rename = "maxDuration", skip_serializing_if = "String::is_empty")]
    pub max_duration: String,
}

/// `SyncStrategy` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncStrategy {
    /// Plain apply, no hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apply: Option<SyncStrategyApply>,
    /// Hooks and waves; the default; used when neither is set when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<SyncStrategyHook>,
}

/// `SyncStrategyApply` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncStrategyApply {
    /// Delete and recreate on conflict.
    #[serde(skip_serializing_if = "is_zero")]
    pub force: bool,
}

/// `SyncStrategyHook` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncStrategyHook {
    /// The `syncStrategyApply` field.
    #[serde(flatten)]
    pub sync_strategy_apply: SyncStrategyApply,
}
