//! Patches: strategic merge and JSON 6902, found out by their form, aimed by a target or by their own identity.

use object::json_patch::{self, Operation};
use serde_json::Value;

use crate::budget;
use crate::file::{PatchOptions, Selector, scalar_text};
use crate::merge::merge;
use crate::place::objects_of;
use crate::resource::{Resource, map_at, refuse_conflicts};
use crate::selector::Compiled;
use crate::shapes::Shapes;
use crate::yaml::Way;

/// What a patch's text turned out to be.
enum Content {
    Merge(Vec<Resource>),
    Json(Vec<Operation>),
}

/// A patch that is ready to be applied.
pub(crate) struct Patch<'a> {
    /// Its text.
    pub(crate) text: &'a str,
    /// The file it is from, or nothing.
    pub(crate) path: &'a str,
    pub(crate) target: Option<&'a Selector>,
    pub(crate) options: PatchOptions,
}

impl Patch<'_> {
    fn origin(&self) -> String {
        if self.path.is_empty() {
            format!("[patch: {:?}]", self.text)
        } else {
            format!("[path: {:?}]", self.path)
        }
    }

    fn read(&self) -> Result<Content, String> {
        let merges = objects_of(self.text, &"".into());
        let operations = operations(self.text);
        match (merges, operations) {
            (Ok(merges), Ok(operations)) if !merges.is_empty() && !operations.is_empty() => {
                Err(format!("illegally qualifies as both an SM and JSON patch: {}", self.origin()))
            }
            (Ok(merges), _) => Ok(Content::Merge(merges)),
            (Err(_), Ok(operations)) => Ok(Content::Json(operations)),
            (Err(merge), Err(json)) => Err(format!(
                "unable to parse SM or JSON patch from {} (as objects: {merge}; as operations: {json})",
                self.origin()
            )),
        }
    }

    /// Applies an entry of `patches`.
    pub(crate) fn apply(&self, list: &mut Vec<Resource>, shapes: &Shapes) -> Result<(), String> {
        match (self.read()?, self.target) {
            (Content::Json(_), None) => {
                Err(format!("must specify a target for JSON patch {}", self.origin()))
            }
            (Content::Json(operations), Some(target)) => {
                let target = Compiled::new(target)?;
                let targets = list.iter_mut().filter(|resource| target.targets(resource));
                for (place, resource) in targets.enumerate() {
                    budget::copies(self.text.len(), place + 1)?;
                    resource.remember();
                    apply_operations(resource, &operations)?;
                }
                Ok(())
            }
            (Content::Merge(patches), None) => patches.iter().try_for_each(|patch| {
                let place = find_target(list, patch).map_err(|message| {
                    format!("no resource matches strategic merge patch \"{}\": {message}", patch.id())
                })?;
                merge_into(list, place, patch, self.options, shapes)
            }),
            (Content::Merge(patches), Some(target)) => {
                let target = Compiled::new(target)?;
                let patch = match &patches[..] {
                    [] => return Ok(()),
                    [patch] => &with_texts(patch),
                    _ => {
                        return Err(format!(
                            "Multiple Strategic-Merge Patches in one `patches` entry is not allowed to set \
                             `patches.target` field: {}",
                            self.origin()
                        ));
                    }
                };
                let targets: Vec<usize> =
                    (0..list.len()).filter(|&place| target.targets(&list[place])).collect();
                budget::copies(self.text.len(), targets.len())?;
                for place in targets.into_iter().rev() {
                    merge_into(list, place, patch, self.options, shapes)?;
                }
                refuse_conflicts(list)
            }
        }
    }
}

/// Applies an entry of `patchesJson6902`. What it renames is not remembered.
pub(crate) fn apply_json(list: &mut [Resource], target: &Selector, text: &str) -> Result<(), String> {
    if target.name.is_empty() {
        return Err("must specify the target name".to_owned());
    }
    let operations = operations(text).map_err(|message| format!("decoding {text}: {message}"))?;
    if operations.is_empty() {
        return Err("patch appears to be empty".to_owned());
    }
    let target = Compiled::new(target)?;
    let targets = list.iter_mut().filter(|resource| target.targets(resource));
    for (place, resource) in targets.enumerate() {
        budget::copies(text.len(), place + 1)?;
        apply_operations(resource, &operations)?;
    }
    Ok(())
}

/// Applies the patches of a text to the objects with their identities.
pub(crate) fn apply_strategic(
    list: &mut Vec<Resource>,
    patches: &[Resource],
    shapes: &Shapes,
) -> Result<(), String> {
    for patch in patches {
        let place = find_target(list, patch)?;
        merge_into(list, place, &with_texts(patch), PatchOptions::default(), shapes)?;
        refuse_conflicts(list)?;
    }
    Ok(())
}

/// Reads operations: a list in JSON or YAML.
fn operations(text: &str) -> Result<Vec<Operation>, String> {
    let value = if text.starts_with('[') {
        serde_json::from_str(text).map_err(|error| error.to_string())?
    } else {
        goyaml::from_str(text).map_err(|error| error.to_string())?
    };
    match value {
        Value::Array(_) => json_patch::parse(&value).map_err(|error| error.to_string()),
        _ => Err("expected a list of operations".to_owned()),
    }
}

