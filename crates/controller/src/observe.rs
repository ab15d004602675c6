//! Looking at an application without being responsible for it: what the loop would find, with nothing written anywhere.
//!
//! A process without a loop shows trees, differences and manifests by this. It looks when somebody asks, renders by
//! itself and reads the cluster by itself, so that it works beside a controller as well as without any.

use std::sync::Arc;
use std::time::Duration;

use cluster::{Clusters, ControlPlane};
use object::Object;
use render::Renderer;
use source::Opened;
use types::{AppKey, Application};

use crate::controller::Handle;
use crate::core::{ControllerOptions, Core};
use crate::decision::refresh::{CompareLevel, Refresh};
use crate::ports::Outside;
use crate::reconcile::{NoGround, Refreshed};
use crate::views::Views;

/// How long a cluster may take until it has been read for the first time.
const PATIENCE: Duration = Duration::from_secs(60);

/// What looks at applications. Cheap to clone.
#[derive(Clone)]
pub struct Observer {
    /// What the looks have found.
    pub views: Views,
    core: Arc<Core>,
}

/// What manifests are made from.
#[derive(Debug, Clone)]
pub enum ManifestOrigin {
    /// The sources at these revisions: one for each source, `None` for its target revision.
    Revisions(Vec<Option<String>>),
    /// Files that stand in for the repository of an application with one source.
    Files(Opened),
}

/// The rendered objects of an application, and what they were rendered from.
#[derive(Debug, Clone, Default)]
pub struct Manifests {
    /// The objects as they would be applied, but for the namespace of those that name none.
    pub objects: Vec<Arc<Object>>,
    /// The exact revision of each source.
    pub revisions: Vec<String>,
    /// Helm, Kustomize, Directory or Plugin, for each source.
    pub source_types: Vec<String>,
}

impl Observer {
    /// An observer of the real records and clusters. Needs to be called inside a Tokio runtime.
    pub fn new(control: ControlPlane, clusters: Clusters, renderer: Renderer) -> Self {
        Self::over(Outside::real(control, clusters, renderer))
    }

    /// An observer over anything that gives records, clusters and renderings.
    pub fn over(outside: Outside) -> Self {
        let core = Core::new(outside, ControllerOptions { events: false, ..ControllerOptions::default() });
        let views = Views { memory: Arc::clone(&core.memory), outside: core.outside.clone() };
        Self { views, core }
    }

    /// Compares an application with what its target revision is this moment: the application with the status that a
    /// controller would write. With `hard`, manifests are rendered anew. From then on the views know the application.
    ///
    /// # Errors
    /// When there is no such application, or its cluster cannot be read in time.
    pub async fn look(&self, key: &AppKey, hard: bool) -> Result<Application, String> {
        let stored = self.core.outside.store.application(key).ok_or_else(|| format!("there is no {key}"))?;
        let refresh = Refresh { level: CompareLevel::LatestForced, hard, reason: "it was asked for" };
        let mut app = Application::clone(&stored);
        let looked = async {
            while let Refreshed::Abandoned(_) = Box::pin(self.core.refresh(&mut app, refresh)).await {
                self.core.cluster_ready(&stored).await?;
            }
            Ok(())
        };
        within_patience(key, looked).await?;
        Ok(app)
    }

    /// As [`Handle::manifests`].
    ///
    /// # Errors
    /// As there.
    pub async fn manifests(&self, app: &Application, from: ManifestOrigin) -> Result<Manifests, String> {
        self.core.manifests(app, from).await
    }
}

impl Handle {
    /// Renders an application from other revisions than its own, or from files.
    ///
    /// # Errors
    /// When the application is not permitted, its cluster cannot be read, or a source cannot be rendered.
    pub async fn manifests(&self, app: &Application, from: ManifestOrigin) -> Result<Manifests, String> {
        self.core().manifests(app, from).await
    }
}

async fn within_patience<T>(
    key: &AppKey,
    work: impl Future<Output = Result<T, String>>,
) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
        Err(format!("the cluster of {key} was not read within {} s; is it reachable?", PATIENCE.as_secs()))
    })
}

impl Core {
    /// Waits until the application's cluster has been read once.
    async fn cluster_ready(&self, app: &Application) -> Result<(), String> {
        let target = self.outside.fleet.resolve(&app.spec.destination)?;
        target.ready().await.map_err(|trouble| trouble.message)
    }

    async fn manifests(&self, app: &Application, from: ManifestOrigin) -> Result<Manifests, String> {
        let ground = async {
            loop {
                match self.ground(app).await {
                    Ok(ground) => return Ok(ground),
                    Err(NoGround::NotYet(target)) => {
                        target.ready().await.map_err(|trouble| trouble.message)?;
                    }
                    Err(NoGround::Unreachable(trouble)) => return Err(trouble.message),
                    Err(NoGround::Forbidden(conditions)) => {
                        let reasons: Vec<String> =
                            conditions.into_iter().map(|condition| condition.message).collect();
                        return Err(reasons.join("; "));
                    }
                }
            }
        };
        let ground = within_patience(&app.key(), ground).await?;
        let rendering = match from {
            ManifestOrigin::Revisions(revisions) => {
                self.render(app, &ground, app.spec.effective_sources(), revisions, true, false).await
            }
            ManifestOrigin::Files(files) => self.render_files(app, &ground, files).await,
        };
        let rendering = rendering.map_err(|trouble| trouble.message)?;
        Ok(Manifests {
            objects: rendering.objects.into_iter().map(|desired| desired.object).collect(),
            revisions: rendering.revisions,
            source_types: rendering.source_types,
        })
    }
}
