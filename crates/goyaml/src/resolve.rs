//! What a scalar's text means under YAML 1.1 as go-yaml reads it. [`crate::decode`] asks when reading,
//! [`crate::emit`] to know what needs quotes.

use crate::timestamp::is_timestamp;

/// The meaning of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// `~`, `null` or nothing.
    Null,
    /// `true`, `yes`, `on`, `y` and their opposites.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond [`i64::MAX`].
    Uint(u64),
    /// A number with a fraction or an exponent, or one too large for the others.
    Float(f64),
    /// A date, which stays text.
    Timestamp,
    /// Text.
    Text,
}

const PREFIX: &str = "tag:yaml.org,2002:";

/// The meaning of an untagged plain scalar.
pub fn resolve(text: &str) -> Scalar {
    resolve_hinted(text, true)
}

fn resolve_hinted(text: &str, timestamps: bool) -> Scalar {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes().first() {
        Some(b'.') => float(text).map_or(Scalar::Text, Scalar::Float),
        Some(b'0'..=b'9' | b'+' | b'-') => {
            if timestamps && is_timestamp(text) {
                return Scalar::Timestamp;
            }
            let plain = text.replace('_', "");
            integer(&plain).or_else(|| float(&plain).map(Scalar::Float)).unwrap_or(Scalar::Text)
        }
        _ => Scalar::Text,
    }
}

/// Go's base-0 integers: decimal, `0x`, `0o`, `0b`, and a leading zero for octal.
fn integer(text: &str) -> Option<Scalar> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, &text[1..]),
        b'+' => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || !digits.bytes().all(|b| char::from(b).is_digit(base)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, base).ok()?;
    if negative {
        let value = i128::from(magnitude).checked_neg()?;
        return i64::try_from(value).ok().map(Scalar::Int);
    }
    match i64::try_from(magnitude) {
        Ok(value) => Some(Scalar::Int(value)),
        // An unsigned number has no sign.
        Err(_) if signed => None,
        Err(_) => Some(Scalar::Uint(magnitude)),
    }
}

/// A decimal number: digits with an optional fraction and exponent, within the range of a double.
fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let some = !(whole.is_empty() && fraction.is_empty());
    if !some
        || !all_digits(whole)
        || !all_digits(fraction)
        || exponent.is_some_and(|e| e.is_empty() || !all_digits(e))
    {
        return None;
    }
    text.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// The meaning of a scalar with a tag, or what is wrong with it.
pub(crate) fn resolve_tagged(tag: &str, text: &str) -> Result<Scalar, String> {
    let Some(short) = tag.strip_prefix(PREFIX) else { return Ok(Scalar::Text) };
    let found = match short {
        "str" => return Ok(Scalar::Text),
        "timestamp" => resolve_hinted(text, true),
        "bool" | "int" | "float" | "null" => resolve_hinted(text, false),
        _ => return Ok(Scalar::Text),
    };
    #[expect(clippy::cast_precision_loss, reason = "that is what reading an integer as a float does")]
    let (name, found) = match found {
        Scalar::Int(value) if short == "float" => ("float", Scalar::Float(value as f64)),
        Scalar::Null => ("null", found),
        Scalar::Bool(_) => ("bool", found),
        Scalar::Int(_) | Scalar::Uint(_) => ("int", found),
        Scalar::Float(_) => ("float", found),
        Scalar::Timestamp => ("timestamp", found),
        Scalar::Text => ("str", found),
    };
    if name == short { Ok(found) } else { Err(format!("cannot decode !!{name} `{text}` as a !!{short}")) }
}
