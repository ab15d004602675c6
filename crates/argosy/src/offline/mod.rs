//! `argosy render`: prints what a directory renders to, without any server.
//!
//! ```text
//!  PATH ─▶ folder::Place (read-only tree) ─┬▶ kustomize ─┐
//!          kind by what lies there         ├▶ helm       ├─▶ text on standard output
//!                                          ├▶ jsonnet    │
//!                                          └▶ directory ─┘
//! ```
//!
//! The engines are those of the control plane. The verbs named after a tool take that tool's flags and print its bytes,
//! so that they can stand in for it in a script.
//!
//! Deliberately absent: an Application's options and its several sources, which are the API server's to know
//! (`argosy app manifests`); fetching anything; output into files.

mod directory;
mod folder;
mod helm;
mod jsonnet;
mod kustomize;

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Subcommand};

use folder::Place;

const EXAMPLES: &str = "\
Examples:
  argosy render charts/shop                       a chart, a kustomization or plain manifests: told by what is there
  argosy render web-1.2.0.tgz --name web          a packed chart
  argosy render helm charts/shop --name shop -f production.yaml --set image.tag=v2 --include-crds
  argosy render kustomize overlays/production --load-restrictor LoadRestrictionsNone
  argosy render jsonnet main.jsonnet --ext-str region=eu --tla-code replicas=3
  argosy render charts/shop | kubectl diff -f -   what it would change";

/// What `argosy render` is told.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub(crate) struct RenderOptions {
    /// A directory, a packed chart (.tgz), or a manifest or Jsonnet file.
    #[arg(value_name = "PATH", required = true)]
    path: Option<PathBuf>,
    /// The release's name for charts; the chart's own by default.
    #[arg(long)]
    name: Option<String>,
    /// The release's namespace for charts.
    #[arg(long, short, default_value = "default")]
    namespace: String,
    /// The version of the cluster that charts see.
    #[arg(long, value_name = "VERSION")]
    kube_version: Option<String>,
    /// Enter directories below, for plain manifests.
    #[arg(long)]
    recurse: bool,
    #[command(flatten)]
    root: folder::RootOption,
    #[command(subcommand)]
    tool: Option<Tool>,
}

#[derive(Debug, Subcommand)]
enum Tool {
    /// Print what `helm template` prints.
    Helm(helm::HelmOptions),
    /// Print what `kustomize build` prints.
    Kustomize(kustomize::KustomizeOptions),
    /// Evaluate a Jsonnet program and print its objects.
    Jsonnet(jsonnet::JsonnetOptions),
}

/// Renders and prints.
///
/// # Errors
/// When something cannot be read or rendered; the error says which file, and where in it.
pub(crate) async fn render(options: &RenderOptions) -> Result<()> {
    // Templates and programs may nest as deeply as their budgets allow, which the usual stacks do not.
    let text = std::thread::scope(|scope| -> Result<String> {
        let thread = std::thread::Builder::new()
            .name("render".to_owned())
            .stack_size(::jsonnet::STACK_BYTES)
            .spawn_scoped(scope, || text(options).map_err(with_hint))
            .context("cannot start a thread")?;
        thread
            .join()
            .map_err(|_| anyhow!("the renderer stopped with a fault of its own; please report it"))?
    })?;
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads it has seen enough, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("cannot write to standard output"),
    }
}

fn text(options: &RenderOptions) -> Result<String> {
    match (&options.tool, &options.path) {
        (Some(Tool::Helm(options)), _) => helm::template(options),
        (Some(Tool::Kustomize(options)), _) => kustomize::build(options),
        (Some(Tool::Jsonnet(options)), _) => jsonnet::evaluate(options),
        (None, Some(path)) => detected(path, options),
        (None, None) => Err(anyhow!("PATH is missing")),
    }
}

/// The error, and what to do about it where a user cannot know.
fn with_hint(error: anyhow::Error) -> anyhow::Error {
    if !format!("{error:#}").contains("leads out of the repository") {
        return error;
    }
    let around = "outside of a Git work tree only the working directory is read";
    anyhow!("{error:#} ({around}; name a directory that holds everything with --root)")
}

/// Renders what is at the path with the tool that it is made for, as the control plane chooses it.
fn detected(path: &std::path::Path, options: &RenderOptions) -> Result<String> {
    let shown = path.display().to_string();
    if helm::is_archive(path) {
        return helm::plain(&helm::archive(path)?, &shown, options);
    }
    let place = Place::open(path, &options.root)?;
    if !place.is_directory() {
        return directory::file(&place).with_context(|| shown);
    }
    if kustomize::is_there(&place)? {
        return kustomize::plain(&place, options.kube_version.as_deref()).with_context(|| shown);
    }
    if place.has_file("Chart.yaml")? {
        let chart = helm::load(&place).with_context(|| shown.clone())?;
        return helm::plain(&chart, &shown, options);
    }
    directory::render(&place, options.recurse).with_context(|| shown)
}

/// Splits `name=value`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("{text:?} is not of the form NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests;
