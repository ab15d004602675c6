//! `--local`: an application's manifests from files of this machine instead of its repository, rendered here or by the
//! server.

use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use types::Application;
use types::tracking::{Tracking, TrackingMethod};

use super::AppName;
use super::facts::ServerSettings;
use crate::client::{Client, escape};
use crate::error::Error;
use crate::local_files::{LocalAsk, LocalFiles};

/// How much of an archive is in one message.
const CHUNK: usize = 1 << 20;

/// Files in place of the repository.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct LocalFlags {
    /// Render this directory instead of the application's path in its repository.
    #[arg(long, value_name = "DIR")]
    pub(super) local: Option<PathBuf>,
    /// The directory that stands for the repository, with --local; nothing outside of it is read.
    #[arg(long, value_name = "DIR", requires = "local")]
    local_repo_root: Option<PathBuf>,
}

/// What an application is rendered to from local files, here; `None` without `--local`. `root` stands for the repository
/// unless a flag says otherwise.
pub(super) async fn rendered_here(
    flags: &LocalFlags,
    root: &str,
    files: &dyn LocalFiles,
    client: &Client,
    application: &Application,
) -> Result<Option<Vec<String>>, Error> {
    let Some(directory) = &flags.local else { return Ok(None) };
    single_source(application)?;
    let settings = ServerSettings::fetch(client).await?;
    let cluster = cluster(client, application).await?;
    let ask = LocalAsk {
        application: application.clone(),
        directory: directory.clone(),
        root: flags.local_repo_root.clone().unwrap_or_else(|| PathBuf::from(root)),
        control_namespace: settings.control_namespace(client).to_owned(),
        tracking: Tracking {
            method: TrackingMethod::from_setting(&settings.tracking_method),
            label: settings.app_label_key.clone(),
            installation_id: settings.installation_id.clone(),
        },
        kube_version: cluster.info.server_version,
        api_versions: cluster.info.api_versions,
        kustomize_build_options: settings.kustomize_options.build_options.clone(),
        kustomize_versions: settings.kustomize_versions.clone(),
    };
    files.render(ask).await.map(Some).map_err(Error::Local)
}

/// What the server renders an application to from local files, which are packed and sent to it. The directory is the
/// whole repository then: the application's path is looked up in it.
pub(super) async fn rendered_by_server(
    flags: &LocalFlags,
    include: &[String],
    files: &dyn LocalFiles,
    client: &Client,
    app: &AppName,
    application: &Application,
) -> Result<Option<Vec<String>>, Error> {
    let Some(directory) = &flags.local else { return Ok(None) };
    single_source(application)?;
    let packed = files.pack(directory, include).map_err(Error::Local)?;
    let query = json!({"query": {
        "name": app.name,
        "appNamespace": app.namespace,
        "project": application.spec.project_name(),
        "checksum": packed.checksum,
    }});
    let chunks = packed.archive.chunks(CHUNK).map(|chunk| {
        let text = serde_json::to_value(types::meta::Bytes(chunk.to_vec())).unwrap_or_default();
        json!({"chunk": {"chunk": text}})
    });
    let body: String = std::iter::once(query).chain(chunks).map(|message| format!("{message}\n")).collect();
    let answer: Manifests = client.post_text("/api/v1/applications/manifestsWithFiles", body).await?;
    Ok(Some(answer.manifests.unwrap_or_default()))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Manifests {
    pub(super) manifests: Option<Vec<String>>,
}

fn single_source(application: &Application) -> Result<(), Error> {
    if application.spec.has_multiple_sources() {
        let message =
            "--local stands in for the source of an application with one source; this one has several";
        return Err(Error::Usage(message.to_owned()));
    }
    Ok(())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Cluster {
    info: types::ClusterInfo,
}

/// The application's cluster.
async fn cluster(client: &Client, application: &Application) -> Result<Cluster, Error> {
    let destination = &application.spec.destination;
    let (value, kind) = if destination.server.is_empty() {
        (&destination.name, "name")
    } else {
        (&destination.server, "server")
    };
    let path = format!("/api/v1/clusters/{}", escape(value));
    match client.get(&path, &[("id.type", kind.to_owned())]).await {
        // Whoever may not look at clusters can render all the same, only for an unknown one.
        Err(error) if error.is_absent() => Ok(Cluster::default()),
        other => other,
    }
}

/// A manifest as a value.
pub(super) fn parse(text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| Error::Format(format!("a manifest is no JSON: {error}")))
}
