//! One source rendered from trees that are open already: no repositories, no cache, no network, no plugins. For
//! programs that have the files at hand, such as `argosy render` on a folder.

use std::collections::BTreeMap;
use std::sync::Arc;

use object::Object;
use tree::{Traced, Tree};
use types::ApplicationSource;
use types::settings::RenderingSettings;

use crate::engine::{self, AskPlugins, Job, Outcome, Reference};
use crate::error::{Failure, RenderError};
use crate::explain::Read;
use crate::helm::System;
use crate::jsonnet::JsonnetWorker;
use crate::pool;
use crate::variables::{Facts, Variables};

/// A source with its files, and what it is rendered for.
#[derive(Clone)]
pub struct Local {
    /// The source: its path and options. Its URL and revision are only told to it as build variables.
    pub source: ApplicationSource,
    /// The repository's files; for a chart, the chart's.
    pub tree: Arc<dyn Tree>,
    /// The files of other sources by their reference names, for value files (`$ref/…`).
    pub references: BTreeMap<String, Arc<dyn Tree>>,
    /// The commit or version, for build variables.
    pub revision: String,
    /// The application's instance name, which is the release name of charts that are given none.
    pub instance: String,
    /// The application's project, for build variables.
    pub project: String,
    /// The namespace of the destination.
    pub namespace: String,
    /// The version of the destination cluster; empty when unknown.
    pub kube_version: String,
    /// What the destination cluster serves: `group/version` and `group/version/Kind`.
    pub api_versions: Arc<[String]>,
    /// Which tools render, and with which options.
    pub settings: RenderingSettings,
    /// The most bytes of a directory application's files together; 0 for no limit.
    pub max_directory_bytes: u64,
    /// The process that evaluates Jsonnet programs; without one it is done here.
    pub jsonnet_worker: Option<JsonnetWorker>,
}

/// What a [`Local`] source is rendered to.
#[derive(Debug, Clone)]
pub struct LocalRendered {
    /// The tool: `Directory`, `Helm` or `Kustomize`.
    pub source_type: &'static str,
    /// The objects in the order of the tool, as it made them.
    pub objects: Vec<LocalObject>,
    /// What was looked at of the source's own tree and of those it refers to.
    pub read: Vec<Read>,
    /// The build variables that were used, with their values.
    pub variables: Vec<(String, String)>,
}

/// One object with the place it comes from.
#[derive(Debug, Clone)]
pub struct LocalObject {
    /// The object, without marks of its application.
    pub object: Object,
    /// The file it comes from, as far as the tool tells.
    pub file: Arc<str>,
    /// The line there, from 1; 0 when the tool tells none.
    pub line: usize,
}

impl Local {
    /// A directory of a tree, rendered as whatever it is, for an application of this name and an unknown cluster.
    pub fn new(tree: Arc<dyn Tree>, path: &str, name: &str) -> Self {
        Self {
            source: ApplicationSource { path: path.to_owned(), ..ApplicationSource::default() },
            tree,
            references: BTreeMap::new(),
            revision: String::new(),
            instance: name.to_owned(),
            project: "default".to_owned(),
            namespace: "default".to_owned(),
            kube_version: String::new(),
            api_versions: Arc::from([]),
            settings: RenderingSettings::default(),
            max_directory_bytes: 0,
            jsonnet_worker: None,
        }
    }

    /// Renders on a thread of its own, which a panic or deep input ends without harm to the caller. It takes the time
    /// that it takes: a caller that has a deadline has to keep it by itself.
    ///
    /// # Errors
    /// When the source cannot be rendered, or needs what is not here: charts that have to be fetched, a plugin.
    pub fn render(&self) -> Result<LocalRendered, RenderError> {
        let traced: BTreeMap<String, Arc<Traced>> = std::iter::once((String::new(), &self.tree))
            .chain(self.references.iter().map(|(name, tree)| (name.clone(), tree)))
            .map(|(name, tree)| (name, Arc::new(Traced::new(tree.clone()))))
            .collect();
        let job = self.job(&traced);
        let (result, job, kind) = pool::run_alone(move || engine::run(job))
            .map_err(|reason| RenderError::Broken { instance: self.instance.clone(), reason })?;
        let failed = |failure: Failure| failure.at_source(&self.source, &self.revision, kind);
        let done = match result.map_err(failed)? {
            Outcome::Done(done) => done,
            Outcome::Needs(charts) => {
                let names: Vec<_> =
                    charts.iter().map(|chart| format!("{} {}", chart.name, chart.version)).collect();
                return Err(failed(Failure::content(format!(
                    "found in Chart.yaml, but missing in charts/ directory: {} (`helm dependency build` fetches them)",
                    names.join(", ")
                ))));
            }
            Outcome::NeedsOutside(needs) => {
                let needs: Vec<_> = needs.iter().map(ToString::to_string).collect();
                return Err(failed(Failure::content(format!(
                    "the kustomization needs what lies outside the repository, and nothing is fetched here: {}",
                    needs.join(", ")
                ))));
            }
            Outcome::Plugin(call) => {
                return Err(failed(Failure::Specification(format!(
                    "the config management plugin {:?} runs beside the control plane, and cannot be asked here",
                    call.name
                ))));
            }
        };
        let seen = traced.iter().flat_map(|(name, traced)| {
            traced.trace().seen.into_iter().map(|(path, seen)| (name.clone(), path, seen))
        });
        Ok(LocalRendered {
            source_type: done.kind.name(),
            objects: done
                .manifests
                .into_iter()
                .map(|manifest| LocalObject {
                    object: manifest.object,
                    file: manifest.file,
                    line: manifest.line,
                })
                .collect(),
            read: seen
                .map(|(repository, path, seen)| Read { repository, path: path.to_string(), seen })
                .collect(),
            variables: job
                .variables
                .used()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        })
    }

