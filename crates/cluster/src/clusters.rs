//! [`Clusters`]: the live clusters, connected when they are first asked for, and replaced when their settings change.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::AbortHandle;
use types::settings::Settings;
use types::{ApplicationDestination, Cluster, names};

use crate::cache::Rules;
use crate::connect::Connector;
use crate::control::{ControlEvent, ControlPlane};
use crate::follow::Timing;
use crate::live::{Blueprint, LiveCluster};
use crate::request::{Api, Call, RequestLimits};
use crate::{DestinationError, Error};

/// How clusters are read.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// The limits of requests to each cluster.
    pub limits: RequestLimits,
    /// Whether contents keep `managedFields`, which comparisons with `managedFieldsManagers` need. It costs memory.
    pub managed_fields: bool,
}

/// The registry of live clusters. Cheap to clone; all clusters are closed with the last clone.
///
/// A [`LiveCluster`] is good until its settings change: its record, the tracking method, the resource filter, health
/// customizations. Then it is closed, its change channel ends, and resolving the destination again gives a new one.
#[derive(Clone)]
pub struct Clusters {
    inner: Arc<Inner>,
    _guard: Arc<Guard>,
}

struct Inner {
    control: ControlPlane,
    options: ClusterOptions,
    live: Mutex<HashMap<String, (Fingerprint, Arc<LiveCluster>)>>,
}

struct Guard(AbortHandle);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Everything that a cache was made with.
struct Fingerprint {
    cluster: Cluster,
    settings: Arc<Settings>,
}

impl Fingerprint {
    fn is_same(&self, cluster: &Cluster, settings: &Arc<Settings>) -> bool {
        let same_settings = Arc::ptr_eq(&self.settings, settings) || {
            let (old, new) = (&*self.settings, &**settings);
            old.tracking == new.tracking
                && old.resources.filter == new.resources.filter
                && old.resources.respect_rbac == new.resources.respect_rbac
                && old.resources.custom_labels == new.resources.custom_labels
                && old.resources.allowed_node_labels == new.resources.allowed_node_labels
                && health_scripts(old) == health_scripts(new)
        };
        same_settings && self.cluster == *cluster
    }
}

fn health_scripts(settings: &Settings) -> Vec<(&str, &str, bool)> {
    let overrides = settings.resources.overrides.iter().filter(|(_, rule)| !rule.health_lua.is_empty());
    overrides.map(|(key, rule)| (key.as_str(), rule.health_lua.as_str(), rule.use_open_libs)).collect()
}

