//! The sandbox with a control plane, and a repository that gives whatever a story says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cluster::{ClusterOptions, Clusters, ControlOptions, ControlPlane, LiveCluster, Patch, install};
use controller::ports::{DesiredObject, Engine, Outside, RenderAsk, Rendering, Trouble, TroubleKind};
use controller::{Controller, ControllerOptions, Handle};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object::{Object, ObjectKey, content_hash};
use parking_lot::Mutex;
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use types::tracking::Tracking;
use types::{AppKey, Application};

pub const NAMESPACE: &str = "argocd";

/// A repository in memory.
#[derive(Default)]
pub struct Repository {
    /// What was committed to a path at a revision.
    content: Mutex<BTreeMap<(String, usize), Vec<Value>>>,
    revision: AtomicUsize,
    trouble: Mutex<Option<Trouble>>,
    pub renders: AtomicUsize,
}

impl Repository {
    pub fn commit(&self, path: &str, objects: &[Value]) -> String {
        let revision = self.revision.fetch_add(1, Ordering::SeqCst) + 1;
        self.content.lock().insert((path.to_owned(), revision), objects.to_vec());
        format!("r{revision}")
    }

    pub fn fail(&self, kind: Option<TroubleKind>) {
        *self.trouble.lock() = kind.map(|kind| Trouble::new(kind, "the repository does not answer"));
    }
}

impl Engine for Repository {
    fn render(&self, ask: RenderAsk) -> BoxFuture<'_, Result<Rendering, Trouble>> {
        async move {
            self.renders.fetch_add(1, Ordering::SeqCst);
            if let Some(trouble) = self.trouble.lock().clone() {
                return Err(trouble);
            }
            let path = &ask.sources[0].path;
            let asked = ask.revisions[0].as_ref().and_then(|text| text.trim_start_matches('r').parse().ok());
            let revision = asked.unwrap_or_else(|| self.revision.load(Ordering::SeqCst));
            let content = self.content.lock();
            let mut known = content.range((path.clone(), 0)..=(path.clone(), revision));
            let objects = known.next_back().map(|(_, objects)| objects.clone()).unwrap_or_default();
            let namespace = &ask.app.spec.destination.namespace;
            let objects = objects.into_iter().map(|value| {
                let mut object = Object::from_value(value).unwrap();
                Tracking::default().mark(&mut object, &ask.app.metadata.name, namespace);
                let hash = content_hash(object.as_value(), &[]);
                DesiredObject { object: Arc::new(object), hash }
            });
            Ok(Rendering {
                objects: objects.collect(),
                revisions: vec![format!("r{revision}")],
                source_types: vec!["Directory".to_owned()],
            })
        }
        .boxed()
    }
}

pub struct World {
    pub sandbox: Sandbox,
    pub control: ControlPlane,
    pub clusters: Clusters,
    pub live: Arc<LiveCluster>,
    pub repository: Arc<Repository>,
}

pub fn fast() -> ControllerOptions {
    ControllerOptions {
        wave_delay: Duration::ZERO,
        tree_delay: Duration::from_millis(5),
        ..Default::default()
    }
}

