//! CronJob: create-job, suspend and resume. Job: suspend, resume and terminate.

use object::{GroupVersionKind, Object};
use serde_json::{Value, json};

use super::{ActionError, Effect, Invocation, Offer, offer, patched};

pub(super) fn offers(object: &Object) -> Vec<Offer> {
    let suspended = object.get(&["spec", "suspend"]).and_then(Value::as_bool).unwrap_or_default();
    if object.kind() == "CronJob" {
        return vec![
            offer("create-job", "Create Job", "fa fa-fw fa-play", true, create_job),
            offer("suspend", "Suspend", "fa fa-fw fa-pause", !suspended, suspend),
            offer("resume", "Resume", "fa fa-fw fa-play", suspended, resume),
        ];
    }
    let conditions = object.get(&["status", "conditions"]).and_then(Value::as_array);
    let is_end = |condition: &Value| {
        matches!(condition["type"].as_str(), Some("Complete" | "Failed" | "FailureTarget"))
            && condition["status"] == "True"
    };
    let ended = conditions.is_some_and(|conditions| conditions.iter().any(is_end));
    vec![
        offer("suspend", "Suspend", "fa fa-fw fa-pause", !ended && !suspended, suspend),
        offer("resume", "Resume", "fa fa-fw fa-play", !ended && suspended, resume),
        offer("terminate", "Terminate", "fa fa-fw fa-stop", !ended, terminate),
    ]
}

fn suspend(object: &Object, _: &Invocation) -> Result<Vec<Effect>, ActionError> {
    patched(object, |object| {
        object.set(&["spec", "suspend"], Value::from(true));
    })
}

fn resume(object: &Object, _: &Invocation) -> Result<Vec<Effect>, ActionError> {
    patched(object, |object| {
        object.set(&["spec", "suspend"], Value::from(false));
    })
}

/// The longest name that a Job's Pods can still be labeled with.
const NAME_LIMIT: usize = 63;

/// A Job as the CronJob would make it, with a name of its own and marked as made by hand.
fn create_job(object: &Object, invocation: &Invocation) -> Result<Vec<Effect>, ActionError> {
    let suffix = format!("-{}", invocation.seconds);
    let stem: String = object.name().chars().take(NAME_LIMIT.saturating_sub(suffix.len())).collect();
    let gvk = GroupVersionKind::new("batch", "v1", "Job");
    let mut job = Object::new(&gvk, object.namespace().unwrap_or_default(), &format!("{stem}{suffix}"));
    for part in ["labels", "annotations"] {
        if let Some(entries) = object.get(&["spec", "jobTemplate", "metadata", part]) {
            job.set(&["metadata", part], entries.clone());
        }
    }
    job.set_annotation("cronjob.kubernetes.io/instantiate", "manual");
    let owner = json!([{
        "apiVersion": object.api_version(),
        "kind": object.kind(),
        "name": object.name(),
        "uid": object.uid(),
        "blockOwnerDeletion": true,
        "controller": true,
    }]);
    job.set(&["metadata", "ownerReferences"], owner);
    let spec = object.get(&["spec", "jobTemplate", "spec"]).cloned().unwrap_or_else(|| json!({}));
    job.set(&["spec"], spec);
    Ok(vec![Effect::Create(job)])
}

/// A condition with which the Job's controller stops all Pods and lets the Job fail.
fn terminate(object: &Object, invocation: &Invocation) -> Result<Vec<Effect>, ActionError> {
    patched(object, |object| {
        let mut conditions =
            object.get(&["status", "conditions"]).and_then(Value::as_array).cloned().unwrap_or_default();
        conditions.push(json!({
            "type": "FailureTarget",
            "status": "True",
            "reason": "ManuallyTerminated",
            "message": "Job terminated manually via Argosy",
            "lastTransitionTime": invocation.now,
        }));
        object.set(&["status", "conditions"], Value::from(conditions));
    })
}
