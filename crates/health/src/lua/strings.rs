//! The functions of Lua's `string` library that could take any time, put in the place of Lua's own: `find`, `match`,
//! `gmatch` and `gsub` with the matcher of `pattern`, and `rep`. Every step counts against the script's budget.

use std::rc::Rc;

use mlua::{Function, IntoLuaMulti, Lua, LuaString, MultiValue, Result, Table, Value};

use super::pattern::{Capture, Found, Pattern, Steps};
use super::room::Spent;

/// Bytes that `rep` writes for one step of the budget.
const BYTES_OF_STEP: usize = 64;

impl Steps<mlua::Error> for Spent {
    fn step(&self) -> Result<()> {
        self.take(1)
    }

    fn fail(&self, message: &str) -> mlua::Error {
        mlua::Error::runtime(message)
    }
}

/// Puts the functions into the library.
pub(super) fn replace(lua: &Lua, spent: &Rc<Spent>) -> Result<()> {
    let library: Table = lua.globals().get("string")?;
    let budget = spent.clone();
    library.set(
        "find",
        lua.create_function(move |lua, (text, pattern, from, plain): Searched| {
            search(lua, &budget, &text, &pattern, from, plain, true)
        })?,
    )?;
    let budget = spent.clone();
    library.set(
        "match",
        lua.create_function(move |lua, (text, pattern, from, _): Searched| {
            search(lua, &budget, &text, &pattern, from, Value::Nil, false)
        })?,
    )?;
    let budget = spent.clone();
    library.set("gmatch", lua.create_function(move |lua, words| matches_of(lua, &budget, words))?)?;
    let budget = spent.clone();
    library.set("gsub", lua.create_function(move |lua, words| substitute(lua, &budget, words))?)?;
    let budget = spent.clone();
    library.set("rep", lua.create_function(move |lua, words| repeat(lua, &budget, words))?)
}

type Searched = (LuaString, LuaString, Option<f64>, Value);

/// Where a search begins, counted from 0: Lua counts from 1, and backwards from -1. `None` behind the end.
fn place(from: Option<f64>, length: usize) -> Option<usize> {
    let from = from.unwrap_or(1.0) as i64;
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let from = if from < 0 { length.saturating_add(from).max(0) } else { (from - 1).max(0) };
    usize::try_from(from).ok().filter(|_| from <= length)
}

fn read(pattern: &[u8], anchors: bool) -> Result<Pattern> {
    Pattern::read(pattern, anchors).map_err(mlua::Error::runtime)
}

fn search(
    lua: &Lua,
    spent: &Spent,
    text: &LuaString,
    pattern: &LuaString,
    from: Option<f64>,
    plain: Value,
    with_places: bool,
) -> Result<MultiValue> {
    let (text, pattern) = (text.as_bytes(), pattern.as_bytes());
    let Some(from) = place(from, text.len()) else { return Value::Nil.into_lua_multi(lua) };
    let is_plain = with_places && !matches!(plain, Value::Nil | Value::Boolean(false));
    let found = if is_plain {
        plainly(spent, &text, &pattern, from)?
    } else {
        read(&pattern, true)?.find(&text, from, spent)?
    };
    let Some(found) = found else { return Value::Nil.into_lua_multi(lua) };
    let mut values = Vec::new();
    if with_places {
        values.extend([number(found.start + 1), number(found.end)]);
        for capture in &found.captures {
            values.push(value_of(lua, &text, *capture)?);
        }
    } else {
        values = captures(lua, &text, &found)?;
    }
    Ok(MultiValue::from_vec(values))
}

/// Looks for a text that is no pattern.
fn plainly(spent: &Spent, text: &[u8], wanted: &[u8], from: usize) -> Result<Option<Found>> {
    for start in from..=text.len() {
        spent.take(1)?;
        if text[start..].starts_with(wanted) {
            return Ok(Some(Found { start, end: start + wanted.len(), captures: Vec::new() }));
        }
    }
    Ok(None)
}

fn number(place: usize) -> Value {
    Value::Number(place as f64)
}

fn value_of(lua: &Lua, text: &[u8], capture: Capture) -> Result<Value> {
    Ok(match capture {
        Capture::Position(at) => number(at + 1),
        Capture::Text(start, end) => {
            Value::String(lua.create_string(text.get(start..end).unwrap_or_default())?)
        }
    })
}

/// The captures of a match; the whole of it when the pattern has none.
fn captures(lua: &Lua, text: &[u8], found: &Found) -> Result<Vec<Value>> {
    if found.captures.is_empty() {
        return Ok(vec![value_of(lua, text, Capture::Text(found.start, found.end))?]);
    }
    found.captures.iter().map(|capture| value_of(lua, text, *capture)).collect()
}

fn matches_of(lua: &Lua, spent: &Rc<Spent>, (text, pattern): (LuaString, LuaString)) -> Result<Function> {
    let pattern = read(&pattern.as_bytes(), false)?;
    let spent = spent.clone();
    let mut next = 0;
    lua.create_function_mut(move |lua, ()| {
        let bytes = text.as_bytes();
        if next > bytes.len() {
            return Value::Nil.into_lua_multi(lua);
        }
        match pattern.find(&bytes, next, &*spent)? {
            None => {
                next = bytes.len() + 1;
                Value::Nil.into_lua_multi(lua)
            }
            Some(found) => {
                // After an empty match one byte is passed over, or it would be found again.
                next = if found.end == found.start { found.end + 1 } else { found.end };
                Ok(MultiValue::from_vec(captures(lua, &bytes, &found)?))
            }
        }
    })
}

