//! Every client verb of the `argosy` command.
//!
//! ```text
//!  arguments ─▶ Verb ─▶ Session (local config, token) ─▶ Client (REST, streams) ─▶ output (tables, trees, YAML)
//! ```
//!
//! Verbs, flags, output and exit codes are those of the `argocd` command line, and the local configuration file is
//! the same one, so that scripts and contexts carry over. [`Verb`] is what the binary puts into its own command line;
//! [`run`] does the work.
//!
//! With `--core` there is no server but one that the binary starts in this process ([`CoreMode`]); with `--local` it
//! renders files of this machine ([`LocalFiles`]).
//!
//! Deliberately absent: gRPC (the REST API says the same), a renderer, and the verbs of `admin`, which come later.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line client")]

mod app;
mod client;
mod cluster;
mod config;
mod core;
mod error;
mod later;
mod local_files;
mod login;
pub mod output;
mod proj;
mod read;
mod repo;
mod repocreds;
mod session;
mod version;

use std::process::ExitCode;

use clap::Subcommand;

pub use core::{CoreMode, CoreServer};
pub use error::Error;
pub use later::{Below, Later};
pub use local_files::{LocalAsk, LocalFiles, PackedFiles};
pub use session::GlobalOptions;

/// A verb that talks to an API server.
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Log in to an API server and remember it.
    Login(login::LoginOptions),
    /// Forget the token of a context.
    Logout(login::LogoutOptions),
    /// List, show, sync and change applications.
    #[command(visible_alias = "application")]
    App(Later<app::AppOptions>),
    /// List, add and remove repositories.
    Repo(Later<Below<repo::RepoVerb>>),
    /// List, add and remove credentials for all repositories below a URL.
    Repocreds(Later<Below<repocreds::RepoCredsVerb>>),
    /// List, change and remove clusters.
    Cluster(Later<Below<cluster::ClusterVerb>>),
    /// List, create and delete projects.
    #[command(visible_alias = "project")]
    Proj(Later<Below<proj::ProjVerb>>),
}

/// Runs a verb and answers how the process is to end: 0 done, 1 wrong use or a failed operation, 20 refused by the
/// server or timed out.
pub async fn run(
    verb: Verb,
    options: &GlobalOptions,
    core: &dyn CoreMode,
    files: &dyn LocalFiles,
) -> ExitCode {
    let work = async {
        match verb {
            Verb::Login(login) => login::login(&login, options).await,
            Verb::Logout(logout) => login::logout(&logout, options, core).await,
            Verb::App(Later(app)) => {
                let client = session::connect(options, core).await?;
                Box::pin(app::run(app, &client, files)).await
            }
            Verb::Repo(Later(Below { verb })) => {
                repo::run(verb, &session::connect(options, core).await?).await
            }
            Verb::Repocreds(Later(Below { verb })) => {
                repocreds::run(verb, &session::connect(options, core).await?).await
            }
            Verb::Cluster(Later(Below { verb })) => {
                cluster::run(verb, &session::connect(options, core).await?).await
            }
            Verb::Proj(Later(Below { verb })) => {
                proj::run(verb, &session::connect(options, core).await?).await
            }
        }
    };
    // Interrupted by hand, a server of this process still cleans up after itself.
    tokio::select! {
        result = work => finish(result),
        _ = tokio::signal::ctrl_c() => ExitCode::from(INTERRUPTED),
    }
}

/// How a process ends that was interrupted by hand, as shells tell it.
const INTERRUPTED: u8 = 130;

/// Prints the versions of this program and, unless `client_only`, of the server.
pub async fn version(
    options: &version::VersionOptions,
    global: &GlobalOptions,
    core: &dyn CoreMode,
) -> ExitCode {
    finish(version::version(options, global, core).await)
}

pub use version::VersionOptions;

fn finish(result: Result<(), Error>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if let Some(message) = error.message() {
                eprintln!("Error: {message}");
            }
            ExitCode::from(error.exit_code())
        }
    }
}
