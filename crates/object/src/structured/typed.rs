//! Objects seen through their schema: which paths they have, and which paths two of them differ in.

use serde_json::{Map, Value};

use super::path::PathElement;
use super::set::{FieldSet, has_entries};
use crate::Error;
use crate::schema::{ListKind, Schema, Type};

/// How a value is taken apart.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    /// Not at all.
    Leaf,
    /// Entry by entry.
    Map(Option<Schema<'a>>),
    /// Item by item.
    List(Schema<'a>),
}

/// Whether values of this schema are one field as a whole although they are maps or lists.
pub(super) fn is_atomic(schema: Schema<'_>) -> bool {
    let node = schema.node();
    match node.kind {
        Type::Object => node.atomic,
        Type::Array => node.list == ListKind::Atomic,
        Type::Any => node.atomic,
        _ => false,
    }
}

pub(super) fn shape<'a>(schema: Option<Schema<'a>>, value: &Value) -> Shape<'a> {
    match value {
        Value::Object(_) => match schema {
            Some(schema) if is_atomic(schema) || !matches!(schema.node().kind, Type::Object | Type::Any) => {
                Shape::Leaf
            }
            Some(schema) if schema.node().kind == Type::Any => Shape::Map(None),
            schema => Shape::Map(schema),
        },
        Value::Array(_) => match schema {
            Some(schema) if schema.node().kind == Type::Array && !is_atomic(schema) => Shape::List(schema),
            _ => Shape::Leaf,
        },
        _ => Shape::Leaf,
    }
}

pub(super) fn field<'a>(schema: Option<Schema<'a>>, name: &str) -> Option<Schema<'a>> {
    schema.and_then(|schema| schema.field(name))
}

fn is_named(schema: Option<Schema<'_>>, name: &str) -> bool {
    schema.is_some_and(|schema| schema.node().properties.contains_key(name))
}

/// How a keyed list or a set names one of its items.
pub(super) fn item_element(schema: Schema<'_>, item: &Value) -> Result<PathElement, String> {
    match &schema.node().list {
        ListKind::Map(keys) => {
            let Value::Object(map) = item else {
                return Err("associative list with keys may not have non-map elements".to_owned());
            };
            let mut found: Vec<(&str, &Value)> = Vec::with_capacity(keys.len());
            for key in keys {
                let default = || schema.items()?.field(key)?.node().default.as_ref();
                match map.get(key).or_else(default) {
                    Some(value) => found.push((key, value)),
                    // An item may leave out some of its keys, not all of them.
                    None if keys.len() > 1 => {}
                    None => {
                        return Err(format!(
                            "associative list with keys has an element that omits key field \"{key}\" (and doesn't have default value)"
                        ));
                    }
                }
            }
            if found.is_empty() {
                return Err("associative list with keys has an element that omits all of its keys".to_owned());
            }
            Ok(PathElement::key(found))
        }
        _ => match item {
            Value::Object(_) | Value::Array(_) => Err("a set holds only scalar values".to_owned()),
            Value::Null => {
                Err("associative list without keys has an element that's an explicit null".to_owned())
            }
            scalar => Ok(PathElement::value(scalar)),
        },
    }
}

/// All paths of an object, as if one manager had just applied it.
pub fn field_set(value: &Value, schema: Option<Schema<'_>>) -> FieldSet {
    let mut set = FieldSet::new();
    collect(value, schema, &mut Vec::new(), &mut set);
    set
}

fn collect(value: &Value, schema: Option<Schema<'_>>, path: &mut Vec<PathElement>, set: &mut FieldSet) {
    match (shape(schema, value), value) {
        (Shape::Map(schema), Value::Object(map)) => {
            for (name, entry) in map {
                path.push(PathElement::field(name));
                collect(entry, field(schema, name), path, set);
                let empty = entry.is_null() || entry.as_object().is_some_and(Map::is_empty);
                if empty || !is_named(schema, name) {
                    set.insert(path);
                }
                path.pop();
            }
        }
        (Shape::List(schema), Value::Array(list)) => {
            for item in list {
                let Ok(element) = item_element(schema, item) else { continue };
                path.push(element);
                collect(item, schema.items(), path, set);
                set.insert(path);
                path.pop();
            }
        }
        _ => set.insert(path),
    }
}

/// Checks that an object fits its schema well enough to be applied: known fields, keyed list items that have their keys
/// and are unique. Answers the first problem.
pub(super) fn check(value: &Value, schema: Option<Schema<'_>>) -> Result<(), Error> {
    check_at(value, schema, &mut String::new())
}

fn check_at(value: &Value, schema: Option<Schema<'_>>, path: &mut String) -> Result<(), Error> {
    let length = path.len();
    let fail = |path: &str, reason: String| Err(Error::Shape { path: path.to_owned(), reason });
    if let Some(schema) = schema {
        let expected = match (schema.node().kind, value) {
            (_, Value::Null) => None,
            (Type::Object, other) if !other.is_object() => Some("map"),
            (Type::Array, other) if !other.is_array() => Some("list"),
            (
                Type::String | Type::Boolean | Type::Integer | Type::Number,
                Value::Object(_) | Value::Array(_),
            ) => Some("scalar"),
            _ => None,
        };
        if let Some(expected) = expected {
            return fail(path, format!("expected {expected}, got {}", crate::kind_of(value)));
        }
    }
    match (shape(schema, value), value) {
        (Shape::Map(schema), Value::Object(map)) => {
            for (name, entry) in map {
                path.push('.');
                path.push_str(name);
                if let Some(schema) = schema
                    && schema.field(name).is_none()
                    && !has_entries(schema)
                {
                    return fail(path, "field not declared in schema".to_owned());
                }
                check_at(entry, field(schema, name), path)?;
                path.truncate(length);
            }
        }
        (Shape::List(schema), Value::Array(list)) => {
            let mut seen = std::collections::HashSet::new();
            for (index, item) in list.iter().enumerate() {
                let element = match item_element(schema, item) {
                    Ok(element) => element,
                    Err(reason) => return fail(path, format!("element {index}: {reason}")),
                };
                if !seen.insert(element.clone()) {
                    return fail(path, format!("duplicate entries for key {element}"));
                }
                path.push_str(&element.to_string());
                check_at(item, schema.items(), path)?;
                path.truncate(length);
            }
        }
        _ => {}
    }
    Ok(())
}

