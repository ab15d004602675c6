//! Jobs: Pods until enough have succeeded or too many have failed.

use std::time::Duration;

use serde_json::{Value, json};

use super::{OwnedPod, create, delete_pod, events, owned_pods, pod_of_template, write_status};
use crate::controllers::{Queue, Work};
use crate::engine::{DeleteOptions, Engine, now};
use crate::kinds::Kind;
use crate::status::ApiResult;
use crate::store::Record;

const SOURCE: &str = "job-controller";

pub(super) fn reconcile(engine: &Engine, queue: &mut Queue, record: &Record) -> ApiResult<()> {
    if record.deleting {
        return Ok(());
    }
    let kind = engine.builtin("batch", "jobs")?;
    let pods_kind = engine.builtin("", "pods")?;
    let value = record.value();
    if let Some(finished) = finished_since(&value) {
        return expire(engine, queue, &kind, record, &value, finished);
    }
    let pods = owned_pods(engine, record);
    let active: Vec<&OwnedPod> = pods.iter().filter(|pod| pod.is_active()).collect();
    if value["spec"]["suspend"] == true {
        for pod in &active {
            delete_pod(engine, &pods_kind, pod)?;
        }
        let condition = json!([job_condition("Suspended", "JobSuspended", "Job suspended")]);
        let status =
            json!({"conditions": condition, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {}});
        if value["status"]["conditions"][0]["type"] == "Suspended" {
            return Ok(());
        }
        return write_status(engine, &kind, record, &value, &status);
    }
    let count = |phase: &str| pods.iter().filter(|pod| pod.phase() == phase).count();
    let (succeeded, failed) = (count("Succeeded"), count("Failed"));
    let number = |name: &str, default: u64| {
        usize::try_from(value["spec"][name].as_u64().unwrap_or(default)).unwrap_or(usize::MAX)
    };
    let parallelism = number("parallelism", 1);
    let completions = value["spec"]["completions"].as_u64().and_then(|count| usize::try_from(count).ok());
    let reached = match completions {
        Some(completions) => succeeded >= completions,
        None => succeeded > 0 && active.is_empty(),
    };
    let backoff_limit = number("backoffLimit", 6);
    let time = now();
    let mut status = json!({
        "startTime": value["status"].get("startTime").cloned().unwrap_or_else(|| time.clone().into()),
        "ready": active.iter().filter(|pod| pod.is_ready()).count(),
        "terminating": pods.iter().filter(|pod| pod.record.deleting).count(),
        "uncountedTerminatedPods": {},
    });
    super::replicasets::set_counts(&mut status, &[("succeeded", succeeded), ("failed", failed)]);
    if failed > backoff_limit {
        for pod in &active {
            delete_pod(engine, &pods_kind, pod)?;
        }
        let message = "Job has reached the specified backoff limit";
        status["conditions"] = json!([
            job_condition("FailureTarget", "BackoffLimitExceeded", message),
            job_condition("Failed", "BackoffLimitExceeded", message),
        ]);
        events::warning(engine, &kind, record, SOURCE, "BackoffLimitExceeded", message);
        return write_status(engine, &kind, record, &value, &status);
    }
    if reached {
        let message = "Reached expected number of succeeded pods";
        status["completionTime"] = time.into();
        status["conditions"] = json!([
            job_condition("SuccessCriteriaMet", "CompletionsReached", message),
            job_condition("Complete", "CompletionsReached", message),
        ]);
        events::normal(engine, &kind, record, SOURCE, "Completed", "Job completed");
        return write_status(engine, &kind, record, &value, &status);
    }
    let remaining = completions.map_or(parallelism, |completions| completions.saturating_sub(succeeded));
    let missing = parallelism.min(remaining).saturating_sub(active.len());
    for _ in 0..missing {
        let pod =
            pod_of_template(&kind, record, &value["spec"]["template"], &format!("{}-", record.name()), &[]);
        let name = create(engine, &pods_kind, record.namespace(), pod)?;
        events::normal(engine, &kind, record, SOURCE, "SuccessfulCreate", &format!("Created pod: {name}"));
    }
    super::replicasets::set_counts(&mut status, &[("active", active.len() + missing)]);
    write_status(engine, &kind, record, &value, &status)
}

fn job_condition(kind: &str, reason: &str, message: &str) -> Value {
    let time = now();
    json!({"type": kind, "status": "True", "reason": reason, "message": message,
        "lastProbeTime": time, "lastTransitionTime": time})
}

/// When the Job finished, if it has.
fn finished_since(value: &Value) -> Option<jiff::Timestamp> {
    let condition = value["status"]["conditions"].as_array()?.iter().find(|condition| {
        matches!(condition["type"].as_str(), Some("Complete" | "Failed")) && condition["status"] == "True"
    })?;
    condition["lastTransitionTime"].as_str()?.parse().ok()
}

/// Deletes a finished Job when its time is over.
fn expire(
    engine: &Engine,
    queue: &mut Queue,
    kind: &Kind,
    record: &Record,
    value: &Value,
    finished: jiff::Timestamp,
) -> ApiResult<()> {
    let Some(seconds) = value["spec"]["ttlSecondsAfterFinished"].as_i64() else { return Ok(()) };
    let left = seconds - jiff::Timestamp::now().duration_since(finished).as_secs();
    if left > 0 {
        let work = Work::Reconcile { collection: kind.collection.clone(), key: record.key.clone() };
        queue.push_later(Duration::from_secs(left.unsigned_abs()), work);
        return Ok(());
    }
    let options = DeleteOptions { propagation: Some("Foreground".into()), ..DeleteOptions::default() };
    match engine.delete(kind, record.namespace(), record.name(), &options) {
        Err(error) if error.code != 404 => Err(error),
        _ => Ok(()),
    }
}
