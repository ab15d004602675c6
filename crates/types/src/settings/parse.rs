//! How single settings are read: the several styles of booleans, durations with days, lists.

use std::time::Duration;

/// Only the exact text `true` is on (style A of the settings).
pub fn is_true(text: Option<&str>) -> bool {
    text == Some("true")
}

/// Everything but the exact text `false` is on (style B).
pub fn is_not_false(text: Option<&str>) -> bool {
    text != Some("false")
}

/// Go's `strconv.ParseBool`; `None` for any other text (style C).
pub fn strict_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// A comma-separated list, trimmed, without empty items.
pub fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A duration as Go writes it (`1h30m`, `1.5s`, `100ms`), or whole days (`7d`). Negative ones are refused.
pub fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest.is_empty() {
        return None;
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_length =
            rest.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(rest.len());
        let seconds = match &rest[..unit_length] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = &rest[unit_length..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_in_go_with_days() {
        for (text, seconds) in [
            ("0", Some(0.0)),
            ("180s", Some(180.0)),
            ("1h30m", Some(5400.0)),
            ("1.5s", Some(1.5)),
            ("2d", Some(172_800.0)),
            ("1d12h", Some(129_600.0)),
            ("250ms", Some(0.25)),
            ("", None),
            ("12", None),
            ("s", None),
            ("-1s", None),
            ("1x", None),
            ("1..5s", None),
        ] {
            assert_eq!(duration(text).map(|duration| duration.as_secs_f64()), seconds, "{text:?}");
        }
    }

    #[test]
    fn booleans_have_three_styles() {
        assert!(is_true(Some("true")) && !is_true(Some("True")) && !is_true(None));
        assert!(is_not_false(None) && is_not_false(Some("no")) && !is_not_false(Some("false")));
        assert_eq!(strict_bool("T"), Some(true));
        assert_eq!(strict_bool("yes"), None);
    }
}
