//! Replacements: one value copied to many places. How places are written down is in `fieldpath`.

use serde_json::Value;

use crate::budget;
use crate::fieldpath::{self, Make, Spot, plain};
use crate::file::{FieldOptions, Replacement, ReplacementSource, scalar_text};
use crate::identity::{DEFAULT, or};
use crate::resource::Resource;
use crate::selector::Compiled;
use crate::structured;

/// Applies one replacement.
pub(crate) fn replace(list: &mut [Resource], replacement: &Replacement) -> Result<(), String> {
    let incomplete = || "replacements must specify a source and at least one target".to_owned();
    let targets = replacement.targets.as_ref().ok_or_else(incomplete)?;
    let value = match (&replacement.source, &replacement.source_value) {
        (Some(_), Some(_)) => {
            return Err("value and resource selectors are mutually exclusive".to_owned());
        }
        (None, None) => return Err(incomplete()),
        (None, Some(value)) => Value::String(value.clone()),
        (Some(source), None) => read_source(list, source)?,
    };
    let bytes = budget::memory(&value);
    let mut written = 0;
    for target in targets {
        let select = target.select.as_ref();
        let select = select.ok_or_else(|| "target must specify resources to select".to_owned())?;
        let select =
            Compiled::new(select).map_err(|message| format!("error creating target selector: {message}"))?;
        let reject: Vec<Compiled> = target.reject.iter().map(Compiled::new).collect::<Result<_, _>>()?;
        let default_paths = [DEFAULT_PATH.to_owned()];
        let paths = if target.field_paths.is_empty() { &default_paths[..] } else { &target.field_paths[..] };
        for resource in list.iter_mut() {
            if !select.selects(resource) || reject.iter().any(|reject| reject.rejects(resource)) {
                continue;
            }
            for path in paths {
                written += 1;
                budget::copies(bytes, written)?;
                write(&mut resource.value, path, &value, target.options.as_ref())?;
            }
        }
    }
    Ok(())
}

const DEFAULT_PATH: &str = "metadata.name";

fn read_source(list: &[Resource], source: &ReplacementSource) -> Result<Value, String> {
    let equal = |wanted: &str, actual: &str| wanted.is_empty() || wanted == actual;
    let is_meant = |resource: &&Resource| {
        resource.all_ids().iter().any(|id| {
            id.is_kind(&source.group, &source.version, &source.kind)
                && equal(&source.name, &id.name)
                && equal(&source.namespace, or(&id.namespace, DEFAULT))
        })
    };
    let selector = format!(
        "{}.{}.{}/{}.{}",
        or(&source.kind, "[noKind]"),
        or(&source.version, "[noVer]"),
        or(&source.group, "[noGrp]"),
        or(&source.name, "[noName]"),
        or(&source.namespace, "[noNs]")
    );
    let found: Vec<&Resource> = list.iter().filter(is_meant).collect();
    let path = or(&source.field_path, DEFAULT_PATH);
    let resource = match found[..] {
        [resource] => resource,
        [] => return Err(format!("nothing selected by {selector}:{path}")),
        _ => return Err(format!("multiple matches for selector {selector}:{path}")),
    };
    let value = fieldpath::lookup(&resource.value, &fieldpath::split(path))
        .map_err(|message| format!("error looking up replacement source: {message}"))?;
    let is_nothing = |value: &Value| match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let value = value
        .filter(|value| !is_nothing(value))
        .ok_or_else(|| format!("fieldPath `{path}` is missing for replacement source {selector}"))?;
    let Some(options) = source.options.as_ref().filter(|options| !options.delimiter.is_empty()) else {
        return Ok(value.clone());
    };
    if value.is_object() || value.is_array() {
        return Err("delimiter option can only be used with scalar nodes".to_owned());
    }
    let text = scalar_text(value);
    let piece = usize::try_from(options.index)
        .ok()
        .and_then(|index| text.split(&options.delimiter).nth(index).map(str::to_owned));
    piece
        .map(Value::String)
        .ok_or_else(|| format!("options.index {} is out of bounds for value {text}", options.index))
}

/// Writes the value to all places of a path in an object.
fn write(
    object: &mut Value,
    path: &str,
    value: &Value,
    options: Option<&FieldOptions>,
) -> Result<(), String> {
    let steps = fieldpath::split(path);
    let creates = options.is_some_and(|options| options.create);
    let make = match value {
        _ if !creates => Make::Nothing,
        Value::Object(_) => Make::Map,
        Value::Array(_) => Make::List,
        _ => Make::Scalar,
    };
    let mut change = |spot: Spot<'_>| set(spot, value, options, Misfit::Tagged);
    if structured::visit(object, &steps, make, &mut change) {
        return Ok(());
    }
    let verb = if creates { "find or create" } else { "find" };
    let missing = format!("unable to {verb} field {path:?} in replacement target");
    let mut failure = None;
    let hits = fieldpath::visit(object, &steps, make, &mut |spot| {
        set(spot, value, options, Misfit::Refused).inspect_err(|message| failure = Some(message.clone()))
    });
    match (hits, failure) {
        (_, Some(message)) => Err(message),
        (Ok(0), None) => Err(missing),
        (Ok(_), None) => Ok(()),
        (Err(message), None) => Err(format!("{missing}: {message}")),
    }
}

