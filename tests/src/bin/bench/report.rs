//! What is printed, and the figures of Argo CD that it is put beside.

use tests::Kind;

use crate::floor::Floor;
use crate::load::{Flavor, Load, OBJECTS};
use crate::requests::Requests;
use crate::setting::CONCURRENCY;
use crate::usage::Usage;

/// Figures of Argo CD 3.6, measured elsewhere on other hardware: flavor, applications, seconds, CPU seconds, MB.
const ARGO_CD_SYNC: &[(Flavor, usize, f64, f64, f64)] =
    &[(Flavor::Helm, 1000, 736.0, 697.0, 940.0), (Flavor::Plain, 100, 42.0, 56.0, 640.0)];
/// Seconds from a commit to the changed object with Argo CD 3.6, measured elsewhere: plain, and the range of the rest.
const ARGO_CD_COMMIT: (f64, f64, f64) = (3.9, 41.0, 127.0);
/// Lines of argosy's log that are told after a failure.
const TAIL: usize = 20;

/// One line of the table.
pub(crate) struct Row {
    pub(crate) synced: f64,
    pub(crate) healthy: Option<f64>,
    pub(crate) cpu: f64,
    pub(crate) peak: Option<f64>,
}

/// What the rounds of commits took.
#[derive(Debug, Default)]
pub(crate) struct Commits {
    /// Seconds, by round.
    pub(crate) took: Vec<f64>,
    /// Renders, by round.
    pub(crate) renders: Vec<u64>,
    /// CPU seconds of all rounds.
    pub(crate) cpu: f64,
}

fn world(kind: Kind) -> &'static str {
    match kind {
        Kind::Sandbox => "the sandbox",
        Kind::Real => "the real control plane",
    }
}

pub(crate) fn sync_head(load: &Load, kind: Kind) {
    println!("\nsync: {} {} applications of 5 objects on {}", load.count, load.flavor.name(), world(kind));
    println!("      ({OBJECTS})");
}

pub(crate) fn commit_head(load: &Load, kind: Kind, rounds: usize) {
    let flavor = load.flavor.name();
    println!("\ncommit: {rounds} commits with {} {flavor} applications on {}", load.count, world(kind));
}

fn row(name: &str, row: &Row, unit: &str) {
    let cell = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}{unit}"));
    println!(
        "  {name:<28} {:>10} {:>10} {:>10} {:>10}",
        cell(Some(row.synced)),
        cell(row.healthy),
        cell(Some(row.cpu)),
        cell(row.peak)
    );
}

pub(crate) fn sync(load: &Load, kind: Kind, argosy: &Row, floor: &Floor, listings: usize) {
    println!("  {:<28} {:>10} {:>10} {:>10} {:>10}", "", "Synced, s", "Healthy, s", "CPU, s", "peak, MB");
    row("argosy", argosy, "");
    let floor = Row { synced: floor.took.as_secs_f64(), healthy: None, cpu: floor.cpu, peak: None };
    row("floor (bare client)", &floor, "");
    let ratio = |over: &Row, under: &Row| Row {
        synced: over.synced / under.synced,
        healthy: None,
        cpu: over.cpu / under.cpu,
        peak: over.peak.zip(under.peak).map(|(over, under)| over / under),
    };
    row("argosy / floor", &ratio(argosy, &floor), "x");
    let elsewhere = ARGO_CD_SYNC.iter().find(|figures| figures.0 == load.flavor && figures.1 == load.count);
    if let Some((_, _, synced, cpu, peak)) = elsewhere {
        let elsewhere = Row { synced: *synced, healthy: None, cpu: *cpu, peak: Some(*peak) };
        row("Argo CD 3.6 (elsewhere)", &elsewhere, "");
        row("Argo CD 3.6 / argosy", &ratio(&elsewhere, argosy), "x");
    }
    println!("  the repository's branches were listed {listings} times; requests at once: {CONCURRENCY}");
    if kind == Kind::Sandbox {
        println!("  the sandbox runs in the floor's process, so the floor's CPU time includes it");
    }
}

/// What is told beside the table.
pub(crate) struct Details<'a> {
    /// Before the first Application.
    pub(crate) idle: Usage,
    /// When nothing more was done.
    pub(crate) settled: Usage,
    /// What the API server was asked up to then.
    pub(crate) rest: Requests,
    pub(crate) floor: &'a Floor,
}

pub(crate) fn details(load: &Load, details: &Details<'_>) {
    let Details { idle, settled, rest, floor } = details;
    let memory = |usage: &Usage| format!("{:.0} ({:.0})", usage.resident.0, usage.resident.1);
    println!(
        "  memory in MB (without files)  {} before, {} after; CPU with what comes later {:.1} s",
        memory(idle),
        memory(settled),
        settled.cpu - idle.cpu
    );
    if rest.total() == 0 {
        return;
    }
    println!("  requests for one application  argosy {}", rest.each(load.count));
    println!("                                floor  {}", floor.requests.each(load.count));
    println!(
        "  CPU of the API server         {:.1} s with argosy, {:.1} s with the floor",
        rest.cpu, floor.requests.cpu
    );
}

pub(crate) fn commits(load: &Load, commits: &Commits) {
    let mut took = commits.took.clone();
    took.sort_by(f64::total_cmp);
    let rounds = took.len();
    let at = |percent: usize| took.get((rounds * percent).div_ceil(100).saturating_sub(1)).copied();
    let (median, late) = (at(50).unwrap_or_default(), at(95).unwrap_or_default());
    println!("  webhook to changed object     p50 {median:.2} s   p95 {late:.2} s");
    let renders: u64 = commits.renders.iter().sum();
    let most = commits.renders.iter().max().copied().unwrap_or_default();
    println!("  renders for one commit        {renders} in {rounds} rounds, at most {most}");
    #[expect(clippy::cast_precision_loss, reason = "few rounds")]
    let each = commits.cpu / rounds.max(1) as f64;
    println!("  CPU time for one commit       {each:.2} s");
    let (plain, low, high) = ARGO_CD_COMMIT;
    match load.flavor {
        Flavor::Plain => println!(
            "  Argo CD 3.6 (elsewhere)       {plain} s, or {:.1}x argosy's p50",
            plain / median.max(f64::EPSILON)
        ),
        Flavor::Helm => println!("  Argo CD 3.6 (elsewhere)       {low} to {high} s"),
    }
}

/// The end of a log.
pub(crate) fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    format!("argosy's last words:\n{}\n", lines[lines.len().saturating_sub(TAIL)..].join("\n"))
}
