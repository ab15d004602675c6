//! Ownership without a server: `fieldsV1`, migration, capping, and objects whose schema is unknown. What a real server
//! does is held in `tests/recorded.rs`, general laws in `tests/laws.rs`.

use serde_json::{Value, json};

use super::*;
use crate::schema::builtin;
use crate::{Error, Object};

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

#[allow(clippy::needless_pass_by_value, reason = "the cases read better without borrows")]
fn config_map(data: Value) -> Object {
    object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}))
}

fn run_apply(
    live: Option<&Object>,
    configuration: &Object,
    manager: &str,
    force: bool,
) -> Result<Applied, Error> {
    let reset = FieldSet::new();
    apply(live, configuration, None, Writer { manager, subresource: "", time: "t", reset: &reset }, force)
}

#[test]
fn fields_v1_round_trip() {
    let fields = json!({
        "f:metadata": {"f:labels": {".": {}, "f:a/b": {}}},
        "f:spec": {"f:ports": {"k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}}, "f:set": {"v:\"x\"": {}, "i:3": {}}},
    });
    let set = FieldSet::from_fields_v1(&fields).unwrap();
    assert_eq!(set.to_fields_v1(), fields);
    let paths: Vec<String> =
        set.paths().iter().map(|path| path.iter().map(ToString::to_string).collect::<String>()).collect();
    assert_eq!(
        paths,
        [
            ".metadata.labels",
            ".metadata.labels.a/b",
            ".spec.ports[port=80,protocol=\"TCP\"]",
            ".spec.ports[port=80,protocol=\"TCP\"].port",
            ".spec.set[=\"x\"]",
            ".spec.set[3]",
        ]
    );
    for broken in [
        json!([]),
        json!({"f:a": 1}),
        json!({"x": {}}),
        json!({"k:[]": {}}),
        json!({"i:x": {}}),
        json!({"q:x": {}}),
    ] {
        assert!(FieldSet::from_fields_v1(&broken).is_err(), "{broken}");
    }
    let mut deep = json!({});
    for _ in 0..300 {
        deep = json!({ "f:a": deep });
    }
    assert!(matches!(FieldSet::from_fields_v1(&deep), Err(Error::Limit { .. })));
}

#[test]
fn objects_without_schema_have_whole_lists() {
    let first = object(
        json!({"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x"}, "spec": {"l": [{"a": 1}], "m": {"a": 1}}}),
    );
    let live = run_apply(None, &first, "one", false).unwrap();
    assert!(live.changed);
    let second = object(
        json!({"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x"}, "spec": {"m": {"b": 1}}}),
    );
    let both = run_apply(Some(&live.object), &second, "two", false).unwrap().object;
    assert_eq!(both.get(&["spec"]), Some(&json!({"l": [{"a": 1}], "m": {"a": 1, "b": 1}})));
    let third = object(
        json!({"apiVersion": "x.io/v1", "kind": "X", "metadata": {"name": "x"}, "spec": {"l": [{"a": 2}]}}),
    );
    let error = run_apply(Some(&both), &third, "two", false).unwrap_err();
    assert_eq!(error.to_string(), "Apply failed with 1 conflict: conflict with \"one\": .spec.l");
    let forced = run_apply(Some(&both), &third, "two", true).unwrap().object;
    assert_eq!(forced.get(&["spec"]), Some(&json!({"l": [{"a": 2}], "m": {"a": 1}})));
}

#[test]
fn the_first_apply_respects_what_was_there() {
    let live = config_map(json!({"a": "1"}));
    let error = run_apply(Some(&live), &config_map(json!({"a": "2"})), "one", false).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Apply failed with 1 conflict: conflict with \"before-first-apply\" using v1: .data.a"
    );
}

