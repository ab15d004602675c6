//! Settings, clusters, repositories and credentials, derived from the ConfigMaps and Secrets of the control plane's
//! namespace whenever one of them changes.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arc_swap::ArcSwap;
use base64::Engine as _;
use parking_lot::Mutex;
use serde::Deserialize;
use tokio::task::AbortHandle;
use types::settings::Settings;
use types::{Cluster, RepoCreds, Repository, SecretSource, names};

use super::order::Order;
use super::{ControlEvent, Shared};
use crate::Error;
use crate::follow::Sink;
use crate::resource::ApiResource;

/// The label of objects that belong to the installation.
const PART_OF: (&str, &str) = ("app.kubernetes.io/part-of", "argocd");

/// Everything that was derived at one moment.
#[derive(Default)]
pub(super) struct View {
    pub(super) settings: Arc<Settings>,
    pub(super) problems: Vec<String>,
    pub(super) clusters: Arc<Vec<Cluster>>,
    pub(super) repositories: Arc<Vec<Repository>>,
    pub(super) credentials: Arc<Vec<RepoCreds>>,
}

/// A ConfigMap or Secret as it is kept. Deliberately without `Debug`: it may hold secret values.
#[derive(Clone, Default)]
struct Held {
    version: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    data: BTreeMap<String, Vec<u8>>,
}

#[derive(Default)]
struct Objects {
    config_maps: BTreeMap<String, Held>,
    secrets: BTreeMap<String, Held>,
    orders: [Order<String>; 2],
}

/// The objects, and what was derived from them.
#[derive(Default)]
pub(super) struct Derived {
    objects: Mutex<Objects>,
    view: ArcSwap<View>,
}

impl Derived {
    pub(super) fn current(&self) -> Arc<View> {
        self.view.load_full()
    }

    pub(super) fn config_map(&self, name: &str) -> Option<BTreeMap<String, String>> {
        self.objects.lock().config_maps.get(name).map(|held| texts(&held.data))
    }

    pub(super) fn secret_value(&self, name: &str, key: &str) -> Option<types::Secret<Vec<u8>>> {
        self.objects.lock().secrets.get(name)?.data.get(key).cloned().map(types::Secret::new)
    }

    pub(super) fn labeled_secrets(&self) -> Vec<(String, String)> {
        let objects = self.objects.lock();
        let labeled = objects.secrets.iter().filter_map(|(name, held)| {
            held.labels.get(names::LABEL_SECRET_TYPE).map(|kind| (name.clone(), kind.clone()))
        });
        labeled.collect()
    }

    fn rebuild(&self, namespace: &str) {
        let objects = self.objects.lock();
        let config_maps =
            objects.config_maps.iter().map(|(name, held)| (name.clone(), texts(&held.data))).collect();
        let secrets = objects.secrets.iter().map(|(name, held)| (name.clone(), held.data.clone())).collect();
        let (settings, problems) = Settings::parse(&config_maps, &secrets);
        let mut view =
            View { problems: problems.iter().map(ToString::to_string).collect(), ..View::default() };
        let (mut clusters, mut repositories, mut credentials) = (Vec::new(), Vec::new(), Vec::new());
        for (name, held) in &objects.secrets {
            let source = SecretSource {
                namespace,
                name,
                labels: &held.labels,
                annotations: &held.annotations,
                data: &held.data,
            };
            let label = held.labels.get(names::LABEL_SECRET_TYPE).map(String::as_str);
            let read = match label {
                Some(names::SECRET_TYPE_CLUSTER) => {
                    Cluster::from_secret(&source).map(|cluster| clusters.push(cluster))
                }
                Some(names::SECRET_TYPE_REPOSITORY) => {
                    Repository::from_secret(&source).map(|repository| repositories.push(repository))
                }
                Some(names::SECRET_TYPE_REPO_CREDS) => {
                    RepoCreds::from_secret(&source).map(|credential| credentials.push(credential))
                }
                _ => Ok(()),
            };
            if let Err(error) = read {
                view.problems.push(error.to_string());
            }
        }
        let own = clusters.iter().any(|cluster| cluster.server == names::IN_CLUSTER_SERVER);
        if settings.in_cluster && !own {
            clusters.push(Cluster {
                server: names::IN_CLUSTER_SERVER.to_owned(),
                name: names::IN_CLUSTER_NAME.to_owned(),
                ..Cluster::default()
            });
        }
        view.settings = Arc::new(settings);
        view.clusters = Arc::new(clusters);
        view.repositories = Arc::new(repositories);
        view.credentials = Arc::new(credentials);
        let before = self.view.swap(Arc::new(view));
        for problem in self.view.load().problems.iter().filter(|problem| !before.problems.contains(problem)) {
            tracing::warn!("setting ignored: {problem}");
        }
    }
}

