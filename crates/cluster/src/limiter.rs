//! A token bucket that keeps one client from flooding an API server.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Lets `burst` requests through at once and `per_second` in the long run; others wait in order of arrival.
#[derive(Debug)]
pub(crate) struct Limiter {
    per_second: f64,
    burst: f64,
    state: Mutex<(f64, Instant)>,
}

impl Limiter {
    pub(crate) fn new(per_second: f64, burst: f64) -> Self {
        Limiter { per_second, burst, state: Mutex::new((burst, Instant::now())) }
    }

    /// Waits until a request may be sent.
    pub(crate) async fn admit(&self) {
        let wait = {
            let mut state = self.state.lock();
            let now = Instant::now();
            let refilled = state.0 + now.duration_since(state.1).as_secs_f64() * self.per_second;
            // A negative level is the queue: every waiter has already taken its token.
            *state = (refilled.min(self.burst) - 1.0, now);
            if state.0 >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-state.0 / self.per_second) }
        };
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn bursts_pass_and_the_rest_waits() {
        let limiter = Limiter::new(10.0, 5.0);
        let start = Instant::now();
        for _ in 0..5 {
            limiter.admit().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..10 {
            limiter.admit().await;
        }
        let waited = start.elapsed();
        assert!((Duration::from_millis(990)..Duration::from_millis(1100)).contains(&waited), "{waited:?}");
    }
}
