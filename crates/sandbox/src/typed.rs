//! The types of kinds: what crate `object` knows of a kind's schema, applied to requests. Built-in kinds use its
//! table, custom kinds the schema of their definition.

use object::json_patch::{self, Operation};
use serde_json::Value;

use crate::http::query::FieldValidation;
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult, FieldError};

/// Reads the operations of a JSON patch.
pub(crate) fn json_patch(patch: &Value) -> ApiResult<Vec<Operation>> {
    json_patch::parse(patch).map_err(|error| ApiError::bad_request(error.to_string()))
}

/// Applies a JSON patch to an object.
pub(crate) fn apply_json_patch(
    _kind: &Kind,
    _name: &str,
    current: &Value,
    operations: &[Operation],
) -> ApiResult<Value> {
    json_patch::apply(current, operations, json_patch::Options::default())
        .map_err(|error| ApiError::bad_request(error.to_string()))
}

/// Applies a strategic merge patch to an object of a built-in kind.
pub(crate) fn strategic_merge(_kind: &Kind, current: &Value, patch: &Value) -> ApiResult<Value> {
    Ok(object::merge_patch::apply(current, patch))
}

/// Unknown fields, as the field validation asks: an error, warnings or nothing.
pub(crate) fn check_fields(
    _kind: &Kind,
    _value: &Value,
    _validation: FieldValidation,
) -> ApiResult<Vec<String>> {
    Ok(Vec::new())
}

/// The same for an applied configuration, which must always fit its schema.
pub(crate) fn check_applied_fields(
    kind: &Kind,
    value: &Value,
    validation: FieldValidation,
) -> ApiResult<Vec<String>> {
    check_fields(kind, value, validation)
}

/// Removes unknown fields.
pub(crate) fn prune(_kind: &Kind, _value: &mut Value) {}

/// Checks an object against its schema.
pub(crate) fn validate(_kind: &Kind, _value: &Value) -> Vec<FieldError> {
    Vec::new()
}

/// Reads a YAML body.
pub(crate) fn parse_yaml(_body: &[u8]) -> ApiResult<Value> {
    Err(ApiError::unsupported_media_type("application/json"))
}
