//! Fields of custom resources that hold a value of a built-in type (`knownTypeFields`).

use object::schema::{Schema, Type, builtin};
use object::{Duration, Quantity};
use serde_json::{Map, Value};

use crate::normalize::remarshal_type;

/// A field and the built-in type of its values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KnownTypeField {
    /// Dotted path; lists on the way are entered.
    pub field: String,
    /// Such as `core/v1/PodSpec`, `core/Quantity` or `meta/v1/Duration`. Unknown names mean nothing.
    pub type_name: String,
}

impl KnownTypeField {
    /// Whether the type name means something.
    pub fn is_known(&self) -> bool {
        matches!(self.type_name.as_str(), "core/Quantity" | "meta/v1/Duration" | "core/v1/ResourceList")
            || self.schema().is_some()
    }

    fn schema(&self) -> Option<Schema<'static>> {
        let name = self.type_name.strip_prefix("core/v1/")?;
        builtin().definition(&format!("io.k8s.api.core.v1.{name}"))
    }

    /// Rewrites the field in an object as its type would write it. Values that the type cannot hold stay.
    pub(crate) fn rewrite(&self, object: &mut Value) {
        if self.is_known() {
            let path: Vec<&str> = self.field.split('.').collect();
            self.walk(object, &path);
        }
    }

    fn walk(&self, value: &mut Value, path: &[&str]) {
        match (value, path.split_first()) {
            (Value::Array(list), Some(_)) => list.iter_mut().for_each(|item| self.walk(item, path)),
            (Value::Object(map), Some((field, rest))) => {
                if let Some(value) = map.get_mut(*field) {
                    self.walk(value, rest);
                }
            }
            (Value::Array(list), None) => {
                list.iter_mut().filter(|item| item.is_object()).for_each(|item| self.rewrite_value(item));
            }
            (value, None) => self.rewrite_value(value),
            _ => {}
        }
    }

    fn rewrite_value(&self, value: &mut Value) {
        let quantity = |value: &Value| {
            Quantity::from_value(value).ok().map(|quantity| Value::from(quantity.to_string()))
        };
        match self.type_name.as_str() {
            "core/Quantity" => {
                if let Some(canonical) = quantity(value) {
                    *value = canonical;
                }
            }
            "meta/v1/Duration" => {
                if let Some(duration) = value.as_str().and_then(|text| Duration::parse(text).ok()) {
                    *value = Value::from(duration.to_string());
                }
            }
            "core/v1/ResourceList" => {
                let Some(map) = value.as_object() else { return };
                let rewritten: Option<Map<_, _>> =
                    map.iter().map(|(name, value)| Some((name.clone(), quantity(value)?))).collect();
                if let Some(rewritten) = rewritten {
                    *value = Value::Object(rewritten);
                }
            }
            _ => {
                let Some(schema) = self.schema() else { return };
                let mut rewritten = value.clone();
                if remarshal_type(&mut rewritten, schema) {
                    add_empty_structures(&mut rewritten, schema);
                    *value = rewritten;
                }
            }
        }
    }
}

/// Encoding a type also writes the structures it holds by value.
fn add_empty_structures(value: &mut Value, schema: Schema<'_>) {
    match value {
        Value::Object(map) => {
            for (name, field) in schema.fields() {
                if field.node().by_value && field.node().kind == Type::Object {
                    map.entry(name).or_insert_with(|| field.zero_value());
                }
            }
            for (name, entry) in map.iter_mut() {
                if let Some(field) = schema.field(name) {
                    add_empty_structures(entry, field);
                }
            }
        }
        Value::Array(list) => {
            let Some(items) = schema.items() else { return };
            list.iter_mut().for_each(|item| add_empty_structures(item, items));
        }
        _ => {}
    }
}
