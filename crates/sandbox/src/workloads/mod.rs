//! Simulated workloads: what the controller manager, the scheduler and a kubelet would do, without containers. Each
//! controller looks at one object and its dependents and writes what is missing; `crate::controllers` calls it again
//! after every change. Neighbors: `behavior.rs` says how containers turn out, `events.rs` tells of it.

mod behavior;
mod claims;
mod daemonsets;
mod deployments;
mod events;
mod jobs;
mod pods;
mod policies;
mod replicasets;
mod services;
mod statefulsets;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::controllers::Queue;
use crate::engine::{DeleteOptions, Engine, WriteOptions};
use crate::kinds::Kind;
use crate::status::ApiResult;
use crate::store::Record;

pub(crate) use behavior::{LogStyle, log_style};
pub(crate) use pods::Step;
pub(crate) use services::Memory as EndpointMemory;

pub(crate) const MANAGER: &str = "kube-controller-manager";

/// Collections that have a controller here.
pub(crate) fn is_simulated(collection: &str) -> bool {
    matches!(
        collection,
        "/pods"
            | "/persistentvolumeclaims"
            | "/services"
            | "apps/deployments"
            | "apps/replicasets"
            | "apps/statefulsets"
            | "apps/daemonsets"
            | "batch/jobs"
            | "networking.k8s.io/ingresses"
    )
}

/// The collection of a controller that owns Pods or ReplicaSets, by the kind an owner reference names.
pub(crate) fn controller_collection(api_version: &str, kind: &str) -> Option<&'static str> {
    match (api_version, kind) {
        ("apps/v1", "Deployment") => Some("apps/deployments"),
        ("apps/v1", "ReplicaSet") => Some("apps/replicasets"),
        ("apps/v1", "StatefulSet") => Some("apps/statefulsets"),
        ("apps/v1", "DaemonSet") => Some("apps/daemonsets"),
        ("batch/v1", "Job") => Some("batch/jobs"),
        _ => None,
    }
}

/// Looks after one object.
pub(crate) fn reconcile(engine: &Engine, queue: &mut Queue, collection: &str, key: &str) -> ApiResult<()> {
    let Some(record) = engine.store.get(collection, key) else { return Ok(()) };
    match collection {
        "/pods" => pods::reconcile(engine, queue, &record),
        "/persistentvolumeclaims" => claims::reconcile(engine, &record),
        "/services" => services::reconcile(engine, queue, &record),
        "apps/deployments" => deployments::reconcile(engine, queue, &record),
        "apps/replicasets" => replicasets::reconcile(engine, &record),
        "apps/statefulsets" => statefulsets::reconcile(engine, &record),
        "apps/daemonsets" => daemonsets::reconcile(engine, &record),
        "batch/jobs" => jobs::reconcile(engine, queue, &record),
        "networking.k8s.io/ingresses" => services::give_ingress_address(engine, &record),
        _ => Ok(()),
    }
}

/// Advances a Pod whose time has come.
pub(crate) fn step(engine: &Engine, queue: &mut Queue, key: &str, uid: &str, step: Step) -> ApiResult<()> {
    match engine.store.get("/pods", key) {
        Some(record) if &*record.uid == uid => pods::advance(engine, queue, &record, step),
        _ => Ok(()),
    }
}

/// Fills in the endpoints of all services of a namespace.
pub(crate) fn endpoints(engine: &Engine, memory: &mut EndpointMemory, namespace: &str) -> ApiResult<()> {
    services::endpoints(engine, memory, namespace)
}

/// True when autoscalers or budgets may care about a change of Pods or Deployments.
pub(crate) fn has_policies(engine: &Engine) -> bool {
    policies::any(engine)
}

/// Looks after the autoscalers and budgets of a namespace.
pub(crate) fn policies(engine: &Engine, namespace: &str) -> ApiResult<()> {
    policies::reconcile(engine, namespace)
}

