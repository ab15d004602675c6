//! One object under construction, and the list of them.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use serde_json::{Map, Value};

use crate::FileName;
use crate::identity::{Earlier, Id, is_cluster_scoped, split_api_version};
use crate::origin::Origin;
use crate::yaml::Way;

/// How a generated object meets one that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Behavior {
    #[default]
    Create,
    Merge,
    Replace,
}

/// An object with what a build must remember of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resource {
    pub(crate) value: Value,
    /// Fields with nothing behind their colon, until a merge drops them.
    pub(crate) blanks: Vec<Way>,
    /// Annotations that become another text when the object goes through JSON.
    pub(crate) respelled: Vec<(String, String)>,
    /// Earlier identities, oldest first.
    pub(crate) earlier: Vec<Earlier>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    /// Whether its name gets the hash of its content.
    pub(crate) hashed: bool,
    pub(crate) behavior: Behavior,
    /// Whether a Helm chart made it: its namespace is the chart's business.
    pub(crate) from_helm: bool,
    /// Names of the variables that are read from it.
    pub(crate) variables: Vec<String>,
    pub(crate) origin: Option<Origin>,
    pub(crate) transformations: Vec<Origin>,
    pub(crate) file: FileName,
}

impl Resource {
    pub(crate) fn new(value: Value, file: FileName) -> Self {
        Self { value, file, ..Self::default() }
    }

    fn text(&self, name: &str) -> &str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn metadata_text(&self, name: &str) -> &str {
        let metadata = self.value.get("metadata");
        metadata.and_then(|metadata| metadata.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> &str {
        self.text("kind")
    }

    pub(crate) fn api_version(&self) -> &str {
        self.text("apiVersion")
    }

    pub(crate) fn group(&self) -> &str {
        split_api_version(self.api_version()).0
    }

    pub(crate) fn version(&self) -> &str {
        split_api_version(self.api_version()).1
    }

    pub(crate) fn name(&self) -> &str {
        self.metadata_text("name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.metadata_text("namespace")
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        is_cluster_scoped(self.group(), self.version(), self.kind())
    }

    /// The present identity.
    pub(crate) fn id(&self) -> Id {
        Id {
            group: self.group().to_owned(),
            version: self.version().to_owned(),
            kind: self.kind().to_owned(),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// The identity before any transformer.
    pub(crate) fn original_id(&self) -> Id {
        self.earlier.first().map_or_else(|| self.id(), |earlier| self.earlier_id(earlier))
    }

    /// An earlier identity: group and version are the present ones.
    pub(crate) fn earlier_id(&self, earlier: &Earlier) -> Id {
        Id {
            group: self.group().to_owned(),
            version: self.version().to_owned(),
            kind: earlier.kind.clone(),
            namespace: earlier.namespace.clone(),
            name: earlier.name.clone(),
        }
    }

    /// All earlier identities, oldest first, and the present one.
    pub(crate) fn all_ids(&self) -> Vec<Id> {
        self.earlier.iter().map(|earlier| self.earlier_id(earlier)).chain([self.id()]).collect()
    }

    /// Whether it has now, or had before, this identity.
    pub(crate) fn was_ever(&self, id: &Id) -> bool {
        // Compared by name first, which nearly always decides.
        (self.name() == id.name && self.id().is_same(id))
            || self
                .earlier
                .iter()
                .any(|earlier| earlier.name == id.name && self.earlier_id(earlier).is_same(id))
    }

    /// Notes the present identity before it is changed.
    pub(crate) fn remember(&mut self) {
        let now = Earlier {
            kind: self.kind().to_owned(),
            namespace: self.id().effective_namespace().to_owned(),
            name: self.name().to_owned(),
        };
        if self.earlier.last() != Some(&now) {
            self.earlier.push(now);
        }
    }

    /// The metadata, made when it is not there.
    pub(crate) fn metadata(&mut self) -> &mut Map<String, Value> {
        map_at(&mut self.value, "metadata")
    }

    /// The metadata as a value, made when it is not there.
    pub(crate) fn metadata_value(&mut self) -> &mut Value {
        map_at(&mut self.value, "metadata");
        &mut self.value["metadata"]
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        self.metadata().insert("name".to_owned(), name.into());
    }

    pub(crate) fn set_namespace(&mut self, namespace: &str) {
        if namespace.is_empty() {
            self.metadata().remove("namespace");
        } else {
            self.metadata().insert("namespace".to_owned(), namespace.into());
        }
    }

    pub(crate) fn annotations(&self) -> Option<&Map<String, Value>> {
        self.value.get("metadata")?.get("annotations")?.as_object()
    }

    pub(crate) fn labels(&self) -> Option<&Map<String, Value>> {
        self.value.get("metadata")?.get("labels")?.as_object()
    }

    /// Whether Kustomize has notes of its own among the annotations by now, so that there are some.
    pub(crate) fn has_notes(&self) -> bool {
        !self.earlier.is_empty() || self.hashed || self.origin.is_some() || self.from_helm
    }
}

/// The map under a key of an object, made when it is not there or is something else.
pub(crate) fn map_at<'a>(value: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let entry = match value {
        Value::Object(map) => map.entry(key.to_owned()).or_insert(Value::Null),
        other => other,
    };
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    match entry {
        Value::Object(map) => map,
        // Just made one.
        _ => unreachable!("the entry is a map"),
    }
}

/// Adds objects; refuses one whose identity is taken.
pub(crate) fn append(list: &mut Vec<Resource>, more: Vec<Resource>) -> Result<(), String> {
    let hasher = RandomState::new();
    let key = |resource: &Resource| {
        hasher.hash_one((resource.name(), resource.kind(), resource.group(), resource.version()))
    };
    let mut known: HashMap<u64, Vec<usize>> = HashMap::with_capacity(list.len() + more.len());
    for (place, resource) in list.iter().enumerate() {
        known.entry(key(resource)).or_default().push(place);
    }
    for resource in more {
        let places = known.entry(key(&resource)).or_default();
        if !places.is_empty() {
            let id = resource.id();
            if places.iter().any(|&place| list[place].id().is_same(&id)) {
                return Err(format!("may not add resource with an already registered id: {id}"));
            }
        }
        places.push(list.len());
        list.push(resource);
    }
    Ok(())
}

/// Refuses a list in which an identity comes twice.
pub(crate) fn refuse_conflicts(list: &mut Vec<Resource>) -> Result<(), String> {
    let all = std::mem::take(list);
    append(list, all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn earlier_names_are_remembered_once() {
        let mut resource = Resource::new(json!({"kind": "A", "metadata": {"name": "a"}}), "x".into());
        resource.remember();
        resource.remember();
        resource.set_name("b");
        assert_eq!(resource.earlier.len(), 1);
        assert_eq!(resource.original_id().name, "a");
        assert_eq!(resource.all_ids().len(), 2);
        assert!(resource.was_ever(&resource.original_id()) && resource.was_ever(&resource.id()));
    }

    #[test]
    fn an_identity_is_given_once() {
        let object = |namespace: &str| {
            let value = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": namespace}});
            Resource::new(value, "x".into())
        };
        let mut list = vec![object("")];
        append(&mut list, vec![object("b")]).unwrap();
        let error = append(&mut list, vec![object("default")]).unwrap_err();
        assert_eq!(error, "may not add resource with an already registered id: Secret.v1.[noGrp]/a.default");
    }
}
