//! Rules of CustomResourceDefinitions.

use serde_json::Value;

use crate::status::FieldError;

pub(super) fn definition(value: &Value) -> Vec<FieldError> {
    let spec = &value["spec"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (group, plural) = (text(&spec["group"]), text(&spec["names"]["plural"]));
    let mut errors = Vec::new();
    if value["metadata"]["name"] != format!("{plural}.{group}") {
        errors.push(FieldError::invalid(
            "metadata.name",
            &value["metadata"]["name"],
            "must be spec.names.plural+\".\"+spec.group",
        ));
    }
    for (field, present) in [("spec.group", !group.is_empty()), ("spec.names.plural", !plural.is_empty())] {
        if !present {
            errors.push(FieldError::required(field, ""));
        }
    }
    if text(&spec["names"]["kind"]).is_empty() {
        errors.push(FieldError::required("spec.names.kind", ""));
    }
    if !matches!(spec["scope"].as_str(), Some("Namespaced" | "Cluster")) {
        let supported = ["Cluster", "Namespaced"];
        errors.push(FieldError::unsupported("spec.scope", &Value::from(text(&spec["scope"])), &supported));
    }
    let versions = spec["versions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let stored = versions.iter().filter(|version| version["storage"] == true).count();
    if stored != 1 {
        let detail = "must have exactly one version marked as storage version";
        errors.push(FieldError::invalid("spec.versions", &spec["versions"], detail));
    }
    for (index, version) in versions.iter().enumerate() {
        if version["schema"]["openAPIV3Schema"].is_null() {
            let path = format!("spec.versions[{index}].schema.openAPIV3Schema");
            errors.push(FieldError::required(path, ""));
        }
    }
    errors
}
