//! Makes strategic merge patches from two documents.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};

use super::order::{Positions, sort_by};
use super::{DELETE_FROM_LIST, PATCH, RETAIN_KEYS, SET_ORDER, fail, identity};
use crate::Error;
use crate::schema::Schema;

/// Which parts of a difference the patch is to have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Additions and changes.
    pub(super) changes: bool,
    /// Removals.
    pub(super) deletions: bool,
    /// `$setElementOrder` directives.
    pub(super) order: bool,
}

type Json = Map<String, Value>;

pub(super) fn difference(
    original: &Json,
    modified: &Json,
    schema: Option<Schema<'_>>,
    wanted: Wanted,
    retain_keys: bool,
    path: &str,
) -> Result<Json, Error> {
    let mut patch = Map::new();
    for (name, new) in modified {
        let Some(old) = original.get(name) else {
            if wanted.changes {
                patch.insert(name.clone(), new.clone());
            }
            continue;
        };
        let field = schema.and_then(|schema| schema.field(name));
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                let retain = field.is_some_and(|field| field.node().patch_strategy.retain_keys);
                let nested = difference(old, new, field, wanted, retain, &format!("{path}.{name}"))?;
                if !nested.is_empty() {
                    patch.insert(name.clone(), Value::Object(nested));
                }
            }
            (Value::Array(old), Value::Array(new))
                if field.is_some_and(|field| field.node().patch_strategy.merge) =>
            {
                list_difference(&mut patch, name, old, new, field, wanted, path)?;
            }
            (old, new) if old != new && wanted.changes => {
                patch.insert(name.clone(), new.clone());
            }
            _ => {}
        }
    }
    if wanted.deletions {
        for name in original.keys().filter(|name| !modified.contains_key(*name)) {
            patch.insert(name.clone(), Value::Null);
        }
    }
    if retain_keys {
        let kept: Vec<Value> = modified
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, _)| name.clone().into())
            .collect();
        let drops = original.iter().any(|(name, value)| !value.is_null() && !modified.contains_key(name));
        if !kept.is_empty() && (!patch.is_empty() || drops) {
            patch.insert(RETAIN_KEYS.to_owned(), Value::Array(kept));
        }
    }
    Ok(patch)
}

fn list_difference(
    patch: &mut Json,
    name: &str,
    old: &[Value],
    new: &[Value],
    schema: Option<Schema<'_>>,
    wanted: Wanted,
    path: &str,
) -> Result<(), Error> {
    let path = format!("{path}.{name}");
    if old.is_empty() {
        if !new.is_empty() && wanted.changes {
            patch.insert(name.to_owned(), Value::Array(new.to_vec()));
        }
        return Ok(());
    }
    if old.iter().chain(new).any(Value::is_array) {
        return Err(fail(&path, "lists of lists cannot be merged"));
    }
    let of_maps = old.iter().chain(new).any(Value::is_object);
    let merge_key = schema.map_or("", |schema| schema.node().patch_merge_key.as_str());
    let (mut list, mut deletions, moved);
    if of_maps {
        (list, deletions) = map_items_difference(old, new, schema, merge_key, wanted, &path)?;
        let keys = |list: &[Value]| list.iter().map(|item| identity(item, merge_key)).collect::<Vec<_>>();
        moved = keys(old) != keys(new);
        sort_by(&mut list, new, merge_key);
        list.append(&mut deletions);
    } else {
        (list, deletions) = scalars_difference(old, new, wanted);
        moved = old != new;
        sort_by(&mut list, new, "");
    }
    let changed = wanted.changes && (!list.is_empty() || moved);
    let deleted = wanted.deletions && (!deletions.is_empty() || (of_maps && !list.is_empty()));
    if wanted.order && (changed || deleted) {
        let order: Vec<Value> =
            if of_maps { new.iter().map(|item| key_only(item, merge_key)).collect() } else { new.to_vec() };
        if !order.is_empty() {
            patch.insert(format!("{SET_ORDER}{name}"), Value::Array(order));
        }
    }
    if !list.is_empty() {
        patch.insert(name.to_owned(), Value::Array(list));
    }
    if !deletions.is_empty() {
        patch.insert(format!("{DELETE_FROM_LIST}{name}"), Value::Array(deletions));
    }
    Ok(())
}