/// What comes of a text that does not fit the type of the scalar which it replaces.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Misfit {
    /// It cannot be: an object is read again afterwards.
    Refused,
    /// A text inside an object keeps it, with the tag of the type that it hasn't.
    Tagged,
}

/// Puts the value at a place. Scalars keep their type.
fn set(spot: Spot<'_>, new: &Value, options: Option<&FieldOptions>, misfit: Misfit) -> Result<(), String> {
    let is_scalar = !spot.value.is_object() && !spot.value.is_array();
    let mut text = scalar_text(new);
    let delimited = options.filter(|options| !options.delimiter.is_empty());
    if let Some(options) = delimited {
        if !is_scalar {
            return Err("delimiter option can only be used with scalar nodes".to_owned());
        }
        text = with_piece(&scalar_text(spot.value), &text, options);
    }
    if !is_scalar {
        *spot.value = new.clone();
        return Ok(());
    }
    let typed = plain(&text);
    *spot.value = match (&*spot.value, &typed) {
        _ if spot.is_new => typed,
        (Value::String(_), _) => Value::String(text),
        (Value::Null, Value::Null) | (Value::Bool(_), Value::Bool(_)) => typed,
        (Value::Number(old), Value::Number(new)) if old.is_f64() || !new.is_f64() => typed,
        _ if misfit == Misfit::Tagged => Value::String(text),
        (old, _) => {
            let kind = match old {
                Value::Null => "null",
                Value::Bool(_) => "bool",
                Value::Number(number) if number.is_f64() => "float",
                _ => "int",
            };
            return Err(format!("cannot decode `{text}` as a !!{kind}, which the field is"));
        }
    };
    Ok(())
}

/// A text with one of its pieces replaced, or with one more.
fn with_piece(old: &str, new: &str, options: &FieldOptions) -> String {
    let mut pieces: Vec<&str> = old.split(&options.delimiter).collect();
    match usize::try_from(options.index) {
        Err(_) => pieces.insert(0, new),
        Ok(index) if index >= pieces.len() => pieces.push(new),
        Ok(index) => pieces[index] = new,
    }
    pieces.join(&options.delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::decode;
    use serde_json::json;

    fn written(mut object: Value, path: &str, value: Value, options: Value) -> Result<Value, String> {
        let options: FieldOptions = decode(options)?;
        write(&mut object, path, &value, Some(&options))?;
        Ok(object)
    }

    #[test]
    fn scalars_keep_their_type() {
        let object = json!({"text": "a", "number": 1, "truth": true, "map": {"x": 1}});
        for (path, value, expected) in [
            ("text", json!(8080), Ok(json!("8080"))),
            ("number", json!("8080"), Ok(json!(8080))),
            ("number", json!("x"), Err(())),
            ("truth", json!("false"), Ok(json!(false))),
            ("map", json!({"y": 2}), Ok(json!({"y": 2}))),
            ("none", json!(1), Err(())),
        ] {
            let result = written(object.clone(), path, value, json!({}));
            assert_eq!(result.map(|object| object[path].clone()).map_err(drop), expected, "{path}");
        }
        let made = written(object, "new.field", json!("1"), json!({"create": true})).unwrap();
        assert_eq!(made["new"]["field"], 1);
    }

    #[test]
    fn pieces_between_delimiters_are_replaced() {
        let image = json!({"image": "nginx:1"});
        for (index, expected) in [(1, "nginx:2"), (-1, "2:nginx:1"), (7, "nginx:1:2")] {
            let options = json!({"delimiter": ":", "index": index});
            assert_eq!(written(image.clone(), "image", json!("2"), options).unwrap()["image"], expected);
        }
    }

    #[test]
    fn sources_have_to_be_one() {
        let object = |name: &str| Resource::new(json!({"kind": "A", "metadata": {"name": name}}), "x".into());
        let replacement: Replacement = decode(json!({
            "source": {"kind": "A"}, "targets": [{"select": {"kind": "A"}, "fieldPaths": ["metadata.x"]}],
        }))
        .unwrap();
        let error = replace(&mut [object("a"), object("b")], &replacement).unwrap_err();
        assert!(error.contains("multiple matches for selector A.[noVer].[noGrp]/[noName].[noNs]"), "{error}");
        let error = replace(&mut [object("a")], &replacement).unwrap_err();
        assert!(error.contains("unable to find field \"metadata.x\""), "{error}");
    }
}
