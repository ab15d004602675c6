//! What the tests of this crate share: a renderer on a temporary directory, and short ways to ask it.

#![allow(clippy::expect_used, dead_code, unreachable_pub, missing_docs)]

use std::sync::Arc;

use render::{RenderError, RenderOptions, RenderRequest, Rendered, Renderer};
use serde_json::{Value, json};
use source::{Options, Sources};
use types::tracking::Tracking;
use types::{AppKey, ApplicationSource};

/// A renderer with its data directory.
pub struct Fixture {
    pub renderer: Renderer,
    _data: tempfile::TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        Self::with(RenderOptions::default())
    }

    pub fn with(options: RenderOptions) -> Self {
        let data = tempfile::tempdir().expect("a directory");
        let sources = Sources::new(Options::new(data.path())).expect("sources");
        Self { renderer: Renderer::new(sources, options), _data: data }
    }

    pub async fn render(&self, sources: Value) -> Result<Rendered, RenderError> {
        self.renderer.render(request("web", sources)).await
    }

    /// The rendered objects as JSON, or the error's text.
    pub async fn objects(&self, sources: Value) -> Result<Vec<Value>, String> {
        let rendered = self.render(sources).await.map_err(|error| error.to_string())?;
        Ok(rendered.objects.iter().map(|desired| desired.object.as_value().clone()).collect())
    }

    /// `Kind/name` of the rendered objects, or the error's text.
    pub async fn names(&self, sources: Value) -> Result<Vec<String>, String> {
        let rendered = self.render(sources).await.map_err(|error| error.to_string())?;
        Ok(rendered
            .objects
            .iter()
            .map(|desired| format!("{}/{}", desired.object.kind(), desired.object.name()))
            .collect())
    }
}

/// A request for one or several sources, which always asks the repositories again.
pub fn request(name: &str, sources: Value) -> RenderRequest {
    let list = match sources {
        Value::Array(list) => list,
        one => vec![one],
    };
    let sources: Vec<ApplicationSource> =
        list.into_iter().map(|source| serde_json::from_value(source).expect("a source")).collect();
    RenderRequest {
        app: AppKey::new("argocd", name),
        instance: name.to_owned(),
        project: "default".to_owned(),
        revisions: vec![None; sources.len()],
        sources,
        files: None,
        destination_namespace: "shop".to_owned(),
        kube_version: "v1.33.1".to_owned(),
        api_versions: Arc::from(["v1".to_owned(), "apps/v1".to_owned()]),
        tracking: Tracking::default(),
        credentials: Arc::default(),
        settings: types::settings::RenderingSettings::default(),
        manifest_generate_paths: String::new(),
        integrity: render::Integrity::default(),
        refresh_revisions: true,
        no_cache: false,
    }
}

/// The text of a small ConfigMap.
pub fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  value: \"{value}\"\n")
}

/// A source with a path.
pub fn at(url: &str, path: &str) -> Value {
    json!({"repoURL": url, "path": path})
}
