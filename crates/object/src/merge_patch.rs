//! JSON merge patch (RFC 7386): apply, create, and the three-way form that `kubectl apply` uses for kinds without a
//! built-in schema. The schema-driven sibling is `strategic`.

use serde_json::{Map, Value};

/// Applies a merge patch: null removes, maps merge, everything else replaces.
pub fn apply(document: &Value, patch: &Value) -> Value {
    let mut result = document.clone();
    apply_in_place(&mut result, patch);
    result
}

fn apply_in_place(document: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *document = patch.clone();
        return;
    };
    let map = crate::value::as_map_or_insert(document);
    for (field, value) in patch {
        if value.is_null() {
            map.remove(field);
        } else {
            apply_in_place(map.entry(field.clone()).or_insert(Value::Null), value);
        }
    }
}

/// The merge patch that turns `from` into `to`; an empty map when they are equal. Lists are replaced as a whole.
pub fn create(from: &Value, to: &Value) -> Value {
    match (from, to) {
        (Value::Object(from), Value::Object(to)) => Value::Object(create_map(from, to)),
        _ => to.clone(),
    }
}

fn create_map(from: &Map<String, Value>, to: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (field, new) in to {
        match (from.get(field), new) {
            (Some(old), new) if old == new => {}
            (Some(Value::Object(old)), Value::Object(new)) => {
                let nested = create_map(old, new);
                // Maps may differ only in null entries, which a patch can neither add nor remove.
                if !nested.is_empty() {
                    patch.insert(field.clone(), Value::Object(nested));
                }
            }
            _ => {
                patch.insert(field.clone(), new.clone());
            }
        }
    }
    for field in from.keys().filter(|field| !to.contains_key(*field)) {
        patch.insert(field.clone(), Value::Null);
    }
    patch
}

/// The patch for `current` that makes it carry what `modified` says and lose what `original` had and `modified` has
/// not; what only `current` has stays.
pub fn create_three_way(original: &Value, modified: &Value, current: &Value) -> Value {
    let additions = keep(&create(current, modified), false);
    let deletions = keep(&create(original, modified), true);
    apply_keeping_nulls(additions, &deletions)
}

/// Keeps only the removals (nulls) or only the rest of a patch.
fn keep(patch: &Value, removals: bool) -> Value {
    let Value::Object(map) = patch else { return patch.clone() };
    let mut kept = Map::new();
    for (field, value) in map {
        match value {
            Value::Null if removals => {
                kept.insert(field.clone(), Value::Null);
            }
            Value::Object(_) => {
                let nested = keep(value, removals);
                if nested.as_object().is_some_and(|nested| !nested.is_empty())
                    || (!removals && is_empty_map(value))
                {
                    kept.insert(field.clone(), nested);
                }
            }
            Value::Null => {}
            other if !removals => {
                kept.insert(field.clone(), other.clone());
            }
            _ => {}
        }
    }
    Value::Object(kept)
}

fn is_empty_map(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

/// Merges two patches into one that does both.
fn apply_keeping_nulls(first: Value, second: &Value) -> Value {
    match (first, second) {
        (Value::Object(mut merged), Value::Object(second)) => {
            for (field, value) in second {
                let combined = match merged.remove(field) {
                    Some(existing @ Value::Object(_)) if value.is_object() => {
                        apply_keeping_nulls(existing, value)
                    }
                    _ => value.clone(),
                };
                merged.insert(field.clone(), combined);
            }
            Value::Object(merged)
        }
        (_, second) => second.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn applies() {
        // The table of RFC 7386, appendix A.
        for (document, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(apply(&document, &patch), expected, "{document} {patch}");
        }
    }

    #[test]
    fn creates() {
        for (from, to, expected) in [
            (json!({"a": 1}), json!({"a": 1}), json!({})),
            (json!({"a": {"b": 1, "c": 2}}), json!({"a": {"b": 3}}), json!({"a": {"b": 3, "c": null}})),
            (json!({"a": [1]}), json!({"a": [1, 2]}), json!({"a": [1, 2]})),
            (json!({"a": {"b": 1}}), json!({"a": "x"}), json!({"a": "x"})),
        ] {
            let patch = create(&from, &to);
            assert_eq!(patch, expected);
            assert_eq!(apply(&from, &patch), to);
        }
    }

    #[test]
    fn three_ways() {
        let original = json!({"keep": 1, "drop": 1, "m": {"a": 1, "b": 1}, "l": [1]});
        let modified = json!({"keep": 2, "m": {"a": 1}, "l": [1, 2]});
        let current =
            json!({"keep": 1, "drop": 1, "foreign": 1, "m": {"a": 9, "b": 1, "foreign": 1}, "l": [1]});
        let patch = create_three_way(&original, &modified, &current);
        assert_eq!(patch, json!({"keep": 2, "drop": null, "m": {"a": 1, "b": null}, "l": [1, 2]}));
        assert_eq!(
            apply(&current, &patch),
            json!({"keep": 2, "foreign": 1, "m": {"a": 1, "foreign": 1}, "l": [1, 2]})
        );
    }
}
