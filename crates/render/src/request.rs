//! What is asked of the renderer, and what it answers.

use std::sync::Arc;

use object::Object;
use source::{Credentials, Opened};
use types::settings::RenderingSettings;
use types::tracking::Tracking;
use types::{AppKey, ApplicationSource, SourceIntegrityCheckResult};

use crate::explain::Explain;
use crate::integrity::Integrity;

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
    /// Files in place of those of the repository, which is not asked then: for applications with one source.
    pub files: Option<Opened>,
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
    /// The annotation `argocd.argoproj.io/manifest-generate-paths`; empty when there is none. Only plugins are sent
    /// less because of it: for all others the paths that matter are known.
    pub manifest_generate_paths: String,
    /// Which signatures the application's project demands.
    pub integrity: Integrity,
    /// Whether the repositories have to be asked for their revisions again.
    pub refresh_revisions: bool,
    /// Whether nothing may come from the cache of renders.
    pub no_cache: bool,
}

impl RenderRequest {
    /// An application's sources at their target revisions, in the default project and with default settings, for an
    /// unknown cluster.
    pub fn new(app: AppKey, sources: Vec<ApplicationSource>) -> Self {
        Self {
            instance: app.name.clone(),
            app,
            project: "default".to_owned(),
            revisions: vec![None; sources.len()],
            sources,
            files: None,
            destination_namespace: String::new(),
            kube_version: String::new(),
            api_versions: Arc::from([]),
            tracking: Tracking::default(),
            credentials: Arc::default(),
            settings: RenderingSettings::default(),
            manifest_generate_paths: String::new(),
            integrity: Integrity::default(),
            refresh_revisions: false,
            no_cache: false,
        }
    }
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
    /// The tool: `Directory`, `Helm`, `Kustomize` or `Plugin`; empty when the source is only referred to.
    pub source_type: &'static str,
    /// What was found out about signatures; `None` when the project demands none.
    pub integrity: Option<SourceIntegrityCheckResult>,
    /// Whether the manifests came from the cache.
    pub cached: bool,
    /// Why, and what was read.
    pub explain: Explain,
}
