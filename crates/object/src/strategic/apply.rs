//! Applies a strategic merge patch to a document, or combines two patches into one.

use serde_json::{Map, Value};

use super::order::{Positions, arrange};
use super::{DELETE_FROM_LIST, PATCH, RETAIN_KEYS, SET_ORDER, fail, identity};
use crate::Error;
use crate::schema::Schema;

/// What the left side is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A document: directives are carried out, nulls remove.
    Apply,
    /// A patch: directives and nulls stay for the document to come.
    Combine,
}

type Json = Map<String, Value>;

pub(super) fn merge_map(
    mut original: Json,
    mut patch: Json,
    schema: Option<Schema<'_>>,
    mode: Mode,
    path: &str,
) -> Result<Json, Error> {
    if let Some(directive) = patch.get(PATCH) {
        match directive.as_str() {
            Some("replace") => {
                patch.remove(PATCH);
                return Ok(patch);
            }
            Some("delete") => return Ok(Map::new()),
            Some("merge") => {
                patch.remove(PATCH);
            }
            _ => return Err(fail(path, format!("unknown patch type {directive}"))),
        }
    }
    retain_keys(&mut original, &mut patch, mode, path)?;
    set_orders(&mut original, &mut patch, schema, mode, path)?;
    for (name, value) in patch {
        if let Some(field) = name.strip_prefix(DELETE_FROM_LIST) {
            if mode == Mode::Combine {
                original.insert(name, value);
            } else if let Some(Value::Array(list)) = original.get_mut(field) {
                delete_scalars(list, &value);
            }
            continue;
        }
        if value.is_null() {
            original.remove(&name);
            if mode == Mode::Combine {
                original.insert(name, Value::Null);
            }
            continue;
        }
        let merged = match original.remove(&name) {
            None => taken(value, mode),
            Some(existing) => merge_values(existing, value, &name, schema, mode, path)?,
        };
        original.insert(name, merged);
    }
    Ok(original)
}

fn merge_values(
    existing: Value,
    patch: Value,
    name: &str,
    schema: Option<Schema<'_>>,
    mode: Mode,
    path: &str,
) -> Result<Value, Error> {
    let field = schema.and_then(|schema| schema.field(name));
    match (existing, patch) {
        (Value::Object(existing), Value::Object(patch)) => {
            merge_map(existing, patch, field, mode, &format!("{path}.{name}")).map(Value::Object)
        }
        (Value::Array(existing), Value::Array(patch)) => {
            if field.is_some_and(|field| field.node().patch_strategy.merge) {
                merge_list(existing, patch, field, mode, &format!("{path}.{name}")).map(Value::Array)
            } else {
                Ok(taken(Value::Array(patch), mode))
            }
        }
        (_, patch) => Ok(taken(patch, mode)),
    }
}

/// What of a patch becomes part of a document where the document has nothing to merge with.
fn taken(value: Value, mode: Mode) -> Value {
    if mode == Mode::Combine {
        return value;
    }
    match value {
        Value::Object(mut map) => {
            if map.get(PATCH).and_then(Value::as_str) == Some("delete") {
                return Value::Object(Map::new());
            }
            map.retain(|name, value| !is_directive(name) && !value.is_null());
            Value::Object(map.into_iter().map(|(name, value)| (name, taken(value, mode))).collect())
        }
        Value::Array(list) => {
            let deletes = |item: &Value| item.get(PATCH).and_then(Value::as_str) == Some("delete");
            // An item that only says "replace the list" is no content either.
            let marks =
                |item: &Value| item.as_object().is_some_and(|map| map.len() == 1 && map.contains_key(PATCH));
            list.into_iter()
                .filter(|item| !deletes(item) && !marks(item))
                .map(|item| if item.is_null() { item } else { taken(item, mode) })
                .collect()
        }
        scalar => scalar,
    }
}

fn is_directive(name: &str) -> bool {
    name == PATCH || name == RETAIN_KEYS || name.starts_with(DELETE_FROM_LIST) || name.starts_with(SET_ORDER)
}

