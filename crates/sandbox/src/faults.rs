//! Faults on purpose: rules that make the API slow, wrong or gone, so that tests can see how clients take it.
//!
//! A rule has a predicate over the request and what to do; it can be limited to a number of requests or to a share of
//! them, drawn from a seed so that a run can be repeated. Faults of open watches are in [`Sandbox`](crate::Sandbox):
//! `disconnect_watches` and `forget_history`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

/// What a predicate sees of a request.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FaultRequest<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The query as it was sent, empty if there is none.
    pub query: &'a str,
    /// The `User-Agent` header.
    pub user_agent: &'a str,
    /// True for a watch.
    pub watch: bool,
    /// The number of the request since the sandbox started, from 0.
    pub number: u64,
}

/// What happens to a request that a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection breaks without an answer.
    Drop,
    /// The answer is a `Status` with this code: 401, 403, 404, 409, 410, 429, 500, 503 and 504 with Kubernetes'
    /// reason and message.
    Status(u16),
    /// The answer is late.
    Delay(Duration),
    /// A watch starts, sends an `ERROR` event with this code (410 as after a compaction) and ends.
    WatchError(u16),
    /// A watch starts and its connection breaks after this many events.
    WatchBreak(usize),
}

type Predicate = Box<dyn Fn(&FaultRequest<'_>) -> bool + Send + Sync>;

/// A rule: which requests, how often, what happens.
pub struct FaultRule {
    predicate: Predicate,
    fault: Fault,
    remaining: Option<AtomicU64>,
    share: Option<(u64, f64)>,
}

impl FaultRule {
    /// `fault` happens to every request that `predicate` accepts.
    pub fn new(fault: Fault, predicate: impl Fn(&FaultRequest<'_>) -> bool + Send + Sync + 'static) -> Self {
        FaultRule { predicate: Box::new(predicate), fault, remaining: None, share: None }
    }

    /// Only the first `count` accepted requests.
    #[must_use]
    pub fn times(mut self, count: u64) -> Self {
        self.remaining = Some(AtomicU64::new(count));
        self
    }

    /// Only this share (0 to 1) of the accepted requests, drawn from `seed` and the number of the request.
    #[must_use]
    pub fn share(mut self, seed: u64, share: f64) -> Self {
        self.share = Some((seed, share));
        self
    }

    fn applies(&self, request: &FaultRequest<'_>) -> bool {
        if !(self.predicate)(request) {
            return false;
        }
        if let Some((seed, share)) = self.share {
            let mut random =
                SmallRng::seed_from_u64(seed ^ request.number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            if random.random::<f64>() >= share {
                return false;
            }
        }
        match &self.remaining {
            None => true,
            Some(remaining) => remaining
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok(),
        }
    }
}

impl std::fmt::Debug for FaultRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultRule")
            .field("fault", &self.fault)
            .field("remaining", &self.remaining)
            .field("share", &self.share)
            .finish_non_exhaustive()
    }
}

/// The rules of a sandbox; changed while it runs.
#[derive(Debug, Default)]
pub struct Faults {
    rules: RwLock<Vec<FaultRule>>,
    requests: AtomicU64,
}

impl Faults {
    /// Adds a rule after the others.
    pub fn add(&self, rule: FaultRule) {
        self.rules.write().push(rule);
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.rules.write().clear();
    }

    /// How many requests the sandbox has been asked.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The faults of one request, in the order of the rules.
    pub(crate) fn of(&self, mut request: FaultRequest<'_>) -> Vec<Fault> {
        request.number = self.requests.fetch_add(1, Ordering::Relaxed);
        let rules = self.rules.read();
        rules.iter().filter(|rule| rule.applies(&request)).map(|rule| rule.fault.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(path: &str) -> FaultRequest<'_> {
        FaultRequest { method: "GET", path, query: "", user_agent: "", watch: false, number: 0 }
    }

    #[test]
    fn rules_are_counted_and_seeded() {
        let faults = Faults::default();
        faults.add(FaultRule::new(Fault::Status(500), |r| r.path == "/a").times(2));
        let hits: Vec<usize> = ["/a", "/b", "/a", "/a"].map(|path| faults.of(request(path)).len()).into();
        assert_eq!(hits, [1, 0, 1, 0]);

        let draw = |seed| {
            let faults = Faults::default();
            faults.add(FaultRule::new(Fault::Drop, |_| true).share(seed, 0.5));
            (0..64).map(|_| faults.of(request("/")).len()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        assert!((16..48).contains(&draw(7).iter().sum::<usize>()));
    }
}
