//! Who owns which field: `metadata.managedFields`, and server-side apply.

use serde_json::Value;

use crate::engine::WriteOptions;
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult};

/// Notes that the options' manager made `value` of `old`.
pub(crate) fn track(_kind: &Kind, _old: &Value, _value: &mut Value, _options: &WriteOptions) {}

/// Merges an applied configuration into the current object.
pub(crate) fn apply(
    _kind: &Kind,
    _current: &Value,
    _applied: &Value,
    _options: &WriteOptions,
) -> ApiResult<Value> {
    Err(ApiError::not_in_sandbox("server-side apply"))
}

/// True when a write would change nothing but the times of managed fields.
pub(crate) fn same_content(old: &Value, new: &Value) -> bool {
    old == new
}
