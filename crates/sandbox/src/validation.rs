//! Rules for objects beyond their schema.

use serde_json::Value;

use crate::kinds::Kind;
use crate::status::FieldError;

/// Rules of metadata.
pub(crate) fn metadata(_kind: &Kind, value: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    if value["metadata"]["name"].as_str().unwrap_or_default().is_empty() {
        return vec![FieldError::required("metadata.name", "name or generateName is required")];
    }
    Vec::new()
}

/// Rules of a kind.
pub(crate) fn object(_kind: &Kind, _value: &Value, _old: Option<&Value>) -> Vec<FieldError> {
    Vec::new()
}

/// What is allowed but worth a warning.
pub(crate) fn warnings(_kind: &Kind, _value: &Value) -> Vec<String> {
    Vec::new()
}
