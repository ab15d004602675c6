//! Scripts that the settings give for a kind: Lua texts that look at the global `obj`. [`health`] tells how an object is
//! doing; `action.rs` what can be done to it, and how.
//!
//! Scripts are written for Lua 5.1; here they run on 5.2 with what is missing added (`room.rs`). They get neither
//! files nor processes nor the environment, whatever libraries they are promised, and a budget of instructions, memory
//! and time. Patterns are matched within the budget, too (`strings.rs`, `pattern.rs`). `convert.rs` carries objects over.

mod action;
mod convert;
mod pattern;
mod room;
mod strings;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use mlua::{Lua, Table, Value};
use object::Object;

use crate::{HealthCode, HealthStatus, Script};

pub(crate) use action::{actions, effects};

/// Runs a script. An error is told in the script's own words: `<chunk>:<line>: <message>`.
pub(crate) fn health(script: Script<'_>, object: &Object) -> Result<HealthStatus, String> {
    let told = |error: mlua::Error| room::words(&error);
    let (_lua, returned) = run(script, object, &BTreeMap::new())?;
    let Some(table) = returned else { return Ok(HealthStatus::default()) };
    if table.is_empty() || table.raw_len() > 0 {
        return Ok(HealthStatus::default());
    }
    let field = |name: &str| match table.get::<Value>(name).map_err(told)? {
        Value::Nil => Ok(None),
        Value::String(text) => Ok(Some(text.to_string_lossy())),
        other => {
            Err(format!("the field {name} of the health status is a {}, not a string", other.type_name()))
        }
    };
    let (status, message) = (field("status")?.unwrap_or_default(), field("message")?.unwrap_or_default());
    match HealthCode::parse(&status) {
        HealthCode::Empty => Ok(HealthStatus::unknown("Lua returned an invalid health status")),
        code => Ok(HealthStatus::new(code, message)),
    }
}

/// Runs a script on an object; answers the table that it returns, or `None` for nothing, together with the room, which
/// the table lives in.
fn run(
    script: Script<'_>,
    object: &Object,
    parameters: &BTreeMap<String, String>,
) -> Result<(Lua, Option<Table>), String> {
    let told = |error: mlua::Error| room::words(&error);
    let lua = room::open(script.open_libraries).map_err(told)?;
    lua.globals().set("obj", convert::to_lua(&lua, object.as_value(), 0).map_err(told)?).map_err(told)?;
    let given = lua.create_table_from(parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    lua.globals().set("actionParams", given.map_err(told)?).map_err(told)?;
    // Only the last of several returned values counts.
    let returned: mlua::MultiValue = lua.load(script.source).set_name("=<string>").eval().map_err(told)?;
    let table = match returned.into_iter().next_back().unwrap_or(Value::Nil) {
        Value::Nil => None,
        Value::Table(table) => Some(table),
        other => return Err(expected_table(other.type_name())),
    };
    Ok((lua, table))
}

fn expected_table(found: &str) -> String {
    // Lua 5.1 knows one kind of numbers.
    let found = if found == "integer" { "number" } else { found };
    format!("expect table output from Lua script, not {found}")
}
