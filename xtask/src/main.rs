//! Parses the command line of `cargo xtask`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line tool")]

use anyhow::{Result, bail};
use xtask::{control_plane, demo, fuzz, lint, test, tidy, ui};

const HELP: &str = "\
cargo xtask COMMAND

  demo [ARGS]        build the page and the binary, then run `argosy demo ARGS`
  test [--unit]      every test: units, engines, stories on the sandbox and on the real control plane, the page
  lint               rustfmt, clippy, tidy and cargo-deny
  tidy               the rules of this repository: crate order, file sizes, the paths in ARCHITECTURE.md
  ui                 build the web page into ui/dist
  fuzz [TARGET] [--seconds N] [INPUT...]
                     search for inputs that break a parser, for a minute each; with INPUTs, run just those
  bench [NAME]       measure, and print ratios beside a floor
  conformance [DIR]  render charts and overlays beside the real tools' output
  cluster up|down    the real control plane, for work by hand

Examples:
  cargo xtask demo --port 9000
  cargo xtask test --unit
  cargo xtask cluster up     # prints the kubeconfig; Ctrl-C or `cluster down` ends it
";

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["demo", rest @ ..] => demo::run(rest),
        ["test"] => test::run(test::Scope::All),
        ["test", "--unit"] => test::run(test::Scope::Unit),
        ["lint"] => lint::run(),
        ["tidy"] => tidy::run(),
        ["ui"] => ui::build(),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["bench", rest @ ..] => test::bench(rest),
        ["conformance", rest @ ..] => test::conformance(rest),
        ["cluster", "up"] => control_plane::up(),
        ["cluster", "down"] => control_plane::down(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        _ => bail!("no such command: cargo xtask {}\n\n{HELP}", words.join(" ")),
    }
}
