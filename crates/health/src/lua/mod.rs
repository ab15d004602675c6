//! Health scripts: a Lua text that looks at the global `obj` and returns `{status = …, message = …}`.
//!
//! Scripts are written for Lua 5.1; here they run on 5.2 with what is missing added (`room.rs`). They get neither
//! files nor processes nor the environment, whatever libraries they are promised, and a budget of instructions, memory
//! and time. Patterns are matched within the budget, too (`strings.rs`, `pattern.rs`). `convert.rs` carries objects over.

mod convert;
mod pattern;
mod room;
mod strings;
#[cfg(test)]
mod tests;

use mlua::Value;
use object::Object;

use crate::{HealthCode, HealthStatus, Script};

/// Runs a script. An error is told in the script's own words: `<chunk>:<line>: <message>`.
pub(crate) fn health(script: Script<'_>, object: &Object) -> Result<HealthStatus, String> {
    let told = |error: mlua::Error| room::words(&error);
    let lua = room::open(script.open_libraries).map_err(told)?;
    lua.globals().set("obj", convert::to_lua(&lua, object.as_value(), 0).map_err(told)?).map_err(told)?;
    lua.globals().set("actionParams", lua.create_table().map_err(told)?).map_err(told)?;
    // Only the last of several returned values counts.
    let returned: mlua::MultiValue = lua.load(script.source).set_name("=<string>").eval().map_err(told)?;
    let table = match returned.into_iter().next_back().unwrap_or(Value::Nil) {
        Value::Nil => return Ok(HealthStatus::default()),
        Value::Table(table) => table,
        other => return Err(format!("expect table output from Lua script, not {}", other.type_name())),
    };
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
