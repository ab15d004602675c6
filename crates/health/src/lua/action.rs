//! Action scripts: which actions an object offers, and what an action makes of it.

use std::collections::BTreeMap;

use object::Object;
use serde_json::Value as Json;

use super::{convert, expected_table, room, run};
use crate::Script;
use crate::actions::{Action, Effect};

/// Actions that one script may tell.
const MAX_ACTIONS: usize = 200;
/// Objects that one action may change or create.
const MAX_EFFECTS: usize = 1000;

/// The actions that a discovery script tells: a table of attributes by name.
pub(crate) fn actions(source: &str, object: &Object) -> Result<Vec<Action>, String> {
    let offers = match returned(source, object, &BTreeMap::new())? {
        Json::Object(offers) => offers,
        Json::Array(items) if items.is_empty() => return Ok(Vec::new()),
        _ => return Err("the actions are not named: expected a table by names".to_owned()),
    };
    if offers.len() > MAX_ACTIONS {
        return Err(format!("there are more than {MAX_ACTIONS} actions"));
    }
    offers.into_iter().map(|(name, attributes)| action(name, &attributes)).collect()
}

fn action(name: String, attributes: &Json) -> Result<Action, String> {
    if !(attributes.is_object() || attributes.as_array().is_some_and(Vec::is_empty)) {
        return Err(format!("action {name}: the attributes are no table by names"));
    }
    let text = |key: &str| attributes.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    let parameters = attributes.get("params").and_then(Json::as_array).into_iter().flatten();
    Ok(Action {
        disabled: attributes.get("disabled").and_then(Json::as_bool).unwrap_or_default(),
        parameters: parameters
            .filter_map(|parameter| parameter.get("name")?.as_str().map(str::to_owned))
            .collect(),
        display_name: text("displayName"),
        icon_class: text("iconClass"),
        name,
    })
}

/// What an action script makes of an object: the object as it is to be, or a list of objects with what is to be done.
pub(crate) fn effects(
    source: &str,
    object: &Object,
    parameters: &BTreeMap<String, String>,
) -> Result<Vec<Effect>, String> {
    let list = match returned(source, object, parameters)? {
        Json::Array(list) => list,
        one => return Ok(vec![Effect::Patch(patched(one, object)?)]),
    };
    if list.len() > MAX_EFFECTS {
        return Err(format!("more than {MAX_EFFECTS} objects are to be changed"));
    }
    list.into_iter()
        .map(|mut item| {
            let resource = item.get_mut("resource").map(Json::take).unwrap_or_default();
            match item.get("operation").and_then(Json::as_str).unwrap_or_default() {
                "patch" => Ok(Effect::Patch(patched(resource, object)?)),
                "create" => Ok(Effect::Create(self::object(resource)?)),
                other => Err(format!("unsupported operation: {other}")),
            }
        })
        .collect()
}

fn returned(source: &str, object: &Object, parameters: &BTreeMap<String, String>) -> Result<Json, String> {
    let (_lua, table) = run(Script { source, open_libraries: false }, object, parameters)?;
    let table = table.ok_or_else(|| expected_table("nil"))?;
    convert::from_lua(&mlua::Value::Table(table)).map_err(|error| room::words(&error))
}

fn object(value: Json) -> Result<Object, String> {
    let wrong = |reason: &str| format!("what is returned is no object: {reason}");
    let object = Object::from_value(value).map_err(|error| wrong(&error.to_string()))?;
    if object.kind().is_empty() || object.api_version().is_empty() {
        return Err(wrong("it has no apiVersion or no kind"));
    }
    Ok(object)
}

/// A changed object with the empty objects that Lua made lists of.
fn patched(mut value: Json, source: &Object) -> Result<Object, String> {
    restore_empty(&mut value, source.as_value());
    object(value)
}

fn restore_empty(value: &mut Json, source: &Json) {
    match (value, source) {
        (value @ Json::Array(_), Json::Object(_)) if value.as_array().is_some_and(Vec::is_empty) => {
            *value = Json::Object(serde_json::Map::new());
        }
        (Json::Array(items), Json::Array(sources)) => {
            items.iter_mut().zip(sources).for_each(|(item, source)| restore_empty(item, source));
        }
        (Json::Object(fields), Json::Object(sources)) => {
            for (name, field) in fields {
                if let Some(source) = sources.get(name) {
                    restore_empty(field, source);
                }
            }
        }
        _ => {}
    }
}
