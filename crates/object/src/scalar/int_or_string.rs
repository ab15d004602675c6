//! [`IntOrString`]: a port, or a number that may be a percentage.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Kubernetes' int-or-string, such as `maxSurge: 1` or `maxSurge: 25%`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A number of 32 bits.
    Int(i32),
    /// A text: a name or a percentage.
    String(String),
}

impl IntOrString {
    /// Reads a JSON number without fraction or a string; anything else is `None`.
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => i32::try_from(number.as_i64()?).ok().map(IntOrString::Int),
            Value::String(text) => Some(IntOrString::String(text.clone())),
            _ => None,
        }
    }

    /// The number meant: the integer itself, or the percentage of `total` rounded up or down. `None` for other text.
    pub fn scaled(&self, total: i64, round_up: bool) -> Option<i64> {
        match self {
            IntOrString::Int(number) => Some(i64::from(*number)),
            IntOrString::String(text) => {
                let percent: i64 = text.strip_suffix('%')?.parse().ok()?;
                let product = percent.checked_mul(total)?;
                Some(if round_up {
                    product.checked_add(99)?.div_euclid(100)
                } else {
                    product.div_euclid(100)
                })
            }
        }
    }
}

impl fmt::Display for IntOrString {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IntOrString::Int(number) => number.fmt(formatter),
            IntOrString::String(text) => text.fmt(formatter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn scales_percentages() {
        for (value, total, up, down) in [
            (json!("25%"), 10, Some(3), Some(2)),
            (json!(4), 10, Some(4), Some(4)),
            (json!("http"), 10, None, None),
            (json!("0%"), 7, Some(0), Some(0)),
        ] {
            let parsed = IntOrString::from_value(&value).unwrap();
            assert_eq!((parsed.scaled(total, true), parsed.scaled(total, false)), (up, down), "{value}");
        }
        assert_eq!(IntOrString::from_value(&json!(1.5)), None);
        assert_eq!(IntOrString::from_value(&json!(5_000_000_000_i64)), None);
    }
}
