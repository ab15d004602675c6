//! What the loop needs from outside: the control plane's records, live clusters and rendered sources.
//!
//! `adapt.rs` gives it the real ones (crates `cluster` and `render`); tests give it ones that fail on demand.

use std::sync::Arc;

use futures::future::BoxFuture;
use object::{GroupVersionKind, Object, ObjectKey};
use serde_json::Value;
use source::Opened;
use sync::{Apply, KindAnswer, Propagation};
use tokio::sync::mpsc;
use types::settings::Settings;
use types::{
    AppKey, AppProject, Application, ApplicationDestination, ApplicationSource, HealthStatus, HostInfo,
    ResourceNode,
};

/// Why something outside did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Trouble {
    /// What was attempted, on what, and why it failed.
    pub message: String,
    /// What kind of failure it is.
    pub kind: TroubleKind,
}

/// What can be done about a [`Trouble`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// Try again later; nothing needs to be changed.
    Transient,
    /// Somebody else changed the record first; read it again.
    Conflict,
    /// The object is not there.
    NotFound,
    /// The request is too large to be stored.
    TooLarge,
    /// Somebody has to change something.
    Permanent,
}

impl Trouble {
    /// A failure of a kind.
    pub fn new(kind: TroubleKind, message: impl Into<String>) -> Self {
        Self { message: message.into(), kind }
    }

    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        self.kind == TroubleKind::Transient
    }
}

/// A change of an Application or AppProject.
#[derive(Debug, Clone, PartialEq)]
pub enum RecordPatch {
    /// JSON merge patch.
    Merge(Value),
    /// JSON patch; a `test` that fails is a [`TroubleKind::Conflict`].
    Json(Vec<Value>),
}

/// Something that happened in the control plane's records.
#[derive(Debug, Clone)]
pub enum RecordEvent {
    /// An Application is new or different.
    Application(Arc<Application>),
    /// An Application is gone; its last state.
    ApplicationGone(Arc<Application>),
    /// An AppProject changed or is gone.
    Project(String),
    /// Settings or clusters changed.
    Settings,
    /// Events were lost; everything must be looked at.
    Lost,
}

/// The records of the control plane.
pub trait Store: Send + Sync {
    /// The control plane's namespace.
    fn namespace(&self) -> &str;
    /// All Applications.
    fn applications(&self) -> Vec<Arc<Application>>;
    /// One Application.
    fn application(&self, key: &AppKey) -> Option<Arc<Application>>;
    /// One AppProject.
    fn project(&self, name: &str) -> Option<Arc<AppProject>>;
    /// The settings as they are now.
    fn settings(&self) -> Arc<Settings>;
    /// Changes an Application; the answer is what it is now.
    fn patch_application(
        &self,
        key: AppKey,
        patch: RecordPatch,
    ) -> BoxFuture<'_, Result<Arc<Application>, Trouble>>;
    /// Changes an AppProject.
    fn patch_project(&self, name: String, patch: RecordPatch) -> BoxFuture<'_, Result<(), Trouble>>;
    /// Writes a Kubernetes Event; one that cannot be written is only logged.
    fn record(&self, event: Object) -> BoxFuture<'_, ()>;
    /// All changes from now on.
    fn subscribe(&self) -> mpsc::Receiver<RecordEvent>;
}

/// An object as a cluster's cache has it. The content is decoded only on demand.
#[derive(Clone)]
pub struct LiveItem {
    /// Which object.
    pub key: ObjectKey,
    /// Its identity.
    pub uid: String,
    /// Its version.
    pub resource_version: String,
    /// Its health; `None` when its kind has none, an error's text when it could not be told.
    pub health: Result<Option<HealthStatus>, String>,
    /// Gives the content, if it is kept.
    pub content: Arc<dyn Fn() -> Option<Object> + Send + Sync>,
}

/// A change in a live cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveEvent {
    /// The instance name of the application that owns the object; `None` when nobody does.
    pub instance: Option<String>,
    /// Whether the object itself is tracked, rather than descended from one that is.
    pub is_root: bool,
    /// Which object.
    pub key: ObjectKey,
    /// Its version after the change.
    pub resource_version: String,
    /// Whether it is gone.
    pub deleted: bool,
}

