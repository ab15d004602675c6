//! One render of one source, from an opened tree to objects. Everything here is synchronous and without hands: it runs
//! on a thread of `pool`, reads through the job's trees, and asks the shell (`renderer`) for what has to be fetched.

use std::collections::BTreeMap;
use std::sync::Arc;

use tree::{EntryKind, Tree, TreePath};
use types::ApplicationSource;
use types::settings::RenderingSettings;

use crate::documents::{Manifest, Manifests};
use crate::error::Failure;
use crate::generate_paths;
use crate::helm::ChartCache;
use crate::jsonnet::JsonnetWorker;
use crate::kind::{self, Kind};
use crate::plugin::environment;
use crate::variables::Variables;

/// All inputs of one render.
pub(crate) struct Job {
    /// The source; the repository's overrides are merged in by [`run`].
    pub(crate) source: ApplicationSource,
    pub(crate) instance: String,
    pub(crate) destination_namespace: String,
    pub(crate) kube_version: String,
    pub(crate) api_versions: Arc<[String]>,
    pub(crate) settings: RenderingSettings,
    pub(crate) variables: Variables,
    pub(crate) tree: Arc<dyn Tree>,
    /// The digest of an archive; `None` for Git.
    pub(crate) digest: Option<String>,
    /// The trees of sources that others refer to, by name.
    pub(crate) references: BTreeMap<String, Reference>,
    /// Remote value files that were fetched, by URL.
    pub(crate) remote_files: BTreeMap<String, String>,
    /// Charts that were fetched because a chart asked for them.
    pub(crate) dependencies: Vec<(ChartRequest, Arc<dyn Tree>)>,
    /// What was fetched because a kustomization asked for it.
    pub(crate) outside: ::kustomize::Outside,
    pub(crate) charts: Arc<ChartCache>,
    pub(crate) max_directory_bytes: u64,
    pub(crate) jsonnet_worker: Option<JsonnetWorker>,
    pub(crate) plugins: AskPlugins,
    /// The paths that matter to the application, when only those are sent to plugins.
    pub(crate) generate_paths: Option<String>,
}

/// Whether plugins have to be asked when a source names no tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskPlugins {
    /// There are none.
    No,
    /// They have to be asked first.
    First,
    /// They were asked, and the source is not theirs.
    Declined,
}

/// A source that others may refer to.
#[derive(Clone)]
pub(crate) enum Reference {
    /// The files of a repository.
    Files(Arc<dyn Tree>),
    /// A chart, which cannot be referred to.
    Chart,
}

/// A chart that another one needs and does not bring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChartRequest {
    pub(crate) name: String,
    pub(crate) repository: String,
    pub(crate) version: String,
}

/// A source that a plugin has to make the manifests of, or may want to.
pub(crate) struct PluginCall {
    /// The plugin that the source names; empty for any that supports the files.
    pub(crate) name: String,
    /// Whether the source says that it is a plugin's.
    pub(crate) is_explicit: bool,
    /// What the files are known by.
    pub(crate) content: String,
    /// The directory whose files are sent.
    pub(crate) root: TreePath,
    /// The application's directory below it.
    pub(crate) path: String,
    pub(crate) environment: Vec<(String, String)>,
}

/// What came of a render.
pub(crate) enum Outcome {
    Done(Done),
    /// These charts have to be fetched first.
    Needs(Vec<ChartRequest>),
    /// A kustomization needs this first.
    NeedsOutside(Vec<::kustomize::Need>),
    /// A plugin has to be asked.
    Plugin(PluginCall),
}

pub(crate) struct Done {
    pub(crate) kind: Kind,
    /// Whether the tool was found out, so that plugins might have been asked.
    pub(crate) is_detected: bool,
    pub(crate) manifests: Vec<Manifest>,
}

/// Renders the job.
pub(crate) fn run(mut job: Job) -> (Result<Outcome, Failure>, Job, Option<Kind>) {
    let mut kind = None;
    let result = run_in(&mut job, &mut kind);
    (result, job, kind)
}

