//! `Table` answers: what `kubectl get` prints. Which columns a kind has is in `columns.rs`; `cells.rs` computes the
//! cells that are more than a field; `human.rs` writes ages. Custom resources bring their own columns.

mod cells;
mod columns;
mod human;
mod json_path;
mod workload_cells;

use serde_json::{Value, json};

use crate::engine::partial;
use crate::kinds::Kind;

/// A column and how its cells are made.
struct Column {
    name: String,
    kind: String,
    format: String,
    description: String,
    priority: i64,
    cell: Cell,
}

/// How a cell is made.
enum Cell {
    /// By a function of the object.
    Computed(fn(&Value) -> Value),
    /// From a JSONPath of a CustomResourceDefinition.
    Path(String),
}

/// Renders objects as a table. `include` is the `includeObject` parameter: `None`, `Metadata` (default) or `Object`.
pub(crate) fn render(kind: &Kind, values: &[Value], include: Option<&str>, metadata: &Value) -> Value {
    let columns = columns_of(kind);
    let definitions: Vec<Value> = columns
        .iter()
        .map(|column| {
            json!({"name": column.name, "type": column.kind, "format": column.format,
                "description": column.description, "priority": column.priority})
        })
        .collect();
    let rows: Vec<Value> = values
        .iter()
        .map(|value| {
            let cells: Vec<Value> = columns
                .iter()
                .map(|column| match &column.cell {
                    Cell::Computed(compute) => compute(value),
                    Cell::Path(path) => custom_cell(value, path, &column.kind),
                })
                .collect();
            let mut row = json!({ "cells": cells });
            match include {
                Some("None") => row["object"] = Value::Null,
                Some("Object") => row["object"] = value.clone(),
                _ => row["object"] = partial(value),
            }
            if kind.collection.as_ref() == "/pods"
                && let Some(conditions) = cells::finished(value)
            {
                row["conditions"] = conditions;
            }
            row
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
           "columnDefinitions": definitions, "rows": rows})
}

fn columns_of(kind: &Kind) -> Vec<Column> {
    let Some(custom) = &kind.custom else { return columns::of(&kind.collection) };
    let mut list = vec![columns::name()];
    list.extend(custom.columns.iter().map(|column| Column {
        name: column.name.clone(),
        kind: column.kind.clone(),
        format: column.format.clone(),
        description: if column.description.is_empty() {
            format!("Custom resource definition column (in JSONPath format): {}", column.json_path)
        } else {
            column.description.clone()
        },
        priority: column.priority,
        cell: Cell::Path(column.json_path.clone()),
    }));
    list
}

fn custom_cell(value: &Value, path: &str, kind: &str) -> Value {
    let found = json_path::find(value, path);
    match (kind, found) {
        (_, None | Some(Value::Null)) => Value::Null,
        ("date", Some(Value::String(time))) => human::age_of(&time).into(),
        ("string", Some(Value::String(text))) => text.into(),
        ("string", Some(other)) => other.to_string().into(),
        ("integer", Some(Value::String(text))) => text.parse::<i64>().map_or(Value::Null, Value::from),
        (_, Some(found)) => found,
    }
}
