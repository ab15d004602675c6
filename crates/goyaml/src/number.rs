//! Go's texts for floating point numbers: `%g` with the shortest digits, and encoding/json's form.

/// The shortest decimal digits that read back as `value`, and the decimal exponent of the first one.
fn shortest(text: &str) -> (bool, String, i32) {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    (negative, digits, exponent.parse().unwrap_or(0))
}

fn with_exponent(negative: bool, digits: &str, exponent: i32, least_exponent_digits: usize) -> String {
    let mut out = String::from(if negative { "-" } else { "" });
    let (first, rest) = digits.split_at(1);
    out.push_str(first);
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    out.push_str(if exponent < 0 { "e-" } else { "e+" });
    let magnitude = exponent.unsigned_abs().to_string();
    if magnitude.len() < least_exponent_digits {
        out.push('0');
    }
    out.push_str(&magnitude);
    out
}

fn without_exponent(negative: bool, digits: &str, exponent: i32) -> String {
    let mut out = String::from(if negative { "-" } else { "" });
    if exponent < 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', usize::try_from(-exponent - 1).unwrap_or(0)));
        out.push_str(digits);
        return out;
    }
    let whole = usize::try_from(exponent).unwrap_or(0) + 1;
    if digits.len() <= whole {
        out.push_str(digits);
        out.extend(std::iter::repeat_n('0', whole - digits.len()));
    } else {
        out.push_str(&digits[..whole]);
        out.push('.');
        out.push_str(&digits[whole..]);
    }
    out
}

fn general(text: &str) -> String {
    let (negative, digits, exponent) = shortest(text);
    if digits.bytes().all(|b| b == b'0') {
        return if negative { "-0".into() } else { "0".into() };
    }
    if !(-4..6).contains(&exponent) {
        return with_exponent(negative, &digits, exponent, 2);
    }
    without_exponent(negative, &digits, exponent)
}

/// `strconv.FormatFloat(value, 'g', -1, 64)` with YAML's names for what is not a number: `1e+06`, `0.5`, `.inf`.
pub fn format_general(value: f64) -> String {
    if value.is_nan() {
        ".nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { ".inf".into() } else { "-.inf".into() }
    } else {
        general(&format!("{value:e}"))
    }
}

/// The same for a number of single precision.
pub(crate) fn format_general_single(value: f32) -> String {
    if value.is_finite() { general(&format!("{value:e}")) } else { format_general(f64::from(value)) }
}

/// encoding/json's text: no exponent from 1e-6 up to 1e21. `None` for what JSON has no number for.
pub fn format_json(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let (negative, digits, exponent) = shortest(&format!("{value:e}"));
    if digits.bytes().all(|b| b == b'0') {
        return Some(if negative { "-0".into() } else { "0".into() });
    }
    let magnitude = value.abs();
    if (1e-6..1e21).contains(&magnitude) {
        return Some(without_exponent(negative, &digits, exponent));
    }
    Some(with_exponent(negative, &digits, exponent, 1))
}
