//! The room that scripts run in: Lua 5.2 that looks like 5.1, without hands, with a budget.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::strings;
use mlua::{HookTriggers, Lua, LuaOptions, StdLib, VmState};

/// The memory of one script.
pub(super) const MEMORY: usize = 32 * 1024 * 1024;
/// The instructions of one script; some tenths of a second.
const INSTRUCTIONS: u32 = 20_000_000;
/// The budget is looked at so often.
const STEP: u32 = 1000;
/// The time of one script. It is for what one instruction can do with a text of many megabytes. Argo CD gives a second;
/// more, because the clock goes on while others have the processor.
const DEADLINE: Duration = Duration::from_secs(3);

/// What a script has used of its budget.
#[derive(Debug)]
pub(super) struct Spent {
    instructions: Cell<u32>,
    begin: Instant,
}

impl Spent {
    /// Uses so many instructions. Once there are none left, none are ever again.
    pub(super) fn take(&self, instructions: u32) -> mlua::Result<()> {
        let before = self.instructions.get();
        let spent = before.saturating_add(instructions);
        self.instructions.set(spent);
        if spent >= INSTRUCTIONS {
            return Err(mlua::Error::runtime(format!(
                "the script took more than {INSTRUCTIONS} instructions"
            )));
        }
        // Looking at the clock costs as much as a hundred steps of a pattern.
        if before / STEP != spent / STEP && self.begin.elapsed() > DEADLINE {
            self.instructions.set(INSTRUCTIONS);
            return Err(mlua::Error::runtime(format!("the script took more than {DEADLINE:?}")));
        }
        Ok(())
    }
}

/// What 5.1 had and 5.2 has elsewhere or not, and what would reach out of the room. `clock` is not the time of day: a
/// script's answer may not depend on when it is run, except where it asks for the time.
const SHIM: &str = r"
local unpack_list, format_date, time_now = table.unpack, ...
unpack = unpack_list
loadstring = load
table.getn = function(list) return #list end
dofile, loadfile, collectgarbage, print = nil, nil, nil, function() end
package = { loaded = {} }
local modules = { os = { time = time_now, date = format_date } }
function require(name)
  local module = modules[name]
  if module == nil then error('module ' .. tostring(name) .. ' not found', 2) end
  return module
end
if string then
  os = { time = time_now, date = format_date, clock = function() return 0 end,
         difftime = function(later, earlier) return later - earlier end }
  modules.os, modules.string, modules.math, modules.table = os, string, math, table
else
  table.time, table.date = time_now, format_date
end
";

/// A fresh room.
pub(super) fn open(open_libraries: bool) -> mlua::Result<Lua> {
    let mut libraries = StdLib::TABLE;
    if open_libraries {
        libraries |= StdLib::STRING | StdLib::MATH | StdLib::COROUTINE | StdLib::BIT;
    }
    // The clock is read through Lua's own library, of which only two functions are handed on.
    let lua = Lua::new_with(libraries | StdLib::OS, LuaOptions::default())?;
    let os: mlua::Table = lua.globals().get("os")?;
    let (date, time): (mlua::Value, mlua::Value) = (os.get("date")?, os.get("time")?);
    lua.globals().set("os", mlua::Value::Nil)?;
    lua.load(SHIM).set_name("=room").call::<()>((date, time))?;
    lua.set_memory_limit(MEMORY)?;
    let spent = Rc::new(Spent { instructions: Cell::new(0), begin: Instant::now() });
    if open_libraries {
        strings::replace(&lua, &spent)?;
    }
    lua.set_global_hook(HookTriggers::new().every_nth_instruction(STEP), move |lua, _| {
        let Err(error) = spent.take(STEP) else { return Ok(VmState::Continue) };
        // From here on every single instruction fails, so that a script cannot go on by catching the error.
        let text = error.to_string();
        lua.set_global_hook(HookTriggers::new().every_nth_instruction(1), move |_, _| {
            Err(mlua::Error::runtime(text.clone()))
        })?;
        Err(error)
    })?;
    Ok(lua)
}

/// The message of an error without the trace.
pub(super) fn words(error: &mlua::Error) -> String {
    let text = match error {
        mlua::Error::CallbackError { cause, .. } => return words(cause),
        mlua::Error::RuntimeError(text) | mlua::Error::SyntaxError { message: text, .. } => text.clone(),
        other => other.to_string(),
    };
    text.split("\nstack traceback:").next().unwrap_or_default().trim().to_owned()
}
