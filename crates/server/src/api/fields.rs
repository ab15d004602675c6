//! The `fields=` selection of replies: `fields=metadata.name,spec` keeps these, `fields=-metadata.managedFields` drops.

use serde_json::{Map, Value};

/// What to keep of a reply, or what to drop from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    paths: Vec<Vec<String>>,
    drop: bool,
}

impl Selection {
    /// Reads the parameter's value; `None` when there is nothing to select.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (drop, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let paths: Vec<Vec<String>> = text
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty())
            .map(|path| path.split('.').map(str::to_owned).collect())
            .collect();
        (!paths.is_empty()).then_some(Self { paths, drop })
    }

    /// Applies the selection to a reply; lists are gone through. The `metadata` of a list stays.
    pub(crate) fn apply(&self, value: Value) -> Value {
        let paths: Vec<&[String]> = self.paths.iter().map(Vec::as_slice).collect();
        if self.drop {
            return drop_paths(value, &paths);
        }
        let list_metadata =
            value.get("items").and_then(|_| value.get("metadata")).cloned().unwrap_or(Value::Null);
        match keep_paths(value, &paths) {
            Value::Object(mut members) if !list_metadata.is_null() => {
                members.insert("metadata".to_owned(), list_metadata);
                Value::Object(members)
            }
            other => other,
        }
    }
}

fn rest_of<'a>(paths: &[&'a [String]], key: &str) -> Vec<&'a [String]> {
    paths
        .iter()
        .filter_map(|path| path.split_first().filter(|(head, _)| *head == key).map(|(_, rest)| rest))
        .collect()
}

fn keep_paths(value: Value, paths: &[&[String]]) -> Value {
    match value {
        _ if paths.iter().any(|path| path.is_empty()) => value,
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter_map(|(key, member)| {
                    let rest = rest_of(paths, &key);
                    (!rest.is_empty()).then(|| (key, keep_paths(member, &rest)))
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items.into_iter().map(|item| keep_paths(item, paths)).collect(),
        other => other,
    }
}

fn drop_paths(value: Value, paths: &[&[String]]) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .filter_map(|(key, member)| {
                    let rest = rest_of(paths, &key);
                    if rest.iter().any(|rest| rest.is_empty()) {
                        return None;
                    }
                    Some((key, if rest.is_empty() { member } else { drop_paths(member, &rest) }))
                })
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items.into_iter().map(|item| drop_paths(item, paths)).collect(),
        other => other,
    }
}
