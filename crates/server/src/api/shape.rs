//! JSON as clients send it and expect it: which keys a reply always has and which it drops, and what a request's keys
//! and types come to.

use serde_json::{Map, Value};

use super::definition::{Api, Count, Emit, Field, Kind, Special};

/// Why a request isn't what the method takes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ShapeError {
    /// A value has the wrong type.
    #[error("cannot read {found} as {wanted} at {path}")]
    Type {
        /// Where in the request.
        path: String,
        /// What is there.
        found: &'static str,
        /// What should be there.
        wanted: &'static str,
    },
    /// A query parameter cannot be read.
    #[error("query parameter {name}: {value:?} is no {wanted}")]
    Query {
        /// The parameter.
        name: String,
        /// Its value.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
    /// A required field is missing.
    #[error("required field {0:?} is not set")]
    Missing(String),
}

/// What a handler gave, as clients expect it: keys that must be there are, empty ones that are dropped aren't, and
/// what the definition doesn't know is left out.
pub(crate) fn reply(api: &Api, message: usize, value: Value) -> Value {
    let mut given = match value {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let mut out = Map::new();
    reply_into(api, message, &mut given, &mut out);
    Value::Object(out)
}

fn reply_into(api: &Api, message: usize, given: &mut Map<String, Value>, out: &mut Map<String, Value>) {
    for field in &api.message(message).fields {
        if let (true, Kind::Message(index)) = (field.inline, field.kind) {
            reply_into(api, index, given, out);
            continue;
        }
        let held = given.remove(&field.json).filter(|held| !held.is_null());
        if let Some(value) = reply_field(api, field, held) {
            out.insert(field.json.clone(), value);
        }
    }
}

fn reply_field(api: &Api, field: &Field, held: Option<Value>) -> Option<Value> {
    let absent = || (field.emit == Emit::Always).then_some(Value::Null);
    match field.count {
        Count::List => match held {
            Some(Value::Array(items)) if field.emit == Emit::Always || !items.is_empty() => {
                Some(items.into_iter().map(|item| reply_item(api, field, item)).collect())
            }
            _ => absent(),
        },
        Count::Map => match held {
            Some(Value::Object(items)) if field.emit == Emit::Always || !items.is_empty() => {
                Some(Value::Object(
                    items.into_iter().map(|(key, item)| (key, reply_item(api, field, item))).collect(),
                ))
            }
            _ => absent(),
        },
        Count::One if field.wrapped || field.yaml => held.or_else(absent),
        Count::One => reply_one(api, field, held),
    }
}

fn reply_one(api: &Api, field: &Field, held: Option<Value>) -> Option<Value> {
    let always = field.emit == Emit::Always;
    match field.kind {
        Kind::Message(index) => {
            let value = match held {
                None if field.optional => return always.then_some(Value::Null),
                None => reply(api, index, Value::Null),
                Some(value) => reply(api, index, value),
            };
            let zero = value.as_object().is_some_and(Map::is_empty);
            (field.optional || field.emit != Emit::NonZero || !zero).then_some(value)
        }
        // A time that is held by value is written although it is zero.
        Kind::Special(Special::Time | Special::MicroTime)
            if !field.optional && field.emit != Emit::NonZero =>
        {
            Some(held.unwrap_or(Value::Null))
        }
        Kind::Special(_) => held.or_else(|| always.then_some(Value::Null)),
        Kind::Bool | Kind::Int32 | Kind::Int64 | Kind::String | Kind::Bytes => match held {
            None if field.required => Some(zero(field.kind)),
            None if always => Some(if field.optional { Value::Null } else { zero(field.kind) }),
            None => None,
            Some(value) => {
                (field.required || field.optional || always || value != zero(field.kind)).then_some(value)
            }
        },
    }
}

fn reply_item(api: &Api, field: &Field, item: Value) -> Value {
    match field.kind {
        Kind::Message(index) => reply(api, index, item),
        _ => item,
    }
}

fn zero(kind: Kind) -> Value {
    match kind {
        Kind::String | Kind::Bytes => "".into(),
        Kind::Bool => false.into(),
        Kind::Int32 | Kind::Int64 => 0.into(),
        Kind::Message(_) | Kind::Special(_) => Value::Null,
    }
}

/// What a client sent, with the keys of the definition, checked. Unknown keys are left out.
pub(crate) fn request(api: &Api, message: usize, value: Value) -> Result<Value, ShapeError> {
    let value = request_message(api, message, value, "request")?;
    for field in api.message(message).fields.iter().filter(|field| field.required) {
        if value.get(&field.json).is_none() {
            return Err(ShapeError::Missing(field.name.clone()));
        }
    }
    Ok(value)
}

fn request_message(api: &Api, message: usize, value: Value, path: &str) -> Result<Value, ShapeError> {
    let members = match value {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        other => return Err(wrong(path, &other, "an object")),
    };
    let mut out = Map::new();
    let definition = api.message(message);
    for field in definition.fields.iter().filter(|field| field.inline) {
        if let Kind::Message(index) = field.kind
            && let Value::Object(inner) = request_message(api, index, Value::Object(members.clone()), path)?
        {
            out.extend(inner);
        }
    }
    for (key, value) in members {
        let Some(field) = definition.field(&key).filter(|field| !field.inline) else { continue };
        if value.is_null() {
            continue;
        }
        let path = format!("{path}.{}", field.json);
        let value = match (field.count, value) {
            (_, value) if field.wrapped || field.yaml => value,
            (Count::One, value) => request_value(api, field, value, &path)?,
            (Count::List, Value::Array(items)) => items
                .into_iter()
                .map(|item| request_value(api, field, item, &path))
                .collect::<Result<_, _>>()?,
            (Count::Map, Value::Object(items)) => Value::Object(
                items
                    .into_iter()
                    .map(|(key, item)| Ok((key, request_value(api, field, item, &path)?)))
                    .collect::<Result<_, _>>()?,
            ),
            (Count::List, other) => return Err(wrong(&path, &other, "a list")),
            (Count::Map, other) => return Err(wrong(&path, &other, "an object")),
        };
        out.insert(field.json.clone(), value);
    }
    Ok(Value::Object(out))
}

fn request_value(api: &Api, field: &Field, value: Value, path: &str) -> Result<Value, ShapeError> {
    let wanted = match (field.kind, &value) {
        (Kind::Message(index), _) => return request_message(api, index, value, path),
        (Kind::Special(Special::RawJson | Special::IntOrString), _)
        | (Kind::String | Kind::Bytes | Kind::Special(_), Value::String(_))
        | (Kind::Bool, Value::Bool(_)) => return Ok(value),
        (Kind::Int32 | Kind::Int64, Value::Number(number)) if number.is_i64() || number.is_u64() => {
            return Ok(value);
        }
        (Kind::String | Kind::Bytes | Kind::Special(_), _) => "a string",
        (Kind::Bool, _) => "a boolean",
        (Kind::Int32 | Kind::Int64, _) => "an integer",
    };
    Err(wrong(path, &value, wanted))
}

fn wrong(path: &str, value: &Value, wanted: &'static str) -> ShapeError {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    ShapeError::Type { path: path.to_owned(), found, wanted }
}

/// Sets the field that a query parameter or a path variable names (`id.type` for a nested one). A name that the
/// message doesn't have is ignored; a field that is set already keeps its value unless it is a list.
pub(crate) fn query_parameter(
    api: &Api,
    message: usize,
    request: &mut Map<String, Value>,
    name: &str,
    value: &str,
) -> Result<(), ShapeError> {
    let (head, rest) = name.split_once('.').map_or((name, None), |(head, rest)| (head, Some(rest)));
    let Some(field) = api.message(message).field(head) else { return Ok(()) };
    match (field.kind, rest) {
        (Kind::Message(index), Some(rest)) if field.count == Count::One => {
            let inner = request.entry(field.json.clone()).or_insert_with(|| Value::Object(Map::new()));
            match inner {
                Value::Object(inner) => query_parameter(api, index, inner, rest, value),
                _ => Ok(()),
            }
        }
        // `sinceTime.seconds` and `.nanos` are the parts of a time.
        (Kind::Special(Special::Time), Some("seconds")) => {
            let time = value.parse().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
            let time = time.ok_or_else(|| ShapeError::Query {
                name: name.to_owned(),
                value: value.to_owned(),
                wanted: "number of seconds",
            })?;
            request.insert(field.json.clone(), time.to_string().into());
            Ok(())
        }
        (Kind::Message(_), _) | (_, Some(_)) => Ok(()),
        (kind, None) => {
            let wrong = |wanted| ShapeError::Query { name: name.to_owned(), value: value.to_owned(), wanted };
            let value: Value = match kind {
                Kind::Bool => match value {
                    "true" | "1" | "t" | "T" | "TRUE" | "True" => true.into(),
                    "false" | "0" | "f" | "F" | "FALSE" | "False" => false.into(),
                    _ => return Err(wrong("boolean")),
                },
                Kind::Int32 => value.parse::<i32>().map_err(|_| wrong("integer"))?.into(),
                Kind::Int64 => value.parse::<i64>().map_err(|_| wrong("integer"))?.into(),
                _ => value.into(),
            };
            match field.count {
                Count::One => {
                    request.entry(field.json.clone()).or_insert(value);
                }
                Count::List => {
                    let list = request.entry(field.json.clone()).or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(list) = list {
                        list.push(value);
                    }
                }
                Count::Map => {}
            }
            Ok(())
        }
    }
}
