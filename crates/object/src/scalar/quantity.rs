//! [`Quantity`]: amounts of CPU, memory and the like, with Kubernetes' canonical form.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Error;

/// An exact amount: `mantissa × 10^exponent`, and the family of suffixes it is written with.
///
/// Equality and order look at the amount only, so `1000m` equals `1`.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Quantity {
    mantissa: i128,
    exponent: i32,
    format: Format,
}

/// The family of suffixes of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// `n u m k M G T P E`
    DecimalSi,
    /// `Ki Mi Gi Ti Pi Ei`
    BinarySi,
    /// `e3`
    DecimalExponent,
}

const DECIMAL_SUFFIXES: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY_SUFFIXES: [(&str, u32); 6] =
    [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];

/// No amount that means anything needs more digits than this.
const MAX_DIGITS: usize = 30;
/// Nor more zeros behind them.
const LARGEST_EXPONENT: i32 = 100;
/// Kubernetes keeps nothing finer than a billionth.
const SMALLEST_EXPONENT: i32 = -9;

impl Quantity {
    /// A whole number.
    pub fn from_integer(value: i64) -> Self {
        Quantity { mantissa: i128::from(value), exponent: 0, format: Format::DecimalSi }.reduced()
    }

    /// A number of thousandths.
    pub fn from_milli(value: i64) -> Self {
        Quantity { mantissa: i128::from(value), exponent: -3, format: Format::DecimalSi }.reduced()
    }

    /// Reads a quantity from JSON: a string, or a number.
    pub fn from_value(value: &Value) -> Result<Self, Error> {
        match value {
            Value::String(text) => Quantity::parse(text.trim()),
            Value::Number(number) => Quantity::parse(&number.to_string()),
            other => {
                Err(Error::Quantity { text: other.to_string(), reason: "it must be a string or a number" })
            }
        }
    }

    /// Reads a number with an optional sign, fraction, and suffix or exponent.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fail = |reason| Error::Quantity { text: text.to_owned(), reason };
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(number_end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
            return Err(fail("a number is expected"));
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        // Zeros at the end count for nothing, or a large amount might not be read again in its canonical form.
        let zeros = if fraction.is_empty() { whole.len() - whole.trim_end_matches('0').len() } else { 0 };
        let whole = &whole[..whole.len() - zeros];
        if zeros > LARGEST_EXPONENT as usize || whole.len() + fraction.len() > MAX_DIGITS {
            return Err(fail("it has too many digits"));
        }
        let digits = format!("0{whole}{fraction}");
        let mut mantissa: i128 = digits.parse().map_err(|_| fail("a number is expected"))?;
        if negative {
            mantissa = -mantissa;
        }
        let mut exponent = zeros as i32 - fraction.len() as i32;
        let format = if let Some((_, power)) = DECIMAL_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
            exponent += power;
            Format::DecimalSi
        } else if let Some((_, bits)) = BINARY_SUFFIXES.iter().find(|(name, _)| *name == suffix) {
            mantissa = mantissa.checked_mul(1_i128 << bits).ok_or_else(|| fail("it is too large"))?;
            Format::BinarySi
        } else if let Some(power) = suffix.strip_prefix(['e', 'E']) {
            let power: i32 = power.parse().map_err(|_| fail("the suffix is unknown"))?;
            if power.abs() > LARGEST_EXPONENT {
                return Err(fail("the exponent is too large"));
            }
            exponent += power;
            Format::DecimalExponent
        } else {
            return Err(fail("the suffix is unknown"));
        };
        let mut quantity = Quantity { mantissa, exponent, format }.rounded_up_to_nano().reduced();
        if quantity.exponent > LARGEST_EXPONENT {
            return Err(fail("it is too large"));
        }
        if format == Format::BinarySi {
            let limit = Quantity::from_integer(i64::MAX);
            if quantity.compare(&limit) == Ordering::Greater {
                quantity = Quantity { format, ..limit };
            }
            if quantity.mantissa > 0 && quantity.compare(&Quantity::from_integer(1)) == Ordering::Less {
                quantity.format = Format::DecimalSi;
            }
        }
        Ok(quantity)
    }

    /// The amount rounded up (away from zero) to whole units, saturating.
    pub fn value(&self) -> i64 {
        self.scaled(0)
    }

    /// The amount rounded up (away from zero) to thousandths, saturating.
    pub fn milli_value(&self) -> i64 {
        self.scaled(-3)
    }

    /// The amount as a floating-point number.
    pub fn as_f64(&self) -> f64 {
        self.mantissa as f64 * 10_f64.powi(self.exponent)
    }

    /// Whether the amount is zero.
    pub fn is_zero(&self) -> bool {
        self.mantissa == 0
    }

    /// The sum, in this quantity's format. `None` when the numbers are too far apart to be exact.
    pub fn checked_add(&self, other: &Quantity) -> Option<Quantity> {
        let exponent = self.exponent.min(other.exponent);
        let mantissa = self.at_exponent(exponent)?.checked_add(other.at_exponent(exponent)?)?;
        Some(Quantity { mantissa, exponent, format: self.format }.reduced())
    }

    /// Compares the amounts.
    pub fn compare(&self, other: &Quantity) -> Ordering {
        let exponent = self.exponent.min(other.exponent);
        match (self.at_exponent(exponent), other.at_exponent(exponent)) {
            (Some(left), Some(right)) => left.cmp(&right),
            // Only an amount far larger than the other one leaves the range.
            _ => self.as_f64().total_cmp(&other.as_f64()),
        }
    }

    fn at_exponent(&self, exponent: i32) -> Option<i128> {
        let power = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        self.mantissa.checked_mul(10_i128.checked_pow(power)?)
    }

    fn scaled(&self, exponent: i32) -> i64 {
        let saturated = if self.mantissa < 0 { i64::MIN } else { i64::MAX };
        if self.exponent >= exponent {
            return self
                .at_exponent(exponent)
                .and_then(|value| i64::try_from(value).ok())
                .unwrap_or(saturated);
        }
        i64::try_from(self.divided_up((exponent - self.exponent) as u32)).unwrap_or(saturated)
    }

    fn divided_up(&self, power: u32) -> i128 {
        let Some(divisor) = 10_i128.checked_pow(power) else { return self.mantissa.signum() };
        let (quotient, rest) = (self.mantissa / divisor, self.mantissa % divisor);
        if rest == 0 { quotient } else { quotient + self.mantissa.signum() }
    }

    fn rounded_up_to_nano(self) -> Self {
        if self.exponent >= SMALLEST_EXPONENT {
            return self;
        }
        let mantissa = self.divided_up((SMALLEST_EXPONENT - self.exponent) as u32);
        Quantity { mantissa, exponent: SMALLEST_EXPONENT, ..self }
    }

    /// Without trailing zeros in the mantissa.
    fn reduced(mut self) -> Self {
        if self.mantissa == 0 {
            self.exponent = 0;
        }
        while self.mantissa != 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.exponent += 1;
        }
        self
    }

    /// The whole amount when it is whole and at least 1024 in size, which is when binary suffixes are used.
    fn binary_amount(&self) -> Option<i128> {
        let whole = self.at_exponent(0)?;
        (whole.abs() >= 1024).then_some(whole)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.compare(other)
    }
}

