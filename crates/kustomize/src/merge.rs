//! Strategic merge as Kustomize does it: patch elements come first in merged lists, and lists of kinds whose shape is
//! not known are replaced. Merged lists are in `merge_list`.

use serde_json::{Map, Value};

use crate::merge_list;
use crate::shapes::{Shape, Shapes};
use crate::yaml::Way;

/// What becomes of the value that was merged into.
#[derive(Debug, PartialEq)]
pub(crate) enum Merged {
    /// It was changed where it stands.
    InPlace,
    /// Another one takes its place.
    Replaced(Value),
    /// It is gone.
    Removed,
}

/// Merges a patch into an object; `false` when the patch deletes it.
///
/// `blanks` are the object's fields that have nothing behind their colon: merging drops those that it comes by.
pub(crate) fn merge(
    target: &mut Value,
    blanks: &mut Vec<Way>,
    patch: &Value,
    shapes: &Shapes,
) -> Result<bool, String> {
    let shape = shape_of(target, shapes);
    for blank in std::mem::take(blanks) {
        drop_blank(target, &blank, shape);
    }
    match walk(target, Some(patch), shape, shapes)? {
        Merged::InPlace => Ok(true),
        Merged::Replaced(value) => {
            *target = value;
            Ok(true)
        }
        Merged::Removed => Ok(false),
    }
}

fn shape_of<'a>(value: &Value, shapes: &'a Shapes) -> Option<Shape<'a>> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    shapes.kind(text("apiVersion")?, text("kind")?)
}

/// Removes a null that stands in maps and merged lists only.
fn drop_blank(value: &mut Value, way: &[Box<str>], shape: Option<Shape<'_>>) {
    let Some((step, rest)) = way.split_first() else { return };
    match value {
        Value::Object(map) if rest.is_empty() => map.retain(|key, value| *key != **step || !value.is_null()),
        Value::Object(map) => {
            if let Some(child) = map.get_mut(&**step) {
                drop_blank(child, rest, shape.and_then(|shape| shape.field(step)));
            }
        }
        Value::Array(items) if shape.and_then(Shape::keys).is_some() => {
            if let Some(item) = step.parse().ok().and_then(|place: usize| items.get_mut(place)) {
                drop_blank(item, rest, shape.and_then(Shape::element));
            }
        }
        _ => {}
    }
}

fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        _ => "ScalarNode",
    }
}

fn mismatch(expected: &Value, found: &Value) -> String {
    format!(
        "wrong node kind: expected {} but was {}: node contents:\n{}",
        kind_name(expected),
        kind_name(found),
        goyaml::to_string(found)
    )
}

/// Merges `patch` into `value`, which is not null.
pub(crate) fn walk(
    value: &mut Value,
    patch: Option<&Value>,
    shape: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Merged, String> {
    match patch {
        Some(Value::Null) => return Ok(Merged::Removed),
        Some(patch) if kind_name(value) != kind_name(patch) => return Err(mismatch(value, patch)),
        _ => {}
    }
    match value {
        Value::Object(map) => {
            let shape = shape.or_else(|| patch.and_then(|_| shape_of_map(map, shapes)));
            walk_map(map, patch, shape, shapes)
        }
        Value::Array(items) => match shape.and_then(Shape::keys) {
            None => Ok(patch.map_or(Merged::InPlace, |patch| Merged::Replaced(patch.clone()))),
            Some(keys) => {
                let patch = patch.and_then(Value::as_array).map(Vec::as_slice);
                merge_list::walk(items, patch, keys, shape.and_then(Shape::element), shapes)
            }
        },
        _ => Ok(patch.map_or(Merged::InPlace, |patch| Merged::Replaced(styled(value, patch)))),
    }
}

fn shape_of_map<'a>(map: &Map<String, Value>, shapes: &'a Shapes) -> Option<Shape<'a>> {
    let text = |name: &str| map.get(name).and_then(Value::as_str);
    shapes.kind(text("apiVersion")?, text("kind")?)
}

