//! Charts and kustomizations rendered by the engines and held against the real tools' output.
//!
//! ```text
//!  corpus (case.yaml, expected.yaml) ──▶ render ──▶ judge ──▶ report
//!  any folder ──▶ beside (real helm, kustomize) ──▲
//! ```
//!
//! How a case is judged is in `judge`, and `documents` reads outputs; what a case is, and how it is rendered, in this process
//! or through the `argosy` program, is in [`tests::corpus`].
//!
//! Deliberately absent: making new cases, and any tolerance that a case does not list.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line program")]

mod beside;
mod documents;
mod judge;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use ::tests::corpus::{self, Case, Way};
use anyhow::{Result, bail};
use clap::Parser;

use judge::Level;
use report::{Outcome, Report};

const EXAMPLES: &str = "\
Examples:
  cargo xtask conformance                        the corpus beside the checkout
  cargo xtask conformance --only 'bitnami-*'     some of it
  cargo xtask conformance --command-line         through the argosy program instead of in this process
  cargo xtask conformance ~/charts               any charts and kustomizations, beside the real helm and kustomize";

/// Renders charts and overlays beside the real tools' output.
#[derive(Debug, Parser)]
#[command(after_help = EXAMPLES)]
struct Arguments {
    /// A folder of cases, or of any charts and kustomizations; the corpus by default.
    folder: Option<PathBuf>,
    /// Only cases whose names match; * is any text.
    #[arg(long, value_name = "PATTERN")]
    only: Option<String>,
    /// What a case has to reach: json, order, bodies or bytes.
    #[arg(long, default_value = "json")]
    level: Level,
    /// Run the argosy program that ARGOSY_BINARY names.
    #[arg(long)]
    command_line: bool,
    /// Tell only of what differs.
    #[arg(long, short)]
    quiet: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("Error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything that was compared reaches the level.
fn run(arguments: &Arguments) -> Result<bool> {
    let way = match (arguments.command_line, std::env::var_os("ARGOSY_BINARY")) {
        (false, _) => Way::InProcess,
        (true, Some(program)) => Way::Program(std::path::absolute(program)?),
        (true, None) => {
            bail!("ARGOSY_BINARY does not name the argosy program; `cargo xtask conformance` does")
        }
    };
    let (mut cases, is_beside) = match &arguments.folder {
        Some(folder) if !folder.is_dir() => bail!("{}: no such folder", folder.display()),
        Some(folder) => cases_in(folder)?,
        None => match tests::corpus_folder() {
            Some(corpus) => cases_in(&corpus)?,
            None => {
                println!(
                    "skipped: there is no corpus beside the checkout; set ARGOSY_CORPUS or name a folder"
                );
                return Ok(true);
            }
        },
    };
    if let Some(pattern) = &arguments.only {
        cases.retain(|case| documents::matches(pattern, &case.name));
    }
    if cases.is_empty() {
        println!("skipped: nothing to compare");
        return Ok(true);
    }
    let mut report = Report::new(arguments.level, arguments.quiet);
    for case in &cases {
        let start = Instant::now();
        let rendered = corpus::render(case, &way);
        let time = start.elapsed();
        let mut outcome = Outcome::of(case, &rendered);
        if is_beside && !outcome.is_full() {
            outcome = Outcome::of(&beside::later(case)?, &rendered);
        }
        report.add(case, &outcome, time);
    }
    report.print();
    Ok(report.passed())
}

/// The cases of a folder: those written down in it, or else (`true`) whatever the real tools can render there.
fn cases_in(folder: &Path) -> Result<(Vec<Case>, bool)> {
    let cases = corpus::cases(folder)?;
    if cases.is_empty() { Ok((beside::cases(folder)?, true)) } else { Ok((cases, false)) }
}
