//! sprig's conversions between kinds: numbers from anything, text from anything. What can't be converted is zero.

use super::text_of;
use crate::dates::Named;
use crate::parse::number::{parse_float, parse_integer, to_signed};
use crate::print::printed;
use crate::value::Value;

/// The integer of a value: text by Go's integer literals, floats truncated, booleans 1 and 0.
pub(crate) fn to_int(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Uint8(number) => i64::from(*number),
        Value::Uint64(number) => *number as i64,
        Value::Float(number) => float_to_int(*number),
        Value::Bool(truth) => i64::from(*truth),
        Value::String(text) => parse_integer(without_zero_decimals(text)).and_then(to_signed).unwrap_or(0),
        Value::Object(object) => object.as_any().downcast_ref::<Named>().map_or(0, |named| named.number),
        _ => 0,
    }
}

/// As the processor does it for Go: what doesn't fit becomes the smallest integer.
pub(crate) fn float_to_int(number: f64) -> i64 {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&number) { number as i64 } else { i64::MIN }
}

/// `12.00` counts as the integer 12; `12.50` doesn't.
fn without_zero_decimals(text: &str) -> &str {
    match text.trim_end_matches('0').strip_suffix('.') {
        Some(whole) if text.ends_with('0') => whole,
        _ => text,
    }
}

/// The float of a value.
pub(crate) fn to_float(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Uint8(number) => f64::from(*number),
        Value::Uint64(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::String(text) => parse_float(text).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// The text of a value: strings and bytes as they are, the rest as printed.
pub(crate) fn to_text(value: &Value) -> String {
    match value {
        Value::String(_) | Value::Binary(_) | Value::Bytes(_) => text_of(value).into_owned(),
        _ => printed(value),
    }
}

/// sprig's `empty`: like a false condition, except that pointers to structs and structs are never empty.
pub(crate) fn is_empty(value: &Value) -> bool {
    !value.truth()
}
