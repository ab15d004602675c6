//! Defaults that depend on other fields of the same object. Facts of the Kubernetes API, release 1.36.

use serde_json::{Map, Value, json};

use super::{Constant, Presence, is_zero, set_missing};
use crate::value::as_map_or_insert;

type Json = Map<String, Value>;

/// Fills in what depends on more than the type, named without `io.k8s.`.
pub(super) fn fill(name: &str, map: &mut Json) {
    match name {
        "api.core.v1.Container" | "api.core.v1.EphemeralContainer" => {
            pull_policy(map, "imagePullPolicy", "image");
        }
        "api.core.v1.ImageVolumeSource" => pull_policy(map, "pullPolicy", "reference"),
        "api.core.v1.Volume" => volume(map),
        "api.core.v1.Pod" => pod(map),
        "api.core.v1.ServiceSpec" => service(map),
        "api.core.v1.Namespace" => namespace(map),
        "api.core.v1.PersistentVolumeClaim" | "api.core.v1.PersistentVolume" => {
            let status = as_map_or_insert(map.entry("status").or_insert(Value::Null));
            set_missing(status, "phase", Presence::Zero, Constant::Text("Pending"));
        }
        "api.core.v1.LimitRangeItem" => limit_range_item(map),
        "api.core.v1.ReplicationController" => {
            selector_from_template(map);
            labels_from_template(map);
        }
        "api.apps.v1.DeploymentStrategy" => {
            rolling_update(map, &[("maxUnavailable", json!("25%")), ("maxSurge", json!("25%"))]);
        }
        "api.apps.v1.DaemonSetUpdateStrategy" => {
            rolling_update(map, &[("maxUnavailable", json!(1)), ("maxSurge", json!(0))]);
        }
        "api.apps.v1.StatefulSetUpdateStrategy" => stateful_set_strategy(map),
        "api.batch.v1.Job" => {
            labels_from_template(map);
            // Not for the template of a CronJob, which has the same type of spec.
            job(as_map_or_insert(map.entry("spec").or_insert(Value::Null)));
        }
        "api.autoscaling.v2.HorizontalPodAutoscalerSpec" => autoscaler(map),
        "api.networking.v1.NetworkPolicySpec" => policy_types(map),
        "api.rbac.v1.Subject" => subject(map),
        "api.resource.v1.ExactDeviceRequest" | "api.resource.v1.DeviceSubRequest"
            if text(map, "allocationMode") == "ExactCount" =>
        {
            set_missing(map, "count", Presence::Zero, Constant::Number(1));
        }
        "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec" => definition(map),
        _ => {}
    }
}

fn text<'a>(map: &'a Json, field: &str) -> &'a str {
    map.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn absent(map: &Json, field: &str) -> bool {
    map.get(field).is_none_or(Value::is_null)
}

fn nested<'a>(map: &'a mut Json, field: &str) -> Option<&'a mut Json> {
    map.get_mut(field)?.as_object_mut()
}

fn pull_policy(map: &mut Json, policy: &str, image: &str) {
    if !text(map, policy).is_empty() {
        return;
    }
    let always = tag(text(map, image)) == Some("latest");
    map.insert(policy.to_owned(), json!(if always { "Always" } else { "IfNotPresent" }));
}

/// The tag of an image, `latest` when it names neither tag nor digest, `None` when a digest or nothing can be read.
fn tag(image: &str) -> Option<&str> {
    if image.is_empty() || image.contains('@') {
        return None;
    }
    let last = image.rsplit('/').next().unwrap_or(image);
    Some(last.split_once(':').map_or("latest", |(_, tag)| tag))
}

fn volume(map: &mut Json) {
    if map.iter().all(|(field, value)| field == "name" || value.is_null()) {
        map.insert("emptyDir".to_owned(), json!({}));
    }
}

