//! Defaults of objects.

use serde_json::Value;

use crate::kinds::Kind;

/// Fills in what a kind's defaults say.
pub(crate) fn apply(_kind: &Kind, _value: &mut Value) {}