/// A live cluster.
pub trait Target: Send + Sync {
    /// The URL of its API server.
    fn server(&self) -> &str;
    /// Its name.
    fn name(&self) -> &str;
    /// The project it is bound to; empty for none.
    fn project(&self) -> String;
    /// Its Kubernetes version, as charts see it.
    fn version(&self) -> String;
    /// Its API versions, as charts see them.
    fn api_versions(&self) -> Arc<[String]>;
    /// Waits until its objects have been read once.
    ///
    /// The error says why they cannot be.
    fn ready(&self) -> BoxFuture<'_, Result<(), Trouble>>;
    /// Whether it has a kind.
    fn kind(&self, gvk: &GroupVersionKind) -> KindAnswer;
    /// The versions in which it has a kind, in any group.
    fn installed(&self, kind: &str) -> Vec<GroupVersionKind>;
    /// Whether the settings keep objects of a kind out of sight.
    fn is_excluded(&self, group: &str, kind: &str) -> bool;
    /// The objects that are tracked for an instance.
    fn managed(&self, instance: &str) -> Vec<LiveItem>;
    /// The instance that an object is tracked for, if it is.
    fn managed_by(&self, key: &ObjectKey) -> Option<String>;
    /// One object of the cache.
    fn live(&self, key: &ObjectKey) -> Option<LiveItem>;
    /// The objects with all their descendants; what is not permitted is left out with all that it owns.
    fn tree(&self, roots: &[ObjectKey], permitted: &dyn Fn(&ObjectKey) -> bool) -> Vec<ResourceNode>;
    /// The machines that run the Pods among nodes.
    fn hosts(&self, nodes: &[ResourceNode]) -> Vec<HostInfo>;
    /// Objects of a namespace without owner and without application.
    fn orphans(&self, namespace: &str) -> Vec<ResourceNode>;
    /// Reads one object from the API server itself; `None` when there is none.
    fn fetch(&self, key: ObjectKey, version: String) -> BoxFuture<'_, Result<Option<LiveItem>, Trouble>>;
    /// Applies an object as a user, or as itself when that is empty; the words for the result and the object as it
    /// is now.
    fn apply(&self, apply: Apply, user: String) -> BoxFuture<'_, Result<(String, Option<Object>), Trouble>>;
    /// Deletes an object as a user; one that is not there is [`TroubleKind::NotFound`].
    fn delete(
        &self,
        key: ObjectKey,
        uid: String,
        propagation: Propagation,
        user: String,
    ) -> BoxFuture<'_, Result<(), Trouble>>;
    /// Takes a finalizer off an object.
    fn remove_finalizer(&self, object: Arc<Object>, finalizer: String) -> BoxFuture<'_, Result<(), Trouble>>;
    /// The health of an object that is not (yet) in the cache.
    fn health(&self, object: &Object) -> Result<Option<HealthStatus>, String>;
    /// All changes from now on. `None` in the stream says that events were lost.
    fn subscribe(&self) -> mpsc::Receiver<Option<LiveEvent>>;
}

/// All live clusters.
pub trait Fleet: Send + Sync {
    /// The cluster that a destination names; the text says why there is none.
    fn resolve(&self, destination: &ApplicationDestination) -> Result<Arc<dyn Target>, String>;
}

/// A rendered object.
#[derive(Debug, Clone)]
pub struct DesiredObject {
    /// The object, marked as belonging to the application.
    pub object: Arc<Object>,
    /// A hash of its content.
    pub hash: u64,
}

/// What is to be rendered.
#[derive(Debug, Clone)]
pub struct RenderAsk {
    /// For which application.
    pub app: Arc<Application>,
    /// From which sources.
    pub sources: Vec<ApplicationSource>,
    /// At which revisions; `None` resolves the source's target revision.
    pub revisions: Vec<Option<String>>,
    /// Files in place of those of the repository, for one source.
    pub files: Option<Opened>,
    /// Whether revisions are looked up in the repository this moment.
    pub refresh_revisions: bool,
    /// Whether cached results are left aside.
    pub no_cache: bool,
    /// The cluster's version.
    pub kube_version: String,
    /// The cluster's API versions.
    pub api_versions: Arc<[String]>,
}

/// Rendered sources.
#[derive(Debug, Clone, Default)]
pub struct Rendering {
    /// All objects, in the order of sources.
    pub objects: Vec<DesiredObject>,
    /// The resolved revision of each source.
    pub revisions: Vec<String>,
    /// Helm, Kustomize, Directory or Plugin, for each source.
    pub source_types: Vec<String>,
}

/// Whatever renders sources.
pub trait Engine: Send + Sync {
    /// Renders all sources of an application.
    fn render(&self, ask: RenderAsk) -> BoxFuture<'_, Result<Rendering, Trouble>>;
}

/// How a pair differs.
#[derive(Debug, Clone, Default)]
pub struct Difference {
    /// Whether it does.
    pub modified: bool,
    /// Live without what the comparison leaves out.
    pub normalized_live: Option<Object>,
    /// What live would be after a sync.
    pub predicted_live: Option<Object>,
}

/// The comparison of pairs under the rules of one application.
pub trait Comparer: Send + Sync {
    /// Compares a pair of which at least one side is there.
    ///
    /// # Errors
    /// The text of what could not be computed.
    fn compare(&self, target: Option<&Object>, live: Option<&Object>) -> Result<Difference, String>;
    /// A pair with the values of Secrets masked.
    fn mask(&self, target: Option<&Object>, live: Option<&Object>) -> (Option<Object>, Option<Object>);
    /// A target that keeps what is live wherever the rules ignore differences.
    ///
    /// # Errors
    /// The text of what could not be computed.
    fn respect(&self, target: &Object, live: &Object) -> Result<Object, String>;
}

/// Where comparisons come from.
pub trait Comparers: Send + Sync {
    /// The comparison for an application.
    ///
    /// # Errors
    /// Which rule cannot be used.
    fn comparer(&self, app: &Application, settings: &Settings) -> Result<Arc<dyn Comparer>, String>;
}

/// Everything outside, in one hand.
#[derive(Clone)]
pub struct Outside {
    /// The records.
    pub store: Arc<dyn Store>,
    /// The clusters.
    pub fleet: Arc<dyn Fleet>,
    /// The renderer.
    pub engine: Arc<dyn Engine>,
    /// The comparisons.
    pub comparers: Arc<dyn Comparers>,
}
