//! The control plane's own cluster: its Applications, AppProjects, ApplicationSets, settings, clusters and
//! repositories, kept in memory by watches and written through.
//!
//! ```text
//! follow ─▶ table.rs     Application, AppProject, ApplicationSet ──┐
//!        └▶ derived.rs   ConfigMaps, Secrets ─▶ Settings, Cluster… ┴─▶ ControlEvent
//! write.rs  create, replace, patch, delete ─▶ API server, and the answer into the tables at once
//! ```
//!
//! What a write answers is in the tables before the call returns, so that a reader sees its own writes; the watch
//! event that follows changes nothing more, nor does one that tells of the time before (order.rs).

mod derived;
mod order;
mod scope;
mod table;
mod write;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::AbortHandle;
use types::settings::Settings;
use types::{AppKey, AppProject, Application, ApplicationSet};

pub use table::Record;

use crate::Error;
use crate::follow::{Follow, Forbidden, Timing};
use crate::request::{Api, RequestLimits};
use crate::resource::ApiResource;
use derived::Derived;
use scope::Scope;
use table::Table;

/// Where the control plane lives.
#[derive(Debug, Clone)]
pub struct ControlOptions {
    /// The namespace of ConfigMaps, Secrets, AppProjects and Applications.
    pub namespace: String,
    /// Further namespaces of Applications and ApplicationSets: names, globs or `/regular expressions/`.
    /// With any pattern among them the whole cluster is watched.
    pub application_namespaces: Vec<String>,
    /// The limits of requests.
    pub limits: RequestLimits,
}

impl Default for ControlOptions {
    fn default() -> Self {
        ControlOptions {
            namespace: "argocd".to_owned(),
            application_namespaces: Vec::new(),
            limits: RequestLimits::default(),
        }
    }
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is different.
    Modified,
    /// It is gone; the record is its last state, with the `resourceVersion` of the deletion.
    Deleted,
}

/// A change in the control plane's cluster.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ControlEvent {
    /// An Application changed.
    Application(Change, Arc<Application>),
    /// An AppProject changed.
    Project(Change, Arc<AppProject>),
    /// An ApplicationSet changed.
    ApplicationSet(Change, Arc<ApplicationSet>),
    /// Settings, clusters, repositories or credentials changed.
    Settings,
}

/// The records of the control plane's cluster. Cheap to clone; watching ends with the last clone.
#[derive(Clone)]
pub struct ControlPlane {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    /// Which namespaces Applications and ApplicationSets are taken from.
    scopes: Vec<Scope>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// What the watching tasks write and the handles read.
struct Shared {
    api: Api,
    namespace: String,
    applications: Table<Application>,
    projects: Table<AppProject>,
    application_sets: Table<ApplicationSet>,
    derived: Derived,
    events: broadcast::Sender<ControlEvent>,
    /// Collections whose first list is not complete.
    pending: watch::Sender<usize>,
    /// Why collections cannot be read just now, by name.
    troubles: Mutex<BTreeMap<String, String>>,
}

/// Events that a slow subscriber may be behind before it is told to start over (`Lagged`).
const EVENTS: usize = 8192;

impl ControlPlane {
    /// Starts watching, and answers when everything has been read once. What cannot be read, such as a
    /// CustomResourceDefinition that is not installed yet, is waited for; the log says what is missing.
    ///
    /// # Errors
    /// When the options name no namespace.
    pub async fn start(client: kube::Client, options: ControlOptions) -> Result<Self, Error> {
        if options.namespace.is_empty() {
            return Err(Error::Invalid {
                action: "watch the control plane".to_owned(),
                message: "no namespace is given".to_owned(),
            });
        }
        let api = Api::new(client, types::names::IN_CLUSTER_SERVER, &options.limits);
        let events = broadcast::channel(EVENTS).0;
        let shared = Arc::new(Shared {
            api: api.clone(),
            namespace: options.namespace.clone(),
            applications: Table::new(events.clone()),
            projects: Table::new(events.clone()),
            application_sets: Table::new(events.clone()),
            derived: Derived::default(),
            events,
            pending: watch::channel(0).0,
            troubles: Mutex::default(),
        });
        let mut tasks = Vec::new();
        let scopes = Scope::of(&options.namespace, &options.application_namespaces);
        let own = Scope::namespace(&options.namespace);
        for scope in &scopes {
            tasks.push(shared.clone().follow::<Application>(scope.clone()));
            tasks.push(shared.clone().follow::<ApplicationSet>(scope.clone()));
        }
        tasks.push(shared.clone().follow::<AppProject>(own));
        tasks.extend(derived::follow(&shared));
        let control = ControlPlane { inner: Arc::new(Inner { shared, scopes, tasks }) };
        control.wait_ready().await;
        Ok(control)
    }

    async fn wait_ready(&self) {
        let mut pending = self.inner.shared.pending.subscribe();
        loop {
            let ready =
                tokio::time::timeout(Duration::from_secs(10), pending.wait_for(|pending| *pending == 0));
            if ready.await.is_ok() {
                return;
            }
            for message in self.troubles() {
                tracing::warn!("waiting for the control plane's own records: {message}");
            }
        }
    }

    /// The client that everything here is read and written with.
    pub fn client(&self) -> &kube::Client {
        self.inner.shared.api.client()
    }

