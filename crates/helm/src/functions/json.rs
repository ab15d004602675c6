//! `toJson`, `fromJson` and their kin, where Helm's differ from sprig's.

use gotmpl::json::{Style, from_json, to_json};
use gotmpl::{FunctionError, Functions, Value, text_of};

use super::yaml::{LIST, MAP, wrong_type};
use super::{ANY, TEXT, error_map, first};

/// JSON of any value.
fn write(value: &Value) -> Result<String, String> {
    to_json(value, Style::default()).map_err(|error| error.to_string())
}

pub(super) fn register(functions: &mut Functions) {
    functions
        .register("toJson", ANY, |_, arguments| Ok(Value::from(write(first(arguments)).unwrap_or_default())));
    functions.register("mustToJson", ANY, |_, arguments| {
        write(first(arguments)).map(Value::from).map_err(FunctionError::from)
    });
    functions.register("fromJson", TEXT, |state, arguments| match from_json(&text_of(first(arguments))) {
        Ok(map @ Value::Map(_)) => state.charge_value(&map).map(|()| map),
        Ok(Value::Nil) => Ok(Value::map::<&str>([])),
        Ok(other) => error_map(wrong_type(&other, MAP)),
        Err(error) => error_map(error.to_string()),
    });
    functions.register("fromJsonArray", TEXT, |state, arguments| {
        match from_json(&text_of(first(arguments))) {
            Ok(list @ Value::List(_)) => state.charge_value(&list).map(|()| list),
            Ok(Value::Nil) => Ok(Value::list([])),
            Ok(other) => Ok(Value::list([Value::from(wrong_type(&other, LIST))])),
            Err(error) => Ok(Value::list([Value::from(error.to_string())])),
        }
    });
}