fn retain_keys(original: &mut Json, patch: &mut Json, mode: Mode, path: &str) -> Result<(), Error> {
    let Some(directive) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let Some(kept) = directive.as_array() else {
        return Err(fail(path, "$retainKeys must be a list"));
    };
    let names = |name: &str| kept.iter().any(|kept| kept.as_str() == Some(name));
    if mode == Mode::Combine {
        original.insert(RETAIN_KEYS.to_owned(), directive);
        return Ok(());
    }
    let plain = |name: &str| {
        name.strip_prefix(DELETE_FROM_LIST)
            .or_else(|| name.strip_prefix(SET_ORDER))
            .unwrap_or(name)
            .to_owned()
    };
    if let Some((missing, _)) = patch.iter().find(|(name, value)| !value.is_null() && !names(&plain(name))) {
        return Err(fail(path, format!("$retainKeys does not name {missing:?}, which the patch sets")));
    }
    original.retain(|name, _| names(name));
    Ok(())
}

/// Handles each `$setElementOrder/<field>` together with the field's list and its deletions.
fn set_orders(
    original: &mut Json,
    patch: &mut Json,
    schema: Option<Schema<'_>>,
    mode: Mode,
    path: &str,
) -> Result<(), Error> {
    let directives: Vec<String> = patch.keys().filter(|name| name.starts_with(SET_ORDER)).cloned().collect();
    for directive in directives {
        let Some(order) = patch.remove(&directive) else { continue };
        if mode == Mode::Combine {
            original.insert(directive, order);
            continue;
        }
        let name = directive.trim_start_matches(SET_ORDER);
        let Value::Array(order) = order else {
            return Err(fail(path, format!("{directive} must be a list")));
        };
        let deletions = patch.remove(&format!("{DELETE_FROM_LIST}{name}"));
        let patch_list = match patch.get(name) {
            Some(Value::Array(_)) => patch.remove(name),
            // The field is removed or becomes something else; an order has no meaning then.
            Some(_) => continue,
            None => None,
        };
        let server = match original.remove(name) {
            Some(Value::Array(list)) => list,
            None if patch_list.is_none() => continue,
            None => Vec::new(),
            Some(other) => {
                original.insert(name.to_owned(), patch_list.unwrap_or(other));
                continue;
            }
        };
        let field = schema.and_then(|schema| schema.field(name));
        let merge_key = field.map_or("", |field| field.node().patch_merge_key.as_str());
        let mut merged = server.clone();
        if let Some(deletions) = &deletions {
            delete_scalars(&mut merged, deletions);
        }
        if let Some(Value::Array(list)) = patch_list {
            check_order(&list, &order, merge_key, &format!("{path}.{name}"))?;
            let replaces = list.iter().any(|item| item.get(PATCH).and_then(Value::as_str) == Some("replace"));
            merged = merge_list(merged, list, field, mode, &format!("{path}.{name}"))?;
            if replaces {
                original.insert(name.to_owned(), Value::Array(merged));
                continue;
            }
        }
        original.insert(name.to_owned(), Value::Array(arrange(merged, &order, &server, merge_key)));
    }
    Ok(())
}

/// Every item that a patch sets must have its place in the order that the patch gives.
fn check_order(list: &[Value], order: &[Value], merge_key: &str, path: &str) -> Result<(), Error> {
    let positions = Positions::of(order, merge_key);
    let misplaced =
        list.iter().find(|item| item.get(PATCH).is_none() && positions.get(item, merge_key).is_none());
    match misplaced {
        Some(item) => {
            let identity = identity(item, merge_key).unwrap_or_else(|| item.to_string());
            Err(fail(
                path,
                format!("$setElementOrder does not name the item {identity}, which the patch sets"),
            ))
        }
        None => Ok(()),
    }
}

fn delete_scalars(list: &mut Vec<Value>, deletions: &Value) {
    let deletions = deletions.as_array().map_or(&[][..], Vec::as_slice);
    list.retain(|item| !deletions.contains(item));
}

