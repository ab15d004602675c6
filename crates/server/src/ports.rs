//! What the server asks of the application loop. `adapters` says it for the real one; tests say it for theirs.

use std::sync::Arc;

use tokio::sync::watch;
use types::{AppKey, ApplicationTree, ResourceDiff};

/// The application loop, when it runs in this process.
pub trait ApplicationLoop: Send + Sync {
    /// The resource tree of an application; `None` before its first comparison.
    fn tree(&self, key: &AppKey) -> Option<Arc<ApplicationTree>>;

    /// The compared objects of an application, Secrets masked; `None` before its first comparison.
    fn managed(&self, key: &AppKey) -> Option<Arc<Vec<ResourceDiff>>>;

    /// A number that grows whenever the tree or the compared objects may have changed.
    fn subscribe(&self, key: &AppKey) -> watch::Receiver<u64>;

    /// Asks for a comparison with what the repository has this moment, and returns at once. `false` when another
    /// controller is responsible for the application.
    fn refresh(&self, key: &AppKey) -> bool;

    /// The loop's counters in Prometheus' text format, applications among them.
    fn metrics_text(&self) -> String;
}
