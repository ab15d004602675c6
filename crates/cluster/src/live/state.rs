//! [`ClusterState`]: how the connection to a cluster stands, in words for people.

use types::{ConnectionState, Time};

/// How far a cluster's cache is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// There is no connection yet.
    Connecting,
    /// The kinds are being listed for the first time.
    Syncing,
    /// Everything that can be read is known. With a trouble, it may be out of date.
    Synced,
    /// It was closed; resolve the destination again.
    Closed,
}

/// How the connection to a cluster stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterState {
    /// How far the cache is.
    pub phase: Phase,
    /// What is wrong just now; `None` when all is well.
    pub trouble: Option<String>,
    /// Since when the phase and the trouble are what they are.
    pub since: Time,
    /// When the cache was complete for the first time.
    pub synced_at: Option<Time>,
}

pub(super) fn now() -> Time {
    Time(jiff::Timestamp::now())
}

impl ClusterState {
    pub(super) fn connecting() -> Self {
        ClusterState { phase: Phase::Connecting, trouble: None, since: now(), synced_at: None }
    }

    /// Whether what is in memory is complete and up to date.
    pub fn is_current(&self) -> bool {
        self.phase == Phase::Synced && self.trouble.is_none()
    }

    /// As the API shows it: `Successful`, `Failed` with the reason, or `Unknown` until the first sync.
    pub fn connection_state(&self) -> ConnectionState {
        let (status, message) = match (&self.trouble, self.phase) {
            (Some(trouble), _) => ("Failed", trouble.clone()),
            (None, Phase::Synced) => ("Successful", String::new()),
            (None, Phase::Connecting) => ("Unknown", "Connecting to the cluster.".to_owned()),
            (None, Phase::Syncing) => {
                ("Unknown", "Reading the cluster's objects for the first time.".to_owned())
            }
            (None, Phase::Closed) => ("Unknown", "The cluster's settings changed.".to_owned()),
        };
        ConnectionState { status: status.to_owned(), message, attempted_at: Some(self.since) }
    }
}
