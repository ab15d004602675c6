//! [`LiveCluster`]: one cluster as it is now, by watches, and everything that can be done to it.
//!
//! ```text
//! supervise.rs  connect ─▶ discover ─▶ one follow per kind ─▶ kind.rs ─▶ Store ─▶ LiveChange
//!                             ▲ CRDs and APIServices change
//! ```
//! Reading is here; the tree in `tree/`, applying in `apply/`, single objects, logs and events in `verbs.rs`.

mod kind;
mod state;
mod supervise;
mod verbs;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use arc_swap::ArcSwap;
use object::{GroupKind, ObjectKey};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Notify, Semaphore, broadcast, watch};
use tokio::task::AbortHandle;
use types::settings::ResourceFilter;

use crate::Error;
use crate::cache::{Interner, LiveObject, Rules, Store};
use crate::connect::Connector;
use crate::discovery::Discovery;
use crate::follow::Timing;
use crate::request::{Api, RequestLimits};
use crate::resource::ApiResource;
use kind::KindState;
pub use state::{ClusterState, Phase};
pub use verbs::LogOptions;
pub(crate) use verbs::Target;

/// A change of a live object.
#[derive(Debug, Clone)]
pub struct LiveChange {
    /// The object.
    pub key: ObjectKey,
    /// The application instance that it belongs to: its own, or that of its nearest tracked owner.
    pub instance: Option<String>,
    /// Whether the object itself is tracked, rather than owned by something tracked.
    pub is_root: bool,
    /// Its version after the change.
    pub resource_version: String,
    /// Whether it is gone.
    pub deleted: bool,
    /// The object after the change, or its last state.
    pub object: Arc<LiveObject>,
    /// The object before the change, if it was known.
    pub before: Option<Arc<LiveObject>>,
}

/// What a cluster's cache is made with. A change of any of it needs a new [`LiveCluster`].
#[derive(Clone)]
pub(crate) struct Blueprint {
    pub(crate) server: String,
    pub(crate) name: String,
    /// Empty for the whole cluster.
    pub(crate) namespaces: Vec<String>,
    /// With `namespaces`: whether cluster-scoped kinds are watched too.
    pub(crate) cluster_resources: bool,
    pub(crate) rules: Arc<Rules>,
    pub(crate) filter: ResourceFilter,
    pub(crate) limits: RequestLimits,
    pub(crate) timing: Timing,
}

/// One cluster as it is now. Watching ends when it is dropped or closed.
pub struct LiveCluster {
    inner: Arc<Inner>,
    supervisor: AbortHandle,
}

pub(crate) struct Inner {
    pub(crate) blueprint: Blueprint,
    pub(crate) api: watch::Sender<Option<Api>>,
    pub(crate) version: ArcSwap<String>,
    pub(crate) discovery: ArcSwap<Discovery>,
    pub(crate) store: RwLock<Store>,
    pub(crate) interner: Arc<Interner>,
    kinds: Mutex<HashMap<GroupKind, KindState>>,
    changes: broadcast::Sender<LiveChange>,
    state: watch::Sender<ClusterState>,
    /// A CRD or APIService changed, so that other kinds may be served.
    rediscover: Notify,
    lists: Arc<Semaphore>,
    /// Whether the server's own watches can begin with a list.
    streaming: AtomicBool,
}

/// Changes that a slow subscriber may be behind before it is told to start over (`Lagged`).
const CHANGES: usize = 4096;
/// Lists that run at the same time.
const LISTS: usize = 16;

impl LiveCluster {
    /// Starts connecting and watching in the background; answers at once.
    pub(crate) fn start(connector: Connector, blueprint: Blueprint) -> Arc<Self> {
        let inner = Arc::new(Inner {
            state: watch::channel(ClusterState::connecting()).0,
            blueprint,
            api: watch::channel(None).0,
            version: ArcSwap::default(),
            discovery: ArcSwap::default(),
            store: RwLock::default(),
            interner: Arc::default(),
            kinds: Mutex::default(),
            changes: broadcast::channel(CHANGES).0,
            rediscover: Notify::new(),
            lists: Arc::new(Semaphore::new(LISTS)),
            streaming: AtomicBool::new(false),
        });
        let supervisor = tokio::spawn(supervise::run(Arc::downgrade(&inner), connector)).abort_handle();
        Arc::new(LiveCluster { inner, supervisor })
    }

    /// The URL of the API server, which identifies the cluster.
    pub fn server(&self) -> &str {
        &self.inner.blueprint.server
    }

    /// The name of the cluster.
    pub fn name(&self) -> &str {
        &self.inner.blueprint.name
    }

    /// The version of Kubernetes, such as `v1.36.3`; empty until connected.
    pub fn version(&self) -> String {
        self.inner.version.load().as_ref().clone()
    }

    /// What Helm charts ask for: `v1`, `apps/v1`, `apps/v1/Deployment`, …, sorted.
    pub fn api_versions(&self) -> Arc<[String]> {
        self.inner.discovery.load().api_versions.clone()
    }

    /// How a kind is served, in the version preferred; `None` when it is not.
    pub fn resource(&self, kind: &GroupKind) -> Option<ApiResource> {
        self.inner.discovery.load().resource(kind, "").cloned()
    }

    /// How a kind is served in a version; `None` when it is not.
    pub fn resource_in(&self, kind: &GroupKind, version: &str) -> Option<ApiResource> {
        self.inner.discovery.load().resource(kind, version).cloned()
    }

