//! The three-way method: what `kubectl apply` would do with the last-applied, the desired and the live object.

use object::defaults::fill_builtin_defaults;
use object::{Object, merge_patch, strategic};
use serde_json::{Map, Value};

use crate::Comparison;
use crate::schemas::typed_schema;

/// Compares; with the target as `original` it is the two-way method, which never removes anything.
pub(crate) fn compare(
    original: &Object,
    target: &Object,
    live: &Object,
) -> Result<Comparison, object::Error> {
    let (original, target) = (without_place(original), without_place(target));
    let mut live = live.clone();
    let Some(schema) = typed_schema(&target.gvk()) else {
        let known = keep_keys_of(original.as_value(), live.as_value());
        let patch = merge_patch::create_three_way(original.as_value(), target.as_value(), &known);
        let predicted = merge_patch::apply(live.as_value(), &patch);
        return Ok(Comparison::of(live.into_value(), predicted));
    };
    if target.kind() == "StatefulSet" && matches!(target.group(), "apps" | "extensions") {
        reduce_claim_templates(&original, &mut live);
    }
    let patch =
        strategic::create_three_way(original.as_value(), target.as_value(), live.as_value(), Some(schema))?;
    let mut predicted = Object::from_value(strategic::apply(live.as_value(), &patch, Some(schema))?)?;
    fill_builtin_defaults(&mut predicted);
    fill_builtin_defaults(&mut live);
    Ok(Comparison::of(live.into_value(), predicted.into_value()))
}

/// Where an object lives is not compared, and having no annotations is no statement about them.
fn without_place(object: &Object) -> Object {
    let mut object = object.clone();
    object.remove(&["metadata", "namespace"]);
    let nothing = match object.get(&["metadata", "annotations"]) {
        Some(Value::Null) => true,
        Some(Value::Object(map)) => map.is_empty(),
        _ => false,
    };
    if nothing {
        object.remove(&["metadata", "annotations"]);
    }
    object
}

/// Claim templates cannot be changed after creation, and the server fills in much that nobody wrote.
fn reduce_claim_templates(original: &Object, live: &mut Object) {
    const PATH: [&str; 2] = ["spec", "volumeClaimTemplates"];
    if let (Some(Value::Array(known)), Some(found @ Value::Array(_))) = (original.get(&PATH), live.get(&PATH))
    {
        let reduced = keep_keys_of(&Value::Array(known.clone()), found);
        live.set(&PATH, reduced);
    }
}

/// What of a value is mentioned in a model: map entries by key, list items by position; surplus items stay.
pub(crate) fn keep_keys_of(model: &Value, value: &Value) -> Value {
    match (model, value) {
        (Value::Object(model), Value::Object(map)) => model
            .iter()
            .filter_map(|(key, model)| Some((key.clone(), keep_keys_of(model, map.get(key)?))))
            .collect::<Map<_, _>>()
            .into(),
        (Value::Array(model), Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(index, item)| {
                model.get(index).map_or_else(|| item.clone(), |model| keep_keys_of(model, item))
            })
            .collect(),
        (_, value) => value.clone(),
    }
}
