//! Every test, in the order in which failures are cheapest to find.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::{control_plane, demo, fuzz, lint, shell, ui};

/// How much to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Only what needs nothing but Rust and git.
    Unit,
    /// Everything.
    All,
}

/// Programs that the stories use, and the Debian packages that bring them.
const PROGRAMS: &[(&str, &str)] = &[
    ("git", "git"),
    ("curl", "curl"),
    ("chromium", "chromium"),
    ("/usr/sbin/sshd", "openssh-server"),
    ("kubectl", "kubernetes-client"),
];

/// The package that holds them.
const STORIES: &str = "argosy-tests";

/// Runs the tests.
///
/// # Errors
/// When one fails, or when what they need cannot be built.
pub fn run(scope: Scope) -> Result<()> {
    let root = shell::root();
    let start = Instant::now();
    let step = |name: &str| println!("\n== {name} ({:.0} s)", start.elapsed().as_secs_f64());

    if scope == Scope::Unit {
        step("unit tests");
        return unit();
    }
    step("programs that the stories use");
    if !shell::ensure_packages(PROGRAMS) {
        println!("stories that need a missing program say so and are skipped");
    }
    step("the web page");
    ui::build()?;
    step("formatting, lints and rules");
    lint::run()?;
    step("building");
    // All that follows takes what this builds. A build of one package would choose other features, and build it again.
    shell::run(shell::cargo().args(["build", "--locked", "--workspace", "--all-targets"]))?;
    step("unit tests");
    unit()?;
    step("fuzzing, briefly");
    fuzz::briefly()?;
    step("the web page's tests");
    shell::run(shell::command("npm", &root.join("ui")).args(["run", "--silent", "test"]))?;
    step("the real control plane");
    control_plane::binaries()?;
    step("stories");
    stories()?;
    step("done");
    Ok(())
}

fn unit() -> Result<()> {
    shell::run(shell::cargo().args(["test", "--locked", "--workspace", "--exclude", STORIES]))
}

/// Runs the test programs of one package out of the build of all.
fn stories() -> Result<()> {
    let root = shell::root();
    let built = shell::output(shell::cargo().args([
        "test",
        "--locked",
        "--workspace",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]))?;
    let programs: Vec<PathBuf> = built.lines().filter_map(story_program).collect();
    if programs.is_empty() {
        bail!("cargo has built no test program of {STORIES}");
    }
    for program in programs {
        let argosy = demo::target_folder().join("debug/argosy");
        shell::run(shell::command(program, &root.join("tests")).env("ARGOSY_BINARY", argosy))?;
    }
    Ok(())
}

/// The test program that one message of cargo tells of, when it belongs to the stories.
fn story_program(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    let package = message["package_id"].as_str()?;
    let is_test = message["profile"]["test"].as_bool()?;
    let program = message["executable"].as_str()?;
    (is_test && package.contains(STORIES)).then(|| program.into())
}

/// Runs the benchmarks, optimized.
///
/// # Errors
/// When they cannot be built or a measurement fails.
pub fn bench(arguments: &[&str]) -> Result<()> {
    beside_the_binary("bench", arguments)
}

/// Renders charts and overlays beside the real tools' output.
///
/// # Errors
/// When a case differs.
pub fn conformance(arguments: &[&str]) -> Result<()> {
    beside_the_binary("conformance", arguments)
}

/// Runs a program of the `tests` package beside an optimized `argosy`.
fn beside_the_binary(program: &str, arguments: &[&str]) -> Result<()> {
    shell::run(shell::cargo().args(["build", "--locked", "--release", "--package", "argosy"]))?;
    shell::run(
        shell::cargo()
            .env("ARGOSY_BINARY", demo::target_folder().join("release/argosy"))
            .args(["run", "--locked", "--release", "--package", "argosy-tests", "--bin", program, "--"])
            .args(arguments),
    )
}
