//! Patches: strategic merge and JSON 6902, found out by their form, aimed by a target or by their own identity.

use object::json_patch::{self, Operation};
use serde_json::Value;

use crate::file::Patch;
use crate::merge::{Types, merge};
use crate::resource::{Id, Resource, map_at};
use crate::selector::Compiled;

/// What a patch's text turned out to be.
enum Content {
    Merge(Vec<Value>),
    Json(Vec<Operation>),
}

fn read(text: &str, origin: &str) -> Result<Content, String> {
    let value = goyaml::from_str(text);
    if let Ok(Value::Array(items)) = &value {
        let operations = json_patch::parse(&Value::Array(items.clone()));
        return operations
            .map(Content::Json)
            .map_err(|error| format!("unable to parse SM or JSON patch from [{origin}]: {error}"));
    }
    let documents = goyaml::documents(text)
        .map_err(|error| format!("unable to parse SM or JSON patch from [{origin}]: {error}"))?;
    let values: Vec<Value> = documents.into_iter().map(|document| document.value).collect();
    let named = |value: &Value| {
        value.get("kind").is_some_and(Value::is_string)
            && value.pointer("/metadata/name").is_some_and(Value::is_string)
    };
    if values.is_empty() || !values.iter().all(named) {
        return Err(format!(
            "unable to parse SM or JSON patch from [{origin}]: expected objects with kind and metadata.name, or a list of operations"
        ));
    }
    Ok(Content::Merge(values))
}

/// Applies one entry of `patches` or `patchesJson6902`, whose text has been read.
pub(crate) fn apply(
    list: &mut Vec<Resource>,
    patch: &Patch,
    text: &str,
    types: Types<'_>,
) -> Result<(), String> {
    let origin = if patch.path.is_empty() { text.lines().next().unwrap_or_default() } else { &patch.path };
    let allows = |option: &str| patch.options.get(option).copied().unwrap_or(false);
    match (read(text, origin)?, &patch.target) {
        (Content::Json(_), None) => Err("must specify a target for JSON patch".to_owned()),
        (Content::Json(operations), Some(target)) => {
            let target = Compiled::new(target)?;
            for resource in list.iter_mut().filter(|resource| target.targets(resource)) {
                apply_json(resource, &operations)?;
            }
            Ok(())
        }
        (Content::Merge(patches), None) => {
            patches.iter().try_for_each(|patch| apply_by_identity(list, patch, types))
        }
        (Content::Merge(patches), Some(target)) => {
            let [patch] = &patches[..] else {
                return Err("Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set `patches.target` field".to_owned());
            };
            let target = Compiled::new(target)?;
            let changes = (allows("allowNameChange"), allows("allowKindChange"));
            let places: Vec<usize> = (0..list.len()).filter(|&place| target.targets(&list[place])).collect();
            for place in places.into_iter().rev() {
                merge_into(list, place, patch, changes, types)?;
            }
            Ok(())
        }
    }
}

/// Applies an inline or read text of `patchesStrategicMerge`.
pub(crate) fn apply_strategic(
    list: &mut Vec<Resource>,
    text: &str,
    origin: &str,
    types: Types<'_>,
) -> Result<(), String> {
    match read(text, origin)? {
        Content::Merge(patches) => patches.iter().try_for_each(|patch| apply_by_identity(list, patch, types)),
        Content::Json(_) => Err(format!("[{origin}] is a JSON patch; put it into `patches` with a target")),
    }
}

fn apply_json(resource: &mut Resource, operations: &[Operation]) -> Result<(), String> {
    let id = resource.id();
    resource.remember();
    for operation in operations {
        let operation = lenient(operation, &resource.value);
        resource.value = json_patch::apply(&resource.value, &[operation], json_patch::Options::default())
            .map_err(|error| format!("{id}: {error}"))?;
    }
    Ok(())
}

/// The library that Kustomize patches with does not ask whether a map has the key that is replaced.
fn lenient(operation: &Operation, document: &Value) -> Operation {
    if let Operation::Replace { path, value } = operation
        && let Some((parent, _)) = path.rsplit_once('/')
        && document.pointer(parent).is_some_and(Value::is_object)
    {
        return Operation::Add { path: path.clone(), value: value.clone() };
    }
    operation.clone()
}

