//! JSON patch (RFC 6902) as the Kubernetes API server applies it. Merge patches are in `merge_patch.rs`.
//!
//! Beyond the RFC: a negative index counts from the end of a list, a `test` for null passes where nothing is, and
//! removing what is absent can be allowed.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;
use crate::value::text_size;

/// Kubernetes refuses longer patches.
const MAX_OPERATIONS: usize = 10_000;
/// Bytes that the `copy` operations of one patch may copy together, as many as Kubernetes lets them: each may double the
/// document.
const MAX_COPIED: usize = 3 << 20;

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
pub enum Operation {
    /// Sets a map entry or inserts into a list.
    Add {
        /// Where.
        path: String,
        /// What.
        #[serde(default)]
        value: Value,
    },
    /// Removes a map entry or a list element.
    Remove {
        /// Where.
        path: String,
    },
    /// Replaces a value that exists.
    Replace {
        /// Where.
        path: String,
        /// With what.
        #[serde(default)]
        value: Value,
    },
    /// Removes at `from` and adds at `path`.
    Move {
        /// Where to.
        path: String,
        /// Where from.
        from: String,
    },
    /// Adds the value of `from` at `path`.
    Copy {
        /// Where to.
        path: String,
        /// Where from.
        from: String,
    },
    /// Stops the patch unless the value is equal.
    Test {
        /// Where.
        path: String,
        /// The value expected; absent means null.
        #[serde(default)]
        value: Value,
    },
}

/// How lenient an application of a patch is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Removing what is absent changes nothing instead of failing.
    pub allow_missing_path_on_remove: bool,
    /// `add` makes the maps that are missing on the way.
    pub ensure_path_on_add: bool,
}

/// Reads a JSON patch document.
pub fn parse(patch: &Value) -> Result<Vec<Operation>, Error> {
    let operations: Vec<Operation> =
        Vec::deserialize(patch).map_err(|error| Error::JsonPatchSyntax { reason: error.to_string() })?;
    if operations.len() > MAX_OPERATIONS {
        return Err(Error::Limit { what: "the number of JSON patch operations", limit: MAX_OPERATIONS });
    }
    Ok(operations)
}

/// Applies operations in order; the document is left untouched when one fails.
pub fn apply(document: &Value, operations: &[Operation], options: Options) -> Result<Value, Error> {
    let mut result = document.clone();
    let mut copied = 0;
    for operation in operations {
        if let Operation::Copy { from, .. } = operation
            && let Ok(value) = find(&mut result, from, "copy")
        {
            copied += text_size(value);
            if copied > MAX_COPIED {
                return Err(Error::Limit {
                    what: "the number of bytes copied by a JSON patch",
                    limit: MAX_COPIED,
                });
            }
        }
        apply_one(&mut result, operation, options)?;
    }
    Ok(result)
}

/// Removes what a pointer points to, in place; `false` when nothing is there. List elements after it move up.
pub fn remove_pointer(document: &mut Value, pointer: &str) -> bool {
    let options = Options { allow_missing_path_on_remove: false, ensure_path_on_add: false };
    remove(document, pointer, "remove", options).is_ok()
}

/// The operations that turn one document into the other: maps are compared entry by entry, lists replaced as a whole.
pub fn create(from: &Value, to: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    difference(&mut operations, "", from, to);
    operations
}

fn difference(operations: &mut Vec<Operation>, path: &str, from: &Value, to: &Value) {
    let (Value::Object(old), Value::Object(new)) = (from, to) else {
        if from != to {
            operations.push(Operation::Replace { path: path.to_owned(), value: to.clone() });
        }
        return;
    };
    for (field, old_value) in old {
        let path = format!("{path}/{}", escape(field));
        match new.get(field) {
            Some(new_value) => difference(operations, &path, old_value, new_value),
            None => operations.push(Operation::Remove { path }),
        }
    }
    for (field, value) in new.iter().filter(|(field, _)| !old.contains_key(*field)) {
        operations.push(Operation::Add { path: format!("{path}/{}", escape(field)), value: value.clone() });
    }
}

/// A field name as a part of a JSON pointer.
pub fn escape(field: &str) -> String {
    field.replace('~', "~0").replace('/', "~1")
}

/// The parts of a JSON pointer, unescaped; `None` when it neither is empty nor starts with a slash.
pub fn pointer_parts(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    Some(
        pointer
            .strip_prefix('/')?
            .split('/')
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect(),
    )
}

