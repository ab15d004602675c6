//! [`Object`]: an untyped Kubernetes object with cheap accessors. Its identity types are in `identity.rs`, the typed
//! parts of its metadata in `metadata.rs`.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::metadata::OwnerReference;
use crate::{Error, GroupKind, GroupVersionKind, ObjectKey};

static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

/// An untyped Kubernetes object.
///
/// It always is a JSON object; nothing else is promised, so every accessor treats a value of the wrong JSON type as
/// absent. Absent and empty strings are the same for the accessors that return `&str`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Object(Value);

impl Default for Object {
    fn default() -> Self {
        Object(Value::Object(Map::new()))
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Object::from)
    }
}

impl From<Map<String, Value>> for Object {
    fn from(map: Map<String, Value>) -> Self {
        Object(Value::Object(map))
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        object.0
    }
}

impl TryFrom<Value> for Object {
    type Error = Error;
    fn try_from(value: Value) -> Result<Self, Error> {
        Object::from_value(value)
    }
}

impl Object {
    /// An object that has only its type and name. An empty namespace is left out.
    pub fn new(gvk: &GroupVersionKind, namespace: &str, name: &str) -> Self {
        let mut object = Object::default();
        object.set(&["apiVersion"], Value::from(gvk.api_version()));
        object.set(&["kind"], Value::from(gvk.kind.clone()));
        object.set(&["metadata", "name"], Value::from(name));
        if !namespace.is_empty() {
            object.set(&["metadata", "namespace"], Value::from(namespace));
        }
        object
    }

    /// Takes a JSON value that must be an object.
    pub fn from_value(value: Value) -> Result<Self, Error> {
        match value {
            Value::Object(_) => Ok(Object(value)),
            other => Err(Error::NotAnObject { found: kind_of(&other) }),
        }
    }

    /// The object as a JSON value.
    pub fn as_value(&self) -> &Value {
        &self.0
    }

    /// The object as a JSON value, without copying.
    pub fn into_value(self) -> Value {
        self.0
    }

    /// The top-level fields.
    pub fn as_map(&self) -> &Map<String, Value> {
        match &self.0 {
            Value::Object(map) => map,
            _ => &EMPTY,
        }
    }

    /// The top-level fields, to change them.
    pub fn as_map_mut(&mut self) -> &mut Map<String, Value> {
        as_map_or_insert(&mut self.0)
    }

    /// `apiVersion`, such as `apps/v1`; empty when absent.
    pub fn api_version(&self) -> &str {
        self.text(&["apiVersion"])
    }

    /// `kind`; empty when absent.
    pub fn kind(&self) -> &str {
        self.text(&["kind"])
    }

