//! Formats one value by a verb with its flags. Neighbor: `printf.rs` reads the format.

use std::fmt::Write;

use super::float::{complex_text, format_float};
use super::quote::{quoted_ascii, quoted_rune};
use super::{MAX_DEPTH, MAX_TEXT, print_go_syntax, printed, quoted, quoted_bytes, unicode_point};
use crate::dates::Named;
use crate::value::Value;

/// A directive of a format.
#[derive(Default, Clone, Copy)]
pub(super) struct Spec {
    pub(super) verb: char,
    pub(super) width: Option<usize>,
    pub(super) precision: Option<usize>,
    pub(super) minus: bool,
    pub(super) plus: bool,
    pub(super) sharp: bool,
    pub(super) space: bool,
    pub(super) zero: bool,
}

impl Spec {
    pub(super) fn is_plain(&self) -> bool {
        self.width.is_none() && self.precision.is_none() && !self.sharp && !self.plus && !self.space
    }

    /// Appends the text, padded to the width.
    pub(super) fn pad(&self, out: &mut String, text: &str) {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        if self.minus {
            out.push_str(text);
            out.extend(std::iter::repeat_n(' ', missing));
        } else {
            out.extend(std::iter::repeat_n(if self.zero { '0' } else { ' ' }, missing));
            out.push_str(text);
        }
    }

    /// Appends a number with its sign; zeros of the padding come behind the sign.
    fn pad_number(&self, out: &mut String, negative: bool, body: &str, zeros: bool) {
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        let length = sign.len() + body.chars().count();
        let missing = self.width.unwrap_or(0).saturating_sub(length);
        if self.zero && !self.minus && zeros {
            out.push_str(sign);
            out.extend(std::iter::repeat_n('0', missing));
            out.push_str(body);
            return;
        }
        if !self.minus {
            out.extend(std::iter::repeat_n(' ', missing));
        }
        out.push_str(sign);
        out.push_str(body);
        if self.minus {
            out.extend(std::iter::repeat_n(' ', missing));
        }
    }
}

pub(super) fn format_value(out: &mut String, spec: &Spec, value: &Value, depth: usize) {
    if depth > MAX_DEPTH || out.len() > MAX_TEXT {
        out.push_str("...");
        return;
    }
    if spec.verb == 'v' && spec.sharp {
        let mut text = String::new();
        print_go_syntax(&mut text, value);
        spec.pad(out, &text);
        return;
    }
    match value {
        Value::Nil if depth > 0 => out.push_str("<nil>"),
        Value::Nil if spec.verb == 'v' => spec.pad(out, "<nil>"),
        Value::Nil => {
            let _ = write!(out, "%!{}(<nil>)", spec.verb);
        }
        Value::Bool(truth) if matches!(spec.verb, 't' | 'v') => {
            spec.pad(out, if *truth { "true" } else { "false" });
        }
        Value::Bool(_) => bad_verb(out, spec, value),
        Value::Int(number) | Value::Int64(number) => {
            format_integer(out, spec, *number < 0, number.unsigned_abs(), value);
        }
        Value::Uint8(number) => format_integer(out, spec, false, u64::from(*number), value),
        Value::Uint64(number) => format_integer(out, spec, false, *number, value),
        Value::Float(number) => format_float_verb(out, spec, *number, value),
        Value::Complex(real, imaginary) => spec.pad(out, &complex_text(*real, *imaginary)),
        Value::String(text) => format_string(out, spec, text.as_bytes(), value),
        Value::Binary(bytes) => format_string(out, spec, bytes, value),
        Value::Bytes(bytes) => match spec.verb {
            's' | 'q' | 'x' | 'X' => format_string(out, spec, bytes, value),
            _ => {
                let numbers = bytes.iter().map(|byte| Value::Uint8(*byte)).collect::<Vec<_>>();
                format_items(out, spec, &numbers, depth);
            }
        },
        Value::List(list) => format_items(out, spec, list, depth),
        Value::Map(map) => {
            out.push_str("map[");
            for (at, (key, item)) in map.entries().into_iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                format_value(out, spec, &Value::String(key), depth + 1);
                out.push(':');
                format_value(out, spec, &item, depth + 1);
            }
            out.push(']');
        }
        Value::Duration(number) if !matches!(spec.verb, 'v' | 's' | 'q' | 'x' | 'X') => {
            format_integer(out, spec, *number < 0, number.unsigned_abs(), value);
        }
        Value::Object(_)
            if !matches!(spec.verb, 'v' | 's' | 'q' | 'x' | 'X') && value.downcast::<Named>().is_some() =>
        {
            let number = value.downcast::<Named>().map_or(0, |named| named.number);
            format_integer(out, spec, number < 0, number.unsigned_abs(), value);
        }
        Value::Time(_) | Value::Duration(_) | Value::Object(_) => {
            let text = printed(value);
            format_string(out, spec, text.as_bytes(), value);
        }
    }
}

