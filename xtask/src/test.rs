//! Every test, in the order in which failures are cheapest to find.

use std::path::{Path, PathBuf};
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
/// The packages with tests that are told to a real API server as well; those have `real` in their names.
const BESIDE: &[&str] = &["argosy-sandbox", "argosy-cluster"];

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
    let programs = control_plane::binaries()?;
    step("tests beside the real API server");
    beside_the_api_server(programs)?;
    step("stories");
    stories()?;
    step("done");
    Ok(())
}

/// Says what is not there of that without which tests of single crates skip themselves: what they say of it is shown only
/// when they fail.
fn tell_absent() {
    let corpus = std::env::var_os("ARGOSY_CORPUS")
        .map_or_else(|| shell::root().join("../shared/corpus"), PathBuf::from);
    if !corpus.is_dir() {
        println!(
            "skipped: no corpus beside the checkout, and ARGOSY_CORPUS is not set: its templates, charts, \
             kustomizations, differences and example applications are not compared with what other tools made of them"
        );
    }
    for program in ["gpg", "ssh-keygen", "/usr/sbin/sshd", "kubectl", "jsonnet"] {
        if !shell::is_installed(program) {
            println!("skipped: tests that need {program}, which is not installed");
        }
    }
}

fn unit() -> Result<()> {
    tell_absent();
    shell::run(shell::cargo().args(["test", "--locked", "--workspace", "--exclude", STORIES]))
}

/// Runs the tests that are told to the real API server as well. The controllers are there, whose accounts the recorded
/// answers show, but nothing that schedules and starts Pods: they stay as they were recorded.
fn beside_the_api_server(programs: control_plane::Binaries) -> Result<()> {
    let few = control_plane::Binaries { scheduler: None, kwok: None, ..programs };
    let server = control_plane::ControlPlane::start(&few)?;
    for package in BESIDE {
        for test in test_programs(package)? {
            shell::run(
                shell::command(test.program, &test.folder)
                    .arg("real")
                    .env("ARGOSY_REAL_API", server.kubeconfig())
                    .env("ARGOSY_TEST_KUBECONFIG", server.kubeconfig()),
            )?;
        }
    }
    Ok(())
}

fn stories() -> Result<()> {
    for test in test_programs(STORIES)? {
        let argosy = demo::target_folder().join("debug/argosy");
        shell::run(shell::command(test.program, &test.folder).env("ARGOSY_BINARY", argosy))?;
    }
    Ok(())
}

/// A test program, and the folder of its package.
struct TestProgram {
    program: PathBuf,
    folder: PathBuf,
}

/// The test programs of one package out of the build of all.
fn test_programs(package: &str) -> Result<Vec<TestProgram>> {
    let built = shell::output(shell::cargo().args([
        "test",
        "--locked",
        "--workspace",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]))?;
    let programs: Vec<TestProgram> = built.lines().filter_map(|line| test_program(line, package)).collect();
    if programs.is_empty() {
        bail!("cargo has built no test program of {package}");
    }
    Ok(programs)
}

/// The test program that one message of cargo tells of, when it belongs to the package.
fn test_program(message: &str, package: &str) -> Option<TestProgram> {
    let message: Value = serde_json::from_str(message).ok()?;
    let is_of_package = message["package_id"].as_str()?.contains(package);
    let is_test = message["profile"]["test"].as_bool()?;
    let program = message["executable"].as_str()?;
    let folder = Path::new(message["manifest_path"].as_str()?).parent()?;
    (is_test && is_of_package).then(|| TestProgram { program: program.into(), folder: folder.into() })
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
