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
//! Three verbs go further: `-f application.yaml` renders as the control plane would (`application`), `diff` shows what
//! a change in a repository makes of its Applications (`difference`, `repository`), and `argosy lint` says what is wrong
//! with charts and kustomizations (`lint`). What lies elsewhere - these, charts named by a URL (`remote`), what a
//! kustomization refers to - is fetched through `network`, which is begun only when it is needed.
//!
//! Deliberately absent: everything that would run a program, and whatever a cluster would have to be asked.

pub(crate) mod application;
mod difference;
mod directory;
mod files;
pub(crate) mod folder;
mod helm;
mod helm_flags;
mod jsonnet;
mod kustomize;
mod lint;
mod network;
mod remote;
mod repository;

use std::io::{ErrorKind, Write as _};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::{Args, Subcommand};

use cli::Later;
use folder::Place;
pub(crate) use lint::LintOptions;
use network::Network;

const EXAMPLES: &str = "\
Examples:
  argosy render charts/shop                       a chart, a kustomization or plain manifests: told by what is there
  argosy render web-1.2.0.tgz --name web          a packed chart
  argosy render helm charts/shop --name shop -f production.yaml --set image.tag=v2 --include-crds
  argosy render kustomize overlays/production --load-restrictor LoadRestrictionsNone
  argosy render jsonnet main.jsonnet --ext-str region=eu --tla-code replicas=3
  argosy render -f application.yaml               as Argo CD would, from its repositories
  argosy render -f application.yaml --revision v1.2 --explain
  argosy render diff --from main --to HEAD        what a change makes of a repository's Applications
  argosy render charts/shop | kubectl diff -f -   what it would change";

/// What `argosy render` is told.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, after_help = EXAMPLES)]
pub(crate) struct RenderOptions {
    /// A directory, a packed chart (.tgz), or a manifest or Jsonnet file.
    #[arg(value_name = "PATH", required_unless_present = "file")]
    path: Option<PathBuf>,
    /// A file of Applications, which are rendered from their repositories.
    #[arg(long, short, value_name = "APPLICATION", conflicts_with = "path")]
    file: Option<PathBuf>,
    /// With -f: the revision in place of the Application's own; several for several sources, in their order.
    #[arg(long, value_name = "REV", requires = "file")]
    revision: Vec<String>,
    /// With -f: print what was read and why, instead of the manifests.
    #[arg(long, requires = "file")]
    explain: bool,
    /// Write files into this directory instead of printing, each under the name of the file that its objects come from.
    #[arg(long, value_name = "DIR")]
    output_dir: Option<PathBuf>,
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

#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
#[derive(Debug, Subcommand)]
enum Tool {
    /// Print what `helm template` prints.
    Helm(Later<helm::HelmOptions>),
    /// Print what `kustomize build` prints.
    Kustomize(Later<kustomize::KustomizeOptions>),
    /// Evaluate a Jsonnet program and print its objects.
    Jsonnet(Later<jsonnet::JsonnetOptions>),
    /// Show what a change in a repository makes of its Applications' manifests.
    Diff(Later<difference::DiffOptions>),
}

impl RenderOptions {
    /// Whether the control plane's own renderer does it, which needs a runtime. All else begins one only when there is
    /// something to fetch.
    pub(crate) fn needs_runtime(&self) -> bool {
        self.file.is_some() || matches!(self.tool, Some(Tool::Diff(_)))
    }
}

/// Renders what a user names, and prints.
///
/// # Errors
/// When something cannot be read, fetched or rendered; the error says which file, and where in it.
pub(crate) fn render_here(options: &RenderOptions) -> Result<()> {
    print(&with_room(|| text(options, &Network::default()))?)
}

/// Renders Applications out of their repositories, and prints.
///
/// # Errors
/// As for [`render_here`]. An error of `diff` ends with the code 2.
pub(crate) async fn render(options: &RenderOptions) -> Result<ExitCode> {
    if let Some(Tool::Diff(options)) = &options.tool {
        let (text, code) = match difference::run(options).await {
            Ok(found) => found,
            Err(error) => {
                eprintln!("Error: {error:#}");
                return Ok(ExitCode::from(2));
            }
        };
        print(&text)?;
        return Ok(code);
    }
    if let Some(file) = &options.file {
        let text = application::render(file, options).await?;
        print(&to_directory(text, options)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    render_here(options)?;
    Ok(ExitCode::SUCCESS)
}

/// Looks at charts and kustomizations, and prints what is wrong with them.
///
/// # Errors
/// When a directory cannot be looked into.
pub(crate) fn lint(options: &LintOptions) -> Result<ExitCode> {
    let (text, code) = with_room(|| lint::run(options))?;
    print(&text)?;
    Ok(code)
}

/// Does the work on a stack that is large enough: templates and programs may nest as deeply as their budgets allow. The
/// stack, but no thread, because to start one takes as long as to render a small manifest.
fn with_room<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let work = || stacker::grow(::jsonnet::STACK_BYTES, work).map_err(with_hint);
    std::panic::catch_unwind(AssertUnwindSafe(work))
        .map_err(|_| anyhow!("the renderer stopped with a fault of its own; please report it"))?
}

fn print(text: &str) -> Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // Whoever reads it has seen enough, as `head` does.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.context("cannot write to standard output"),
    }
}

