//! `argosy render kustomize`: what `kustomize build` prints.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use kustomize::{Answer, Document, Need, Options, Outcome, Outside};
use render::System;
use tree::{Tree, TreePath};

use super::files;
use super::folder::{Place, RootOption};
use super::network::Network;

/// The names a kustomization may have.
const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// What repositories on this machine are named by: those may refer to others on it.
const LOCAL: &str = "file:///";
/// Rounds of fetching what was asked for by what has been fetched.
const MAX_ROUNDS: usize = 16;

const EXAMPLES: &str = "\
Examples:
  argosy render kustomize overlays/production
  argosy render kustomize overlays/production --load-restrictor LoadRestrictionsNone
  argosy render kustomize overlays/production --enable-helm --helm-kube-version 1.34
  argosy render kustomize 'https://git.example.com/team/deploy//overlays/production?ref=v1.2'
  argosy render kustomize overlays/production --output build    one file, or one a resource into a directory";

/// The flags of `kustomize build`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct KustomizeOptions {
    /// The directory of a kustomization, or the URL of one in a Git repository.
    #[arg(default_value = ".")]
    directory: String,
    /// Whether a kustomization may read files out of its own directory.
    #[arg(long, value_enum, default_value = "LoadRestrictionsRootOnly", ignore_case = true)]
    load_restrictor: LoadRestrictor,
    /// Render the charts that a kustomization names.
    #[arg(long)]
    enable_helm: bool,
    /// The version of the cluster that those charts see.
    #[arg(long = "helm-kube-version", value_name = "VERSION", default_value = "")]
    kube_version: String,
    /// APIs of the cluster that those charts see.
    #[arg(long = "helm-api-versions", value_name = "APIS", value_delimiter = ',')]
    api_versions: Vec<String>,
    /// The order of the output: legacy is that of installation.
    #[arg(long, value_enum, default_value = "legacy")]
    reorder: Reorder,
    /// Label everything as managed by Kustomize.
    #[arg(long)]
    enable_managedby_label: bool,
    /// Write to this file instead of printing; into a directory, a file for each object.
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    #[command(flatten)]
    refused: Refused,
    #[command(flatten)]
    root: RootOption,
}

/// Flags of `kustomize build` about programs, which are never run, and those without a meaning here.
#[derive(Debug, clap::Args)]
struct Refused {
    #[arg(long, hide = true)]
    enable_exec: bool,
    #[arg(long, hide = true)]
    as_current_user: bool,
    #[arg(long, short = 'e', hide = true)]
    env: Vec<String>,
    #[arg(long, hide = true)]
    mount: Vec<String>,
    #[arg(long, hide = true)]
    network: bool,
    #[arg(long, hide = true)]
    network_name: Option<String>,
    /// Plugins that are built in need no flag, others are refused where they are named.
    #[arg(long, hide = true)]
    enable_alpha_plugins: bool,
    /// Charts are rendered in this process.
    #[arg(long, hide = true)]
    helm_command: Option<String>,
    #[arg(long, hide = true)]
    helm_debug: bool,
    #[arg(long, hide = true)]
    stack_trace: bool,
}

