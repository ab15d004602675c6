//! Paths to fields as replacements write them: `a.b.[name=x].c`, `a.*.b`, `a.0`, `a.[b.c/d]`; `\.` is a dot in a name.

use serde_json::{Map, Value};

use crate::file::scalar_text;
use crate::selector::compile;
use crate::yaml;

/// Splits a path at its dots, but not inside of brackets.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut continues = false;
    for part in path.strip_prefix('.').unwrap_or(path).split('.') {
        let (part, escapes) = part.strip_suffix('\\').map_or((part, false), |part| (part, true));
        match words.last_mut().filter(|_| continues) {
            Some(last) => {
                last.push('.');
                last.push_str(part);
            }
            None => words.push(part.to_owned()),
        }
        continues = escapes;
    }
    let mut steps = Vec::new();
    let mut words = words.into_iter();
    while let Some(mut word) = words.next() {
        if word.starts_with('[') && !word.ends_with(']') {
            for more in words.by_ref() {
                word.push('.');
                word.push_str(&more);
                if word.ends_with(']') {
                    break;
                }
            }
            // A name with dots, unless it chooses an element.
            if !word.contains('=') {
                word = word.trim_matches(['[', ']']).to_owned();
            }
        }
        steps.push(word);
    }
    steps
}

fn index(step: &str) -> Option<usize> {
    step.parse().ok().filter(|_| !step.starts_with('+'))
}

/// `[name=value]`, as its parts.
fn choice(step: &str) -> Option<Result<(&str, &str), String>> {
    let inner = step.strip_prefix('[')?.strip_suffix(']')?;
    Some(
        inner.split_once('=').ok_or_else(|| {
            "list path element must contain fieldName=fieldValue for element to match".to_owned()
        }),
    )
}

fn wrong_kind(expected: &str, found: &Value) -> String {
    let kind = match found {
        Value::Object(_) => "MappingNode",
        Value::Array(_) => "SequenceNode",
        _ => "ScalarNode",
    };
    format!(
        "wrong node kind: expected {expected} but was {kind}: node contents:\n{}",
        goyaml::to_string(found)
    )
}

/// The one value at a path, where elements are chosen by exact values; `None` when there is none.
pub(crate) fn lookup<'a>(value: &'a Value, steps: &[String]) -> Result<Option<&'a Value>, String> {
    let mut value = value;
    for step in steps.iter().map(|step| step.trim()).filter(|step| !step.is_empty()) {
        let next = match element(value, step)? {
            Some(place) => value.get(place),
            None if is_element(step) => None,
            None => match value {
                Value::Object(map) => map.get(step),
                Value::Null => None,
                other => return Err(wrong_kind("MappingNode", other)),
            },
        };
        match next {
            None | Some(Value::Null) => return Ok(None),
            Some(next) => value = next,
        }
    }
    Ok(Some(value))
}

/// The place that [`lookup`] finds, to be changed.
pub(crate) fn lookup_mut<'a>(value: &'a mut Value, steps: &[String]) -> Option<&'a mut Value> {
    let mut value = value;
    for step in steps.iter().map(|step| step.trim()).filter(|step| !step.is_empty()) {
        value = match element(value, step).ok()? {
            Some(place) => value.get_mut(place)?,
            None => value.get_mut(step)?,
        };
    }
    Some(value)
}

/// Whether a step chooses an element of a list.
fn is_element(step: &str) -> bool {
    index(step).is_some() || step == "-" || choice(step).is_some()
}

/// The place of the element that a step chooses by exact value; `None` when it chooses none.
fn element(value: &Value, step: &str) -> Result<Option<usize>, String> {
    if step == "*" {
        return Err("wildcard is not supported in PathGetter".to_owned());
    }
    if !is_element(step) {
        return Ok(None);
    }
    let items = value.as_array().ok_or_else(|| wrong_kind("SequenceNode", value))?;
    if let Some(place) = index(step) {
        return Ok((place < items.len()).then_some(place));
    }
    let Some(choice) = choice(step) else { return Ok(items.len().checked_sub(1)) };
    let (name, wanted) = choice?;
    Ok(items.iter().position(|item| match name {
        "" => !item.is_object() && scalar_text(item) == wanted,
        name => item.get(name).is_some_and(|found| scalar_text(found) == wanted),
    }))
}

/// What is made where a path leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Make {
    Nothing,
    Scalar,
    Map,
    List,
}

/// A place that a path leads to.
pub(crate) struct Spot<'a> {
    pub(crate) value: &'a mut Value,
    /// Whether it was made just now.
    pub(crate) is_new: bool,
}