impl World {
    pub async fn start() -> Self {
        let filter = std::env::var("ARGOSY_TEST_LOG").unwrap_or_default();
        if !filter.is_empty() {
            let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
        }
        let sandbox = Sandbox::start(Options::fast());
        let client = kube::Client::new(sandbox.service(), "default");
        install::apply_all(client.clone(), NAMESPACE, None).await.unwrap();
        let options = ControlOptions { namespace: NAMESPACE.to_owned(), ..ControlOptions::default() };
        let control = ControlPlane::start(client, options).await.unwrap();
        let clusters = Clusters::new(control.clone(), ClusterOptions::default());
        let live = clusters.in_cluster().unwrap();
        live.wait_synced().await.unwrap();
        let world = Self { sandbox, control, clusters, live, repository: Arc::default() };
        world.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "prod"}})).await;
        world
    }

    pub fn outside(&self) -> Outside {
        let engine: Arc<dyn Engine> = self.repository.clone();
        Outside::live(self.control.clone(), self.clusters.clone(), engine)
    }

    pub fn controller(&self) -> Handle {
        Controller::start_with(self.outside(), fast())
    }

    pub async fn create(&self, value: Value) -> Object {
        self.live.create(&Object::from_value(value).unwrap(), false).await.unwrap()
    }

    /// Makes an Application of the path of its name.
    pub async fn application(&self, name: &str, change: impl FnOnce(&mut Value)) -> AppKey {
        let mut value = json!({
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {
                "project": "default",
                "source": {"repoURL": "https://git.example.com/apps", "path": name, "targetRevision": "HEAD"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "prod"},
            },
        });
        change(&mut value);
        let app: Application = serde_json::from_value(value).unwrap();
        self.control.create_application(&app).await.unwrap();
        app.key()
    }

    pub async fn patch(&self, key: &AppKey, patch: Value) {
        self.control.patch_application(key, &Patch::Merge(patch)).await.unwrap();
    }

    /// Asks for a comparison, as a webhook does.
    pub async fn refresh(&self, key: &AppKey) {
        let annotations = json!({
            "argocd.argoproj.io/refresh": "normal",
            "argocd.argoproj.io/refresh-timestamp": jiff::Timestamp::now().to_string(),
        });
        self.patch(key, json!({"metadata": {"annotations": annotations}})).await;
    }

    pub async fn sync(&self, key: &AppKey, prune: bool) {
        self.patch(key, json!({"operation": {"sync": {"prune": prune}, "initiatedBy": {"username": "me"}}}))
            .await;
    }

    pub fn app(&self, key: &AppKey) -> Arc<Application> {
        self.control.application(key).unwrap()
    }

    /// Waits until an application is as it should be.
    pub async fn until(
        &self,
        key: &AppKey,
        what: &str,
        wanted: impl Fn(&Application) -> bool,
    ) -> Arc<Application> {
        for _ in 0..1000 {
            if let Some(app) = self.control.application(key).filter(|app| wanted(app)) {
                return app;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let app = self.control.application(key);
        panic!("never happened: {what}\n{}", serde_json::to_string_pretty(&app.as_deref()).unwrap());
    }

    pub async fn until_synced(&self, key: &AppKey) -> Arc<Application> {
        self.until(key, "Synced and Healthy", |app| {
            app.status.sync.status == "Synced" && app.status.health.status == "Healthy" && is_idle(app)
        })
        .await
    }

    pub fn live_names(&self, kind: &str) -> Vec<String> {
        let objects = self.live.live_of_kind(&object::GroupKind::new("", kind));
        let mut names: Vec<String> = objects
            .iter()
            .filter(|object| object.namespace() == "prod")
            .map(|object| object.name().to_owned())
            .collect();
        names.retain(|name| name != "kube-root-ca.crt");
        names.sort();
        names
    }

    pub async fn get(&self, kind: &str, name: &str) -> Option<Object> {
        let key = ObjectKey::new("", kind, "prod", name);
        self.live.get(&key, None).await.unwrap()
    }

    pub async fn write(&self, kind: &str, name: &str, patch: Value) {
        let key = ObjectKey::new("", kind, "prod", name);
        self.live.patch(&key, &Patch::Merge(patch), "").await.unwrap();
    }
}

pub fn is_idle(app: &Application) -> bool {
    app.operation.is_none()
        && app
            .status
            .operation_state
            .as_ref()
            .is_none_or(|state| state.finished_at.is_some() && state.phase != "Running")
}

pub fn config_map(name: &str, value: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"key": value}})
}

pub fn annotated(mut object: Value, annotations: Value) -> Value {
    object["metadata"]["annotations"] = annotations;
    object
}

pub fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "main", "image": "nginx:1"}]},
            },
        },
    })
}

#[expect(clippy::needless_pass_by_value, reason = "literals are shorter without references")]
pub fn job(name: &str, annotations: Value) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "annotations": annotations},
        "spec": {"template": {"spec": {
            "restartPolicy": "Never",
            "containers": [{"name": "main", "image": "busybox:1"}],
        }}},
    })
}

pub fn automated(value: &mut Value) {
    value["spec"]["syncPolicy"] = json!({"automated": {}});
}
