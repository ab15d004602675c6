//! `argosy render kustomize`: what `kustomize build` prints.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use kustomize::Options;

use super::folder::{Place, RootOption};

/// The names a kustomization may have.
const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

const EXAMPLES: &str = "\
Examples:
  argosy render kustomize overlays/production
  argosy render kustomize overlays/production --load-restrictor LoadRestrictionsNone";

/// The flags of `kustomize build`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct KustomizeOptions {
    /// The directory of a kustomization.
    #[arg(default_value = ".")]
    directory: PathBuf,
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
    #[command(flatten)]
    root: RootOption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LoadRestrictor {
    #[value(name = "LoadRestrictionsRootOnly", help = "only files below it; other directories as bases")]
    RootOnly,
    #[value(name = "LoadRestrictionsNone", help = "all files")]
    None,
}

/// What `kustomize build` prints.
pub(super) fn build(options: &KustomizeOptions) -> Result<String> {
    let place = Place::open(&options.directory, &options.root)?;
    let build = Options {
        enable_helm: options.enable_helm,
        unrestricted: options.load_restrictor == LoadRestrictor::None,
        kube_version: options.kube_version.clone(),
        api_versions: options.api_versions.clone(),
        ..Options::default()
    };
    output(&place, &build).with_context(|| options.directory.display().to_string())
}

/// What the kustomization renders to with no options.
pub(super) fn plain(place: &Place, kube_version: Option<&str>) -> Result<String> {
    let kube_version = kube_version.unwrap_or_default().to_owned();
    output(place, &Options { kube_version, ..Options::default() })
}

fn output(place: &Place, options: &Options) -> Result<String> {
    Ok(kustomize::to_output(&kustomize::build(&place.tree, &place.path, options)?))
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
