//! A world for the tests of this crate: the in-process sandbox, or a real API server when `ARGOSY_TEST_KUBECONFIG`
//! names a kubeconfig.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "shared test code of which each file uses a part"
)]

use std::sync::Arc;
use std::time::Duration;

use cluster::{ClusterOptions, Clusters, ControlOptions, ControlPlane, LiveCluster, install};
use object::{Object, ObjectKey};
use sandbox::{Options, Sandbox};
use serde_json::Value;

pub const NAMESPACE: &str = "argocd";

pub struct World {
    pub sandbox: Option<Sandbox>,
    pub client: kube::Client,
    pub control: ControlPlane,
    pub clusters: Clusters,
    pub live: Arc<LiveCluster>,
}

impl World {
    pub async fn sandbox() -> World {
        Self::sandbox_with(Options::fast()).await
    }

    pub async fn sandbox_with(options: Options) -> World {
        let sandbox = Sandbox::start(options);
        let client = kube::Client::new(sandbox.service(), "default");
        Self::of(client, Some(sandbox)).await
    }

    /// The real API server, or nothing with a visible line.
    pub async fn real() -> Option<World> {
        let Ok(path) = std::env::var("ARGOSY_TEST_KUBECONFIG") else {
            eprintln!("skipped: ARGOSY_TEST_KUBECONFIG names no kubeconfig of a cluster for tests");
            return None;
        };
        let kubeconfig = kube::config::Kubeconfig::read_from(path).unwrap();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &Default::default()).await.unwrap();
        Some(Self::of(kube::Client::try_from(config).unwrap(), None).await)
    }

    async fn of(client: kube::Client, sandbox: Option<Sandbox>) -> World {
        install::apply_all(client.clone(), NAMESPACE, Some("password")).await.unwrap();
        let options = ControlOptions { namespace: NAMESPACE.to_owned(), ..ControlOptions::default() };
        let control = within(10, ControlPlane::start(client.clone(), options)).await.unwrap();
        let clusters = Clusters::new(control.clone(), ClusterOptions::default());
        let live = clusters.in_cluster().unwrap();
        within(30, live.wait_synced()).await.unwrap();
        World { sandbox, client, control, clusters, live }
    }

    /// Makes a namespace with a name of its own.
    pub async fn namespace(&self, prefix: &str) -> String {
        let namespace = Object::from_value(serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"generateName": format!("{prefix}-")}
        }))
        .unwrap();
        self.live.create(&namespace, false).await.unwrap().name().to_owned()
    }

    /// Creates an object.
    pub async fn create(&self, object: Value) -> Object {
        self.live.create(&Object::from_value(object).unwrap(), false).await.unwrap()
    }

    /// Waits until the cache knows an object.
    pub async fn known(&self, key: &ObjectKey) -> Arc<cluster::LiveObject> {
        eventually(&format!("{key} in the cache"), || self.live.live(key)).await
    }

    /// Waits until the cache has forgotten an object.
    pub async fn forgotten(&self, key: &ObjectKey) {
        eventually(&format!("{key} gone from the cache"), || self.live.live(key).is_none().then_some(()))
            .await;
    }
}

pub async fn within<F: Future>(seconds: u64, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(seconds), future).await.expect("in time")
}

/// Asks again until there is an answer, for at most 20 seconds.
pub async fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..1000 {
        if let Some(answer) = ask() {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never happened: {what}");
}

pub fn config_map(namespace: &str, name: &str, instance: Option<&str>) -> Value {
    let mut value = serde_json::json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"key": "value"},
    });
    if let Some(instance) = instance {
        let id = format!("{instance}:/ConfigMap:{namespace}/{name}");
        value["metadata"]["annotations"] = serde_json::json!({"argocd.argoproj.io/tracking-id": id});
    }
    value
}

pub fn key(kind: &str, namespace: &str, name: &str) -> ObjectKey {
    let (group, kind) = kind.rsplit_once('/').unwrap_or(("", kind));
    ObjectKey::new(group, kind, namespace, name)
}
