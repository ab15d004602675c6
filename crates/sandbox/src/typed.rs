//! The types of kinds: what crate `object` knows of a kind's schema, applied to requests. Built-in kinds use its
//! table, custom kinds the schema of their definition. Neighbors: `defaults.rs`, `validation/`, `ownership.rs`.

use object::GroupVersionKind;
use object::json_patch::{self, Operation};
use object::schema::{self, Schema, Type, Violation, ViolationKind};
use serde_json::Value;

use crate::http::query::FieldValidation;
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult, FieldError};

/// The schema of a kind; `None` when anything goes.
pub(crate) fn schema_of(kind: &Kind) -> Option<Schema<'_>> {
    let gvk = GroupVersionKind::new(kind.group.as_str(), kind.version.as_str(), kind.kind.as_str());
    match &kind.custom {
        None => schema::builtin().kind(&gvk),
        Some(custom) => custom.schemas.as_ref()?.kind(&gvk),
    }
}

/// Reads the operations of a JSON patch.
pub(crate) fn json_patch(patch: &Value) -> ApiResult<Vec<Operation>> {
    json_patch::parse(patch).map_err(|error| ApiError::bad_request(error.to_string()))
}

/// Applies a JSON patch to an object. A patch that doesn't apply is the object's fault, not the request's.
pub(crate) fn apply_json_patch(current: &Value, operations: &[Operation]) -> ApiResult<Value> {
    json_patch::apply(current, operations, json_patch::Options::default()).map_err(|_| {
        ApiError::unprocessable("the server rejected our request due to an error in our request")
    })
}

/// Applies a strategic merge patch to an object of a built-in kind.
pub(crate) fn strategic_merge(kind: &Kind, current: &Value, patch: &Value) -> ApiResult<Value> {
    object::strategic::apply(current, patch, schema_of(kind))
        .map_err(|error| ApiError::bad_request(error.to_string()))
}

/// Unknown fields, as the field validation asks: an error, warnings or nothing.
pub(crate) fn check_fields(
    kind: &Kind,
    value: &Value,
    validation: FieldValidation,
) -> ApiResult<Vec<String>> {
    check_types(kind, value)?;
    if validation == FieldValidation::Ignore {
        return Ok(Vec::new());
    }
    let problems: Vec<String> =
        unknown_fields(kind, value).into_iter().map(|path| format!("unknown field {path:?}")).collect();
    if problems.is_empty() || validation == FieldValidation::Warn {
        return Ok(problems);
    }
    let list = problems.join(", ");
    Err(ApiError::bad_request(format!(
        "{0} in version {1:?} cannot be handled as a {0}: strict decoding error: {list}",
        kind.kind, kind.version
    )))
}

fn unknown_fields(kind: &Kind, value: &Value) -> Vec<String> {
    if kind.custom.as_ref().is_some_and(|custom| custom.preserve_unknown) {
        return Vec::new();
    }
    let Some(schema) = schema_of(kind) else { return Vec::new() };
    let mut copy = value.clone();
    if let Some(metadata) = copy.get_mut("metadata").and_then(Value::as_object_mut) {
        // Old clients still send it; it is dropped without a word.
        metadata.remove("clusterName");
    }
    schema::prune(&mut copy, schema)
}

/// An applied configuration must fit its schema whatever the field validation says.
pub(crate) fn check_applied_fields(kind: &Kind, value: &Value) -> ApiResult<()> {
    check_types(kind, value)?;
    let unknown = unknown_fields(kind, value);
    if unknown.is_empty() || kind.custom.is_some() {
        return Ok(());
    }
    let lines: Vec<String> =
        unknown.iter().map(|path| format!(".{path}: field not declared in schema")).collect();
    let (namespace, name) = (&value["metadata"]["namespace"], &value["metadata"]["name"]);
    let place = match namespace.as_str() {
        Some(namespace) if !namespace.is_empty() => {
            format!("{namespace}/{}", name.as_str().unwrap_or_default())
        }
        _ => format!("/{}", name.as_str().unwrap_or_default()),
    };
    Err(ApiError::internal_exact(format!(
        "failed to create typed patch object ({place}; {}, Kind={}): {}",
        kind.api_version(),
        kind.kind,
        match lines.as_slice() {
            [one] => one.clone(),
            many => format!("errors:\n  {}", many.join("\n  ")),
        }
    )))
}

/// Removes unknown fields.
pub(crate) fn prune_unknown(kind: &Kind, value: &mut Value) {
    let Some(schema) = schema_of(kind) else { return };
    if kind.custom.as_ref().is_none_or(|custom| !custom.preserve_unknown) {
        schema::prune(value, schema);
    }
}

/// Removes unknown fields, and from built-in kinds what Go would not write either: nulls and empty lists and maps.
pub(crate) fn prune(kind: &Kind, value: &mut Value) {
    prune_unknown(kind, value);
    let Some(schema) = schema_of(kind) else { return };
    if kind.custom.is_none() {
        drop_absent(value, schema);
    } else if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|_, entry| !entry.is_null());
    }
}

