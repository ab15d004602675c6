//! Measures `argosy` on a Kubernetes API, beside a bare client that makes the same writes; and its rendering, beside the
//! real `helm` and `kustomize`.
//!
//! ```text
//!  load (what is deployed) ──▶ setting (World, GitHost, Argosy) ──▶ sync, commit ──▶ report
//!                                                     floor (bare client) ──▲      cache ──▶ (alone)
//!  render (charts and kustomizations) beside the real tools, without any of this
//!  watch, requests, usage: what is seen in the cluster, what the API server was asked, what a process has used
//! ```
//!
//! Ratios are what is compared between machines and versions; seconds are only comparable on one machine.
//!
//! Deliberately absent: micro benchmarks, limits that fail a build, and running Argo CD itself; its figures in
//! `report` were measured elsewhere and say so.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line program")]

mod cache;
mod commit;
mod floor;
mod load;
mod render;
mod report;
mod requests;
mod setting;
mod sync;
mod usage;
mod watch;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use load::{Flavor, Load};

const EXAMPLES: &str = "\
Examples:
  cargo xtask bench                                  everything: the cache, 100 and 1,000 applications, plain and Helm, commits
  cargo xtask bench sync --apps 1000 --kind helm     one of them
  cargo xtask bench commit --rounds 50               from a commit to the changed object
  cargo xtask bench cache --objects 100000           the memory that live objects take
  cargo xtask bench render                           charts and kustomizations, beside the real helm and kustomize
  cargo xtask bench sync --apps 20 --sandbox         a quick try without the real control plane";

/// Measures argosy, and prints ratios beside a bare client that makes the same writes.
#[derive(Debug, Parser)]
#[command(after_help = EXAMPLES)]
struct Arguments {
    /// What is measured; everything when left out.
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, Subcommand)]
enum What {
    /// From the first Application applied until all are Synced and Healthy.
    Sync {
        #[command(flatten)]
        size: Size,
    },
    /// From a one-file commit that is announced by a webhook to the changed object.
    Commit {
        #[command(flatten)]
        size: Size,
        /// How many commits are made, one after another.
        #[arg(long, default_value_t = 20)]
        rounds: usize,
    },
    /// The live cache alone: what is kept of the objects of a large cluster.
    Cache {
        /// How many objects there are.
        #[arg(long, default_value_t = 100_000)]
        objects: usize,
    },
    /// Charts and kustomizations beside the real `helm` and `kustomize`, as a process and within one.
    Render {
        /// A folder of cases; the corpus beside the checkout by default.
        folder: Option<std::path::PathBuf>,
        /// Only cases whose names contain this.
        #[arg(long)]
        only: Option<String>,
        /// How often each process is run.
        #[arg(long, default_value_t = 5)]
        rounds: usize,
    },
}

#[derive(Debug, Clone, Args)]
struct Size {
    /// How many applications; each has a folder of its own in one repository.
    #[arg(long, default_value_t = 100)]
    apps: usize,
    /// What the folders hold.
    #[arg(long, default_value = "plain")]
    kind: Flavor,
    /// Use the sandbox, in this process, instead of the real control plane.
    #[arg(long)]
    sandbox: bool,
}

impl Size {
    fn world(&self) -> tests::Kind {
        if self.sandbox { tests::Kind::Sandbox } else { tests::Kind::Real }
    }

    const fn load(&self) -> Load {
        Load::new(self.kind, self.apps)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.what {
        Some(What::Sync { size }) => sync::measure(&size.load(), size.world()).await,
        Some(What::Render { folder, only, rounds }) => {
            render::measure(folder.as_deref(), only.as_deref(), *rounds)
        }
        Some(What::Commit { size, rounds }) => commit::measure(&size.load(), size.world(), *rounds).await,
        Some(What::Cache { objects }) => cache::measure(*objects).await,
        None => {
            cache::measure(100_000).await?;
            for apps in [100, 1000] {
                for flavor in [Flavor::Plain, Flavor::Helm] {
                    sync::measure(&Load::new(flavor, apps), tests::Kind::Real).await?;
                }
            }
            commit::measure(&Load::new(Flavor::Plain, 100), tests::Kind::Real, 20).await
        }
    }
}
