//! What the API writes into objects of a few kinds at admission, beyond defaults: a namespace's finalizer and label,
//! service addresses, secret data from `stringData`, selectors of Jobs.

use serde_json::{Value, json};

use super::Engine;
use super::meta::{edit_metadata, meta_text};
use crate::kinds::Kind;

impl Engine {
    /// On creation.
    pub(super) fn admit(&self, kind: &Kind, value: &mut Value) {
        match kind.collection.as_ref() {
            "/namespaces" => {
                let name = meta_text(value, "name").to_owned();
                edit_metadata(value, |metadata| {
                    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
                    if let Some(labels) = labels.as_object_mut() {
                        labels.insert("kubernetes.io/metadata.name".into(), name.into());
                    }
                });
                value["spec"] = json!({"finalizers": ["kubernetes"]});
                value["status"] = json!({"phase": "Active"});
            }
            "/secrets" => merge_string_data(value),
            _ => {}
        }
    }

    /// On changes.
    pub(super) fn admit_change(&self, kind: &Kind, current: &Value, value: &mut Value) {
        match kind.collection.as_ref() {
            "/namespaces" => {
                if let Some(name) = current["metadata"]["name"].as_str() {
                    edit_metadata(value, |metadata| {
                        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
                        if let Some(labels) = labels.as_object_mut() {
                            labels.insert("kubernetes.io/metadata.name".into(), name.into());
                        }
                    });
                }
            }
            "/secrets" => merge_string_data(value),
            _ => {}
        }
    }
}

/// `stringData` is written as `data`, base64-encoded, and never kept.
fn merge_string_data(value: &mut Value) {
    use base64::Engine as _;
    let Some(map) = value.as_object_mut() else { return };
    let Some(Value::Object(texts)) = map.remove("stringData") else { return };
    if texts.is_empty() {
        return;
    }
    let data = map.entry("data").or_insert_with(|| json!({}));
    if !data.is_object() {
        *data = json!({});
    }
    if let Some(data) = data.as_object_mut() {
        for (key, text) in texts {
            let encoded = base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or_default());
            data.insert(key, encoded.into());
        }
    }
}
