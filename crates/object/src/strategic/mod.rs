//! Strategic merge patch: Kubernetes' patch format for kinds whose schema is known, in which lists are merged by the key
//! of their items.
//!
//! `apply.rs` applies and combines patches, `create.rs` makes them, `order.rs` decides where list items go. Fields that
//! the schema does not know merge as a JSON merge patch would do it: maps entry by entry, lists as a whole.
//!
//! Directives: `$patch` (`replace`, `delete`, `merge`), `$retainKeys`, `$deleteFromPrimitiveList/<field>`,
//! `$setElementOrder/<field>`.

mod apply;
mod create;
mod order;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::Error;
use crate::schema::Schema;

pub(crate) const PATCH: &str = "$patch";
pub(crate) const RETAIN_KEYS: &str = "$retainKeys";
pub(crate) const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
pub(crate) const SET_ORDER: &str = "$setElementOrder/";

/// Applies a strategic merge patch.
pub fn apply(document: &Value, patch: &Value, schema: Option<Schema<'_>>) -> Result<Value, Error> {
    let result =
        apply::merge_map(map_of(document)?.clone(), map_of(patch)?.clone(), schema, apply::Mode::Apply, "")?;
    Ok(Value::Object(result))
}

/// The patch that turns `original` into `modified`; an empty map when they are equal.
pub fn create_two_way(
    original: &Value,
    modified: &Value,
    schema: Option<Schema<'_>>,
) -> Result<Value, Error> {
    let wanted = create::Wanted { changes: true, deletions: true, order: true };
    Ok(Value::Object(create::difference(map_of(original)?, map_of(modified)?, schema, wanted, false, "")?))
}

/// The patch for `current` that makes it carry what `modified` says and lose what `original` had and `modified` has
/// not; what only `current` has stays. Changes that others made to the same fields are overwritten.
pub fn create_three_way(
    original: &Value,
    modified: &Value,
    current: &Value,
    schema: Option<Schema<'_>>,
) -> Result<Value, Error> {
    let (original, modified, current) = (map_of(original)?, map_of(modified)?, map_of(current)?);
    let changes = create::Wanted { changes: true, deletions: false, order: true };
    let deletions = create::Wanted { changes: false, deletions: true, order: true };
    let delta = create::difference(current, modified, schema, changes, false, "")?;
    let removed = create::difference(original, modified, schema, deletions, false, "")?;
    Ok(Value::Object(apply::merge_map(removed, delta, schema, apply::Mode::Combine, "")?))
}

fn map_of(value: &Value) -> Result<&Map<String, Value>, Error> {
    value.as_object().ok_or_else(|| Error::NotAnObject { found: crate::kind_of(value) })
}

/// The identity of a list item: the value of its merge key, or the scalar itself.
fn identity(item: &Value, merge_key: &str) -> Option<String> {
    match item {
        Value::Object(map) => map.get(merge_key).map(Value::to_string),
        scalar => Some(scalar.to_string()),
    }
}

fn fail(path: &str, reason: impl Into<String>) -> Error {
    Error::Strategic {
        path: if path.is_empty() { ".".to_owned() } else { path.to_owned() },
        reason: reason.into(),
    }
}