fn drop_absent(value: &mut Value, schema: Schema<'_>) {
    match value {
        Value::Object(map) => {
            map.retain(|name, entry| {
                let Some(field) = schema.field(name) else { return true };
                let node = field.node();
                if node.kind == Type::Any || node.preserve_unknown_fields {
                    return true;
                }
                if entry.is_null() {
                    return false;
                }
                drop_absent(entry, field);
                match entry {
                    Value::Array(list) => !list.is_empty(),
                    // A structure that is there and empty differs from none; an empty map doesn't.
                    Value::Object(entries) => {
                        !entries.is_empty() || !node.name.is_empty() || field.fields().next().is_some()
                    }
                    _ => true,
                }
            });
        }
        Value::Array(list) => {
            let Some(items) = schema.items() else { return };
            for item in list {
                drop_absent(item, items);
            }
        }
        _ => {}
    }
}

fn is_type_violation(violation: &Violation) -> bool {
    violation.kind == ViolationKind::TypeInvalid || violation.detail.contains(" must be of type ")
}

/// Checks a custom object against its schema.
pub(crate) fn validate(kind: &Kind, value: &Value) -> Vec<FieldError> {
    if kind.custom.is_none() {
        return Vec::new();
    }
    let Some(schema) = schema_of(kind) else { return Vec::new() };
    schema::validate(value, schema)
        .into_iter()
        .filter(|violation| !violation.path.starts_with("metadata."))
        .map(|violation| {
            let whole = violation.to_string();
            let message = whole.strip_prefix(&format!("{}: ", violation.path)).unwrap_or(&whole).to_owned();
            let reason =
                if is_type_violation(&violation) { "FieldValueTypeInvalid" } else { violation.kind.reason() };
            FieldError { field: violation.path, reason, message }
        })
        .collect()
}

/// Values of a JSON type that Go could not read into a built-in kind.
fn check_types(kind: &Kind, value: &Value) -> ApiResult<()> {
    if kind.custom.is_some() {
        return Ok(());
    }
    let Some(schema) = schema_of(kind) else { return Ok(()) };
    let wrong = schema::validate(value, schema)
        .into_iter()
        .filter(is_type_violation)
        .map(|violation| (value_at(value, &violation.path), violation.path))
        // Go takes null for the absence of anything.
        .find(|(found, _)| !found.is_null());
    let Some((found, at)) = wrong else { return check_bytes(kind, value) };
    let path: Vec<&str> = at.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect();
    let found = object::kind_of(found);
    let found = match found.trim_start_matches("an ").trim_start_matches("a ") {
        "boolean" => "bool",
        other => other,
    };
    let (owner, target) = go_names(schema, &path);
    Err(ApiError::bad_request(format!(
        "{0} in version {1:?} cannot be handled as a {0}: json: cannot unmarshal {found} into Go struct field {owner}.{2} of type {target}",
        kind.kind,
        kind.version,
        path.join(".")
    )))
}

/// Bytes are base64 in JSON.
fn check_bytes(kind: &Kind, value: &Value) -> ApiResult<()> {
    use base64::Engine as _;
    let field = match kind.collection.as_ref() {
        "/secrets" => "data",
        "/configmaps" => "binaryData",
        _ => return Ok(()),
    };
    let entries = value[field].as_object().into_iter().flatten();
    for text in entries.filter_map(|(_, entry)| entry.as_str()) {
        // Line breaks within are allowed.
        let bytes: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
        if let Err(error) = base64::engine::general_purpose::STANDARD.decode(bytes) {
            let at = match error {
                base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                base64::DecodeError::InvalidLength(length) => length,
                base64::DecodeError::InvalidPadding => text.len(),
            };
            return Err(ApiError::bad_request(format!(
                "{0} in version {1:?} cannot be handled as a {0}: illegal base64 data at input byte {at}",
                kind.kind, kind.version
            )));
        }
    }
    Ok(())
}

/// What is at a dotted path with indexes, null if nothing is.
fn value_at<'a>(value: &'a Value, path: &str) -> &'a Value {
    let found = path.split('.').try_fold(value, |at, part| {
        let (name, rest) = part.split_once('[').unwrap_or((part, ""));
        let at = at.get(name)?;
        match rest.trim_end_matches(']').parse::<usize>() {
            Ok(index) => at.get(index),
            Err(_) => Some(at),
        }
    });
    found.unwrap_or(&Value::Null)
}

/// The Go structure that has the field at the end of a path, and the field's Go type.
fn go_names(schema: Schema<'_>, path: &[&str]) -> (String, String) {
    let mut at = Some(schema);
    let mut owner = String::new();
    for part in path {
        let Some(here) = at else { break };
        if let Some(name) = here.node().name.rsplit('.').next().filter(|name| !name.is_empty()) {
            owner = name.to_owned();
        }
        at = here.field(part).map(|field| field.items().unwrap_or(field));
    }
    let target = at.map_or("string".to_owned(), |field| match field.node().kind {
        Type::Boolean => "bool".to_owned(),
        Type::Integer if field.node().format.is_empty() => "int64".to_owned(),
        Type::Integer => field.node().format.clone(),
        Type::Number => "float64".to_owned(),
        Type::Object => match field.node().name.rsplit('.').next() {
            Some(name) if !name.is_empty() => format!("v1.{name}"),
            _ => "map[string]string".to_owned(),
        },
        _ => "string".to_owned(),
    });
    (owner, target)
}

/// Reads a YAML body.
pub(crate) fn parse_yaml(body: &[u8]) -> ApiResult<Value> {
    let text = std::str::from_utf8(body)
        .map_err(|_| ApiError::bad_request("error decoding YAML: the body is not UTF-8"))?;
    goyaml::from_str(text).map_err(|error| ApiError::bad_request(format!("error decoding YAML: {error}")))
}
