//! Rewrites values as the kind's own type would write them: canonical quantities and times, and no empty values where
//! the type cannot tell them from absent ones. Nothing is added.

use base64::Engine;
use object::Object;
use object::schema::{Schema, Type, canonical_scalars, prune, validate};
use serde_json::{Map, Value};

use crate::schemas::typed_schema;

/// Rewrites a built-in object. An object with a field that its type does not know, or a value that it cannot hold, is
/// left as it is.
pub(crate) fn remarshal(object: &mut Object) {
    let Some(schema) = typed_schema(&object.gvk()) else { return };
    let mut value = object.as_value().clone();
    if remarshal_type(&mut value, schema)
        && let Ok(rewritten) = Object::from_value(value)
    {
        *object = rewritten;
    }
}

/// Rewrites a value of a type; `false` when it does not fit, in which case the value may be half rewritten.
pub(crate) fn remarshal_type(value: &mut Value, schema: Schema<'_>) -> bool {
    let known = prune(&mut value.clone(), schema).is_empty();
    known && decodes(value, schema) && canonical_scalars(value, schema) && {
        drop_empty(value, schema);
        true
    }
}

/// Whether the type could hold the value. Rules beyond JSON types are not looked at: decoding does not know them.
fn decodes(value: &Value, schema: Schema<'_>) -> bool {
    let node = schema.node();
    match (node.kind, value) {
        (_, Value::Null) => true,
        (Type::Object, Value::Object(map)) => {
            map.iter().all(|(name, value)| schema.field(name).is_none_or(|field| decodes(value, field)))
        }
        (Type::Array, Value::Array(list)) => {
            schema.items().is_none_or(|items| list.iter().all(|item| decodes(item, items)))
        }
        (Type::String, Value::String(text)) if node.format == "byte" => {
            let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
            base64::engine::general_purpose::STANDARD.decode(text).is_ok()
        }
        (Type::String, Value::String(_))
        | (Type::Boolean, Value::Bool(_))
        | (Type::Number, Value::Number(_)) => true,
        (Type::Integer, Value::Number(number)) => match node.format.as_str() {
            "int32" => number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            _ => number.is_i64(),
        },
        (Type::Quantity, Value::String(_) | Value::Number(_)) => true,
        (Type::IntOrString, value) => value.is_string() || value.is_i64(),
        (Type::Any, _) => true,
        // A type without rules of its own; `validate` knows nothing more either.
        _ => validate(value, schema).is_empty(),
    }
}

/// Drops what Go's encoder leaves out. Whether a zero is left out depends on the field: pointers can hold one.
fn drop_empty(value: &mut Value, schema: Schema<'_>) {
    match value {
        Value::Object(map) => {
            map.retain(|name, value| {
                let Some(field) = schema.field(name) else { return true };
                if schema.is_map() {
                    return true;
                }
                drop_empty(value, field);
                schema.requires(name) || field.node().always_written || !is_left_out(value, field)
            });
            if schema.is_map() {
                keep_entries(map, schema);
            }
        }
        Value::Array(list) => {
            let Some(items) = schema.items() else { return };
            list.iter_mut().for_each(|item| drop_empty(item, items));
        }
        Value::String(text) if schema.node().format == "byte" => text.retain(|c| !matches!(c, '\r' | '\n')),
        _ => {}
    }
}

fn keep_entries(map: &mut Map<String, Value>, schema: Schema<'_>) {
    for (name, value) in map.iter_mut() {
        if let Some(field) = schema.field(name) {
            drop_empty(value, field);
        }
    }
}

fn is_left_out(value: &Value, schema: Schema<'_>) -> bool {
    let node = schema.node();
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty() && schema.is_map() && !node.preserve_unknown_fields,
        Value::Bool(flag) => !flag && !node.pointer,
        Value::String(text) => text.is_empty() && !node.pointer && node.kind == Type::String,
        Value::Number(number) => {
            number.as_f64() == Some(0.0) && !node.pointer && matches!(node.kind, Type::Integer | Type::Number)
        }
    }
}
