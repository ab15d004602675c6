//! Decoding and the indexes of the store.

use std::sync::Arc;

use object::{GroupKind, ObjectKey};
use serde_json::{Value, json};
use types::settings::ResourceSettings;
use types::tracking::{Tracking, TrackingMethod};

use super::{Decoder, Interner, LiveKind, LiveObject, Rules, Store};

fn decode_with(method: TrackingMethod, value: &Value) -> LiveObject {
    let gvk = object::GroupVersionKind::from(
        value["apiVersion"].as_str().unwrap(),
        value["kind"].as_str().unwrap(),
    );
    let kind = LiveKind {
        group: gvk.group.as_str().into(),
        version: gvk.version.as_str().into(),
        kind: gvk.kind.as_str().into(),
    };
    let rules = Rules {
        tracking: Tracking { method, ..Tracking::default() },
        resources: ResourceSettings::default(),
        managed_fields: false,
    };
    // As in a list: without the type.
    let mut bare = value.clone();
    bare.as_object_mut().unwrap().remove("apiVersion");
    bare.as_object_mut().unwrap().remove("kind");
    let decoder = Decoder::new(kind, Arc::new(rules), Arc::new(Interner::default()));
    decoder.decode(bare.to_string().as_bytes()).unwrap()
}

fn decode(value: &Value) -> LiveObject {
    decode_with(TrackingMethod::Annotation, value)
}

fn live(api: &str, kind: &str, name: &str, more: Value) -> Value {
    let mut value = json!({"apiVersion": api, "kind": kind, "metadata": {"namespace": "n", "name": name, "uid": format!("uid-{kind}-{name}"), "resourceVersion": "1"}});
    merge(&mut value, more);
    value
}

fn merge(into: &mut Value, more: Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (field, value) in more {
                merge(into.entry(field).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more,
    }
}

fn store(objects: &[Value]) -> Store {
    let mut store = Store::default();
    for object in objects {
        store.insert(&Arc::new(decode(object)));
    }
    store
}

fn names(objects: &[Arc<LiveObject>]) -> Vec<String> {
    let mut names: Vec<String> =
        objects.iter().map(|object| format!("{}/{}", object.kind(), object.name())).collect();
    names.sort();
    names
}

#[test]
fn records_are_small() {
    assert!(size_of::<LiveObject>() <= 264, "{} bytes an object", size_of::<LiveObject>());
}

#[test]
fn content_is_kept_for_tracked_roots_only() {
    let id = json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": "app:/ConfigMap:n/c"},
        "managedFields": [{"manager": "x"}]}});
    let root = live("v1", "ConfigMap", "c", id);
    let object = decode(&root);
    assert_eq!(object.instance(), Some("app"));
    let full = object.full().unwrap();
    assert_eq!((full.api_version(), full.kind()), ("v1", "ConfigMap"), "lists leave the type out");
    assert_eq!(full.get(&["metadata", "managedFields"]), None);
    let mut owned = root;
    merge(
        &mut owned,
        json!({"metadata": {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "u"}]}}),
    );
    let object = decode(&owned);
    assert_eq!((object.instance(), object.has_content()), (None, false), "copied from its owner");
    let mut labeled =
        live("v1", "ConfigMap", "c", json!({"metadata": {"labels": {"app.kubernetes.io/instance": "app"}}}));
    assert_eq!(decode(&labeled).instance(), None);
    assert_eq!(decode_with(TrackingMethod::Label, &labeled).instance(), Some("app"));
    labeled["metadata"]["labels"] = Value::Null;
    assert_eq!(decode_with(TrackingMethod::Label, &labeled).instance(), None);
}

#[test]
fn owners_are_inferred() {
    let token = json!({"type": "kubernetes.io/service-account-token", "metadata": {"annotations": {
        "kubernetes.io/service-account.name": "sa", "kubernetes.io/service-account.uid": "uid-ServiceAccount-sa"}}});
    let set = json!({"spec": {"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}});
    let store = store(&[
        live("v1", "Service", "web", json!({})),
        live("v1", "Endpoints", "web", json!({})),
        live("v1", "ServiceAccount", "sa", json!({})),
        live("v1", "Secret", "sa-token", token),
        live("apps/v1", "StatefulSet", "db", set),
        live("v1", "PersistentVolumeClaim", "data-db-0", json!({})),
        live("v1", "PersistentVolumeClaim", "old-data-db-12", json!({})),
        live("v1", "PersistentVolumeClaim", "data-db-x", json!({})),
        live("v1", "PersistentVolumeClaim", "log-db-0", json!({})),
    ]);
    let owned = |group: &str, kind: &str, name: &str| {
        let owner = store.get(&ObjectKey::new(group, kind, "n", name)).unwrap();
        names(&store.dependents(owner))
    };
    assert_eq!(owned("", "Service", "web"), ["Endpoints/web"]);
    assert_eq!(owned("", "ServiceAccount", "sa"), ["Secret/sa-token"]);
    assert_eq!(
        owned("apps", "StatefulSet", "db"),
        ["PersistentVolumeClaim/data-db-0", "PersistentVolumeClaim/old-data-db-12"]
    );
    let claim = store.get(&ObjectKey::new("", "PersistentVolumeClaim", "n", "data-db-0")).unwrap();
    assert_eq!(names(&store.owners(claim)), ["StatefulSet/db"]);
}

#[test]
fn indexes_follow_changes() {
    let tracked = |name: &str, instance: &str| {
        let id = format!("{instance}:/ConfigMap:n/{name}");
        live(
            "v1",
            "ConfigMap",
            name,
            json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": id}}}),
        )
    };
    let child = |owner: &str| {
        live(
            "v1",
            "ConfigMap",
            "child",
            json!({"metadata": {"ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": format!("uid-ConfigMap-{owner}")}]}}),
        )
    };
    let mut store = store(&[tracked("a", "one"), tracked("b", "two"), child("a")]);
    let key = ObjectKey::new("", "ConfigMap", "n", "child");
    let instance = |store: &Store| store.instance_of(store.get(&key).unwrap()).map(|text| text.to_string());
    assert_eq!(instance(&store).as_deref(), Some("one"));
    store.insert(&Arc::new(decode(&child("b"))));
    assert_eq!(instance(&store).as_deref(), Some("two"), "it went over to another owner");
    store.insert(&Arc::new(decode(&tracked("b", "three"))));
    assert_eq!(instance(&store).as_deref(), Some("three"));
    assert_eq!((store.of_instance("two").len(), store.of_instance("three").len(), store.len()), (0, 1, 3));
    let config_maps = GroupKind::new("", "ConfigMap");
    assert!(store.remove(&config_maps, "n", "b").is_some());
    assert_eq!(instance(&store), None, "its owner is gone");
    assert!(store.remove(&config_maps, "n", "b").is_none());
    assert!(
        store.remove(&config_maps, "n", "a").is_some() && store.remove(&config_maps, "n", "child").is_some()
    );
    assert_eq!((store.len(), store.all().count()), (0, 0));
}

#[test]
fn cycles_of_owners_end() {
    let owned = |name: &str, owner: &str| {
        live(
            "v1",
            "ConfigMap",
            name,
            json!({"metadata": {"ownerReferences": [
            {"apiVersion": "v1", "kind": "ConfigMap", "name": owner, "uid": format!("uid-ConfigMap-{owner}")}]}}),
        )
    };
    let store = store(&[owned("a", "b"), owned("b", "a")]);
    let a = store.get(&ObjectKey::new("", "ConfigMap", "n", "a")).unwrap();
    assert_eq!(store.instance_of(a), None);
}
