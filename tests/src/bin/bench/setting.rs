//! A world with a repository, a running `argosy`, and all applications of a load.

use std::net::TcpListener;

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::api::{Api, DynamicObject};
use kube::core::{ApiResource, GroupVersionKind};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tests::{Argosy, GitHost, World};

use crate::load::{DESTINATION, Load};

/// Requests that are under way at the same time, here and in the floor: as many as argosy makes.
pub(crate) const CONCURRENCY: usize = 20;
/// The control plane's namespace.
pub(crate) const CONTROL: &str = "argocd";

/// What a measurement runs on.
pub(crate) struct Setting {
    pub(crate) world: World,
    pub(crate) git: GitHost,
    pub(crate) argosy: Argosy,
    /// Where argosy tells what it has counted.
    pub(crate) metrics: String,
}

impl Setting {
    /// Everything but the applications.
    pub(crate) async fn start(load: &Load, kind: tests::Kind) -> Result<Self> {
        let world = World::start(kind).await;
        let files = load.files();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let git = GitHost::start(&files).await;
        create_namespace(&world, DESTINATION).await?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
        let argosy = Argosy::start_with(&world, CONTROL, &["--metrics-port", &port]).await;
        let metrics = format!("http://127.0.0.1:{port}/metrics");
        Ok(Self { world, git, argosy, metrics })
    }

    /// Creates all Applications through the Kubernetes API.
    pub(crate) async fn create_applications(&self, load: &Load) -> Result<()> {
        let repository = self.git.url();
        stream::iter(0..load.count)
            .map(|index| {
                let application = Load::application(index, CONTROL, &repository);
                let client = self.world.client();
                async move { create(client, CONTROL, &application).await }
            })
            .buffer_unordered(CONCURRENCY)
            .try_collect()
            .await
    }
}

pub(crate) async fn create_namespace(world: &World, name: &str) -> Result<()> {
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    create(world.client(), "", &object).await
}

/// Creates an object, as an apply does: with a field manager, and refusing unknown fields.
pub(crate) async fn create(client: &kube::Client, namespace: &str, object: &Value) -> Result<()> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    let collection = api(client, text("/apiVersion"), kind, namespace);
    let path = format!("{}?fieldManager=bench&fieldValidation=Strict", collection.resource_url());
    let request = http::Request::post(path)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(object.to_string().into_bytes())?;
    client
        .request::<IgnoredAny>(request)
        .await
        .with_context(|| format!("creating {kind} {namespace}/{name}"))?;
    Ok(())
}

/// The objects of a kind in a namespace; "" for those without one.
pub(crate) fn api(
    client: &kube::Client,
    api_version: &str,
    kind: &str,
    namespace: &str,
) -> Api<DynamicObject> {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
    if namespace.is_empty() {
        Api::all_with(client.clone(), &resource)
    } else {
        Api::namespaced_with(client.clone(), namespace, &resource)
    }
}
