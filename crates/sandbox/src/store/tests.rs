//! The store alone: versions, history window, snapshots in the past, ownership index.

use serde_json::{Value, json};

use super::*;

fn store(window: usize) -> Store {
    Store::new(window, mpsc::unbounded_channel().0)
}

fn object(name: &str, owner: Option<&str>) -> Value {
    let mut value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "a", "uid": name}});
    if let Some(uid) = owner {
        value["metadata"]["ownerReferences"] =
            json!([{"uid": uid, "kind": "X", "name": "x", "apiVersion": "v1"}]);
    }
    value
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.records.iter().map(|record| record.name()).collect()
}

#[test]
fn writes_are_checked_against_what_they_expect() {
    let store = store(10);
    let first = store.put("c", "a/one", &mut object("one", None), Expect::Absent).unwrap();
    assert_eq!(
        store.put("c", "a/one", &mut object("one", None), Expect::Absent).unwrap_err(),
        Refused::Exists
    );
    let second = store.put("c", "a/one", &mut object("one", None), Expect::Version(first.version)).unwrap();
    assert!(second.version > first.version);
    let stale = store.put("c", "a/one", &mut object("one", None), Expect::Version(first.version));
    assert_eq!(stale.unwrap_err(), Refused::Stale);
    assert_eq!(second.value()["metadata"]["resourceVersion"], second.version.to_string());
}

#[test]
fn a_snapshot_of_the_past_undoes_later_changes() {
    let store = store(10);
    let one = store.put("c", "a/one", &mut object("one", None), Expect::Absent).unwrap();
    let two = store.put("c", "a/two", &mut object("two", None), Expect::Absent).unwrap();
    store.remove("c", "a/one", &mut one.value(), one.version).unwrap();
    store.put("c", "a/three", &mut object("three", None), Expect::Absent).unwrap();
    let past = store.snapshot_at("c", "a", two.version).unwrap();
    assert_eq!(names(&past), ["one", "two"]);
    assert_eq!(names(&store.snapshot("c", "a")), ["three", "two"]);
    assert_eq!(names(&store.snapshot("c", "b")), Vec::<&str>::new());
}

#[test]
fn the_window_forgets_the_oldest_changes() {
    let store = store(2);
    for name in ["one", "two", "three"] {
        store.put("c", &format!("a/{name}"), &mut object(name, None), Expect::Absent).unwrap();
    }
    assert!(matches!(store.since("c", 1, 10), Since::TooOld(4)));
    let Since::Changes(changes, reached) = store.since("c", 2, 10) else { panic!("the window covers this") };
    assert_eq!((changes.len(), reached), (2, 4));
}

#[test]
fn dependents_follow_owner_references() {
    let store = store(10);
    let child = store.put("c", "a/child", &mut object("child", Some("parent")), Expect::Absent).unwrap();
    assert_eq!(store.dependents("parent").len(), 1);
    let orphan =
        store.put("c", "a/child", &mut object("child", None), Expect::Version(child.version)).unwrap();
    assert!(store.dependents("parent").is_empty());
    store.remove("c", "a/child", &mut orphan.value(), orphan.version).unwrap();
    assert!(store.by_uid("child").is_none());
}
