//! Rules for objects beyond their schema: names and labels of everything (`names.rs`), and the rules of kinds whose
//! breach users meet most. Everything else a real API server would refuse is accepted here.

mod definitions;
mod names;
mod workloads;

use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::status::FieldError;

/// Rules of metadata.
pub(crate) fn metadata(kind: &Kind, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let metadata = &value["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else if old.is_none()
        && let Some(problem) = names::name_problem(kind, name)
    {
        errors.push(FieldError::invalid("metadata.name", &metadata["name"], problem));
    }
    for (key, label) in metadata["labels"].as_object().into_iter().flatten() {
        if let Some(problem) = names::label_key_problem(key) {
            errors.push(FieldError::invalid("metadata.labels", &Value::from(key.as_str()), &problem));
        }
        if let Some(problem) = label.as_str().and_then(names::label_value_problem) {
            errors.push(FieldError::invalid("metadata.labels", label, &problem));
        }
    }
    for key in metadata["annotations"].as_object().into_iter().flatten().map(|(key, _)| key) {
        if let Some(problem) = names::label_key_problem(&key.to_lowercase()) {
            errors.push(FieldError::invalid("metadata.annotations", &Value::from(key.as_str()), &problem));
        }
    }
    for (index, owner) in metadata["ownerReferences"].as_array().into_iter().flatten().enumerate() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if owner[field].as_str().unwrap_or_default().is_empty() {
                let path = format!("metadata.ownerReferences[{index}].{field}");
                errors.push(FieldError::invalid(path, &Value::from(""), "must not be empty"));
            }
        }
    }
    if let Some(error) = old.and_then(|old| new_finalizers(metadata, &old["metadata"])) {
        // A real API server checks built-in kinds twice, and says so twice.
        errors.extend((kind.custom.is_none()).then(|| error.clone()));
        errors.push(error);
    }
    errors
}

/// Nothing may newly hold an object that is being deleted.
fn new_finalizers(metadata: &Value, old: &Value) -> Option<FieldError> {
    old.get("deletionTimestamp")?;
    let known = old["finalizers"].as_array().cloned().unwrap_or_default();
    let added: Vec<&str> = metadata["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|finalizer| !known.contains(finalizer))
        .filter_map(Value::as_str)
        // The API itself adds these for a propagation policy.
        .filter(|name| !matches!(*name, "foregroundDeletion" | "orphan"))
        .collect();
    if added.is_empty() {
        return None;
    }
    let list: Vec<String> = added.iter().map(|name| format!("{name:?}")).collect();
    Some(FieldError::forbidden(
        "metadata.finalizers",
        &format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            list.join(", ")
        ),
    ))
}

/// Rules of a kind.
pub(crate) fn object(kind: &Kind, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
    match kind.collection.as_ref() {
        "/configmaps" | "/secrets" => {
            let mut errors = names::data_keys(value);
            errors.extend(old.into_iter().flat_map(|old| immutable_data(value, old)));
            errors
        }
        "/pods" => workloads::pod(value, old),
        "/services" => workloads::service(value),
        "apps/deployments" | "apps/replicasets" | "apps/statefulsets" | "apps/daemonsets" => {
            workloads::controller(kind, value, old)
        }
        "batch/jobs" => workloads::job(value, old),
        "apiextensions.k8s.io/customresourcedefinitions" => definitions::definition(value),
        "rbac.authorization.k8s.io/rolebindings" | "rbac.authorization.k8s.io/clusterrolebindings" => {
            match old {
                Some(old) if old["roleRef"] != value["roleRef"] => {
                    // The real API server shows its internal type here.
                    let role = &value["roleRef"];
                    let shown =
                        json!({"APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"]});
                    vec![FieldError::invalid("roleRef", &shown, "cannot change roleRef")]
                }
                _ => Vec::new(),
            }
        }
        _ => Vec::new(),
    }
}

fn immutable_data(value: &Value, old: &Value) -> Vec<FieldError> {
    if old["immutable"] != true {
        return Vec::new();
    }
    let mut errors = Vec::new();
    if value["immutable"] != true {
        errors.push(FieldError::forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for field in ["data", "binaryData"] {
        if value[field] != old[field] {
            errors.push(FieldError::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
    errors
}

/// What is allowed but worth a warning.
pub(crate) fn warnings(kind: &Kind, value: &Value) -> Vec<String> {
    if kind.collection.as_ref() == "/endpoints" && !value.is_null() {
        return vec!["v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice".into()];
    }
    Vec::new()
}
