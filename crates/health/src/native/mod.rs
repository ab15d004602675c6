//! The rules built in, one function a kind: `workload` (apps), `pod`, `batch`, `network`, `scaling`, `extension`
//! (CRDs, APIServices, disruption budgets), `argo` (Argo's own kinds) and `certificate`.

mod argo;
mod batch;
mod certificate;
mod extension;
mod network;
mod pod;
mod scaling;
mod workload;

use object::Object;
use serde::{Deserialize, Deserializer};

use crate::HealthStatus;

/// A rule: the status, or why the object cannot be read.
pub(crate) type Rule = fn(&Object) -> Result<HealthStatus, String>;

/// The rule of a kind.
pub(crate) fn rule(group: &str, kind: &str) -> Option<Rule> {
    Some(match (group, kind) {
        ("apps", "Deployment") => workload::deployment,
        ("apps", "StatefulSet") => workload::stateful_set,
        ("apps", "DaemonSet") => workload::daemon_set,
        ("apps", "ReplicaSet") => workload::replica_set,
        ("", "Pod") => pod::pod,
        ("", "Service") => network::service,
        ("", "PersistentVolumeClaim") => network::volume_claim,
        ("extensions" | "networking.k8s.io", "Ingress") => network::ingress,
        ("batch", "Job") => batch::job,
        ("batch", "CronJob") => batch::cron_job,
        ("autoscaling", "HorizontalPodAutoscaler") => scaling::autoscaler,
        ("apiregistration.k8s.io", "APIService") => extension::api_service,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => extension::custom_resource_definition,
        ("policy", "PodDisruptionBudget") => extension::disruption_budget,
        ("argoproj.io", "Workflow") => argo::workflow,
        ("argoproj.io", "ApplicationSet") => argo::application_set,
        ("argoproj.io", "AnalysisRun") => argo::analysis_run,
        ("argoproj.io", "Rollout") => argo::rollout,
        ("cert-manager.io", "Certificate") => certificate::certificate,
        _ => return None,
    })
}

/// The health by the rules built in. An object that its rule cannot read is `Unknown` with the reason.
pub(crate) fn of(object: &Object) -> Option<HealthStatus> {
    let rule = rule(object.group(), object.kind())?;
    Some(rule(object).unwrap_or_else(HealthStatus::unknown))
}

/// Reads an object whose version must be one of `versions`.
fn read<'a, T: Deserialize<'a>>(object: &'a Object, versions: &[&str]) -> Result<T, String> {
    if !versions.is_empty() && !versions.contains(&object.version()) {
        let (api_version, kind) = (object.api_version(), object.kind());
        return Err(format!("unsupported {kind} GVK: {api_version}, Kind={kind}"));
    }
    T::deserialize(object.as_value())
        .map_err(|error| format!("failed to convert unstructured {} to typed: {error}", object.kind()))
}

/// Reads `null` as the type's default, as Kubernetes does.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A condition of a status.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
    #[serde(deserialize_with = "or_default")]
    status: String,
    #[serde(deserialize_with = "or_default")]
    reason: String,
    #[serde(deserialize_with = "or_default")]
    message: String,
}

/// An object of which only the conditions matter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Conditioned {
    #[serde(deserialize_with = "or_default")]
    status: ConditionedStatus,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConditionedStatus {
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
}
