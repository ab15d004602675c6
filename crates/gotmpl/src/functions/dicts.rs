//! sprig's functions on maps. `set`, `unset` and the merges change the map itself, which all its holders see.

use std::sync::Arc;

use super::arguments::map_of;
use super::cast::{is_empty, to_text};
use super::{FunctionError, FunctionResult, Functions, Signature, text_of};
use crate::exec::State;
use crate::print::MAX_DEPTH;
use crate::value::{List, Map, MapType, Type, Value};

const KEY: Signature = Signature::fixed(&[Type::Map, Type::String]);
const KEYS: Signature = Signature::variadic(&[Type::Map], Type::String);
const MAPS: Signature = Signature::variadic(&[Type::Map], Type::Map);

/// The key of an argument, shared with it where possible.
fn key(value: &Value) -> Arc<str> {
    match value {
        Value::String(text) => text.clone(),
        other => to_text(other).into(),
    }
}

pub(super) fn register(functions: &mut Functions) {
    functions.register("dict", Signature::variadic(&[], Type::Any), |_, all| {
        Ok(Value::map(
            all.chunks(2)
                .map(|pair| (key(&pair[0]), pair.get(1).cloned().unwrap_or_else(|| Value::string("")))),
        ))
    });
    functions.register("get", KEY, |_, pair| {
        Ok(map_of(&pair[0]).get(&text_of(&pair[1])).unwrap_or_else(|| Value::string("")))
    });
    functions.register("set", Signature::fixed(&[Type::Map, Type::String, Type::Any]), |state, all| {
        let Value::Map(map) = &all[0] else { return Err("assignment to entry in nil map".into()) };
        state.charge(1)?;
        map.insert(key(&all[1]), all[2].clone());
        Ok(Value::Map(map.plain()))
    });
    functions.register("unset", KEY, |_, pair| {
        let map = map_of(&pair[0]);
        map.remove(&text_of(&pair[1]));
        Ok(if pair[0].is_nil() { Value::Nil } else { Value::Map(map) })
    });
    functions.register("hasKey", KEY, |_, pair| {
        Ok(Value::Bool(map_of(&pair[0]).contains_key(&text_of(&pair[1]))))
    });
    functions.register("pluck", Signature::variadic(&[Type::String], Type::Map), |_, all| {
        let name = text_of(&all[0]);
        Ok(Value::list(all[1..].iter().filter_map(|map| map_of(map).get(&name))))
    });
    selections(functions);
    for (name, overwrite) in
        [("merge", false), ("mustMerge", false), ("mergeOverwrite", true), ("mustMergeOverwrite", true)]
    {
        functions.register(name, MAPS, move |state, all| {
            let target = map_of(&all[0]);
            for source in &all[1..] {
                merge(state, &target, &map_of(source), overwrite, 0)?;
            }
            Ok(Value::Map(target))
        });
    }
    for name in ["deepCopy", "mustDeepCopy"] {
        functions.register(name, Signature::fixed(&[Type::Any]), |state, one| match &one[0] {
            Value::Nil => Err("reflect: call of reflect.Value.Type on zero Value".into()),
            value => deep_copy(state, value, 0),
        });
    }
    functions.register("dig", Signature::variadic(&[], Type::Any), |_, all| dig(all));
}

fn selections(functions: &mut Functions) {
    functions.register("keys", Signature::variadic(&[], Type::Map), |_, all| {
        let keys = all.iter().flat_map(|map| map_of(map).keys());
        Ok(Value::strings(keys))
    });
    functions.register("values", Signature::fixed(&[Type::Map]), |_, one| {
        Ok(Value::list(map_of(&one[0]).entries().into_iter().map(|(_, value)| value)))
    });
    functions.register("pick", KEYS, |_, all| {
        let map = map_of(&all[0]);
        Ok(Value::map(all[1..].iter().filter_map(|name| Some((key(name), map.get(&text_of(name))?)))))
    });
    functions.register("omit", KEYS, |_, all| {
        let omitted: Vec<_> = all[1..].iter().map(text_of).collect();
        let kept = map_of(&all[0])
            .entries()
            .into_iter()
            .filter(|(key, _)| !omitted.iter().any(|name| **name == **key));
        Ok(Value::map(kept))
    });
}

fn too_deep() -> FunctionError {
    FunctionError::from(format!("nested deeper than {MAX_DEPTH}"))
}

/// Merges into the target. Without `overwrite` only absent and empty values are filled; with it all are replaced. Maps
/// on both sides are merged in turn, in place.
fn merge(
    state: &mut State,
    target: &Map,
    source: &Map,
    overwrite: bool,
    depth: usize,
) -> Result<(), FunctionError> {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    if target.ptr_eq(source) {
        return Ok(());
    }
    for (key, new) in source.entries() {
        state.charge(1)?;
        let old = target.get(&key);
        match (&old, &new) {
            (_, Value::Nil) if !overwrite => continue,
            (Some(Value::Map(inner)), Value::Map(more)) => {
                merge(state, inner, more, overwrite, depth + 1)?;
                if !inner.is_empty() {
                    continue;
                }
            }
            _ => {}
        }
        // Emptiness as the merge library sees it: a false or zero counts as empty.
        if overwrite || old.as_ref().is_none_or(is_empty) {
            target.insert(key, new);
        }
    }
    Ok(())
}

fn deep_copy(state: &mut State, value: &Value, depth: usize) -> FunctionResult {
    if depth > MAX_DEPTH {
        return Err(too_deep());
    }
    state.charge(64)?;
    Ok(match value {
        Value::Map(map) => {
            let copy = Map::typed(map.map_type());
            for (key, item) in map.entries() {
                copy.insert(key, deep_copy(state, &item, depth + 1)?);
            }
            Value::Map(copy)
        }
        Value::List(list) if !list.is_nil() => {
            let items =
                list.iter().map(|item| deep_copy(state, item, depth + 1)).collect::<Result<_, _>>()?;
            Value::List(List::typed(list.list_type(), items))
        }
        other => other.clone(),
    })
}

fn not_a(value: &Value, wanted: &str) -> FunctionError {
    let found = if value.is_nil() { "nil" } else { value.type_name() };
    FunctionError::from(format!("interface conversion: interface {{}} is {found}, not {wanted}"))
}

fn dig(all: &[Value]) -> FunctionResult {
    let [keys @ .., default, start] = all else { return Err("dig needs at least three arguments".into()) };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".into());
    }
    let map_type = "map[string]interface {}";
    let mut at = match start {
        // Go asserts the very type here, which a named one is not.
        Value::Map(map) if map.type_name().is_none() => start.clone(),
        other => return Err(not_a(other, map_type)),
    };
    let mut names = Vec::with_capacity(keys.len());
    for name in keys {
        match name {
            Value::String(_) | Value::Binary(_) => names.push(text_of(name)),
            other => return Err(not_a(other, "string")),
        }
    }
    for name in names {
        let Value::Map(map) = &at else { return Err(not_a(&at, map_type)) };
        if map.map_type() != MapType::Any {
            return Err(not_a(&at, map_type));
        }
        match map.get(&name) {
            Some(next) => at = next,
            None => return Ok(default.clone()),
        }
    }
    Ok(at)
}
