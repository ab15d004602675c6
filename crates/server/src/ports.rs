//! What the server asks of the application loop. The binary says it for the real one, tests for theirs.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::watch;
use types::{AppKey, Application, ApplicationSource, ApplicationTree, ResourceDiff, RevisionMetadata};

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

    /// What is known of a revision of one of an application's sources; `None` when this loop cannot tell.
    fn revision_metadata<'a>(
        &'a self,
        application: &'a Application,
        source: &'a ApplicationSource,
        revision: &'a str,
    ) -> BoxFuture<'a, Result<Option<RevisionMetadata>, String>> {
        let _ = (application, source, revision);
        Box::pin(async { Ok(None) })
    }

    /// The loop's counters in Prometheus' text format, applications among them.
    fn metrics_text(&self) -> String;
}
