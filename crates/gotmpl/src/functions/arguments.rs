//! Reading arguments whose types the engine has already checked.

use std::borrow::Cow;

use crate::value::{List, ListType, Map, Value};

/// The text of a string argument; bytes that aren't UTF-8 become U+FFFD.
#[must_use]
pub fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Binary(bytes) | Value::Bytes(bytes) => String::from_utf8_lossy(bytes),
        _ => Cow::Borrowed(""),
    }
}

/// The bytes of a string or byte slice argument.
#[must_use]
pub fn bytes_of(value: &Value) -> &[u8] {
    value.as_bytes().unwrap_or_default()
}

/// The integer of an argument of an integer type.
pub(crate) fn int_of(value: &Value) -> i64 {
    value.as_int().unwrap_or(0)
}

/// The map of an argument of map type; a nil map reads as an empty one.
pub(crate) fn map_of(value: &Value) -> Map {
    match value {
        Value::Map(map) => map.clone(),
        _ => Map::new(),
    }
}

/// The elements of any slice, bytes included.
pub(crate) fn items_of(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::List(list) => Some(Cow::Borrowed(list)),
        Value::Bytes(bytes) => Some(Cow::Owned(bytes.iter().map(|byte| Value::Uint8(*byte)).collect())),
        _ => None,
    }
}

/// The strings that sprig's `strslice` makes of a value: nils are left out, anything but a list becomes one string.
pub(crate) fn strings_of(value: &Value) -> Vec<String> {
    let text = |item: &Value| match item {
        Value::String(_) | Value::Binary(_) | Value::Bytes(_) => text_of(item).into_owned(),
        _ => crate::print::printed(item),
    };
    match value {
        Value::Nil => Vec::new(),
        Value::List(list) => list.iter().filter(|item| !item.is_nil()).map(text).collect(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| byte.to_string()).collect(),
        other => vec![text(other)],
    }
}

/// A `[]string` value.
pub(crate) fn string_list(items: Vec<String>) -> Value {
    Value::List(List::typed(ListType::String, items.into_iter().map(Value::from).collect()))
}