impl Refused {
    fn check(&self) -> Result<()> {
        for (given, flag) in [
            (self.enable_exec, "--enable-exec"),
            (self.as_current_user, "--as-current-user"),
            (!self.env.is_empty(), "--env"),
            (!self.mount.is_empty(), "--mount"),
            (self.network, "--network"),
            (self.network_name.as_deref().is_some_and(|name| name != "bridge"), "--network-name"),
        ] {
            if given {
                bail!("{flag} is not supported: functions that are programs or containers are never run");
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reorder {
    Legacy,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LoadRestrictor {
    #[value(name = "LoadRestrictionsRootOnly", help = "only files below it; other directories as bases")]
    RootOnly,
    #[value(name = "LoadRestrictionsNone", help = "all files")]
    None,
}

/// What `kustomize build` prints.
pub(super) fn build(options: &KustomizeOptions, network: &Network) -> Result<String> {
    options.refused.check()?;
    let build = Options {
        keep_order: options.reorder == Reorder::None,
        managed_by_label: options.enable_managedby_label,
        enable_helm: options.enable_helm,
        unrestricted: options.load_restrictor == LoadRestrictor::None,
        kube_version: options.kube_version.clone(),
        api_versions: options.api_versions.clone(),
    };
    let shown = &options.directory;
    let documents = match kustomize::remote_target(shown) {
        Some((need, directory)) => documents_of_url(shown, &need, &directory, &build, network)?,
        None => documents(&Place::open(Path::new(shown), &options.root)?, &build, network)
            .with_context(|| shown.clone())?,
    };
    let Some(target) = &options.output else { return Ok(kustomize::to_output(&documents)) };
    if target.is_dir() {
        files::write(target, &single_files(&documents))?;
    } else {
        let text = kustomize::to_output(&documents);
        std::fs::write(target, text).with_context(|| format!("cannot write {}", target.display()))?;
    }
    Ok(String::new())
}

/// The objects of a kustomization in a repository elsewhere.
fn documents_of_url(
    url: &str,
    need: &Need,
    directory: &TreePath,
    options: &Options,
    network: &Network,
) -> Result<Vec<Document>> {
    let mut fetched = Outside::new(Arc::new(System));
    network.fetch(LOCAL, std::slice::from_ref(need), &mut fetched)?;
    match fetched.get(need) {
        // Files out of their kustomization are read on this machine only.
        Some(Answer::Tree(tree)) => {
            let options = Options { unrestricted: false, ..options.clone() };
            complete(&**tree, directory, &options, LOCAL, network).with_context(|| url.to_owned())
        }
        Some(Answer::Failed(reason)) => bail!("{url}: {reason}"),
        _ => bail!("{url}: this is no repository"),
    }
}

/// The objects of a kustomization on this machine.
fn documents(place: &Place, options: &Options, network: &Network) -> Result<Vec<Document>> {
    complete(&*place.tree, &place.path, options, LOCAL, network)
}

/// Builds, fetching what the build asks for until it has everything.
fn complete(
    tree: &dyn Tree,
    directory: &TreePath,
    options: &Options,
    repository: &str,
    network: &Network,
) -> Result<Vec<Document>> {
    let mut outside = Outside::new(Arc::new(System));
    let mut asked = Vec::new();
    for _ in 0..MAX_ROUNDS {
        match kustomize::build_with(tree, directory, options, &outside)? {
            Outcome::Built(documents) => return Ok(documents),
            Outcome::Needs(needs) => {
                network.fetch(repository, &needs, &mut outside)?;
                asked = needs;
            }
        }
    }
    let asked: Vec<_> = asked.iter().map(ToString::to_string).collect();
    bail!("what was fetched needs ever more to be fetched: {}", asked.join(", "))
}

/// A file for each object, named as `kustomize build --output DIR` does: by the namespace, if there are several, and by
/// group, version, kind and name.
fn single_files(documents: &[Document]) -> Vec<(String, String)> {
    let namespaces: Vec<Option<&str>> = documents.iter().map(|document| document.namespace()).collect();
    let mut known: Vec<&str> = namespaces.iter().flatten().copied().collect();
    known.sort_unstable();
    known.dedup();
    let name_of = |document: &Document, namespace: Option<&str>| {
        let text = |pointer: &str| {
            document.value.pointer(pointer).and_then(|value| value.as_str()).unwrap_or_default()
        };
        let parts = text("/apiVersion").split('/').chain([text("/kind"), text("/metadata/name")]);
        let parts: Vec<&str> = namespace.filter(|_| known.len() > 1).into_iter().chain(parts).collect();
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("_").to_lowercase().replace('/', "_") + ".yaml"
    };
    let pairs = documents.iter().zip(&namespaces);
    pairs
        .map(|(document, namespace)| (name_of(document, *namespace), goyaml::to_string(&document.value)))
        .collect()
}

/// What the kustomization renders to with no other options.
pub(super) fn plain(
    place: &Place,
    kube_version: Option<&str>,
    enable_helm: bool,
    network: &Network,
) -> Result<String> {
    let kube_version = kube_version.unwrap_or_default().to_owned();
    let options = Options { kube_version, enable_helm, ..Options::default() };
    Ok(kustomize::to_output(&documents(place, &options, network)?))
}

/// Whether the directory holds a kustomization.
pub(super) fn is_there(place: &Place) -> Result<bool> {
    for name in FILE_NAMES {
        if place.has_file(name)? {
            return Ok(true);
        }
    }
    Ok(false)
}
