//! Strategic merge as Kustomize does it: patch elements come first in merged lists, and lists of kinds without a
//! built-in schema are replaced.

use object::GroupVersionKind;
use object::schema::{ListKind, Schema, Schemas, Type, builtin};
use serde_json::{Map, Value};

/// The kinds whose lists can be merged: the built-in ones, or those of the kustomization's own `openapi`.
#[derive(Clone, Copy, Default)]
pub(crate) struct Types<'a> {
    pub(crate) own: Option<&'a Schemas>,
}

impl<'a> Types<'a> {
    pub(crate) fn schema(self, api_version: &str, kind: &str) -> Option<Schema<'a>> {
        match self.own {
            Some(schemas) => schemas.kind(&GroupVersionKind::from(api_version, kind)),
            None => schema_of(api_version, kind),
        }
    }
}

/// The schema of a kind: its own, else that of another version, for kinds which have left the API since.
fn schema_of(api_version: &str, kind: &str) -> Option<Schema<'static>> {
    let gvk = GroupVersionKind::from(api_version, kind);
    let schemas = builtin();
    schemas.kind(&gvk).or_else(|| {
        let is_same_group = |other: &&GroupVersionKind| {
            other.kind == kind && (other.group == gvk.group || gvk.group == "extensions")
        };
        let mut others: Vec<&GroupVersionKind> = schemas.kinds().filter(is_same_group).collect();
        others.sort_by(|one, other| {
            one.version.len().cmp(&other.version.len()).then(one.version.cmp(&other.version))
        });
        others.first().and_then(|other| schemas.kind(other))
    })
}

/// Merges a patch into an object; `None` when the patch deletes it.
pub(crate) fn merge(
    target: &Value,
    patch: &Value,
    schema: Option<Schema<'_>>,
) -> Result<Option<Value>, String> {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => merge_maps(target, patch, schema),
        (_, patch) => Ok(clean(patch)),
    }
}

fn directive(patch: &Map<String, Value>) -> Result<Option<&str>, String> {
    match patch.get("$patch") {
        None => Ok(None),
        Some(Value::String(text)) if matches!(text.as_str(), "delete" | "replace" | "merge") => {
            Ok(Some(text))
        }
        Some(other) => Err(format!("unknown patch strategy {other}")),
    }
}

fn merge_maps(
    target: &Map<String, Value>,
    patch: &Map<String, Value>,
    schema: Option<Schema<'_>>,
) -> Result<Option<Value>, String> {
    match directive(patch)? {
        Some("delete") => return Ok(None),
        Some("replace") => {
            let mut replaced = patch.clone();
            replaced.remove("$patch");
            return Ok(Some(Value::Object(replaced)));
        }
        _ => {}
    }
    let mut merged = target.clone();
    for (key, value) in merged.iter_mut().filter(|(key, _)| !patch.contains_key(*key)) {
        drop_nulls(value, schema.and_then(|schema| schema.field(key)));
    }
    for (key, value) in patch {
        if key == "$patch" {
            continue;
        }
        let field = schema.and_then(|schema| schema.field(key));
        let result = match (merged.get(key), value) {
            (_, Value::Null) => None,
            (Some(Value::Object(old)), Value::Object(new)) => merge_maps(old, new, field)?,
            (Some(Value::Array(old)), Value::Array(new)) => merge_lists(old, new, field)?,
            (_, new) => clean(new),
        };
        match result {
            Some(value) => drop(merged.insert(key.clone(), value)),
            None => drop(merged.remove(key)),
        }
    }
    Ok(Some(Value::Object(merged)))
}

/// Merging walks the whole object, and nulls in the place of lists and maps do not survive being walked over.
fn drop_nulls(value: &mut Value, schema: Option<Schema<'_>>) {
    let field = |key: &str| schema.and_then(|schema| schema.field(key));
    let is_container =
        |key: &str| field(key).is_some_and(|field| matches!(field.node().kind, Type::Array | Type::Object));
    match value {
        Value::Object(map) => {
            map.retain(|key, value| !value.is_null() || !is_container(key));
            for (key, child) in map.iter_mut() {
                drop_nulls(child, field(key));
            }
        }
        Value::Array(items) if merge_keys(schema).is_some_and(|keys| !keys.is_empty()) => {
            let element = schema.and_then(Schema::items);
            items.iter_mut().for_each(|item| drop_nulls(item, element));
        }
        _ => {}
    }
}

/// A patch that meets nothing: directives and deletions in it have nothing to act on.
fn clean(patch: &Value) -> Option<Value> {
    match patch {
        Value::Object(map) => {
            if map.get("$patch").and_then(Value::as_str) == Some("delete") {
                return None;
            }
            let fields = map.iter().filter(|(key, value)| *key != "$patch" && !value.is_null());
            Some(Value::Object(
                fields.filter_map(|(key, value)| Some((key.clone(), clean(value)?))).collect(),
            ))
        }
        Value::Array(items) => {
            let is_directive = |item: &Value| {
                item.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("$patch"))
            };
            let items = items.iter().filter(|item| !is_directive(item));
            Some(Value::Array(items.filter_map(clean).collect()))
        }
        other => Some(other.clone()),
    }
}

