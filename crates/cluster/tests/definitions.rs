//! The custom resource definitions against the types: whatever their schemas accept is read and written back in full.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test ends at once")]

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// A value with every field that a schema names.
fn sample(schema: &Value) -> Value {
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return json!(3);
    }
    if let Some(properties) = schema["properties"].as_object() {
        return properties
            .iter()
            .map(|(name, schema)| (name.clone(), sample(schema)))
            .collect::<Map<_, _>>()
            .into();
    }
    if schema["additionalProperties"].is_object() {
        return json!({"key": sample(&schema["additionalProperties"])});
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("array"), _) => json!([sample(&schema["items"])]),
        (Some("integer"), _) => json!(7),
        (Some("number"), _) => json!(1.5),
        (Some("boolean"), _) => json!(true),
        (Some("string"), Some("date-time")) => json!("2026-01-02T03:04:05Z"),
        (Some("string"), Some("byte")) => json!("AAEC"),
        (Some("string"), _) => json!("text"),
        // Anything goes here, so what is put in must come out.
        _ => json!({"any": {"thing": [1, "two"]}}),
    }
}

/// The places where `kept` lacks or changes what `sample` has.
fn lost(sample: &Value, kept: &Value, place: &str, losses: &mut Vec<String>) {
    match (sample, kept) {
        (Value::Object(fields), Value::Object(kept)) => {
            for (name, value) in fields {
                match kept.get(name) {
                    Some(kept) => lost(value, kept, &format!("{place}.{name}"), losses),
                    None => losses.push(format!("{place}.{name} is lost")),
                }
            }
        }
        (Value::Array(items), Value::Array(kept)) if items.len() == kept.len() => {
            for (item, kept) in items.iter().zip(kept) {
                lost(item, kept, &format!("{place}[]"), losses);
            }
        }
        (sample, kept) if sample == kept => {}
        (sample, kept) => losses.push(format!("{place}: {sample} became {kept}")),
    }
}

fn check<T: DeserializeOwned + Serialize>(kind: &str) {
    let definitions = cluster::install::definitions().unwrap();
    let definition = definitions
        .iter()
        .find(|definition| definition.get_str(&["spec", "names", "kind"]) == Some(kind))
        .unwrap();
    let schema = definition.pointer("/spec/versions/0/schema/openAPIV3Schema").unwrap();
    let mut sample = sample(schema);
    sample["metadata"] = json!({"name": "a", "namespace": "b", "labels": {"c": "d"}});
    let read: T = serde_json::from_value(sample.clone()).unwrap_or_else(|error| panic!("{kind}: {error}"));
    let kept = serde_json::to_value(&read).unwrap();
    let mut losses = Vec::new();
    lost(&sample, &kept, kind, &mut losses);
    assert!(losses.is_empty(), "{}", losses.join("\n"));
}

#[test]
fn applications_keep_every_field() {
    check::<types::Application>("Application");
}

#[test]
fn projects_keep_every_field() {
    check::<types::AppProject>("AppProject");
}

#[test]
fn application_sets_keep_every_field() {
    check::<types::ApplicationSet>("ApplicationSet");
}
