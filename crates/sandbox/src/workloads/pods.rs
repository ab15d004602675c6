//! Scheduler and kubelet: a Pod is bound to a node, its containers start, become ready or misbehave, finish, and stop
//! when the Pod is deleted. How they turn out is in `behavior.rs`.

use std::time::Duration;

use serde_json::{Value, json};

use super::behavior::{Fate, fate, runs_to_completion, working_time};
use super::{condition, events};
use crate::controllers::{Queue, Work};
use crate::engine::{DeleteOptions, Engine, WriteOptions, now};
use crate::kinds::Kind;
use crate::selector::LabelSelector;
use crate::status::ApiResult;
use crate::store::Record;

/// What happens to a Pod when its time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The containers have started.
    Start,
    /// The containers have finished.
    Finish,
    /// A crashed container is started again; how often it was.
    Restart(u32),
    /// The containers have stopped after a deletion.
    Stop,
}

/// A crashing container is shown restarting this often; then it stays in its back-off.
const RESTARTS: u32 = 5;

/// Makes the nodes of the options.
pub(super) fn furnish_nodes(engine: &Engine) -> ApiResult<()> {
    let nodes = engine.builtin("", "nodes")?;
    for (index, name) in engine.options.nodes.iter().enumerate() {
        let node = json!({"metadata": {"name": name, "labels": {
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
            "node-role.kubernetes.io/worker": "",
        }}});
        super::create(engine, &nodes, "", node)?;
        let amounts = json!({"cpu": "64", "memory": "256Gi", "pods": "10000", "ephemeral-storage": "1Ti"});
        let time = now();
        let ready = json!({"type": "Ready", "status": "True", "reason": "KubeletReady",
            "message": "the sandbox pretends to be ready", "lastHeartbeatTime": time, "lastTransitionTime": time});
        let status = json!({
            "capacity": amounts, "allocatable": amounts, "conditions": [ready],
            "addresses": [{"type": "InternalIP", "address": node_address(index)}, {"type": "Hostname", "address": name}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {"machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "sandbox", "osImage": "Argosy sandbox",
                "containerRuntimeVersion": "sandbox://1", "kubeletVersion": "v1.36.3", "kubeProxyVersion": "",
                "operatingSystem": "linux", "architecture": "amd64"},
        });
        let record = engine.find(&nodes, "", name)?;
        super::write_status(engine, &nodes, &record, &Value::Null, &status)?;
    }
    Ok(())
}

pub(super) fn node_address(index: usize) -> String {
    format!("172.18.0.{}", 2 + index % 250)
}

/// Looks at a Pod after a change: schedules what is to happen next.
pub(super) fn reconcile(engine: &Engine, queue: &mut Queue, record: &Record) -> ApiResult<()> {
    let later = |queue: &mut Queue, delay, step| {
        queue.push_later(delay, Work::PodStep { key: record.key.clone(), uid: record.uid.to_string(), step });
    };
    if record.deleting {
        later(queue, engine.options.pod_stop_delay, Step::Stop);
        return Ok(());
    }
    let pod = record.value();
    let bound = !pod["spec"]["nodeName"].as_str().unwrap_or_default().is_empty();
    if bound {
        // Created with a node, as a DaemonSet's Pods are, or bound by another scheduler: not started yet.
        if pod["status"]["phase"] == "Pending" && pod["status"].get("startTime").is_none() {
            pull(engine, record, &pod)?;
            later(queue, engine.options.pod_ready_delay, Step::Start);
        }
        return Ok(());
    }
    if engine.options.nodes.is_empty() {
        // A cluster without nodes has no scheduler either: somebody else binds the Pod, or nobody.
        return Ok(());
    }
    let pods = engine.builtin("", "pods")?;
    let Some(node) = choose_node(engine, record, &pod)? else {
        return unschedulable(engine, &pods, record, &pod);
    };
    let binding = WriteOptions::controller("kube-scheduler", "binding");
    engine.control(&pods, record.namespace(), record.name(), &binding, |value| {
        value["spec"]["nodeName"] = node.clone().into();
    })?;
    let message = format!("Successfully assigned {} to {node}", record.key);
    events::normal(engine, &pods, record, "default-scheduler", "Scheduled", &message);
    Ok(())
}

fn choose_node(engine: &Engine, record: &Record, pod: &Value) -> ApiResult<Option<String>> {
    let nodes = engine.builtin("", "nodes")?;
    let selector = LabelSelector::from_map(&pod["spec"]["nodeSelector"]);
    let fitting: Vec<String> = engine
        .store
        .snapshot(&nodes.collection, "")
        .records
        .iter()
        .filter(|node| !node.deleting && selector.matches(node) && !is_cordoned(node))
        .map(|node| node.name().to_owned())
        .collect();
    if fitting.is_empty() {
        return Ok(None);
    }
    let spread =
        record.uid.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    Ok(fitting.get(spread % fitting.len()).cloned())
}

fn is_cordoned(node: &Record) -> bool {
    node.fields.iter().any(|(name, value)| &**name == "spec.unschedulable" && &**value == "true")
}

fn unschedulable(engine: &Engine, pods: &Kind, record: &Record, pod: &Value) -> ApiResult<()> {
    if condition(pod, "PodScheduled").is_some() {
        return Ok(());
    }
    let count = engine.options.nodes.len();
    let message =
        format!("0/{count} nodes are available: {count} node(s) didn't match Pod's node affinity/selector.");
    let mut status = pod["status"].clone();
    status["conditions"] = json!([{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": message, "lastProbeTime": null, "lastTransitionTime": now()}]);
    events::warning(engine, pods, record, "default-scheduler", "FailedScheduling", &message);
    super::write_status(engine, pods, record, pod, &status)
}

/// The Pod is on its node: containers are being created.
fn pull(engine: &Engine, record: &Record, pod: &Value) -> ApiResult<()> {
    let pods = engine.builtin("", "pods")?;
    let time = now();
    let mut status = pod["status"].clone();
    status["hostIP"] = node_address(0).into();
    status["hostIPs"] = json!([{"ip": node_address(0)}]);
    status["startTime"] = time.clone().into();
    status["conditions"] = conditions(false, false, &time);
    status["containerStatuses"] = container_statuses(pod, &|container| {
        (json!({"waiting": {"reason": "ContainerCreating"}}), container["image"].clone(), false, 0)
    });
    kubelet_status(engine, &pods, record, pod, status)
}

/// Does what the time has come for.
pub(super) fn advance(engine: &Engine, queue: &mut Queue, record: &Record, step: Step) -> ApiResult<()> {
    let pods = engine.builtin("", "pods")?;
    if step == Step::Stop {
        if record.deleting {
            let options = DeleteOptions { grace_period: Some(0), ..DeleteOptions::default() };
            match engine.delete(&pods, record.namespace(), record.name(), &options) {
                Err(error) if error.code != 404 => return Err(error),
                _ => {}
            }
        }
        return Ok(());
    }
    let pod = record.value();
    if record.deleting || matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed")) {
        return Ok(());
    }
    let later = |queue: &mut Queue, delay, step| {
        queue.push_later(delay, Work::PodStep { key: record.key.clone(), uid: record.uid.to_string(), step });
    };
    let fate = fate(&pod);
    let time = now();
    let mut status = pod["status"].clone();
    let running = json!({"running": {"startedAt": time}});
    match (&fate, step) {
        (Fate::NoImage(image), _) => {
            let why = format!(
                "failed to pull and unpack image {image:?}: failed to resolve reference {image:?}: {image}: not found"
            );
            events::warning(
                engine,
                &pods,
                record,
                "kubelet",
                "Failed",
                &format!("Failed to pull image {image:?}: {why}"),
            );
            let message = format!("Back-off pulling image {image:?}: ErrImagePull: {why}");
            status["containerStatuses"] = container_statuses(&pod, &|container| {
                if container["image"] == image.as_str() {
                    let state = json!({"waiting": {"reason": "ImagePullBackOff", "message": message}});
                    (state, container["image"].clone(), false, 0)
                } else {
                    (running.clone(), container["image"].clone(), true, 0)
                }
            });
        }
        (Fate::Exits(code), _) if runs_to_completion(&pod) => {
            finished(&mut status, &pod, *code, &time);
        }
        (Fate::Exits(code), step) => {
            let count = if let Step::Restart(count) = step { count } else { 1 };
            let terminated = json!({"terminated": {"exitCode": code, "reason": "Error", "startedAt": time, "finishedAt": time}});
            status["phase"] = "Running".into();
            address(&mut status, record);
            status["conditions"] = conditions(true, false, &time);
            status["containerStatuses"] = container_statuses(&pod, &|container| {
                let delay = 10 * (1_u32 << count.min(5).saturating_sub(1));
                let name = container["name"].as_str().unwrap_or_default();
                let message = format!(
                    "back-off {delay}s restarting failed container={name} pod={}_{}({})",
                    record.name(),
                    record.namespace(),
                    record.uid
                );
                let state = json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}});
                (state, container["image"].clone(), false, count)
            });
            for container in status["containerStatuses"].as_array_mut().into_iter().flatten() {
                container["lastState"] = terminated.clone();
            }
            events::warning(
                engine,
                &pods,
                record,
                "kubelet",
                "BackOff",
                "Back-off restarting failed container",
            );
            if count < RESTARTS {
                later(queue, Duration::from_secs(10), Step::Restart(count + 1));
            }
        }
        (_, Step::Start) => {
            let ready = fate != Fate::NeverReady;
            status["phase"] = "Running".into();
            address(&mut status, record);
            status["conditions"] = conditions(true, ready, &time);
            status["containerStatuses"] = container_statuses(&pod, &|container| {
                (running.clone(), container["image"].clone(), ready, 0)
            });
            if let Some(list) = pod["spec"]["initContainers"].as_array() {
                status["initContainerStatuses"] = initialized(list, &time);
            }
            for container in pod["spec"]["containers"].as_array().into_iter().flatten() {
                let name = container["name"].as_str().unwrap_or_default();
                events::normal(
                    engine,
                    &pods,
                    record,
                    "kubelet",
                    "Started",
                    &format!("Container started: {name}"),
                );
            }
            if !ready {
                events::warning(
                    engine,
                    &pods,
                    record,
                    "kubelet",
                    "Unhealthy",
                    "Readiness probe failed: HTTP probe failed with statuscode: 503",
                );
            }
            if runs_to_completion(&pod) {
                later(queue, working_time(&pod, engine.options.job_duration), Step::Finish);
            }
        }
        (_, Step::Finish) => finished(&mut status, &pod, 0, &time),
        (_, Step::Restart(_) | Step::Stop) => return Ok(()),
    }
    kubelet_status(engine, &pods, record, &pod, status)
}

