//! Removes the fields that a schema does not know, as the API server does before it stores an object.

use serde_json::Value;

use super::{Additional, Schema, Type};

/// Removes unknown fields and answers their dotted paths, such as `spec.template.colour` or `spec.ports[1].foo`.
pub fn prune(value: &mut Value, schema: Schema<'_>) -> Vec<String> {
    let mut removed = Vec::new();
    walk(value, schema, &mut String::new(), &mut removed);
    removed
}

fn walk(value: &mut Value, schema: Schema<'_>, path: &mut String, removed: &mut Vec<String>) {
    let length = path.len();
    match value {
        Value::Object(map) => {
            let node = schema.node();
            let closed = node.kind == Type::Object
                && node.additional == Additional::None
                && !node.preserve_unknown_fields;
            map.retain(|name, entry| {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                let keep = match schema.field(name) {
                    Some(field) => {
                        walk(entry, field, path, removed);
                        true
                    }
                    None if closed => {
                        removed.push(path.clone());
                        false
                    }
                    None => true,
                };
                path.truncate(length);
                keep
            });
        }
        Value::Array(list) => {
            let Some(items) = schema.items() else { return };
            for (index, item) in list.iter_mut().enumerate() {
                path.push_str(&format!("[{index}]"));
                walk(item, items, path, removed);
                path.truncate(length);
            }
        }
        _ => {}
    }
}
