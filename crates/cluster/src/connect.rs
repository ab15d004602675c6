//! How a cluster is reached: with the control plane's own client, or with what a cluster Secret holds.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{
    AuthInfo, Context, ExecConfig, ExecInteractiveMode, KubeConfigOptions, Kubeconfig, NamedAuthInfo,
    NamedCluster, NamedContext,
};
use types::{Cluster, ClusterConfig, names};

use crate::Error;

/// How long making a connection may take, exec plugins included.
const CONNECT: Duration = Duration::from_secs(60);
/// The program that gets credentials for AWS; the name is part of what users have installed.
const AWS_PLUGIN: &str = "argocd-k8s-auth";
const EXEC_API_VERSION: &str = "client.authentication.k8s.io/v1beta1";

/// How a cluster is reached.
#[derive(Clone)]
pub(crate) enum Connector {
    /// With a client that is there already.
    Client(kube::Client),
    /// With the credentials of a record.
    Record(Box<Cluster>),
}

impl Connector {
    pub(crate) async fn connect(&self) -> Result<kube::Client, Error> {
        match self {
            Connector::Client(client) => Ok(client.clone()),
            Connector::Record(cluster) => client_for(cluster).await,
        }
    }
}

/// A client for the control plane's own cluster: from a kubeconfig file if one is named, else from where kubectl looks
/// (`KUBECONFIG`, the home directory), else from the service account of the Pod that we run in.
///
/// # Errors
/// [`Error::Connect`] says which of them cannot be used, and why.
pub async fn control_client(kubeconfig: Option<&Path>, context: Option<&str>) -> Result<kube::Client, Error> {
    let fail = |message: String| Error::Connect { server: "the control plane's cluster".to_owned(), message };
    let options = KubeConfigOptions { context: context.map(str::to_owned), ..KubeConfigOptions::default() };
    let mut config = match (kubeconfig, context) {
        (Some(path), _) => {
            let read = Kubeconfig::read_from(path)
                .map_err(|error| fail(format!("{} cannot be read: {error}", path.display())))?;
            kube::Config::from_custom_kubeconfig(read, &options)
                .await
                .map_err(|error| fail(format!("{} cannot be used: {error}", path.display())))?
        }
        (None, Some(context)) => kube::Config::from_kubeconfig(&options)
            .await
            .map_err(|error| fail(format!("the context {context} cannot be used: {error}")))?,
        (None, None) => kube::Config::infer().await.map_err(|error| fail(error.to_string()))?,
    };
    config.connect_timeout = Some(Duration::from_secs(10));
    make(config).await.map_err(fail)
}

/// Making a client runs exec plugins, which block.
async fn make(config: kube::Config) -> Result<kube::Client, String> {
    let made = tokio::task::spawn_blocking(move || {
        kube::client::ClientBuilder::try_from(config).map(kube::client::ClientBuilder::build)
    });
    tokio::time::timeout(CONNECT, made)
        .await
        .map_err(|_| format!("getting credentials took longer than {} s", CONNECT.as_secs()))?
        .map_err(|error| error.to_string())?
        .map_err(|error| crate::request::describe(&error))
}

/// A client for a cluster as its record says. Exec plugins are run now and whenever their credentials expire.
///
/// # Errors
/// [`Error::Connect`] says what in the record cannot be used.
pub async fn client_for(cluster: &Cluster) -> Result<kube::Client, Error> {
    let fail = |message: String| Error::Connect { server: cluster.server.clone(), message };
    let mut config = if cluster.server == names::IN_CLUSTER_SERVER {
        let mut config = kube::Config::incluster()
            .map_err(|error| fail(format!("the service account cannot be used: {error}")))?;
        let auth = auth_info(&cluster.config);
        if auth.token.is_some() || auth.username.is_some() {
            config.auth_info = auth;
        }
        config
    } else {
        kube::Config::from_custom_kubeconfig(kubeconfig(cluster), &KubeConfigOptions::default())
            .await
            .map_err(|error| fail(format!("the config in the cluster Secret cannot be used: {error}")))?
    };
    config.connect_timeout = Some(Duration::from_secs(10));
    config.disable_compression = cluster.config.disable_compression;
    make(config).await.map_err(fail)
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn kubeconfig(cluster: &Cluster) -> Kubeconfig {
    let name = "cluster".to_owned();
    let config = &cluster.config;
    let tls = &config.tls_client_config;
    Kubeconfig {
        clusters: vec![NamedCluster {
            name: name.clone(),
            cluster: Some(kube::config::Cluster {
                server: Some(cluster.server.clone()),
                insecure_skip_tls_verify: Some(tls.insecure),
                certificate_authority_data: (!tls.ca_data.0.is_empty())
                    .then(|| STANDARD.encode(&tls.ca_data.0)),
                tls_server_name: some(&tls.server_name),
                proxy_url: some(&config.proxy_url),
                ..kube::config::Cluster::default()
            }),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: name.clone(),
            auth_info: Some(auth_info(config)),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: name.clone(),
            context: Some(Context { cluster: name.clone(), user: Some(name.clone()), ..Context::default() }),
            ..NamedContext::default()
        }],
        current_context: Some(name),
        ..Kubeconfig::default()
    }
}

fn auth_info(config: &ClusterConfig) -> AuthInfo {
    let tls = &config.tls_client_config;
    let key = tls.key_data.expose();
    AuthInfo {
        username: some(&config.username),
        password: some(config.password.expose()).map(Into::into),
        token: some(config.bearer_token.expose()).map(Into::into),
        client_certificate_data: (!tls.cert_data.0.is_empty()).then(|| STANDARD.encode(&tls.cert_data.0)),
        client_key_data: (!key.0.is_empty()).then(|| STANDARD.encode(&key.0).into()),
        exec: exec(config),
        ..AuthInfo::default()
    }
}

/// The plugin that gets credentials. Plugins never ask people.
fn exec(config: &ClusterConfig) -> Option<ExecConfig> {
    if let Some(aws) = &config.aws_auth_config {
        let mut arguments = vec!["aws".to_owned(), "--cluster-name".to_owned(), aws.cluster_name.clone()];
        for (flag, value) in [("--role-arn", &aws.role_arn), ("--profile", &aws.profile)] {
            if !value.is_empty() {
                arguments.extend([flag.to_owned(), value.clone()]);
            }
        }
        return Some(ExecConfig {
            api_version: Some(EXEC_API_VERSION.to_owned()),
            command: Some(AWS_PLUGIN.to_owned()),
            args: Some(arguments),
            interactive_mode: Some(ExecInteractiveMode::Never),
            ..ExecConfig::default()
        });
    }
    let provider = config.exec_provider_config.as_ref()?;
    let variable = |(name, value): (&String, &String)| {
        HashMap::from([("name".to_owned(), name.clone()), ("value".to_owned(), value.clone())])
    };
    Some(ExecConfig {
        api_version: some(&provider.api_version).or_else(|| Some(EXEC_API_VERSION.to_owned())),
        command: some(&provider.command),
        args: Some(provider.args.clone()),
        env: Some(provider.env.iter().map(variable).collect()),
        install_hint: some(&provider.install_hint),
        interactive_mode: Some(ExecInteractiveMode::Never),
        provide_cluster_info: provider.provide_cluster_info,
        ..ExecConfig::default()
    })
}
