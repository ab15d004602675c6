//! Health scripts: what they may say, what they can reach, and what they cost at most.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    reason = "a test may fail"
)]

use health::{HealthStatus, Overrides, Script, of};
use object::Object;
use serde_json::json;

struct Custom {
    source: &'static str,
    open_libraries: bool,
}

impl Overrides for Custom {
    fn health_script(&self, _group: &str, _kind: &str) -> Option<Script<'_>> {
        Some(Script { source: self.source, open_libraries: self.open_libraries })
    }
}

fn run(source: &'static str, open_libraries: bool) -> String {
    let object = Object::from_value(json!({
        "apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "thing", "labels": null},
        "status": {"phase": "Ready", "count": 3, "list": ["a", "b"]},
    }))
    .unwrap();
    match of(&object, &Custom { source, open_libraries }) {
        Ok(Some(HealthStatus { code, message })) => format!("{code}: {message}"),
        Ok(None) => "none".to_owned(),
        Err(error) => format!("error: {error}"),
    }
}

#[test]
fn what_is_returned_is_read() {
    for (source, said) in [
        ("return {status = 'Healthy', message = obj.status.phase}", "Healthy: Ready"),
        ("return {status = 'Degraded', message = 'n=' .. obj.status.count}", "Degraded: n=3"),
        ("hs = {} hs.status = 'Progressing' return hs", "Progressing: "),
        ("return {status = 'Fine'}", "Unknown: Lua returned an invalid health status"),
        ("return {message = 'x'}", "Unknown: Lua returned an invalid health status"),
        ("return {}", ": "),
        ("return nil", ": "),
        ("local x = 1", ": "),
        (
            "return 'text'",
            "error: the health script for example.com/Thing failed: expect table output from Lua script, not string",
        ),
        ("error('bad', 0)", "error: the health script for example.com/Thing failed: bad"),
        ("\nerror('bad')", "error: the health script for example.com/Thing failed: <string>:2: bad"),
        (
            "return {status = 'Healthy', message = obj.status.list[1] .. table.getn(obj.status.list)}",
            "Healthy: a2",
        ),
        (
            "if obj.metadata.labels == nil then return {status = 'Healthy', message = unpack({'u'})} end",
            "Healthy: u",
        ),
        (
            "for i, v in ipairs(obj.status.list) do if v == 'b' then goto found end end ::found:: return {status = 'Healthy'}",
            "Healthy: ",
        ),
    ] {
        assert_eq!(run(source, false), said, "{source}");
    }
}

#[test]
fn libraries_are_as_promised() {
    for (source, open, said) in [
        ("return {status = 'Healthy', message = tostring(string)}", false, "Healthy: nil"),
        ("return {status = 'Healthy', message = string.upper('x')}", true, "Healthy: X"),
        ("return {status = 'Healthy', message = ('x'):upper()}", true, "Healthy: X"),
        ("return {status = 'Healthy', message = tostring(os)}", false, "Healthy: nil"),
        (
            "local os = require('os') return {status = 'Healthy', message = os.date('!%Y', 0)}",
            false,
            "Healthy: 1970",
        ),
        ("return {status = 'Healthy', message = os.date('!%Y', 0)}", true, "Healthy: 1970"),
    ] {
        assert_eq!(run(source, open), said, "{source}");
    }
}

#[test]
fn nothing_outside_is_reached() {
    for name in [
        "io",
        "debug",
        "dofile",
        "loadfile",
        "package.loadlib",
        "package.path",
        "(os or {}).execute",
        "(os or {}).getenv",
        "(os or {}).remove",
        "(os or {}).exit",
        "(os or {}).tmpname",
    ] {
        for open in [false, true] {
            let source: &'static str =
                format!("return {{status = 'Healthy', message = tostring({name})}}").leak();
            assert_eq!(run(source, open), "Healthy: nil", "{name}");
        }
    }
}

#[test]
fn budgets_hold() {
    for source in [
        "while true do end",
        "while true do pcall(function() while true do end end) end",
        "local t = {} while true do t[#t + 1] = {} end",
        "local f f = function() return f() end f()",
        "local f f = function() return 1 + f() end f()",
    ] {
        let said = run(source, false);
        assert!(said.starts_with("error: "), "{source}: {said}");
    }
    let said = run("local x = 'x' for i = 1, 60 do x = x .. x end return {status = 'Healthy'}", true);
    assert!(said.starts_with("error: "), "{said}");
    let said = run("local co = coroutine.wrap(function() while true do end end) co()", true);
    assert!(said.starts_with("error: "), "{said}");
}