fn format_items(out: &mut String, spec: &Spec, items: &[Value], depth: usize) {
    out.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(' ');
        }
        format_value(out, spec, item, depth + 1);
    }
    out.push(']');
}

fn bad_verb(out: &mut String, spec: &Spec, value: &Value) {
    let _ = write!(out, "%!{}({}=", spec.verb, value.type_name());
    // The flags stay in force, but not with the meaning that they have for %v.
    match value {
        Value::Float(number) => format_float_verb(out, &Spec { verb: 'g', ..*spec }, *number, value),
        _ => format_value(out, &Spec { verb: 'v', sharp: false, ..*spec }, value, 0),
    }
    out.push(')');
}

fn format_integer(out: &mut String, spec: &Spec, negative: bool, magnitude: u64, value: &Value) {
    let character = || u32::try_from(magnitude).ok().filter(|_| !negative).and_then(char::from_u32);
    let (digits, prefix) = match spec.verb {
        'v' | 'd' => (magnitude.to_string(), ""),
        'b' => (format!("{magnitude:b}"), if spec.sharp { "0b" } else { "" }),
        'o' => (format!("{magnitude:o}"), if spec.sharp && magnitude > 0 { "0" } else { "" }),
        'O' => (format!("{magnitude:o}"), "0o"),
        'x' => (format!("{magnitude:x}"), if spec.sharp { "0x" } else { "" }),
        'X' => (format!("{magnitude:X}"), if spec.sharp { "0X" } else { "" }),
        'c' => return spec.pad(out, &character().unwrap_or('\u{fffd}').to_string()),
        'q' => return spec.pad(out, &quoted_rune(character().unwrap_or('\u{fffd}'))),
        'U' => {
            let text = match character() {
                Some(c) if spec.sharp => unicode_point(c),
                _ => format!("U+{magnitude:04X}"),
            };
            return spec.pad(out, &text);
        }
        _ => return bad_verb(out, spec, value),
    };
    let zeros = spec.precision.unwrap_or(0).saturating_sub(digits.len());
    let body = match spec.precision {
        Some(0) if magnitude == 0 => String::new(),
        _ => format!("{prefix}{}{digits}", "0".repeat(zeros)),
    };
    spec.pad_number(out, negative, &body, spec.precision.is_none());
}

fn format_float_verb(out: &mut String, spec: &Spec, number: f64, value: &Value) {
    let text = match spec.verb {
        'v' => format_float(number, 'g', spec.precision),
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => format_float(number, spec.verb, spec.precision),
        'x' | 'X' => hexadecimal(number, spec),
        _ => return bad_verb(out, spec, value),
    };
    let text = if spec.sharp && number.is_finite() { pointed(text, spec) } else { text };
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    if number.is_infinite() && !negative && !spec.plus {
        return spec.pad_number(out, false, if spec.space { "Inf" } else { "+Inf" }, false);
    }
    spec.pad_number(out, negative, body, number.is_finite());
}

