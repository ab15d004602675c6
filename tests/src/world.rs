//! Where a story is told: the sandbox, or the real control plane.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams};
use kube::core::{ApiResource, GroupVersionKind};
use sandbox::Sandbox;
use serde_json::Value;
use xtask::control_plane::{self, ControlPlane};

/// Which Kubernetes API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The one in this process.
    Sandbox,
    /// kube-apiserver with its controllers.
    Real,
}

/// A Kubernetes API that nobody else uses.
pub struct World {
    kind: Kind,
    kubeconfig: PathBuf,
    client: kube::Client,
    _folder: Option<tempfile::TempDir>,
    sandbox: Option<(Sandbox, sandbox::ServerHandle)>,
    plane: Option<Mutex<ControlPlane>>,
}

impl World {
    /// A world of this kind.
    pub async fn start(kind: Kind) -> Self {
        match kind {
            Kind::Sandbox => Self::sandbox().await,
            Kind::Real => Self::real().await,
        }
    }

    /// A sandbox with fast workloads.
    pub async fn sandbox() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::start(sandbox::Options::fast());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = sandbox.serve(listener).unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        std::fs::write(&kubeconfig, sandbox.kubeconfig(&url)).unwrap();
        let client = connect(&kubeconfig).await.unwrap();
        Self {
            kind: Kind::Sandbox,
            kubeconfig,
            client,
            _folder: Some(folder),
            sandbox: Some((sandbox, server)),
            plane: None,
        }
    }

    /// The real control plane; the first call on a machine builds it.
    pub async fn real() -> Self {
        let plane = tokio::task::spawn_blocking(|| ControlPlane::start(&control_plane::binaries()?))
            .await
            .unwrap()
            .unwrap();
        let kubeconfig = plane.kubeconfig();
        let client = connect(&kubeconfig).await.unwrap();
        Self {
            kind: Kind::Real,
            kubeconfig,
            client,
            _folder: None,
            sandbox: None,
            plane: Some(Mutex::new(plane)),
        }
    }

    /// Which kind of world this is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// A client of the API.
    pub const fn client(&self) -> &kube::Client {
        &self.client
    }

    /// The sandbox, when this is one.
    pub fn as_sandbox(&self) -> Option<&Sandbox> {
        self.sandbox.as_ref().map(|(sandbox, _)| sandbox)
    }

    /// The control plane's folder with its logs, when this is a real one.
    pub fn logs(&self) -> Option<PathBuf> {
        let plane = self.plane.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        Some(plane.folder().to_owned())
    }

    /// Stops answering until [`World::resume`]; only for the real control plane.
    pub fn pause(&self) {
        if let Some(plane) = &self.plane {
            plane.lock().unwrap_or_else(PoisonError::into_inner).pause_api_server().unwrap();
        }
    }

    /// Answers again.
    pub fn resume(&self) {
        if let Some(plane) = &self.plane {
            plane.lock().unwrap_or_else(PoisonError::into_inner).resume_api_server().unwrap();
        }
    }

    fn api(&self, api_version: &str, kind: &str, plural: &str, namespace: &str) -> Api<DynamicObject> {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let resource =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
        if namespace.is_empty() {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), namespace, &resource)
        }
    }

    /// Applies an object as `kubectl apply --server-side` does.
    pub async fn apply(&self, object: &Value) {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (kind, name, namespace) = (text("/kind"), text("/metadata/name"), text("/metadata/namespace"));
        let api = self.api(text("/apiVersion"), kind, &plural(kind), namespace);
        let result = api.patch(name, &PatchParams::apply("story").force(), &Patch::Apply(object)).await;
        result.unwrap_or_else(|error| panic!("applying {kind} {namespace}/{name}: {error}"));
    }

    /// An object as JSON, or `None` when it is not there.
    pub async fn get(&self, api_version: &str, kind: &str, namespace: &str, name: &str) -> Option<Value> {
        let api = self.api(api_version, kind, &plural(kind), namespace);
        let found = api.get_opt(name).await.ok().flatten();
        found.and_then(|object| serde_json::to_value(object).ok())
    }

    /// The objects of a kind in a namespace, as JSON.
    pub async fn list(&self, api_version: &str, kind: &str, namespace: &str) -> Vec<Value> {
        let api = self.api(api_version, kind, &plural(kind), namespace);
        let found = api.list(&kube::api::ListParams::default()).await;
        let found = found.unwrap_or_else(|error| panic!("listing {kind} of {namespace}: {error}"));
        found.items.iter().filter_map(|object| serde_json::to_value(object).ok()).collect()
    }

    /// Merges a patch into an object.
    pub async fn merge(&self, api_version: &str, kind: &str, namespace: &str, name: &str, patch: &Value) {
        let api = self.api(api_version, kind, &plural(kind), namespace);
        let result = api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        result.unwrap_or_else(|error| panic!("patching {kind} {namespace}/{name}: {error}"));
    }

    /// Merges a patch into the status of an object, as its controller would.
    pub async fn merge_status(
        &self,
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: &str,
        patch: &Value,
    ) {
        let api = self.api(api_version, kind, &plural(kind), namespace);
        let result = api.patch_status(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        result.unwrap_or_else(|error| panic!("patching the status of {kind} {namespace}/{name}: {error}"));
    }

    /// Deletes an object.
    pub async fn delete(&self, api_version: &str, kind: &str, namespace: &str, name: &str) {
        let api = self.api(api_version, kind, &plural(kind), namespace);
        let result = api.delete(name, &DeleteParams::default()).await;
        result.unwrap_or_else(|error| panic!("deleting {kind} {namespace}/{name}: {error}"));
    }
}

/// The plural of the kinds that stories use.
fn plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.as_str() {
        "ingress" => "ingresses".to_owned(),
        "networkpolicy" => "networkpolicies".to_owned(),
        _ => format!("{lower}s"),
    }
}

async fn connect(kubeconfig: &Path) -> Result<kube::Client> {
    rustls::crypto::ring::default_provider().install_default().ok();
    let kubeconfig = kube::config::Kubeconfig::read_from(kubeconfig)?;
    let config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default()).await?;
    Ok(kube::Client::try_from(config)?)
}
