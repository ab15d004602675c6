//! [`Duration`]: Go's duration text (`1h30m0s`), which `metav1.Duration` fields and Argo CD's settings use.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A signed length of time in nanoseconds, written and read as Go does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Duration {
    nanoseconds: i64,
}

const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

impl Duration {
    /// From nanoseconds.
    pub fn from_nanoseconds(nanoseconds: i64) -> Self {
        Duration { nanoseconds }
    }

    /// From whole seconds; saturates at about 292 years.
    pub fn from_seconds(seconds: i64) -> Self {
        Duration { nanoseconds: seconds.saturating_mul(1_000_000_000) }
    }

    /// In nanoseconds.
    pub fn nanoseconds(self) -> i64 {
        self.nanoseconds
    }

    /// In seconds, with a fraction.
    pub fn seconds(self) -> f64 {
        self.nanoseconds as f64 / 1e9
    }

    /// As the standard library's duration; negative lengths become zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(u64::try_from(self.nanoseconds).unwrap_or_default())
    }

    /// Reads Go's syntax: a sign, then decimal numbers each with a unit (`ns us ms s m h`); a bare `0` is allowed.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fail = |reason| Error::Duration { text: text.to_owned(), reason };
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Duration::default());
        }
        if rest.is_empty() {
            return Err(fail("it is empty"));
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (number, after) = rest.split_at(number_end);
            let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
            let (unit, after) = after.split_at(unit_end);
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
                return Err(fail("a number is missing"));
            }
            if unit.is_empty() {
                return Err(fail("a unit is missing"));
            }
            let scale = UNITS
                .iter()
                .find(|(name, _)| *name == unit)
                .map(|(_, scale)| i128::from(*scale))
                .ok_or_else(|| fail("the unit is unknown"))?;
            let whole: i128 = if whole.is_empty() {
                0
            } else {
                parse_digits(whole).ok_or_else(|| fail("it is too long"))?
            };
            // Digits beyond what a nanosecond can show do not count.
            let fraction = &fraction[..fraction.len().min(18)];
            let fraction_value = parse_digits(fraction).unwrap_or_default();
            let fraction_scale = 10_i128.pow(fraction.len() as u32);
            total += whole * scale + fraction_value * scale / fraction_scale;
            if total > i128::from(i64::MAX) {
                return Err(fail("it is too long"));
            }
            rest = after;
        }
        let nanoseconds =
            i64::try_from(if negative { -total } else { total }).map_err(|_| fail("it is too long"))?;
        Ok(Duration { nanoseconds })
    }
}

fn parse_digits(digits: &str) -> Option<i128> {
    if digits.len() > 19 { None } else { digits.parse().ok() }
}

impl TryFrom<String> for Duration {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        Duration::parse(&text)
    }
}

impl From<Duration> for String {
    fn from(duration: Duration) -> Self {
        duration.to_string()
    }
}

impl fmt::Display for Duration {
    /// Go's form: `0s`, `1.5s`, `2m0s`, `1h0m0s`, `100ms`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.nanoseconds.unsigned_abs();
        if self.nanoseconds < 0 {
            formatter.write_str("-")?;
        }
        if nanoseconds == 0 {
            return formatter.write_str("0s");
        }
        if nanoseconds < 1_000_000_000 {
            let (unit, scale) = match nanoseconds {
                0..1_000 => ("ns", 1),
                1_000..1_000_000 => ("\u{b5}s", 1_000),
                _ => ("ms", 1_000_000),
            };
            return write!(formatter, "{}{unit}", decimal(nanoseconds, scale));
        }
        let minutes = nanoseconds / 60_000_000_000;
        if minutes >= 60 {
            write!(formatter, "{}h", minutes / 60)?;
        }
        if minutes > 0 {
            write!(formatter, "{}m", minutes % 60)?;
        }
        write!(formatter, "{}s", decimal(nanoseconds % 60_000_000_000, 1_000_000_000))
    }
}

/// `value / scale` with as many decimals as needed; `scale` is a power of ten.
fn decimal(value: u64, scale: u64) -> String {
    let (whole, rest) = (value / scale, value % scale);
    if rest == 0 {
        return whole.to_string();
    }
    let width = scale.ilog10() as usize;
    format!("{whole}.{rest:0width$}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_as_go_does() {
        for (text, expected) in [
            ("0", "0s"),
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1.5h", "1h30m0s"),
            ("-2m", "-2m0s"),
            ("100ms", "100ms"),
            ("1500ms", "1.5s"),
            (".5s", "500ms"),
            ("3us", "3\u{b5}s"),
            ("7ns", "7ns"),
            ("24h0m0.000000001s", "24h0m0.000000001s"),
        ] {
            assert_eq!(Duration::parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["", "-", "5", "1d", "s", "1..5s", "9999999999h", "1h 2m"] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
    }
}