    fn job(&self, traced: &BTreeMap<String, Arc<Traced>>) -> Job {
        let tree_of = |name: &str| -> Arc<dyn Tree> {
            match traced.get(name) {
                Some(traced) => traced.clone(),
                None => self.tree.clone(),
            }
        };
        Job {
            source: self.source.clone(),
            instance: self.instance.clone(),
            destination_namespace: self.namespace.clone(),
            kube_version: self.kube_version.clone(),
            api_versions: self.api_versions.clone(),
            settings: self.settings.clone(),
            variables: Variables::new(&Facts {
                instance: &self.instance,
                namespace: &self.namespace,
                project: &self.project,
                revision: &self.revision,
                repository: &self.source.repo_url,
                path: &self.source.path,
                target_revision: &self.source.target_revision,
            }),
            tree: tree_of(""),
            digest: None,
            references: self
                .references
                .keys()
                .map(|name| (name.clone(), Reference::Files(tree_of(name))))
                .collect(),
            remote_files: BTreeMap::new(),
            dependencies: Vec::new(),
            outside: kustomize::Outside::new(Arc::new(System)),
            charts: Arc::default(),
            max_directory_bytes: self.max_directory_bytes,
            jsonnet_worker: self.jsonnet_worker.clone(),
            plugins: AskPlugins::No,
            generate_paths: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tree::MemoryTree;

    fn local(files: &[(&str, &str)]) -> Local {
        let mut tree = MemoryTree::new();
        for (path, text) in files {
            tree.insert_text(path, text).unwrap();
        }
        Local::new(Arc::new(tree), "app", "web")
    }

    #[test]
    fn a_folder_is_rendered_without_anything_else() {
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
        let mut folder = local(&[("app/a.yaml", map), ("app/sub/b.yaml", map), ("other/c.yaml", "")]);
        let rendered = folder.render().unwrap();
        assert_eq!((rendered.source_type, rendered.objects.len()), ("Directory", 1));
        assert_eq!((&*rendered.objects[0].file, rendered.objects[0].line), ("app/a.yaml", 1));
        assert!(
            rendered.objects[0].object.annotation("argocd.argoproj.io/tracking-id").is_none(),
            "not marked"
        );
        assert!(!rendered.read.iter().any(|read| read.path.starts_with("other")), "{:?}", rendered.read);
        folder.source.directory = serde_json::from_value(serde_json::json!({"recurse": true})).unwrap();
        assert_eq!(folder.render().unwrap().objects.len(), 2);
        let chart = local(&[
            ("app/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
            ("app/templates/a.yaml", "kind: A\nmetadata: {name: {{ .Release.Name }}}"),
        ]);
        let rendered = chart.render().unwrap();
        assert_eq!((rendered.source_type, rendered.objects[0].object.name()), ("Helm", "web"));
    }

    #[test]
    fn what_is_not_here_is_an_error() {
        let mut plugin = local(&[("app/a.yaml", "")]);
        plugin.source.plugin =
            Some(Box::new(types::ApplicationSourcePlugin { name: "x".into(), ..Default::default() }));
        let error = plugin.render().unwrap_err().to_string();
        assert!(error.contains("plugin \"x\" runs beside the control plane"), "{error}");
        let chart = local(&[(
            "app/Chart.yaml",
            "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: d, version: 1.x, repository: 'https://example.com'}]\n",
        )]);
        let error = chart.render().unwrap_err().to_string();
        assert!(error.contains("missing in charts/ directory: d 1.x"), "{error}");
        assert!(Local::new(Arc::new(MemoryTree::new()), "../x", "web").render().is_err());
    }
}
