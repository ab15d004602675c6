//! What is read of foreign bytes, reachable by itself: for fuzzing, which asserts what must hold of any answer.

use std::sync::Arc;

use object::Object;
use tree::{Tree, TreePath};
use types::ApplicationSource;

use crate::documents::Manifests;
use crate::error::Failure;
use crate::kind;
use crate::plugin::{self, ParameterAnnouncement};

/// A source with the overrides that lie in its directory (`.argocd-source.yaml`, `.argocd-source-INSTANCE.yaml`).
///
/// # Errors
/// When an override cannot be read, or makes no source.
pub fn overridden(
    source: &ApplicationSource,
    tree: &dyn Tree,
    place: &TreePath,
    instance: &str,
) -> Result<ApplicationSource, String> {
    kind::with_overrides(source, tree, place, instance).map_err(Failure::reason)
}

/// The objects that a plugin's sidecar answers with: the bytes of a stream of gRPC, and the status that is told in
/// headers or trailers.
///
/// # Errors
/// When the status tells of a failure, or the bytes hold no manifests.
pub fn plugin_answer(status: &[(&str, &str)], bytes: &[u8]) -> Result<Vec<Object>, String> {
    let mut manifests = Manifests::default();
    for text in plugin::read_manifests(status, bytes)? {
        manifests.add_output(&Arc::from("plugin"), &text).map_err(Failure::reason)?;
    }
    Ok(manifests.into_vec().into_iter().map(|manifest| manifest.object).collect())
}

/// The parameters that a plugin's sidecar announces, in the bytes of a stream of gRPC.
///
/// # Errors
/// When the bytes hold no such message.
pub fn plugin_announcements(bytes: &[u8]) -> Result<Vec<ParameterAnnouncement>, String> {
    plugin::read_announcements(bytes)
}

/// The archive of the files below `root` that a plugin is sent: a tar, compressed with gzip. The files may have
/// `max_bytes` together.
///
/// # Errors
/// When there is something that is not sent.
pub fn plugin_archive(
    tree: &dyn Tree,
    root: &TreePath,
    exclusions: &[String],
    max_bytes: u64,
) -> Result<Arc<[u8]>, String> {
    plugin::packed(tree, root, exclusions, max_bytes)
}

/// The objects in the texts of a directory, as its files are read.
///
/// # Errors
/// When a file that looks like a manifest cannot be read.
pub fn manifests(path: &TreePath, bytes: &[u8]) -> Result<Vec<Object>, String> {
    let mut manifests = Manifests::default();
    let added = if path.as_str().ends_with(".json") {
        manifests.add_json(path, bytes)
    } else {
        manifests.add_text(path, bytes)
    };
    added.map_err(Failure::reason)?;
    Ok(manifests.into_vec().into_iter().map(|manifest| manifest.object).collect())
}

/// The objects in what a Jsonnet program has come to.
///
/// # Errors
/// When it is neither an object nor a list of objects.
pub fn program_output(value: serde_json::Value) -> Result<Vec<Object>, String> {
    let mut manifests = Manifests::default();
    manifests.add_nested(value, &Arc::from("program.jsonnet")).map_err(Failure::reason)?;
    Ok(manifests.into_vec().into_iter().map(|manifest| manifest.object).collect())
}
