//! Services: endpoints from the Pods they select, and addresses for load balancers and ingresses.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{OwnedPod, create, owner_reference, write_status};
use crate::controllers::{Queue, Work};
use crate::engine::{Engine, WriteOptions};
use crate::kinds::Kind;
use crate::selector::POD_SELECTOR;
use crate::status::ApiResult;
use crate::store::Record;

const MANAGED_BY: &str = "endpointslice-controller.k8s.io";
/// The API's own service.
pub(super) fn furnish(engine: &Engine) -> ApiResult<()> {
    let services = engine.builtin("", "services")?;
    let service = json!({
        "metadata": {"name": "kubernetes", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
    });
    create(engine, &services, "default", service).map(|_| ())
}

pub(super) fn reconcile(engine: &Engine, queue: &mut Queue, record: &Record) -> ApiResult<()> {
    queue.push_gathered(Work::Endpoints { namespace: record.namespace().to_owned() });
    let services = engine.builtin("", "services")?;
    let value = record.value();
    if record.deleting || value["spec"]["type"] != "LoadBalancer" {
        return Ok(());
    }
    if value["status"]["loadBalancer"].get("ingress").is_some() {
        return Ok(());
    }
    let status = json!({"loadBalancer": {"ingress": [{"ip": address(record), "ipMode": "VIP"}]}});
    write_status(engine, &services, record, &value, &status)
}

/// Pretends to be the ingress controller of every class.
pub(super) fn give_ingress_address(engine: &Engine, record: &Record) -> ApiResult<()> {
    let ingresses = engine.builtin("networking.k8s.io", "ingresses")?;
    let value = record.value();
    if record.deleting || value["status"]["loadBalancer"].get("ingress").is_some() {
        return Ok(());
    }
    let status = json!({"loadBalancer": {"ingress": [{"ip": super::pods::node_address(0)}]}});
    write_status(engine, &ingresses, record, &value, &status)
}

fn address(record: &Record) -> String {
    let hash =
        record.uid.bytes().fold(3_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte)));
    format!("172.18.{}.{}", 1 + (hash >> 8) % 250, 1 + hash % 250)
}

/// What the endpoints of each service were last made of, by the service's uid.
pub(crate) type Memory = HashMap<Box<str>, u64>;

/// Writes the endpoint slices of all services of a namespace that select Pods. Services of which neither they nor
/// their Pods have changed since the last time cost a few lookups and no decoding.
pub(super) fn endpoints(engine: &Engine, memory: &mut Memory, namespace: &str) -> ApiResult<()> {
    let services = engine.builtin("", "services")?;
    let slices = engine.builtin("discovery.k8s.io", "endpointslices")?;
    let pods = engine.store.snapshot("/pods", namespace).records;
    let mut by_label: HashMap<(&str, &str), Vec<&Arc<Record>>> = HashMap::new();
    for pod in &pods {
        for (key, value) in &pod.labels {
            by_label.entry((key, value)).or_default().push(pod);
        }
    }
    for service in engine.store.snapshot(&services.collection, namespace).records {
        let wanted = pod_selector(&service);
        let Some(first) = wanted.first() else { continue };
        if service.deleting {
            memory.remove(&service.uid);
            continue;
        }
        let selected: Vec<&Arc<Record>> = by_label
            .get(first)
            .into_iter()
            .flatten()
            .copied()
            .filter(|pod| wanted.iter().all(|(key, value)| pod.label(key) == Some(value)))
            .collect();
        let versions = selected.iter().map(|pod| pod.version);
        let mark = versions.fold(service.version, |mark, version| {
            (mark ^ version).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
        });
        if memory.get(&service.uid) == Some(&mark) {
            continue;
        }
        let selected: Vec<OwnedPod> = selected
            .into_iter()
            .map(|record| OwnedPod { value: record.value(), record: record.clone() })
            .collect();
        write_slice(engine, &services, &slices, &service, &service.value(), &selected)?;
        memory.insert(service.uid.clone(), mark);
    }
    Ok(())
}

/// A service's selector, as the store has indexed it; empty if it selects nothing.
fn pod_selector(service: &Record) -> Vec<(&str, &str)> {
    let external =
        service.fields.iter().any(|(name, value)| &**name == "spec.type" && &**value == "ExternalName");
    let indexed = service.fields.iter().find(|(name, _)| &**name == POD_SELECTOR);
    match indexed {
        Some((_, terms)) if !external => terms.split(',').filter_map(|term| term.split_once('=')).collect(),
        _ => Vec::new(),
    }
}

fn write_slice(
    engine: &Engine,
    services: &Kind,
    slices: &Kind,
    service: &Record,
    value: &Value,
    pods: &[OwnedPod],
) -> ApiResult<()> {
    let endpoints: Vec<Value> = pods.iter().filter_map(endpoint).collect();
    let ports: Vec<Value> = if endpoints.is_empty() { Vec::new() } else { ports(value, pods) };
    let existing = engine.store.dependents(&service.uid).into_iter().find(|(collection, slice)| {
        *collection == slices.collection
            && slice.label("endpointslice.kubernetes.io/managed-by") == Some(MANAGED_BY)
    });
    if let Some((_, slice)) = existing {
        let old = slice.value();
        let same =
            |name: &str, new: &[Value]| old[name].as_array().map_or(new.is_empty(), |list| list == new);
        if same("endpoints", &endpoints) && same("ports", &ports) {
            return Ok(());
        }
        let options = WriteOptions::controller(super::MANAGER, "");
        return engine
            .control(slices, service.namespace(), slice.name(), &options, |value| {
                value["endpoints"] = endpoints.clone().into();
                value["ports"] = ports.clone().into();
            })
            .map(|_| ());
    }
    let slice = json!({
        "metadata": {
            "generateName": format!("{}-", service.name()),
            "labels": {"kubernetes.io/service-name": service.name(), "endpointslice.kubernetes.io/managed-by": MANAGED_BY},
            "ownerReferences": [owner_reference(services, service)],
        },
        "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
    });
    create(engine, slices, service.namespace(), slice).map(|_| ())
}

fn endpoint(pod: &OwnedPod) -> Option<Value> {
    let ip = pod.value["status"]["podIP"].as_str()?;
    if matches!(pod.phase(), "Succeeded" | "Failed") {
        return None;
    }
    let ready = pod.is_ready() && !pod.record.deleting;
    Some(json!({
        "addresses": [ip],
        "conditions": {"ready": ready, "serving": pod.is_ready(), "terminating": pod.record.deleting},
        "nodeName": pod.value["spec"]["nodeName"],
        "targetRef": {"kind": "Pod", "name": pod.name(), "namespace": pod.record.namespace(), "uid": &*pod.record.uid},
    }))
}

/// The ports of a service with named targets looked up in the first Pod.
fn ports(service: &Value, pods: &[OwnedPod]) -> Vec<Value> {
    let list = service["spec"]["ports"].as_array().into_iter().flatten();
    list.map(|port| {
        let number = match &port["targetPort"] {
            Value::String(name) => pods.first().and_then(|pod| named_port(&pod.value, name)).unwrap_or(Value::Null),
            Value::Null => port["port"].clone(),
            number => number.clone(),
        };
        json!({"name": port["name"].as_str().unwrap_or_default(), "port": number, "protocol": port["protocol"]})
    })
    .collect()
}

fn named_port(pod: &Value, name: &str) -> Option<Value> {
    pod["spec"]["containers"]
        .as_array()?
        .iter()
        .flat_map(|container| container["ports"].as_array().into_iter().flatten())
        .find(|port| port["name"] == name)
        .map(|port| port["containerPort"].clone())
}
