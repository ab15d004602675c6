//! Pod.

use object::Object;
use serde::Deserialize;

use super::{Condition, or_default, read};
use crate::{HealthCode, HealthStatus};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod {
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    restart_policy: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "or_default")]
    phase: String,
    #[serde(deserialize_with = "or_default")]
    message: String,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
    #[serde(deserialize_with = "or_default")]
    init_container_statuses: Vec<Container>,
    #[serde(deserialize_with = "or_default")]
    container_statuses: Vec<Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Container {
    #[serde(deserialize_with = "or_default")]
    name: String,
    #[serde(deserialize_with = "or_default")]
    state: State,
    #[serde(deserialize_with = "or_default")]
    last_state: State,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct State {
    waiting: Option<Waiting>,
    terminated: Option<Terminated>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Waiting {
    #[serde(deserialize_with = "or_default")]
    reason: String,
    #[serde(deserialize_with = "or_default")]
    message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Terminated {
    #[serde(deserialize_with = "or_default")]
    reason: String,
    #[serde(deserialize_with = "or_default")]
    message: String,
    #[serde(deserialize_with = "or_default")]
    exit_code: i64,
}

const IGNORE_RESTART_POLICY: &str = "argocd.argoproj.io/ignore-restart-policy";

/// Whether the annotations make the Pod a hook of a sync.
fn is_hook(object: &Object) -> bool {
    ["argocd.argoproj.io/hook", "helm.sh/hook"].into_iter().any(|key| object.annotation(key).is_some())
}

pub(super) fn pod(object: &Object) -> Result<HealthStatus, String> {
    let Pod { spec, status } = read(object, &["v1"])?;
    let long_running = spec.restart_policy == "Always"
        || (object.annotation(IGNORE_RESTART_POLICY) == Some("true") && !is_hook(object));
    if long_running {
        let stuck = |waiting: &&Waiting| {
            let reason = &waiting.reason;
            reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff")
        };
        let waiting =
            status.container_statuses.iter().filter_map(|container| container.state.waiting.as_ref());
        let messages: Vec<&str> = waiting.filter(stuck).map(|waiting| waiting.message.as_str()).collect();
        if !messages.is_empty() {
            return Ok(HealthStatus::degraded(messages.join(", ")));
        }
    }
    let code = match status.phase.as_str() {
        "Pending" => HealthCode::Progressing,
        "Succeeded" => HealthCode::Healthy,
        "Failed" => return Ok(HealthStatus::degraded(failure(&status))),
        "Running" => running(&status, long_running),
        _ => HealthCode::Unknown,
    };
    Ok(HealthStatus::new(code, status.message))
}

fn running(status: &Status, long_running: bool) -> HealthCode {
    if !long_running {
        return HealthCode::Progressing;
    }
    let ready = |condition: &Condition| condition.kind == "Ready" && condition.status == "True";
    if status.conditions.iter().any(ready) {
        HealthCode::Healthy
    } else if status.container_statuses.iter().any(|container| container.last_state.terminated.is_some()) {
        HealthCode::Degraded
    } else {
        HealthCode::Progressing
    }
}

fn failure(status: &Status) -> String {
    if !status.message.is_empty() {
        return status.message.clone();
    }
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    let told = containers.filter_map(|container| {
        let terminated = container.state.terminated.as_ref()?;
        if !terminated.message.is_empty() {
            Some(terminated.message.clone())
        } else if terminated.reason == "OOMKilled" {
            Some(terminated.reason.clone())
        } else if terminated.exit_code != 0 {
            Some(format!("container {:?} failed with exit code {}", container.name, terminated.exit_code))
        } else {
            None
        }
    });
    told.into_iter().next().unwrap_or_default()
}
