//! Replacements: one value copied to many places.

use regex::Regex;
use serde_json::{Map, Value};

use crate::file::{FieldOptions, Replacement, ReplacementSource, scalar_text};
use crate::resource::Resource;
use crate::selector::Compiled;

/// Applies one replacement.
pub(crate) fn replace(list: &mut [Resource], replacement: &Replacement) -> Result<(), String> {
    let value = match (&replacement.source, &replacement.source_value) {
        (Some(_), Some(_)) => return Err("a replacement has either source or sourceValue".to_owned()),
        (None, None) => return Err("replacements must specify a source and at least one target".to_owned()),
        (None, Some(value)) => Value::String(value.clone()),
        (Some(source), None) => read_source(list, source)?,
    };
    if replacement.targets.is_empty() {
        return Err("replacements must specify a source and at least one target".to_owned());
    }
    for target in &replacement.targets {
        let select = Compiled::new(&target.select)?;
        let reject: Vec<Compiled> = target.reject.iter().map(Compiled::new).collect::<Result<_, _>>()?;
        let paths = if target.field_paths.is_empty() {
            vec!["metadata.name".to_owned()]
        } else {
            target.field_paths.clone()
        };
        for resource in list.iter_mut() {
            if !select.selects(resource) || reject.iter().any(|reject| reject.selects(resource)) {
                continue;
            }
            let id = resource.id();
            resource.remember();
            for path in &paths {
                let steps = parse_path(path)?;
                let options = target.options.as_ref();
                let hits = set(&mut resource.value, &steps, &value, options)?;
                if hits == 0 {
                    return Err(format!("{id}: unable to find field {path:?} in replacement target"));
                }
            }
        }
    }
    Ok(())
}

fn read_source(list: &[Resource], source: &ReplacementSource) -> Result<Value, String> {
    let equal = |wanted: &str, actual: &str| wanted.is_empty() || wanted == actual;
    let fits = |resource: &&Resource| {
        resource.all_ids().iter().any(|id| {
            equal(&source.group, &id.group)
                && equal(&source.version, &id.version)
                && equal(&source.kind, &id.kind)
                && equal(&source.name, &id.name)
                && (equal(&source.namespace, &id.namespace) || source.namespace == id.effective_namespace())
        })
    };
    let selector =
        format!("{}.{}.{}/{}.{}", source.kind, source.version, source.group, source.name, source.namespace);
    let found: Vec<&Resource> = list.iter().filter(fits).collect();
    let resource = match found[..] {
        [resource] => resource,
        [] => return Err(format!("nothing selected by {selector}")),
        _ => return Err(format!("multiple matches for selector {selector}")),
    };
    let path = if source.field_path.is_empty() { "metadata.name" } else { &source.field_path };
    let missing = || format!("fieldPath `{path}` is missing for replacement source {}", resource.id());
    let mut values = Vec::new();
    collect(&resource.value, &parse_path(path)?, &mut values);
    let value = match values[..] {
        [value] if !value.is_null() => value.clone(),
        _ => return Err(missing()),
    };
    match source.options.as_ref().filter(|options| !options.delimiter.is_empty()) {
        None => Ok(value),
        Some(options) => {
            let text = scalar_text(&value);
            let piece = usize::try_from(options.index)
                .ok()
                .and_then(|index| text.split(&options.delimiter).nth(index));
            piece
                .map(|piece| Value::String(piece.to_owned()))
                .ok_or_else(|| format!("options.index {} is out of bounds for value {text}", options.index))
        }
    }
}

/// One step of a field path.
#[derive(Debug, Clone)]
enum Step {
    Field(String),
    Index(usize),
    All,
    /// Elements whose field (or which themselves, when it is empty) match.
    Where(String, Regex, String),
}

