//! The shared mutable map: `set`, `unset` and the merges change it in place and everybody who holds it sees that.
//!
//! No lock is ever held while template code or a host function runs, so no order of locks exists to get wrong.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::Value;
use crate::exec::State;
use crate::functions::{FunctionResult, Signature};

/// A host's own map type, such as Helm's `common.Values`: Go lets it pass for `map[string]interface {}` as a parameter,
/// but not where a function asserts that very type.
pub struct NamedMap {
    /// Go's name of the type.
    pub name: &'static str,
    /// Its methods, which come before keys of the same name.
    pub methods: &'static [MapMethod],
}

/// A method of a [`NamedMap`].
pub struct MapMethod {
    /// Its name.
    pub name: &'static str,
    /// Its parameters.
    pub signature: Signature,
    /// What it does; the arguments fit the signature.
    pub body: fn(&Map, &[Value], &mut State) -> FunctionResult,
}

/// The element type of a Go map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapType {
    /// `map[string]interface {}`
    #[default]
    Any,
    /// `map[string]string`: a missing key reads as the empty string.
    String,
}

/// A shared map with string keys, iterated in byte order as Go prints and ranges over maps.
#[derive(Clone, Default)]
pub struct Map {
    entries: Arc<Entries>,
    /// The type's own name, of this handle: others may see the same entries as a plain map.
    named: Option<&'static NamedMap>,
}

#[derive(Default)]
struct Entries {
    map_type: MapType,
    /// Whether it is Go's nil map, which is empty in all but JSON.
    is_nil: bool,
    values: RwLock<BTreeMap<Arc<str>, Value>>,
}

impl Drop for Entries {
    fn drop(&mut self) {
        release(std::mem::take(self.values.get_mut()).into_values().collect());
    }
}

/// Frees values level by level. The derived way would recurse, and a template can nest as deep as its budget allows.
pub(super) fn release(values: Vec<Value>) {
    let mut pending = values;
    while let Some(value) = pending.pop() {
        match value {
            Value::List(list) => pending.extend(list.into_values().unwrap_or_default()),
            Value::Map(map) => {
                if let Some(mut entries) = Arc::into_inner(map.entries) {
                    pending.extend(std::mem::take(entries.values.get_mut()).into_values());
                }
            }
            _ => {}
        }
    }
}

impl Map {
    /// An empty map of any values.
    #[must_use]
    pub fn new() -> Map {
        Map::default()
    }

    fn of(entries: Entries) -> Map {
        Map { entries: Arc::new(entries), named: None }
    }

    /// An empty map whose Go type has the given element type.
    #[must_use]
    pub fn typed(map_type: MapType) -> Map {
        Self::of(Entries { map_type, is_nil: false, values: RwLock::default() })
    }

    /// Go's nil map of a type: as an empty one, but `null` in JSON and YAML.
    #[must_use]
    pub fn nil(map_type: MapType) -> Map {
        Self::of(Entries { map_type, is_nil: true, values: RwLock::default() })
    }

    /// Whether it is a nil map to which nothing was added.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.entries.is_nil && self.entries.values.read().is_empty()
    }

    /// The element type.
    #[must_use]
    pub fn map_type(&self) -> MapType {
        self.entries.map_type
    }

    /// The same map seen as one of a named type.
    #[must_use]
    pub fn named(&self, named: &'static NamedMap) -> Map {
        Map { entries: self.entries.clone(), named: Some(named) }
    }

    /// The same map seen as one of the type of another.
    #[must_use]
    pub fn like(&self, other: &Map) -> Map {
        Map { entries: self.entries.clone(), named: other.named }
    }

    /// The same map seen as `map[string]interface {}`.
    #[must_use]
    pub fn plain(&self) -> Map {
        Map { entries: self.entries.clone(), named: None }
    }

    /// The type's own name, if it has one.
    #[must_use]
    pub fn type_name(&self) -> Option<&'static str> {
        self.named.map(|named| named.name)
    }

    /// The method of a named type.
    pub(crate) fn method(&self, name: &str) -> Option<&'static MapMethod> {
        self.named?.methods.iter().find(|method| method.name == name)
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        self.entries.values.read_recursive().get(key).cloned()
    }

    /// The value at the end of a path of keys through maps of anything, without holding on to the maps between.
    pub(crate) fn at_path(&self, path: &[Arc<str>]) -> Option<Value> {
        let (first, rest) = path.split_first()?;
        if self.method(first).is_some() {
            return None;
        }
        let entries = self.entries.values.read_recursive();
        match (entries.get(first)?, rest.is_empty()) {
            (value, true) if self.entries.map_type == MapType::Any => Some(value.clone()),
            (Value::Map(next), false) => next.at_path(rest),
            _ => None,
        }
    }

    /// Whether the key is present, even with a nil value.
    #[must_use]
    pub fn contains_key(&self, key: &str) -> bool {
        self.entries.values.read_recursive().contains_key(key)
    }

    /// Puts a value under a key; everybody who shares the map sees it.
    pub fn insert(&self, key: impl Into<Arc<str>>, value: Value) {
        let previous = self.entries.values.write().insert(key.into(), value);
        // Freed only now that the lock is released: the old value may own other maps.
        drop(previous);
    }

    /// Takes a key out.
    pub fn remove(&self, key: &str) -> Option<Value> {
        self.entries.values.write().remove(key)
    }

    /// Takes everything out. A host calls this to free a map that a template put inside itself.
    pub fn clear(&self) {
        let values = std::mem::take(&mut *self.entries.values.write());
        drop(values);
    }

    /// The number of keys.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.values.read_recursive().len()
    }

    /// Whether there are no keys.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.values.read_recursive().is_empty()
    }

    /// The keys in order.
    #[must_use]
    pub fn keys(&self) -> Vec<Arc<str>> {
        self.entries.values.read_recursive().keys().cloned().collect()
    }

    /// A snapshot of the entries in key order.
    #[must_use]
    pub fn entries(&self) -> Vec<(Arc<str>, Value)> {
        self.entries.values.read_recursive().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Reads the entries in place. `read` must not write to this map.
    pub fn read<R>(&self, read: impl FnOnce(&BTreeMap<Arc<str>, Value>) -> R) -> R {
        read(&self.entries.values.read_recursive())
    }

    /// Whether both are the very same map.
    #[must_use]
    pub fn ptr_eq(&self, other: &Map) -> bool {
        Arc::ptr_eq(&self.entries, &other.entries)
    }

    /// A new map with the same entries; the values are shared.
    #[must_use]
    pub fn shallow_copy(&self) -> Map {
        let values = self.entries.values.read_recursive().clone();
        let entries =
            Entries { map_type: self.entries.map_type, is_nil: self.is_nil(), values: RwLock::new(values) };
        Map { entries: Arc::new(entries), named: self.named }
    }
}

impl<K: Into<Arc<str>>> FromIterator<(K, Value)> for Map {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(entries: I) -> Map {
        let values = entries.into_iter().map(|(key, value)| (key.into(), value)).collect();
        let entries = Entries { map_type: MapType::Any, is_nil: false, values: RwLock::new(values) };
        Map { entries: Arc::new(entries), named: None }
    }
}
