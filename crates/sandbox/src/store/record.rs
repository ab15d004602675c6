//! One stored object: its JSON bytes, made once and shared by every answer and watch, and the few parts that
//! selectors, ownership and deletion need without decoding. Neighbors: `mod.rs` keeps records, `crate::selector`
//! matches them.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

/// An owner as `metadata.ownerReferences` names it.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    pub(crate) uid: Box<str>,
    pub(crate) api_version: Box<str>,
    pub(crate) kind: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) controller: bool,
    pub(crate) blocks: bool,
}

/// An immutable version of an object.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) key: Arc<str>,
    pub(crate) uid: Box<str>,
    pub(crate) version: u64,
    pub(crate) labels: Vec<(Box<str>, Box<str>)>,
    /// Values for field selectors, beyond name and namespace.
    pub(crate) fields: Vec<(Box<str>, Box<str>)>,
    pub(crate) owners: Vec<Owner>,
    pub(crate) finalizers: bool,
    pub(crate) deleting: bool,
    /// The object as JSON; starts with `{"apiVersion":…,"kind":…,`.
    pub(crate) json: Bytes,
    /// Where the part after apiVersion and kind starts in `json`.
    pub(crate) body_offset: usize,
}

impl Record {
    /// Encodes `value`, which must be an object with `metadata.name`, at `version`.
    pub(crate) fn encode(
        key: &str,
        value: &mut Value,
        version: u64,
        fields: Vec<(Box<str>, Box<str>)>,
    ) -> Record {
        if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.insert("resourceVersion".into(), version.to_string().into());
        }
        let (json, body_offset) = encode(value);
        let metadata = &value["metadata"];
        let labels = metadata["labels"]
            .as_object()
            .map(|labels| labels.iter().map(|(k, v)| (k.as_str().into(), text(v).into())).collect())
            .unwrap_or_default();
        let owners = metadata["ownerReferences"]
            .as_array()
            .map(|owners| owners.iter().map(owner).collect())
            .unwrap_or_default();
        Record {
            key: key.into(),
            uid: text(&metadata["uid"]).into(),
            version,
            labels,
            fields,
            owners,
            finalizers: metadata["finalizers"].as_array().is_some_and(|list| !list.is_empty()),
            deleting: metadata.get("deletionTimestamp").is_some(),
            body_offset,
            json,
        }
    }

    pub(crate) fn name(&self) -> &str {
        self.key.split_once('/').map_or(&self.key, |(_, name)| name)
    }

    /// Empty for cluster-scoped objects.
    pub(crate) fn namespace(&self) -> &str {
        self.key.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// The decoded object.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.json).unwrap_or(Value::Null)
    }

    /// The JSON after `{"apiVersion":…,"kind":…,`, without the opening brace.
    pub(crate) fn body(&self) -> &[u8] {
        self.json.get(self.body_offset..).unwrap_or_default()
    }

    pub(crate) fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(key, _)| &**key == name).map(|(_, value)| &**value)
    }

    pub(crate) fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }
}

/// The object as JSON with apiVersion and kind in front, so that items of lists can do without them.
fn encode(value: &mut Value) -> (Bytes, usize) {
    let Some(map) = value.as_object_mut() else { return (Bytes::from(value.to_string()), 1) };
    let api_version = map.remove("apiVersion").unwrap_or_default();
    let kind = map.remove("kind").unwrap_or_default();
    let head = format!("{{\"apiVersion\":{api_version},\"kind\":{kind},");
    let body = serde_json::to_string(map).unwrap_or_default();
    let mut json = Vec::with_capacity(head.len() + body.len());
    json.extend_from_slice(head.as_bytes());
    json.extend_from_slice(body.as_bytes().get(1..).unwrap_or_default());
    map.insert("apiVersion".into(), api_version);
    map.insert("kind".into(), kind);
    (Bytes::from(json), head.len())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn owner(value: &Value) -> Owner {
    Owner {
        uid: text(&value["uid"]).into(),
        api_version: text(&value["apiVersion"]).into(),
        kind: text(&value["kind"]).into(),
        name: text(&value["name"]).into(),
        controller: value["controller"].as_bool().unwrap_or(false),
        blocks: value["blockOwnerDeletion"].as_bool().unwrap_or(false),
    }
}
