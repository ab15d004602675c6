//! Fuzzing: builds the program of the crate `fuzz` and runs its targets.
//!
//! It is built by the stable compiler: coverage counters are a pass of LLVM that is turned on by flags, and libFuzzer
//! comes with the crate `libfuzzer-sys`. Only the crates of this workspace are compiled anew, with the counters
//! (`fuzz/instrument.sh`); all others are taken as an ordinary build of the workspace makes them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, Result, bail};

use crate::{demo, shell};

/// Inputs a target gets in the whole test run: a number and a seed, so that the test says the same each time. To search is
/// for runs by hand, which go on for seconds.
const BRIEF: &str = "-runs=500";
/// Seconds a target gets when it is run by hand and nothing else is said.
const LONG: u64 = 60;
/// Input sizes in bytes, and the wall-clock seconds after which an input counts as hanging. What an input may really use
/// is in `fuzz/src/meter.rs`: this is the rope for what never comes back.
const MAX_LENGTH: u32 = 4096;
const HANG: u32 = 60;
/// The stack of a thread of Rust, in KiB: what parsers have when a server's worker calls them.
const STACK: u32 = 2048;

/// One target, as the program tells.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    name: String,
    dictionary: String,
}

/// `[TARGET] [--seconds N] [INPUT...]`: runs one target or all; inputs are run once and nothing is searched for.
///
/// # Errors
/// When the program cannot be built, or an input breaks what must hold; the message says where the input is.
pub fn run(arguments: &[&str]) -> Result<()> {
    let mut words = arguments.iter().copied();
    let (mut wanted, mut seconds, mut inputs) = (None, LONG, Vec::new());
    while let Some(word) = words.next() {
        match word {
            "--seconds" => {
                let number = words.next().context("--seconds wants a number")?;
                seconds = number.parse().with_context(|| format!("--seconds {number}"))?;
            }
            _ if word.starts_with('-') => bail!("cargo xtask fuzz has no option {word}"),
            _ if wanted.is_none() => wanted = Some(word),
            _ => inputs.push(std::path::absolute(word)?),
        }
    }
    let program = build()?;
    let mut targets = targets(&program)?;
    if let Some(wanted) = wanted {
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        targets.retain(|target| target.name == wanted);
        if targets.is_empty() {
            bail!("there is no target {wanted}; there are {}", names.join(", "));
        }
    }
    if let (false, Some(target)) = (inputs.is_empty(), targets.first()) {
        return shell::run(started(&program, target).args(inputs));
    }
    search(&program, &targets, &format!("-max_total_time={seconds}"), true)
}

/// Runs every target on the same inputs each time. Says so and does nothing when there is no C++
/// compiler, which libFuzzer needs.
///
/// # Errors
/// As [`run`].
pub fn briefly() -> Result<()> {
    if !["c++", "g++", "clang++"].iter().any(|name| shell::is_installed(name)) {
        println!("skipped: libFuzzer needs a C++ compiler (apt-get install g++)");
        return Ok(());
    }
    let program = build()?;
    search(&program, &targets(&program)?, BRIEF, false)
}

/// Where grown corpora and breaking inputs are kept.
fn place() -> PathBuf {
    demo::target_folder().join("fuzz")
}

fn build() -> Result<PathBuf> {
    // The server holds the web page; a page that nobody has built may be none.
    std::fs::create_dir_all(shell::root().join("ui/dist")).context("making ui/dist")?;
    let wrapper = shell::root().join("fuzz/instrument.sh");
    // The whole workspace and an example: then other people's crates have the features that an ordinary build gives them.
    let arguments = ["--locked", "--workspace", "--features", "argosy-fuzz/libfuzzer", "--example", "fuzz"];
    shell::run(
        // What incremental compiling would keep is as large again, and the code is optimized as a whole.
        shell::cargo()
            .env("RUSTC_WORKSPACE_WRAPPER", wrapper)
            .env("CARGO_INCREMENTAL", "0")
            .arg("build")
            .args(arguments),
    )?;
    Ok(demo::target_folder().join("debug/examples/fuzz"))
}

/// Asks the program for its targets: without one it lists them, one a line, each with its dictionary.
fn targets(program: &Path) -> Result<Vec<Target>> {
    let list =
        Command::new(program).arg("-runs=1").stderr(Stdio::null()).output().context("running the fuzzer")?;
    let list = String::from_utf8_lossy(&list.stdout);
    let targets: Vec<Target> = list
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(name, dictionary)| Target { name: name.to_owned(), dictionary: dictionary.to_owned() })
        .collect();
    if targets.is_empty() {
        bail!("the fuzzer lists no targets");
    }
    Ok(targets)
}

/// The program with its target chosen and its stack bounded, ready for libFuzzer's arguments.
fn started(program: &Path, target: &Target) -> Command {
    let mut command = shell::command("sh", &shell::root());
    command.env("ARGOSY_FUZZ_TARGET", &target.name).arg("-c");
    command.arg(format!("ulimit -s {STACK}; exec \"$0\" \"$@\"")).arg(program);
    command.arg(format!("-timeout={HANG}"));
    command
}

/// Runs targets side by side, as many as there are processors, and reports each. What is found is written down and fails
/// the run at its end.
fn search(program: &Path, targets: &[Target], limit: &str, keep: bool) -> Result<()> {
    let breaking = place().join("breaking");
    std::fs::create_dir_all(&breaking)?;
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = search_one(program, target, limit, keep, &breaking)
                        && let Ok(mut failures) = failures.lock()
                    {
                        failures.push(format!("{}: {error:#}", target.name));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_default();
    if failures.is_empty() { Ok(()) } else { bail!("fuzzing found:\n{}", failures.join("\n")) }
}

fn search_one(program: &Path, target: &Target, limit: &str, keep: bool, breaking: &Path) -> Result<()> {
    let root = shell::root();
    let mut command = started(program, target);
    command.args([
        limit.to_owned(),
        format!("-max_len={MAX_LENGTH}"),
        format!("-artifact_prefix={}/{}-", breaking.display(), target.name),
        format!("-dict={}", root.join("fuzz/dictionaries").join(&target.dictionary).display()),
        "-seed=1".to_owned(),
        "-print_final_stats=1".to_owned(),
        "-verbosity=1".to_owned(),
    ]);
    // The first folder is where libFuzzer puts what reaches something new: never among the seeds. What a brief run finds
    // is not kept, or the next one would begin elsewhere.
    let grown = place().join(if keep { "corpus" } else { "brief" }).join(&target.name);
    if !keep && grown.exists() {
        std::fs::remove_dir_all(&grown)?;
    }
    std::fs::create_dir_all(&grown)?;
    command.arg(grown);
    let output =
        command.arg(root.join("fuzz/corpus").join(&target.name)).output().context("running the fuzzer")?;
    let log = String::from_utf8_lossy(&output.stderr);
    let number = |name: &str| {
        let found =
            log.lines().find_map(|line| line.strip_prefix("stat::").and_then(|line| line.strip_prefix(name)));
        found.map_or("?", |rest| rest.trim_start_matches(':').trim()).to_owned()
    };
    println!("{:<16} {:>10} executions", target.name, number("number_of_executed_units"));
    if output.status.success() {
        return Ok(());
    }
    let told = log.lines().skip_while(|line| !(line.contains("panicked at") || line.contains("ERROR")));
    let told: Vec<&str> = told.take(12).collect();
    let input =
        log.lines().find_map(|line| line.split_once("Test unit written to ")).map_or("", |(_, path)| path);
    bail!("{}\n  input: {input}\n  again: cargo xtask fuzz {} {input}", told.join("\n"), target.name)
}
