//! The argosy binary: parses arguments, wires the roles, nothing else.
//!
//! [`run`] is the control plane on a real cluster, [`demo`] the same on the sandbox with a repository of its own,
//! [`offline`] renders without any of it; all client verbs are in the `cli` crate, and [`in_process`] is the server that
//! they have for themselves with `--core`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line program")]

mod allocator;
mod demo;
mod in_process;
mod jsonnet_worker;
mod local_files;
mod loop_port;
mod offline;
mod run;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

/// GitOps continuous delivery for Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "argosy", version, after_help = EXAMPLES, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    logging: Logging,
    #[command(flatten)]
    global: cli::GlobalOptions,
}

#[derive(Debug, Args)]
struct Logging {
    /// What to log: error, warn, info, debug, trace, or rules such as `info,argosy_controller=debug`.
    #[arg(long, global = true, env = "ARGOSY_LOG", help_heading = "Logging")]
    log: Option<String>,
}

/// The same for what needs no server: without the flags that say which, and without any other verb. Each verb takes a copy
/// of every flag that all of them have, which together would take longer than a small render.
#[derive(Debug, Parser)]
#[command(name = "argosy", version, propagate_version = true)]
struct OfflineArguments {
    #[command(subcommand)]
    verb: Offline,
    #[command(flatten)]
    logging: Logging,
}

const EXAMPLES: &str = "\
Examples:
  argosy demo                               try everything, without a cluster
  argosy run --kubeconfig FILE --install    run the control plane on a cluster
  argosy login localhost:8080 --insecure    log in to an API server
  argosy app sync guestbook                 make the cluster equal to Git
  argosy render charts/shop                 print what a directory renders to
  argosy lint charts                        say what is wrong with charts";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Try Argosy: a simulated cluster, a Git repository with five applications, and the web page.
    Demo(demo::DemoOptions),
    /// Run the control plane: API server, controller and renderer.
    Run(run::RunOptions),
    #[command(flatten)]
    Offline(Offline),
    /// Print the versions of this program and of the server.
    Version(cli::VersionOptions),
    #[command(flatten)]
    Client(cli::Verb),
}

/// What needs no server, and is over in milliseconds.
#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one in a process")]
enum Offline {
    /// Print what a directory renders to, without any server.
    Render(offline::RenderOptions),
    /// Say what is wrong with charts and kustomizations, or cannot work here.
    Lint(offline::LintOptions),
    /// Evaluate Jsonnet programs for a renderer.
    #[command(hide = true)]
    JsonnetWorker(jsonnet_worker::WorkerOptions),
}

/// What the process is told to do.
fn parse(words: &[OsString]) -> Result<Arguments, clap::Error> {
    let mut named = words.iter().skip(1).map(|word| word.to_str().unwrap_or_default());
    if !named.find(|word| *word != "help").is_some_and(Offline::has_subcommand) {
        return Arguments::try_parse_from(words);
    }
    let OfflineArguments { verb, logging } = OfflineArguments::try_parse_from(words)?;
    Ok(Arguments { verb: Verb::Offline(verb), logging, global: cli::GlobalOptions::default() })
}

