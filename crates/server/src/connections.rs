//! How the connections to repositories stood when they were last tried.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use types::ConnectionState;

/// After this time a connection is tried again.
const LIFETIME: Duration = Duration::from_secs(600);
/// Connections that are remembered.
const MOST: usize = 10_000;

/// The states by repository.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    states: Mutex<HashMap<String, (Instant, ConnectionState)>>,
}

impl Connections {
    /// The state of a repository, unless it is too old.
    pub(crate) fn known(&self, repository: &str) -> Option<ConnectionState> {
        let states = self.states.lock();
        let (since, state) = states.get(repository)?;
        (since.elapsed() < LIFETIME).then(|| state.clone())
    }

    pub(crate) fn remember(&self, repository: String, state: ConnectionState) {
        let mut states = self.states.lock();
        if states.len() >= MOST {
            states.retain(|_, (since, _)| since.elapsed() < LIFETIME);
        }
        if states.len() < MOST {
            states.insert(repository, (Instant::now(), state));
        }
    }

    pub(crate) fn forget(&self, repository: &str) {
        self.states.lock().remove(repository);
    }
}
