//! Cases out of any folder: its charts and kustomizations, with what the real `helm` and `kustomize` print for them now.
//!
//! Each is printed twice: what differs between the two is random, and is left out as a written case would list it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::documents::{differences, keyed};
use crate::judge;
use ::tests::corpus::{self, Case, Expected, RandomPart, RandomSource, Tool};

/// Nesting of directories that is entered.
const MAX_DEPTH: usize = 32;
/// Random values of one document that are told apart; more than that are hardly random.
const MAX_RANDOM: usize = 1000;
/// The version of the cluster that charts see.
const KUBE_VERSION: &str = "1.34.0";

/// The cases of a folder.
pub(crate) fn cases(folder: &Path) -> Result<Vec<Case>> {
    let root = folder.canonicalize().with_context(|| format!("cannot open {}", folder.display()))?;
    let mut places = Vec::new();
    find(&root, 0, &mut places);
    let mut cases = Vec::new();
    for tool in [Tool::Helm, Tool::Kustomize] {
        let of_tool: Vec<&PathBuf> =
            places.iter().filter(|(kind, _)| *kind == tool).map(|(_, place)| place).collect();
        if of_tool.is_empty() {
            continue;
        }
        if !is_installed(tool) {
            println!(
                "skipped: {} is not on the PATH, so {} cases have nothing beside them",
                tool.name(),
                of_tool.len()
            );
            continue;
        }
        for place in of_tool {
            cases.push(case_of(&root, place, tool)?);
        }
    }
    Ok(cases)
}

fn is_installed(tool: Tool) -> bool {
    Command::new(tool.name()).arg("version").output().is_ok_and(|output| output.status.success())
}

/// Charts and kustomizations below a directory. What is inside of a chart is the chart's own.
fn find(directory: &Path, depth: usize, places: &mut Vec<(Tool, PathBuf)>) {
    if directory.join("Chart.yaml").is_file() {
        places.push((Tool::Helm, directory.to_owned()));
        return;
    }
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    if names.iter().any(|name| directory.join(name).is_file()) {
        places.push((Tool::Kustomize, directory.to_owned()));
    }
    if depth >= MAX_DEPTH {
        return;
    }
    for below in corpus::folders(directory) {
        let is_hidden = below.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && !below.is_symlink() {
            find(&below, depth + 1, places);
        }
    }
}

fn case_of(root: &Path, place: &Path, tool: Tool) -> Result<Case> {
    let below = place.strip_prefix(root).unwrap_or(place).to_string_lossy().into_owned();
    let path = if below.is_empty() { ".".to_owned() } else { below };
    let mut case = Case {
        name: path.clone(),
        tool,
        folder: root.to_owned(),
        path,
        release: "release-name".to_owned(),
        namespace: "default".to_owned(),
        kube_version: KUBE_VERSION.to_owned(),
        values: Vec::new(),
        flags: if tool == Tool::Helm { vec!["--include-crds".to_owned()] } else { Vec::new() },
        random: Vec::new(),
        random_sources: Vec::new(),
        reference_seconds: 0.0,
        expected: Expected::Failure(None),
    };
    let start = Instant::now();
    let first = ask(&case)?;
    case.reference_seconds = start.elapsed().as_secs_f64();
    let first = match first {
        Ok(first) => first,
        Err(message) => return Ok(Case { expected: Expected::Failure(Some(message)), ..case }),
    };
    case.expected = Expected::Output(first);
    if tool == Tool::Helm { asked_again(&case) } else { Ok(case) }
}

/// The case asked once more in another second, for what is random because it is a time.
pub(crate) fn later(case: &Case) -> Result<Case> {
    std::thread::sleep(Duration::from_millis(1100));
    asked_again(case)
}

fn asked_again(case: &Case) -> Result<Case> {
    let mut case = case.clone();
    if let Expected::Output(first) = &case.expected
        && let Ok(second) = ask(&case)?
        && second != *first
    {
        case.random.extend(random_parts(first, &second));
        // Whatever was random before is so again.
        case.random_sources = random_sources(first, &second);
    }
    Ok(case)
}

/// What the real tool prints, or says when it fails.
fn ask(case: &Case) -> Result<Result<String, String>> {
    let output = corpus::theirs(case)
        .output()
        .with_context(|| format!("cannot run {} on {}", case.tool.name(), case.name))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}

fn random_parts(first: &str, second: &str) -> Vec<RandomPart> {
    let (Ok(first), Ok(second)) = (keyed(first, &[]), keyed(second, &[])) else { return Vec::new() };
    let mut parts = Vec::new();
    for ((key, document), (other_key, other)) in first.iter().zip(&second) {
        let key = if key == other_key { key.clone() } else { pattern(key, other_key) };
        let mut found = Vec::new();
        differences(document, other, &mut String::new(), MAX_RANDOM, &mut found);
        parts.extend(found.into_iter().map(|difference| RandomPart {
            document: key.clone(),
            path: difference.path,
            lines: Vec::new(),
        }));
    }
    parts
}

/// What two keys have in common, with `*` for the rest. Whole words only: random names may begin alike by chance.
fn pattern(first: &str, second: &str) -> String {
    let same = first.bytes().zip(second.bytes()).take_while(|(left, right)| left == right).count();
    let boundary = |text: &str| text.rfind(['-', '.', '/']).map_or(0, |at| at + 1);
    let start = first.get(..same).map_or(0, boundary);
    format!("{}*", &first[..start])
}

fn random_sources(first: &str, second: &str) -> Vec<RandomSource> {
    let mut counts = std::collections::HashMap::new();
    let mut sources = Vec::new();
    for ((header, body), (_, other)) in judge::bodies(first).into_iter().zip(judge::bodies(second)) {
        let count: &mut usize = counts.entry(header).or_default();
        *count += 1;
        if body == other {
            continue;
        }
        let same_length = body.split('\n').count() == other.split('\n').count();
        let lines = (1..).zip(body.split('\n').zip(other.split('\n')));
        let lines = lines.filter(|(_, (line, other))| line != other).map(|(number, _)| number);
        let lines = if same_length { lines.collect() } else { Vec::new() };
        sources.push(RandomSource { source: header.to_owned(), body: *count, lines });
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_two_runs_is_random() {
        let output = |word: &str| {
            format!(
                "---\n# Source: c/a.yaml\nkind: A\nmetadata: {{name: a-test-x{word}}}\n\
                 ---\n# Source: c/b.yaml\nkind: B\nx: 1\nkey: {word}\n"
            )
        };
        let (first, second) = (output("one"), output("two"));
        let parts: Vec<_> = random_parts(&first, &second)
            .into_iter()
            .map(|part| format!("{} {}", part.document, part.path))
            .collect();
        assert_eq!(parts, ["/A//a-test-* /metadata/name", "/B// /key"]);
        let sources: Vec<_> = random_sources(&first, &second)
            .into_iter()
            .map(|random| (random.source, random.body, random.lines))
            .collect();
        assert_eq!(sources, [("c/a.yaml".into(), 1, vec![2]), ("c/b.yaml".into(), 1, vec![3])]);
    }
}