/// A scalar takes over how the old one was written: a number in the place of a quoted text is quoted, too.
fn styled(old: &Value, new: &Value) -> Value {
    match (old, new) {
        (Value::String(old), Value::Number(_) | Value::Bool(_)) if was_quoted(old) => {
            Value::String(crate::file::scalar_text(new))
        }
        _ => new.clone(),
    }
}

/// Whether a text cannot have been written without quotes.
fn was_quoted(text: &str) -> bool {
    text.contains('\n') || crate::yaml::resolve(text) != goyaml::Scalar::Text
}

fn walk_map(
    map: &mut Map<String, Value>,
    patch: Option<&Value>,
    shape: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Merged, String> {
    let patch = patch.and_then(Value::as_object);
    match patch.map(directive).transpose()?.flatten() {
        Some("delete") => return Ok(Merged::Removed),
        Some("replace") => {
            let replaced = patch.map(|patch| settle_map(patch, shape, shapes)).transpose()?;
            return Ok(Merged::Replaced(Value::Object(replaced.unwrap_or_default())));
        }
        _ => {}
    }
    // Without a patch only merged lists further down can change.
    if patch.is_none() && shape.is_none() {
        return Ok(Merged::InPlace);
    }
    let mut gone = Vec::new();
    for (key, value) in map.iter_mut() {
        let change = patch.and_then(|patch| patch.get(key)).filter(|_| key != DIRECTIVE);
        let field = shape.and_then(|shape| shape.field(key));
        if change.is_none() && (field.is_none() || value.is_null()) {
            continue;
        }
        let merged = if value.is_null() {
            settle_optional(change, field, shapes)?
        } else {
            walk(value, change, field, shapes)?
        };
        match merged {
            Merged::InPlace => {}
            Merged::Replaced(new) => *value = new,
            Merged::Removed => gone.push(key.clone()),
        }
    }
    for key in &gone {
        map.remove(key);
    }
    for (key, value) in patch.into_iter().flatten() {
        if key == DIRECTIVE || map.contains_key(key) || gone.contains(key) {
            continue;
        }
        if let Some(value) = settle(value, shape.and_then(|shape| shape.field(key)), shapes)? {
            map.insert(key.clone(), value);
        }
    }
    Ok(Merged::InPlace)
}

fn settle_optional(
    patch: Option<&Value>,
    shape: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Merged, String> {
    let settled = patch.map(|patch| settle(patch, shape, shapes)).transpose()?.flatten();
    Ok(settled.map_or(Merged::Removed, Merged::Replaced))
}

/// The key of a directive.
pub(crate) const DIRECTIVE: &str = "$patch";

/// What a patch's map says about itself.
fn directive(patch: &Map<String, Value>) -> Result<Option<&str>, String> {
    match patch.get(DIRECTIVE) {
        None => Ok(None),
        Some(Value::String(text)) if matches!(text.as_str(), "delete" | "replace" | "merge") => {
            Ok(Some(text))
        }
        Some(other) => Err(format!("unknown patch strategy '{}'", crate::file::scalar_text(other))),
    }
}

/// A patch that meets nothing, as it comes into the object: without nulls and directives. `None` when nothing is left.
pub(crate) fn settle(
    patch: &Value,
    shape: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Option<Value>, String> {
    match patch {
        Value::Null => Ok(None),
        Value::Object(map) => {
            if let Ok(Some("delete")) = directive(map) {
                return Ok(None);
            }
            let shape = shape.or_else(|| shape_of_map(map, shapes));
            Ok(Some(Value::Object(settle_map(map, shape, shapes)?)))
        }
        Value::Array(items) => match shape.and_then(Shape::keys) {
            None => Ok(Some(patch.clone())),
            Some(keys) => merge_list::settle(items, keys, shape.and_then(Shape::element), shapes),
        },
        scalar => Ok(Some(scalar.clone())),
    }
}

fn settle_map(
    map: &Map<String, Value>,
    shape: Option<Shape<'_>>,
    shapes: &Shapes,
) -> Result<Map<String, Value>, String> {
    let mut settled = Map::new();
    for (key, value) in map {
        if key == DIRECTIVE && directive(map).is_ok() {
            continue;
        }
        if let Value::Object(inner) = value {
            directive(inner)?;
        }
        if let Some(value) = settle(value, shape.and_then(|shape| shape.field(key)), shapes)? {
            settled.insert(key.clone(), value);
        }
    }
    Ok(settled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn merged(api_version: &str, kind: &str, target: &Value, patch: &Value) -> Result<Option<Value>, String> {
        let mut target = target.clone();
        target["apiVersion"] = api_version.into();
        target["kind"] = kind.into();
        let kept = merge(&mut target, &mut Vec::new(), patch, Shapes::builtin())?;
        if let Some(map) = target.as_object_mut() {
            map.remove("apiVersion");
            map.remove("kind");
        }
        Ok(kept.then_some(target))
    }

    #[test]
    fn known_lists_are_merged_by_key_with_the_patch_first() {
        let containers = |items: Value| json!({"spec": {"template": {"spec": {"containers": items}}}});
        let target = containers(json!([{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]));
        let patch = containers(json!([{"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"}]));
        let wanted = containers(json!([
            {"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"}, {"name": "a", "image": "a:1"}]));
        assert_eq!(merged("apps/v1", "Deployment", &target, &patch), Ok(Some(wanted)));
        let deletion = containers(json!([{"name": "a", "$patch": "delete"}]));
        let wanted = containers(json!([{"name": "b", "image": "b:1"}]));
        assert_eq!(merged("apps/v1", "Deployment", &target, &deletion), Ok(Some(wanted)));
        assert_eq!(
            merged("example.com/v1", "Custom", &target, &patch),
            Ok(Some(patch.clone())),
            "unknown kinds replace"
        );
    }

    #[test]
    fn nulls_delete_and_directives_act() {
        let target = json!({"data": {"a": "1", "b": "x"}});
        for (patch, expected) in [
            (json!({"data": {"a": null}}), Ok(Some(json!({"data": {"b": "x"}})))),
            (
                json!({"data": {"$patch": "replace", "c": "3", "d": null}}),
                Ok(Some(json!({"data": {"c": "3"}}))),
            ),
            (json!({"$patch": "delete"}), Ok(None)),
            (json!({"data": {"a": 2, "b": 2}}), Ok(Some(json!({"data": {"a": "2", "b": 2}})))),
            (
                json!({"other": {"x": null, "y": {"$patch": "delete"}, "z": [null]}}),
                Ok(Some(json!({"data": {"a": "1", "b": "x"}, "other": {"z": [null]}}))),
            ),
        ] {
            assert_eq!(merged("v1", "ConfigMap", &target, &patch), expected, "{patch}");
        }
        for patch in [json!({"data": {"$patch": "burn"}}), json!({"data": "text"}), json!({"data": []})] {
            assert!(merged("v1", "ConfigMap", &target, &patch).is_err(), "{patch}");
        }
    }

    #[test]
    fn blank_fields_vanish_and_nulls_stay() {
        let mut target = json!({"apiVersion": "v1", "kind": "Pod", "a": null, "b": null, "spec": {"tolerations": [{"c": null}]}});
        let mut blanks =
            vec![vec!["a".into()], vec!["spec".into(), "tolerations".into(), "0".into(), "c".into()]];
        merge(&mut target, &mut blanks, &json!({"d": 1}), Shapes::builtin()).unwrap();
        let wanted = json!({"apiVersion": "v1", "kind": "Pod", "b": null, "d": 1, "spec": {"tolerations": [{"c": null}]}});
        assert_eq!(target, wanted);
    }
}
