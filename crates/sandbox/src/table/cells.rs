//! Cells of configuration, networking, storage and policy kinds. Workloads are in `workload_cells.rs`.

use serde_json::{Value, json};

use super::human::{age_of, duration};

/// A field as text, empty when absent.
macro_rules! plain {
    ($($step:literal),+) => { (|value: &Value| crate::table::cells::text_at(value, &[$($step),+], "")) as fn(&Value) -> Value };
}
/// A field as text, `<none>` when absent.
macro_rules! field {
    ($($step:literal),+) => { (|value: &Value| crate::table::cells::text_at(value, &[$($step),+], "<none>")) as fn(&Value) -> Value };
}
/// A number, 0 when absent.
macro_rules! count {
    ($($step:literal),+) => { (|value: &Value| crate::table::cells::number_at(value, &[$($step),+])) as fn(&Value) -> Value };
}
pub(super) use {count, field, plain};

fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |at, step| at.get(*step))
}

pub(super) fn text_at(value: &Value, path: &[&str], absent: &str) -> Value {
    match at(value, path) {
        Some(Value::String(text)) if !text.is_empty() => text.as_str().into(),
        _ => absent.into(),
    }
}

pub(super) fn number_at(value: &Value, path: &[&str]) -> Value {
    at(value, path).and_then(Value::as_i64).unwrap_or(0).into()
}

pub(super) fn size(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.len().into(),
        Value::Array(list) => list.len().into(),
        _ => 0.into(),
    }
}

fn list<'a>(value: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    at(value, path).and_then(Value::as_array).into_iter().flatten()
}

fn str_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn join<'a>(items: impl Iterator<Item = &'a str>) -> String {
    items.collect::<Vec<_>>().join(",")
}

pub(super) fn config_data(value: &Value) -> Value {
    let count = |name: &str| value[name].as_object().map_or(0, serde_json::Map::len);
    (count("data") + count("binaryData")).into()
}

pub(super) fn cluster_ip(value: &Value) -> Value {
    text_at(value, &["spec", "clusterIP"], "<none>")
}

pub(super) fn external_ip(value: &Value) -> Value {
    let external = join(list(value, &["spec", "externalIPs"]).map(str_of));
    let kind = str_of(&value["spec"]["type"]);
    let text = match kind {
        "LoadBalancer" => {
            let given = list(value, &["status", "loadBalancer", "ingress"]).map(|entry| {
                if entry["ip"].is_string() { str_of(&entry["ip"]) } else { str_of(&entry["hostname"]) }
            });
            let all = join(given.chain(external.split(',').filter(|ip| !ip.is_empty())));
            if all.is_empty() { "<pending>".to_owned() } else { all }
        }
        "ExternalName" => str_of(&value["spec"]["externalName"]).to_owned(),
        _ if external.is_empty() => "<none>".to_owned(),
        _ => external,
    };
    text.into()
}

pub(super) fn service_ports(value: &Value) -> Value {
    let ports: Vec<String> = list(value, &["spec", "ports"])
        .map(|port| {
            let node = match port["nodePort"].as_i64() {
                Some(node) if node > 0 => format!(":{node}"),
                _ => String::new(),
            };
            format!("{}{node}/{}", port["port"], str_of(&port["protocol"]))
        })
        .collect();
    if ports.is_empty() { "<none>".into() } else { ports.join(",").into() }
}

pub(super) fn labels_text(labels: &Value) -> String {
    let terms: Vec<String> = labels
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", str_of(value)))
        .collect();
    if terms.is_empty() { "<none>".into() } else { terms.join(",") }
}

pub(super) fn service_selector(value: &Value) -> Value {
    labels_text(&value["spec"]["selector"]).into()
}

pub(super) fn claim_status(value: &Value) -> Value {
    if value["metadata"].get("deletionTimestamp").is_some() {
        return "Terminating".into();
    }
    text_at(value, &["status", "phase"], "")
}

pub(super) fn claim_capacity(value: &Value) -> Value {
    if str_of(&value["spec"]["volumeName"]).is_empty() {
        return "".into();
    }
    text_at(value, &["status", "capacity", "storage"], "")
}

fn modes<'a>(modes: impl Iterator<Item = &'a Value>) -> Value {
    join(modes.map(|mode| match str_of(mode) {
        "ReadWriteOnce" => "RWO",
        "ReadOnlyMany" => "ROX",
        "ReadWriteMany" => "RWX",
        "ReadWriteOncePod" => "RWOP",
        other => other,
    }))
    .into()
}

