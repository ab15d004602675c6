//! Conversion between served versions and the stored one. Custom resources change only their `apiVersion` (the
//! `None` strategy of CustomResourceDefinitions); the built-in kinds with two versions are Event and
//! HorizontalPodAutoscaler.

use serde_json::{Map, Value, json};

use crate::kinds::Kind;

/// Stored → served.
pub(crate) fn from_storage(kind: &Kind, value: &mut Value) {
    if kind.custom.is_none()
        && let Some(map) = value.as_object_mut()
    {
        match (kind.group.as_str(), kind.kind.as_str()) {
            ("events.k8s.io", "Event") => {
                rename(map, CORE_TO_EVENTS);
                map.retain(|name, value| !(name.starts_with("reporting") && *value == ""));
            }
            ("autoscaling", "HorizontalPodAutoscaler") => autoscaler_to_v1(map),
            _ => {}
        }
    }
    set_version(value, kind.api_version());
}

/// Served → stored.
pub(crate) fn to_storage(kind: &Kind, value: &mut Value) {
    if kind.api_version() == kind.storage_api_version {
        return;
    }
    if kind.custom.is_none()
        && let Some(map) = value.as_object_mut()
    {
        match (kind.group.as_str(), kind.kind.as_str()) {
            ("events.k8s.io", "Event") => {
                let back: Vec<(&str, &str)> = CORE_TO_EVENTS.iter().map(|(a, b)| (*b, *a)).collect();
                rename(map, &back);
            }
            ("autoscaling", "HorizontalPodAutoscaler") => autoscaler_to_v2(map),
            _ => {}
        }
    }
    set_version(value, kind.storage_api_version.clone());
}

const CORE_TO_EVENTS: &[(&str, &str)] = &[
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
];

fn rename(map: &mut Map<String, Value>, names: &[(&str, &str)]) {
    for (from, to) in names {
        if let Some(value) = map.remove(*from) {
            map.insert((*to).to_owned(), value);
        }
    }
}

fn set_version(value: &mut Value, version: String) {
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".into(), version.into());
    }
}

fn is_cpu(metric: &Value) -> bool {
    metric["type"] == "Resource" && metric["resource"]["name"] == "cpu"
}

fn autoscaler_to_v1(map: &mut Map<String, Value>) {
    if let Some(spec) = map.get_mut("spec").and_then(Value::as_object_mut) {
        let metrics = spec.remove("metrics").unwrap_or(Value::Null);
        if let Some(target) = metrics.as_array().and_then(|list| list.iter().find(|metric| is_cpu(metric))) {
            let percentage = &target["resource"]["target"]["averageUtilization"];
            if !percentage.is_null() {
                spec.insert("targetCPUUtilizationPercentage".into(), percentage.clone());
            }
        }
        spec.remove("behavior");
    }
    if let Some(status) = map.get_mut("status").and_then(Value::as_object_mut) {
        status.remove("currentMetrics");
        status.remove("conditions");
        status.entry("currentReplicas").or_insert_with(|| 0.into());
    }
}

fn autoscaler_to_v2(map: &mut Map<String, Value>) {
    let Some(spec) = map.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let percentage = spec.remove("targetCPUUtilizationPercentage").unwrap_or_else(|| 80.into());
    spec.insert(
        "metrics".into(),
        json!([{"type": "Resource", "resource": {"name": "cpu",
                "target": {"type": "Utilization", "averageUtilization": percentage}}}]),
    );
}
