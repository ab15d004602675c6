//! `common.Values`, the Go type of `.Values` and of the whole context: a map of its own name with methods. Charts call
//! `.Values.AsMap` where a function insists on a plain map, as `dig` does.

use gotmpl::{
    FunctionError, FunctionResult, Map, MapMethod, NamedMap, Signature, State, Type, Value, text_of,
};

use crate::functions::yaml;
use crate::release::Flavor;

const NOTHING: Signature = Signature::fixed(&[]);
const TEXT: Signature = Signature::fixed(&[Type::String]);

const METHODS: &[MapMethod] = &[
    MapMethod { name: "AsMap", signature: NOTHING, body: |map, _, _| Ok(Value::Map(map.plain())) },
    MapMethod { name: "YAML", signature: NOTHING, body: text },
    MapMethod { name: "Table", signature: TEXT, body: table },
    MapMethod { name: "PathValue", signature: TEXT, body: path_value },
];

static HELM_4: NamedMap = NamedMap { name: "common.Values", methods: METHODS };
static HELM_3: NamedMap = NamedMap { name: "chartutil.Values", methods: METHODS };

/// The map under the type's name in that version of Helm.
pub(crate) fn named(map: &Map, flavor: Flavor) -> Map {
    map.named(match flavor {
        Flavor::Helm3 => &HELM_3,
        Flavor::Helm4 => &HELM_4,
    })
}

fn text(map: &Map, _: &[Value], _: &mut State) -> FunctionResult {
    let text = yaml::to_yaml(&Value::Map(map.plain())).map_err(FunctionError::from)?;
    Ok(Value::from(text + "\n"))
}

/// The map at a dotted path.
fn table(map: &Map, arguments: &[Value], _: &mut State) -> FunctionResult {
    let path = arguments.first().map(text_of).unwrap_or_default();
    let mut at = map.clone();
    for name in path.split('.') {
        match at.get(name) {
            Some(Value::Map(next)) => at = next.like(map),
            _ => return Err(FunctionError::from(format!("{name:?} is not a table"))),
        }
    }
    Ok(Value::Map(at))
}

/// What is no map at a dotted path.
fn path_value(map: &Map, arguments: &[Value], _: &mut State) -> FunctionResult {
    let path = arguments.first().map(text_of).unwrap_or_default();
    if path.is_empty() {
        return Err(FunctionError::from("YAML path cannot be empty"));
    }
    let (tables, key) = path.rsplit_once('.').map_or((None, &*path), |(tables, key)| (Some(tables), key));
    let mut at = map.clone();
    for name in tables.into_iter().flat_map(|tables| tables.split('.')) {
        match at.get(name) {
            Some(Value::Map(next)) => at = next,
            _ => return Err(FunctionError::from(format!("{name:?} is not a table"))),
        }
    }
    match at.get(key) {
        Some(value) if value.as_map().is_none() => Ok(value),
        _ => Err(FunctionError::from(format!("{key:?} is not a value"))),
    }
}