/// Calls `change` on all places that a path leads to, and answers how many there were. Elements are chosen by
/// unanchored regular expressions.
pub(crate) fn visit(
    value: &mut Value,
    steps: &[String],
    make: Make,
    change: &mut dyn FnMut(Spot<'_>) -> Result<(), String>,
) -> Result<usize, String> {
    visit_spot(Spot { value, is_new: false }, steps, make, change)
}

fn visit_spot(
    spot: Spot<'_>,
    steps: &[String],
    make: Make,
    change: &mut dyn FnMut(Spot<'_>) -> Result<(), String>,
) -> Result<usize, String> {
    let Some((step, rest)) = steps.split_first() else {
        change(spot)?;
        return Ok(1);
    };
    let value = spot.value;
    if let Some(place) = index(step) {
        let Value::Array(items) = value else { return Err(wrong_kind("SequenceNode", value)) };
        let is_new = place == items.len() && make != Make::Nothing;
        if is_new {
            items.push(made(rest.first(), make));
        }
        let count = items.len();
        let Some(value) = items.get_mut(place) else {
            return Err(format!("index {place} specified but only {count} elements found"));
        };
        return visit_spot(Spot { value, is_new }, rest, make, change);
    }
    if let Some(choice) = choice(step) {
        let (name, pattern) = choice?;
        let Value::Array(items) = value else { return Err(wrong_kind("SequenceNode", value)) };
        return visit_chosen(items, (name, pattern), rest, make, change);
    }
    if step == "*" {
        let Value::Array(items) = value else { return Err(wrong_kind("SequenceNode", value)) };
        let mut total = 0;
        for value in items {
            total += visit_spot(Spot { value, is_new: false }, rest, make, change)?;
        }
        return Ok(total);
    }
    if value.is_null() && make != Make::Nothing {
        *value = Value::Object(Map::new());
    }
    let map = match value {
        Value::Object(map) => map,
        Value::Null => return Ok(0),
        other => return Err(wrong_kind("MappingNode", other)),
    };
    let is_new = !map.contains_key(step);
    if is_new {
        if make == Make::Nothing {
            return Ok(0);
        }
        map.insert(step.clone(), made(rest.first(), make));
    }
    let Some(value) = map.get_mut(step) else { return Ok(0) };
    let is_scalar = !value.is_object() && !value.is_array();
    if is_scalar && !rest.is_empty() {
        // A text that holds a structure: what is found in it is found, but not written back from here.
        let mut inside = yaml::value(&scalar_text(value))?;
        return visit(&mut inside, rest, make, &mut |_| Ok(()));
    }
    visit_spot(Spot { value, is_new }, rest, make, change)
}

fn visit_chosen(
    items: &mut Vec<Value>,
    (name, pattern): (&str, &str),
    rest: &[String],
    make: Make,
    change: &mut dyn FnMut(Spot<'_>) -> Result<(), String>,
) -> Result<usize, String> {
    let regex = compile(pattern)?;
    let mut total = 0;
    for _ in 0..2 {
        for item in items.iter_mut() {
            let meant = if name.is_empty() { Some(&*item) } else { item.get(name) };
            if !meant.is_some_and(|meant| regex.is_match(goyaml::to_string(meant).trim())) {
                continue;
            }
            // A chosen scalar is the end of the path, whatever follows.
            let rest = if name.is_empty() { &[] } else { rest };
            total += visit_spot(Spot { value: item, is_new: false }, rest, make, change)?;
        }
        if total > 0 || make == Make::Nothing {
            break;
        }
        let value = plain(pattern);
        items.push(if name.is_empty() {
            value
        } else {
            Value::Object(Map::from_iter([(name.to_owned(), value)]))
        });
    }
    Ok(total)
}

/// A new value, of the kind that the next step needs.
fn made(next: Option<&String>, make: Make) -> Value {
    let list = || Value::Array(Vec::new());
    match next {
        Some(next) if choice(next).is_some() || index(next).is_some() => list(),
        Some(_) => Value::Object(Map::new()),
        None => match make {
            Make::Map => Value::Object(Map::new()),
            Make::List => list(),
            Make::Scalar | Make::Nothing => Value::Null,
        },
    }
}

/// What a text means that is written without quotes.
pub(crate) fn plain(text: &str) -> Value {
    match yaml::resolve(text) {
        goyaml::Scalar::Null => Value::Null,
        goyaml::Scalar::Bool(value) => value.into(),
        goyaml::Scalar::Int(value) => value.into(),
        goyaml::Scalar::Uint(value) => value.into(),
        goyaml::Scalar::Float(value) => yaml::float(value).unwrap_or_else(|| text.into()),
        goyaml::Scalar::Timestamp | goyaml::Scalar::Text => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(mut object: Value, path: &str, make: Make) -> Result<(Value, usize), String> {
        let hits = visit(&mut object, &split(path), make, &mut |spot| {
            *spot.value = json!("new");
            Ok(())
        })?;
        Ok((object, hits))
    }

    #[test]
    fn paths_are_split_outside_of_brackets() {
        for (path, steps) in [
            ("a.b", vec!["a", "b"]),
            (".a.b", vec!["a", "b"]),
            ("a.[b.c/d].e", vec!["a", "b.c/d", "e"]),
            ("a.[name=b.c].d", vec!["a", "[name=b.c]", "d"]),
            ("a.b\\.c.0", vec!["a", "b.c", "0"]),
        ] {
            assert_eq!(split(path), steps, "{path}");
        }
    }

    #[test]
    fn elements_are_reached_by_value_place_and_all_together() {
        let object = json!({"a": [{"name": "x", "v": 1}, {"name": "y", "v": 2}]});
        assert_eq!(set(object.clone(), "a.[name=y].v", Make::Nothing).unwrap().0["a"][1]["v"], "new");
        assert_eq!(set(object.clone(), "a.*.v", Make::Nothing).unwrap().1, 2);
        assert_eq!(set(object.clone(), "a.0.v", Make::Nothing).unwrap().0["a"][0]["v"], "new");
        assert_eq!(set(object.clone(), "none.b", Make::Nothing).unwrap().1, 0);
        assert!(set(object.clone(), "a.9.v", Make::Nothing).is_err());
        assert_eq!(lookup(&object, &split("a.[name=y].v")).unwrap(), Some(&json!(2)));
        assert_eq!(lookup(&object, &split("a.-.v")).unwrap(), Some(&json!(2)));
        assert_eq!(lookup(&object, &split("a.[name=z]")).unwrap(), None);
        assert!(lookup(&object, &split("a.b")).is_err());
    }

    #[test]
    fn what_is_missing_is_made() {
        assert_eq!(
            set(json!({}), "a.[port=80].b.0", Make::Scalar).unwrap().0,
            json!({"a": [{"port": 80, "b": ["new"]}]})
        );
    }
}
