//! The object itself: who it is, and its accessors on objects of any shape.
#![allow(clippy::unwrap_used, reason = "test code")]

use object::{Error, GroupKind, GroupVersionKind, Object, ObjectKey, OwnerReference};
use serde_json::{Value, json};

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

#[test]
fn identity() {
    for (value, key, gvk) in [
        (
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "prod"}}),
            "apps/Deployment:prod/web",
            "apps/v1/Deployment",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "prod"}}),
            "Service:prod/web",
            "v1/Service",
        ),
        (
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}}),
            "Namespace:prod",
            "v1/Namespace",
        ),
        (
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "r"}}),
            "rbac.authorization.k8s.io/ClusterRole:r",
            "rbac.authorization.k8s.io/v1/ClusterRole",
        ),
        (json!({}), ":", "/"),
    ] {
        let object = object(value);
        assert_eq!(object.key().to_string(), key);
        assert_eq!(object.gvk().to_string(), gvk);
        assert_eq!(object.gvk().api_version(), object.api_version());
    }
    assert_eq!(GroupKind::new("", "Pod").to_string(), "Pod");
    assert_eq!(GroupKind::new("apps", "Deployment").to_string(), "apps/Deployment");
    let key = ObjectKey::new("apps", "Deployment", "n", "a");
    assert_eq!(serde_json::from_str::<ObjectKey>(&serde_json::to_string(&key).unwrap()).unwrap(), key);
}

#[test]
fn accessors_take_any_shape() {
    for odd in [
        json!({"metadata": 1, "kind": [], "apiVersion": {}}),
        json!({"metadata": {"labels": [], "name": 1, "ownerReferences": {}}}),
        json!({}),
    ] {
        let mut object = object(odd);
        assert_eq!((object.name(), object.kind(), object.group(), object.namespace()), ("", "", "", None));
        assert!(object.labels().is_empty() && object.owner_references().is_empty());
        assert_eq!(object.finalizers().count(), 0);
        object.set_label("a", "b");
        assert_eq!(object.label("a"), Some("b"));
        assert!(object.remove_label("a") && !object.remove_label("a"));
        assert_eq!(object.get(&["metadata", "labels"]), None);
    }
    for value in [json!(null), json!([]), json!("x"), json!(1)] {
        assert!(matches!(Object::from_value(value), Err(Error::NotAnObject { .. })));
    }
    assert!(serde_json::from_str::<Object>("[]").is_err());
}

#[test]
fn paths() {
    let mut object = Object::new(&GroupVersionKind::new("", "v1", "Pod"), "", "p");
    assert_eq!(object.as_value(), &json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}));
    assert_eq!(object.set(&["spec", "a", "b"], json!(1)), None);
    assert_eq!(object.set(&["spec", "a", "b"], json!(2)), Some(json!(1)));
    assert_eq!(object.get(&["spec", "a", "b"]), Some(&json!(2)));
    assert_eq!(object.pointer("/spec/a/b"), Some(&json!(2)));
    assert_eq!(object.set(&["spec", "a", "b", "c"], json!(3)), None);
    assert_eq!(object.remove(&["spec", "a", "b"]), Some(json!({"c": 3})));
    assert_eq!(object.remove(&["spec", "x", "y"]), None);
    assert_eq!((object.set(&[], json!(1)), object.remove(&[])), (None, None));
    object.set_namespace(Some("n"));
    assert_eq!(object.namespace(), Some("n"));
    object.set_namespace(None);
    assert_eq!(object.namespace(), None);
}

#[test]
fn owners() {
    let object = object(json!({"metadata": {"ownerReferences": [
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "u", "controller": true}, 5, {"kind": "X"}]}}));
    let owners = object.owner_references();
    assert_eq!(owners.len(), 2);
    assert_eq!((owners[0].group(), owners[0].controller, owners[0].uid.as_str()), ("apps", true, "u"));
    assert_eq!(owners[1], OwnerReference { kind: "X".to_owned(), ..OwnerReference::default() });
}
