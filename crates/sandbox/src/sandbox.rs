//! The handle of a sandbox: start, serve, load, disturb, stop.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::controllers;
use crate::engine::{Engine, WriteOptions};
use crate::error::SandboxError;
use crate::faults::Faults;
use crate::http::{SandboxService, ServerHandle, serve};
use crate::kinds::group_of;
use crate::options::Options;
use crate::store::Store;

/// A Kubernetes cluster in this process. Dropping it stops its controllers and servers.
#[derive(Debug)]
pub struct Sandbox {
    engine: Arc<Engine>,
    task: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts an empty cluster with the usual namespaces. Must be called within a tokio runtime.
    pub fn start(options: Options) -> Sandbox {
        let (notices, heard) = mpsc::unbounded_channel();
        let store = Store::new(options.history_window, notices);
        let engine = Arc::new(Engine::new(store, options));
        controllers::furnish(&engine);
        let task = tokio::spawn(controllers::run(engine.clone(), heard));
        Sandbox { engine, task: Some(task) }
    }

    /// The API as a tower service, for `kube::Client::new(sandbox.service(), "default")`.
    pub fn service(&self) -> SandboxService {
        SandboxService { engine: self.engine.clone() }
    }

    /// Serves the API over plain HTTP on a bound listener, until the handle is dropped.
    pub fn serve(&self, listener: TcpListener) -> Result<ServerHandle, SandboxError> {
        serve(self.engine.clone(), listener)
    }

    /// A kubeconfig, as YAML, for a server at `url`.
    pub fn kubeconfig(&self, url: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: sandbox\n  cluster:\n    server: {url}\nusers:\n- name: sandbox\n  user: {{}}\ncontexts:\n- name: sandbox\n  context:\n    cluster: sandbox\n    user: sandbox\n    namespace: default\ncurrent-context: sandbox\n"
        )
    }

    /// The fault rules, for tests.
    pub fn faults(&self) -> &Faults {
        &self.engine.faults
    }

    /// Breaks the connection of every open watch.
    pub fn disconnect_watches(&self) {
        self.engine.disconnects.send_modify(|count| *count += 1);
    }

    /// Forgets the history of a resource (`deployments.apps`, `pods`), as a compaction does: watches that resume from
    /// an older resourceVersion get 410 Gone.
    pub fn forget_history(&self, resource: &str) {
        let (plural, group) = resource.split_once('.').unwrap_or((resource, ""));
        self.engine.store.compact(&format!("{group}/{plural}"));
    }

    /// The latest resourceVersion.
    pub fn resource_version(&self) -> u64 {
        self.engine.store.version()
    }

    /// Creates objects without a client, each in its own namespace or `default`; namespaces that don't exist yet are
    /// made. Objects that exist already are left alone.
    pub fn load(&self, objects: impl IntoIterator<Item = Value>) -> Result<(), SandboxError> {
        for value in objects {
            self.load_one(value)?;
        }
        Ok(())
    }

    fn load_one(&self, value: Value) -> Result<(), SandboxError> {
        let name = format!(
            "{} {}",
            value["kind"].as_str().unwrap_or_default(),
            value["metadata"]["name"].as_str().unwrap_or_default()
        );
        let refused = |message: String| SandboxError::Load { object: name.clone(), message };
        let api_version = value["apiVersion"].as_str().unwrap_or_default();
        let group = group_of(api_version);
        let version = api_version.rsplit('/').next().unwrap_or_default();
        let kind_name = value["kind"].as_str().unwrap_or_default();
        let kinds = self.engine.kinds();
        let kind = kinds
            .group(group)
            .into_iter()
            .flatten()
            .filter(|served| served.version == version)
            .find_map(|served| served.kinds.values().find(|kind| kind.kind == kind_name).cloned())
            .ok_or_else(|| refused(format!("the sandbox serves no {kind_name} of {api_version}")))?;
        let namespace = match (kind.namespaced, value["metadata"]["namespace"].as_str()) {
            (false, _) => String::new(),
            (true, Some(namespace)) if !namespace.is_empty() => namespace.to_owned(),
            _ => "default".to_owned(),
        };
        let options = WriteOptions::controller("sandbox-load", "");
        let create = |kind: &crate::kinds::Kind, namespace: &str, value: Value| match self
            .engine
            .create(kind, namespace, value, &options)
        {
            Err(error) if error.reason != "AlreadyExists" => Err(refused(error.message)),
            _ => Ok(()),
        };
        if !namespace.is_empty()
            && let Some(namespaces) = kinds.find("", "v1", "namespaces")
        {
            create(&namespaces, "", json!({"metadata": {"name": namespace}}))?;
        }
        create(&kind, &namespace, value)
    }

    /// Stops controllers, servers and watches, and waits for the controllers.
    pub async fn shutdown(mut self) {
        self.engine.shutdown.cancel();
        if let Some(task) = self.task.take() {
            // It ends by the token; a join error could only be its cancellation.
            let _ = task.await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.engine.shutdown.cancel();
    }
}
