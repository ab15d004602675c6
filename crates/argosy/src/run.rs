//! `argosy run`: the control plane on a real cluster, and the wiring of the roles that the demo shares.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Args;
use cluster::{ClusterOptions, Clusters, ControlOptions, ControlPlane};
use controller::{Controller, ControllerOptions, Handle};
use kube::config::{KubeConfigOptions, Kubeconfig};
use render::{RenderOptions, Renderer};
use server::{Deps, Server, ServerHandle, ServerOptions};
use source::Sources;
use types::settings::parse;

use crate::jsonnet_worker;
use crate::loop_port::{LoopPort, Worker};

/// What `run` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy run --kubeconfig ~/.kube/config --install\n  argosy run --namespace argocd --port 8080\n\nWithout --kubeconfig the service account of the pod is used, else the usual kubeconfig."
)]
pub(crate) struct RunOptions {
    /// The kubeconfig of the cluster that holds the Applications.
    #[arg(long)]
    kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig.
    #[arg(long)]
    context: Option<String>,
    /// The control plane's namespace.
    #[arg(long, default_value = "argocd")]
    namespace: String,
    /// Further namespaces whose Applications are processed, separated by commas; globs or /regex/.
    #[arg(long, env = "ARGOCD_APPLICATION_NAMESPACES", default_value = "")]
    application_namespaces: String,
    /// The address to listen on.
    #[arg(long, default_value = "0.0.0.0")]
    address: IpAddr,
    /// The port of the API and the web page.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The port of /metrics and /healthz for the cluster's own monitoring, without TLS and without tokens; 0 for none.
    /// On the port of the API, /metrics wants a token that may read all applications.
    #[arg(long, default_value_t = 8082)]
    metrics_port: u16,
    /// Serve plain HTTP, as does --insecure.
    #[arg(long = "insecure-http", visible_alias = "http")]
    insecure_http: bool,
    /// The path below which everything is served.
    #[arg(long, default_value = "")]
    rootpath: String,
    /// Where repositories and rendered results are kept.
    #[arg(long, env = "ARGOSY_DATA")]
    data: Option<PathBuf>,
    /// Put the custom resource definitions, the default project, ConfigMaps and Secrets in place first.
    #[arg(long)]
    install: bool,
}

/// A running control plane.
pub(crate) struct Roles {
    pub(crate) control: ControlPlane,
    pub(crate) controller: Handle,
    pub(crate) server: ServerHandle,
}

/// What all roles need.
pub(crate) struct RoleOptions {
    pub(crate) control: ControlOptions,
    pub(crate) data: PathBuf,
    pub(crate) server: ServerOptions,
}

/// Starts all roles in this process. Nothing is lost when they are killed: their state is in Kubernetes.
pub(crate) async fn start_roles(client: kube::Client, options: RoleOptions) -> Result<Roles> {
    tokio::spawn(crate::allocator::keep_small());
    let control =
        ControlPlane::start(client, options.control).await.context("reading the control plane's records")?;
    let clusters = Clusters::new(control.clone(), ClusterOptions::default());
    let source_options =
        source::Options::new(&options.data).with_environment(|name| std::env::var(name).ok());
    let sources = Sources::new(source_options)
        .with_context(|| format!("preparing the data folder {}", options.data.display()))?;
    let settings = control.settings();
    let parameter = |key: &str| settings.parameter(key).map(str::to_owned);
    let (mut render_options, problems) =
        RenderOptions::configured(&|name| std::env::var(name).ok(), &parameter);
    problems.iter().for_each(|problem| tracing::warn!("{problem}"));
    render_options.jsonnet_worker = jsonnet_worker::command(render_options.deadline.as_secs().max(1));
    let renderer = Renderer::new(sources, render_options);
    let controller =
        Controller::start(control.clone(), clusters.clone(), renderer.clone(), ControllerOptions::default());
    let port = LoopPort::new(Worker::Loop(controller.clone()), control.clone(), renderer);
    let server = Server::start(Deps {
        control: control.clone(),
        clusters,
        controller: Some(Arc::new(port)),
        options: options.server,
    })
    .await
    .context("starting the API server")?;
    Ok(Roles { control, controller, server })
}

impl Roles {
    /// Ends all roles; what is under way is left at its step and goes on after the next start.
    pub(crate) async fn shutdown(self) {
        self.server.shutdown().await;
        self.controller.shutdown().await;
    }
}

/// A client for a kubeconfig file, for the pod's service account, or for the usual kubeconfig, in this order.
pub(crate) async fn connect(kubeconfig: Option<&PathBuf>, context: Option<&str>) -> Result<kube::Client> {
    Ok(kube::Client::try_from(configuration(kubeconfig, context).await?)?)
}

/// As [`connect`], before there is a connection.
async fn configuration(kubeconfig: Option<&PathBuf>, context: Option<&str>) -> Result<kube::Config> {
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    match kubeconfig {
        Some(path) => {
            let kubeconfig = Kubeconfig::read_from(path).with_context(|| path.display().to_string())?;
            kube::Config::from_custom_kubeconfig(kubeconfig, &options)
                .await
                .with_context(|| path.display().to_string())
        }
        None if context.is_some() => {
            kube::Config::from_kubeconfig(&options).await.context("reading the usual kubeconfig")
        }
        None => kube::Config::infer()
            .await
            .context("no cluster: give --kubeconfig FILE, or run in a pod with a service account"),
    }
}

/// Runs all roles until told to end; `insecure` is the flag of that name, which for a server means plain HTTP.
pub(crate) async fn run(options: &RunOptions, insecure: bool) -> Result<()> {
    let plain = insecure || options.insecure_http;
    let client = connect(options.kubeconfig.as_ref(), options.context.as_deref()).await?;
    if options.install {
        cluster::install::apply_all(client.clone(), &options.namespace, None).await.context("installing")?;
        println!("installed in namespace {}", options.namespace);
    }
    let data = options.data.clone().unwrap_or_else(|| std::env::temp_dir().join("argosy-data"));
    let roles = start_roles(
        client,
        RoleOptions {
            control: ControlOptions {
                namespace: options.namespace.clone(),
                application_namespaces: parse::list(&options.application_namespaces),
                ..ControlOptions::default()
            },
            data,
            server: ServerOptions {
                address: options.address,
                port: options.port,
                metrics_port: (options.metrics_port != 0).then_some(options.metrics_port),
                insecure: plain,
                root_path: options.rootpath.clone(),
                ..ServerOptions::default()
            },
        },
    )
    .await
    .context("other ports can be chosen with --port and --metrics-port")?;
    let scheme = if plain { "http" } else { "https" };
    println!("url: {scheme}://{}{}", shown_address(&roles.server), options.rootpath);
    println!(
        "the first password of `admin`: kubectl -n {} get secret argocd-initial-admin-secret -o jsonpath='{{.data.password}}' | base64 -d",
        options.namespace
    );
    until_told_to_end().await;
    println!("ending");
    roles.shutdown().await;
    Ok(())
}

/// The server's address as somebody on this machine would type it.
pub(crate) fn shown_address(server: &ServerHandle) -> String {
    let address = server.address();
    if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() }
}

/// Waits for Ctrl-C or a request of the system to end.
pub(crate) async fn until_told_to_end() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupt => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    interrupt.await.ok();
}
