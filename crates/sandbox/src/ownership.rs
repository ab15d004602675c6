//! Who owns which field: `metadata.managedFields` and server-side apply, by crate `object`'s structured merge. Here is
//! only what an API server adds: which fields an endpoint doesn't let a writer own, and how conflicts are told.

use std::sync::LazyLock;

use object::structured::{self, FieldSet, Writer};
use object::{Error, Object};
use serde_json::Value;

use crate::engine::{WriteOptions, now};
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult};
use crate::typed::schema_of;

static NOTHING: LazyLock<FieldSet> = LazyLock::new(FieldSet::new);
static STATUS: LazyLock<FieldSet> = LazyLock::new(|| FieldSet::of_fields(&[&["status"]]));
static ALL_BUT_STATUS: LazyLock<FieldSet> =
    LazyLock::new(|| FieldSet::of_fields(&[&["spec"], &["metadata"]]));
static SPEC: LazyLock<FieldSet> =
    LazyLock::new(|| FieldSet::of_fields(&[&["spec"], &["metadata", "labels"]]));

/// Fields that a write through this endpoint never takes.
fn reset_fields(kind: &Kind, subresource: &str) -> &'static FieldSet {
    match subresource {
        "status" if kind.custom.is_some() => &ALL_BUT_STATUS,
        "status" => &SPEC,
        _ if kind.has_status_subresource() => &STATUS,
        _ => &NOTHING,
    }
}

fn with_writer<T>(kind: &Kind, options: &WriteOptions, act: impl FnOnce(Writer<'_>) -> T) -> T {
    // The scale subresource records no times.
    let time = if options.subresource == "scale" { String::new() } else { now() };
    act(Writer {
        manager: &options.manager,
        subresource: &options.subresource,
        time: &time,
        reset: reset_fields(kind, &options.subresource),
    })
}

/// Notes that the options' manager made `value` of `old` (null for a new object).
pub(crate) fn track(kind: &Kind, old: &Value, value: &mut Value, options: &WriteOptions) {
    let live = Object::from_value(old.clone()).ok();
    let Ok(mut object) = Object::from_value(value.take()) else { return };
    let noted = with_writer(kind, options, |writer| {
        structured::update(live.as_ref(), &mut object, schema_of(kind), writer)
    });
    *value = object.into_value();
    if noted.is_err() {
        // What the writer sent as managedFields can't be read: what was known stays, as in a real API server.
        let known = old["metadata"]["managedFields"].clone();
        if known.is_null() {
            crate::engine::edit_metadata(value, |metadata| metadata.remove("managedFields"));
        } else {
            value["metadata"]["managedFields"] = known;
        }
    }
}

/// Merges an applied configuration into the current object (null for a new one).
pub(crate) fn apply(
    kind: &Kind,
    current: &Value,
    applied: &Value,
    options: &WriteOptions,
) -> ApiResult<Value> {
    let live = Object::from_value(current.clone()).ok();
    let configuration =
        Object::from_value(applied.clone()).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let result = with_writer(kind, options, |writer| {
        structured::apply(live.as_ref(), &configuration, schema_of(kind), writer, options.force)
    });
    match result {
        Ok(applied) => Ok(applied.object.into_value()),
        Err(Error::Conflicts(conflicts)) => {
            let message = Error::Conflicts(conflicts.clone()).to_string();
            let causes: Vec<(String, String)> = conflicts
                .into_iter()
                .map(|conflict| (conflict.field, format!("conflict with {}", conflict.manager)))
                .collect();
            Err(ApiError::apply_conflict(message, &causes))
        }
        Err(error) => Err(ApiError::internal_exact(format!("failed to create typed patch object: {error}"))),
    }
}