fn merge_list(
    original: Vec<Value>,
    patch: Vec<Value>,
    schema: Option<Schema<'_>>,
    mode: Mode,
    path: &str,
) -> Result<Vec<Value>, Error> {
    let of_maps = original.iter().chain(&patch).any(Value::is_object);
    if !of_maps {
        let mut merged: Vec<Value> = Vec::with_capacity(original.len() + patch.len());
        let mut seen = std::collections::HashSet::new();
        merged.extend(original.iter().chain(&patch).filter(|item| seen.insert(item.to_string())).cloned());
        return Ok(arrange(merged, &patch, &original, ""));
    }
    let merge_key = schema.map_or("", |schema| schema.node().patch_merge_key.as_str());
    if merge_key.is_empty() {
        return Err(fail(path, "the items of this list have no merge key"));
    }
    if let Some(odd) = original.iter().chain(&patch).find(|item| !item.is_object()) {
        return Err(fail(path, format!("a list of objects cannot hold {}", crate::kind_of(odd))));
    }
    let server = original.clone();
    let (mut merged, patch) = match list_directives(original, patch, merge_key, mode, path)? {
        Listing::Replaced(list) => return Ok(list.into_iter().map(|item| taken(item, mode)).collect()),
        Listing::Merge { original, patch } => (original, patch),
    };
    let items = schema.and_then(Schema::items);
    let mut positions = Positions::of(&merged, merge_key);
    let order: Vec<Value> = patch.iter().map(|item| key_only(item, merge_key)).collect();
    for item in patch {
        let Some(identity) = identity(&item, merge_key) else {
            return Err(fail(path, format!("an item does not contain the merge key {merge_key:?}")));
        };
        match (positions.get(&item, merge_key), item) {
            (Some(position), Value::Object(item)) => {
                if let Value::Object(existing) = std::mem::take(&mut merged[position]) {
                    let path = format!("{path}[{identity}]");
                    merged[position] = Value::Object(merge_map(existing, item, items, mode, &path)?);
                }
            }
            (_, item) => {
                positions.insert(identity, merged.len());
                merged.push(taken(item, mode));
            }
        }
    }
    Ok(arrange(merged, &order, &server, merge_key))
}

fn key_only(item: &Value, merge_key: &str) -> Value {
    let mut map = Map::new();
    if let Some(value) = item.get(merge_key) {
        map.insert(merge_key.to_owned(), value.clone());
    }
    Value::Object(map)
}

enum Listing {
    /// The patch's items are the list.
    Replaced(Vec<Value>),
    /// Both sides without what the directives took away.
    Merge { original: Vec<Value>, patch: Vec<Value> },
}

fn list_directives(
    mut original: Vec<Value>,
    patch: Vec<Value>,
    merge_key: &str,
    mode: Mode,
    path: &str,
) -> Result<Listing, Error> {
    let mut plain = Vec::with_capacity(patch.len());
    let mut replace = false;
    for item in patch {
        match item.get(PATCH).map(|directive| directive.as_str().unwrap_or_default()) {
            None => plain.push(item),
            Some(_) if mode == Mode::Combine => plain.push(item),
            Some("delete") => {
                let wanted = identity(&item, merge_key).ok_or_else(|| {
                    fail(path, format!("an item to delete lacks the merge key {merge_key:?}"))
                })?;
                original.retain(|existing| identity(existing, merge_key).as_ref() != Some(&wanted));
            }
            Some("replace") => {
                replace = true;
                // The directive usually stands alone, yet may be part of an item.
                if let Value::Object(mut map) = item {
                    map.remove(PATCH);
                    if !map.is_empty() {
                        plain.push(Value::Object(map));
                    }
                }
            }
            Some("merge") => plain.push(item),
            Some(other) => return Err(fail(path, format!("unknown patch type {other:?}"))),
        }
    }
    Ok(if replace { Listing::Replaced(plain) } else { Listing::Merge { original, patch: plain } })
}