fn map_items_difference(
    old: &[Value],
    new: &[Value],
    schema: Option<Schema<'_>>,
    merge_key: &str,
    wanted: Wanted,
    path: &str,
) -> Result<(Vec<Value>, Vec<Value>), Error> {
    if merge_key.is_empty() {
        return Err(fail(path, "the items of this list have no merge key"));
    }
    let items = schema.and_then(Schema::items);
    let retain = schema.is_some_and(|schema| schema.node().patch_strategy.retain_keys);
    let (mut old_items, mut new_counts) = (Occurrences::of(old, merge_key), Occurrences::of(new, merge_key));
    let mut list = Vec::new();
    for item in new {
        let Value::Object(new_item) = item else {
            return Err(fail(path, format!("a list of objects cannot hold {}", crate::kind_of(item))));
        };
        let Some(identity) = identity(item, merge_key) else {
            return Err(fail(path, format!("an item does not contain the merge key {merge_key:?}")));
        };
        match old_items.next(&identity).map(|position| &old[position]) {
            Some(Value::Object(old_item)) => {
                let path = format!("{path}[{identity}]");
                let mut nested = difference(old_item, new_item, items, wanted, retain, &path)?;
                if !nested.is_empty() {
                    if let Some(key) = new_item.get(merge_key) {
                        nested.insert(merge_key.to_owned(), key.clone());
                    }
                    list.push(Value::Object(nested));
                }
            }
            _ if wanted.changes => list.push(item.clone()),
            _ => {}
        }
    }
    let mut deletions = Vec::new();
    if wanted.deletions {
        let mut gone = |item: &&Value| {
            identity(item, merge_key).is_none_or(|identity| new_counts.next(&identity).is_none())
        };
        for item in old.iter().filter(|item| gone(item)) {
            let mut deletion = key_only(item, merge_key);
            if let Value::Object(map) = &mut deletion
                && !map.is_empty()
            {
                map.insert(PATCH.to_owned(), "delete".into());
                deletions.push(deletion);
            }
        }
        deletions.sort_by_key(|item| identity(item, merge_key));
    }
    Ok((list, deletions))
}

/// Items by identity. Several items may share one (a port that is open for TCP and UDP): the first of one list goes with
/// the first of the other, the second with the second.
struct Occurrences(HashMap<String, VecDeque<usize>>);

impl Occurrences {
    fn of(list: &[Value], merge_key: &str) -> Self {
        let mut occurrences: HashMap<String, VecDeque<usize>> = HashMap::with_capacity(list.len());
        for (position, item) in list.iter().enumerate() {
            if let Some(identity) = identity(item, merge_key) {
                occurrences.entry(identity).or_default().push_back(position);
            }
        }
        Occurrences(occurrences)
    }

    fn next(&mut self, identity: &str) -> Option<usize> {
        self.0.get_mut(identity)?.pop_front()
    }
}

fn scalars_difference(old: &[Value], new: &[Value], wanted: Wanted) -> (Vec<Value>, Vec<Value>) {
    let only_in = |list: &[Value], other: &[Value]| -> Vec<Value> {
        let other = Positions::of(other, "");
        list.iter().filter(|item| other.get(item, "").is_none()).cloned().collect()
    };
    let added = if wanted.changes { only_in(new, old) } else { Vec::new() };
    let deleted = if wanted.deletions { only_in(old, new) } else { Vec::new() };
    (added, deleted)
}

fn key_only(item: &Value, merge_key: &str) -> Value {
    item.get(merge_key).map_or_else(|| Value::Object(Map::new()), |key| serde_json::json!({ merge_key: key }))
}