fn text(options: &RenderOptions, network: &Network) -> Result<String> {
    match (&options.tool, &options.path) {
        (Some(Tool::Helm(options)), _) => helm::template(options, network),
        (Some(Tool::Kustomize(options)), _) => kustomize::build(options, network),
        (Some(Tool::Jsonnet(options)), _) => jsonnet::evaluate(options),
        (Some(Tool::Diff(_)), _) => Err(anyhow!("diff compares revisions and renders nothing by itself")),
        (None, Some(path)) => to_directory(detected(path, options, network)?, options),
        (None, None) => Err(anyhow!("PATH is missing")),
    }
}

/// The output itself, or, with `--output-dir`, the names of the files that it was written to: the documents go to where
/// their headers say they come from, those without a header to `manifests.yaml`.
fn to_directory(text: String, options: &RenderOptions) -> Result<String> {
    let Some(directory) = &options.output_dir else { return Ok(text) };
    let mut parts: Vec<(String, String)> = Vec::new();
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let is_separator = line.trim_end() == "---";
        let source = lines.peek().filter(|_| is_separator).and_then(|next| next.strip_prefix("# Source: "));
        match (source, parts.last_mut()) {
            (Some(source), _) => parts.push((source.trim_end().to_owned(), line.to_owned())),
            (None, Some((_, part))) => part.push_str(line),
            (None, None) => parts.push(("manifests.yaml".to_owned(), line.to_owned())),
        }
    }
    files::write(directory, &parts)
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
fn detected(path: &Path, options: &RenderOptions, network: &Network) -> Result<String> {
    let shown = path.display().to_string();
    if helm::is_archive(path) {
        return helm::plain(&helm::archive(path)?, &shown, options, network);
    }
    let place = Place::open(path, &options.root)?;
    if !place.is_directory() {
        return directory::file(&place).with_context(|| shown);
    }
    if kustomize::is_there(&place)? {
        return kustomize::plain(&place, options.kube_version.as_deref(), false, network)
            .with_context(|| shown);
    }
    if place.has_file("Chart.yaml")? {
        let chart = helm::load(&place).with_context(|| shown.clone())?;
        return helm::plain(&chart, &shown, options, network);
    }
    directory::render(&place, options.recurse).with_context(|| shown)
}

/// An object as YAML, under the name of the file that it comes from.
fn manifest(file: &str, value: &serde_json::Value) -> String {
    format!("---\n# Source: {file}\n{}", goyaml::to_string(value))
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