fn kubelet_status(
    engine: &Engine,
    pods: &Kind,
    record: &Record,
    old: &Value,
    mut status: Value,
) -> ApiResult<()> {
    status["observedGeneration"] = old["metadata"]["generation"].clone();
    let options = WriteOptions::controller("kubelet", "status");
    engine
        .control(pods, record.namespace(), record.name(), &options, |value| {
            if let Some(map) = value.as_object_mut() {
                map.insert("status".into(), status.clone());
            }
        })
        .map(|_| ())
}

fn finished(status: &mut Value, pod: &Value, code: i64, time: &str) {
    status["phase"] = if code == 0 { "Succeeded" } else { "Failed" }.into();
    status["conditions"] = conditions(true, false, time);
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        if matches!(condition["type"].as_str(), Some("Ready" | "ContainersReady")) {
            condition["reason"] = if code == 0 { "PodCompleted" } else { "PodFailed" }.into();
        }
    }
    let started = status["startTime"].clone();
    let reason = if code == 0 { "Completed" } else { "Error" };
    status["containerStatuses"] = container_statuses(pod, &|container| {
        let state = json!({"terminated": {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": time}});
        (state, container["image"].clone(), false, 0)
    });
}

/// An address in the Pods' network that follows from the Pod's uid.
fn address(status: &mut Value, record: &Record) {
    let hash =
        record.uid.bytes().fold(7_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let ip = format!("10.244.{}.{}", (hash >> 8) % 256, 1 + hash % 254);
    status["podIPs"] = json!([{ "ip": ip }]);
    status["podIP"] = ip.into();
}

fn conditions(initialized: bool, ready: bool, time: &str) -> Value {
    let condition = |kind: &str, holds: bool, reason: &str| {
        let mut condition = json!({"type": kind, "status": if holds { "True" } else { "False" },
            "lastProbeTime": null, "lastTransitionTime": time});
        if !holds {
            condition["reason"] = reason.into();
        }
        condition
    };
    json!([
        condition("PodReadyToStartContainers", initialized, "ContainersNotInitialized"),
        condition("Initialized", true, ""),
        condition("Ready", ready, "ContainersNotReady"),
        condition("ContainersReady", ready, "ContainersNotReady"),
        condition("PodScheduled", true, ""),
    ])
}

type Shown = (Value, Value, bool, u32);

fn container_statuses(pod: &Value, show: &dyn Fn(&Value) -> Shown) -> Value {
    let list = pod["spec"]["containers"].as_array().into_iter().flatten().map(|container| {
        let (state, image, ready, restarts) = show(container);
        let started = state.get("running").is_some();
        let mut status = json!({"name": container["name"], "image": image, "imageID": "", "state": state,
            "lastState": {}, "ready": ready, "started": started, "restartCount": restarts});
        if started {
            status["imageID"] = format!("sandbox://{}", status["image"].as_str().unwrap_or_default()).into();
            status["containerID"] =
                format!("sandbox://{}", container["name"].as_str().unwrap_or_default()).into();
        }
        status
    });
    Value::Array(list.collect())
}

fn initialized(containers: &[Value], time: &str) -> Value {
    let list = containers.iter().map(|container| {
        let state = json!({"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": time, "finishedAt": time}});
        json!({"name": container["name"], "image": container["image"], "imageID": "", "state": state,
            "lastState": {}, "ready": true, "started": false, "restartCount": 0})
    });
    Value::Array(list.collect())
}
