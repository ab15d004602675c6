//! Helm 4's functions about lengths of time.

use gotmpl::{FunctionError, FunctionResult, Functions, Signature, Type, Value};

use super::{ANY, first};

const SECOND: i64 = 1_000_000_000;

fn of_seconds(seconds: i64) -> Result<i64, String> {
    seconds.checked_mul(SECOND).ok_or_else(|| format!("duration seconds overflow: {seconds}"))
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "checked against the range first"
)]
fn of_float_seconds(seconds: f64) -> Result<i64, String> {
    if !seconds.is_finite() {
        return Err(format!("invalid duration seconds: {}", Value::Float(seconds)));
    }
    let nanoseconds = seconds * SECOND as f64;
    if nanoseconds.abs() >= i64::MAX as f64 {
        return Err(format!("duration seconds overflow: {}", Value::Float(seconds)));
    }
    Ok(nanoseconds as i64)
}

/// Durations themselves, Go's texts for them, and numbers of seconds.
fn duration_of(value: &Value) -> Result<i64, String> {
    match value {
        Value::Duration(nanoseconds) => Ok(*nanoseconds),
        Value::Int(seconds) | Value::Int64(seconds) => of_seconds(*seconds),
        Value::Uint8(seconds) => of_seconds(i64::from(*seconds)),
        Value::Uint64(seconds) => i64::try_from(*seconds)
            .map_err(|_| format!("duration seconds overflow: {seconds}"))
            .and_then(of_seconds),
        Value::Float(seconds) => of_float_seconds(*seconds),
        Value::String(given) => {
            let text = given.trim();
            if text.is_empty() {
                return Err("empty duration".into());
            }
            if let Ok(nanoseconds) = gotmpl::parse_duration(text) {
                return Ok(nanoseconds);
            }
            match text.parse::<f64>() {
                Ok(seconds) => of_float_seconds(seconds),
                Err(_) => Err(format!("could not parse duration {given:?}")),
            }
        }
        Value::Nil => Err("invalid duration".into()),
        other => Err(format!("unsupported duration type {}", other.type_name())),
    }
}

/// The whole and the rest are divided apart, as Go does, to lose nothing.
#[expect(clippy::cast_precision_loss, reason = "a duration in units is a float")]
fn in_units(nanoseconds: i64, unit: i64) -> f64 {
    (nanoseconds / unit) as f64 + (nanoseconds % unit) as f64 / unit as f64
}

fn truncated(nanoseconds: i64, multiple: i64) -> i64 {
    if multiple <= 0 { nanoseconds } else { nanoseconds - nanoseconds % multiple }
}

/// To the nearest multiple, halves away from zero.
fn rounded(nanoseconds: i64, multiple: i64) -> i64 {
    if multiple <= 0 {
        return nanoseconds;
    }
    let rest = nanoseconds % multiple;
    let lower = nanoseconds - rest;
    if rest.unsigned_abs() * 2 < multiple.unsigned_abs() {
        return lower;
    }
    if nanoseconds < 0 { lower.saturating_sub(multiple) } else { lower.saturating_add(multiple) }
}

fn to_multiple(arguments: &[Value], round: fn(i64, i64) -> i64) -> FunctionResult {
    let Ok(duration) = duration_of(first(arguments)) else { return Ok(Value::Duration(0)) };
    let multiple = arguments.get(1).map(duration_of);
    Ok(Value::Duration(match multiple {
        Some(Ok(multiple)) => round(duration, multiple),
        _ => duration,
    }))
}

pub(super) fn register(functions: &mut Functions) {
    functions.register("mustToDuration", ANY, |_, arguments| {
        duration_of(first(arguments)).map(Value::Duration).map_err(FunctionError::from)
    });
    const HOUR: i64 = 3600 * SECOND;
    // Divided one by one, as Helm does: the last digit depends on it.
    for (name, unit, divisors) in [
        ("durationSeconds", SECOND, [1.0, 1.0]),
        ("durationMinutes", 60 * SECOND, [1.0, 1.0]),
        ("durationHours", HOUR, [1.0, 1.0]),
        ("durationDays", HOUR, [24.0, 1.0]),
        ("durationWeeks", HOUR, [24.0, 7.0]),
    ] {
        functions.register(name, ANY, move |_, arguments| {
            let duration = duration_of(first(arguments)).map_or(0.0, |duration| in_units(duration, unit));
            Ok(Value::Float(duration / divisors[0] / divisors[1]))
        });
    }
    for (name, unit) in
        [("durationMilliseconds", 1_000_000), ("durationMicroseconds", 1_000), ("durationNanoseconds", 1)]
    {
        functions.register(name, ANY, move |_, arguments| {
            Ok(Value::Int64(duration_of(first(arguments)).map_or(0, |duration| duration / unit)))
        });
    }
    let two = || Signature::fixed(&[Type::Any, Type::Any]);
    functions.register("durationRoundTo", two(), |_, arguments| to_multiple(arguments, rounded));
    functions.register("durationTruncateTo", two(), |_, arguments| to_multiple(arguments, truncated));
}