    pub(crate) fn api(&self) -> &Api {
        &self.inner.shared.api
    }

    /// The control plane's namespace.
    pub fn namespace(&self) -> &str {
        &self.inner.shared.namespace
    }

    /// All Applications, sorted by namespace and name.
    pub fn applications(&self) -> Vec<Arc<Application>> {
        self.inner.shared.applications.all()
    }

    /// All records of a kind, sorted by namespace and name, and the version from which on [`Self::changes_after`] and
    /// [`Self::subscribe`] tell whatever changes in them.
    pub fn list<T: Record>(&self) -> (Vec<Arc<T>>, u64) {
        T::table(&self.inner.shared).list()
    }

    /// What has changed in the records of a kind after a version, for whoever listed earlier than they subscribed: those
    /// that were deleted (as far as is remembered: the last 1,000), then those that are there.
    pub fn changes_after<T: Record>(&self, version: u64) -> Vec<(Change, Arc<T>)> {
        T::table(&self.inner.shared).changes_after(version)
    }

    /// One Application.
    pub fn application(&self, key: &AppKey) -> Option<Arc<Application>> {
        self.inner.shared.applications.get(key)
    }

    /// All AppProjects, sorted by name.
    pub fn projects(&self) -> Vec<Arc<AppProject>> {
        self.inner.shared.projects.all()
    }

    /// One AppProject.
    pub fn project(&self, name: &str) -> Option<Arc<AppProject>> {
        self.inner.shared.projects.get(&AppKey::new(self.namespace(), name))
    }

    /// All ApplicationSets, sorted by namespace and name.
    pub fn application_sets(&self) -> Vec<Arc<ApplicationSet>> {
        self.inner.shared.application_sets.all()
    }

    /// One ApplicationSet.
    pub fn application_set(&self, key: &AppKey) -> Option<Arc<ApplicationSet>> {
        self.inner.shared.application_sets.get(key)
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.inner.shared.derived.current().settings.clone()
    }

    /// What could not be read in ConfigMaps and Secrets, and what is used instead.
    pub fn setting_problems(&self) -> Vec<String> {
        self.inner.shared.derived.current().problems.clone()
    }

    /// The clusters, the control plane's own among them unless the settings turn it off.
    pub fn clusters(&self) -> Arc<Vec<types::Cluster>> {
        self.inner.shared.derived.current().clusters.clone()
    }

    /// The repositories.
    pub fn repositories(&self) -> Arc<Vec<types::Repository>> {
        self.inner.shared.derived.current().repositories.clone()
    }

    /// The credentials for repositories by URL prefix.
    pub fn repository_credentials(&self) -> Arc<Vec<types::RepoCreds>> {
        self.inner.shared.derived.current().credentials.clone()
    }

    /// The data of a ConfigMap of the control plane: one with a known name or labeled
    /// `app.kubernetes.io/part-of: argocd`.
    pub fn config_map(&self, name: &str) -> Option<BTreeMap<String, String>> {
        self.inner.shared.derived.config_map(name)
    }

    /// One value of a Secret of the control plane: one with a known name, a `secret-type`, or labeled
    /// `app.kubernetes.io/part-of: argocd`.
    pub fn secret_value(&self, name: &str, key: &str) -> Option<types::Secret<Vec<u8>>> {
        self.inner.shared.derived.secret_value(name, key)
    }

    /// The names of the Secrets with a `secret-type`, and that type.
    pub fn labeled_secrets(&self) -> Vec<(String, String)> {
        self.inner.shared.derived.labeled_secrets()
    }

    /// All changes from now on. A subscriber that is too slow is told so (`Lagged`) and has to look at everything.
    pub fn subscribe(&self) -> broadcast::Receiver<ControlEvent> {
        self.inner.shared.events.subscribe()
    }

    /// What cannot be read just now, and why; empty when all is well.
    pub fn troubles(&self) -> Vec<String> {
        self.inner.shared.troubles.lock().values().cloned().collect()
    }
}

impl Shared {
    fn start_following(
        self: &Arc<Self>,
        resource: &ApiResource,
        namespace: Option<&str>,
    ) -> (Follow, String) {
        self.pending.send_modify(|pending| *pending += 1);
        let name = match namespace {
            Some(namespace) => format!("{} of namespace {namespace}", resource.group_kind()),
            None => resource.group_kind().to_string(),
        };
        let follow = Follow {
            forbidden: Forbidden::Retry,
            api: self.api.clone(),
            name: name.clone(),
            path: resource.collection_path(namespace),
            lists: Arc::new(Semaphore::new(1)),
            streaming: Arc::new(AtomicBool::new(false)),
            // People wait for these records, so the longest delay is short.
            timing: Timing { backoff_cap: Duration::from_secs(5), ..Timing::default() },
        };
        (follow, name)
    }

    fn trouble(&self, name: &str, error: Option<&Error>) {
        let mut troubles = self.troubles.lock();
        match error {
            None => {
                troubles.remove(name);
            }
            Some(error) if error.is_not_found() => {
                let hint = "install Argosy's CustomResourceDefinitions (argosy install)";
                troubles.insert(name.to_owned(), format!("{name} is not served by the cluster: {hint}"));
            }
            Some(error) => {
                troubles.insert(name.to_owned(), error.to_string());
            }
        }
    }
}
