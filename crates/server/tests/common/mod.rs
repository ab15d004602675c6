//! A control plane in the sandbox, with the API server in front of it.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::needless_pass_by_value,
    reason = "each test binary uses its part, and tests may fail loudly"
)]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use cluster::{ClusterOptions, Clusters, ControlOptions, ControlPlane};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use server::{ApplicationLoop, Deps, Server, ServerHandle, ServerOptions};
use tokio::sync::watch;
use types::{AppKey, ApplicationTree, ResourceDiff};

pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) control: ControlPlane,
    pub(crate) server: ServerHandle,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) token: String,
}

pub(crate) const PASSWORD: &str = "correct horse";

/// The objects of an installation, but for the Applications.
fn furniture(config: Value, policy: Value) -> Vec<Value> {
    let meta = |name: &str| json!({"name": name, "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}});
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("argocd-cm"), "data": config}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta("argocd-rbac-cm"), "data": policy}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": meta("argocd-secret"), "type": "Opaque", "stringData": {
            "admin.password": hash, "accounts.alice.password": hash, "accounts.robot.password": hash,
            "admin.passwordMtime": "2026-01-01T00:00:00Z", "webhook.github.secret": "shared",
        }}),
    ]
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(json!({"accounts.alice": "login", "accounts.robot": "apiKey, login"}), json!({
            "policy.csv": "p, alice, applications, get, default/seen*, allow\np, alice, projects, get, *, allow",
        }), ServerOptions::default()).await
    }

    pub(crate) async fn start_with(config: Value, policy: Value, options: ServerOptions) -> Self {
        let sandbox = Sandbox::start(Options::fast());
        let definitions = cluster::install::definitions().unwrap();
        sandbox.load(definitions.into_iter().map(object::Object::into_value)).unwrap();
        sandbox.load(furniture(config, policy)).unwrap();
        let client = kube::Client::new(sandbox.service(), "default");
        let control = ControlPlane::start(client, ControlOptions::default()).await.unwrap();
        let clusters = Clusters::new(control.clone(), ClusterOptions::default());
        let options = ServerOptions {
            address: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            insecure: true,
            login_delay: Duration::from_millis(2),
            ..options
        };
        let root = options.root_path.clone();
        let deps =
            Deps { control: control.clone(), clusters, controller: Some(Arc::new(KnowingLoop)), options };
        let server = Server::start(deps).await.unwrap();
        let base = format!("http://{}{root}", server.address());
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::new();
        let mut world = Self { sandbox, control, server, base, http, token: String::new() };
        world.token = world.log_in("admin").await;
        world
    }

    /// Replaces the server by one with TLS; only `server` and `control` are good afterwards.
    pub(crate) async fn secure(&mut self) {
        let clusters = Clusters::new(self.control.clone(), ClusterOptions::default());
        let options = ServerOptions {
            address: IpAddr::from([127, 0, 0, 1]),
            port: 0,
            login_delay: Duration::from_millis(2),
            ..ServerOptions::default()
        };
        let deps = Deps {
            control: self.control.clone(),
            clusters,
            controller: Some(Arc::new(KnowingLoop)),
            options,
        };
        self.server = Server::start(deps).await.unwrap();
    }

    pub(crate) async fn log_in(&self, name: &str) -> String {
        let (status, body) = self
            .call("", Method::POST, "/api/v1/session", Some(json!({"username": name, "password": PASSWORD})))
            .await;
        assert_eq!(status, 200, "{body}");
        body["token"].as_str().unwrap().to_owned()
    }

    pub(crate) fn request(&self, token: &str, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    pub(crate) async fn call(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> (StatusCode, Value) {
        let mut request = self.request(token, method.clone(), path);
        if method != Method::GET {
            request = request.header("content-type", "application/json");
        }
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        read(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        self.call(&self.token, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        self.call(&self.token, Method::POST, path, Some(body)).await
    }
}

/// A loop that has compared one ConfigMap, and leaves refreshes to somebody else.
struct KnowingLoop;

impl ApplicationLoop for KnowingLoop {
    fn tree(&self, _: &AppKey) -> Option<Arc<ApplicationTree>> {
        let node = json!({
            "version": "v1", "kind": "ConfigMap", "namespace": "default", "name": "settings", "uid": "1",
            "health": {"status": "Healthy"},
        });
        let tree = json!({"nodes": [node]});
        Some(Arc::new(serde_json::from_value(tree).unwrap()))
    }

    fn managed(&self, _: &AppKey) -> Option<Arc<Vec<ResourceDiff>>> {
        let object = |value: &str| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"},
                "data": {"color": value},
            })
            .to_string()
        };
        let diff = json!({
            "kind": "ConfigMap", "namespace": "default", "name": "settings", "modified": true,
            "targetState": object("green"), "liveState": object("red"),
            "normalizedLiveState": object("red"), "predictedLiveState": object("green"),
        });
        Some(Arc::new(vec![serde_json::from_value(diff).unwrap()]))
    }

    fn subscribe(&self, _: &AppKey) -> watch::Receiver<u64> {
        watch::channel(0).1
    }

    fn refresh(&self, _: &AppKey) -> bool {
        false
    }

    fn check_repository<'a>(
        &'a self,
        repository: &'a types::Repository,
    ) -> futures::future::BoxFuture<'a, Result<(), String>> {
        let is_known = repository.repo.starts_with("https://example.com/");
        let answer = if is_known { Ok(()) } else { Err("there is no such host".to_owned()) };
        Box::pin(async move { answer })
    }

    fn metrics_text(&self) -> String {
        "argocd_app_reconcile_count 1\n".to_owned()
    }
}

pub(crate) async fn read(response: Response) -> (StatusCode, Value) {
    let status = response.status();
    let text = response.text().await.unwrap();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| text.clone().into());
    (status, value)
}

pub(crate) fn application(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "labels": {"team": "a"}},
        "spec": {
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
            "source": {"repoURL": "https://example.com/apps.git", "path": name},
        },
    })
}
