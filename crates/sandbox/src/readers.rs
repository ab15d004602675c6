//! What is read of foreign texts, reachable by itself: for fuzzing, which asserts what must hold of any answer.

use serde_json::Value;

use crate::http::{path, protobuf, query};
use crate::selector::{FieldSelector, LabelSelector};

/// Whether a map of labels meets a selector such as `app=web,tier in (a,b),!canary`.
///
/// # Errors
/// When the selector cannot be read.
pub fn label_selector(text: &str, labels: &Value) -> Result<bool, String> {
    let selector = LabelSelector::parse(text).map_err(|error| error.message)?;
    Ok(selector.matches_labels(labels))
}

/// Reads a field selector such as `metadata.name=x` of a kind that is selected by `fields`, too; answers whether it
/// selects everything.
///
/// # Errors
/// When the selector cannot be read, or names another field.
pub fn field_selector(text: &str, fields: &[&str]) -> Result<bool, String> {
    let selector =
        FieldSelector::parse(text, |field| fields.contains(&field)).map_err(|error| error.message)?;
    Ok(selector.is_empty())
}

/// Reads a request's path and query string; answers how its path is understood.
///
/// # Errors
/// When a query parameter cannot be read.
pub fn request(path: &str, query: &str) -> Result<String, String> {
    query::Query::parse(query).map_err(|error| error.message)?;
    Ok(format!("{:?}", path::parse(path)))
}

/// Reads a body in Kubernetes' protobuf encoding.
///
/// # Errors
/// When it is none, or of a kind that is not known.
pub fn protobuf(body: &[u8]) -> Result<Value, String> {
    protobuf::read(body).map_err(|error| error.message)
}