#[test]
fn updates() {
    let reset = FieldSet::new();
    let writer = |manager, time| Writer { manager, subresource: "", time, reset: &reset };
    let mut live = config_map(json!({"a": "1"}));
    update(None, &mut live, None, writer("one", "t1")).unwrap();
    // Nothing changed: nobody owns more, and times stay.
    let mut same = live.clone();
    same.remove(&["metadata", "managedFields"]);
    update(Some(&live), &mut same, None, writer("two", "t2")).unwrap();
    assert_eq!(same, live);
    // More managers than fit are folded into one.
    for index in 0..20 {
        let mut next = live.clone();
        next.set(&["data", &format!("k{index}")], json!("x"));
        let (manager, time) = (format!("m{index}"), format!("t{:02}", index + 3));
        let writer = Writer { manager: &manager, subresource: "", time: &time, reset: &reset };
        update(Some(&live), &mut next, None, writer).unwrap();
        live = next;
    }
    let managed = ManagedFields::read(&live).unwrap();
    assert_eq!(managed.iter().count(), 10);
    assert!(managed.iter().any(|manager| manager.id.name == "ancient-changes"));
    // An explicit empty entry forgets everybody, and then nothing is recorded any more.
    let mut forgotten = live.clone();
    forgotten.set(&["metadata", "managedFields"], json!([{}]));
    update(Some(&live), &mut forgotten, None, writer("x", "t")).unwrap();
    assert_eq!(forgotten.get(&["metadata", "managedFields"]), None);
    let mut later = forgotten.clone();
    later.set(&["data", "new"], json!("1"));
    update(Some(&forgotten), &mut later, None, writer("x", "t")).unwrap();
    assert_eq!(later.get(&["metadata", "managedFields"]), None);
}

#[test]
fn client_side_ownership_moves() {
    let reset = FieldSet::new();
    let mut live = config_map(json!({"a": "1", "b": "1"}));
    let writer = Writer { manager: "kubectl-client-side-apply", subresource: "", time: "t", reset: &reset };
    update(None, &mut live, None, writer).unwrap();
    let mut managed = ManagedFields::read(&live).unwrap();
    assert!(managed.migrate_client_side(&["kubectl-client-side-apply", "other"], "argocd-controller"));
    assert!(!managed.migrate_client_side(&["kubectl-client-side-apply"], "argocd-controller"));
    managed.write(&mut live);
    // What client-side apply had set and we do not apply goes.
    let applied = run_apply(Some(&live), &config_map(json!({"a": "1"})), "argocd-controller", false).unwrap();
    assert_eq!(applied.object.get(&["data"]), Some(&json!({"a": "1"})));
}

#[test]
fn extraction() {
    let value = json!({"metadata": {"name": "c", "labels": {"a": "1", "b": "2"}}, "data": {"x": "1"}});
    let set = FieldSet::of_fields(&[&["metadata", "labels", "a"], &["data"]]);
    assert_eq!(extract(&value, &set, None), json!({"metadata": {"labels": {"a": "1"}}, "data": {}}));
    assert_eq!(remove(&value, &set, None), json!({"metadata": {"name": "c", "labels": {"b": "2"}}}));
}

/// Nobody owns an empty list, a container that was emptied is null, and null says nothing of what is in a container. The
/// answers are those of structured-merge-diff v6.3.3, which settles with the second apply at the latest.
#[test]
fn emptied_values_settle() {
    let schema = builtin().kind(&crate::GroupVersionKind::from("apps/v1", "StatefulSet"));
    let reset = FieldSet::new();
    let writer = Writer { manager: "one", subresource: "", time: "", reset: &reset };
    for (field, first, second, once, twice) in [
        ("finalizers", json!(["a"]), json!([]), None, Some(json!([]))),
        ("finalizers", json!(["a"]), Value::Null, Some(Value::Null), Some(Value::Null)),
        ("finalizers", json!([]), json!([]), Some(json!([])), Some(json!([]))),
        ("labels", json!({"a": "b"}), json!({}), Some(Value::Null), Some(json!({}))),
        ("labels", json!({"a": "b"}), Value::Null, Some(Value::Null), Some(Value::Null)),
        ("labels", json!({}), Value::Null, Some(Value::Null), Some(Value::Null)),
        ("labels", Value::Null, json!({}), Some(json!({})), Some(json!({}))),
        ("labels", json!({"a": null}), json!({}), Some(Value::Null), Some(json!({}))),
    ] {
        let of = |value: &Value| {
            object(
                json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "s", field: value}}),
            )
        };
        let run = |live: Option<&Object>, value: &Value| {
            apply(live, &of(value), schema, writer, true).unwrap().object
        };
        let mut live = run(None, &first);
        for expected in [&once, &twice, &twice] {
            live = run(Some(&live), &second);
            assert_eq!(live.get(&["metadata", field]), expected.as_ref(), "{field}: {first}, then {second}");
        }
    }
}