/// The fields that identify the elements of a list, or nothing when it is replaced as a whole.
fn merge_keys(schema: Option<Schema<'_>>) -> Option<Vec<String>> {
    let node = schema?.node();
    if !node.patch_strategy.merge {
        return None;
    }
    match &node.list {
        ListKind::Map(keys) if !keys.is_empty() => Some(keys.clone()),
        _ if !node.patch_merge_key.is_empty() => Some(vec![node.patch_merge_key.clone()]),
        _ => Some(Vec::new()),
    }
}

fn merge_lists(
    target: &[Value],
    patch: &[Value],
    schema: Option<Schema<'_>>,
) -> Result<Option<Value>, String> {
    let Some(keys) = merge_keys(schema) else {
        return Ok(clean(&Value::Array(patch.to_vec())));
    };
    if keys.is_empty() {
        // A set of scalars: those of the patch first.
        let mut merged = patch.to_vec();
        merged.extend(target.iter().filter(|item| !patch.contains(item)).cloned());
        return Ok(Some(Value::Array(merged)));
    }
    let whole =
        |item: &&Value| item.as_object().is_some_and(|map| map.len() == 1 && map.contains_key("$patch"));
    match patch.iter().find(whole).and_then(|item| item["$patch"].as_str()) {
        Some("replace") => {
            let rest: Vec<Value> = patch.iter().filter(|item| !whole(item)).cloned().collect();
            return Ok(clean(&Value::Array(rest)));
        }
        Some("delete") => return Ok(None),
        _ => {}
    }
    let items = schema.and_then(Schema::items);
    let mut left: Vec<Option<&Value>> = target.iter().map(Some).collect();
    let mut merged = Vec::with_capacity(target.len() + patch.len());
    for element in patch.iter().filter(|item| !whole(item)) {
        let place = find_counterpart(&left, element, &keys);
        let counterpart = place.and_then(|place| left[place].take());
        match counterpart {
            Some(old) => merged.extend(merge(old, element, items)?),
            None => merged.extend(clean(element)),
        }
    }
    merged.extend(left.into_iter().flatten().cloned());
    Ok(if merged.is_empty() { None } else { Some(Value::Array(merged)) })
}

/// The element that a patch's element is for: equal in all keys; when the patch leaves all but the first key out, the
/// only one that has the first.
fn find_counterpart(left: &[Option<&Value>], element: &Value, keys: &[String]) -> Option<usize> {
    let same = |one: &Value, other: &Value, key: &String| one.get(key) == other.get(key);
    let places = |wanted: &dyn Fn(&Value) -> bool| -> Vec<usize> {
        left.iter().enumerate().filter(|(_, item)| item.is_some_and(wanted)).map(|(place, _)| place).collect()
    };
    let exact = places(&|item| keys.iter().all(|key| same(item, element, key)));
    if let Some(place) = exact.first() {
        return Some(*place);
    }
    let (first, rest) = keys.split_first()?;
    element.get(first)?;
    if rest.is_empty() {
        return None;
    }
    let candidates = places(&|item| {
        same(item, element, first)
            && rest
                .iter()
                .all(|key| item.get(key).is_none() || element.get(key).is_none() || same(item, element, key))
    });
    match candidates[..] {
        [place] => Some(place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(api_version: &str, kind: &str, target: &Value, patch: &Value) -> Option<Value> {
        merge(target, patch, schema_of(api_version, kind)).unwrap()
    }

    #[test]
    fn known_lists_are_merged_by_key_with_the_patch_first() {
        let containers = |items: Value| json!({"spec": {"template": {"spec": {"containers": items}}}});
        let target = containers(json!([{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]));
        let patch = containers(json!([{"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"}]));
        let wanted = containers(json!([
            {"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"}, {"name": "a", "image": "a:1"}]));
        assert_eq!(merged("apps/v1", "Deployment", &target, &patch), Some(wanted));
        let deletion = containers(json!([{"name": "a", "$patch": "delete"}]));
        let wanted = containers(json!([{"name": "b", "image": "b:1"}]));
        assert_eq!(merged("apps/v1", "Deployment", &target, &deletion), Some(wanted));
        assert_eq!(
            merged("example.com/v1", "Custom", &target, &patch),
            Some(patch.clone()),
            "unknown kinds replace"
        );
    }

    #[test]
    fn null_deletes_and_directives_act() {
        let target = json!({"data": {"a": "1", "b": "2"}});
        assert_eq!(
            merged("v1", "ConfigMap", &target, &json!({"data": {"a": null}})),
            Some(json!({"data": {"b": "2"}}))
        );
        let replace = json!({"data": {"$patch": "replace", "c": "3"}});
        assert_eq!(merged("v1", "ConfigMap", &target, &replace), Some(json!({"data": {"c": "3"}})));
        assert_eq!(merged("v1", "ConfigMap", &target, &json!({"$patch": "delete"})), None);
        assert!(merge(&target, &json!({"$patch": "burn"}), None).is_err());
    }
}
