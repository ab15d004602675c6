//! The functions of Go's text/template, besides `and` and `or`, which the engine evaluates itself.

use super::{FunctionError, FunctionResult, Functions, Signature, compare, escape, text_of};
use crate::print::{printf, sprint};
use crate::value::{List, MapType, Type, Value};

const ANY: Signature = Signature::variadic(&[], Type::Any);

pub(super) fn register(functions: &mut Functions) {
    compare::register(functions);
    functions.register("not", Signature::fixed(&[Type::Any]), |_, one| Ok(Value::Bool(!one[0].truth())));
    functions.register("len", Signature::fixed(&[Type::Any]), |_, one| length(&one[0]));
    functions.register("index", Signature::variadic(&[Type::Any], Type::Any), |_, all| index(all));
    functions.register("slice", Signature::variadic(&[Type::Any], Type::Any), |_, all| slice(all));
    functions.register("print", ANY, |_, all| Ok(Value::from(sprint(all))));
    functions.register("println", ANY, |_, all| Ok(Value::from(println(all))));
    functions.register("printf", Signature::variadic(&[Type::String], Type::Any), |state, all| {
        // Widths up to a million are legal, each as short as "%1000000d".
        state.charge(all.len())?;
        Ok(Value::from(printf(&text_of(&all[0]), &all[1..])))
    });
    functions.register("html", ANY, |_, all| Ok(Value::from(escape::html(&joined(all)))));
    functions.register("js", ANY, |_, all| Ok(Value::from(escape::javascript(&joined(all)))));
    functions.register("urlquery", ANY, |_, all| Ok(Value::from(escape::query(joined(all).as_bytes()))));
}

fn println(values: &[Value]) -> String {
    let mut out = String::new();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        crate::print::print_value(&mut out, value);
    }
    out.push('\n');
    out
}

/// What the escaping functions work on: a string as it is, else what printing gives.
fn joined(values: &[Value]) -> String {
    match values {
        _ if values.iter().any(Value::is_nil) => {
            let shown = |value: &Value| match value {
                Value::Nil => Value::string("<no value>"),
                other => other.clone(),
            };
            sprint(&values.iter().map(shown).collect::<Vec<_>>())
        }
        _ => sprint(values),
    }
}

fn length(value: &Value) -> FunctionResult {
    let length = match value {
        Value::String(text) => text.len(),
        Value::Binary(bytes) | Value::Bytes(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Object(object) => match object.len() {
            Some(length) => length,
            None => return Err(FunctionError::from(format!("len of type {}", pointed_at(value)))),
        },
        Value::Nil => return Err("len of nil pointer".into()),
        _ => return Err(FunctionError::from(format!("len of type {}", pointed_at(value)))),
    };
    Ok(count(length))
}

/// The name of the type, or of what it points at.
fn pointed_at(value: &Value) -> &str {
    let name = value.type_name();
    name.strip_prefix('*').unwrap_or(name)
}

fn count(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// An index from 0 up to and including `most`.
fn position(index: &Value, most: usize) -> Result<usize, FunctionError> {
    let number = match index {
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => *number,
        Value::Uint8(number) => i64::from(*number),
        Value::Uint64(number) => *number as i64,
        Value::Nil => return Err("cannot index slice/array with nil".into()),
        _ => {
            let message = format!("cannot index slice/array with type {}", index.type_name());
            return Err(FunctionError::from(message));
        }
    };
    usize::try_from(number)
        .ok()
        .filter(|position| *position <= most)
        .ok_or_else(|| FunctionError::from(format!("index out of range: {number}")))
}

fn index(arguments: &[Value]) -> FunctionResult {
    let Some((first, indexes)) = arguments.split_first() else { return Ok(Value::Nil) };
    if first.is_nil() {
        return Err("index of untyped nil".into());
    }
    let mut item = first.clone();
    for index in indexes {
        item = index_one(&item, index)?;
    }
    Ok(item)
}

/// What Go's runtime says when the index equals the length, which passes the check before it.
fn beyond(length: usize) -> FunctionError {
    FunctionError::from(format!("reflect: slice index out of range: {length}"))
}

fn index_one(item: &Value, index: &Value) -> FunctionResult {
    match item {
        Value::Nil => Err("index of nil pointer".into()),
        Value::List(list) => {
            let at = position(index, list.len())?;
            list.get(at).cloned().ok_or_else(|| FunctionError::from("reflect: slice index out of range"))
        }
        Value::String(_) | Value::Binary(_) | Value::Bytes(_) => {
            let bytes = super::bytes_of(item);
            let at = position(index, bytes.len())?;
            bytes.get(at).map(|byte| Value::Uint8(*byte)).ok_or_else(|| {
                if matches!(item, Value::Bytes(_)) {
                    FunctionError::from("reflect: slice index out of range")
                } else {
                    FunctionError::from("reflect: string index out of range")
                }
            })
        }
        Value::Map(map) => {
            let key = map_key(index)?;
            Ok(map.get(&key).unwrap_or_else(|| match map.map_type() {
                MapType::Any => Value::Nil,
                MapType::String => Value::string(""),
            }))
        }
        Value::Object(object) if object.kind() == "map" => {
            Ok(object.field(&map_key(index)?).unwrap_or_default())
        }
        Value::Object(object) if object.kind() == "slice" => {
            let entries = object.entries().unwrap_or_default();
            let at = position(index, entries.len())?;
            entries.into_iter().nth(at).map(|(_, value)| value).ok_or_else(|| beyond(at))
        }
        _ => Err(FunctionError::from(format!("can't index item of type {}", pointed_at(item)))),
    }
}

fn map_key(index: &Value) -> Result<std::borrow::Cow<'_, str>, FunctionError> {
    match index {
        Value::String(_) | Value::Binary(_) => Ok(text_of(index)),
        Value::Nil => Err("value is nil; should be of type string".into()),
        _ => Err(FunctionError::from(format!("value has type {}; should be string", index.type_name()))),
    }
}

fn slice(arguments: &[Value]) -> FunctionResult {
    let Some((item, indexes)) = arguments.split_first() else { return Ok(Value::Nil) };
    if indexes.len() > 3 {
        return Err(FunctionError::from(format!("too many slice indexes: {}", indexes.len())));
    }
    let text = matches!(item, Value::String(_) | Value::Binary(_));
    let length = match item {
        Value::Nil => return Err("slice of untyped nil".into()),
        Value::String(_) | Value::Binary(_) if indexes.len() == 3 => {
            return Err("cannot 3-index slice a string".into());
        }
        Value::String(_) | Value::Binary(_) | Value::Bytes(_) => super::bytes_of(item).len(),
        Value::List(list) => list.len(),
        _ => return Err(FunctionError::from(format!("can't slice item of type {}", pointed_at(item)))),
    };
    let mut bounds = [0, length, length];
    for (bound, index) in bounds.iter_mut().zip(indexes) {
        *bound = position(index, length)?;
    }
    for pair in bounds[..indexes.len().max(2)].windows(2) {
        if pair[0] > pair[1] {
            return Err(FunctionError::from(format!("invalid slice index: {} > {}", pair[0], pair[1])));
        }
    }
    let range = bounds[0]..bounds[1];
    Ok(match item {
        Value::List(list) => Value::List(List::typed(list.list_type(), list[range].to_vec())),
        _ if text => Value::text_from_bytes(&super::bytes_of(item)[range]),
        _ => Value::Bytes(super::bytes_of(item)[range].into()),
    })
}
