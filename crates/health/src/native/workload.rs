//! Deployment, StatefulSet, DaemonSet and ReplicaSet.

use object::Object;
use serde::Deserialize;

use super::{Condition, or_default, read};
use crate::HealthStatus;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Workload {
    #[serde(deserialize_with = "or_default")]
    spec: Spec,
    #[serde(deserialize_with = "or_default")]
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    #[serde(deserialize_with = "or_default")]
    paused: bool,
    replicas: Option<i64>,
    #[serde(deserialize_with = "or_default")]
    update_strategy: Strategy,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Strategy {
    #[serde(rename = "type", deserialize_with = "or_default")]
    kind: String,
    rolling_update: Option<RollingUpdate>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RollingUpdate {
    partition: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "or_default")]
    observed_generation: i64,
    #[serde(deserialize_with = "or_default")]
    replicas: i64,
    #[serde(deserialize_with = "or_default")]
    updated_replicas: i64,
    #[serde(deserialize_with = "or_default")]
    available_replicas: i64,
    #[serde(deserialize_with = "or_default")]
    ready_replicas: i64,
    #[serde(deserialize_with = "or_default")]
    current_replicas: i64,
    #[serde(deserialize_with = "or_default")]
    current_revision: String,
    #[serde(deserialize_with = "or_default")]
    update_revision: String,
    #[serde(deserialize_with = "or_default")]
    updated_number_scheduled: i64,
    #[serde(deserialize_with = "or_default")]
    desired_number_scheduled: i64,
    #[serde(deserialize_with = "or_default")]
    number_available: i64,
    #[serde(deserialize_with = "or_default")]
    conditions: Vec<Condition>,
}

const WAITING: &str = "Waiting for rollout to finish:";

pub(super) fn deployment(object: &Object) -> Result<HealthStatus, String> {
    let Workload { spec, status } = read(object, &["v1"])?;
    if spec.paused {
        return Ok(HealthStatus::suspended("Deployment is paused"));
    }
    if object.generation() > status.observed_generation {
        return Ok(HealthStatus::progressing(format!(
            "{WAITING} observed deployment generation less than desired generation"
        )));
    }
    let progressing = status.conditions.iter().find(|condition| condition.kind == "Progressing");
    if progressing.is_some_and(|condition| condition.reason == "ProgressDeadlineExceeded") {
        return Ok(HealthStatus::degraded(format!(
            "Deployment {:?} exceeded its progress deadline",
            object.name()
        )));
    }
    let (updated, available) = (status.updated_replicas, status.available_replicas);
    let message = if let Some(replicas) = spec.replicas.filter(|replicas| updated < *replicas) {
        format!("{updated} out of {replicas} new replicas have been updated...")
    } else if status.replicas > updated {
        format!("{} old replicas are pending termination...", status.replicas - updated)
    } else if available < updated {
        format!("{available} of {updated} updated replicas are available...")
    } else {
        return Ok(HealthStatus::healthy(""));
    };
    Ok(HealthStatus::progressing(format!("{WAITING} {message}")))
}

pub(super) fn stateful_set(object: &Object) -> Result<HealthStatus, String> {
    let Workload { spec, status } = read(object, &["v1"])?;
    let (updated, ready) = (status.updated_replicas, status.ready_replicas);
    if status.observed_generation == 0 || object.generation() > status.observed_generation {
        return Ok(HealthStatus::progressing("Waiting for statefulset spec update to be observed..."));
    }
    if let Some(replicas) = spec.replicas.filter(|replicas| ready < *replicas) {
        return Ok(HealthStatus::progressing(format!(
            "Waiting for {} pods to be ready...",
            replicas - ready
        )));
    }
    if spec.update_strategy.kind == "RollingUpdate"
        && let Some(rolling) = spec.update_strategy.rolling_update
    {
        if let (Some(partition), Some(replicas)) = (rolling.partition, spec.replicas)
            && updated < replicas - partition
        {
            return Ok(HealthStatus::progressing(format!(
                "Waiting for partitioned roll out to finish: {updated} out of {} new pods have been updated...",
                replicas - partition
            )));
        }
        return Ok(HealthStatus::healthy(format!(
            "partitioned roll out complete: {updated} new pods have been updated..."
        )));
    }
    if spec.update_strategy.kind == "OnDelete" {
        return Ok(HealthStatus::healthy(format!("statefulset has {ready} ready pods")));
    }
    if status.update_revision != status.current_revision {
        return Ok(HealthStatus::progressing(format!(
            "waiting for statefulset rolling update to complete {updated} pods at revision {}...",
            status.update_revision
        )));
    }
    Ok(HealthStatus::healthy(format!(
        "statefulset rolling update complete {} pods at revision {}...",
        status.current_replicas, status.current_revision
    )))
}

pub(super) fn daemon_set(object: &Object) -> Result<HealthStatus, String> {
    let Workload { spec, status } = read(object, &["v1"])?;
    let (updated, desired) = (status.updated_number_scheduled, status.desired_number_scheduled);
    if object.generation() > status.observed_generation {
        return Ok(HealthStatus::progressing(format!(
            "{WAITING} observed daemon set generation less than desired generation"
        )));
    }
    if spec.update_strategy.kind == "OnDelete" {
        return Ok(HealthStatus::healthy(format!(
            "daemon set {updated} out of {desired} new pods have been updated"
        )));
    }
    let waiting = |rest: String| {
        HealthStatus::progressing(format!(
            "Waiting for daemon set {:?} rollout to finish: {rest}",
            object.name()
        ))
    };
    if updated < desired {
        return Ok(waiting(format!("{updated} out of {desired} new pods have been updated...")));
    }
    let available = status.number_available;
    if available < desired {
        return Ok(waiting(format!("{available} of {desired} updated pods are available...")));
    }
    Ok(HealthStatus::healthy(""))
}

pub(super) fn replica_set(object: &Object) -> Result<HealthStatus, String> {
    let Workload { spec, status } = read(object, &["v1"])?;
    if object.generation() > status.observed_generation {
        return Ok(HealthStatus::progressing(format!(
            "{WAITING} observed replica set generation less than desired generation"
        )));
    }
    let failure = status.conditions.iter().find(|condition| condition.kind == "ReplicaFailure");
    if let Some(failure) = failure.filter(|condition| condition.status == "True") {
        return Ok(HealthStatus::degraded(&failure.message));
    }
    let available = status.available_replicas;
    if let Some(replicas) = spec.replicas.filter(|replicas| available < *replicas) {
        return Ok(HealthStatus::progressing(format!(
            "{WAITING} {available} out of {replicas} new replicas are available..."
        )));
    }
    Ok(HealthStatus::healthy(""))
}
