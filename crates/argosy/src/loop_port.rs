//! The application loop as the API server sees it: the real one, or an observer that stands in for it.

use std::sync::Arc;

use cluster::ControlPlane;
use controller::{CompareLevel, Handle, Observer, Views};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use render::{RenderMetrics, Renderer};
use server::{ApplicationLoop, ManifestOrigin, RenderedManifests};
use tokio::sync::watch;
use types::{
    AppKey, Application, ApplicationSource, ApplicationTree, Repository, ResourceDiff, RevisionMetadata,
};

/// Who compares applications.
pub(crate) enum Worker {
    /// The loop of this process.
    Loop(Handle),
    /// Nobody here, but applications are looked at when somebody asks.
    Observer(Observer),
}

/// What the API server asks about applications.
pub(crate) struct LoopPort {
    worker: Worker,
    control: ControlPlane,
    renderer: Renderer,
}

impl LoopPort {
    pub(crate) fn new(worker: Worker, control: ControlPlane, renderer: Renderer) -> Self {
        Self { worker, control, renderer }
    }

    fn views(&self) -> &Views {
        match &self.worker {
            Worker::Loop(handle) => &handle.views,
            Worker::Observer(observer) => &observer.views,
        }
    }

    async fn origin(&self, from: ManifestOrigin) -> Result<controller::ManifestOrigin, String> {
        Ok(match from {
            ManifestOrigin::Revisions(revisions) => controller::ManifestOrigin::Revisions(revisions),
            ManifestOrigin::Archive(archive) => {
                let renderer = self.renderer.clone();
                let unpacked = tokio::task::spawn_blocking(move || renderer.sent_files(&archive)).await;
                controller::ManifestOrigin::Files(unpacked.map_err(|error| error.to_string())??)
            }
        })
    }
}

impl ApplicationLoop for LoopPort {
    fn is_observer(&self) -> bool {
        matches!(self.worker, Worker::Observer(_))
    }

    fn observe<'a>(
        &'a self,
        key: &'a AppKey,
        hard: bool,
    ) -> BoxFuture<'a, Option<Result<Application, String>>> {
        async move {
            match &self.worker {
                Worker::Loop(_) => None,
                Worker::Observer(observer) => Some(observer.look(key, hard).await),
            }
        }
        .boxed()
    }

    fn manifests<'a>(
        &'a self,
        application: &'a Application,
        from: ManifestOrigin,
    ) -> BoxFuture<'a, Result<RenderedManifests, String>> {
        async move {
            let from = self.origin(from).await?;
            let manifests = match &self.worker {
                Worker::Loop(handle) => handle.manifests(application, from).await?,
                Worker::Observer(observer) => observer.manifests(application, from).await?,
            };
            Ok(RenderedManifests {
                manifests: manifests.objects.iter().map(|object| object.to_json()).collect(),
                revisions: manifests.revisions,
                source_types: manifests.source_types,
            })
        }
        .boxed()
    }

    fn check_repository<'a>(&'a self, repository: &'a Repository) -> BoxFuture<'a, Result<(), String>> {
        async move {
            let mut credentials = controller::credentials(&self.control);
            // What is said now comes before what is known of the same repository.
            let known = credentials.repositories.iter().cloned();
            credentials.repositories = Arc::new(std::iter::once(repository.clone()).chain(known).collect());
            let access = credentials.access(&repository.repo, &repository.project);
            let asked = self.renderer.sources().probe(repository, &access).await;
            asked.map_err(|error| error.to_string())
        }
        .boxed()
    }

    fn tree(&self, key: &AppKey) -> Option<Arc<ApplicationTree>> {
        self.views().tree(key)
    }

    fn managed(&self, key: &AppKey) -> Option<Arc<Vec<ResourceDiff>>> {
        self.views().managed(key)
    }

    fn subscribe(&self, key: &AppKey) -> watch::Receiver<u64> {
        self.views().subscribe(key)
    }

    fn refresh(&self, key: &AppKey) -> bool {
        let Worker::Loop(handle) = &self.worker else { return false };
        let handled = handle.handles(key);
        if handled {
            handle.refresh(key, CompareLevel::LatestForced, false);
        }
        handled
    }

    fn revision_metadata<'a>(
        &'a self,
        application: &'a Application,
        source: &'a ApplicationSource,
        revision: &'a str,
    ) -> BoxFuture<'a, Result<Option<RevisionMetadata>, String>> {
        metadata(&self.control, &self.renderer, application, source, revision).boxed()
    }

    fn metrics_text(&self) -> String {
        let Worker::Loop(handle) = &self.worker else { return String::new() };
        let mut text = handle.metrics_text();
        text.push_str(&render_metrics(&self.renderer.metrics()));
        text
    }
}

/// What Git knows of a revision of a source; `None` for charts, which have versions, not commits.
async fn metadata(
    control: &ControlPlane,
    renderer: &Renderer,
    application: &Application,
    source: &ApplicationSource,
    revision: &str,
) -> Result<Option<RevisionMetadata>, String> {
    if !source.chart.is_empty() {
        return Ok(None);
    }
    let project = application.spec.project_name();
    let access = controller::credentials(control).access(&source.repo_url, project);
    let sources = renderer.sources();
    let metadata = sources.git().metadata(&source.repo_url, revision, &access).await;
    let mut metadata = metadata.map_err(|error| error.to_string())?;
    let demanded = controller::integrity(control, project, source);
    if let Some(requirement) = demanded.requirements.first() {
        let target = source::Target::of(source);
        let found = sources.integrity(&target, revision, requirement, &demanded.keyring, &access).await;
        metadata.source_integrity_result = found.map_err(|error| error.to_string())?;
    }
    Ok(Some(metadata))
}

/// What the renderer counts, in Prometheus' text format. Argo CD has no such counters, so the names are Argosy's.
fn render_metrics(metrics: &RenderMetrics) -> String {
    [
        ("argosy_renders_total", "Sources that were really rendered.", metrics.renders),
        ("argosy_render_cache_hits_total", "Renders that were answered from the cache.", metrics.hits),
        ("argosy_render_failures_total", "Renders that failed.", metrics.failures),
    ]
    .map(|(name, help, value)| format!("# HELP {name} {help}\n# TYPE {name} counter\n{name} {value}\n"))
    .concat()
}
