//! Files of this machine for the client verbs that take `--local`: rendered as the control plane would render them from
//! the application's repository, or packed for a server to do it.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use cli::{LocalAsk, LocalFiles, PackedFiles};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use render::{Packing, RenderRequest};
use source::Opened;
use tree::TreePath;

use crate::offline::application;
use crate::offline::folder::Place;

/// The most bytes of files that are sent to a server.
const MAX_SENT_BYTES: u64 = 1 << 30;

/// Renders and packs with what this machine has.
pub(crate) struct ThisMachine;

impl LocalFiles for ThisMachine {
    fn render(&self, ask: LocalAsk) -> BoxFuture<'_, Result<Vec<String>, String>> {
        async move { render(ask).await.map_err(|error| format!("{error:#}")) }.boxed()
    }

    fn pack(&self, directory: &Path, include: &[String]) -> Result<PackedFiles, String> {
        let full = directory
            .canonicalize()
            .map_err(|error| format!("cannot open {}: {error}", directory.display()))?;
        let packing = Packing::only(include, MAX_SENT_BYTES, "take fewer with --local-include");
        let archive = render::pack(&source::Folder::new(full), &TreePath::root(), &packing)
            .map_err(|reason| format!("{}: {reason}", directory.display()))?;
        Ok(PackedFiles { archive: archive.content.to_vec(), checksum: archive.checksum })
    }
}

async fn render(ask: LocalAsk) -> Result<Vec<String>> {
    let place = Place::open_below(&ask.directory, &ask.root)?;
    if !place.is_directory() {
        bail!("{} is no directory", ask.directory.display());
    }
    let mut sources = ask.application.spec.effective_sources();
    let [source] = &mut sources[..] else {
        bail!("local files can stand in for the source of an application with one source only");
    };
    // The files are the repository's, whatever the source is; a chart is wherever it is named here.
    source.path = place.path.to_string();
    source.chart.clear();
    let key = ask.application.key();
    let request = RenderRequest {
        instance: key.instance_name(&ask.control_namespace),
        project: ask.application.spec.project_name().to_owned(),
        destination_namespace: ask.application.spec.destination.namespace.clone(),
        kube_version: ask.kube_version,
        api_versions: ask.api_versions.into(),
        tracking: ask.tracking,
        files: Some(Opened { tree: place.tree, digest: None }),
        no_cache: true,
        ..RenderRequest::new(key, sources)
    };
    let mut request = request;
    request.settings.kustomize_build_options = ask.kustomize_build_options;
    request.settings.kustomize_versions = ask.kustomize_versions;
    let rendered = application::renderer()?
        .render(request)
        .await
        .map_err(|error| anyhow!("{error}"))
        .with_context(|| format!("rendering {}", ask.directory.display()))?;
    Ok(rendered.objects.iter().map(|desired| desired.object.to_json()).collect())
}