impl Clusters {
    /// A registry over the clusters that the control plane knows. Needs to be called inside a Tokio runtime.
    pub fn new(control: ControlPlane, options: ClusterOptions) -> Self {
        let mut events = control.subscribe();
        let inner = Arc::new(Inner { control, options, live: Mutex::default() });
        let weak: Weak<Inner> = Arc::downgrade(&inner);
        let task = tokio::spawn(async move {
            loop {
                match events.recv().await {
                    Ok(ControlEvent::Settings) | Err(RecvError::Lagged(_)) => match weak.upgrade() {
                        Some(inner) => inner.close_changed(),
                        None => return,
                    },
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Clusters { inner, _guard: Arc::new(Guard(task.abort_handle())) }
    }

    /// The cluster of a destination, connected in the background if it is not yet.
    ///
    /// # Errors
    /// When the destination names none, several, or an unknown cluster. Whether the cluster can be reached is told by
    /// [`LiveCluster::state`].
    pub fn resolve(
        &self,
        destination: &ApplicationDestination,
    ) -> Result<Arc<LiveCluster>, DestinationError> {
        let cluster = self.record(destination)?;
        Ok(self.inner.connect(&cluster))
    }

    /// The record of a destination's cluster, without connecting.
    ///
    /// # Errors
    /// As [`Clusters::resolve`].
    pub fn record(&self, destination: &ApplicationDestination) -> Result<Cluster, DestinationError> {
        let ApplicationDestination { server, name, .. } = destination;
        let clusters = self.inner.control.clusters();
        match (server.is_empty(), name.is_empty()) {
            (true, true) => Err(DestinationError::Missing),
            (false, false) => Err(DestinationError::Both { server: server.clone(), name: name.clone() }),
            (false, true) => {
                let wanted = normalize(server);
                let found = clusters.iter().find(|cluster| normalize(&cluster.server) == wanted);
                found.cloned().ok_or_else(|| DestinationError::UnknownServer { server: server.clone() })
            }
            (true, false) => {
                let mut found = clusters.iter().filter(|cluster| cluster.name == *name);
                match (found.next(), found.count()) {
                    (None, _) => Err(DestinationError::UnknownName { name: name.clone() }),
                    (Some(cluster), 0) => Ok(cluster.clone()),
                    (Some(_), others) => {
                        Err(DestinationError::Ambiguous { name: name.clone(), count: others + 1 })
                    }
                }
            }
        }
    }

    /// The cluster with this URL, connected in the background if it is not yet; `None` when there is none.
    pub fn by_server(&self, server: &str) -> Option<Arc<LiveCluster>> {
        let destination =
            ApplicationDestination { server: server.to_owned(), ..ApplicationDestination::default() };
        self.resolve(&destination).ok()
    }

    /// The cluster that the control plane runs in or is configured with.
    pub fn in_cluster(&self) -> Option<Arc<LiveCluster>> {
        self.by_server(names::IN_CLUSTER_SERVER)
    }

    /// Connects to a cluster as a record says, and answers its version; nothing is kept.
    ///
    /// # Errors
    /// When the record's settings cannot be used, or the API server does not answer.
    pub async fn probe(&self, cluster: &Cluster) -> Result<String, Error> {
        let client = self.inner.connector(cluster).connect().await?;
        let api = Api::new(client, &cluster.server, &self.inner.options.limits);
        let version: Value = api.json(Call::get("read the version of Kubernetes", "/version")).await?;
        Ok(version["gitVersion"].as_str().unwrap_or_default().to_owned())
    }

    /// The clusters that have been asked for, connected or on their way.
    pub fn connected(&self) -> Vec<Arc<LiveCluster>> {
        self.inner.live.lock().values().map(|(_, cluster)| cluster.clone()).collect()
    }

    /// Drops what is known of a cluster; it is read anew when it is asked for again.
    pub fn invalidate(&self, server: &str) {
        let dropped = self.inner.live.lock().remove(normalize(server));
        if let Some((_, cluster)) = dropped {
            cluster.close();
        }
    }
}

fn normalize(server: &str) -> &str {
    server.trim_end_matches('/')
}

impl Inner {
    fn connect(&self, cluster: &Cluster) -> Arc<LiveCluster> {
        let settings = self.control.settings();
        let mut live = self.live.lock();
        let server = normalize(&cluster.server).to_owned();
        if let Some((fingerprint, known)) = live.get(&server) {
            if fingerprint.is_same(cluster, &settings) {
                return known.clone();
            }
            known.close();
        }
        let blueprint = Blueprint {
            server: server.clone(),
            name: cluster.name.clone(),
            namespaces: cluster.namespaces.clone(),
            cluster_resources: cluster.cluster_resources,
            rules: Arc::new(Rules {
                tracking: settings.tracking.clone(),
                resources: settings.resources.clone(),
                managed_fields: self.options.managed_fields,
            }),
            filter: settings.resources.filter.clone(),
            limits: self.options.limits.clone(),
            timing: Timing::default(),
        };
        let made = LiveCluster::start(self.connector(cluster), blueprint);
        live.insert(server, (Fingerprint { cluster: cluster.clone(), settings }, made.clone()));
        made
    }

    fn connector(&self, cluster: &Cluster) -> Connector {
        let config = &cluster.config;
        let has_credentials = !config.username.is_empty() || !config.bearer_token.expose().is_empty();
        if cluster.server == names::IN_CLUSTER_SERVER && !has_credentials {
            Connector::Client(self.control.client().clone())
        } else {
            Connector::Record(Box::new(cluster.clone()))
        }
    }

    /// Closes the clusters whose settings have changed or that are gone.
    fn close_changed(&self) {
        let (records, settings) = (self.control.clusters(), self.control.settings());
        self.live.lock().retain(|server, (fingerprint, cluster)| {
            let record = records.iter().find(|record| normalize(&record.server) == server);
            let same = record.is_some_and(|record| fingerprint.is_same(record, &settings));
            if same {
                // The comparison is cheaper the next time.
                fingerprint.settings = settings.clone();
            } else {
                tracing::info!(server, "settings changed, the cluster is read anew");
                cluster.close();
            }
            same
        });
    }
}