pub(super) fn claim_modes(value: &Value) -> Value {
    if str_of(&value["spec"]["volumeName"]).is_empty() {
        return "".into();
    }
    modes(list(value, &["status", "accessModes"]))
}

pub(super) fn volume_modes(value: &Value) -> Value {
    modes(list(value, &["spec", "accessModes"]))
}

pub(super) fn volume_claim(value: &Value) -> Value {
    let claim = &value["spec"]["claimRef"];
    if claim.is_null() {
        return "".into();
    }
    format!("{}/{}", str_of(&claim["namespace"]), str_of(&claim["name"])).into()
}

pub(super) fn node_status(value: &Value) -> Value {
    let ready = list(value, &["status", "conditions"]).find(|condition| condition["type"] == "Ready");
    let mut status = match ready.map(|condition| condition["status"] == "True") {
        Some(true) => "Ready".to_owned(),
        Some(false) => "NotReady".to_owned(),
        None => "Unknown".to_owned(),
    };
    if value["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    status.into()
}

pub(super) fn node_roles(value: &Value) -> Value {
    let labels = value["metadata"]["labels"].as_object();
    let roles = join(
        labels.into_iter().flatten().filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")),
    );
    if roles.is_empty() { "<none>".into() } else { roles.into() }
}

pub(super) fn node_internal_ip(value: &Value) -> Value {
    list(value, &["status", "addresses"])
        .find(|address| address["type"] == "InternalIP")
        .map_or("<none>".into(), |address| address["address"].clone())
}

pub(super) fn controller(value: &Value) -> Value {
    let owner = list(value, &["metadata", "ownerReferences"]).find(|owner| owner["controller"] == true);
    let Some(owner) = owner else { return "<none>".into() };
    let kind = str_of(&owner["kind"]).to_lowercase();
    let group = str_of(&owner["apiVersion"]).split_once('/').map_or("", |(group, _)| group);
    let kind = if group.is_empty() { kind } else { format!("{kind}.{group}") };
    format!("{kind}/{}", str_of(&owner["name"])).into()
}

pub(super) fn ingress_hosts(value: &Value) -> Value {
    let hosts: Vec<&str> = list(value, &["spec", "rules"])
        .map(|rule| str_of(&rule["host"]))
        .filter(|host| !host.is_empty())
        .collect();
    match hosts.as_slice() {
        [] => "*".into(),
        many if many.len() > 3 => {
            format!("{} + {} more...", join(many.iter().take(3).copied()), many.len() - 3).into()
        }
        some => join(some.iter().copied()).into(),
    }
}

pub(super) fn ingress_address(value: &Value) -> Value {
    join(
        list(value, &["status", "loadBalancer", "ingress"]).map(|entry| {
            if entry["ip"].is_string() { str_of(&entry["ip"]) } else { str_of(&entry["hostname"]) }
        }),
    )
    .into()
}

pub(super) fn ingress_ports(value: &Value) -> Value {
    if list(value, &["spec", "tls"]).next().is_some() { "80, 443".into() } else { "80".into() }
}

pub(super) fn pod_selector(value: &Value) -> Value {
    let text = crate::scale::selector_text(&value["spec"]["podSelector"]).unwrap_or_default();
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn int_or_text(value: &Value) -> Value {
    match value {
        Value::Null => "N/A".into(),
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

pub(super) fn min_available(value: &Value) -> Value {
    int_or_text(&value["spec"]["minAvailable"])
}

pub(super) fn max_unavailable(value: &Value) -> Value {
    int_or_text(&value["spec"]["maxUnavailable"])
}

pub(super) fn scale_reference(value: &Value) -> Value {
    let target = &value["spec"]["scaleTargetRef"];
    format!("{}/{}", str_of(&target["kind"]), str_of(&target["name"])).into()
}

pub(super) fn scale_minimum(value: &Value) -> Value {
    value["spec"]["minReplicas"].as_i64().map_or("<unset>".into(), |count| count.to_string().into())
}

pub(super) fn scale_targets(value: &Value) -> Value {
    let targets: Vec<String> = list(value, &["spec", "metrics"])
        .map(|metric| {
            let resource = &metric["resource"];
            let name = str_of(&resource["name"]);
            let current = list(value, &["status", "currentMetrics"])
                .map(|metric| &metric["resource"])
                .find(|current| current["name"] == name)
                .map(|resource| &resource["current"]);
            match resource["target"]["averageUtilization"].as_i64() {
                Some(percentage) => {
                    let used = current.and_then(|current| current["averageUtilization"].as_i64());
                    let used = used.map_or("<unknown>".to_owned(), |used| format!("{used}%"));
                    format!("{name}: {used}/{percentage}%")
                }
                None => {
                    let used =
                        current.and_then(|current| current["averageValue"].as_str()).unwrap_or("<unknown>");
                    format!("{name}: {used}/{}", str_of(&resource["target"]["averageValue"]))
                }
            }
        })
        .collect();
    if targets.is_empty() { "<none>".into() } else { targets.join(", ").into() }
}

pub(super) fn slice_ports(value: &Value) -> Value {
    let ports = join(
        list(value, &["ports"])
            .map(|port| port["port"].to_string())
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str),
    );
    if ports.is_empty() { "<unset>".into() } else { ports.into() }
}

pub(super) fn slice_endpoints(value: &Value) -> Value {
    let all: Vec<&str> = list(value, &["endpoints"])
        .flat_map(|endpoint| endpoint["addresses"].as_array().into_iter().flatten())
        .map(str_of)
        .collect();
    match all.len() {
        0 => "<unset>".into(),
        count if count > 3 => format!("{} + {} more...", join(all.iter().take(3).copied()), count - 3).into(),
        _ => join(all.into_iter()).into(),
    }
}

pub(super) fn role(value: &Value) -> Value {
    format!("{}/{}", str_of(&value["roleRef"]["kind"]), str_of(&value["roleRef"]["name"])).into()
}

pub(super) fn subjects(value: &Value, kind: &str) -> Value {
    let names: Vec<String> = list(value, &["subjects"])
        .filter(|subject| subject["kind"] == kind)
        .map(|subject| match subject["namespace"].as_str() {
            Some(namespace) if kind == "ServiceAccount" => {
                format!("{namespace}/{}", str_of(&subject["name"]))
            }
            _ => str_of(&subject["name"]).to_owned(),
        })
        .collect();
    names.join(", ").into()
}

pub(super) fn api_service(value: &Value) -> Value {
    let service = &value["spec"]["service"];
    if service.is_null() {
        return "Local".into();
    }
    format!("{}/{}", str_of(&service["namespace"]), str_of(&service["name"])).into()
}

pub(super) fn event_last_seen(value: &Value) -> Value {
    let time = ["lastTimestamp", "deprecatedLastTimestamp", "eventTime", "firstTimestamp"]
        .iter()
        .find_map(|name| value[*name].as_str());
    time.map_or("<unknown>".to_owned(), age_of).into()
}

pub(super) fn event_first_seen(value: &Value) -> Value {
    let time = ["firstTimestamp", "deprecatedFirstTimestamp", "eventTime"]
        .iter()
        .find_map(|name| value[*name].as_str());
    time.map_or("<unknown>".to_owned(), age_of).into()
}

pub(super) fn event_object(value: &Value) -> Value {
    let object =
        if value["involvedObject"].is_object() { &value["involvedObject"] } else { &value["regarding"] };
    format!("{}/{}", str_of(&object["kind"]).to_lowercase(), str_of(&object["name"])).into()
}

pub(super) fn event_source(value: &Value) -> Value {
    let component = ["source", "deprecatedSource"].iter().find_map(|name| value[*name]["component"].as_str());
    component.unwrap_or_default().into()
}

pub(super) fn event_message(value: &Value) -> Value {
    value["message"].as_str().or_else(|| value["note"].as_str()).unwrap_or_default().trim().into()
}

pub(super) fn event_count(value: &Value) -> Value {
    value["count"].as_i64().or_else(|| value["deprecatedCount"].as_i64()).unwrap_or(1).into()
}

/// The `Completed` condition of rows whose object has finished.
pub(super) fn finished(value: &Value) -> Option<Value> {
    let phase = str_of(&value["status"]["phase"]);
    match phase {
        "Succeeded" => Some(json!([{"type": "Completed", "status": "True", "reason": "Succeeded",
            "message": "The pod has completed successfully."}])),
        "Failed" => Some(json!([{"type": "Completed", "status": "True", "reason": "Failed",
            "message": "The pod failed."}])),
        _ => None,
    }
}

/// The time between two timestamps.
pub(super) fn between(start: &str, end: &str) -> Option<String> {
    let start: jiff::Timestamp = start.parse().ok()?;
    let end: jiff::Timestamp = end.parse().ok()?;
    Some(duration(end.duration_since(start).as_secs()))
}