/// Reads `a.b.[name=x].c`, `a.*.b`, `a.0`, `a.[b.c/d]`; `\.` is a dot in a name.
fn parse_path(path: &str) -> Result<Vec<Step>, String> {
    let mut words = vec![String::new()];
    let (mut escaped, mut bracket) = (false, false);
    for character in path.chars() {
        if escaped {
            escaped = false;
            if let Some(last) = words.last_mut() {
                last.push(character);
            }
            continue;
        }
        match character {
            '\\' => escaped = true,
            '.' if !bracket => words.push(String::new()),
            other => {
                match other {
                    '[' => bracket = true,
                    ']' => bracket = false,
                    _ => {}
                }
                if let Some(last) = words.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    words.into_iter().filter(|word| !word.is_empty()).map(|word| parse_step(&word)).collect()
}

fn parse_step(word: &str) -> Result<Step, String> {
    if word == "*" {
        return Ok(Step::All);
    }
    if let Some(inner) = word.strip_prefix('[').and_then(|word| word.strip_suffix(']')) {
        return match inner.split_once('=') {
            Some((field, pattern)) => {
                let regex = regex::RegexBuilder::new(pattern).size_limit(1 << 20).build();
                let regex = regex.map_err(|error| format!("{pattern:?}: {error}"))?;
                Ok(Step::Where(field.to_owned(), regex, pattern.to_owned()))
            }
            None => Ok(Step::Field(inner.to_owned())),
        };
    }
    Ok(word.parse().map_or_else(|_| Step::Field(word.to_owned()), Step::Index))
}

fn is_meant(item: &Value, field: &str, regex: &Regex) -> bool {
    let value = if field.is_empty() { Some(item) } else { item.get(field) };
    value.is_some_and(|value| regex.is_match(&scalar_text(value)))
}

fn collect<'a>(node: &'a Value, steps: &[Step], found: &mut Vec<&'a Value>) {
    let Some((step, rest)) = steps.split_first() else {
        found.push(node);
        return;
    };
    match (step, node) {
        (Step::Field(name), Value::Object(map)) => {
            map.get(name).into_iter().for_each(|child| collect(child, rest, found));
        }
        (Step::Index(index), Value::Object(map)) => {
            map.get(&index.to_string()).into_iter().for_each(|child| collect(child, rest, found));
        }
        (Step::Index(index), Value::Array(items)) => {
            items.get(*index).into_iter().for_each(|child| collect(child, rest, found));
        }
        (Step::All, Value::Array(items)) => items.iter().for_each(|item| collect(item, rest, found)),
        (Step::All, Value::Object(map)) => map.values().for_each(|item| collect(item, rest, found)),
        (Step::Where(field, regex, _), Value::Array(items)) => {
            items
                .iter()
                .filter(|item| is_meant(item, field, regex))
                .for_each(|item| collect(item, rest, found));
        }
        _ => {}
    }
}

/// Writes the value at all places of a path; answers how many there were.
fn set(
    node: &mut Value,
    steps: &[Step],
    value: &Value,
    options: Option<&FieldOptions>,
) -> Result<usize, String> {
    let create = options.is_some_and(|options| options.create);
    let Some((step, rest)) = steps.split_first() else {
        *node = replaced(node, value, options)?;
        return Ok(1);
    };
    // A text that holds a structure is taken apart, changed and put together again.
    if let Value::String(text) = &*node {
        let text = text.clone();
        return set_inside(node, &text, steps, value, options);
    }
    if node.is_null() && create {
        *node = match step {
            Step::Index(_) | Step::Where(..) => Value::Array(Vec::new()),
            _ => Value::Object(Map::new()),
        };
    }
    match (step, node) {
        (Step::Field(name), Value::Object(map)) => {
            if !map.contains_key(name) && create {
                map.insert(name.clone(), Value::Null);
            }
            map.get_mut(name).map_or(Ok(0), |child| set(child, rest, value, options))
        }
        (Step::Index(index), Value::Object(map)) => {
            map.get_mut(&index.to_string()).map_or(Ok(0), |child| set(child, rest, value, options))
        }
        (Step::Index(index), Value::Array(items)) => {
            if *index == items.len() && create {
                items.push(Value::Null);
            }
            items.get_mut(*index).map_or(Ok(0), |child| set(child, rest, value, options))
        }
        (Step::All, Value::Array(items)) => sum(items.iter_mut(), rest, value, options),
        (Step::All, Value::Object(map)) => sum(map.values_mut(), rest, value, options),
        (Step::Where(field, regex, pattern), Value::Array(items)) => {
            if create && !field.is_empty() && !items.iter().any(|item| is_meant(item, field, regex)) {
                items.push(Value::Object(Map::from_iter([(field.clone(), pattern.as_str().into())])));
            }
            let meant: Vec<&mut Value> =
                items.iter_mut().filter(|item| is_meant(item, field, regex)).collect();
            sum(meant.into_iter(), rest, value, options)
        }
        _ => Ok(0),
    }
}

fn sum<'a>(
    children: impl Iterator<Item = &'a mut Value>,
    rest: &[Step],
    value: &Value,
    options: Option<&FieldOptions>,
) -> Result<usize, String> {
    let mut total = 0;
    for child in children {
        total += set(child, rest, value, options)?;
    }
    Ok(total)
}

fn set_inside(
    node: &mut Value,
    text: &str,
    steps: &[Step],
    value: &Value,
    options: Option<&FieldOptions>,
) -> Result<usize, String> {
    let as_json: Option<Value> =
        serde_json::from_str(text).ok().filter(|inner: &Value| inner.is_object() || inner.is_array());
    let is_json = as_json.is_some();
    let inner =
        as_json.or_else(|| goyaml::from_str(text).ok().filter(|inner| inner.is_object() || inner.is_array()));
    let Some(mut inner) = inner else { return Ok(0) };
    let hits = set(&mut inner, steps, value, options)?;
    if hits > 0 {
        let was_pretty = text.trim_end().contains("\n  ");
        let written = match (is_json, was_pretty) {
            (true, true) => serde_json::to_string_pretty(&inner).unwrap_or_default(),
            (true, false) => inner.to_string(),
            (false, _) => goyaml::to_string(&inner),
        };
        *node = Value::String(written);
    }
    Ok(hits)
}

/// What stands at a place afterwards: a scalar keeps its kind where its new text allows it.
fn replaced(old: &Value, new: &Value, options: Option<&FieldOptions>) -> Result<Value, String> {
    let Some(options) = options.filter(|options| !options.delimiter.is_empty()) else {
        return Ok(match (old, new) {
            (Value::String(_), Value::String(_) | Value::Number(_) | Value::Bool(_)) => {
                scalar_text(new).into()
            }
            (Value::Number(_) | Value::Bool(_), Value::String(text)) => goyaml::from_str(text)
                .ok()
                .filter(|value| !value.is_object() && !value.is_array())
                .unwrap_or_else(|| new.clone()),
            _ => new.clone(),
        });
    };
    let old = match old {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => scalar_text(old),
        Value::Null => String::new(),
        _ => return Err("delimiter option can only be used with scalar nodes".to_owned()),
    };
    let mut pieces: Vec<String> = old.split(&options.delimiter).map(str::to_owned).collect();
    let new = scalar_text(new);
    match usize::try_from(options.index) {
        Err(_) => pieces.insert(0, new),
        Ok(index) if index >= pieces.len() => pieces.push(new),
        Ok(index) => pieces[index] = new,
    }
    Ok(pieces.join(&options.delimiter).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn write(mut object: Value, path: &str, value: Value, options: Option<&FieldOptions>) -> (Value, usize) {
        let hits = set(&mut object, &parse_path(path).unwrap(), &value, options).unwrap();
        (object, hits)
    }

    #[test]
    fn paths_reach_list_elements_and_texts_with_structure() {
        let object = json!({"a": [{"name": "x", "v": 1}, {"name": "y", "v": 2}]});
        assert_eq!(write(object.clone(), "a.[name=y].v", json!(9), None).0["a"][1]["v"], 9);
        assert_eq!(write(object.clone(), "a.*.v", json!(9), None).1, 2);
        assert_eq!(write(object.clone(), "a.0.v", json!(9), None).0["a"][0]["v"], 9);
        assert_eq!(write(object, "a.none", json!(9), None).1, 0);
        let text = json!({"data": {"config.json": "{\"a\":{\"b\":1}}"}});
        assert_eq!(
            write(text, "data.config\\.json.a.b", json!("x"), None).0["data"]["config.json"],
            "{\"a\":{\"b\":\"x\"}}"
        );
    }

    #[test]
    fn pieces_between_delimiters_are_replaced() {
        let options = |index| FieldOptions { delimiter: ":".into(), index, ..FieldOptions::default() };
        let image = json!({"image": "nginx:1"});
        assert_eq!(write(image.clone(), "image", json!("2"), Some(&options(1))).0["image"], "nginx:2");
        assert_eq!(write(image.clone(), "image", json!("2"), Some(&options(-1))).0["image"], "2:nginx:1");
        assert_eq!(write(image, "image", json!("2"), Some(&options(7))).0["image"], "nginx:1:2");
        let create = FieldOptions { create: true, ..FieldOptions::default() };
        assert_eq!(write(json!({}), "a.b", json!("c"), Some(&create)).0, json!({"a": {"b": "c"}}));
    }
}