/// Nodes, a storage class and the API's own service.
pub(crate) fn furnish(engine: &Engine) -> ApiResult<()> {
    pods::furnish_nodes(engine)?;
    claims::furnish_classes(engine)?;
    services::furnish(engine)
}

/// A Pod as controllers look at it.
struct OwnedPod {
    record: Arc<Record>,
    value: Value,
}

impl OwnedPod {
    fn is_active(&self) -> bool {
        !self.record.deleting && !matches!(self.phase(), "Succeeded" | "Failed")
    }

    fn phase(&self) -> &str {
        self.value["status"]["phase"].as_str().unwrap_or_default()
    }

    fn is_ready(&self) -> bool {
        condition(&self.value, "Ready").is_some_and(|condition| condition["status"] == "True")
    }

    fn name(&self) -> &str {
        self.record.name()
    }
}

/// The Pods that an object controls, oldest name first.
fn owned_pods(engine: &Engine, owner: &Record) -> Vec<OwnedPod> {
    engine
        .store
        .dependents(&owner.uid)
        .into_iter()
        .filter(|(collection, record)| {
            collection.as_ref() == "/pods"
                && record.controller().is_some_and(|controller| controller.uid == owner.uid)
        })
        .map(|(_, record)| OwnedPod { value: record.value(), record })
        .collect()
}

fn condition<'a>(value: &'a Value, kind: &str) -> Option<&'a Value> {
    value["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

/// The owner reference of a controller to what it makes.
fn owner_reference(kind: &Kind, owner: &Record) -> Value {
    json!({
        "apiVersion": kind.api_version(), "kind": kind.kind, "name": owner.name(), "uid": &*owner.uid,
        "controller": true, "blockOwnerDeletion": true,
    })
}

/// A Pod from a template. `name` is the whole name, or ends with a dash and is completed.
fn pod_of_template(
    kind: &Kind,
    owner: &Record,
    template: &Value,
    name: &str,
    labels: &[(&str, &str)],
) -> Value {
    let mut metadata = json!({ "ownerReferences": [owner_reference(kind, owner)] });
    for part in ["labels", "annotations", "finalizers"] {
        if let Some(value) = template["metadata"].get(part) {
            metadata[part] = value.clone();
        }
    }
    for (label, value) in labels {
        metadata["labels"][*label] = (*value).into();
    }
    metadata[if name.ends_with('-') { "generateName" } else { "name" }] = name.into();
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

fn create(engine: &Engine, kind: &Kind, namespace: &str, value: Value) -> ApiResult<String> {
    let written = engine.create(kind, namespace, value, &WriteOptions::controller(MANAGER, ""))?;
    Ok(written.value["metadata"]["name"].as_str().unwrap_or_default().to_owned())
}

fn delete_pod(engine: &Engine, pods: &Kind, pod: &OwnedPod) -> ApiResult<()> {
    match engine.delete(pods, pod.record.namespace(), pod.name(), &DeleteOptions::default()) {
        Err(error) if error.code != 404 => Err(error),
        _ => Ok(()),
    }
}

/// Writes a status if it differs.
fn write_status(engine: &Engine, kind: &Kind, record: &Record, old: &Value, status: &Value) -> ApiResult<()> {
    if old["status"] == *status {
        return Ok(());
    }
    let options = WriteOptions::controller(MANAGER, "status");
    engine
        .control(kind, record.namespace(), record.name(), &options, |value| {
            if let Some(map) = value.as_object_mut() {
                map.insert("status".into(), status.clone());
            }
        })
        .map(|_| ())
}

/// Resolves a number or percentage of a total.
fn resolve(value: &Value, total: i64, round_up: bool) -> i64 {
    match value {
        Value::Number(number) => number.as_i64().unwrap_or(0),
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            let scaled = percent.saturating_mul(total);
            if round_up { scaled.saturating_add(99) / 100 } else { scaled / 100 }
        }
        _ => 0,
    }
}