fn pod(map: &mut Json) {
    let spec = as_map_or_insert(map.entry("spec").or_insert(Value::Null));
    let host_network = spec.get("hostNetwork").and_then(Value::as_bool).unwrap_or_default();
    set_missing(spec, "enableServiceLinks", Presence::Absent, Constant::Flag(true));
    for field in ["containers", "initContainers"] {
        for container in spec.get_mut(field).and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(container) = container.as_object_mut() else { continue };
            if let Some(resources) = nested(container, "resources") {
                requests_from_limits(resources);
            }
            let ports = container.get_mut("ports").and_then(Value::as_array_mut).filter(|_| host_network);
            for port in ports.into_iter().flatten().filter_map(Value::as_object_mut) {
                if port.get("hostPort").is_none_or(is_zero)
                    && let Some(number) = port.get("containerPort").cloned()
                {
                    port.insert("hostPort".to_owned(), number);
                }
            }
        }
    }
}

fn requests_from_limits(resources: &mut Json) {
    let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { return };
    let requests = as_map_or_insert(resources.entry("requests").or_insert(Value::Null));
    fill_from(requests, limits);
}

fn fill_from(map: &mut Json, source: Json) {
    for (name, value) in source {
        map.entry(name).or_insert(value);
    }
}

fn service(map: &mut Json) {
    set_missing(map, "sessionAffinity", Presence::Zero, Constant::Text("None"));
    match text(map, "sessionAffinity") {
        "None" => {
            map.remove("sessionAffinityConfig");
        }
        "ClientIP" => {
            let timeout = map
                .get("sessionAffinityConfig")
                .and_then(|config| config.pointer("/clientIP/timeoutSeconds"));
            if timeout.is_none_or(Value::is_null) {
                map.insert(
                    "sessionAffinityConfig".to_owned(),
                    json!({"clientIP": {"timeoutSeconds": 10800}}),
                );
            }
        }
        _ => {}
    }
    set_missing(map, "type", Presence::Zero, Constant::Text("ClusterIP"));
    for port in map.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(port) = port.as_object_mut() else { continue };
        set_missing(port, "protocol", Presence::Zero, Constant::Text("TCP"));
        if port.get("targetPort").is_none_or(is_zero) {
            let number = port.get("port").cloned().unwrap_or_else(|| json!(0));
            port.insert("targetPort".to_owned(), number);
        }
    }
    let kind = text(map, "type").to_owned();
    let external_ips = map.get("externalIPs").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    let reachable = kind == "LoadBalancer" || kind == "NodePort" || (kind == "ClusterIP" && external_ips);
    if reachable {
        set_missing(map, "externalTrafficPolicy", Presence::Zero, Constant::Text("Cluster"));
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer" | "ClusterIP") {
        set_missing(map, "internalTrafficPolicy", Presence::Absent, Constant::Text("Cluster"));
    }
    if kind == "LoadBalancer" {
        set_missing(map, "allocateLoadBalancerNodePorts", Presence::Absent, Constant::Flag(true));
    }
}

fn namespace(map: &mut Json) {
    let Some(metadata) = nested(map, "metadata") else { return };
    let name = text(metadata, "name").to_owned();
    if !name.is_empty() {
        let labels = as_map_or_insert(metadata.entry("labels").or_insert(Value::Null));
        labels.insert("kubernetes.io/metadata.name".to_owned(), Value::from(name));
    }
}

fn limit_range_item(map: &mut Json) {
    if text(map, "type") != "Container" {
        return;
    }
    let get =
        |map: &Json, field: &str| map.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    let (mut default, mut request) = (get(map, "default"), get(map, "defaultRequest"));
    fill_from(&mut default, get(map, "max"));
    fill_from(&mut request, default.clone());
    fill_from(&mut request, get(map, "min"));
    for (field, value) in [("default", default), ("defaultRequest", request)] {
        if !value.is_empty() {
            map.insert(field.to_owned(), Value::Object(value));
        }
    }
}

fn template_labels(map: &Json) -> Option<Value> {
    let labels = map.get("spec")?.pointer("/template/metadata/labels")?;
    labels.as_object().is_some_and(|labels| !labels.is_empty()).then(|| labels.clone())
}

fn selector_from_template(map: &mut Json) {
    let Some(labels) = template_labels(map) else { return };
    let Some(spec) = nested(map, "spec") else { return };
    if spec.get("selector").and_then(Value::as_object).is_none_or(Map::is_empty) {
        spec.insert("selector".to_owned(), labels);
    }
}

