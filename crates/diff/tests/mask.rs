//! What is left to see of Secrets.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "test code")]

use diff::mask_secrets;
use object::{LAST_APPLIED_ANNOTATION, Object};
use serde_json::{Value, json};

fn secret(fields: Value) -> Object {
    let mut value = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
    value.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    Object::from_value(value).unwrap()
}

fn masks(target: &Object, live: &Object, sensitive: &[&str]) -> (Value, Value) {
    let sensitive: Vec<String> = sensitive.iter().map(ToString::to_string).collect();
    let (target, live) = mask_secrets(Some(target), Some(live), &sensitive);
    (target.unwrap().into_value(), live.unwrap().into_value())
}

#[test]
fn equal_values_share_a_mask() {
    let target = secret(json!({"data": {"same": "YQ==", "other": "YQ==", "new": "Yg=="}}));
    let live = secret(json!({"data": {"same": "YQ==", "other": "Yw==", "gone": "ZA=="}}));
    let (target, live) = masks(&target, &live, &[]);
    assert_eq!(target["data"], json!({"same": "++++++++", "other": "++++++++", "new": "++++++++"}));
    assert_eq!(live["data"], json!({"same": "++++++++", "other": "++++++++++++", "gone": "++++++++"}));
}

#[test]
fn string_data_counts_as_data() {
    let (target, live) =
        masks(&secret(json!({"stringData": {"a": "a"}})), &secret(json!({"data": {"a": "YQ=="}})), &[]);
    assert_eq!(target["data"], live["data"]);
    assert!(target.get("stringData").is_none());
}

#[test]
fn last_applied_is_masked_too() {
    let mut live = secret(json!({"data": {"a": "YQ=="}}));
    live.set_annotation(LAST_APPLIED_ANNOTATION, r#"{"kind":"Secret","data":{"a":"b2xk","b":"eA=="}}"#);
    let (_, masked) = masks(&secret(json!({"data": {"a": "YQ=="}})), &live, &[]);
    let annotation = masked["metadata"]["annotations"][LAST_APPLIED_ANNOTATION].as_str().unwrap();
    assert_eq!(annotation, r#"{"data":{"a":"++++++++++++","b":"++++++++"},"kind":"Secret"}"#);
    live.set_annotation(LAST_APPLIED_ANNOTATION, "data: YQ==");
    let (_, masked) = masks(&secret(json!({})), &live, &[]);
    assert_eq!(masked["metadata"]["annotations"][LAST_APPLIED_ANNOTATION], "++++++++");
}

#[test]
fn sensitive_annotations() {
    let with = |value: &str| {
        let mut object = secret(json!({}));
        object.set_annotation("token", value);
        object.set_annotation("plain", value);
        object
    };
    let (target, live) = masks(&with("x"), &with("y"), &["token"]);
    assert_eq!(target["metadata"]["annotations"], json!({"token": "++++++++", "plain": "x"}));
    assert_eq!(live["metadata"]["annotations"], json!({"token": "++++++++++++", "plain": "y"}));
}

#[test]
fn nothing_shows_of_malformed_secrets() {
    for malformed in [
        json!({"data": "topsecret"}),
        json!({"data": ["topsecret"]}),
        json!({"stringData": "topsecret"}),
        json!({"data": "x", "stringData": {"a": "topsecret"}}),
        json!({"stringData": {"a": ["topsecret"]}}),
        json!({"data": {"a": {"b": "topsecret"}}}),
    ] {
        let (target, live) = masks(&secret(malformed.clone()), &secret(json!({})), &[]);
        assert!(!format!("{target}{live}").contains("topsecret"), "{malformed}");
    }
}

#[test]
fn other_kinds_are_left() {
    let other =
        Object::from_value(json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}})).unwrap();
    assert_eq!(mask_secrets(Some(&other), None, &[]), (Some(other), None));
}
