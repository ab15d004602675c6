//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`: Go's comparison of basic kinds.

use std::cmp::Ordering;

use super::{FunctionError, FunctionResult, Functions, Signature};
use crate::dates::Named;
use crate::print::{printed, printf};
use crate::value::{Type, Value};

enum Basic<'v> {
    Bool(bool),
    Complex(f64, f64),
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(&'v [u8]),
}

fn basic(value: &Value) -> Option<Basic<'_>> {
    Some(match value {
        Value::Bool(truth) => Basic::Bool(*truth),
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => Basic::Int(*number),
        Value::Uint8(number) => Basic::Uint(u64::from(*number)),
        Value::Uint64(number) => Basic::Uint(*number),
        Value::Float(number) => Basic::Float(*number),
        Value::Complex(real, imaginary) => Basic::Complex(*real, *imaginary),
        Value::String(text) => Basic::Text(text.as_bytes()),
        Value::Binary(bytes) => Basic::Text(bytes),
        Value::Object(_) => Basic::Int(value.downcast::<Named>()?.number),
        _ => return None,
    })
}

fn signed_unsigned(signed: i64, unsigned: u64) -> Ordering {
    u64::try_from(signed).map_or(Ordering::Less, |signed| signed.cmp(&unsigned))
}

fn incompatible(left: &Value, right: &Value) -> FunctionError {
    let (left, right) = (left.type_name(), right.type_name());
    FunctionError::from(format!("incompatible types for comparison: {left} and {right}"))
}

fn equal(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    match (basic(left), basic(right)) {
        (Some(Basic::Bool(a)), Some(Basic::Bool(b))) => Ok(a == b),
        (Some(Basic::Complex(a, b)), Some(Basic::Complex(c, d))) => Ok(a == c && b == d),
        (Some(Basic::Int(a)), Some(Basic::Int(b))) => Ok(a == b),
        (Some(Basic::Uint(a)), Some(Basic::Uint(b))) => Ok(a == b),
        (Some(Basic::Float(a)), Some(Basic::Float(b))) => Ok(a == b),
        (Some(Basic::Text(a)), Some(Basic::Text(b))) => Ok(a == b),
        (Some(Basic::Int(a)), Some(Basic::Uint(b))) | (Some(Basic::Uint(b)), Some(Basic::Int(a))) => {
            Ok(signed_unsigned(a, b) == Ordering::Equal)
        }
        (None, None) => equal_composite(left, right),
        _ if left.is_nil() || right.is_nil() => Ok(false),
        _ => Err(incompatible(left, right)),
    }
}

/// The value as the verb `%s` shows it, which is what Go's messages use.
fn as_text(value: &Value) -> String {
    printf("%s", std::slice::from_ref(value))
}

fn equal_composite(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    let nil = |value: &Value| match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        _ => false,
    };
    let (left_kind, right_kind) = (left.kind_name(), right.kind_name());
    if left_kind != right_kind && !left.is_nil() && !right.is_nil() {
        let (left_type, right_type) = (left.type_name(), right.type_name());
        let (left, right) = (as_text(left), printed(right));
        // Go prints the last two in this order.
        let message = format!("non-comparable types {left}: {left_type}, {right_type}: {right}");
        return Err(FunctionError::from(message));
    }
    if nil(left) || nil(right) {
        return Ok(nil(left) == nil(right));
    }
    match right {
        Value::List(_) | Value::Map(_) | Value::Bytes(_) => {
            Err(FunctionError::from(format!("non-comparable type {}: {}", as_text(right), right.type_name())))
        }
        _ => Ok(left.deep_equal(right)),
    }
}

fn less(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    let invalid = || FunctionError::from("invalid type for comparison");
    match (basic(left).ok_or_else(invalid)?, basic(right).ok_or_else(invalid)?) {
        (Basic::Bool(_), Basic::Bool(_)) | (Basic::Complex(..), Basic::Complex(..)) => Err(invalid()),
        (Basic::Int(a), Basic::Int(b)) => Ok(a < b),
        (Basic::Uint(a), Basic::Uint(b)) => Ok(a < b),
        (Basic::Float(a), Basic::Float(b)) => Ok(a < b),
        (Basic::Text(a), Basic::Text(b)) => Ok(a < b),
        (Basic::Int(a), Basic::Uint(b)) => Ok(signed_unsigned(a, b) == Ordering::Less),
        (Basic::Uint(a), Basic::Int(b)) => Ok(signed_unsigned(b, a) == Ordering::Greater),
        _ => Err(incompatible(left, right)),
    }
}

fn less_or_equal(left: &Value, right: &Value) -> Result<bool, FunctionError> {
    Ok(less(left, right)? || equal(left, right)?)
}

fn eq(arguments: &[Value]) -> FunctionResult {
    let Some((first, others)) = arguments.split_first().filter(|(_, others)| !others.is_empty()) else {
        return Err("missing argument for comparison".into());
    };
    for other in others {
        if equal(first, other)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

pub(super) fn register(functions: &mut Functions) {
    const TWO: Signature = Signature::fixed(&[Type::Any, Type::Any]);
    functions.register("eq", Signature::variadic(&[Type::Any], Type::Any), |_, arguments| eq(arguments));
    functions.register("ne", TWO, |_, pair| Ok(Value::Bool(!equal(&pair[0], &pair[1])?)));
    functions.register("lt", TWO, |_, pair| Ok(Value::Bool(less(&pair[0], &pair[1])?)));
    functions.register("le", TWO, |_, pair| Ok(Value::Bool(less_or_equal(&pair[0], &pair[1])?)));
    functions.register("gt", TWO, |_, pair| Ok(Value::Bool(!less_or_equal(&pair[0], &pair[1])?)));
    functions.register("ge", TWO, |_, pair| Ok(Value::Bool(!less(&pair[0], &pair[1])?)));
}