fn labels_from_template(map: &mut Json) {
    let Some(labels) = template_labels(map) else { return };
    let metadata = as_map_or_insert(map.entry("metadata").or_insert(Value::Null));
    if metadata.get("labels").and_then(Value::as_object).is_none_or(Map::is_empty) {
        metadata.insert("labels".to_owned(), labels);
    }
}

fn rolling_update(strategy: &mut Json, defaults: &[(&str, Value)]) {
    set_missing(strategy, "type", Presence::Zero, Constant::Text("RollingUpdate"));
    if text(strategy, "type") != "RollingUpdate" {
        return;
    }
    let rolling = as_map_or_insert(strategy.entry("rollingUpdate").or_insert(Value::Null));
    for (field, value) in defaults {
        if absent(rolling, field) {
            rolling.insert((*field).to_owned(), value.clone());
        }
    }
}

fn stateful_set_strategy(strategy: &mut Json) {
    if text(strategy, "type").is_empty() {
        strategy.insert("type".to_owned(), json!("RollingUpdate"));
        as_map_or_insert(strategy.entry("rollingUpdate").or_insert(Value::Null));
    }
    if text(strategy, "type") == "RollingUpdate"
        && let Some(rolling) = nested(strategy, "rollingUpdate")
    {
        set_missing(rolling, "partition", Presence::Absent, Constant::Number(0));
    }
}

fn job(spec: &mut Json) {
    if absent(spec, "parallelism") {
        if absent(spec, "completions") {
            spec.insert("completions".to_owned(), json!(1));
        }
        spec.insert("parallelism".to_owned(), json!(1));
    }
    let limit = if absent(spec, "backoffLimitPerIndex") { 6 } else { i64::from(i32::MAX) };
    set_missing(spec, "backoffLimit", Presence::Absent, Constant::Number(limit));
    set_missing(spec, "completionMode", Presence::Absent, Constant::Text("NonIndexed"));
    set_missing(spec, "suspend", Presence::Absent, Constant::Flag(false));
    let policy = if absent(spec, "podFailurePolicy") { "TerminatingOrFailed" } else { "Failed" };
    set_missing(spec, "podReplacementPolicy", Presence::Absent, Constant::Text(policy));
    set_missing(spec, "manualSelector", Presence::Absent, Constant::Flag(false));
}

fn autoscaler(spec: &mut Json) {
    if spec.get("metrics").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        let target = json!({"type": "Utilization", "averageUtilization": 80});
        spec.insert(
            "metrics".to_owned(),
            json!([{"type": "Resource", "resource": {"name": "cpu", "target": target}}]),
        );
    }
    let Some(behavior) = nested(spec, "behavior") else { return };
    let up = json!({"selectPolicy": "Max", "stabilizationWindowSeconds": 0, "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ]});
    let down =
        json!({"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]});
    for (direction, defaults) in [("scaleUp", up), ("scaleDown", down)] {
        let rules = as_map_or_insert(behavior.entry(direction).or_insert(Value::Null));
        rules.retain(|_, value| !value.is_null());
        if let Value::Object(defaults) = defaults {
            fill_from(rules, defaults);
        }
    }
}

fn policy_types(spec: &mut Json) {
    let has = |field: &str| spec.get(field).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if !has("policyTypes") {
        let types = if has("egress") { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
        spec.insert("policyTypes".to_owned(), types);
    }
}

fn subject(map: &mut Json) {
    if matches!(text(map, "kind"), "User" | "Group") {
        set_missing(map, "apiGroup", Presence::Zero, Constant::Text("rbac.authorization.k8s.io"));
    }
}

fn definition(spec: &mut Json) {
    if absent(spec, "conversion") {
        spec.insert("conversion".to_owned(), json!({"strategy": "None"}));
    }
    let Some(names) = nested(spec, "names") else { return };
    let kind = text(names, "kind").to_owned();
    if text(names, "singular").is_empty() {
        names.insert("singular".to_owned(), json!(kind.to_lowercase()));
    }
    if text(names, "listKind").is_empty() && !kind.is_empty() {
        names.insert("listKind".to_owned(), json!(format!("{kind}List")));
    }
}
