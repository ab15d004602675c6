//! Argo's own kinds: Workflow, ApplicationSet, AnalysisRun and Rollout.

use object::Object;
use serde_json::Value;

use super::{Condition, Conditioned, read};
use crate::{HealthCode, HealthStatus};

pub(super) fn workflow(object: &Object) -> Result<HealthStatus, String> {
    let code = match object.get_str(&["status", "phase"]).unwrap_or_default() {
        "" | "Pending" | "Running" => HealthCode::Progressing,
        "Succeeded" => HealthCode::Healthy,
        "Failed" | "Error" => HealthCode::Degraded,
        _ => HealthCode::Unknown,
    };
    Ok(HealthStatus::new(code, object.get_str(&["status", "message"]).unwrap_or_default()))
}

pub(super) fn application_set(object: &Object) -> Result<HealthStatus, String> {
    let Conditioned { status } = read(object, &[])?;
    let rules = [
        ("ErrorOccurred", "True", HealthCode::Degraded),
        ("ResourcesUpToDate", "False", HealthCode::Degraded),
        ("RolloutProgressing", "True", HealthCode::Progressing),
        ("ResourcesUpToDate", "True", HealthCode::Healthy),
    ];
    for (kind, value, code) in rules {
        let matches = |condition: &&Condition| condition.kind == kind && condition.status == value;
        if let Some(condition) = status.conditions.iter().find(matches) {
            return Ok(HealthStatus::new(code, &condition.message));
        }
    }
    Ok(HealthStatus::progressing("Waiting for the status to be reported"))
}

pub(super) fn analysis_run(object: &Object) -> Result<HealthStatus, String> {
    let code = match object.get_str(&["status", "phase"]).unwrap_or_default() {
        "Pending" | "Running" | "" => HealthCode::Progressing,
        "Successful" => HealthCode::Healthy,
        "Failed" | "Error" => HealthCode::Degraded,
        _ => HealthCode::Unknown,
    };
    let message = object.get_str(&["status", "message"]).unwrap_or_default();
    Ok(HealthStatus::new(code, message))
}

/// Rollouts tell their phase since version 1.0; for older ones only what is certain is told.
pub(super) fn rollout(object: &Object) -> Result<HealthStatus, String> {
    let waiting = || HealthStatus::progressing("Waiting for rollout spec update to be observed");
    let Some(status) = object.get(&["status"]).filter(|status| status.is_object()) else {
        return Ok(waiting());
    };
    // Older versions wrote a hash here; the newer ones write the number as a text.
    if let Some(observed) = status.get("observedGeneration").and_then(Value::as_str)
        && let Ok(observed) = observed.parse::<i64>()
        && object.generation() > observed
    {
        return Ok(waiting());
    }
    if object.get(&["spec", "workloadRef"]).is_some()
        && let Some(wanted) = object.annotation("rollout.argoproj.io/workload-generation")
        && status.get("workloadObservedGeneration").and_then(Value::as_str) != Some(wanted)
    {
        return Ok(waiting());
    }
    if let Some(phase) = status.get("phase").and_then(Value::as_str).filter(|phase| !phase.is_empty()) {
        let code = if phase == "Paused" { HealthCode::Suspended } else { HealthCode::parse(phase) };
        return Ok(HealthStatus::new(
            code,
            status.get("message").and_then(Value::as_str).unwrap_or_default(),
        ));
    }
    let Conditioned { status: conditions } = read(object, &[])?;
    for condition in &conditions.conditions {
        let invalid = condition.kind == "InvalidSpec";
        let failed = condition.kind == "Progressing"
            && matches!(condition.reason.as_str(), "RolloutAborted" | "ProgressDeadlineExceeded");
        if invalid || failed {
            return Ok(HealthStatus::degraded(&condition.message));
        }
    }
    if object.get(&["spec", "paused"]).and_then(Value::as_bool) == Some(true) {
        return Ok(HealthStatus::suspended("Rollout is paused"));
    }
    Ok(replicas(object, status))
}

fn replicas(object: &Object, status: &Value) -> HealthStatus {
    let count = |field: &str| status.get(field).and_then(Value::as_i64).unwrap_or_default();
    let wanted = object.get(&["spec", "replicas"]).and_then(Value::as_i64).unwrap_or(1);
    let (updated, all, available) = (count("updatedReplicas"), count("replicas"), count("availableReplicas"));
    let message = if updated < wanted {
        "more replicas need to be updated"
    } else if all > updated {
        "old replicas are pending termination"
    } else if available < updated {
        "updated replicas are still becoming available"
    } else {
        return HealthStatus::healthy("");
    };
    HealthStatus::progressing(format!("Waiting for roll out to finish: {message}"))
}