/// The paths in which two objects differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Only in the new object.
    pub added: FieldSet,
    /// In both, with different values.
    pub modified: FieldSet,
    /// Only in the old object.
    pub removed: FieldSet,
}

impl Comparison {
    /// Whether the objects are the same.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.modified.is_empty() && self.removed.is_empty()
    }

    /// Without paths at and below the given ones.
    #[must_use]
    pub fn without(self, fields: &FieldSet) -> Self {
        Comparison {
            added: self.added.recursive_difference(fields),
            modified: self.modified.recursive_difference(fields),
            removed: self.removed.recursive_difference(fields),
        }
    }
}

/// Compares two objects path by path.
pub fn compare(old: &Value, new: &Value, schema: Option<Schema<'_>>) -> Comparison {
    let mut comparison = Comparison::default();
    difference(Some(old), Some(new), schema, &mut Vec::new(), &mut comparison);
    comparison
}

fn difference(
    old: Option<&Value>,
    new: Option<&Value>,
    schema: Option<Schema<'_>>,
    path: &mut Vec<PathElement>,
    out: &mut Comparison,
) {
    let Some(example) = new.filter(|value| !value.is_null()).or(old).or(new) else { return };
    let other_type = match (old, new) {
        (Some(old), Some(new)) => !old.is_null() && !new.is_null() && kind(old) != kind(new),
        _ => false,
    };
    let is_empty = |value: Option<&Value>| match value {
        None | Some(Value::Null) => true,
        Some(Value::Object(map)) => map.is_empty(),
        Some(Value::Array(list)) => list.is_empty(),
        Some(_) => false,
    };
    let shape =
        if other_type || (is_empty(old) && is_empty(new)) { Shape::Leaf } else { shape(schema, example) };
    match shape {
        Shape::Leaf => match (old, new) {
            (None, Some(_)) => out.added.insert(path),
            (Some(_), None) => out.removed.insert(path),
            (Some(old), Some(new)) if old != new => out.modified.insert(path),
            _ => {}
        },
        Shape::Map(schema) => {
            let (old_map, new_map) = (old.and_then(Value::as_object), new.and_then(Value::as_object));
            let old_names = old_map.into_iter().flat_map(Map::keys);
            let only_new = new_map
                .into_iter()
                .flat_map(Map::keys)
                .filter(|name| !old_map.is_some_and(|old| old.contains_key(*name)));
            for name in old_names.chain(only_new) {
                path.push(PathElement::field(name));
                let (old, new) =
                    (old_map.and_then(|map| map.get(name)), new_map.and_then(|map| map.get(name)));
                difference(old, new, field(schema, name), path, out);
                path.pop();
            }
            container(old, new, path, out);
        }
        Shape::List(schema) => {
            let (old_items, new_items) = (grouped(old, schema), grouped(new, schema));
            let only_new = new_items.keys().filter(|element| !old_items.contains_key(*element));
            for element in old_items.keys().chain(only_new) {
                path.push(element.clone());
                match (old_items.get(element).map(Vec::as_slice), new_items.get(element).map(Vec::as_slice)) {
                    (Some([old]), Some([new])) => difference(Some(old), Some(new), schema.items(), path, out),
                    (Some([old]), None) => difference(Some(old), None, schema.items(), path, out),
                    (None, Some([new])) => difference(None, Some(new), schema.items(), path, out),
                    // Duplicates cannot be told apart, so they are compared as one.
                    (None, Some(_)) => out.added.insert(path),
                    (Some(_), None) => out.removed.insert(path),
                    (Some(old), Some(new)) if old != new => out.modified.insert(path),
                    _ => {}
                }
                path.pop();
            }
            container(old, new, path, out);
        }
    }
}

/// A container that is on one side only is itself added or removed.
fn container(old: Option<&Value>, new: Option<&Value>, path: &[PathElement], out: &mut Comparison) {
    match (old, new) {
        (None, Some(_)) => out.added.insert(path),
        (Some(_), None) => out.removed.insert(path),
        _ => {}
    }
}

type Grouped<'v> = std::collections::BTreeMap<PathElement, Vec<&'v Value>>;

fn grouped<'v>(list: Option<&'v Value>, schema: Schema<'_>) -> Grouped<'v> {
    let mut groups = Grouped::new();
    for item in list.and_then(Value::as_array).into_iter().flatten() {
        if let Ok(element) = item_element(schema, item) {
            groups.entry(element).or_default().push(item);
        }
    }
    groups
}

fn kind(value: &Value) -> u8 {
    match value {
        Value::Object(_) => 1,
        Value::Array(_) => 2,
        _ => 0,
    }
}
