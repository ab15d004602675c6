//! What is told of the cases: a line for each, and a table of their sums.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::judge::{self, Level};
use ::tests::corpus::{Case, Expected, Tool};

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The output equals the expected one as far as this level, and differs beyond as told.
    Equal(Level, String),
    /// The output differs.
    Different(String),
    /// There is no output, but there should be.
    Error(String),
    /// It fails, and should; with the files that the tool's message names and this one does not.
    Refused(Vec<String>),
    /// It should fail, but does not.
    NotRefused,
}

impl Outcome {
    /// Judges what was rendered.
    pub(crate) fn of(case: &Case, rendered: &Result<String, String>) -> Self {
        match (&case.expected, rendered) {
            (Expected::Failure(message), Err(error)) => {
                Self::Refused(message.as_deref().map(|message| unnamed(message, error)).unwrap_or_default())
            }
            (Expected::Failure(_), Ok(_)) => Self::NotRefused,
            (Expected::Output(_), Err(error)) => Self::Error(error.clone()),
            (Expected::Output(expected), Ok(actual)) => {
                let verdict = judge::judge(expected, actual, case);
                match verdict.reached {
                    Some(level) => Self::Equal(level, verdict.difference),
                    None => Self::Different(verdict.difference),
                }
            }
        }
    }

    /// Whether there is nothing to say against it.
    pub(crate) fn is_full(&self) -> bool {
        self.passes(Level::Bytes)
    }

    fn passes(&self, wanted: Level) -> bool {
        match self {
            Self::Equal(level, _) => *level >= wanted,
            Self::Refused(unnamed) => unnamed.is_empty(),
            Self::Different(_) | Self::Error(_) | Self::NotRefused => false,
        }
    }

    fn words(&self) -> (&'static str, String) {
        match self {
            Self::Equal(level, difference) => (level.name(), difference.clone()),
            Self::Different(difference) => ("DIFFERENT", difference.clone()),
            Self::Error(error) => ("ERROR", error.clone()),
            Self::Refused(unnamed) if unnamed.is_empty() => ("refused", String::new()),
            Self::Refused(unnamed) => ("VAGUE", format!("the error does not name {}", unnamed.join(", "))),
            Self::NotRefused => ("ERROR", "should have failed".to_owned()),
        }
    }
}

/// The files that a tool's message names, but not ours: what a user needs first of an error.
fn unnamed(theirs: &str, ours: &str) -> Vec<String> {
    const EXTENSIONS: [&str; 6] = [".yaml", ".yml", ".json", ".tpl", ".txt", ".tgz"];
    // Notices are told beside errors.
    let lines = theirs.lines().filter(|line| !line.starts_with(['#']) && !line.starts_with("level="));
    let words = lines.flat_map(|line| {
        line.split(|character: char| {
            !(character.is_alphanumeric() || matches!(character, '.' | '-' | '_' | '/'))
        })
    });
    let mut files: Vec<String> = words
        .filter_map(|word| word.trim_end_matches('.').rsplit('/').next())
        .filter(|name| EXTENSIONS.iter().any(|end| name.len() > end.len() && name.ends_with(end)))
        .filter(|name| !ours.contains(name))
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    files
}

/// The sums of a tool's cases.
#[derive(Debug, Default)]
struct Sums {
    cases: usize,
    equal: [usize; Level::ALL.len()],
    different: usize,
    errors: usize,
    must_fail: usize,
    refused: usize,
    times: Vec<f64>,
    reference_times: Vec<f64>,
}

/// All cases so far.
#[derive(Debug)]
pub(crate) struct Report {
    wanted: Level,
    quiet: bool,
    sums: BTreeMap<Tool, Sums>,
    failed: usize,
}

impl Report {
    /// An empty report in which a case has to reach a level.
    pub(crate) fn new(wanted: Level, quiet: bool) -> Self {
        Self { wanted, quiet, sums: BTreeMap::new(), failed: 0 }
    }

    /// Counts a case and prints its line.
    pub(crate) fn add(&mut self, case: &Case, outcome: &Outcome, time: Duration) {
        let sums = self.sums.entry(case.tool).or_default();
        sums.cases += 1;
        sums.times.push(time.as_secs_f64() * 1000.0);
        sums.reference_times.push(case.reference_seconds * 1000.0);
        match outcome {
            Outcome::Equal(reached, _) => {
                for (count, level) in sums.equal.iter_mut().zip(Level::ALL) {
                    *count += usize::from(level <= *reached);
                }
            }
            Outcome::Different(_) => sums.different += 1,
            Outcome::Error(_) => sums.errors += 1,
            Outcome::Refused(unnamed) => {
                sums.must_fail += 1;
                sums.refused += usize::from(unnamed.is_empty());
            }
            Outcome::NotRefused => sums.must_fail += 1,
        }
        let passes = outcome.passes(self.wanted);
        self.failed += usize::from(!passes);
        let (word, reason) = outcome.words();
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        if !self.quiet || !passes || !reason.is_empty() {
            let milliseconds = time.as_secs_f64() * 1000.0;
            let line =
                format!("{word:9} {milliseconds:8.1} ms  {:9} {}  {reason}", case.tool.name(), case.name);
            println!("{}", line.trim_end());
        }
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        println!();
        println!(
            "{:10} {:>6} {:>6} {:>6} {:>7} {:>6} {:>10} {:>6} {:>10} {:>10} {:>9} {:>11} {:>11}",
            "tool",
            "cases",
            "json",
            "order",
            "bodies",
            "bytes",
            "different",
            "error",
            "must fail",
            "total",
            "median",
            "tool total",
            "tool median"
        );
        for (tool, sums) in &self.sums {
            let [json, order, bodies, bytes] = sums.equal;
            println!(
                "{:10} {:>6} {json:>6} {order:>6} {bodies:>7} {bytes:>6} {:>10} {:>6} {:>10} {:>7.0} ms {:>6.1} ms {:>8.0} ms {:>8.1} ms",
                tool.name(),
                sums.cases,
                sums.different,
                sums.errors,
                format!("{}/{}", sums.refused, sums.must_fail),
                sums.times.iter().sum::<f64>(),
                median(&sums.times),
                sums.reference_times.iter().sum::<f64>(),
                median(&sums.reference_times),
            );
        }
        let wanted = self.wanted.name();
        match self.failed {
            0 => println!("\nall cases reach {wanted}"),
            1 => println!("\n1 case does not reach {wanted}"),
            failed => println!("\n{failed} cases do not reach {wanted}"),
        }
    }

    /// Whether all cases reach the level.
    pub(crate) fn passed(&self) -> bool {
        self.failed == 0
    }
}

fn median(times: &[f64]) -> f64 {
    let mut times = times.to_vec();
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::unnamed;

    #[test]
    fn an_error_has_to_name_the_files_that_the_tool_names() {
        let theirs = "# Warning: fix.yaml is old\nError: accumulating 'base/a.yaml': lstat /tmp/x/base/a.yaml: no such \
                      file; executing \"c/templates/b.tpl\" at <x>: version 1.2.";
        assert_eq!(unnamed(theirs, "base/a.yaml is not there"), ["b.tpl"]);
        assert!(unnamed(theirs, "a.yaml, b.tpl:3: no").is_empty());
    }
}