fn texts(data: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
    data.iter().map(|(key, value)| (key.clone(), String::from_utf8_lossy(value).into_owned())).collect()
}

/// Which of the two kinds a sink is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    ConfigMap,
    Secret,
}

impl Kind {
    pub(super) fn resource(self) -> ApiResource {
        match self {
            Kind::ConfigMap => ApiResource::core("ConfigMap", "configmaps"),
            Kind::Secret => ApiResource::core("Secret", "secrets"),
        }
    }

    /// Whether an object of the namespace has anything to do with the control plane.
    fn keeps(self, name: &str, labels: &BTreeMap<String, String>) -> bool {
        let known: &[&str] = match self {
            Kind::ConfigMap => &[
                names::CONFIG_MAP,
                names::RBAC_CONFIG_MAP,
                names::PARAMS_CONFIG_MAP,
                names::SSH_KNOWN_HOSTS_CONFIG_MAP,
                names::TLS_CERTS_CONFIG_MAP,
                names::GPG_KEYS_CONFIG_MAP,
                "argocd-notifications-cm",
            ],
            Kind::Secret => &[
                names::SECRET,
                names::INITIAL_ADMIN_SECRET,
                "argocd-notifications-secret",
                "argocd-server-tls",
            ],
        };
        known.contains(&name)
            || labels.get(PART_OF.0).is_some_and(|value| value == PART_OF.1)
            || (self == Kind::Secret && labels.contains_key(names::LABEL_SECRET_TYPE))
    }

    fn of(self, objects: &mut Objects) -> (&mut BTreeMap<String, Held>, &mut Order<String>) {
        let [of_config_maps, of_secrets] = &mut objects.orders;
        match self {
            Kind::ConfigMap => (&mut objects.config_maps, of_config_maps),
            Kind::Secret => (&mut objects.secrets, of_secrets),
        }
    }
}

/// Starts following both kinds.
pub(super) fn follow(shared: &Arc<Shared>) -> Vec<AbortHandle> {
    let start = |kind: Kind| {
        let (follow, name) = shared.start_following(&kind.resource(), Some(&shared.namespace));
        let sink =
            DerivedSink { shared: shared.clone(), kind, name, listed: None, damaged: false, ready: false };
        tokio::spawn(follow.run(sink)).abort_handle()
    };
    vec![start(Kind::ConfigMap), start(Kind::Secret)]
}

/// The fields of a ConfigMap or Secret that matter.
#[derive(Deserialize)]
struct Raw {
    metadata: types::ObjectMeta,
    #[serde(default)]
    data: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "binaryData")]
    binary_data: Option<BTreeMap<String, String>>,
}

impl Shared {
    /// Takes an object, from the watch or as a write's answer. Answers whether anything changed.
    fn take_object(&self, kind: Kind, raw: Raw, written: bool) -> bool {
        let Raw { metadata, data, binary_data } = raw;
        let mut objects = self.derived.objects.lock();
        let (held, order) = kind.of(&mut objects);
        let version = &metadata.resource_version;
        let known = held.get(&metadata.name).map(|known| known.version.as_str());
        let is_news = match written {
            true => order.written(metadata.name.clone(), version, known),
            false => order.watched(&metadata.name, version) && known != Some(version),
        };
        if !is_news {
            return false;
        }
        if !kind.keeps(&metadata.name, &metadata.labels) {
            return held.remove(&metadata.name).is_some();
        }
        let engine = base64::engine::general_purpose::STANDARD;
        let plain = |(key, value): (String, String)| match kind {
            Kind::ConfigMap => (key, value.into_bytes()),
            Kind::Secret => (key, engine.decode(value).unwrap_or_default()),
        };
        let mut values: BTreeMap<_, _> = data.unwrap_or_default().into_iter().map(plain).collect();
        values.extend(
            binary_data
                .unwrap_or_default()
                .into_iter()
                .map(|(key, value)| (key, engine.decode(value).unwrap_or_default())),
        );
        let new = Held {
            version: metadata.resource_version,
            labels: metadata.labels,
            annotations: metadata.annotations,
            data: values,
        };
        held.insert(metadata.name, new);
        true
    }

