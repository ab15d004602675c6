//! What the server asks of the application loop. The binary says it for the real one, tests for theirs.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::watch;
use types::{
    AppKey, Application, ApplicationSource, ApplicationTree, Repository, ResourceDiff, RevisionMetadata,
};

/// What an application was rendered to at certain revisions.
#[derive(Debug, Clone, Default)]
pub struct RenderedManifests {
    /// Each object as JSON.
    pub manifests: Vec<String>,
    /// The exact revision of each source.
    pub revisions: Vec<String>,
    /// Helm, Kustomize, Directory or Plugin, for each source.
    pub source_types: Vec<String>,
}

/// What manifests are to be made from.
#[derive(Debug, Clone)]
pub enum ManifestOrigin {
    /// The sources at these revisions: one for each source, `None` for its target revision.
    Revisions(Vec<Option<String>>),
    /// The files in a tar archive, compressed with gzip or not, in place of those of the repository: for applications
    /// with one source.
    Archive(Vec<u8>),
}

/// The application loop in this process, or what stands in for it where there is none.
pub trait ApplicationLoop: Send + Sync {
    /// Whether this is no loop but looks only when it is asked to, by [`ApplicationLoop::observe`]. Whether a loop runs
    /// elsewhere is not known then.
    fn is_observer(&self) -> bool {
        false
    }

    /// An observer compares an application now, writing nothing, and answers it with the status that a loop would give
    /// it; what was found is in the tree and the compared objects from then on. A loop compares by itself, and answers
    /// `None`.
    fn observe<'a>(
        &'a self,
        key: &'a AppKey,
        hard: bool,
    ) -> BoxFuture<'a, Option<Result<Application, String>>> {
        let _ = (key, hard);
        Box::pin(async { None })
    }

    /// Renders an application. The text of an error says what could not be rendered, and why.
    fn manifests<'a>(
        &'a self,
        application: &'a Application,
        from: ManifestOrigin,
    ) -> BoxFuture<'a, Result<RenderedManifests, String>> {
        let _ = (application, from);
        Box::pin(async { Err("nothing is rendered in this process".to_owned()) })
    }

    /// Asks a repository whether it can be read with what its record says. The text of an error says why not.
    fn check_repository<'a>(&'a self, repository: &'a Repository) -> BoxFuture<'a, Result<(), String>> {
        let _ = repository;
        Box::pin(async { Err("no repository is asked in this process".to_owned()) })
    }

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