fn apply_by_identity(list: &mut Vec<Resource>, patch: &Value, types: Types<'_>) -> Result<(), String> {
    let wanted = Resource::new(patch.clone(), "".into()).id();
    let places: Vec<usize> = (0..list.len())
        .filter(|&place| list[place].all_ids().iter().any(|id| same_identity(id, &wanted)))
        .collect();
    match places[..] {
        [place] => merge_into(list, place, patch, (false, false), types),
        [] => Err(format!(
            "no resource matches strategic merge patch {wanted:?}: no matches for Id {wanted}; failed to find unique target for patch {wanted}",
            wanted = wanted.to_string()
        )),
        _ => {
            Err(format!("multiple matches for Id {wanted}; failed to find unique target for patch {wanted}"))
        }
    }
}

fn same_identity(id: &Id, wanted: &Id) -> bool {
    id.is_same(wanted)
}

/// Merges into the object at a place, or removes it when the patch says so. Kind, name and namespace stay unless their
/// change is allowed; the namespace always stays.
fn merge_into(
    list: &mut Vec<Resource>,
    place: usize,
    patch: &Value,
    (name_change, kind_change): (bool, bool),
    types: Types<'_>,
) -> Result<(), String> {
    let resource = &mut list[place];
    let schema = types.schema(resource.api_version(), resource.kind());
    let (kind, name) = (resource.kind().to_owned(), resource.name().to_owned());
    let namespace = resource.value.pointer("/metadata/namespace").cloned();
    let id = resource.id();
    let Some(merged) = merge(&resource.value, patch, schema).map_err(|message| format!("{id}: {message}"))?
    else {
        list.remove(place);
        return Ok(());
    };
    if name_change || kind_change {
        resource.remember();
    }
    resource.value = merged;
    if !kind_change {
        resource.value["kind"] = kind.into();
    }
    let metadata = map_at(&mut resource.value, "metadata");
    if !name_change {
        metadata.insert("name".to_owned(), name.into());
    }
    match namespace {
        Some(namespace) => drop(metadata.insert("namespace".to_owned(), namespace)),
        None => drop(metadata.remove("namespace")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Selector;
    use serde_json::json;

    fn list() -> Vec<Resource> {
        ["a", "b"]
            .map(|name| {
                let value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": "1"}});
                Resource::new(value, "x".into())
            })
            .to_vec()
    }

    #[test]
    fn a_patch_without_target_needs_exactly_one_object() {
        let mut objects = list();
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {x: '2'}\n";
        apply(&mut objects, &Patch::default(), text, Types::default()).unwrap();
        assert_eq!(objects[1].value["data"]["x"], "2");
        let error =
            apply(&mut objects, &Patch::default(), &text.replace("name: b", "name: c"), Types::default())
                .unwrap_err();
        assert!(error.contains("no matches for Id ConfigMap.v1.[noGrp]/c.[noNs]"), "{error}");
    }

    #[test]
    fn targets_choose_many_and_names_stay() {
        let mut objects = list();
        let patch = Patch {
            target: Some(Selector { kind: "ConfigMap".into(), ..Selector::default() }),
            ..Patch::default()
        };
        apply(
            &mut objects,
            &patch,
            "kind: ConfigMap\nmetadata: {name: ignored}\ndata: {'y': '3'}\n",
            Types::default(),
        )
        .unwrap();
        assert!(objects.iter().all(|object| object.value["data"]["y"] == "3"));
        assert_eq!(objects[0].name(), "a");
        apply(&mut objects, &patch, "[{op: replace, path: /data/x, value: '9'}]", Types::default()).unwrap();
        assert_eq!(objects[1].value["data"]["x"], "9");
        let error =
            apply(&mut objects, &patch, "[{op: replace, path: /none/x, value: '9'}]", Types::default())
                .unwrap_err();
        assert!(error.contains("ConfigMap"), "{error}");
    }
}