    /// The API group, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version().rsplit_once('/').map_or("", |(group, _)| group)
    }

    /// The API version without its group, such as `v1`.
    pub fn version(&self) -> &str {
        self.api_version().rsplit_once('/').map_or(self.api_version(), |(_, version)| version)
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::from(self.api_version(), self.kind())
    }

    /// Group and kind.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind { group: self.group().to_owned(), kind: self.kind().to_owned() }
    }

    /// Group, kind, namespace and name: what identifies an object in a cluster.
    pub fn key(&self) -> ObjectKey {
        ObjectKey {
            group: self.group().to_owned(),
            kind: self.kind().to_owned(),
            namespace: self.namespace().unwrap_or_default().to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// `metadata.name`; empty when absent.
    pub fn name(&self) -> &str {
        self.text(&["metadata", "name"])
    }

    /// `metadata.generateName`; empty when absent.
    pub fn generate_name(&self) -> &str {
        self.text(&["metadata", "generateName"])
    }

    /// `metadata.namespace`, `None` when absent or empty.
    pub fn namespace(&self) -> Option<&str> {
        Some(self.text(&["metadata", "namespace"])).filter(|namespace| !namespace.is_empty())
    }

    /// Sets `metadata.namespace`, or removes it when `None` or empty.
    pub fn set_namespace(&mut self, namespace: Option<&str>) {
        match namespace.filter(|namespace| !namespace.is_empty()) {
            Some(namespace) => {
                self.set(&["metadata", "namespace"], Value::from(namespace));
            }
            None => {
                self.remove(&["metadata", "namespace"]);
            }
        }
    }

    /// `metadata.uid`; empty when absent.
    pub fn uid(&self) -> &str {
        self.text(&["metadata", "uid"])
    }

    /// `metadata.resourceVersion`; empty when absent.
    pub fn resource_version(&self) -> &str {
        self.text(&["metadata", "resourceVersion"])
    }

    /// `metadata.generation`; 0 when absent.
    pub fn generation(&self) -> i64 {
        self.get(&["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default()
    }

    /// `metadata.creationTimestamp` as text.
    pub fn creation_timestamp(&self) -> Option<&str> {
        self.get_str(&["metadata", "creationTimestamp"])
    }

    /// `metadata.deletionTimestamp` as text; present while the object is being deleted.
    pub fn deletion_timestamp(&self) -> Option<&str> {
        self.get_str(&["metadata", "deletionTimestamp"])
    }

    /// `metadata.labels`, empty when absent.
    pub fn labels(&self) -> &Map<String, Value> {
        self.map(&["metadata", "labels"])
    }

    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels().get(key).and_then(Value::as_str)
    }

    /// Sets one label.
    pub fn set_label(&mut self, key: &str, value: &str) {
        self.set(&["metadata", "labels", key], Value::from(value));
    }

    /// Removes one label, and the map of labels with the last one. Answers whether it was there.
    pub fn remove_label(&mut self, key: &str) -> bool {
        self.remove_entry("labels", key)
    }

    /// `metadata.annotations`, empty when absent.
    pub fn annotations(&self) -> &Map<String, Value> {
        self.map(&["metadata", "annotations"])
    }

    /// One annotation.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations().get(key).and_then(Value::as_str)
    }

    /// Sets one annotation.
    pub fn set_annotation(&mut self, key: &str, value: &str) {
        self.set(&["metadata", "annotations", key], Value::from(value));
    }

    /// Removes one annotation, and the map of annotations with the last one. Answers whether it was there.
    pub fn remove_annotation(&mut self, key: &str) -> bool {
        self.remove_entry("annotations", key)
    }

    /// `metadata.finalizers`.
    pub fn finalizers(&self) -> impl Iterator<Item = &str> {
        self.list(&["metadata", "finalizers"]).iter().filter_map(Value::as_str)
    }

    /// `metadata.ownerReferences`; entries that are not objects are left out.
    pub fn owner_references(&self) -> Vec<OwnerReference> {
        self.list(&["metadata", "ownerReferences"]).iter().filter_map(OwnerReference::read).collect()
    }

    /// The value at a path of field names.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.0, |value, field| value.as_object()?.get(*field))
    }

    /// The value at a path of field names, to change it.
    pub fn get_mut(&mut self, path: &[&str]) -> Option<&mut Value> {
        path.iter().try_fold(&mut self.0, |value, field| value.as_object_mut()?.get_mut(*field))
    }

    /// The string at a path.
    pub fn get_str(&self, path: &[&str]) -> Option<&str> {
        self.get(path).and_then(Value::as_str)
    }

    /// The value an RFC 6901 pointer points to; list elements are addressed by index.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    /// Sets the value at a path of field names; maps on the way are made, values of other types on the way replaced.
    /// Answers the previous value. An empty path changes nothing.
    pub fn set(&mut self, path: &[&str], value: Value) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        let mut map = as_map_or_insert(&mut self.0);
        for field in parents {
            map = as_map_or_insert(map.entry((*field).to_owned()).or_insert(Value::Null));
        }
        map.insert((*last).to_owned(), value)
    }

    /// Removes the value at a path of field names and answers it.
    pub fn remove(&mut self, path: &[&str]) -> Option<Value> {
        let (last, parents) = path.split_last()?;
        self.get_mut(parents)?.as_object_mut()?.remove(*last)
    }

    /// The object as JSON with sorted keys.
    pub fn to_json(&self) -> String {
        self.0.to_string()
    }

    fn text(&self, path: &[&str]) -> &str {
        self.get_str(path).unwrap_or_default()
    }

    fn map(&self, path: &[&str]) -> &Map<String, Value> {
        self.get(path).and_then(Value::as_object).unwrap_or(&EMPTY)
    }

    fn list(&self, path: &[&str]) -> &[Value] {
        self.get(path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    fn remove_entry(&mut self, of: &str, key: &str) -> bool {
        let Some(map) = self.get_mut(&["metadata", of]).and_then(Value::as_object_mut) else {
            return false;
        };
        let removed = map.remove(key).is_some();
        if removed && map.is_empty() {
            self.remove(&["metadata", of]);
        }
        removed
    }
}

/// About how many bytes a value has as JSON text, without writing it.
pub(crate) fn text_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 3,
        Value::Array(items) => items.iter().fold(2, |size, item| size + text_size(item) + 1),
        Value::Object(map) => {
            map.iter().fold(2, |size, (name, value)| size + name.len() + 4 + text_size(value))
        }
    }
}

/// The name of a JSON value's type, for messages.
pub fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The map in a value; a value of another type is replaced by an empty map first.
pub(crate) fn as_map_or_insert(value: &mut Value) -> &mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(map) => map,
        _ => unreachable!("it was made an object above"),
    }
}
