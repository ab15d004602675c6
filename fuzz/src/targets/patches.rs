//! Patches and ownership.

use arbitrary::{Result, Unstructured};
use object::schema::builtin;
use object::structured::{self, FieldSet, ManagedFields, Writer};
use object::{Object, content_hash, json_patch, merge_patch, strategic};
use serde_json::Value;

use crate::{bundle, shape};

/// A document and patches for it, as texts.
pub(super) fn documents(data: &[u8]) {
    let Some(text) = super::text_of(data) else { return };
    let files = bundle::files(text);
    let value = |name| goyaml::from_str(bundle::text_of(&files, name)).unwrap_or_default();
    let (document, patch) = (value("document"), value("patch"));
    if let Ok(operations) = json_patch::parse(&patch) {
        for (allow_missing_path_on_remove, ensure_path_on_add) in [(false, false), (true, true)] {
            let options = json_patch::Options { allow_missing_path_on_remove, ensure_path_on_add };
            let _ = json_patch::apply(&document, &operations, options);
        }
    }
    let merged = merge_patch::apply(&document, &patch);
    assert_eq!(
        merge_patch::apply(&merged, &patch),
        merged,
        "a merge patch changes something the second time"
    );
    let schema = Object::from_value(document.clone()).ok().and_then(|object| builtin().kind(&object.gvk()));
    let _ = strategic::apply(&document, &patch, schema);
    let _ = strategic::create_three_way(&patch, &document, &merged, schema);
    for pointer in bundle::text_of(&files, "pointers").lines() {
        let mut document = document.clone();
        json_patch::remove_pointer(&mut document, pointer);
        let _ = content_hash(&document, &[pointer]);
    }
    if let Ok(fields) = FieldSet::from_fields_v1(&patch) {
        let again = FieldSet::from_fields_v1(&fields.to_fields_v1());
        assert_eq!(again.ok().as_ref(), Some(&fields), "a field set does not come back");
    }
}

/// Created patches lead from one value to the other.
pub(super) fn laws(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = try_laws(&mut u);
}

fn try_laws(u: &mut Unstructured<'_>) -> Result<()> {
    let (from, to) = (Value::Object(shape::map(u)?), Value::Object(shape::map(u)?));
    let operations = json_patch::create(&from, &to);
    let reached = json_patch::apply(&from, &operations, json_patch::Options::default());
    assert_eq!(reached.ok().as_ref(), Some(&to), "JSON patch of {from}");
    if !shape::has_null(&from) && !shape::has_null(&to) {
        assert_eq!(merge_patch::apply(&from, &merge_patch::create(&from, &to)), to, "merge patch of {from}");
    }
    let gvk = shape::kind(u)?;
    let schema = builtin().kind(&gvk);
    let (from, to) = (shape::object_of(u, &gvk)?, shape::object_of(u, &gvk)?);
    let current = shape::object_of(u, &gvk)?;
    let (from, to, current) = (from.as_value(), to.as_value(), current.as_value());
    if let Ok(patch) = strategic::create_two_way(from, to, schema) {
        let _ = strategic::apply(from, &patch, schema);
    }
    if let Ok(patch) = strategic::create_two_way(from, from, schema) {
        assert_eq!(patch, Value::Object(serde_json::Map::new()), "a patch from {from} to itself");
    }
    if let Ok(patch) = strategic::create_three_way(from, to, current, schema) {
        let _ = strategic::apply(current, &patch, schema);
    }
    assert_eq!(content_hash(from, &[]), content_hash(&from.clone(), &[]));
    Ok(())
}

/// Server-side apply: what was applied is there, and applying it again settles.
pub(super) fn ownership(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let _ = try_ownership(&mut u);
}

fn try_ownership(u: &mut Unstructured<'_>) -> Result<()> {
    let gvk = shape::kind(u)?;
    let schema = builtin().kind(&gvk);
    let nothing = FieldSet::new();
    let mut live: Option<Object> = None;
    for _ in 0..u.int_in_range(1..=4)? {
        let configuration = shape::object_of(u, &gvk)?;
        let manager = *u.choose(&["one", "two", "kubectl"])?;
        let writer = Writer { manager, subresource: "", time: "2024-01-01T00:00:00Z", reset: &nothing };
        if u.ratio(1, 4)? {
            let mut new = configuration;
            let _ = structured::update(live.as_ref(), &mut new, schema, writer);
            live = Some(new);
            continue;
        }
        let Ok(applied) = structured::apply(live.as_ref(), &configuration, schema, writer, true) else {
            continue;
        };
        let told = configuration.as_value();
        let again = |live: &Object| {
            structured::apply(Some(live), &configuration, schema, writer, true)
                .map(|applied| applied.object)
                .unwrap_or_else(|error| panic!("cannot be applied again: {error}: {told}"))
        };
        let second = again(&applied.object);
        assert_eq!(without_empty(second.as_value()), without_empty(applied.object.as_value()), "{told}");
        // Nobody owns an empty list: the first apply may take one away that the second puts there. Then all is settled.
        assert_eq!(again(&second), second, "applied for the third time: {told}");
        let managed = ManagedFields::read(&applied.object);
        assert!(managed.is_ok(), "{managed:?}");
        live = Some(applied.object);
    }
    Ok(())
}

/// A value without what is empty or null in it, and without who owns it.
fn without_empty(value: &Value) -> Value {
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), without_empty(value)))
            .filter(|(name, value)| name != "managedFields" && !is_empty(value))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(without_empty).filter(|value| !is_empty(value)).collect(),
        other => other.clone(),
    }
}
