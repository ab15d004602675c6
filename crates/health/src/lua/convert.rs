//! From JSON to Lua and back: `null` is nil, lists count from 1, numbers are floating. Lua does not tell empty lists from
//! empty objects: what comes back is an empty list.

use mlua::{Lua, Value};
use serde_json::{Map, Number, Value as Json};

/// Deeper objects are refused.
const MAX_DEPTH: usize = 128;

pub(super) fn to_lua(lua: &Lua, json: &Json, depth: usize) -> mlua::Result<Value> {
    if depth > MAX_DEPTH {
        return Err(mlua::Error::runtime(format!("the object is nested deeper than {MAX_DEPTH} levels")));
    }
    Ok(match json {
        Json::Null => Value::Nil,
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => Value::Number(number.as_f64().unwrap_or_default()),
        Json::String(text) => Value::String(lua.create_string(text)?),
        Json::Array(items) => {
            let table = lua.create_table_with_capacity(items.len(), 0)?;
            for (place, item) in items.iter().enumerate() {
                table.raw_set(place + 1, to_lua(lua, item, depth + 1)?)?;
            }
            Value::Table(table)
        }
        Json::Object(fields) => {
            let table = lua.create_table_with_capacity(0, fields.len())?;
            for (name, value) in fields {
                table.raw_set(name.as_str(), to_lua(lua, value, depth + 1)?)?;
            }
            Value::Table(table)
        }
    })
}

/// Whole numbers below this are exact as floating ones.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Values that one answer may have.
const MAX_VALUES: usize = 1_000_000;

/// What a script answers.
pub(super) fn from_lua(value: &Value) -> mlua::Result<Json> {
    Answer { left: MAX_VALUES }.value(value, 0)
}

/// An answer on its way; a table may be in it again and again.
struct Answer {
    left: usize,
}

impl Answer {
    fn value(&mut self, value: &Value, depth: usize) -> mlua::Result<Json> {
        if depth > MAX_DEPTH {
            return Err(mlua::Error::runtime(format!("the answer is nested deeper than {MAX_DEPTH} levels")));
        }
        self.left = self
            .left
            .checked_sub(1)
            .ok_or_else(|| mlua::Error::runtime(format!("the answer has more than {MAX_VALUES} values")))?;
        Ok(match value {
            Value::Nil => Json::Null,
            Value::Boolean(flag) => Json::Bool(*flag),
            Value::Integer(number) => Json::from(*number),
            #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
            Value::Number(number) if number.fract() == 0.0 && number.abs() < EXACT => {
                Json::from(*number as i64)
            }
            Value::Number(number) => Number::from_f64(*number)
                .map(Json::Number)
                .ok_or_else(|| mlua::Error::runtime(format!("{number} cannot be written in JSON")))?,
            Value::String(text) => Json::String(text.to_str()?.to_owned()),
            Value::Table(table) => self.table(table, depth)?,
            other => {
                let message = format!("a {} cannot be written in JSON", other.type_name());
                return Err(mlua::Error::runtime(message));
            }
        })
    }

    fn table(&mut self, table: &mlua::Table, depth: usize) -> mlua::Result<Json> {
        let length = table.raw_len();
        if length > self.left {
            return Err(mlua::Error::runtime(format!("the answer has more than {MAX_VALUES} values")));
        }
        let (mut items, mut fields) = (vec![Json::Null; length], Map::new());
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            let value = self.value(&value, depth + 1)?;
            let place = match &key {
                Value::Integer(number) => usize::try_from(*number).ok(),
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked")]
                Value::Number(number) if number.fract() == 0.0 && *number >= 1.0 => Some(*number as usize),
                _ => None,
            };
            let place = place.and_then(|place| place.checked_sub(1));
            match (&key, place.and_then(|place| items.get_mut(place))) {
                (_, Some(item)) => *item = value,
                (Value::String(name), None) if length == 0 => {
                    fields.insert(name.to_str()?.to_owned(), value);
                }
                _ => {
                    let message =
                        "a table has both places and names, or gaps: it is neither a list nor an object";
                    return Err(mlua::Error::runtime(message));
                }
            }
        }
        Ok(if fields.is_empty() { Json::Array(items) } else { Json::Object(fields) })
    }
}
