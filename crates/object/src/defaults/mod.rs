//! The defaults that the API server fills into built-in kinds.
//!
//! Published schemas declare only some of them, so the others are here: constants per type in `constants.rs`, the ones
//! that depend on other fields in `computed.rs`. Types are those of the built-in table, so that a rule for `PodSpec`
//! serves pods, templates and everything else that has one. Defaults of custom resources come from their own schema
//! ([`crate::schema::fill_defaults`]).
//!
//! Deliberately absent: what controllers and admission write later (cluster IPs, service accounts, tolerations), times,
//! and the zero values that Go's encoder adds to the server's answers.

mod computed;
mod constants;

use serde_json::{Map, Value};

use crate::Object;
use crate::schema::{Schema, builtin};

pub(crate) use constants::{Constant, Presence};

/// Fills in an object's defaults if its kind is built-in; answers whether it is.
pub fn fill_builtin_defaults(object: &mut Object) -> bool {
    let Some(schema) = builtin().kind(&object.gvk()) else { return false };
    for path in
        constants::ROOTS.iter().filter(|(name, _)| *name == schema.node().name).flat_map(|(_, paths)| *paths)
    {
        ensure_map(object, path);
    }
    fill_map(object.as_map_mut(), schema);
    true
}

/// Fills in the defaults of a part of an object, such as a `PodSpec`.
pub fn fill_type_defaults(value: &mut Value, schema: Schema<'_>) {
    match value {
        Value::Object(map) => fill_map(map, schema),
        Value::Array(list) => {
            let Some(items) = schema.items() else { return };
            for item in list {
                fill_type_defaults(item, items);
            }
        }
        _ => {}
    }
}

fn fill_map(map: &mut Map<String, Value>, schema: Schema<'_>) {
    let name = schema.node().name.strip_prefix("io.k8s.").unwrap_or_default();
    if !name.is_empty() {
        for (field, presence, constant) in constants::of(name) {
            set_missing(map, field, *presence, *constant);
        }
        computed::fill(name, map);
        for (field, schema) in schema.fields() {
            let Some(default) = &schema.node().default else { continue };
            if map.get(field).is_none_or(is_zero) {
                map.insert(field.to_owned(), default.clone());
            }
        }
    }
    for (field, value) in map.iter_mut() {
        if let Some(schema) = schema.field(field) {
            fill_type_defaults(value, schema);
        }
    }
}

pub(crate) fn set_missing(map: &mut Map<String, Value>, field: &str, presence: Presence, constant: Constant) {
    let missing = match (map.get(field), presence) {
        (None | Some(Value::Null), _) => true,
        (Some(value), Presence::Zero) => is_zero(value),
        (Some(_), Presence::Absent) => false,
    };
    if missing {
        map.insert(field.to_owned(), constant.to_value());
    }
}

/// Whether Go's types could not tell the value from an absent one.
pub(crate) fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        _ => false,
    }
}

/// Structures that Go has by value: the server fills in their defaults even if the manifest leaves them out.
fn ensure_map(object: &mut Object, path: &[&str]) {
    if object.get(path).is_none_or(Value::is_null) {
        object.set(path, Value::Object(Map::new()));
    }
}