    /// All kinds that are served, in the versions preferred.
    pub fn resources(&self) -> Vec<ApiResource> {
        self.inner.discovery.load().all()
    }

    /// Waits until everything that can be read has been read once. Kinds that the API server refuses to list are not
    /// waited for; see [`LiveCluster::kind_problem`].
    ///
    /// # Errors
    /// [`Error::Closed`] when the cluster is closed meanwhile. It waits as long as the API server is not reachable:
    /// use a timeout, and [`LiveCluster::state`] for the reason.
    pub async fn wait_synced(&self) -> Result<(), Error> {
        let mut state = self.inner.state.subscribe();
        let reached = state.wait_for(|state| matches!(state.phase, Phase::Synced | Phase::Closed)).await;
        match reached.map(|state| state.phase) {
            Ok(Phase::Synced) => Ok(()),
            _ => Err(Error::Closed { server: self.server().to_owned() }),
        }
    }

    /// How the connection stands.
    pub fn state(&self) -> ClusterState {
        self.inner.state.borrow().clone()
    }

    /// Follows how the connection stands.
    pub fn watch_state(&self) -> watch::Receiver<ClusterState> {
        self.inner.state.subscribe()
    }

    /// Why the objects of a kind are not known: they cannot be listed, or the settings exclude the kind. `None` when
    /// they are known.
    pub fn kind_problem(&self, kind: &GroupKind) -> Option<String> {
        let kinds = self.inner.kinds.lock();
        match kinds.get(kind) {
            Some(state) => state.problem(),
            None if self.inner.includes(kind) => Some(format!("{kind} is not served by {}", self.server())),
            None => Some(format!("{kind} is excluded by resource.exclusions or resource.inclusions")),
        }
    }

    /// How many objects are known.
    pub fn object_count(&self) -> usize {
        self.inner.store.read().len()
    }

    /// How many versions of API groups are served.
    pub fn api_count(&self) -> usize {
        self.inner.discovery.load().api_count()
    }

    /// The objects that say they belong to an application instance, sorted. They have no owners, and their content is
    /// kept.
    pub fn managed(&self, instance: &str) -> Vec<Arc<LiveObject>> {
        let mut objects = self.inner.store.read().of_instance(instance);
        objects.sort_by_cached_key(|object| object.key());
        objects
    }

    /// One live object, of whatever is watched.
    pub fn live(&self, key: &ObjectKey) -> Option<Arc<LiveObject>> {
        self.inner.store.read().get(key).cloned()
    }

    /// All live objects of a kind.
    pub fn live_of_kind(&self, kind: &GroupKind) -> Vec<Arc<LiveObject>> {
        self.inner.store.read().of_kind(kind).cloned().collect()
    }

    /// The application instance that an object belongs to: its own, or that of its nearest tracked owner.
    pub fn instance_of(&self, object: &LiveObject) -> Option<String> {
        self.inner.store.read().instance_of(object).map(|instance| instance.to_string())
    }

    /// All changes from now on, once the cache is synced. A subscriber that is too slow is told so (`Lagged`) and has
    /// to look at everything; the channel closes when the cluster does.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveChange> {
        self.inner.changes.subscribe()
    }

    /// The client for everything that this crate has no words for.
    ///
    /// # Errors
    /// When there is no connection within the ordinary deadline.
    pub async fn client(&self) -> Result<kube::Client, Error> {
        Ok(self.inner.connected().await?.client().clone())
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.inner
    }

    /// Stops watching. What is in memory stays readable; waiting callers get [`Error::Closed`].
    pub fn close(&self) {
        self.supervisor.abort();
        self.inner.kinds.lock().clear();
        self.inner.state.send_modify(|state| state.phase = Phase::Closed);
    }
}

impl Drop for LiveCluster {
    fn drop(&mut self) {
        self.close();
    }
}

impl Inner {
    /// The connection, waited for within the ordinary deadline.
    pub(crate) async fn connected(&self) -> Result<Api, Error> {
        let mut api = self.api.subscribe();
        let deadline = self.blueprint.limits.deadline.min(Duration::from_secs(30));
        if let Ok(Ok(api)) = tokio::time::timeout(deadline, api.wait_for(Option::is_some)).await
            && let Some(api) = api.clone()
        {
            return Ok(api);
        }
        let server = self.blueprint.server.clone();
        let message = self.state.borrow().trouble.clone();
        let message = message.unwrap_or_else(|| format!("no connection within {} s", deadline.as_secs()));
        Err(Error::Connect { server, message })
    }

    pub(crate) fn includes(&self, kind: &GroupKind) -> bool {
        self.blueprint.filter.includes(&kind.group, &kind.kind, &self.blueprint.server)
    }

    /// How a kind is served, in a version or, when that is empty, in the one preferred. Asks the server again before
    /// it says that a kind is not served: the CRD may be a second old.
    pub(crate) async fn resource(&self, kind: &GroupKind, version: &str) -> Result<ApiResource, Error> {
        if let Some(resource) = self.discovery.load().resource(kind, version) {
            return Ok(resource.clone());
        }
        let discovery = Discovery::fetch(&self.connected().await?).await?;
        let found = discovery.resource(kind, version).cloned();
        if found.is_some() {
            self.rediscover.notify_one();
        }
        found.ok_or_else(|| Error::UnknownKind {
            kind: kind.clone(),
            version: version.to_owned(),
            server: self.blueprint.server.clone(),
        })
    }
}
