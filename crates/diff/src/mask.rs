//! Hides the values of Secrets while keeping it visible which of them are equal.

use std::collections::{BTreeMap, BTreeSet};

use object::{LAST_APPLIED_ANNOTATION, Object};
use serde_json::Value;

use crate::normalize::normalize_secret;

const FIRST_MASK: usize = 8;
const LONGER_BY: usize = 4;

/// Replaces the values in `data` of a core Secret's target, live and last-applied form, and the annotations named as
/// sensitive. Equal values get equal masks; each new value gets a longer one. Other kinds come back unchanged.
pub fn mask_secrets(
    target: Option<&Object>,
    live: Option<&Object>,
    sensitive_annotations: &[String],
) -> (Option<Object>, Option<Object>) {
    let is_secret = |object: &Object| object.group().is_empty() && object.kind() == "Secret";
    if !target.or(live).is_some_and(is_secret) {
        return (target.cloned(), live.cloned());
    }
    let mut objects = [target.cloned(), live.cloned()];
    let last_applied_is_sensitive = sensitive_annotations.iter().any(|key| key == LAST_APPLIED_ANNOTATION);
    let mut last_applied: [Option<Object>; 2] = [None, None];
    for (object, last) in objects.iter().zip(&mut last_applied) {
        let text = object.as_ref().and_then(|object| object.annotation(LAST_APPLIED_ANNOTATION));
        *last = text.filter(|_| !last_applied_is_sensitive).and_then(|text| serde_json::from_str(text).ok());
    }
    {
        let mut all: Vec<&mut Object> =
            objects.iter_mut().flatten().chain(last_applied.iter_mut().flatten()).collect();
        for object in &mut all {
            normalize_secret(object);
            hide_malformed(object);
        }
        mask_maps(&mut all, &["data"], None);
        mask_maps(&mut all, &["metadata", "annotations"], Some(sensitive_annotations));
    }
    for (object, last) in objects.iter_mut().zip(last_applied) {
        let Some(object) = object else { continue };
        if object.annotation(LAST_APPLIED_ANNOTATION).is_none() {
            continue;
        }
        let masked = last.map_or_else(|| "+".repeat(FIRST_MASK), |last| last.to_json());
        object.set_annotation(LAST_APPLIED_ANNOTATION, &masked);
    }
    let [target, live] = objects;
    (target, live)
}

/// What the server would refuse is no reason to show it.
fn hide_malformed(object: &mut Object) {
    for field in ["data", "stringData"] {
        let Some(value) = object.get_mut(&[field]) else { continue };
        match value {
            Value::Null => {}
            Value::Object(map) if field == "stringData" => {
                map.values_mut().for_each(|value| *value = Value::from("+".repeat(FIRST_MASK)));
            }
            Value::Object(_) => {}
            other => *other = Value::from("+".repeat(FIRST_MASK)),
        }
    }
}

/// Masks the entries of one map in all objects; `only` limits it to these keys.
fn mask_maps(objects: &mut [&mut Object], path: &[&str], only: Option<&[String]>) {
    let keys: BTreeSet<String> = objects
        .iter()
        .filter_map(|object| object.get(path)?.as_object())
        .flat_map(|map| map.keys().cloned())
        .filter(|key| only.is_none_or(|only| only.contains(key)))
        .collect();
    for key in keys {
        let mut masks: BTreeMap<String, String> = BTreeMap::new();
        for object in objects.iter_mut() {
            let Some(Value::Object(map)) = object.get_mut(path) else { continue };
            let Some(value) = map.get_mut(&key) else { continue };
            let length = FIRST_MASK + LONGER_BY * masks.len();
            let mask = masks.entry(value.to_string()).or_insert_with(|| "+".repeat(length));
            *value = Value::from(mask.clone());
        }
    }
}
