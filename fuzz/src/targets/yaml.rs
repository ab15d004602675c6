//! YAML: what is read can be written and read again.

use arbitrary::Unstructured;
use goyaml::{Budget, Layout};
use serde_json::Value;

use crate::shape;

const BUDGET: Budget = Budget { input_bytes: 1 << 20, depth: 100, nodes: 100_000, expanded_nodes: 200_000 };

/// Whether a value comes back as it was. Numbers may change their type where YAML has one spelling for both.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left == right || left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|((name, left), (other, right))| name == other && same(left, right))
        }
        (left, right) => left == right,
    }
}

/// Whether a text of several lines begins with a tab, after spaces and empty lines: yaml.v3 writes it as a literal block
/// whose indentation it then can't tell. (yaml.v2, which `KUBERNETES` follows, quotes every text of several lines that has a
/// tab.)
fn begins_with_tab(value: &Value) -> bool {
    let text = |text: &str| text.contains('\n') && text.trim_start_matches([' ', '\n']).starts_with('\t');
    match value {
        Value::String(value) => text(value),
        Value::Array(items) => items.iter().any(begins_with_tab),
        Value::Object(entries) => entries.iter().any(|(name, value)| text(name) || begins_with_tab(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn comes_back(value: &Value) {
    for layout in [Layout::KUBERNETES, Layout::PRETTY, Layout::KUSTOMIZE] {
        let written = goyaml::emit_to_string(value, layout);
        if written.contains("<<") {
            // Go's own writers don't quote the merge key.
            continue;
        }
        if layout != Layout::KUBERNETES && begins_with_tab(value) {
            continue;
        }
        match goyaml::from_str(&written) {
            Ok(read) => assert!(same(value, &read), "{value}\nbecame {read}\nby {written:?}"),
            Err(error) => panic!("{value}\nwas written as {written:?}, which is no YAML: {error}"),
        }
    }
}

/// Any text.
pub(super) fn text(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    if let Ok(stream) = goyaml::parse(text, &BUDGET) {
        for document in &stream.documents {
            assert!(
                text.get(document.start.offset..document.end.offset).is_some(),
                "a document out of the text"
            );
        }
    }
    let _ = goyaml::from_str_strict(text);
    if let Ok(value) = goyaml::from_str_within(text, &BUDGET) {
        comes_back(&value);
    }
    if let Ok(documents) = goyaml::documents_within(text, &BUDGET) {
        for document in &documents {
            assert!(text.get(document.range.clone()).is_some(), "a document out of the text");
            assert!(document.line >= 1);
        }
    }
}

/// Any value.
pub(super) fn value(data: &[u8]) {
    let mut u = Unstructured::new(data);
    if let Ok(value) = shape::json(&mut u) {
        comes_back(&value);
    }
}
