//! `--core`: an API server inside the process of a client verb, with the user's own kubeconfig.
//!
//! It answers this process only, by a token of its own on the loopback address, and may do what Kubernetes lets the user
//! do. Records are read and written as any API server does; trees, differences and manifests are looked at here when
//! the verb asks, so that it works with a controller in the cluster as well as without one. What only a controller does
//! (syncing, deleting an application's objects) stays its task.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use cli::CoreServer;
use cluster::{ClusterOptions, Clusters, ControlOptions, ControlPlane};
use controller::Observer;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use kube::config::{KubeConfigOptions, Kubeconfig};
use render::{RenderOptions, Renderer};
use serde_json::Value;
use server::{Admission, Deps, Server, ServerOptions};
use source::Sources;
use types::{Secret, names};

use crate::loop_port::{LoopPort, Worker};

/// How long the control plane's records may take to be read.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts the server for `--core`.
pub(crate) struct InProcess;

impl cli::CoreMode for InProcess {
    fn start<'a>(&'a self, kube_context: Option<&'a str>) -> BoxFuture<'a, Result<CoreServer, String>> {
        start(kube_context).map(|result| result.map_err(|error| format!("{error:#}"))).boxed()
    }
}

async fn start(kube_context: Option<&str>) -> Result<CoreServer> {
    let config = configuration(kube_context).await?;
    let namespace = config.default_namespace.clone();
    let client = kube::Client::try_from(config)?;
    check(&client, &namespace).await?;
    let options = ControlOptions { namespace: namespace.clone(), ..ControlOptions::default() };
    let control = tokio::time::timeout(PATIENCE, ControlPlane::start(client, options))
        .await
        .with_context(|| {
            format!("the records in namespace {namespace} were not read within {} s", PATIENCE.as_secs())
        })?
        .context("reading the control plane's records")?;
    if control.config_map(names::CONFIG_MAP).is_none() && control.projects().is_empty() {
        bail!(
            "namespace {namespace} holds no control plane, neither a ConfigMap argocd-cm nor any AppProject; {HINT}"
        );
    }
    let folder = Folder::create()?;
    let source_options = source::Options::new(&folder.0).with_environment(|name| std::env::var(name).ok());
    let sources = Sources::new(source_options)
        .with_context(|| format!("preparing the data folder {}", folder.0.display()))?;
    let renderer = Renderer::new(sources, RenderOptions::default());
    let clusters = Clusters::new(control.clone(), ClusterOptions::default());
    let observer = Observer::new(control.clone(), clusters.clone(), renderer.clone());
    let part = || format!("{:032x}", rand::random::<u128>());
    let token = Secret::new(format!("core.{}.{}", part(), part()));
    let server = Server::start(Deps {
        control: control.clone(),
        clusters,
        controller: Some(Arc::new(LoopPort::new(Worker::Observer(observer), control, renderer))),
        options: ServerOptions {
            address: IpAddr::from(Ipv4Addr::LOCALHOST),
            port: 0,
            insecure: true,
            admission: Admission::Bearer(token.clone()),
            ..ServerOptions::default()
        },
    })
    .await
    .context("starting the API server of this process")?;
    Ok(CoreServer {
        address: server.address().to_string(),
        token,
        namespace,
        guard: Arc::new((server, folder)),
    })
}

/// How to get to the right namespace.
const HINT: &str = "--core works in the kubeconfig's current namespace: \
    kubectl config set-context --current --namespace=argocd";

/// The user's kubeconfig, or the service account of the pod where there is none.
async fn configuration(kube_context: Option<&str>) -> Result<kube::Config> {
    let options =
        KubeConfigOptions { context: kube_context.map(str::to_owned), ..KubeConfigOptions::default() };
    match Kubeconfig::read() {
        Ok(kubeconfig) => {
            kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.context("the kubeconfig")
        }
        Err(reason) => kube::Config::incluster().map_err(|_| {
            anyhow!("--core needs a kubeconfig: set KUBECONFIG, or write ~/.kube/config ({reason})")
        }),
    }
}

/// Asks for everything that the server will watch, once: what is refused or missing is told now, by name, instead of
/// being waited for.
async fn check(client: &kube::Client, namespace: &str) -> Result<()> {
    let kinds = [
        ("/apis/argoproj.io/v1alpha1", "applications"),
        ("/apis/argoproj.io/v1alpha1", "appprojects"),
        ("/apis/argoproj.io/v1alpha1", "applicationsets"),
        ("/api/v1", "configmaps"),
        ("/api/v1", "secrets"),
    ];
    let asked = kinds.map(|(group, plural)| async move {
        let path = format!("{group}/namespaces/{namespace}/{plural}?limit=1");
        let request = http::Request::get(path).body(Vec::new())?;
        match client.request::<Value>(request).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(error)) if error.code == 404 => bail!(
                "{plural} are not known to the cluster: install Argo CD's or Argosy's CustomResourceDefinitions \
                 (argosy run --install)"
            ),
            Err(error) => bail!("reading {plural} in namespace {namespace}: {error}; {HINT}"),
        }
    });
    futures::future::try_join_all(asked).await.map(drop)
}

/// A folder for fetched repositories that goes with the process.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self> {
        let path = std::env::temp_dir().join(format!(
            "argosy-core-{}-{:08x}",
            std::process::id(),
            rand::random::<u32>()
        ));
        std::fs::create_dir(&path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}
