//! Times as the Kubernetes API writes them: RFC 3339 in UTC, whole seconds (`Time`) or microseconds (`MicroTime`).

use jiff::Timestamp;

use crate::Error;

/// Reads an RFC 3339 time with any offset.
pub fn parse(text: &str) -> Result<Timestamp, Error> {
    text.parse().map_err(|_| Error::Time { text: text.to_owned() })
}

/// `2026-11-21T10:30:00Z`, as the API writes a `Time`.
pub fn format_seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-11-21T10:30:00.000000Z`, as the API writes a `MicroTime`.
pub fn format_microseconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_utc() {
        for (text, seconds, micros) in [
            ("2026-11-21T10:30:00+02:00", "2026-11-21T08:30:00Z", "2026-11-21T08:30:00.000000Z"),
            ("2026-11-21T10:30:00.1234567Z", "2026-11-21T10:30:00Z", "2026-11-21T10:30:00.123456Z"),
        ] {
            let time = parse(text).unwrap();
            assert_eq!(
                (format_seconds(time).as_str(), format_microseconds(time).as_str()),
                (seconds, micros)
            );
        }
        assert!(parse("yesterday").is_err());
    }
}
