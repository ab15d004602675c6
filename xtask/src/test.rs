//! Every test, in the order in which failures are cheapest to find.

use std::time::Instant;

use anyhow::Result;

use crate::{control_plane, demo, lint, shell, ui};

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
    step("unit tests");
    unit()?;
    step("the web page's tests");
    shell::run(shell::command("npm", &root.join("ui")).args(["run", "--silent", "test"]))?;
    step("the real control plane");
    control_plane::binaries()?;
    step("stories");
    shell::run(shell::cargo().args(["build", "--locked", "--package", "argosy"]))?;
    shell::run(shell::cargo().env("ARGOSY_BINARY", demo::target_folder().join("debug/argosy")).args([
        "test",
        "--locked",
        "--package",
        "argosy-tests",
    ]))?;
    step("done");
    Ok(())
}

fn unit() -> Result<()> {
    shell::run(shell::cargo().args(["test", "--locked", "--workspace", "--exclude", "argosy-tests"]))
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