    /// Takes the answer of a write of a ConfigMap or Secret.
    pub(super) fn take_written_object(&self, kind: Kind, object: &[u8]) {
        if let Ok(raw) = serde_json::from_slice(object) {
            let is_news = self.take_object(kind, raw, true);
            self.rederive_for_writer(is_news);
        }
    }

    /// Takes the success of a deletion.
    pub(super) fn take_deleted_object(&self, kind: Kind, name: &str) {
        let removed = {
            let mut objects = self.derived.objects.lock();
            let (held, order) = kind.of(&mut objects);
            let removed = held.remove(name);
            if let Some(removed) = &removed {
                order.erased(name.to_owned(), &removed.version);
            }
            removed
        };
        self.rederive_for_writer(removed.is_some());
    }

    /// The watch may have brought it already, and be about to derive from it: the writer does not wait for that.
    fn rederive_for_writer(&self, is_news: bool) {
        if is_news {
            self.rederive();
        } else {
            self.derived.rebuild(&self.namespace);
        }
    }

    /// Takes the last state of an object that is gone.
    fn take_gone_object(&self, kind: Kind, metadata: &types::ObjectMeta) {
        let removed = {
            let mut objects = self.derived.objects.lock();
            let (held, order) = kind.of(&mut objects);
            order.watched(&metadata.name, &metadata.resource_version) && held.remove(&metadata.name).is_some()
        };
        if removed {
            self.rederive();
        }
    }

    fn rederive(&self) {
        self.derived.rebuild(&self.namespace);
        let _ = self.events.send(ControlEvent::Settings);
    }
}

struct DerivedSink {
    shared: Arc<Shared>,
    kind: Kind,
    name: String,
    listed: Option<HashSet<String>>,
    damaged: bool,
    ready: bool,
}

impl Sink for DerivedSink {
    fn begin(&mut self) {
        self.kind.of(&mut self.shared.derived.objects.lock()).1.begin(|_| true);
        self.listed = Some(HashSet::new());
        self.damaged = false;
    }

    fn present(&mut self, object: &[u8]) -> Result<String, serde_json::Error> {
        let raw: Raw = serde_json::from_slice(object).inspect_err(|_| self.damaged = true)?;
        let version = raw.metadata.resource_version.clone();
        if let Some(listed) = &mut self.listed {
            listed.insert(raw.metadata.name.clone());
        }
        let changed = self.shared.take_object(self.kind, raw, false);
        if changed && self.listed.is_none() {
            self.shared.rederive();
        }
        Ok(version)
    }

    fn deleted(&mut self, object: &[u8]) -> Result<String, serde_json::Error> {
        let raw: Raw = serde_json::from_slice(object)?;
        self.shared.take_gone_object(self.kind, &raw.metadata);
        Ok(raw.metadata.resource_version)
    }

    fn complete(&mut self, version: &str) {
        let listed = self.listed.take().unwrap_or_default();
        if !self.damaged {
            let mut objects = self.shared.derived.objects.lock();
            let (held, order) = self.kind.of(&mut objects);
            held.retain(|name, _| listed.contains(name) || !order.absent(name, version));
        }
        self.shared.rederive();
        if !std::mem::replace(&mut self.ready, true) {
            self.shared.pending.send_modify(|pending| *pending -= 1);
        }
    }

    fn trouble(&mut self, error: Option<&Error>) {
        self.shared.trouble(&self.name, error);
    }
}