impl TryFrom<String> for Quantity {
    type Error = Error;
    fn try_from(text: String) -> Result<Self, Error> {
        Quantity::parse(&text)
    }
}

impl From<Quantity> for String {
    fn from(quantity: Quantity) -> Self {
        quantity.to_string()
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: no fraction, the largest suffix that keeps the number whole, the family it was read in.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mantissa == 0 {
            return formatter.write_str("0");
        }
        if self.format == Format::BinarySi
            && let Some(mut whole) = self.binary_amount()
        {
            let mut suffix = "";
            for (name, _) in BINARY_SUFFIXES {
                if whole % 1024 != 0 {
                    break;
                }
                whole /= 1024;
                suffix = name;
            }
            return write!(formatter, "{whole}{suffix}");
        }
        // Suffixes stand for multiples of three only.
        let exponent = self.exponent.div_euclid(3) * 3;
        let mantissa = self.mantissa.saturating_mul(10_i128.pow((self.exponent - exponent) as u32));
        match self.format {
            Format::DecimalExponent if exponent == 0 => write!(formatter, "{mantissa}"),
            Format::DecimalExponent => write!(formatter, "{mantissa}e{exponent}"),
            _ => match DECIMAL_SUFFIXES.iter().find(|(_, power)| *power == exponent) {
                Some((suffix, _)) => write!(formatter, "{mantissa}{suffix}"),
                None => write!(formatter, "{mantissa}e{exponent}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_form() {
        for (text, expected) in [
            ("0", "0"),
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("512Ki", "512Ki"),
            ("0.5Ki", "512"),
            ("1000Ki", "1000Ki"),
            ("2048", "2048"),
            ("1000", "1k"),
            ("100e98", "10e99"),
            ("123456789012345678901234567891e100", "1234567890123456789012345678910e99"),
            ("1500", "1500"),
            ("100000k", "100M"),
            ("1e3", "1e3"),
            ("12E6", "12e6"),
            ("1E", "1E"),
            (".25", "250m"),
            ("+3", "3"),
            ("-250m", "-250m"),
            ("1.0000000001", "1000000001n"),
            ("0.1n", "1n"),
            ("100Ei", "9223372036854775807"),
            ("1.1", "1100m"),
            ("1e-3", "1e-3"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn refuses() {
        for text in [
            "",
            "-",
            ".",
            "1..2",
            "1 Gi",
            "Gi",
            "1gi",
            "1e",
            "1Kib",
            "1e1000",
            "100e100",
            "1".repeat(40).as_str(),
        ] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts() {
        let parse = |text| Quantity::parse(text).unwrap();
        assert_eq!(parse("1000m"), parse("1"));
        assert!(parse("1Gi") > parse("1G"));
        assert!(parse("9E") > parse("1n"));
        assert_eq!(parse("1500u").milli_value(), 2);
        assert_eq!(parse("-1500u").milli_value(), -2);
        assert_eq!(parse("1.5Gi").value(), 1_610_612_736);
        assert_eq!(parse("1e30").value(), i64::MAX);
        assert_eq!(Quantity::from_value(&json!(0.5)).unwrap().to_string(), "500m");
        assert_eq!(parse("100m").checked_add(&parse("1.9")).unwrap().to_string(), "2");
    }
}
