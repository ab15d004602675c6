//! The functions of `strings.rs` beside Lua's own.

use std::time::{Duration, Instant};

use mlua::{Lua, LuaOptions, LuaString, StdLib};

use super::room;

const TEXTS: &[&str] = &[
    "",
    "a",
    "hello world",
    "  key = value  ",
    "THE (quick) fox",
    "f(a(b)c)(d",
    "2024-01-02T03:04:05Z",
    "aaab",
    "a.b.c",
    "x]y-z^w",
    "äöü",
    "one;two;;four",
    "\0zero\0",
    "%d%%",
    "((a))",
];

const PATTERNS: &[&str] = &[
    "",
    "a",
    ".",
    ".-",
    ".*",
    "^%s*(.-)%s*$",
    "(%a+)",
    "(%w+)%s*=%s*(%w+)",
    "%((%a+)%)",
    "%b()",
    "%bxy",
    "%f[%a]%a+%f[%A]",
    "%f[%w]",
    "(%d+)-(%d+)-(%d+)",
    "()ll()",
    "()",
    "(a*)(b?)",
    "a-b",
    "a+",
    "a?b",
    "^a",
    "a$",
    "$",
    "^$",
    "^",
    "[%w_]+",
    "[^;]*",
    "[]y]",
    "[^]]",
    "[a-]",
    "[%a-z]",
    "[x-]",
    "%.",
    "%%",
    "(.)%1",
    "(%a)(%a)%2",
    "%z",
    "%S+",
    "[\0-\x1f]",
    "(()a)",
    "((%a)(%a))",
    "$a",
    "a^",
];

/// What is no pattern. Lua finds it out when it comes to the broken part, if it does; here it is found at once.
const BROKEN: &[&str] =
    &["%", "[a", "[", "[]", "(", ")", "(a", "%1", "(a%1)", "%f", "%b", "%bx", "[%", "()%1"];

/// Puts all that the functions answer into one text.
const PROBE: &str = r"
local text, pattern = ...
local said = {}
local function say(name, ok, ...)
  local words = { name, tostring(ok) }
  if ok then for i = 1, select('#', ...) do words[#words + 1] = tostring((select(i, ...))) end end
  said[#said + 1] = table.concat(words, '|')
end
for _, from in ipairs({ 1, 2, -1, -3, 0, 50 }) do
  say('find' .. from, pcall(string.find, text, pattern, from))
  say('match' .. from, pcall(string.match, text, pattern, from))
end
say('plain', pcall(string.find, text, pattern, 1, true))
say('gmatch', pcall(function()
  local all = {}
  for a, b in string.gmatch(text, pattern) do all[#all + 1] = tostring(a) .. ',' .. tostring(b) end
  return table.concat(all, ' ')
end))
say('gsub', pcall(string.gsub, text, pattern, '<%0>'))
say('once', pcall(string.gsub, text, pattern, '%%', 1))
say('capture', pcall(string.gsub, text, pattern, '[%1]'))
say('call', pcall(string.gsub, text, pattern, function(a, b) return b or (a ~= 'l' and 'L') end))
say('table', pcall(string.gsub, text, pattern, { a = 'A', hello = 1, ll = false }))
say('rep', pcall(string.rep, text, 3, ','))
return table.concat(said, '\n')
";

#[test]
fn patterns_are_matched_as_lua_does_it() {
    let lua_of_lua = Lua::new_with(StdLib::STRING | StdLib::TABLE, LuaOptions::default()).unwrap();
    for pattern in PATTERNS {
        let ours = room::open(true).unwrap();
        for text in TEXTS {
            let said = |lua: &Lua| {
                let probe = lua.load(PROBE);
                probe.call::<LuaString>((*text, *pattern)).unwrap().to_string_lossy()
            };
            assert_eq!(said(&ours), said(&lua_of_lua), "{pattern:?} in {text:?}");
        }
    }
}

#[test]
fn broken_patterns_are_refused() {
    let ours = room::open(true).unwrap();
    for pattern in BROKEN {
        for function in ["find", "match", "gsub"] {
            let probe = ours.load(format!("return string.{function}(...)"));
            assert!(probe.call::<mlua::Value>(("text", *pattern, "")).is_err(), "{function} {pattern:?}");
        }
    }
}

#[test]
fn no_pattern_and_no_repetition_takes_long() {
    let hostile = [
        "return ('a'):rep(100):find(('a*'):rep(50) .. 'b')",
        "return (''):rep(2147483647)",
        "return ('x'):rep(2147483647)",
        "local x = ('x'):rep(30000000) for i = 1, 10000000 do local y = x:upper() end",
        "local x = ('x'):rep(1000000) return x:gsub('x', x)",
        "while true do pcall(string.find, ('a'):rep(100), ('a*'):rep(50) .. 'b') end",
    ];
    for source in hostile {
        let begin = Instant::now();
        let lua = room::open(true).unwrap();
        let outcome = lua.load(source).exec();
        let took = begin.elapsed();
        assert!(took < Duration::from_secs(20), "{source}: {took:?}");
        assert!(outcome.is_err() || source.contains("(''):rep"), "{source}");
    }
}
