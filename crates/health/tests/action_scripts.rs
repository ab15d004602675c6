//! Actions that the settings give as Lua texts: what they may say, and what they may not.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use health::actions::{Customization, Effect, Invocation, discover, run};
use object::Object;
use serde_json::{Value, json};

fn deployment() -> Object {
    Object::from_value(json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "labels": {}, "finalizers": []},
        "spec": {"replicas": 3, "template": {"spec": {"containers": [{"name": "a", "resources": {}}]}}},
    }))
    .unwrap()
}

/// The actions as a text: disabled ones in parentheses, with display name, icon and parameters where there are any.
fn offered(discovery: &str, with_builtin: bool) -> String {
    let custom = Customization { discovery: discovery.to_owned(), with_builtin, ..Customization::default() };
    match discover(&deployment(), Some(&custom)) {
        Err(error) => error.to_string(),
        Ok(actions) => actions
            .into_iter()
            .map(|action| {
                let name = if action.disabled { format!("({})", action.name) } else { action.name };
                let further = [action.display_name, action.icon_class, action.parameters.join(",")].join("|");
                if further == "||" { name } else { format!("{name}|{further}") }
            })
            .collect::<Vec<_>>()
            .join(" "),
    }
}

#[test]
fn a_script_tells_the_actions() {
    let failed = |what: &str| {
        format!(
            "the script discovery.lua of resource.customizations.actions for apps/Deployment failed: {what}"
        )
    };
    for (discovery, builtin, expected) in [
        ("return {grow = {}, shrink = {disabled = true}}", false, "grow (shrink)".to_owned()),
        ("actions = {} actions['grow'] = {disabled = obj.spec.nothing} return actions", false, "grow".to_owned()),
        (
            "return {grow = {displayName = 'Grow!', iconClass = 'fa', params = {{name = 'by'}, {name = 'to'}}}}",
            false,
            "grow|Grow!|fa|by,to".to_owned(),
        ),
        ("return {}", false, String::new()),
        ("return {}", true, "restart||fa fa-fw fa-redo| pause||fa fa-fw fa-pause-circle| (resume)||fa fa-fw fa-play-circle| scale||fa fa-fw fa-balance-scale|replicas".to_owned()),
        (
            "return {restart = {disabled = true}, pause = {}, resume = {}, scale = {}}",
            true,
            "pause (restart) resume scale".to_owned(),
        ),
        ("", false, failed("expect table output from Lua script, not nil")),
        ("return 'x'", false, failed("expect table output from Lua script, not string")),
        ("return {'grow'}", false, failed("the actions are not named: expected a table by names")),
        ("return {grow = 1}", false, failed("action grow: the attributes are no table by names")),
    ] {
        assert_eq!(offered(discovery, builtin), expected, "{discovery}");
    }
}

/// What an action does: `patch` with the merge patch, or `create` with the object.
fn effects(action: &str) -> Result<Vec<(&'static str, Value)>, String> {
    let custom = Customization {
        definitions: [("act".to_owned(), action.to_owned())].into(),
        ..Customization::default()
    };
    let invocation =
        Invocation { parameters: [("by".to_owned(), "2".to_owned())].into(), ..Invocation::default() };
    let live = deployment();
    let effects = run(&live, "act", &invocation, Some(&custom)).map_err(|error| error.to_string())?;
    Ok(effects
        .into_iter()
        .map(|effect| match effect {
            Effect::Patch(object) => {
                ("patch", object::merge_patch::create(live.as_value(), object.as_value()))
            }
            Effect::Create(object) => ("create", object.into_value()),
        })
        .collect())
}

#[test]
fn a_script_changes_and_creates_objects() {
    // The old way: the object as it is to be. Objects that were empty stay objects.
    assert_eq!(
        effects("obj.spec.replicas = obj.spec.replicas + tonumber(actionParams['by']) return obj").unwrap(),
        [("patch", json!({"spec": {"replicas": 5}}))]
    );
    assert_eq!(
        effects("obj.spec.ratio = 0.5 obj.spec.list = {1, 'b', true} obj.spec.replicas = nil return obj")
            .unwrap(),
        [("patch", json!({"spec": {"ratio": 0.5, "list": [1, "b", true], "replicas": null}}))]
    );
    // The new way: a list of what is to be done.
    let both =
        "local job = {apiVersion = 'batch/v1', kind = 'Job', metadata = {name = obj.metadata.name .. '-job'}}
        obj.spec.paused = true
        return {{operation = 'create', resource = job}, {operation = 'patch', resource = obj}}";
    assert_eq!(
        effects(both).unwrap(),
        [
            ("create", json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "web-job"}})),
            ("patch", json!({"spec": {"paused": true}})),
        ]
    );
    assert_eq!(effects("return {}").unwrap(), []);
    let date = effects("local os = require('os') obj.spec.at = os.date('!%Y-%m-%dT%XZ', 0) return obj");
    assert_eq!(date.unwrap(), [("patch", json!({"spec": {"at": "1970-01-01T00:00:00Z"}}))]);
}

#[test]
fn what_a_script_may_not_do_is_an_error() {
    for (action, expected) in [
        ("return {{operation = 'delete', resource = obj}}", "unsupported operation: delete"),
        ("return 1", "expect table output from Lua script, not number"),
        ("local x = 1", "expect table output from Lua script, not nil"),
        ("error('no', 0)", "failed: no"),
        ("return {metadata = {}}", "no object"),
        ("obj.spec.f = print return obj", "a function cannot be written in JSON"),
        ("obj.spec.f = {1, a = 2} return obj", "neither a list nor an object"),
        ("obj.spec.f = 0/0 return obj", "cannot be written in JSON"),
        ("obj.self = obj return obj", "nested deeper"),
        ("for i = 1, 40 do obj = {obj, obj} end return {metadata = obj}", "more than 1000000 values"),
        ("return string.upper('x')", "nil value"),
        ("while true do end", "instructions"),
    ] {
        let error = effects(action).unwrap_err();
        assert!(error.contains(expected), "{action}: {error}");
    }
}

#[test]
fn a_name_that_the_settings_leave_out_is_the_built_in_action() {
    let custom = Customization::default();
    let invocation = Invocation::default();
    assert_eq!(run(&deployment(), "pause", &invocation, Some(&custom)).unwrap().len(), 1);
    let error = run(&deployment(), "fly", &invocation, Some(&custom)).unwrap_err();
    assert!(error.to_string().contains("has no action \"fly\""), "{error}");
}