fn main() -> ExitCode {
    allocator::prepare();
    let words: Vec<OsString> = std::env::args_os().collect();
    let arguments = match parse(&words) {
        Ok(arguments) => arguments,
        Err(error) => {
            error.print().ok();
            // Wrong use ends with 1, as the argocd command line does; help that was asked for is no mistake.
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    if let Some(rules) = &arguments.logging.log {
        start_log(rules);
    }
    // What needs no runtime needs none of what follows, and is done before that would have been set up.
    let result = match &arguments.verb {
        Verb::Offline(Offline::Render(options)) if !options.needs_runtime() => {
            allocator::prepare_for_one();
            Some(offline::render_here(options).map(|()| ExitCode::SUCCESS))
        }
        Verb::Offline(Offline::Lint(options)) => Some(offline::lint(options)),
        Verb::Offline(Offline::JsonnetWorker(options)) => {
            Some(jsonnet_worker::run(options).map(|()| ExitCode::SUCCESS))
        }
        _ => None,
    };
    if let Some(result) = result {
        return ended(result);
    }
    // Servers tell what they do; a demo and the client verbs keep to their own output.
    if arguments.logging.log.is_none() {
        start_log(if matches!(arguments.verb, Verb::Run(_)) { "info,kube_client=error" } else { "off" });
    }
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("Error: cannot start worker threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(dispatch(arguments));
    // A render or a fetch that is still running on a blocking thread must not hold up the end.
    runtime.shutdown_background();
    code
}

fn start_log(rules: &str) {
    let filter = EnvFilter::new(rules);
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

async fn dispatch(arguments: Arguments) -> ExitCode {
    let result = match arguments.verb {
        Verb::Client(verb) => {
            return Box::pin(cli::run(
                verb,
                &arguments.global,
                &in_process::InProcess,
                &local_files::ThisMachine,
            ))
            .await;
        }
        Verb::Version(options) => {
            return cli::version(&options, &arguments.global, &in_process::InProcess).await;
        }
        Verb::Demo(options) => Box::pin(demo::demo(&options)).await,
        Verb::Run(options) => Box::pin(run::run(&options, arguments.global.insecure)).await,
        Verb::Offline(Offline::Render(options)) => return ended(Box::pin(offline::render(&options)).await),
        Verb::Offline(Offline::Lint(options)) => return ended(offline::lint(&options)),
        Verb::Offline(Offline::JsonnetWorker(options)) => jsonnet_worker::run(&options),
    };
    ended(result.map(|()| ExitCode::SUCCESS))
}

/// The code to end with; an error is told first.
fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory as _};

    #[test]
    fn the_flags_of_all_verbs_fit_together() {
        super::Arguments::command().debug_assert();
        super::OfflineArguments::command().debug_assert();
    }

    #[test]
    fn offline_verbs_are_told_from_others() {
        let verb = |words: &[&str]| {
            let words: Vec<_> = ["argosy"].iter().chain(words).map(std::ffi::OsString::from).collect();
            super::parse(&words).map(|arguments| arguments.verb).map_err(|error| error.to_string())
        };
        assert!(matches!(verb(&["render", "."]), Ok(super::Verb::Offline(super::Offline::Render(_)))));
        assert!(matches!(verb(&["--server=x", "render", "."]), Ok(super::Verb::Offline(_))));
        assert!(matches!(verb(&["app", "list", "--server", "render"]), Ok(super::Verb::Client(_))));
        let help = verb(&["help", "render", "helm"]).unwrap_err();
        assert_eq!(help, verb(&["render", "helm", "--help"]).unwrap_err());
        assert!(help.contains("--kube-version") && !help.contains("--server"), "{help}");
        assert!(verb(&["help", "app", "list"]).unwrap_err().contains("--server"));
    }

    /// The flags of a verb are made when it is asked for; a documentation comment of the type that has them would then
    /// take the place of what the list of verbs says.
    #[test]
    fn help_says_of_a_verb_what_the_list_of_verbs_says() {
        fn help(path: &[String]) -> String {
            let words = path.iter().map(String::as_str).chain(["--help"]);
            super::Arguments::command().try_get_matches_from(words).unwrap_err().to_string()
        }
        fn check(command: &Command, path: &mut Vec<String>) -> usize {
            let list = help(path);
            let mut checked = 0;
            for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
                path.push(verb.get_name().to_owned());
                let said = help(path);
                let said = said.lines().next().unwrap();
                let listed = |line: &&str| line.split_whitespace().next() == Some(verb.get_name());
                let listed = if verb.is_hide_set() { Some(said) } else { list.lines().find(listed) };
                assert!(listed.is_some_and(|line| line.contains(said)), "{path:?}: {said:?}, {listed:?}");
                checked += 1 + check(verb, path);
                path.pop();
            }
            checked
        }
        let mut command = super::Arguments::command();
        command.build();
        assert!(check(&command, &mut vec!["argosy".to_owned()]) > 30);
    }
}
