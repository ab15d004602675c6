//! What is asked of the renderer, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use object::Object;
use source::Credentials;
use types::settings::RenderingSettings;
use types::tracking::Tracking;
use types::{AppKey, ApplicationSource};

/// Limits of rendering.
#[derive(Debug, Clone)]
pub struct RenderOptions {
    /// Renders at the same time (`--parallelismlimit`); each has its own thread.
    pub parallelism: usize,
    /// The time that one render may take.
    pub deadline: Duration,
    /// Renders past their deadline that still run, from which on no new ones are begun.
    pub max_stuck: usize,
    /// Bytes of manifests kept in the cache.
    pub cache_bytes: usize,
    /// The most bytes of a directory application's files together, Jsonnet files aside; 0 for no limit
    /// (`--max-combined-directory-manifests-size`).
    pub max_directory_bytes: u64,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            parallelism: std::thread::available_parallelism().map_or(2, std::num::NonZeroUsize::get).max(2),
            deadline: Duration::from_secs(90),
            max_stuck: 16,
            cache_bytes: 256 << 20,
            max_directory_bytes: 10_000_000,
        }
    }
}

/// One application to render.
#[derive(Debug, Clone)]
pub struct RenderRequest {
    /// The application.
    pub app: AppKey,
    /// Its name in tracking ([`AppKey::instance_name`]).
    pub instance: String,
    /// Its project.
    pub project: String,
    /// Its sources ([`types::ApplicationSpec::effective_sources`]).
    pub sources: Vec<ApplicationSource>,
    /// For each source a revision in place of its target revision; missing ones are `None`.
    pub revisions: Vec<Option<String>>,
    /// The namespace of its destination.
    pub destination_namespace: String,
    /// The version of the destination cluster; empty when unknown.
    pub kube_version: String,
    /// What the destination cluster serves: `group/version` and `group/version/Kind`.
    pub api_versions: Arc<[String]>,
    /// How objects are marked as the application's.
    pub tracking: Tracking,
    /// The known repositories and credentials.
    pub credentials: Arc<Credentials>,
    /// Which tools render, and with which options.
    pub settings: RenderingSettings,
    /// Whether the repositories have to be asked for their revisions again.
    pub refresh_revisions: bool,
    /// Whether nothing may come from the cache of renders.
    pub no_cache: bool,
}

/// What an application is to be.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The objects of all sources, in the order of sources and of their tools.
    pub objects: Vec<Desired>,
    /// One for each source.
    pub sources: Vec<RenderedSource>,
}

/// One object that is to be.
#[derive(Debug, Clone)]
pub struct Desired {
    /// The object, marked as the application's. Its namespace is as the manifest says.
    pub object: Arc<Object>,
    /// [`object::content_hash`] of the object.
    pub hash: u64,
    /// The source it comes from, from 0.
    pub source: usize,
    /// The file it comes from, as far as the tool tells.
    pub file: Arc<str>,
    /// The line there, from 1; 0 when the tool tells none.
    pub line: usize,
}

/// How a source was rendered.
#[derive(Debug, Clone)]
pub struct RenderedSource {
    /// The commit, chart version or digest.
    pub revision: String,
    /// The tool: `Directory`, `Helm` or `Kustomize`; empty when the source is only referred to.
    pub source_type: &'static str,
    /// Whether the manifests came from the cache.
    pub cached: bool,
    /// Why, and what was read.
    pub explain: Explain,
}

/// Why a source's manifests are what they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Explain {
    /// Where the manifests came from.
    pub origin: Origin,
    /// The paths that were looked at and decide whether the manifests still hold, with the repository each is in: its
    /// reference name, or empty for the source's own.
    pub read: Vec<(String, String)>,
    /// The build variables that were used.
    pub variables: Vec<String>,
}

/// Where manifests came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    /// They were not wanted: the source is only referred to.
    #[default]
    Reference,
    /// From the cache: nothing that was read is different.
    Unchanged,
    /// Rendered: there was nothing in the cache for these inputs.
    First,
    /// Rendered: this path is different from what was read for the cached manifests.
    Changed(String),
    /// Rendered: this build variable has another value.
    Variable(String),
    /// Rendered: the cache was not to be used.
    Forced,
}
