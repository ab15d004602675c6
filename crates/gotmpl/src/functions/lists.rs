//! sprig's functions on lists. Each accepts any slice and gives a new one.

use std::borrow::Cow;

use super::arguments::{items_of, string_list, strings_of};
use super::cast::{is_empty, to_int, to_text};
use super::{FunctionError, FunctionResult, Functions, Signature};
use crate::value::{List, ListType, Type, Value};

const ONE: Signature = Signature::fixed(&[Type::Any]);
const TWO: Signature = Signature::fixed(&[Type::Any, Type::Any]);
const MORE: Signature = Signature::variadic(&[Type::Any], Type::Any);
const ALL: Signature = Signature::variadic(&[], Type::Any);

/// What Go's runtime says of the type of nil.
pub(super) const NIL_DEREFERENCE: &str = "runtime error: invalid memory address or nil pointer dereference";

fn items<'v>(value: &'v Value, refusal: &str) -> Result<Cow<'v, [Value]>, FunctionError> {
    match items_of(value) {
        Some(items) => Ok(items),
        None if value.is_nil() => Err(NIL_DEREFERENCE.into()),
        None => Err(FunctionError::from(format!("{refusal} {}", value.kind_name()))),
    }
}

/// Registers a function with its `must` form; both fail with the same text.
fn both(
    functions: &mut Functions,
    name: &str,
    signature: Signature,
    body: fn(&mut crate::State, &[Value]) -> FunctionResult,
) {
    let (first, rest) = name.split_at(1);
    functions.register(name, signature.clone(), body);
    functions.register(&format!("must{}{rest}", first.to_uppercase()), signature, body);
}

pub(super) fn register(functions: &mut Functions) {
    for name in ["list", "tuple"] {
        functions.register(name, ALL, |_, all| Ok(Value::list(all.to_vec())));
    }
    ends(functions);
    changes(functions);
    functions.register("sortAlpha", ONE, |_, one| {
        if items_of(&one[0]).is_none() {
            return Ok(string_list(vec![to_text(&one[0])]));
        }
        let mut strings = strings_of(&one[0]);
        strings.sort();
        Ok(string_list(strings))
    });
    both(functions, "has", TWO, |_, pair| {
        if pair[1].is_nil() {
            return Ok(Value::Bool(false));
        }
        let items = items(&pair[1], "Cannot find has on type")?;
        Ok(Value::Bool(items.iter().any(|item| item.deep_equal(&pair[0]))))
    });
    both(functions, "chunk", Signature::fixed(&[Type::Int, Type::Any]), |_, pair| {
        let items = items(&pair[1], "Cannot chunk type")?;
        let size = to_int(&pair[0]);
        let chunks = match usize::try_from(size) {
            Ok(size @ 1..) => items.chunks(size).map(|chunk| Value::list(chunk.to_vec())).collect(),
            // Go computes how many lists there will be; a negative size may happen to give none.
            _ if items.len() > 1 && items.len() as i64 - 1 <= size.saturating_neg() => Vec::new(),
            _ => return Err("runtime error: makeslice: len out of range".into()),
        };
        Ok(Value::List(List::typed(ListType::List, chunks)))
    });
}

fn ends(functions: &mut Functions) {
    both(functions, "first", ONE, |_, one| {
        Ok(items(&one[0], "Cannot find first on type")?.first().cloned().unwrap_or_default())
    });
    both(functions, "last", ONE, |_, one| {
        Ok(items(&one[0], "Cannot find last on type")?.last().cloned().unwrap_or_default())
    });
    both(functions, "rest", ONE, |_, one| {
        let items = items(&one[0], "Cannot find rest on type")?;
        Ok(Value::List(
            items
                .split_first()
                .map_or_else(|| List::nil(ListType::Any), |(_, rest)| List::new(rest.to_vec())),
        ))
    });
    both(functions, "initial", ONE, |_, one| {
        let items = items(&one[0], "Cannot find initial on type")?;
        Ok(Value::List(
            items.split_last().map_or_else(|| List::nil(ListType::Any), |(_, rest)| List::new(rest.to_vec())),
        ))
    });
    both(functions, "slice", MORE, |_, all| {
        let items = items(&all[0], "list should be type of slice or array but")?;
        if items.is_empty() {
            return Ok(Value::Nil);
        }
        let start = all.get(1).map_or(0, to_int);
        let end = all.get(2).map_or(items.len() as i64, to_int);
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let Some(part) = range.and_then(|(start, end)| items.get(start..end)) else {
            return Err("reflect.Value.Slice: slice index out of bounds".into());
        };
        Ok(match &all[0] {
            Value::List(list) => Value::List(List::typed(list.list_type(), part.to_vec())),
            other => Value::Bytes(super::bytes_of(other)[start as usize..end as usize].into()),
        })
    });
}

fn changes(functions: &mut Functions) {
    for name in ["append", "push"] {
        both(functions, name, TWO, |_, pair| {
            let mut items = items(&pair[0], "Cannot push on type")?.into_owned();
            items.push(pair[1].clone());
            Ok(Value::from(items))
        });
    }
    both(functions, "prepend", TWO, |_, pair| {
        let mut items = items(&pair[0], "Cannot prepend on type")?.into_owned();
        items.insert(0, pair[1].clone());
        Ok(Value::from(items))
    });
    functions.register("concat", ALL, |_, all| {
        let mut joined = Vec::new();
        for list in all {
            match items_of(list) {
                Some(items) => joined.extend_from_slice(&items),
                None if list.is_nil() => return Err(NIL_DEREFERENCE.into()),
                None => {
                    return Err(FunctionError::from(format!(
                        "Cannot concat type {} as list",
                        list.kind_name()
                    )));
                }
            }
        }
        Ok(Value::List(if joined.is_empty() { List::nil(ListType::Any) } else { List::new(joined) }))
    });
    both(functions, "reverse", ONE, |_, one| {
        let items = items(&one[0], "Cannot find reverse on type")?;
        Ok(Value::list(items.iter().rev().cloned()))
    });
    both(functions, "compact", ONE, |_, one| {
        let items = items(&one[0], "Cannot compact on type")?;
        Ok(Value::list(items.iter().filter(|item| !is_empty(item)).cloned()))
    });
    both(functions, "uniq", ONE, |state, one| {
        let mut kept: Vec<Value> = Vec::new();
        for item in items(&one[0], "Cannot find uniq on type")?.iter() {
            state.charge(kept.len())?;
            if !kept.iter().any(|other| other.deep_equal(item)) {
                kept.push(item.clone());
            }
        }
        Ok(Value::from(kept))
    });
    both(functions, "without", MORE, |_, all| {
        let items = items(&all[0], "Cannot find without on type")?;
        let omitted = |item: &Value| all[1..].iter().any(|other| other.deep_equal(item));
        Ok(Value::list(items.iter().filter(|item| !omitted(item)).cloned()))
    });
}
