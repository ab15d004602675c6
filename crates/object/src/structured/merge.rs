//! Merges an applied configuration into a live object, and removes or extracts paths.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::path::PathElement;
use super::set::FieldSet;
use super::typed::{Shape, field, item_element, shape};
use crate::schema::Schema;

/// The live value with everything that the applied one says.
pub fn merge(live: &Value, applied: &Value, schema: Option<Schema<'_>>) -> Value {
    match (shape(schema, applied), live, applied) {
        (Shape::Map(schema), Value::Object(live), Value::Object(applied)) => {
            let mut merged = live.clone();
            for (name, value) in applied {
                let value = match live.get(name) {
                    Some(existing) => merge(existing, value, field(schema, name)),
                    None => value.clone(),
                };
                merged.insert(name.clone(), value);
            }
            Value::Object(merged)
        }
        (Shape::List(schema), Value::Array(live), Value::Array(applied)) => {
            Value::Array(merge_list(live, applied, schema))
        }
        // Nothing is said about the entries of a map or list that is given as null.
        (_, live, Value::Null) if !matches!(shape(schema, live), Shape::Leaf) && !is_empty(live) => {
            live.clone()
        }
        _ => applied.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// The applied order decides. An item that only the live list has stays before the items that follow it there, as far as
/// the applied order allows.
fn merge_list(live: &[Value], applied: &[Value], schema: Schema<'_>) -> Vec<Value> {
    let element = |item: &Value| item_element(schema, item).ok();
    let live_elements: Vec<Option<PathElement>> = live.iter().map(element).collect();
    let applied_elements: Vec<Option<PathElement>> = applied.iter().map(element).collect();
    let mut live_by_element: HashMap<&PathElement, Option<&Value>> = HashMap::new();
    for (element, item) in live_elements.iter().zip(live) {
        // Of several items with one name none is merged with.
        let Some(element) = element else { continue };
        live_by_element.entry(element).and_modify(|known| *known = None).or_insert(Some(item));
    }
    let in_applied: std::collections::HashSet<&PathElement> = applied_elements.iter().flatten().collect();
    let merged_item = |index: usize| {
        let existing = applied_elements[index]
            .as_ref()
            .and_then(|element| live_by_element.get(element).copied().flatten());
        existing.map_or_else(
            || applied[index].clone(),
            |existing| merge(existing, &applied[index], schema.items()),
        )
    };
    // The applied items that live has as well, in applied order: each is a point where the two lists meet.
    let mut meeting_points =
        applied_elements.iter().flatten().filter(|element| live_by_element.contains_key(element));
    let mut next_meeting = meeting_points.next();
    let mut merged = Vec::with_capacity(live.len().max(applied.len()));
    let (mut live_index, mut applied_index) = (0, 0);
    let mut done: std::collections::HashSet<&PathElement> = std::collections::HashSet::new();
    while live_index < live.len() || applied_index < applied.len() {
        if let Some(live_element) = live_elements.get(live_index) {
            let Some(live_element) = live_element else {
                merged.push(live[live_index].clone());
                live_index += 1;
                continue;
            };
            if let Some(Some(applied_element)) = applied_elements.get(applied_index) {
                if live_element == applied_element {
                    merged.push(merged_item(applied_index));
                    done.insert(applied_element);
                    live_index += 1;
                    applied_index += 1;
                    next_meeting = meeting_points.next();
                    continue;
                }
                if in_applied.contains(live_element) && next_meeting.is_some_and(|next| next != live_element)
                {
                    live_index += 1;
                    continue;
                }
            }
            if !in_applied.contains(live_element) {
                merged.push(live[live_index].clone());
                live_index += 1;
                continue;
            }
            if done.contains(live_element) || applied_index >= applied.len() {
                live_index += 1;
            }
        }
        if applied_index < applied.len() {
            merged.push(merged_item(applied_index));
            if let Some(element) = &applied_elements[applied_index] {
                done.insert(element);
                if next_meeting == Some(element) {
                    next_meeting = meeting_points.next();
                }
            }
            applied_index += 1;
        }
    }
    merged
}

/// The value without the paths of a set. What is left of a container that becomes empty by it is null, unless it is named
/// too: so the reference does it (structured-merge-diff v6), whose callers drop nulls where a kind's type does.
pub fn remove(value: &Value, paths: &FieldSet, schema: Option<Schema<'_>>) -> Value {
    if paths.children().next().is_none() {
        return value.clone();
    }
    select(value, paths, schema, Keep::Others).unwrap_or_default()
}

/// Only the paths of a set, with the containers and list keys that lead there.
pub fn extract(value: &Value, paths: &FieldSet, schema: Option<Schema<'_>>) -> Value {
    select(value, paths, schema, Keep::Named).unwrap_or_else(|| empty_like(value))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Others,
    Named,
}

impl Keep {
    /// What stands for a container of which nothing is kept.
    fn nothing(self) -> Option<Value> {
        match self {
            Keep::Others => Some(Value::Null),
            Keep::Named => None,
        }
    }
}

fn empty_like(value: &Value) -> Value {
    match value {
        Value::Object(_) => Value::Object(Map::new()),
        Value::Array(_) => Value::Array(Vec::new()),
        _ => Value::Null,
    }
}

/// `None` when nothing of a container is wanted; nothing left of one is null.
fn select(value: &Value, paths: &FieldSet, schema: Option<Schema<'_>>, keep: Keep) -> Option<Value> {
    match (shape(schema, value), value) {
        (Shape::Map(schema), Value::Object(map)) => {
            let selected: Map<String, Value> = map
                .iter()
                .filter_map(|(name, entry)| {
                    let element = PathElement::field(name);
                    select_child(entry, &element, paths, field(schema, name), keep)
                        .map(|entry| (name.clone(), entry))
                })
                .collect();
            if selected.is_empty() { keep.nothing() } else { Some(Value::Object(selected)) }
        }
        (Shape::List(schema), Value::Array(list)) => {
            let selected: Vec<Value> = list
                .iter()
                .filter_map(|item| {
                    let Ok(element) = item_element(schema, item) else {
                        return (keep == Keep::Others).then(|| item.clone());
                    };
                    let mut selected = select_child(item, &element, paths, schema.items(), keep)?;
                    // An item without its keys would be nobody's.
                    if let (crate::schema::ListKind::Map(keys), Value::Object(map)) =
                        (&schema.node().list, &mut selected)
                    {
                        for key in keys {
                            if let Some(value) = item.get(key) {
                                map.entry(key.clone()).or_insert_with(|| value.clone());
                            }
                        }
                    }
                    Some(selected)
                })
                .collect();
            if selected.is_empty() { keep.nothing() } else { Some(Value::Array(selected)) }
        }
        // A part of what has no parts.
        (_, Value::Object(_) | Value::Array(_)) if keep == Keep::Others => keep.nothing(),
        _ => Some(value.clone()),
    }
}

fn select_child(
    value: &Value,
    element: &PathElement,
    paths: &FieldSet,
    schema: Option<Schema<'_>>,
    keep: Keep,
) -> Option<Value> {
    let named = paths.contains_child(element);
    let below = paths.child(element).filter(|below| below.children().next().is_some());
    match (keep, named, below) {
        (Keep::Others, true, _) => None,
        (Keep::Others, false, Some(below)) => select(value, below, schema, keep),
        (Keep::Others, false, None) => Some(value.clone()),
        (Keep::Named, _, Some(below)) => select(value, below, schema, keep),
        (Keep::Named, true, None) => match shape(schema, value) {
            Shape::Leaf => Some(value.clone()),
            // The container is owned, not what is in it.
            _ => Some(empty_like(value)),
        },
        (Keep::Named, false, None) => None,
    }
}
