//! Rendering beside the real tools: every case of the corpus by the `helm` or `kustomize` process, by an `argosy render`
//! process, and in this process with what has been parsed before; one after another in one run, so that all three meet
//! the same machine.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tests::corpus::{self, Case, Expected, Loaded, Tool};

use crate::usage::Usage;

/// The stack of a render's thread, as in the control plane.
const STACK_BYTES: usize = 64 << 20;
/// Warm renders of one case: at least so many, for at least so long.
const WARM_ROUNDS: usize = 5;
const WARM_TIME: Duration = Duration::from_millis(100);

/// What was measured of one case.
struct Measured {
    case: String,
    tool: Tool,
    theirs: Duration,
    cold: Duration,
    warm: Duration,
    /// The most memory, in MB.
    their_peak: f64,
    our_peak: f64,
}

/// Measures all cases in a folder, those whose names contain `only`, `rounds` times each.
pub(crate) fn measure(folder: Option<&Path>, only: Option<&str>, rounds: usize) -> Result<()> {
    let Some(folder) = folder.map(Path::to_owned).or_else(tests::corpus_folder) else {
        println!("skipped: there is no corpus beside the checkout; set ARGOSY_CORPUS or name a folder");
        return Ok(());
    };
    let program = std::env::var_os("ARGOSY_BINARY").context("ARGOSY_BINARY names no argosy program")?;
    let program = std::path::absolute(program)?;
    let mut cases = corpus::cases(&folder)?;
    cases.retain(|case| {
        !matches!(case.expected, Expected::Failure(_)) && only.is_none_or(|word| case.name.contains(word))
    });
    for tool in [Tool::Helm, Tool::Kustomize] {
        if cases.iter().any(|case| case.tool == tool) && !is_installed(tool) {
            println!("skipped: {} is not on the PATH, so its cases have nothing beside them", tool.name());
            cases.retain(|case| case.tool != tool);
        }
    }
    let mut all = Vec::new();
    for case in &cases {
        match one(case, &program, rounds.max(1)) {
            Ok(measured) => {
                print_case(&measured);
                all.push(measured);
            }
            Err(error) => println!("{:9} {}: not measured: {error:#}", case.tool.name(), case.name),
        }
    }
    print_sums(&all);
    if let Ok(usage) = Usage::of(std::process::id()) {
        println!(
            "\nThis process, with every chart and kustomization in memory at once: {:.0} MB at most.",
            usage.peak
        );
    }
    Ok(())
}

fn is_installed(tool: Tool) -> bool {
    Command::new(tool.name()).arg("version").output().is_ok_and(|output| output.status.success())
}

fn one(case: &Case, program: &Path, rounds: usize) -> Result<Measured> {
    let warm = std::thread::scope(|scope| {
        let thread =
            std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || warm(case))?;
        thread.join().map_err(|_| anyhow::anyhow!("the engine panicked"))?
    })?;
    let (mut theirs, mut cold) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        theirs.push(time(&mut corpus::theirs(case))?);
        cold.push(time(&mut corpus::ours(case, program))?);
    }
    Ok(Measured {
        case: case.name.clone(),
        tool: case.tool,
        theirs: median(&mut theirs),
        cold: median(&mut cold),
        warm,
        their_peak: peak(&mut corpus::theirs(case))?,
        our_peak: peak(&mut corpus::ours(case, program))?,
    })
}

/// The median of renders in this process, the first left out: it parses the templates.
fn warm(case: &Case) -> Result<Duration> {
    let loaded = Loaded::new(case).map_err(anyhow::Error::msg)?;
    loaded.render().map_err(anyhow::Error::msg)?;
    let start = Instant::now();
    let mut times = Vec::new();
    while times.len() < WARM_ROUNDS || start.elapsed() < WARM_TIME {
        let start = Instant::now();
        let output = loaded.render().map_err(anyhow::Error::msg)?;
        times.push(start.elapsed());
        drop(output);
    }
    Ok(median(&mut times))
}

/// The wall time of a process, its output thrown away.
fn time(command: &mut Command) -> Result<Duration> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    let time = start.elapsed();
    if !status.success() {
        bail!("{:?} failed", command.get_program());
    }
    Ok(time)
}

/// The most memory that a process has: the last word of its `VmHWM` before it ends, in a run of its own, because to look
/// takes time.
fn peak(command: &mut Command) -> Result<f64> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let mut peak = 0.0_f64;
    loop {
        if let Ok(usage) = Usage::of(child.id()) {
            peak = peak.max(usage.peak);
        }
        if child.try_wait()?.is_some() {
            return Ok(peak);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn ratio(theirs: Duration, ours: Duration) -> f64 {
    theirs.as_secs_f64() / ours.as_secs_f64().max(1e-9)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn print_case(measured: &Measured) {
    println!(
        "{:9} tool {:8.1} ms {:5.0} MB   argosy {:7.1} ms {:5.0} MB ({:5.1}x)   warm {:8.2} ms ({:6.1}x)  {}",
        measured.tool.name(),
        milliseconds(measured.theirs),
        measured.their_peak,
        milliseconds(measured.cold),
        measured.our_peak,
        ratio(measured.theirs, measured.cold),
        milliseconds(measured.warm),
        ratio(measured.theirs, measured.warm),
        measured.case,
    );
}

fn print_sums(all: &[Measured]) {
    println!(
        "\nMedians over the cases: times, how many times faster (goals: 5x as a process, 20x warm), and peak memory.\n"
    );
    println!(
        "| tool | cases | the tool | argosy process | faster | argosy warm | faster | memory: the tool, argosy |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for tool in [Tool::Helm, Tool::Kustomize] {
        let of_tool: Vec<&Measured> = all.iter().filter(|measured| measured.tool == tool).collect();
        if of_tool.is_empty() {
            continue;
        }
        let over =
            |value: fn(&Measured) -> f64| middle(of_tool.iter().map(|measured| value(measured)).collect());
        println!(
            "| {} | {} | {:.1} ms | {:.1} ms | {:.1}x | {:.2} ms | {:.1}x | {:.0} MB, {:.0} MB |",
            tool.name(),
            of_tool.len(),
            over(|measured| milliseconds(measured.theirs)),
            over(|measured| milliseconds(measured.cold)),
            over(|measured| ratio(measured.theirs, measured.cold)),
            over(|measured| milliseconds(measured.warm)),
            over(|measured| ratio(measured.theirs, measured.warm)),
            over(|measured| measured.their_peak),
            over(|measured| measured.our_peak),
        );
    }
}
