//! When a failed operation is tried again, and what its message says about it.

use jiff::{SignedDuration, Timestamp};
use types::RetryStrategy;

const DEFAULT_DURATION: SignedDuration = SignedDuration::from_secs(5);
const DEFAULT_FACTOR: i64 = 2;
const DEFAULT_MAX_DURATION: SignedDuration = SignedDuration::from_mins(3);

/// The default limit of operations that the controller starts by itself.
pub const AUTOMATED_RETRY_LIMIT: i64 = 5;

/// A bad pause in a retry strategy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("retry.backoff.{field} {text:?} is no duration such as 30s or 2m")]
pub struct BackoffError {
    /// Which field.
    pub field: &'static str,
    /// Its text.
    pub text: String,
}

fn duration(
    field: &'static str,
    text: &str,
    otherwise: SignedDuration,
) -> Result<SignedDuration, BackoffError> {
    if text.is_empty() {
        return Ok(otherwise);
    }
    parse_duration(text).ok_or_else(|| BackoffError { field, text: text.to_owned() })
}

/// Reads a Go duration (`1h30m`, `500ms`), or a bare whole number as seconds.
pub fn parse_duration(text: &str) -> Option<SignedDuration> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(SignedDuration::from_secs(seconds));
    }
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_f64;
    while !rest.is_empty() {
        let end = rest.find(|character: char| !character.is_ascii_digit() && character != '.')?;
        let amount: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end =
            rest.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(rest.len());
        let unit = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += amount * unit;
        rest = &rest[end..];
    }
    SignedDuration::try_from_secs_f64(if negative { -total } else { total }).ok()
}

/// The pause after `count` tries: the first pause times the factor to that power, at most the cap.
///
/// # Errors
/// When a duration of the strategy cannot be read.
pub fn pause(strategy: &RetryStrategy, count: i64) -> Result<SignedDuration, BackoffError> {
    let backoff = strategy.backoff.clone().unwrap_or_default();
    let first = duration("duration", &backoff.duration, DEFAULT_DURATION)?;
    let cap = duration("maxDuration", &backoff.max_duration, DEFAULT_MAX_DURATION)?;
    let factor = backoff.factor.unwrap_or(DEFAULT_FACTOR);
    #[expect(clippy::cast_precision_loss, reason = "a factor or count beyond 2^52 meets the cap anyway")]
    let seconds = first.as_secs_f64() * (factor as f64).powf(count.max(0) as f64);
    let limit = if cap > SignedDuration::ZERO { cap } else { SignedDuration::from_hours(24 * 365) };
    Ok(SignedDuration::try_from_secs_f64(seconds).map_or(limit, |wait| wait.min(limit)))
}

/// When an operation that ended at `finished_at` is tried again. The wait uses the count of tries that is already
/// increased, while the message ([`retry_message`]) announces the time of the count before; both are Argo CD's.
///
/// # Errors
/// When a duration of the strategy cannot be read.
pub fn next_retry_at(
    strategy: &RetryStrategy,
    finished_at: Timestamp,
    retry_count: i64,
) -> Result<Timestamp, BackoffError> {
    Ok(finished_at.saturating_add(pause(strategy, retry_count)?).unwrap_or(Timestamp::MAX))
}

/// Whether an operation that failed after `retry_count` retries is tried again.
pub fn may_retry(strategy: &RetryStrategy, retry_count: i64) -> bool {
    strategy.limit < 0 || retry_count < strategy.limit
}

/// The message of an operation that waits for its next try; `retry_count` is the count before it is increased.
///
/// # Errors
/// When a duration of the strategy cannot be read.
pub fn retry_message(
    strategy: &RetryStrategy,
    message: &str,
    now: Timestamp,
    retry_count: i64,
) -> Result<String, BackoffError> {
    let announced = next_retry_at(strategy, now, retry_count)?;
    let clock = announced.strftime("%-I:%M%p");
    Ok(format!("{message}. Retrying attempt #{} at {clock}.", retry_count + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use types::Backoff;

    #[test]
    fn durations() {
        for (text, wanted) in [
            ("5", Some(5_000)),
            ("1m30s", Some(90_000)),
            ("250ms", Some(250)),
            ("1.5h", Some(5_400_000)),
            ("-2s", Some(-2_000)),
            ("", None),
            ("s", None),
            ("5x", None),
            ("5m3", None),
        ] {
            let millis = parse_duration(text).map(|duration| i64::try_from(duration.as_millis()).unwrap());
            assert_eq!(millis, wanted, "{text:?}");
        }
    }

    #[test]
    fn default_waits_double_up_to_three_minutes() {
        let strategy = RetryStrategy { limit: 5, ..RetryStrategy::default() };
        let waits: Vec<i64> = (0..8).map(|count| pause(&strategy, count).unwrap().as_secs()).collect();
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 180, 180]);
    }

    #[test]
    fn own_backoff() {
        let backoff = Backoff { duration: "10".into(), factor: Some(3), max_duration: "1m".into() };
        let strategy = RetryStrategy { limit: -1, backoff: Some(backoff), refresh: false };
        let waits: Vec<i64> = (0..4).map(|count| pause(&strategy, count).unwrap().as_secs()).collect();
        assert_eq!(waits, [10, 30, 60, 60]);
        assert!(may_retry(&strategy, 1_000_000));
        let bad = RetryStrategy {
            backoff: Some(Backoff { duration: "soon".into(), ..Backoff::default() }),
            ..strategy
        };
        assert_eq!(
            pause(&bad, 0).unwrap_err().to_string(),
            "retry.backoff.duration \"soon\" is no duration such as 30s or 2m"
        );
    }

    #[test]
    fn a_huge_count_meets_the_cap() {
        assert_eq!(pause(&RetryStrategy::default(), i64::MAX).unwrap().as_secs(), 180);
    }

    #[test]
    fn the_message_announces_the_shorter_wait() {
        let strategy = RetryStrategy { limit: 2, ..RetryStrategy::default() };
        let now: Timestamp = "2026-11-21T15:04:57Z".parse().unwrap();
        assert_eq!(
            retry_message(&strategy, "it failed", now, 0).unwrap(),
            "it failed. Retrying attempt #1 at 3:05PM."
        );
        assert_eq!(next_retry_at(&strategy, now, 1).unwrap().to_string(), "2026-11-21T15:05:07Z");
        assert!(may_retry(&strategy, 1));
        assert!(!may_retry(&strategy, 2));
    }
}