fn run_in(job: &mut Job, chosen: &mut Option<Kind>) -> Result<Outcome, Failure> {
    let place = application_path(&*job.tree, &job.source)?;
    job.source = kind::with_overrides(&job.source, &*job.tree, &place, &job.instance)?;
    let is_chart = !job.source.chart.is_empty() && !job.source.repo_url.starts_with("oci://");
    let (kind, is_detected) = if is_chart && job.source.plugin.is_none() {
        (Kind::Helm, false)
    } else {
        let asks = job.plugins == AskPlugins::First;
        kind::detect(&job.source, &*job.tree, &place, &job.settings, asks)?
    };
    if job.plugins == AskPlugins::Declined {
        // That no plugin wants the source depends on all that they have seen.
        plugin_call(job, &place)?;
    }
    *chosen = Some(kind);
    let mut manifests = Manifests::default();
    match kind {
        Kind::Directory => crate::directory::render(job, &place, &mut manifests)?,
        Kind::Helm => {
            if let Some(needed) = crate::helm::render(job, &place, &mut manifests)? {
                return Ok(Outcome::Needs(needed));
            }
        }
        Kind::Kustomize => {
            check_kustomize_version(job)?;
            if let Some(needs) = crate::kustomize::render(job, &place, &mut manifests)? {
                return Ok(Outcome::NeedsOutside(needs));
            }
        }
        Kind::Plugin => return plugin_call(job, &place).map(Outcome::Plugin),
    }
    Ok(Outcome::Done(Done { kind, is_detected, manifests: manifests.into_vec() }))
}

/// Refuses a version of Kustomize that nobody has registered. Those that are render here like any other: there is one
/// builder.
fn check_kustomize_version(job: &Job) -> Result<(), Failure> {
    let version = job.source.kustomize.as_ref().map_or("", |options| &options.version);
    if version.is_empty() || job.settings.kustomize_versions.iter().any(|known| known == version) {
        return Ok(());
    }
    Err(Failure::Specification(format!(
        "kustomize version {version} is not registered; add kustomize.path.{version} to argocd-cm, or leave the version out"
    )))
}

/// What a plugin has to be told. It may look at all that it is sent, and at every build variable.
fn plugin_call(job: &Job, place: &TreePath) -> Result<PluginCall, Failure> {
    let root = match &job.generate_paths {
        Some(paths) => generate_paths::common_root(paths, place),
        None => TreePath::root(),
    };
    let entry = job.tree.entry(&root)?;
    let content = entry.map(|entry| entry.oid.to_string()).unwrap_or_default();
    let plugin = job.source.plugin.as_deref();
    Ok(PluginCall {
        name: plugin.map(|plugin| plugin.name.clone()).unwrap_or_default(),
        is_explicit: plugin.is_some(),
        content: job.digest.clone().unwrap_or(content),
        path: place.below(&root).unwrap_or_default().to_owned(),
        root,
        environment: environment(&job.variables, &job.kube_version, &job.api_versions, plugin)?,
    })
}

/// Where the application is, links followed.
fn application_path(tree: &dyn Tree, source: &ApplicationSource) -> Result<TreePath, Failure> {
    let written = if source.chart.is_empty() { source.path.as_str() } else { "" };
    if written.starts_with('/') {
        return Err(Failure::Path("app path is absolute".to_owned()));
    }
    let path = TreePath::new(written).map_err(|_| Failure::Path("app path outside root".to_owned()))?;
    match tree::resolve(tree, &path) {
        Ok(Some((place, EntryKind::Directory))) => Ok(place),
        Ok(Some(_)) => Err(Failure::Path("app path is not a directory".to_owned())),
        Ok(None) => Err(Failure::Path("app path does not exist".to_owned())),
        Err(error) => Err(Failure::Path(error.to_string())),
    }
}

/// The part of an instance name that is the application's own name.
pub(crate) fn application_name(instance: &str) -> &str {
    instance.split_once('_').map_or(instance, |(_, name)| name)
}

/// A cluster's version without what vendors add: `v1.30.2-eks-1a2b` is `1.30.2`.
pub(crate) fn sanitized_kube_version(text: &str) -> Result<String, Failure> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(String::new());
    }
    let digits = text.strip_prefix('v').unwrap_or(text);
    let end = digits
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(digits.len());
    let version = digits[..end].trim_end_matches('.');
    let is_version = !version.is_empty() && version.split('.').all(|part| part.parse::<u64>().is_ok());
    if is_version {
        Ok(version.to_owned())
    } else {
        Err(Failure::Specification(format!("could not parse kubernetes version {text:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_additions_are_cut_off() {
        for (text, expected) in [
            ("v1.30.2-eks-1a2b", Some("1.30.2")),
            ("1.29+", Some("1.29")),
            ("1.31.0", Some("1.31.0")),
            ("", Some("")),
            ("unknown", None),
        ] {
            assert_eq!(sanitized_kube_version(text).ok().as_deref(), expected, "{text}");
        }
        assert_eq!(application_name("team_web"), "web");
        assert_eq!(application_name("web"), "web");
    }
}