fn apply_one(document: &mut Value, operation: &Operation, options: Options) -> Result<(), Error> {
    match operation {
        Operation::Add { path, value } => add(document, path, value.clone(), "add", options),
        Operation::Remove { path } => remove(document, path, "remove", options).map(drop),
        Operation::Replace { path, value } => {
            *find(document, path, "replace")? = value.clone();
            Ok(())
        }
        Operation::Move { path, from } => {
            let strict = Options { allow_missing_path_on_remove: false, ..options };
            let value = remove(document, from, "move", strict)?.unwrap_or_default();
            add(document, path, value, "move", options)
        }
        Operation::Copy { path, from } => {
            let value = find(document, from, "copy")?.clone();
            add(document, path, value, "copy", options)
        }
        Operation::Test { path, value } => match find(document, path, "test") {
            Ok(found) if same(found, value) => Ok(()),
            Err(_) if value.is_null() => Ok(()),
            _ => Err(Error::JsonPatchTest { path: path.clone() }),
        },
    }
}

/// Numbers are compared by amount: `1` and `1.0` are one value.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => left == right,
    }
}

fn fail(operation: &'static str, path: &str, reason: impl Into<String>) -> Error {
    Error::JsonPatchApply { operation, path: path.to_owned(), reason: reason.into() }
}

fn find<'a>(document: &'a mut Value, path: &str, operation: &'static str) -> Result<&'a mut Value, Error> {
    let parts =
        pointer_parts(path).ok_or_else(|| fail(operation, path, "the path must start with a slash"))?;
    parts.iter().try_fold(document, |value, part| {
        child(value, part).ok_or_else(|| fail(operation, path, format!("nothing is at {part:?}")))
    })
}

fn child<'a>(value: &'a mut Value, part: &str) -> Option<&'a mut Value> {
    match value {
        Value::Object(map) => map.get_mut(part),
        Value::Array(list) => {
            let index = index_of(part, list.len())?;
            list.get_mut(index)
        }
        _ => None,
    }
}

/// The position that an index means in a list of that length; negative ones count from the end.
fn index_of(part: &str, length: usize) -> Option<usize> {
    let index: i64 = part.parse().ok()?;
    if index < 0 {
        length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
    } else {
        usize::try_from(index).ok()
    }
}

/// The container in which a path's last part is to be found.
fn parent<'a>(
    document: &'a mut Value,
    path: &str,
    operation: &'static str,
    make_missing: bool,
) -> Result<(&'a mut Value, String), Error> {
    let mut parts =
        pointer_parts(path).ok_or_else(|| fail(operation, path, "the path must start with a slash"))?;
    let last = parts.pop().ok_or_else(|| fail(operation, path, "the whole document cannot be meant here"))?;
    let mut value = document;
    for part in &parts {
        if make_missing
            && let Value::Object(map) = value
            && map.get(part).is_none_or(Value::is_null)
        {
            map.insert(part.clone(), Value::Object(serde_json::Map::new()));
        }
        value = child(value, part)
            .ok_or_else(|| fail(operation, path, format!("its parent {part:?} is missing")))?;
    }
    Ok((value, last))
}

fn add(
    document: &mut Value,
    path: &str,
    value: Value,
    operation: &'static str,
    options: Options,
) -> Result<(), Error> {
    if path.is_empty() {
        *document = value;
        return Ok(());
    }
    match parent(document, path, operation, options.ensure_path_on_add)? {
        (Value::Object(map), field) => {
            map.insert(field, value);
        }
        (Value::Array(list), part) if part == "-" => list.push(value),
        (Value::Array(list), part) => {
            let index =
                index_of(&part, list.len() + 1).filter(|index| *index <= list.len()).ok_or_else(|| {
                    fail(operation, path, format!("{part:?} is not an index of a list of {}", list.len()))
                })?;
            list.insert(index, value);
        }
        (other, _) => {
            let reason = format!("its parent is {}", crate::kind_of(other));
            return Err(fail(operation, path, reason));
        }
    }
    Ok(())
}

