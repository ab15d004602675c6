//! Rules of Pods, what makes Pods, and Services: what must be there, what must agree, what may never change.

use serde_json::Value;

use super::names::container_name_problem;
use crate::kinds::Kind;
use crate::selector::LabelSelector;
use crate::status::FieldError;

pub(super) fn pod(value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = pod_spec(&value["spec"], "spec");
    if let Some(old) = old
        && fixed_part(&old["spec"]) != fixed_part(&value["spec"])
    {
        errors.push(FieldError::forbidden(
            "spec",
            "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
        ));
    }
    errors
}

/// A Pod's spec without what may change.
fn fixed_part(spec: &Value) -> Value {
    let mut spec = spec.clone();
    if let Some(map) = spec.as_object_mut() {
        for field in [
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
            "nodeName",
            "ephemeralContainers",
            "schedulingGates",
        ] {
            map.remove(field);
        }
    }
    for list in ["containers", "initContainers"] {
        for container in spec[list].as_array_mut().into_iter().flatten() {
            if let Some(map) = container.as_object_mut() {
                map.remove("image");
                map.remove("resources");
            }
        }
    }
    spec
}

fn pod_spec(spec: &Value, path: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let containers = spec["containers"].as_array().map(Vec::as_slice).unwrap_or_default();
    if containers.is_empty() {
        errors.push(FieldError::required(format!("{path}.containers"), ""));
    }
    for list in ["containers", "initContainers"] {
        let mut names: Vec<&str> = Vec::new();
        for (index, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let at = format!("{path}.{list}[{index}]");
            let name = container["name"].as_str().unwrap_or_default();
            if name.is_empty() {
                errors.push(FieldError::required(format!("{at}.name"), ""));
            } else if let Some(problem) = container_name_problem(name) {
                errors.push(FieldError::invalid(format!("{at}.name"), &container["name"], problem));
            } else if names.contains(&name) {
                errors.push(FieldError::duplicate(format!("{at}.name"), &container["name"]));
            }
            names.push(name);
            if container["image"].as_str().unwrap_or_default().is_empty() && path == "spec" {
                errors.push(FieldError::required(format!("{at}.image"), ""));
            }
        }
    }
    errors
}

/// Deployments, ReplicaSets, StatefulSets and DaemonSets.
pub(super) fn controller(kind: &Kind, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &value["spec"];
    let selector = &spec["selector"];
    if let Some(replicas) = spec["replicas"].as_i64()
        && replicas < 0
    {
        let detail = "must be greater than or equal to 0";
        errors.push(FieldError::invalid("spec.replicas", &spec["replicas"], detail));
    }
    if selector.is_null() {
        errors.push(FieldError::required("spec.selector", ""));
    } else if LabelSelector::from_value(selector).is_empty() {
        errors.push(FieldError::invalid(
            "spec.selector",
            &serde_json::json!({}),
            "empty selector is invalid for deployment",
        ));
    }
    let labels = &spec["template"]["metadata"]["labels"];
    if !LabelSelector::from_value(selector).matches_labels(labels) || selector.is_null() {
        let shown = if labels.is_null() { Value::Null } else { labels.clone() };
        let detail = "`selector` does not match template `labels`";
        errors.push(FieldError::invalid("spec.template.metadata.labels", &shown, detail));
    }
    errors.extend(pod_spec(&spec["template"]["spec"], "spec.template.spec"));
    let policy = spec["template"]["spec"]["restartPolicy"].as_str().unwrap_or("Always");
    if policy != "Always" {
        let path = "spec.template.spec.restartPolicy";
        errors.push(FieldError::unsupported(path, &Value::from(policy), &["Always"]));
    }
    if let Some(old) = old {
        if kind.kind == "StatefulSet" {
            if let Some(error) = fixed_stateful_set(spec, &old["spec"]) {
                errors.push(error);
            }
        } else if old["spec"]["selector"] != *selector {
            errors.push(FieldError::invalid("spec.selector", selector, "field is immutable"));
        }
    }
    errors
}

fn fixed_stateful_set(spec: &Value, old: &Value) -> Option<FieldError> {
    let fixed = ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"];
    fixed.iter().any(|field| spec[*field] != old[*field]).then(|| {
        FieldError::forbidden(
            "spec",
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
        )
    })
}

pub(super) fn job(value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = pod_spec(&value["spec"]["template"]["spec"], "spec.template.spec");
    let policy = value["spec"]["template"]["spec"]["restartPolicy"].as_str().unwrap_or("Always");
    if !matches!(policy, "OnFailure" | "Never") {
        let path = "spec.template.spec.restartPolicy";
        errors.push(if policy == "Always" {
            FieldError::required(path, "valid values: \"OnFailure\", \"Never\"")
        } else {
            FieldError::unsupported(path, &Value::from(policy), &["OnFailure", "Never"])
        });
    }
    if let Some(old) = old {
        for field in ["template", "selector", "completionMode"] {
            if old["spec"][field] != value["spec"][field] {
                errors.push(FieldError::invalid(
                    format!("spec.{field}"),
                    &value["spec"][field],
                    "field is immutable",
                ));
            }
        }
    }
    errors
}

pub(super) fn service(value: &Value) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let spec = &value["spec"];
    let ports = spec["ports"].as_array().map(Vec::as_slice).unwrap_or_default();
    if ports.is_empty() && spec["type"] != "ExternalName" && spec["clusterIP"] != "None" {
        errors.push(FieldError::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let number = port["port"].as_i64().unwrap_or(0);
        if !(1..=65_535).contains(&number) {
            let detail = "must be between 1 and 65535, inclusive";
            errors.push(FieldError::invalid(format!("spec.ports[{index}].port"), &number.into(), detail));
        }
        if let Some(target) = port["targetPort"].as_i64().filter(|target| !(1..=65_535).contains(target)) {
            let detail = "must be between 1 and 65535, inclusive";
            errors.push(FieldError::invalid(
                format!("spec.ports[{index}].targetPort"),
                &target.into(),
                detail,
            ));
        }
        if ports.len() > 1 && port["name"].as_str().unwrap_or_default().is_empty() {
            errors.push(FieldError::required(format!("spec.ports[{index}].name"), ""));
        }
    }
    errors
}
