//! Files of this machine: what the binary lends this crate for the verbs that take `--local`.

use std::path::{Path, PathBuf};

use futures::future::BoxFuture;
use types::Application;
use types::tracking::Tracking;

/// Renders and packs files. The binary does it: this crate knows the API, but no renderer.
pub trait LocalFiles: Sync {
    /// Renders an application's source from files of this machine: each object as JSON, marked as the application's. The
    /// text of an error says what could not be rendered, and why.
    fn render(&self, ask: LocalAsk) -> BoxFuture<'_, Result<Vec<String>, String>>;

    /// Packs the files below a directory whose names match one of the patterns. The text of an error says what cannot be
    /// packed.
    ///
    /// # Errors
    /// When a file cannot be read, or nothing matches.
    fn pack(&self, directory: &Path, include: &[String]) -> Result<PackedFiles, String>;
}

/// What is rendered, and for which cluster.
#[derive(Debug, Clone)]
pub struct LocalAsk {
    /// The application, for the options of its source.
    pub application: Application,
    /// The directory that stands for the path of its source.
    pub directory: PathBuf,
    /// The directory that stands for its repository: nothing outside of it is read.
    pub root: PathBuf,
    /// The namespace of the control plane.
    pub control_namespace: String,
    /// How objects are marked.
    pub tracking: Tracking,
    /// The version of the destination cluster; empty when unknown.
    pub kube_version: String,
    /// What the destination cluster serves: `group/version` and `group/version/Kind`.
    pub api_versions: Vec<String>,
    /// `kustomize.buildOptions` of the settings.
    pub kustomize_build_options: String,
    /// The versions of Kustomize that sources may name.
    pub kustomize_versions: Vec<String>,
}

/// Files on their way to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedFiles {
    /// A tar archive, compressed with gzip.
    pub archive: Vec<u8>,
    /// Its SHA-256 in hexadecimal digits.
    pub checksum: String,
}
