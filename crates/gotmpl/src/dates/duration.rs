//! Durations in Go's text form, such as `1h30m5.5s`.

use std::fmt::Write;

use crate::print::quoted;

/// Why a text is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not the form of a duration, or too long.
    #[error("time: invalid duration {}", quoted(.0))]
    Invalid(String),
    /// A number without a unit.
    #[error("time: missing unit in duration {}", quoted(.0))]
    MissingUnit(String),
    /// Not a unit.
    #[error("time: unknown unit {} in duration {}", quoted(.0), quoted(.1))]
    UnknownUnit(String, String),
}

const SECOND: u64 = 1_000_000_000;

/// The nanoseconds of a duration's text.
///
/// # Errors
/// The text is no duration.
pub fn parse_duration(text: &str) -> Result<i64, DurationError> {
    let invalid = || DurationError::Invalid(text.to_owned());
    let (negative, mut rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let whole = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (whole_digits, mut after) = rest.split_at(whole);
        let mut fraction = "";
        if let Some(behind) = after.strip_prefix('.') {
            let digits = behind.bytes().take_while(u8::is_ascii_digit).count();
            (fraction, after) = behind.split_at(digits);
        }
        if whole_digits.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit_name, behind) = after.split_at(end);
        let unit = match unit_name {
            "" => return Err(DurationError::MissingUnit(text.to_owned())),
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => SECOND,
            "m" => 60 * SECOND,
            "h" => 3_600 * SECOND,
            other => return Err(DurationError::UnknownUnit(other.to_owned(), text.to_owned())),
        };
        let amount: u64 =
            if whole_digits.is_empty() { 0 } else { whole_digits.parse().map_err(|_| invalid())? };
        let decimals: String = fraction.chars().take(18).collect();
        let part = match decimals.parse::<u64>() {
            Ok(number) => (number as f64 * (unit as f64 / 10f64.powi(decimals.len() as i32))) as u64,
            Err(_) => 0,
        };
        let sum = amount
            .checked_mul(unit)
            .and_then(|all| all.checked_add(part))
            .and_then(|all| total.checked_add(all));
        total = sum.filter(|total| *total <= 1 << 63).ok_or_else(invalid)?;
        rest = behind;
    }
    if negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

/// Go's text of a duration.
#[must_use]
pub fn duration_text(nanoseconds: i64) -> String {
    let total = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    if total < SECOND {
        return match total {
            0 => "0s".to_owned(),
            1..1_000 => format!("{sign}{total}ns"),
            1_000..1_000_000 => format!("{sign}{}µs", decimal(total, 1_000)),
            _ => format!("{sign}{}ms", decimal(total, 1_000_000)),
        };
    }
    let mut out = String::from(sign);
    let minutes = total / (60 * SECOND);
    if minutes >= 60 {
        let _ = write!(out, "{}h", minutes / 60);
    }
    if minutes > 0 {
        let _ = write!(out, "{}m", minutes % 60);
    }
    out.push_str(&decimal(total % (60 * SECOND), SECOND));
    out.push('s');
    out
}

fn decimal(amount: u64, unit: u64) -> String {
    let fraction = amount % unit;
    let mut text = (amount / unit).to_string();
    if fraction > 0 {
        let width = unit.ilog10() as usize;
        let digits = format!("{fraction:0width$}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
    text
}