/// The verbs x and X: hexadecimal digits and a binary exponent, `0x1.8p+01`.
fn hexadecimal(number: f64, spec: &Spec) -> String {
    const FRACTION: u32 = 52;
    if !number.is_finite() {
        return format_float(number, 'g', None);
    }
    let bits = number.to_bits();
    let (mut fraction, mut exponent) =
        (bits & ((1 << FRACTION) - 1), (bits >> FRACTION & 0x7ff) as i64 - 1023);
    let mut whole = u64::from(number != 0.0);
    if number == 0.0 {
        exponent = 0;
    } else if exponent == -1023 {
        // Subnormal: the first bit that is set becomes the whole.
        let shift = fraction.leading_zeros() - (63 - FRACTION);
        fraction = fraction << shift & ((1 << FRACTION) - 1);
        exponent = -1022 - i64::from(shift);
    }
    let mut digits = format!("{fraction:013x}");
    match spec.precision {
        Some(precision @ ..13) => {
            let dropped = 4 * (13 - precision) as u32;
            let all = whole << FRACTION | fraction;
            let (kept, rest, half) = (all >> dropped, all & ((1 << dropped) - 1), 1u64 << (dropped - 1));
            let kept = kept + u64::from(rest > half || (rest == half && kept & 1 == 1));
            whole = kept >> (4 * precision);
            let fraction = kept & ((1u64 << (4 * precision)) - 1);
            digits = if precision == 0 { String::new() } else { format!("{fraction:0precision$x}") };
            if whole == 2 {
                whole = 1;
                exponent += 1;
            }
        }
        Some(precision) => digits.extend(std::iter::repeat_n('0', precision - 13)),
        None => digits.truncate(digits.trim_end_matches('0').len()),
    }
    let (sign, point) =
        (if number.is_sign_negative() { "-" } else { "" }, if digits.is_empty() { "" } else { "." });
    let direction = if exponent < 0 { '-' } else { '+' };
    let text = format!("{sign}0x{whole}{point}{digits}p{direction}{:02}", exponent.unsigned_abs());
    if spec.verb == 'X' { text.to_uppercase() } else { text }
}

/// The flag `#`: always a decimal point, and for the verb g all the zeros up to the precision.
fn pointed(text: String, spec: &Spec) -> String {
    let general = matches!(spec.verb, 'v' | 'g' | 'G');
    let wanted = if general { spec.precision.unwrap_or(6) } else { 0 };
    let (number, exponent) = match text.find(['e', 'E']) {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    let digits = number.trim_start_matches('-');
    let significant = digits.bytes().filter(u8::is_ascii_digit).skip_while(|digit| *digit == b'0').count();
    let mut missing = wanted.saturating_sub(significant);
    let mut out = number.to_owned();
    if !digits.contains('.') {
        if digits == "0" {
            missing = missing.saturating_sub(1);
        }
        out.push('.');
    }
    out.extend(std::iter::repeat_n('0', missing));
    out.push_str(exponent);
    out
}

fn format_string(out: &mut String, spec: &Spec, bytes: &[u8], value: &Value) {
    let text = String::from_utf8_lossy(bytes);
    let cut: &str = match spec.precision {
        Some(precision) => text.char_indices().nth(precision).map_or(&*text, |(at, _)| &text[..at]),
        None => &text,
    };
    match spec.verb {
        'v' | 's' => spec.pad(out, cut),
        'q' if spec.sharp && !cut.contains(['`', '\n', '\r']) => spec.pad(out, &format!("`{cut}`")),
        'q' if spec.plus => spec.pad(out, &quoted_ascii(cut)),
        'q' if std::str::from_utf8(bytes).is_err() => spec.pad(out, &quoted_bytes(bytes)),
        'q' => spec.pad(out, &quoted(cut)),
        'x' | 'X' => {
            let bytes = &bytes[..spec.precision.unwrap_or(bytes.len()).min(bytes.len())];
            let mut hexadecimal = String::with_capacity(2 * bytes.len());
            for (at, byte) in bytes.iter().enumerate() {
                if at > 0 && spec.space {
                    hexadecimal.push(' ');
                }
                if spec.sharp && (at == 0 || spec.space) {
                    hexadecimal.push_str(if spec.verb == 'x' { "0x" } else { "0X" });
                }
                let _ = if spec.verb == 'x' {
                    write!(hexadecimal, "{byte:02x}")
                } else {
                    write!(hexadecimal, "{byte:02X}")
                };
            }
            spec.pad(out, &hexadecimal);
        }
        _ => bad_verb(out, spec, value),
    }
}
