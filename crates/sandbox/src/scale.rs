//! The scale subresource: any scalable object seen as an `autoscaling/v1` `Scale`.

use serde_json::{Map, Value, json};

use crate::crd::ScalePaths;
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult};

/// Where a kind keeps its replicas.
pub(crate) fn paths(kind: &Kind) -> Option<ScalePaths> {
    match &kind.custom {
        Some(custom) => custom.scale.clone(),
        None => kind.subresource("scale").map(|_| ScalePaths {
            spec: ".spec.replicas".into(),
            status: ".status.replicas".into(),
            selector: None,
        }),
    }
}

/// The `Scale` of an object.
pub(crate) fn of(object: &Value, paths: &ScalePaths) -> Value {
    let mut metadata = Map::new();
    for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object["metadata"].get(name) {
            metadata.insert(name.into(), value.clone());
        }
    }
    let mut spec = Map::new();
    if let Some(replicas) = at(object, &paths.spec).and_then(Value::as_i64).filter(|count| *count != 0) {
        spec.insert("replicas".into(), replicas.into());
    }
    let mut status = Map::new();
    status.insert("replicas".into(), at(object, &paths.status).and_then(Value::as_i64).unwrap_or(0).into());
    let selector = match &paths.selector {
        Some(path) => at(object, path).and_then(Value::as_str).map(str::to_owned),
        None => selector_text(&object["spec"]["selector"]),
    };
    if let Some(selector) = selector.filter(|text| !text.is_empty()) {
        status.insert("selector".into(), selector.into());
    }
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status})
}

/// Applies a patch to a `Scale`.
pub(crate) fn patch(current: &Value, content_type: &str, patch: &Value) -> ApiResult<Value> {
    match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => {
            let operations = crate::typed::json_patch(patch)?;
            object::json_patch::apply(current, &operations, object::json_patch::Options::default())
                .map_err(|error| ApiError::bad_request(error.to_string()))
        }
        "application/merge-patch+json" | "application/strategic-merge-patch+json" => {
            Ok(object::merge_patch::apply(current, patch))
        }
        "application/apply-patch+yaml" => Err(ApiError::not_in_sandbox("server-side apply of a Scale")),
        _ => Err(ApiError::unsupported_media_type(
            "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
        )),
    }
}

/// Writes the number of replicas into the object.
pub(crate) fn set_replicas(object: &mut Value, paths: &ScalePaths, replicas: i64) {
    let mut target = object;
    for step in steps(&paths.spec) {
        if !target.is_object() {
            *target = json!({});
        }
        target = &mut target[step];
    }
    *target = replicas.into();
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|step| !step.is_empty())
}

fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    steps(path).try_fold(object, |value, step| value.get(step))
}

/// A selector in its text form.
pub(crate) fn selector_text(selector: &Value) -> Option<String> {
    let labels = if selector.get("matchLabels").is_some() || selector.get("matchExpressions").is_some() {
        &selector["matchLabels"]
    } else {
        selector
    };
    let mut terms: Vec<String> = labels
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
        let key = expression["key"].as_str().unwrap_or_default();
        let values: Vec<&str> =
            expression["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        match expression["operator"].as_str() {
            Some("In") => terms.push(format!("{key} in ({})", values.join(","))),
            Some("NotIn") => terms.push(format!("{key} notin ({})", values.join(","))),
            Some("Exists") => terms.push(key.to_owned()),
            Some("DoesNotExist") => terms.push(format!("!{key}")),
            _ => {}
        }
    }
    Some(terms.join(","))
}
