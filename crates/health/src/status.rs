//! [`HealthCode`] and [`HealthStatus`]: the answer.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How an object is doing. The order is from best to worst, so that the worst of several is their `max`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HealthCode {
    /// A script looked at the object and said nothing. Counts as `Healthy` in an aggregate, but nobody can wait for it.
    #[default]
    #[serde(rename = "")]
    Empty,
    /// All is well.
    Healthy,
    /// Somebody paused it.
    Suspended,
    /// It is on its way, and may still get there.
    Progressing,
    /// It is not in the cluster.
    Missing,
    /// It failed, or did not get there in time.
    Degraded,
    /// It cannot be told.
    Unknown,
}

impl HealthCode {
    /// The code as it is written in a status; empty for [`HealthCode::Empty`].
    pub const fn as_str(self) -> &'static str {
        match self {
            HealthCode::Empty => "",
            HealthCode::Healthy => "Healthy",
            HealthCode::Suspended => "Suspended",
            HealthCode::Progressing => "Progressing",
            HealthCode::Missing => "Missing",
            HealthCode::Degraded => "Degraded",
            HealthCode::Unknown => "Unknown",
        }
    }

    /// Reads a code. Any text that is no code is [`HealthCode::Empty`], which aggregates as `Healthy`.
    pub fn parse(text: &str) -> Self {
        use HealthCode::{Degraded, Empty, Healthy, Missing, Progressing, Suspended, Unknown};
        [Healthy, Suspended, Progressing, Missing, Degraded, Unknown]
            .into_iter()
            .find(|code| code.as_str() == text)
            .unwrap_or(Empty)
    }

    /// Whether this is worse than another; `Empty` and `Healthy` are equally good.
    pub fn is_worse_than(self, other: Self) -> bool {
        self.max(HealthCode::Healthy) > other.max(HealthCode::Healthy)
    }
}

impl fmt::Display for HealthCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// How an object is doing, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthStatus {
    /// The code.
    pub code: HealthCode,
    /// The explanation; may be empty.
    pub message: String,
}

impl HealthStatus {
    /// From code and explanation.
    pub fn new(code: HealthCode, message: impl Into<String>) -> Self {
        HealthStatus { code, message: message.into() }
    }

    /// `Healthy` with an explanation.
    pub fn healthy(message: impl Into<String>) -> Self {
        Self::new(HealthCode::Healthy, message)
    }

    /// `Progressing` with an explanation.
    pub fn progressing(message: impl Into<String>) -> Self {
        Self::new(HealthCode::Progressing, message)
    }

    /// `Degraded` with an explanation.
    pub fn degraded(message: impl Into<String>) -> Self {
        Self::new(HealthCode::Degraded, message)
    }

    /// `Suspended` with an explanation.
    pub fn suspended(message: impl Into<String>) -> Self {
        Self::new(HealthCode::Suspended, message)
    }

    /// `Unknown` with an explanation.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(HealthCode::Unknown, message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_the_maximum() {
        let mut codes: Vec<_> =
            ["Unknown", "Degraded", "Missing", "Progressing", "Suspended", "Healthy", "Fine"]
                .into_iter()
                .map(HealthCode::parse)
                .collect();
        codes.sort();
        let texts: Vec<_> = codes.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts, ["", "Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown"]);
        assert!(!HealthCode::Healthy.is_worse_than(HealthCode::Empty));
        assert!(HealthCode::Suspended.is_worse_than(HealthCode::Empty));
    }
}
