//! The clock, randomness and process variables that functions may ask for. The crate has none of its own: what a render
//! gives then depends only on what it is given, and a test can pin it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// What functions can know of the outside.
pub trait Environment: Send + Sync {
    /// The present time: seconds and nanoseconds since 1970 in UTC.
    fn now(&self) -> (i64, u32);

    /// Fills the bytes with randomness. Keys and passwords are made of it, so it must be unpredictable in production.
    fn fill(&self, bytes: &mut [u8]);

    /// The local time zone; UTC unless overridden.
    fn zone(&self) -> &str {
        "UTC"
    }

    /// A process variable for `env`; none unless overridden.
    fn variable(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }
}

/// An environment that answers the same each time: for tests, and for renders that must be reproducible.
///
/// Its randomness is predictable, so keys made with it are no secrets.
pub struct FixedEnvironment {
    seconds: i64,
    seed: u64,
    block: AtomicU64,
    rest: Mutex<Vec<u8>>,
}

impl FixedEnvironment {
    /// A clock that stands at `seconds` since 1970, and randomness that follows from `seed`.
    #[must_use]
    pub fn new(seconds: i64, seed: u64) -> FixedEnvironment {
        FixedEnvironment { seconds, seed, block: AtomicU64::new(0), rest: Mutex::new(Vec::new()) }
    }
}

impl Environment for FixedEnvironment {
    fn now(&self) -> (i64, u32) {
        (self.seconds, 0)
    }

    fn fill(&self, bytes: &mut [u8]) {
        let mut rest = self.rest.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for byte in bytes {
            if rest.is_empty() {
                let block = self.block.fetch_add(1, Ordering::Relaxed);
                let hash =
                    Sha256::new().chain_update(self.seed.to_le_bytes()).chain_update(block.to_le_bytes());
                rest.extend_from_slice(&hash.finalize());
            }
            *byte = rest.pop().unwrap_or_default();
        }
    }
}