fn apply_operations(resource: &mut Resource, operations: &[Operation]) -> Result<(), String> {
    let id = resource.id();
    let had_notes = resource.has_notes();
    if had_notes {
        // Kustomize keeps its own notes among the annotations, so that there are some.
        let metadata = resource.metadata();
        if !metadata.get("annotations").is_some_and(Value::is_object) {
            map_at(&mut resource.value, "metadata")
                .insert("annotations".to_owned(), Value::Object(serde_json::Map::new()));
        }
    }
    for (key, text) in std::mem::take(&mut resource.respelled) {
        let annotations = resource.metadata().get_mut("annotations").and_then(Value::as_object_mut);
        if let Some(value) = annotations.and_then(|annotations| annotations.get_mut(&key)) {
            *value = text.into();
        }
    }
    let options = json_patch::Options::default();
    let failed = |error: object::Error| format!("{id}: {error}");
    match json_patch::apply(&resource.value, operations, options) {
        Ok(value) => resource.value = value,
        Err(error @ object::Error::Limit { .. }) => return Err(failed(error)),
        Err(_) => {
            for operation in operations {
                let operation = lenient(operation, &resource.value);
                resource.value = json_patch::apply(&resource.value, &[operation], options).map_err(failed)?;
                budget::copies(budget::memory(&resource.value), 1)?;
            }
        }
    }
    // JSON knows no blank fields, and annotations are made texts again.
    resource.blanks.clear();
    if let Some(Value::Object(annotations)) = resource.metadata().get_mut("annotations") {
        for value in annotations.values_mut().filter(|value| !value.is_string()) {
            *value = scalar_text(value).into();
        }
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

/// A patch whose labels and annotations are texts, even those that say `null`: so it is where Kustomize copies a patch
/// before it applies it.
fn with_texts(patch: &Resource) -> Resource {
    let mut patch = patch.clone();
    let blanks = std::mem::take(&mut patch.blanks);
    for field in ["labels", "annotations"] {
        let Some(Value::Object(map)) = patch.metadata().get_mut(field) else { continue };
        for (key, value) in map.iter_mut() {
            let is_blank = |way: &Way| way.iter().map(|step| &**step).eq(["metadata", field, key]);
            let is_null = value.is_null() && !blanks.iter().any(is_blank);
            *value = if is_null { "null".into() } else { scalar_text(value).into() };
        }
    }
    patch
}

/// The only object that has, or had, the patch's identity.
fn find_target(list: &[Resource], patch: &Resource) -> Result<usize, String> {
    let wanted = patch.id();
    let places: Vec<usize> = (0..list.len()).filter(|&place| list[place].was_ever(&wanted)).collect();
    let found = match places[..] {
        [place] => return Ok(place),
        [] => "no",
        _ => "multiple",
    };
    Err(format!("{found} matches for Id {wanted}; failed to find unique target for patch {wanted}"))
}

/// Merges into the object at a place, or removes it when the patch says so. Kind and name stay unless their change is
/// allowed; the namespace always stays.
fn merge_into(
    list: &mut Vec<Resource>,
    place: usize,
    patch: &Resource,
    options: PatchOptions,
    shapes: &Shapes,
) -> Result<(), String> {
    let resource = &mut list[place];
    let id = resource.id();
    if options.allow_name_change || options.allow_kind_change {
        resource.remember();
    }
    let mut change = patch.value.clone();
    change["apiVersion"] = resource.value.get("apiVersion").cloned().unwrap_or_default();
    let kept = merge(&mut resource.value, &mut resource.blanks, &change, shapes)
        .map_err(|message| format!("{id}: {message}"))?;
    if !kept || resource.value.as_object().is_none_or(serde_json::Map::is_empty) {
        list.remove(place);
        return Ok(());
    }
    if !options.allow_kind_change {
        resource.value["kind"] = id.kind.as_str().into();
    }
    if !options.allow_name_change {
        resource.set_name(&id.name);
    }
    resource.set_namespace(&id.namespace);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn list() -> Vec<Resource> {
        ["a", "b"]
            .map(|name| {
                let value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": "1"}});
                Resource::new(value, "x".into())
            })
            .to_vec()
    }

    fn apply(list: &mut Vec<Resource>, text: &str, target: Option<&Selector>) -> Result<(), String> {
        let patch = Patch { text, path: "", target, options: PatchOptions::default() };
        patch.apply(list, Shapes::builtin())
    }

    #[test]
    fn a_patch_without_target_needs_exactly_one_object() {
        let mut objects = list();
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata: {x: '2'}\n";
        apply(&mut objects, text, None).unwrap();
        assert_eq!(objects[1].value["data"]["x"], "2");
        let error = apply(&mut objects, &text.replace("name: b", "name: c"), None).unwrap_err();
        assert!(error.contains("no matches for Id ConfigMap.v1.[noGrp]/c.[noNs]"), "{error}");
    }

    #[test]
    fn targets_choose_many_and_names_stay() {
        let mut objects = list();
        let target = Selector { kind: "ConfigMap".into(), ..Selector::default() };
        let text = "kind: ConfigMap\nmetadata: {name: ignored}\ndata: {'y': '3'}\n";
        apply(&mut objects, text, Some(&target)).unwrap();
        assert!(objects.iter().all(|object| object.value["data"]["y"] == "3"));
        assert_eq!(objects[0].name(), "a");
        apply(&mut objects, r#"[{"op": "replace", "path": "/data/x", "value": "9"}]"#, Some(&target))
            .unwrap();
        assert_eq!(objects[1].value["data"]["x"], "9");
        apply(&mut objects, "- {op: add, path: /metadata/annotations/a, value: b}", Some(&target)).unwrap();
        assert_eq!(objects[0].value["metadata"]["annotations"]["a"], "b");
        let text = "- {op: replace, path: /none/x, value: '9'}";
        let error = apply(&mut objects, text, Some(&target)).unwrap_err();
        assert!(error.contains("ConfigMap"), "{error}");
    }

    #[test]
    fn texts_that_are_no_patch_are_refused() {
        for text in ["a: 1\n", "just words", "[{op: replace}]", "- {op: fly, path: /a}"] {
            assert!(apply(&mut list(), text, None).is_err(), "{text}");
        }
    }
}
