//! The results of an operation: one for each task, in the order in which they were first recorded.

use object::Object;
use serde_json::Value;
use types::ResourceResult;

use crate::task::{Phase, ResultStatus, Task};

/// The most images kept of one object.
const MAX_IMAGES: usize = 100;

/// Records what became of a task, in the task and in the results. An empty message keeps the earlier one.
pub(crate) fn record(
    results: &mut Vec<ResourceResult>,
    task: &mut Task,
    status: Option<ResultStatus>,
    state: Option<Phase>,
    message: &str,
) {
    task.status = status;
    task.state = state;
    if !message.is_empty() {
        message.clone_into(&mut task.message);
    }
    let status = status.map(ResultStatus::as_str).unwrap_or_default();
    let hook_phase = state.map(Phase::as_str).unwrap_or_default();
    if let Some(result) = results.iter_mut().find(|result| task.owns(result)) {
        status.clone_into(&mut result.status);
        hook_phase.clone_into(&mut result.hook_phase);
        if !message.is_empty() {
            message.clone_into(&mut result.message);
        }
        return;
    }
    let object = task.target.as_ref().or(task.live_object());
    results.push(ResourceResult {
        group: task.key.group.clone(),
        version: task.version.clone(),
        kind: task.key.kind.clone(),
        namespace: task.key.namespace.clone(),
        name: task.key.name.clone(),
        status: status.to_owned(),
        message: message.to_owned(),
        hook_type: if task.hook { task.phase.as_str().to_owned() } else { String::new() },
        hook_phase: hook_phase.to_owned(),
        sync_phase: task.phase.as_str().to_owned(),
        images: object.map(|object| images(object)).unwrap_or_default(),
    });
}

/// Gives a task what earlier steps recorded of it.
pub(crate) fn restore(results: &[ResourceResult], task: &mut Task) {
    if let Some(result) = results.iter().find(|result| task.owns(result)) {
        task.status = [
            ResultStatus::Synced,
            ResultStatus::SyncFailed,
            ResultStatus::Pruned,
            ResultStatus::PruneSkipped,
        ]
        .into_iter()
        .find(|status| status.as_str() == result.status);
        task.state = Phase::parse(&result.hook_phase);
        task.message.clone_from(&result.message);
    }
}

/// The images of the pod template in an object, whatever its kind, without repetition.
pub fn images(object: &Object) -> Vec<String> {
    let pod_specs: [&[&str]; 3] =
        [&["spec"], &["spec", "template", "spec"], &["spec", "jobTemplate", "spec", "template", "spec"]];
    let mut images: Vec<String> = Vec::new();
    for path in pod_specs {
        for list in ["initContainers", "containers"] {
            let containers = object.get(path).and_then(|spec| spec.get(list)).and_then(Value::as_array);
            for image in
                containers.into_iter().flatten().filter_map(|container| container.get("image")?.as_str())
            {
                if images.len() < MAX_IMAGES && !images.iter().any(|known| known == image) {
                    images.push(image.to_owned());
                }
            }
        }
    }
    images
}
