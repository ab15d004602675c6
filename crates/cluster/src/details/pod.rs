//! Pods as `kubectl get pods` sums them up, and Nodes.

use std::sync::Arc;

use object::{Object, Quantity};
use serde_json::Value;
use types::settings::ResourceSettings;

use crate::cache::{Interner, NodeDetails, PodDetails, Resources};

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, field: &str) -> i64 {
    value.get(field).and_then(Value::as_i64).unwrap_or_default()
}

fn flag(value: &Value, field: &str) -> bool {
    value.get(field).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn pod(object: &Object, interner: &Interner) -> PodDetails {
    let pod = object.as_value();
    let summary = Summary::of(object);
    let finished = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    let mut images: Vec<Arc<str>> = Vec::new();
    for container in list(pod, "/spec/initContainers").iter().chain(list(pod, "/spec/containers")) {
        let image = text(container, "/image");
        if !image.is_empty() && !images.iter().any(|known| &**known == image) {
            images.push(interner.get(image));
        }
    }
    let node = text(pod, "/spec/nodeName");
    PodDetails {
        reason: (!summary.reason.is_empty()).then(|| interner.get(&summary.reason)),
        node: (!node.is_empty()).then(|| interner.get(node)),
        ready: summary.ready,
        containers: summary.containers,
        restarts: u32::try_from(summary.restarts).unwrap_or_default(),
        finished,
        requests: requests(pod),
        images: images.into_boxed_slice(),
        labels: object
            .labels()
            .iter()
            .filter_map(|(key, value)| Some((interner.get(key), interner.get(value.as_str()?))))
            .collect(),
        links: super::links(object).iter().map(|link| interner.get(link)).collect(),
    }
}

struct Summary {
    reason: String,
    ready: u32,
    containers: u32,
    restarts: i64,
}

/// Why a container is not running, or nothing: `Signal:9`, `ExitCode:1`, or the reason that is given.
fn ended(terminated: &Value) -> String {
    let reason = text(terminated, "/reason");
    if !reason.is_empty() {
        reason.to_owned()
    } else if number(terminated, "signal") != 0 {
        format!("Signal:{}", number(terminated, "signal"))
    } else {
        format!("ExitCode:{}", number(terminated, "exitCode"))
    }
}

impl Summary {
    fn of(object: &Object) -> Self {
        let pod = object.as_value();
        let sidecars: Vec<&str> = list(pod, "/spec/initContainers")
            .iter()
            .filter(|container| text(container, "/restartPolicy") == "Always")
            .map(|container| text(container, "/name"))
            .collect();
        let mut summary = Summary {
            reason: text(pod, "/status/phase").to_owned(),
            ready: 0,
            containers: u32::try_from(list(pod, "/spec/containers").len() + sidecars.len())
                .unwrap_or_default(),
            restarts: 0,
        };
        let stated = text(pod, "/status/reason");
        if !stated.is_empty() {
            stated.clone_into(&mut summary.reason);
        }
        let conditions = list(pod, "/status/conditions");
        let gated = |condition: &&Value| {
            text(condition, "/type") == "PodScheduled" && text(condition, "/reason") == "SchedulingGated"
        };
        if conditions.iter().find(gated).is_some() {
            "SchedulingGated".clone_into(&mut summary.reason);
        }
        let sidecar_restarts = summary.initialize(pod, &sidecars);
        let initialized = conditions.iter().any(|condition| {
            text(condition, "/type") == "Initialized" && text(condition, "/status") == "True"
        });
        if sidecar_restarts.is_some() || initialized {
            summary.restarts = sidecar_restarts.unwrap_or_default();
            summary.run(pod);
        }
        if object.deletion_timestamp().is_some() {
            let reason = if stated == "NodeLost" { "Unknown" } else { "Terminating" };
            reason.clone_into(&mut summary.reason);
        }
        summary
    }

    /// Goes through the init containers. Answers the restarts of sidecars when all others are done.
    fn initialize(&mut self, pod: &Value, sidecars: &[&str]) -> Option<i64> {
        let mut sidecar_restarts = 0;
        for (place, container) in list(pod, "/status/initContainerStatuses").iter().enumerate() {
            let restarts = number(container, "restartCount");
            self.restarts += restarts;
            let is_sidecar = sidecars.contains(&text(container, "/name"));
            if is_sidecar {
                sidecar_restarts += restarts;
            }
            let terminated = container.pointer("/state/terminated").filter(|state| state.is_object());
            if terminated.is_some_and(|state| number(state, "exitCode") == 0) {
                continue;
            }
            if is_sidecar && flag(container, "started") {
                self.ready += u32::from(flag(container, "ready"));
                continue;
            }
            let waiting = text(container, "/state/waiting/reason");
            self.reason = if let Some(terminated) = terminated {
                format!("Init:{}", ended(terminated))
            } else if !waiting.is_empty() && waiting != "PodInitializing" {
                format!("Init:{waiting}")
            } else {
                format!("Init:{place}/{}", list(pod, "/spec/initContainers").len())
            };
            return None;
        }
        Some(sidecar_restarts)
    }

    fn run(&mut self, pod: &Value) {
        let mut any_runs = false;
        for container in list(pod, "/status/containerStatuses").iter().rev() {
            self.restarts += number(container, "restartCount");
            let waiting = text(container, "/state/waiting/reason");
            if !waiting.is_empty() {
                waiting.clone_into(&mut self.reason);
            } else if let Some(terminated) =
                container.pointer("/state/terminated").filter(|state| state.is_object())
            {
                self.reason = ended(terminated);
            } else if flag(container, "ready") && container.pointer("/state/running").is_some() {
                any_runs = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" && any_runs {
            "Running".clone_into(&mut self.reason);
        }
    }
}

fn quantity(value: Option<&Value>) -> i64 {
    value.and_then(|value| Quantity::from_value(value).ok()).map_or(0, |quantity| quantity.milli_value())
}

fn amounts(value: &Value) -> Resources {
    Resources {
        cpu: quantity(value.get("cpu")),
        memory: quantity(value.get("memory")),
        storage: quantity(value.get("storage")),
    }
}

/// What the scheduler reserves: all containers and sidecars together, or the largest init container with the sidecars
/// before it if that is more; and the overhead.
fn requests(pod: &Value) -> Resources {
    let of = |container: &Value| container.pointer("/resources/requests").map(amounts).unwrap_or_default();
    let running = list(pod, "/spec/containers").iter().map(of).fold(Resources::default(), Resources::plus);
    let (mut sidecars, mut initializing) = (Resources::default(), Resources::default());
    for container in list(pod, "/spec/initContainers") {
        if text(container, "/restartPolicy") == "Always" {
            sidecars = sidecars.plus(of(container));
            initializing = initializing.at_least(sidecars);
        } else {
            initializing = initializing.at_least(sidecars.plus(of(container)));
        }
    }
    let overhead = pod.pointer("/spec/overhead").map(amounts).unwrap_or_default();
    running.plus(sidecars).at_least(initializing).plus(overhead)
}

pub(super) fn node(object: &Object, settings: &ResourceSettings, interner: &Interner) -> NodeDetails {
    let labels = object.labels().iter().filter(|(key, _)| {
        settings.allowed_node_labels.iter().any(|allowed| types::glob::matches(allowed, key))
    });
    NodeDetails {
        capacity: object.get(&["status", "capacity"]).map(amounts).unwrap_or_default(),
        system_info: object.get(&["status", "nodeInfo"]).map(|info| info.to_string().into_boxed_str()),
        labels: labels
            .filter_map(|(key, value)| Some((interner.get(key), interner.get(value.as_str()?))))
            .collect(),
    }
}