fn substitute(
    lua: &Lua,
    spent: &Spent,
    (text, pattern, replacement, most): (LuaString, LuaString, Value, Option<f64>),
) -> Result<(LuaString, usize)> {
    let text = text.as_bytes();
    let pattern = read(&pattern.as_bytes(), true)?;
    let most = most.map_or(usize::MAX, |most| most.max(0.0) as usize);
    let replacement = Replacement::read(lua, replacement)?;
    let (mut out, mut at, mut count) = (Vec::new(), 0, 0);
    while count < most {
        let found = pattern.matches(&text, at, spent)?;
        if let Some(found) = &found {
            count += 1;
            replacement.write(lua, &text, found, &mut out)?;
            spent.take(u32::try_from(out.len() / BYTES_OF_STEP / 64).unwrap_or(u32::MAX))?;
        }
        match found {
            Some(found) if found.end > at => at = found.end,
            _ => {
                let Some(byte) = text.get(at) else { break };
                out.push(*byte);
                at += 1;
            }
        }
        if pattern.anchored {
            break;
        }
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    Ok((lua.create_string(&out)?, count))
}

/// What stands in for a match.
enum Replacement {
    Text(Vec<u8>),
    Table(Table),
    Function(Function),
}

impl Replacement {
    fn read(lua: &Lua, value: Value) -> Result<Self> {
        match value {
            Value::Table(table) => Ok(Self::Table(table)),
            Value::Function(function) => Ok(Self::Function(function)),
            other => match lua.coerce_string(other.clone())? {
                Some(text) => Ok(Self::Text(text.as_bytes().to_vec())),
                None => Err(mlua::Error::runtime(format!(
                    "bad argument #3 to 'gsub' (string/function/table expected, got {})",
                    other.type_name()
                ))),
            },
        }
    }

    fn write(&self, lua: &Lua, text: &[u8], found: &Found, out: &mut Vec<u8>) -> Result<()> {
        let whole = text.get(found.start..found.end).unwrap_or_default();
        let said = match self {
            Self::Text(template) => return fill(lua, template, text, found, out),
            Self::Table(table) => {
                let key = captures(lua, text, found)?.into_iter().next().unwrap_or(Value::Nil);
                table.get::<Value>(key)?
            }
            Self::Function(function) => {
                function.call::<Value>(MultiValue::from_vec(captures(lua, text, found)?))?
            }
        };
        match said {
            Value::Nil | Value::Boolean(false) => out.extend_from_slice(whole),
            other => match lua.coerce_string(other.clone())? {
                Some(said) => out.extend_from_slice(&said.as_bytes()),
                None => {
                    let kind = other.type_name();
                    return Err(mlua::Error::runtime(format!("invalid replacement value (a {kind})")));
                }
            },
        }
        grown(out)
    }
}

/// Writes a replacement's text, in which `%1` is the first capture, `%0` the whole match and `%%` a percent sign.
fn fill(lua: &Lua, template: &[u8], text: &[u8], found: &Found, out: &mut Vec<u8>) -> Result<()> {
    let mut rest = template;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let Some((&name, after)) = rest.split_first() else {
            return Err(mlua::Error::runtime("invalid use of '%' in replacement string"));
        };
        rest = after;
        match name {
            b'%' => out.push(b'%'),
            b'0' => out.extend_from_slice(text.get(found.start..found.end).unwrap_or_default()),
            b'1'..=b'9' => {
                let values = captures(lua, text, found)?;
                let value = values.into_iter().nth(usize::from(name - b'1'));
                let value = value.ok_or_else(|| mlua::Error::runtime("invalid capture index"))?;
                if let Some(said) = lua.coerce_string(value)? {
                    out.extend_from_slice(&said.as_bytes());
                }
            }
            _ => return Err(mlua::Error::runtime("invalid use of '%' in replacement string")),
        }
        grown(out)?;
    }
    Ok(())
}

/// Refuses a result that Lua could not hold.
fn grown(out: &[u8]) -> Result<()> {
    if out.len() > super::room::MEMORY { Err(mlua::Error::runtime("not enough memory")) } else { Ok(()) }
}

fn repeat(
    lua: &Lua,
    spent: &Spent,
    (text, count, separator): (LuaString, f64, Option<LuaString>),
) -> Result<LuaString> {
    let text = text.as_bytes();
    let separator = separator.map(|separator| separator.as_bytes().to_vec()).unwrap_or_default();
    let count = count.max(0.0) as usize;
    let length = (text.len() + separator.len()).saturating_mul(count);
    if length > super::room::MEMORY {
        return Err(mlua::Error::runtime("not enough memory"));
    }
    spent.take(u32::try_from(length / BYTES_OF_STEP).unwrap_or(u32::MAX))?;
    if length == 0 {
        return lua.create_string("");
    }
    let mut out = Vec::with_capacity(length);
    for index in 0..count {
        if index > 0 {
            out.extend_from_slice(&separator);
        }
        out.extend_from_slice(&text);
    }
    lua.create_string(&out)
}
