//! Merged lists: elements found by their keys, those of the patch first. What happens to lists whose elements repeat
//! keys or leave some out is not a rule anybody wrote down; it follows step by step what Kustomize does.

use serde_json::Value;

use crate::file::scalar_text;
use crate::merge::{self, DIRECTIVE, Merged};
use crate::shapes::{Shape, Shapes};

/// Merges a patch's list into a list, in place.
pub(crate) fn walk(
    items: &mut Vec<Value>,
    patch: Option<&[Value]>,
    keys: &[String],
    element: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Merged, String> {
    let Some(patch) = patch else {
        if is_regular(items, keys) {
            for item in items.iter_mut().filter(|item| item.is_object()) {
                merge::walk(item, None, element, shapes)?;
            }
            return Ok(Merged::InPlace);
        }
        return Ok(finished(merge_elements(items, Other::None, keys, element, shapes)?));
    };
    let (strategy, patch) = directive(patch)?;
    match strategy {
        "delete" => Ok(Merged::Removed),
        "replace" => {
            let mut patch = patch;
            Ok(finished(merge_elements(&mut patch, Other::Same, keys, element, shapes)?))
        }
        _ => Ok(finished(merge_elements(items, Other::Patch(&patch), keys, element, shapes)?)),
    }
}

/// A list that meets none.
pub(crate) fn settle(
    items: &[Value],
    keys: &[String],
    element: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Option<Value>, String> {
    let merged = merge_elements(&mut items.to_vec(), Other::Same, keys, element, shapes)?;
    Ok(Some(Value::Array(merged)))
}

/// What a list is merged with.
#[derive(Clone, Copy)]
enum Other<'a> {
    /// Nothing: it is only walked past.
    None,
    Patch(&'a [Value]),
    /// Itself: it is a patch that met nothing.
    Same,
}

fn finished(merged: Vec<Value>) -> Merged {
    Merged::Replaced(Value::Array(merged))
}

/// Whether walking past the list leaves its elements where they are.
fn is_regular(items: &[Value], keys: &[String]) -> bool {
    let mut seen = std::collections::HashSet::new();
    items.iter().all(|item| match item {
        Value::Object(map) => {
            let values: Vec<String> =
                keys.iter().map(|key| map.get(key).map_or(String::new(), scalar_text)).collect();
            !keys.is_empty() && values.iter().all(|value| !value.is_empty()) && seen.insert(values)
        }
        Value::Null | Value::Array(_) => false,
        scalar => keys.is_empty() && seen.insert(vec![scalar_text(scalar)]),
    })
}

/// What the list itself says (`- $patch: replace`), and the list without that.
fn directive(patch: &[Value]) -> Result<(&str, Vec<Value>), String> {
    let found = patch.iter().find_map(|item| Some((item.as_object()?, item.get(DIRECTIVE)?)));
    let strategy = match found {
        Some((map, Value::String(strategy))) if map.len() == 1 => strategy.as_str(),
        _ => return Ok(("merge", patch.to_vec())),
    };
    if !matches!(strategy, "delete" | "replace" | "merge") {
        return Err(format!("unknown patch strategy '{strategy}'"));
    }
    let is_directive = |item: &Value| {
        item.is_object() && item.get(DIRECTIVE).is_some_and(|found| scalar_text(found) == strategy)
    };
    let is_other = |item: &&Value| !is_nothing(item) && !is_directive(item);
    Ok((strategy, patch.iter().filter(is_other).cloned().collect()))
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The text of a key's value; empty when it has none.
fn text_of(item: &Value, key: &str) -> String {
    item.get(key).map_or(String::new(), scalar_text)
}

/// Merges the elements that have the same keys. Without keys, the elements are scalars and a set.
fn merge_elements(
    items: &mut Vec<Value>,
    other: Other<'_>,
    keys: &[String],
    element: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Vec<Value>, String> {
    let patch = match other {
        Other::Patch(patch) => patch,
        Other::None | Other::Same => &[],
    };
    if keys.is_empty() {
        return Ok(union(items, patch));
    }
    let mut all_values: Vec<Vec<String>> = Vec::new();
    for item in patch.iter().chain(items.iter()) {
        let values: Vec<String> = keys.iter().map(|key| text_of(item, key)).collect();
        if !all_values.contains(&values) {
            all_values.push(values);
        }
    }
    if keys.len() > 1 {
        unify(&mut all_values);
    }
    let mut added: Vec<Value> = Vec::new();
    let mut last_keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    for values in &all_values {
        let (keys, values) = valid(&all_values, values, keys);
        let merged = merge_element(items, other, &keys, &values, element, shapes)?;
        match merged {
            None => set_element(items, None, &keys, &values),
            Some(mut merged) => {
                if let Some(map) = merged.as_object_mut() {
                    for (key, value) in keys.iter().zip(&values).filter(|(_, value)| !value.is_empty()) {
                        map.entry(*key).or_insert_with(|| value.as_str().into());
                    }
                }
                set_element(&mut added, Some(merged), &keys, &values);
            }
        }
        last_keys = keys;
    }
    append(&mut added, items, &last_keys);
    Ok(added)
}

/// Merges the element with these values; `None` when it is deleted.
fn merge_element(
    items: &mut [Value],
    other: Other<'_>,
    keys: &[&str],
    values: &[String],
    element: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Option<Value>, String> {
    // Of the keys, only those that this element has a value for.
    let own_keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let (own_keys, own_values) = valid(&[values.to_vec()], values, &own_keys);
    let matches = |item: &Value| {
        item.is_object()
            && own_keys
                .iter()
                .zip(&own_values)
                .all(|(key, value)| item.get(*key).is_some_and(|found| scalar_text(found) == *value))
    };
    let item = items.iter_mut().find(|item| matches(item));
    let change = match other {
        Other::Patch(patch) => patch.iter().find(|item| matches(item)),
        Other::None | Other::Same => None,
    };
    let merged = match (item, change) {
        (None, None) => None,
        (None, Some(change)) => merge::settle(change, element, shapes)?,
        (Some(item), _) if matches!(other, Other::Same) => {
            let settled = merge::settle(item, element, shapes)?;
            if let Some(settled) = &settled {
                item.clone_from(settled);
            }
            settled
        }
        (Some(item), change) => match merge::walk(item, change, element, shapes)? {
            Merged::InPlace => Some(item.clone()),
            Merged::Replaced(value) => Some(value),
            Merged::Removed => None,
        },
    };
    Ok(merged.filter(|value| !is_nothing(value)))
}

/// Scalars of both lists, each once.
fn union(items: &[Value], patch: &[Value]) -> Vec<Value> {
    let mut merged: Vec<Value> = Vec::new();
    for item in patch.iter().chain(items).filter(|item| !is_nothing(item)) {
        match merged.iter_mut().find(|known| scalar_text(known) == scalar_text(item)) {
            Some(known) => *known = item.clone(),
            None => merged.push(item.clone()),
        }
    }
    merged
}

/// Makes combinations of values one where each lacks only what the other has.
fn unify(all: &mut [Vec<String>]) {
    for one in 0..all.len() {
        for other in 0..all.len() {
            if let Some(values) = unified(&all[one], &all[other]) {
                all[one].clone_from(&values);
                all[other] = values;
            }
        }
    }
}

fn unified(one: &[String], other: &[String]) -> Option<Vec<String>> {
    let mut has_common = false;
    let mut values = Vec::with_capacity(one.len());
    for (one, other) in one.iter().zip(other) {
        if one == other {
            has_common = true;
        } else if !one.is_empty() && !other.is_empty() {
            return None;
        }
        values.push(if one.is_empty() { other.clone() } else { one.clone() });
    }
    has_common.then_some(values)
}

/// The keys that any element has, and the values for them.
fn valid<'a>(all: &[Vec<String>], values: &[String], keys: &'a [String]) -> (Vec<&'a str>, Vec<String>) {
    let is_valid =
        |place: usize| all.iter().any(|values| values.get(place).is_some_and(|value| !value.is_empty()));
    let places: Vec<usize> = (0..keys.len()).filter(|&place| is_valid(place)).collect();
    if places.is_empty() {
        return (keys.iter().map(String::as_str).collect(), values.to_vec());
    }
    let keys = places.iter().map(|&place| keys[place].as_str()).collect();
    (keys, places.iter().map(|&place| values[place].clone()).collect())
}

/// Puts an element in the place of those with the same values, or behind all others; without one, removes those.
fn set_element(list: &mut Vec<Value>, element: Option<Value>, keys: &[&str], values: &[String]) {
    let is_mapping_setter = values.first().is_some_and(|value| !value.is_empty());
    let is_meant = |item: &Value| {
        !values.is_empty()
            && keys.iter().enumerate().all(|(place, key)| match (item.get(*key), values.get(place)) {
                // Beyond the values given, the last look-up stands.
                (_, None) => true,
                (Some(_), Some(value)) if value.is_empty() => true,
                (Some(found), Some(value)) => scalar_text(found) == *value,
                (None, Some(_)) => false,
            })
    };
    let mut found = false;
    let mut kept = Vec::with_capacity(list.len() + 1);
    for item in list.drain(..) {
        if is_nothing(&item) {
            continue;
        }
        if !item.is_object() {
            if is_mapping_setter {
                kept.push(item);
            }
            continue;
        }
        if is_meant(&item) {
            found = true;
            kept.extend(element.clone());
        } else if !values.is_empty() {
            kept.push(item);
        }
    }
    if let Some(element) = element
        && !found
    {
        kept.push(element);
    }
    *list = kept;
}

/// Adds the elements of the old list behind the merged ones; where both have one, the old list's (which was merged in
/// place) stands.
fn append(added: &mut Vec<Value>, items: &[Value], keys: &[&str]) {
    for item in items {
        let mut values = Vec::new();
        for key in keys {
            match item.get(*key) {
                Some(value) => values.push(scalar_text(value)),
                None => added.push(item.clone()),
            }
        }
        if keys.len() > 1 {
            set_element(added, None, keys, &values);
        }
        set_element(added, Some(item.clone()), keys, &values);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(items: &Value, patch: &Value, keys: &[&str]) -> Value {
        let mut items = items.as_array().unwrap().clone();
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let patch = patch.as_array().map(Vec::as_slice);
        match walk(&mut items, patch, &keys, None, Shapes::builtin()).unwrap() {
            Merged::InPlace => Value::Array(items),
            Merged::Replaced(value) => value,
            Merged::Removed => Value::Null,
        }
    }

    #[test]
    fn elements_are_found_by_all_their_keys() {
        let ports = json!([{"port": 80, "protocol": "TCP"}, {"port": 80, "protocol": "UDP"}, {"port": 90}]);
        let patch = json!([{"port": 80, "protocol": "UDP", "x": 1}, {"port": 70, "protocol": "TCP"}]);
        assert_eq!(merged(&ports, &patch, &["port", "protocol"])[0], json!({"port": 70, "protocol": "TCP"}));
        let patch = json!([{"port": 90, "x": 1}]);
        assert_eq!(
            merged(&json!([{"port": 90}]), &patch, &["port", "protocol"]),
            json!([{"port": 90, "x": 1}])
        );
    }

    #[test]
    fn lists_have_directives_of_their_own() {
        let items = json!([{"name": "a"}]);
        let replaced = merged(&items, &json!([{"$patch": "replace"}, {"name": "b"}]), &["name"]);
        assert_eq!(replaced, json!([{"name": "b"}]));
        assert_eq!(merged(&items, &json!([{"$patch": "delete"}]), &["name"]), Value::Null);
        assert_eq!(merged(&json!(["a", "b"]), &json!(["c", "b"]), &[]), json!(["c", "b", "a"]));
        assert_eq!(merged(&json!(["a"]), &Value::Null, &[]), json!(["a"]));
    }
}
