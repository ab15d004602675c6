//! Fills in the defaults that a schema declares, as the API server does for custom resources. The computed defaults of
//! built-in kinds are in `crate::defaults`.

use serde_json::Value;

use super::Schema;

/// Sets every absent field that has a default, and every null field that is not nullable and has one.
pub fn fill_defaults(value: &mut Value, schema: Schema<'_>) {
    match value {
        Value::Object(map) => {
            for (name, field) in schema.fields() {
                let Some(default) = &field.node().default else { continue };
                let missing = match map.get(name) {
                    None => true,
                    Some(Value::Null) => !field.node().nullable,
                    Some(_) => false,
                };
                if missing {
                    map.insert(name.to_owned(), default.clone());
                }
            }
            for (name, entry) in map.iter_mut() {
                if let Some(field) = schema.field(name) {
                    fill_defaults(entry, field);
                }
            }
        }
        Value::Array(list) => {
            let Some(items) = schema.items() else { return };
            for item in list {
                if item.is_null()
                    && !items.node().nullable
                    && let Some(default) = &items.node().default
                {
                    *item = default.clone();
                }
                fill_defaults(item, items);
            }
        }
        _ => {}
    }
}
