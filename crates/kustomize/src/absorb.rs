//! How generated objects meet those that exist: created beside them, merged with one, or in the place of one.

use serde_json::{Map, Value};

use crate::file::scalar_text;
use crate::generate::wrapped_base64;
use crate::resource::{Behavior, Resource, append};

/// Puts a generated object among the others.
pub(crate) fn absorb(list: &mut Vec<Resource>, generated: Resource) -> Result<(), String> {
    let id = generated.id();
    let matching: Vec<usize> = (0..list.len()).filter(|&place| list[place].was_ever(&id)).collect();
    match (&matching[..], generated.behavior) {
        ([], Behavior::Create) => append(list, vec![generated]),
        ([], _) => Err(format!("id {id} does not exist; cannot merge or replace")),
        ([_], Behavior::Create) => {
            Err(format!("id {id} exists; can not use behavior: 'create', behavior must be merge or replace"))
        }
        (&[place], behavior) => {
            let existing = std::mem::take(&mut list[place]);
            list[place] = joined(existing, generated, behavior)?;
            Ok(())
        }
        _ => Err(format!("found multiple objects that could accept merge of {id}")),
    }
}

/// The generated object with the name, labels, annotations and history of the one that was there, and with its data
/// when they are merged.
fn joined(mut old: Resource, mut new: Resource, behavior: Behavior) -> Result<Resource, String> {
    for name in ["labels", "annotations"] {
        let mut merged = texts(old.value.get("metadata").and_then(|metadata| metadata.get(name)));
        merged.extend(texts(new.value.get("metadata").and_then(|metadata| metadata.get(name))));
        if merged.is_empty() {
            new.metadata().remove(name);
        } else {
            new.metadata().insert(name.to_owned(), merged.into());
        }
    }
    new.set_name(old.name());
    new.set_namespace(old.namespace());
    if behavior == Behavior::Merge {
        if new.api_version() == "v1" && new.kind() == "Secret" {
            encode_string_data(&mut old.value)?;
        }
        for field in ["data", "binaryData"] {
            let mut merged = texts(old.value.get(field));
            merged.extend(texts(new.value.get(field)));
            if let Some(map) = new.value.as_object_mut() {
                if merged.is_empty() {
                    map.remove(field);
                } else {
                    map.insert(field.to_owned(), merged.into());
                }
            }
        }
        new.origin = old.origin.or(new.origin);
    }
    Ok(Resource {
        earlier: old.earlier,
        prefixes: old.prefixes,
        suffixes: old.suffixes,
        variables: old.variables,
        transformations: old.transformations,
        // Both have to want it.
        hashed: old.hashed && new.hashed,
        behavior: old.behavior,
        ..new
    })
}

/// A map's values as texts.
fn texts(map: Option<&Value>) -> Map<String, Value> {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), scalar_text(value).into())).collect()
}

/// What a Secret has in clear goes to its data, as the API server would do it.
fn encode_string_data(secret: &mut Value) -> Result<(), String> {
    let Some(map) = secret.as_object_mut() else { return Ok(()) };
    let Some(Value::Object(clear)) = map.remove("stringData") else { return Ok(()) };
    let data = map.entry("data").or_insert(Value::Null);
    if !data.is_object() {
        *data = Value::Object(Map::new());
    }
    for (key, value) in clear {
        if value.is_array() || value.is_object() || value.is_null() {
            return Err(format!("stringData value for key \"{key}\" must be a scalar"));
        }
        if let Some(data) = data.as_object_mut() {
            data.insert(key, wrapped_base64(scalar_text(&value).as_bytes()).into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(rest: Value, behavior: Behavior) -> Resource {
        let mut value = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}});
        if let (Some(map), Value::Object(rest)) = (value.as_object_mut(), rest) {
            map.extend(rest);
        }
        Resource { behavior, hashed: true, ..Resource::new(value, "x".into()) }
    }

    #[test]
    fn data_is_merged_and_the_rest_is_the_newer_ones() {
        let old = json!({"type": "a", "immutable": true, "data": {"x": "1", "y": "2"}, "stringData": {"z": "clear"}});
        let mut list = vec![secret(old, Behavior::Create)];
        list[0].hashed = false;
        absorb(&mut list, secret(json!({"type": "b", "data": {"y": "3"}}), Behavior::Merge)).unwrap();
        assert_eq!(list[0].value["data"], json!({"x": "1", "y": "3", "z": "Y2xlYXI="}));
        assert_eq!((&list[0].value["type"], list[0].value.get("immutable")), (&json!("b"), None));
        assert!(!list[0].hashed, "the first one does not want it");
        absorb(&mut list, secret(json!({"data": {"w": "4"}}), Behavior::Replace)).unwrap();
        assert_eq!(list[0].value["data"], json!({"w": "4"}));
    }

    #[test]
    fn behaviors_have_to_fit_what_is_there() {
        let mut list = Vec::new();
        let error = absorb(&mut list, secret(json!({}), Behavior::Merge)).unwrap_err();
        assert!(error.contains("does not exist"), "{error}");
        absorb(&mut list, secret(json!({}), Behavior::Create)).unwrap();
        let error = absorb(&mut list, secret(json!({}), Behavior::Create)).unwrap_err();
        assert!(error.contains("behavior must be merge or replace"), "{error}");
    }
}
