//! Floats in Go's forms. Rust and Go agree on the shortest digits; the layouts around them differ.

/// The shortest digits and the decimal exponent of the first one: 1234.5 is "12345" and 3.
fn shortest(number: f64) -> (String, i32) {
    split(&format!("{number:e}"))
}

fn split(scientific: &str) -> (String, i32) {
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    (mantissa.replace('.', ""), exponent.parse().unwrap_or(0))
}

fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number.is_infinite() {
        Some(if number > 0.0 { "+Inf" } else { "-Inf" })
    } else {
        None
    }
}

fn scientific(digits: &str, exponent: i32, letter: char) -> String {
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{first}{point}{rest}{letter}{sign}{:02}", exponent.abs())
}

fn positional(digits: &str, exponent: i32) -> String {
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("0.{zeros}{digits}");
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        let zeros = "0".repeat(whole - digits.len());
        return format!("{digits}{zeros}");
    }
    format!("{}.{}", &digits[..whole], &digits[whole..])
}

fn shortest_with(number: f64, low: i32, high: i32) -> String {
    if let Some(text) = special(number) {
        return text.to_owned();
    }
    let (digits, exponent) = shortest(number.abs());
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let body = if exponent < low || exponent >= high {
        scientific(&digits, exponent, 'e')
    } else {
        positional(&digits, exponent)
    };
    format!("{sign}{body}")
}

/// The `%v` form: shortest digits, exponent notation below 1e-4 and from 1e6.
pub(crate) fn float_text(number: f64) -> String {
    // Whole numbers below a million are by far the most common and print as integers.
    if number.fract() == 0.0 && number.abs() < 1e6 && (number != 0.0 || number.is_sign_positive()) {
        return (number as i64).to_string();
    }
    shortest_with(number, -4, 6)
}

pub(super) fn go_syntax_float(number: f64) -> String {
    shortest_with(number, -4, 6)
}

/// The form in JSON, or `None` for what JSON can't say.
pub(crate) fn json_float(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let text = shortest_with(number, -6, 21);
    // JSON from Go writes e-7 where fmt writes e-07.
    Some(text.replace("e-0", "e-"))
}

/// A complex number's `%v` form.
pub(super) fn complex_text(real: f64, imaginary: f64) -> String {
    let imaginary = float_text(imaginary);
    let sign = if imaginary.starts_with(['+', '-']) { "" } else { "+" };
    format!("({}{sign}{imaginary}i)", float_text(real))
}

/// The verbs e, E, f, F, g, G; without a precision, g takes the shortest digits and the others six.
pub(super) fn format_float(number: f64, verb: char, precision: Option<usize>) -> String {
    if let Some(text) = special(number) {
        return text.to_owned();
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    let magnitude = number.abs();
    let lower = verb.to_ascii_lowercase();
    let letter = if verb.is_ascii_uppercase() { 'E' } else { 'e' };
    let body = match lower {
        'e' => {
            let (digits, exponent) = split(&format!("{magnitude:.*e}", precision.unwrap_or(6)));
            scientific(&digits, exponent, letter)
        }
        'f' => format!("{magnitude:.*}", precision.unwrap_or(6)),
        _ => {
            let (digits, exponent, limit) = match precision {
                None => {
                    let (digits, exponent) = shortest(magnitude);
                    (digits, exponent, 6)
                }
                Some(precision) => {
                    let precision = precision.max(1);
                    let (digits, exponent) = split(&format!("{magnitude:.*e}", precision - 1));
                    let digits = match digits.trim_end_matches('0') {
                        "" => "0".to_owned(),
                        trimmed => trimmed.to_owned(),
                    };
                    (digits, exponent, i32::try_from(precision).unwrap_or(i32::MAX))
                }
            };
            if exponent < -4 || exponent >= limit {
                scientific(&digits, exponent, letter)
            } else {
                positional(&digits, exponent)
            }
        }
    };
    format!("{sign}{body}")
}
