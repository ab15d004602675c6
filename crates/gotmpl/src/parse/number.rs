//! Number and character literals, by Go's rules for untyped constants.

use super::ast::Number;
use super::unquote::unquote_char;
use crate::print::quoted;

/// Reads an integer as Go's strconv does with base 0: prefixes, leading zero octal, underscores between digits.
pub(crate) fn parse_integer(text: &str) -> Option<(bool, u64)> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = rest.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits, prefixed) = match lower.as_deref() {
        Some("0x") => (16, &rest[2..], true),
        Some("0o") => (8, &rest[2..], true),
        Some("0b") => (2, &rest[2..], true),
        _ if rest.len() > 1 && rest.starts_with('0') => (8, &rest[1..], true),
        _ => (10, rest, false),
    };
    if !underscores_fit(digits, prefixed) {
        return None;
    }
    let digits = digits.replace('_', "");
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    u64::from_str_radix(&digits, radix).ok().map(|number| (negative, number))
}

/// Underscores may stand only between digits, or between the prefix and the first digit.
fn underscores_fit(digits: &str, prefixed: bool) -> bool {
    let digits = if prefixed { digits.strip_prefix('_').unwrap_or(digits) } else { digits };
    !digits.starts_with('_') && !digits.ends_with('_') && !digits.contains("__")
}

/// The integer as a signed one, if it fits.
pub(crate) fn to_signed((negative, number): (bool, u64)) -> Option<i64> {
    if negative { 0i64.checked_sub_unsigned(number) } else { i64::try_from(number).ok() }
}

/// Reads a float as Go's strconv does: decimal or hexadecimal mantissa, `inf` and `nan`; underscores only as in literals.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.get(..2).is_some_and(|prefix| prefix.eq_ignore_ascii_case("0x")) {
        let magnitude = parse_hex_float(&unsigned[2..])?;
        return Some(if text.starts_with('-') { -magnitude } else { magnitude });
    }
    if text.contains('_') {
        let bytes = text.as_bytes();
        let digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
        let fits = |at: usize| bytes[at] != b'_' || (digit(at.checked_sub(1)) && digit(Some(at + 1)));
        return if (0..bytes.len()).all(fits) { parse_float(&text.replace('_', "")) } else { None };
    }
    match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" | "nan" => return text.parse().ok(),
        _ => {}
    }
    if !unsigned.bytes().next().is_some_and(|first| first.is_ascii_digit() || first == b'.') {
        return None;
    }
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

fn parse_hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}").replace('_', "");
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let mantissa = u128::from_str_radix(&digits, 16).ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    // Mantissas of more than 53 bits are rounded twice at worst; no literal in use has one.
    Some(mantissa as f64 * 2f64.powi(shift))
}

pub(super) fn character(text: &str) -> Result<Number, String> {
    let malformed = || format!("malformed character constant: {text}");
    let (point, used) = unquote_char(&text[1..], '\'').ok_or("invalid syntax")?;
    if &text[1 + used..] != "'" {
        return Err(malformed());
    }
    let point = i64::from(point);
    Ok(Number {
        text: text.into(),
        int: Some(point),
        uint: u64::try_from(point).ok(),
        float: Some(point as f64),
        ..Number::default()
    })
}

pub(super) fn complex(text: &str) -> Result<Number, String> {
    let bad = || format!("bad number syntax: {}", quoted(text));
    let body = text.strip_suffix('i').ok_or_else(bad)?;
    let split = body
        .char_indices()
        .skip(1)
        .filter(|(at, c)| matches!(c, '+' | '-') && !body[..*at].ends_with(['e', 'E', 'p', 'P']))
        .map(|(at, _)| at)
        .last()
        .ok_or_else(bad)?;
    let real = parse_float(&body[..split]).ok_or_else(bad)?;
    let imaginary = parse_float(&body[split..]).ok_or_else(bad)?;
    Ok(simplify(text, real, imaginary))
}

fn simplify(text: &str, real: f64, imaginary: f64) -> Number {
    let mut number = Number { text: text.into(), complex: Some((real, imaginary)), ..Number::default() };
    if imaginary == 0.0 {
        number.float = Some(real);
        number.int = (real as i64 as f64 == real).then_some(real as i64);
        number.uint = (real as u64 as f64 == real).then_some(real as u64);
    }
    number
}

pub(super) fn number(text: &str) -> Result<Number, String> {
    if let Some(imaginary) = text.strip_suffix('i').and_then(parse_float) {
        return Ok(simplify(text, 0.0, imaginary));
    }
    let mut number = Number { text: text.into(), ..Number::default() };
    if let Some(integer) = parse_integer(text) {
        number.int = to_signed(integer);
        let plain = !text.starts_with(['+', '-']);
        number.uint = (plain || integer.1 == 0).then_some(integer.1);
    }
    if let Some(int) = number.int {
        number.float = Some(int as f64);
    } else if let Some(uint) = number.uint {
        number.float = Some(uint as f64);
    } else if let Some(float) = parse_float(text) {
        if !text.contains(['.', 'e', 'E', 'p', 'P']) {
            return Err(format!("integer overflow: {}", quoted(text)));
        }
        number.float = Some(float);
        number.int = (float as i64 as f64 == float).then_some(float as i64);
        number.uint = (float as u64 as f64 == float).then_some(float as u64);
    }
    if number.float.is_none() {
        return Err(format!("illegal number syntax: {}", quoted(text)));
    }
    Ok(number)
}
