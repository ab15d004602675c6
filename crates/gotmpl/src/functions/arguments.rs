//! Reading arguments whose types the engine has already checked.

use std::borrow::Cow;

use super::FunctionError;
use crate::exec::State;
use crate::value::{List, ListType, Map, Value};

/// Deeper values are taken for maps inside themselves.
const MAX_DEPTH: usize = 200;

impl State {
    /// Takes a value with all that is in it off the budget of generated text, as often as it occurs: for functions that
    /// make one of a text, and for those that write one out, since a value which holds another twice, that one a third
    /// twice, and so on is small in memory only. What is nested too deeply to be written is left to the function.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn charge_value(&mut self, value: &Value) -> Result<(), FunctionError> {
        const OVERHEAD: usize = 16;
        let mut ahead = vec![(value.clone(), 0)];
        while let Some((value, depth)) = ahead.pop() {
            if depth > MAX_DEPTH {
                return Ok(());
            }
            self.charge(OVERHEAD)?;
            match &value {
                Value::String(text) => self.charge(text.len())?,
                Value::Binary(bytes) | Value::Bytes(bytes) => self.charge(bytes.len())?,
                Value::List(list) => ahead.extend(list.iter().map(|item| (item.clone(), depth + 1))),
                Value::Map(map) => ahead.extend(map.entries().into_iter().map(|(_, item)| (item, depth + 1))),
                Value::Object(object) => ahead.push((object.to_data(), depth + 1)),
                _ => {}
            }
        }
        Ok(())
    }
}

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

/// The map of an argument of map type, no longer of a named one; a nil map reads as an empty one.
pub(crate) fn map_of(value: &Value) -> Map {
    match value {
        Value::Map(map) => map.plain(),
        _ => Map::new(),
    }
}

/// The elements of any slice, bytes included.
pub(crate) fn items_of(value: &Value) -> Option<Cow<'_, [Value]>> {
    match value {
        Value::List(list) => Some(Cow::Borrowed(list)),
        Value::Bytes(bytes) => Some(Cow::Owned(bytes.iter().map(|byte| Value::Uint8(*byte)).collect())),
        Value::Object(object) if object.kind() == "slice" => {
            Some(Cow::Owned(object.entries()?.into_iter().map(|(_, item)| item).collect()))
        }
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
