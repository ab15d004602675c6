//! Argo's own kinds: Rollout, AnalysisRun, CronWorkflow, WorkflowTemplate and Application.

use object::{GroupVersionKind, Object};
use serde_json::{Value, json};

use super::{ActionError, Effect, Invocation, Offer, offer, patched};

fn flag(object: &Object, path: &[&str]) -> bool {
    object.get(path).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn offers(object: &Object) -> Vec<Offer> {
    match object.kind() {
        "Rollout" => rollout(object),
        "AnalysisRun" => {
            let phase = object.get_str(&["status", "phase"]).unwrap_or_default();
            let running = matches!(phase, "" | "Pending" | "Running");
            vec![offer("terminate", "", "", running && !flag(object, &["spec", "terminate"]), |object, _| {
                patched(object, |object| {
                    object.set(&["spec", "terminate"], Value::from(true));
                })
            })]
        }
        "CronWorkflow" | "WorkflowTemplate" => {
            vec![offer("create-workflow", "Create Workflow", "fa fa-fw fa-play", true, create_workflow)]
        }
        "Application" => vec![offer("toggle-auto-sync", "", "fa fa-fw fa-sync", true, toggle_auto_sync)],
        _ => Vec::new(),
    }
}

fn rollout(object: &Object) -> Vec<Offer> {
    let spec_paused = flag(object, &["spec", "paused"]);
    let held = object
        .get(&["status", "pauseConditions"])
        .and_then(Value::as_array)
        .is_some_and(|conditions| !conditions.is_empty());
    let aborted = flag(object, &["status", "abort"]);
    let text = |field: &str| object.get_str(&["status", field]).unwrap_or_default();
    let updating = text("currentPodHash") != text("stableRS");
    let has_steps = object.get(&["spec", "strategy", "canary", "steps"]).is_some();
    vec![
        offer("restart", "", "fa fa-fw fa-redo", true, |object, invocation| {
            patched(object, |object| {
                object.set(&["spec", "restartAt"], Value::from(invocation.now.as_str()));
            })
        }),
        offer("resume", "", "fa fa-fw fa-play-circle", spec_paused || held, |object, _| {
            patched(object, |object| {
                object.set(&["status", "pauseConditions"], Value::Null);
                if flag(object, &["spec", "paused"]) {
                    object.set(&["spec", "paused"], Value::from(false));
                }
            })
        }),
        offer("pause", "", "fa fa-fw fa-pause-circle", !spec_paused, |object, _| {
            patched(object, |object| {
                object.set(&["spec", "paused"], Value::from(true));
            })
        }),
        offer("abort", "", "fa fa-fw fa-times-circle", updating && !aborted, |object, _| {
            patched(object, |object| {
                object.set(&["status", "abort"], Value::from(true));
            })
        }),
        offer("retry", "", "fa fa-fw fa-redo-alt", aborted, |object, _| {
            patched(object, |object| {
                object.set(&["status", "abort"], Value::Null);
            })
        }),
        offer("promote-full", "", "fa fa-fw fa-forward", updating, |object, _| {
            patched(object, |object| {
                object.set(&["status", "promoteFull"], Value::from(true));
            })
        }),
        offer("skip-current-step", "", "fa fa-fw fa-step-forward", updating && has_steps, |object, _| {
            patched(object, |object| {
                let steps = object.get(&["spec", "strategy", "canary", "steps"]).and_then(Value::as_array);
                let last = steps.map_or(0, Vec::len);
                let current =
                    object.get(&["status", "currentStepIndex"]).and_then(Value::as_u64).unwrap_or_default();
                let next = usize::try_from(current).unwrap_or(last).saturating_add(1).min(last);
                object.set(&["status", "pauseConditions"], Value::Null);
                object.set(&["status", "currentStepIndex"], Value::from(next));
            })
        }),
    ]
}

/// A Workflow from a template, or as a CronWorkflow would make it.
fn create_workflow(object: &Object, invocation: &Invocation) -> Result<Vec<Effect>, ActionError> {
    let gvk = GroupVersionKind::new("argoproj.io", "v1alpha1", "Workflow");
    let name = format!("{}-{}", object.name(), invocation.seconds);
    let mut workflow = Object::new(&gvk, object.namespace().unwrap_or_default(), &name);
    if object.kind() == "WorkflowTemplate" {
        workflow.set_label("workflows.argoproj.io/workflow-template", object.name());
        workflow.set(&["spec"], json!({"workflowTemplateRef": {"name": object.name()}}));
        return Ok(vec![Effect::Create(workflow)]);
    }
    for part in ["labels", "annotations"] {
        if let Some(entries) = object.get(&["spec", "workflowMetadata", part]) {
            workflow.set(&["metadata", part], entries.clone());
        }
    }
    workflow.set_label("workflows.argoproj.io/cron-workflow", object.name());
    workflow.set_annotation("workflows.argoproj.io/scheduled-time", &invocation.now);
    workflow.set(&["metadata", "ownerReferences"], json!([{
        "apiVersion": object.api_version(), "kind": object.kind(), "name": object.name(), "uid": object.uid(),
        "blockOwnerDeletion": true, "controller": true,
    }]));
    workflow.set(&["spec"], object.get(&["spec", "workflowSpec"]).cloned().unwrap_or_else(|| json!({})));
    Ok(vec![Effect::Create(workflow)])
}

fn toggle_auto_sync(object: &Object, _: &Invocation) -> Result<Vec<Effect>, ActionError> {
    patched(object, |object| {
        let automated = object.get(&["spec", "syncPolicy", "automated"]).filter(|policy| policy.is_object());
        let enabled =
            automated.is_some_and(|policy| policy.get("enabled").and_then(Value::as_bool).unwrap_or(true));
        object.set(&["spec", "syncPolicy", "automated", "enabled"], Value::from(!enabled));
    })
}
