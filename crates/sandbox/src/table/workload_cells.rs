//! Cells of Pods and what makes Pods.

use serde_json::Value;

use super::cells::{between, labels_text};
use super::human::age_of;

fn str_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, name: &str) -> impl DoubleEndedIterator<Item = &'a Value> {
    value[name].as_array().map(Vec::as_slice).unwrap_or_default().iter()
}

pub(super) fn pod_ready(value: &Value) -> Value {
    let ready = list(&value["status"], "containerStatuses").filter(|status| status["ready"] == true).count();
    format!("{ready}/{}", list(&value["spec"], "containers").count()).into()
}

/// The phase, or the most telling state of a container.
pub(super) fn pod_status(value: &Value) -> Value {
    let status = &value["status"];
    let mut shown = status["reason"].as_str().unwrap_or_else(|| str_of(&status["phase"])).to_owned();
    let mut running = false;
    for container in list(status, "containerStatuses").rev() {
        let state = &container["state"];
        let reason = [&state["waiting"]["reason"], &state["terminated"]["reason"]]
            .into_iter()
            .find_map(Value::as_str)
            .filter(|reason| !reason.is_empty());
        if let Some(reason) = reason {
            shown = reason.to_owned();
        } else if let Some(code) = state["terminated"]["exitCode"].as_i64() {
            shown = format!("ExitCode:{code}");
        } else if container["ready"] == true && state.get("running").is_some() {
            running = true;
        }
    }
    if shown == "Completed" && running {
        let ready = list(status, "conditions").any(|c| c["type"] == "Ready" && c["status"] == "True");
        shown = if ready { "Running" } else { "NotReady" }.to_owned();
    }
    if value["metadata"].get("deletionTimestamp").is_some()
        && !matches!(str_of(&status["phase"]), "Succeeded" | "Failed")
    {
        shown = "Terminating".to_owned();
    }
    shown.into()
}

pub(super) fn pod_restarts(value: &Value) -> Value {
    let statuses = || list(&value["status"], "containerStatuses");
    let restarts: i64 = statuses().filter_map(|status| status["restartCount"].as_i64()).sum();
    let last = statuses().filter_map(|status| status["lastState"]["terminated"]["finishedAt"].as_str()).max();
    match last {
        Some(last) if restarts > 0 => format!("{restarts} ({} ago)", age_of(last)).into(),
        _ => restarts.to_string().into(),
    }
}

pub(super) fn deployment_ready(value: &Value) -> Value {
    let ready = value["status"]["readyReplicas"].as_i64().unwrap_or(0);
    format!("{ready}/{}", value["spec"]["replicas"].as_i64().unwrap_or(0)).into()
}

fn of_containers(pod_spec: &Value, name: &str) -> Value {
    let parts: Vec<&str> = list(pod_spec, "containers").map(|container| str_of(&container[name])).collect();
    parts.join(",").into()
}

pub(super) fn containers(value: &Value) -> Value {
    of_containers(&value["spec"]["template"]["spec"], "name")
}

pub(super) fn images(value: &Value) -> Value {
    of_containers(&value["spec"]["template"]["spec"], "image")
}

pub(super) fn cron_containers(value: &Value) -> Value {
    of_containers(&value["spec"]["jobTemplate"]["spec"]["template"]["spec"], "name")
}

pub(super) fn cron_images(value: &Value) -> Value {
    of_containers(&value["spec"]["jobTemplate"]["spec"]["template"]["spec"], "image")
}

pub(super) fn selector(value: &Value) -> Value {
    crate::scale::selector_text(&value["spec"]["selector"]).unwrap_or_default().into()
}

pub(super) fn node_selector(value: &Value) -> Value {
    labels_text(&value["spec"]["template"]["spec"]["nodeSelector"]).into()
}

pub(super) fn job_status(value: &Value) -> Value {
    let holds =
        |kind: &str| list(&value["status"], "conditions").any(|c| c["type"] == kind && c["status"] == "True");
    let status = if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if value["metadata"].get("deletionTimestamp").is_some() {
        "Terminating"
    } else if holds("Suspended") {
        "Suspended"
    } else if holds("FailureTarget") {
        "FailureTarget"
    } else if holds("SuccessCriteriaMet") {
        "SuccessCriteriaMet"
    } else {
        "Running"
    };
    status.into()
}

pub(super) fn job_completions(value: &Value) -> Value {
    let succeeded = value["status"]["succeeded"].as_i64().unwrap_or(0);
    match value["spec"]["completions"].as_i64() {
        Some(completions) => format!("{succeeded}/{completions}").into(),
        None => match value["spec"]["parallelism"].as_i64().unwrap_or(1) {
            many if many > 1 => format!("{succeeded}/1 of {many}").into(),
            _ => format!("{succeeded}/1").into(),
        },
    }
}

pub(super) fn job_duration(value: &Value) -> Value {
    let status = &value["status"];
    let Some(start) = status["startTime"].as_str() else { return "".into() };
    match status["completionTime"].as_str() {
        Some(end) => between(start, end).unwrap_or_default().into(),
        None => age_of(start).into(),
    }
}

pub(super) fn cron_suspended(value: &Value) -> Value {
    if value["spec"]["suspend"] == true { "True".into() } else { "False".into() }
}

pub(super) fn cron_last(value: &Value) -> Value {
    value["status"]["lastScheduleTime"].as_str().map_or("<none>".to_owned(), age_of).into()
}
