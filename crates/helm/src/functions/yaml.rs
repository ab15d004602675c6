//! `toYaml`, `fromYaml` and their kin.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use gotmpl::{FunctionError, Functions, Value, text_of};
use goyaml::{Emit, Emitter, Layout};

use super::{ANY, TEXT, error_map, first};
use crate::values::Data;

/// Deeper values have a cycle, as far as Helm is concerned.
const MAX_DEPTH: usize = 200;

/// A template's value on its way to YAML.
struct Yaml<'a>(&'a Value);

impl Emit for Yaml<'_> {
    fn emit(&self, emitter: &mut Emitter) {
        match self.0 {
            Value::Nil => emitter.null(),
            Value::Bool(value) => emitter.boolean(*value),
            Value::Int(value) | Value::Int64(value) | Value::Duration(value) => emitter.integer(*value),
            Value::Uint8(value) => emitter.unsigned(u64::from(*value)),
            Value::Uint64(value) => emitter.unsigned(*value),
            Value::Float(value) => emitter.float(*value),
            Value::String(text) => emitter.string(text),
            Value::Binary(bytes) => emitter.string(&String::from_utf8_lossy(bytes)),
            Value::Bytes(bytes) => emitter.string(&base64::engine::general_purpose::STANDARD.encode(bytes)),
            Value::List(list) if list.is_nil() => emitter.null(),
            Value::List(list) => {
                emitter.begin_sequence(list.len());
                list.iter().for_each(|item| Yaml(item).emit(emitter));
                emitter.end();
            }
            Value::Map(map) if map.is_nil() => emitter.null(),
            Value::Map(map) => map.read(|entries| emit_map(entries, emitter)),
            Value::Complex(..) => emitter.null(),
            Value::Time(_) => emitter.string(&time_text(self.0)),
            Value::Object(object) => Yaml(&object.to_data()).emit(emitter),
        }
    }
}

fn emit_map(entries: &BTreeMap<Arc<str>, Value>, emitter: &mut Emitter) {
    emitter.begin_mapping(entries.len());
    let order = emitter.layout().key_order;
    for (key, value) in order.sort(entries.iter().collect(), &|(key, _)| key.as_ref()) {
        emitter.key(key);
        Yaml(value).emit(emitter);
    }
    emitter.end();
}

/// A time as JSON has it.
fn time_text(value: &Value) -> String {
    gotmpl::json::to_json(value, gotmpl::json::Style::default())
        .unwrap_or_default()
        .trim_matches('"')
        .to_string()
}

/// Why a value can't be said in YAML, if it can't.
fn check(value: &Value, depth: usize) -> Result<(), &'static str> {
    if depth > MAX_DEPTH {
        return Err("json: unsupported value: encountered a cycle");
    }
    match value {
        Value::Float(value) if !value.is_finite() => Err("json: unsupported value"),
        Value::Complex(..) => Err("json: unsupported type: complex128"),
        // What the JSON on the way to YAML can't carry.
        Value::String(text) if text.chars().any(|c| matches!(c, '\u{7f}' | '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')) => {
            Err("error converting JSON to YAML: yaml: control characters are not allowed")
        }
        Value::List(list) => list.iter().try_for_each(|item| check(item, depth + 1)),
        Value::Map(map) => {
            map.read(|entries| entries.values().try_for_each(|value| check(value, depth + 1)))
        }
        Value::Object(object) => check(&object.to_data(), depth + 1),
        _ => Ok(()),
    }
}

/// The value as `toYaml` writes it, without a newline at the end.
pub(crate) fn to_yaml(value: &Value) -> Result<String, &'static str> {
    write(value, Layout::KUBERNETES)
}

fn write(value: &Value, layout: Layout) -> Result<String, &'static str> {
    check(value, 0)?;
    let mut text = goyaml::emit_to_string(&Yaml(value), layout);
    if text.ends_with('\n') {
        text.pop();
    }
    Ok(text)
}

/// A document as a template's value; `wanted` is Go's name of the type it should be.
fn read(text: &str) -> Result<Value, String> {
    let value = goyaml::from_str(text).map_err(|error| format!("error converting YAML to JSON: {error}"))?;
    Ok(Data::from(value).to_template())
}

/// encoding/json's complaint about a value of another type.
pub(super) fn wrong_type(value: &Value, wanted: &str) -> String {
    let found = match value {
        Value::Bool(_) => "bool",
        Value::String(_) | Value::Binary(_) => "string",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        _ => "number",
    };
    format!("json: cannot unmarshal {found} into Go value of type {wanted}")
}

pub(super) const MAP: &str = "map[string]interface {}";
pub(super) const LIST: &str = "[]interface {}";

pub(super) fn register(functions: &mut Functions) {
    functions.register("toYaml", ANY, |state, arguments| {
        state.charge_value(first(arguments))?;
        Ok(Value::from(to_yaml(first(arguments)).unwrap_or_default()))
    });
    functions.register("mustToYaml", ANY, |state, arguments| {
        state.charge_value(first(arguments))?;
        to_yaml(first(arguments)).map(Value::from).map_err(FunctionError::from)
    });
    functions.register("toYamlPretty", ANY, |state, arguments| {
        state.charge_value(first(arguments))?;
        Ok(Value::from(write(first(arguments), Layout::PRETTY).unwrap_or_default()))
    });
    functions.register("fromYaml", TEXT, |state, arguments| match read(&text_of(first(arguments))) {
        Ok(map @ Value::Map(_)) => state.charge_value(&map).map(|()| map),
        Ok(Value::Nil) => Ok(Value::map::<&str>([])),
        Ok(other) => {
            error_map(format!("error unmarshaling JSON: while decoding JSON: {}", wrong_type(&other, MAP)))
        }
        Err(message) => error_map(message),
    });
    functions.register("fromYamlArray", TEXT, |state, arguments| match read(&text_of(first(arguments))) {
        Ok(list @ Value::List(_)) => state.charge_value(&list).map(|()| list),
        Ok(Value::Nil) => Ok(Value::list([])),
        Ok(other) => Ok(Value::list([Value::from(format!(
            "error unmarshaling JSON: while decoding JSON: {}",
            wrong_type(&other, LIST)
        ))])),
        Err(message) => Ok(Value::list([Value::from(message)])),
    });
}