fn remove(
    document: &mut Value,
    path: &str,
    operation: &'static str,
    options: Options,
) -> Result<Option<Value>, Error> {
    let removed = match parent(document, path, operation, false) {
        Ok((Value::Object(map), field)) => map.remove(&field),
        Ok((Value::Array(list), part)) => {
            index_of(&part, list.len()).filter(|index| *index < list.len()).map(|index| list.remove(index))
        }
        Ok(_) => None,
        Err(error) if options.allow_missing_path_on_remove && path.starts_with('/') => {
            let _ = error;
            None
        }
        Err(error) => return Err(error),
    };
    if removed.is_none() && !options.allow_missing_path_on_remove {
        return Err(fail(operation, path, "nothing is there to be removed"));
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(document: &Value, patch: &Value, options: Options) -> String {
        match parse(patch).and_then(|operations| apply(document, &operations, options)) {
            Ok(result) => result.to_string(),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn copies_do_not_double_for_ever() {
        let copies: Vec<Value> =
            (0..60).map(|place| json!({"op": "copy", "from": "/a", "path": format!("/a/{place}")})).collect();
        let said = run(&json!({"a": {}}), &Value::Array(copies), Options::default());
        assert_eq!(said, "error: the number of bytes copied by a JSON patch exceeds the limit of 3145728");
    }

    #[test]
    fn operations() {
        let document = json!({"a": {"b": 1}, "l": [1, 2, 3], "x/y": {"~z": 1}});
        for (patch, expected) in [
            (
                json!([{"op": "add", "path": "/a/c", "value": 2}]),
                r#"{"a":{"b":1,"c":2},"l":[1,2,3],"x/y":{"~z":1}}"#,
            ),
            (
                json!([{"op": "add", "path": "/l/-", "value": 4}]),
                r#"{"a":{"b":1},"l":[1,2,3,4],"x/y":{"~z":1}}"#,
            ),
            (
                json!([{"op": "add", "path": "/l/-1", "value": 4}]),
                r#"{"a":{"b":1},"l":[1,2,3,4],"x/y":{"~z":1}}"#,
            ),
            (
                json!([{"op": "add", "path": "/l/0", "value": 0}]),
                r#"{"a":{"b":1},"l":[0,1,2,3],"x/y":{"~z":1}}"#,
            ),
            (json!([{"op": "remove", "path": "/l/-1"}]), r#"{"a":{"b":1},"l":[1,2],"x/y":{"~z":1}}"#),
            (json!([{"op": "remove", "path": "/x~1y/~0z"}]), r#"{"a":{"b":1},"l":[1,2,3],"x/y":{}}"#),
            (
                json!([{"op": "move", "from": "/a/b", "path": "/l/1"}]),
                r#"{"a":{},"l":[1,1,2,3],"x/y":{"~z":1}}"#,
            ),
            (
                json!([{"op": "copy", "from": "/a", "path": "/d"}]),
                r#"{"a":{"b":1},"d":{"b":1},"l":[1,2,3],"x/y":{"~z":1}}"#,
            ),
            (
                json!([{"op": "test", "path": "/none", "value": null}, {"op": "remove", "path": "/a"}]),
                r#"{"l":[1,2,3],"x/y":{"~z":1}}"#,
            ),
            (
                json!([{"op": "replace", "path": "/none", "value": 1}]),
                r#"error: replace operation does not apply at "/none": nothing is at "none""#,
            ),
            (
                json!([{"op": "remove", "path": "/none/deep"}]),
                r#"error: remove operation does not apply at "/none/deep": its parent "none" is missing"#,
            ),
            (
                json!([{"op": "add", "path": "/none/deep", "value": 1}]),
                r#"error: add operation does not apply at "/none/deep": its parent "none" is missing"#,
            ),
            (
                json!([{"op": "add", "path": "/l/9", "value": 1}]),
                r#"error: add operation does not apply at "/l/9": "9" is not an index of a list of 3"#,
            ),
            (json!([{"op": "test", "path": "/a/b", "value": 2}]), r#"error: testing value "/a/b" failed"#),
        ] {
            assert_eq!(run(&document, &patch, Options::default()), expected, "{patch}");
        }
    }

    #[test]
    fn leniency() {
        let lenient = Options { allow_missing_path_on_remove: true, ensure_path_on_add: true };
        let patch = json!([{"op": "remove", "path": "/a/b/c"}, {"op": "add", "path": "/a/b", "value": 1}]);
        assert_eq!(run(&json!({}), &patch, lenient), r#"{"a":{"b":1}}"#);
    }

    #[test]
    fn created_patches_apply() {
        let (from, to) =
            (json!({"a": {"b": 1, "c/d": [1]}, "e": 1}), json!({"a": {"c/d": [2], "f": {}}, "e": 1}));
        let patch = create(&from, &to);
        assert_eq!(apply(&from, &patch, Options::default()).unwrap(), to);
        assert_eq!(patch.len(), 3);
        assert_eq!(create(&to, &to), vec![]);
    }
}
