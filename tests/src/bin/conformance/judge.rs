//! How far an output equals the expected one.
//!
//! | level | besides those before it |
//! |---|---|
//! | `json` | the same documents under the same keys, equal as JSON |
//! | `order` | in the same order |
//! | `bodies` | the same bytes below each `# Source:` header, as often and in the same order |
//! | `bytes` | the same bytes throughout; with random parts, the same sequence of headers |
//!
//! What a case lists as random is left out. An output without headers (Kustomize's) has no bodies: there the third
//! level is the fourth.

use std::collections::BTreeMap;

use crate::documents::{difference, keyed, short, without_lines};
use ::tests::corpus::{Case, Tool};

/// A level of equality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Level {
    Json,
    Order,
    Bodies,
    Bytes,
}

impl Level {
    /// All, lowest first.
    pub(crate) const ALL: [Self; 4] = [Self::Json, Self::Order, Self::Bodies, Self::Bytes];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Order => "order",
            Self::Bodies => "bodies",
            Self::Bytes => "bytes",
        }
    }
}

/// The level reached, and the first difference that hinders the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) reached: Option<Level>,
    pub(crate) difference: String,
}

/// Judges an output.
pub(crate) fn judge(expected: &str, actual: &str, case: &Case) -> Verdict {
    match compare(expected, actual, case) {
        Ok(()) => Verdict { reached: Some(Level::Bytes), difference: String::new() },
        Err((reached, difference)) => Verdict { reached, difference },
    }
}

/// The last level reached, and why not the next.
type Stop = (Option<Level>, String);

fn compare(expected: &str, actual: &str, case: &Case) -> Result<(), Stop> {
    if expected == actual {
        return Ok(());
    }
    same_documents(expected, actual, case)?;
    let (wanted, got) = (bodies(expected), bodies(actual));
    if case.tool == Tool::Kustomize || wanted.is_empty() {
        return Err((Some(Level::Order), format!("bytes: {}", first_line(expected, actual))));
    }
    same_bodies(&wanted, &got, case).map_err(|difference| (Some(Level::Order), difference))?;
    if case.random.is_empty() && case.random_sources.is_empty() {
        return Err((Some(Level::Bodies), format!("bytes: {}", first_line(expected, actual))));
    }
    let same_headers = wanted.iter().map(|(header, _)| header).eq(got.iter().map(|(header, _)| header));
    if same_headers { Ok(()) } else { Err((Some(Level::Bodies), "the sequence of headers differs".into())) }
}

/// Levels `json` and `order`.
fn same_documents(expected: &str, actual: &str, case: &Case) -> Result<(), Stop> {
    let different = |difference: String| (None, difference);
    let wanted = keyed(expected, &case.random).map_err(|error| {
        different(format!("the expected output is no YAML and the bytes differ: {error}"))
    })?;
    let got =
        keyed(actual, &case.random).map_err(|error| different(format!("the output is no YAML: {error}")))?;
    let by_key: BTreeMap<&str, _> = got.iter().map(|(key, document)| (key.as_str(), document)).collect();
    let known: BTreeMap<&str, _> = wanted.iter().map(|(key, document)| (key.as_str(), document)).collect();
    let missing: Vec<&str> = known.keys().filter(|key| !by_key.contains_key(*key)).copied().collect();
    let extra: Vec<&str> = by_key.keys().filter(|key| !known.contains_key(*key)).copied().collect();
    if !missing.is_empty() || !extra.is_empty() {
        let some = |keys: &[&str]| keys[..keys.len().min(3)].join(", ");
        let (lacking, beyond) = (some(&missing), some(&extra));
        return Err(different(format!(
            "{} documents missing ({lacking}), {} too many ({beyond})",
            missing.len(),
            extra.len()
        )));
    }
    for (key, document) in &wanted {
        if let Some(found) = by_key.get(key.as_str()).and_then(|other| difference(document, other)) {
            return Err(different(format!(
                "{key} {}: expected {}, got {}",
                found.path, found.expected, found.actual
            )));
        }
    }
    let mut places = wanted.iter().zip(&got).enumerate();
    match places.find(|(_, ((wanted, _), (got, _)))| wanted != got) {
        None => Ok(()),
        Some((place, ((wanted, _), (got, _)))) => {
            Err((Some(Level::Json), format!("order: document {place} should be {wanted}, is {got}")))
        }
    }
}

/// What stands below each `# Source:` header, with the header.
pub(crate) fn bodies(text: &str) -> Vec<(&str, &str)> {
    let mut headers: Vec<(&str, usize, usize)> = Vec::new();
    let mut at = 0;
    let mut separator = None;
    for line in text.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let header = line.strip_prefix("# Source: ").and_then(|rest| rest.strip_suffix('\n'));
        if let (Some(before), Some(header)) = (separator.take(), header) {
            headers.push((header, before, at));
        }
        separator = (line == "---\n").then_some(start);
    }
    let ends = headers.iter().skip(1).map(|(_, before, _)| *before).chain([text.len()]);
    headers.iter().zip(ends).map(|((header, _, start), end)| (*header, &text[*start..end])).collect()
}

fn same_bodies(wanted: &[(&str, &str)], got: &[(&str, &str)], case: &Case) -> Result<(), String> {
    let by_header = |bodies: &[(&str, &str)]| {
        let mut map: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (header, body) in bodies {
            map.entry((*header).to_owned()).or_default().push((*body).to_owned());
        }
        map
    };
    let (wanted, got) = (by_header(wanted), by_header(got));
    for (header, bodies) in &wanted {
        let others = got.get(header).map(Vec::as_slice).unwrap_or_default();
        if bodies.len() != others.len() {
            return Err(format!("`# Source: {header}` comes {} times, not {}", others.len(), bodies.len()));
        }
        for (number, (body, other)) in (1..).zip(bodies.iter().zip(others)) {
            let random =
                case.random_sources.iter().find(|random| random.source == *header && random.body == number);
            let (body, other) = match random {
                None => (body.clone(), other.clone()),
                Some(random) if random.lines.is_empty() => continue,
                Some(random) => (without_lines(body, &random.lines), without_lines(other, &random.lines)),
            };
            if body != other {
                return Err(format!("`# Source: {header}` text {number}: {}", first_line(&body, &other)));
            }
        }
    }
    match got.keys().find(|header| !wanted.contains_key(*header)) {
        Some(header) => Err(format!("`# Source: {header}` should not be there")),
        None => Ok(()),
    }
}

fn first_line(expected: &str, actual: &str) -> String {
    let mut lines = (1..).zip(expected.split('\n').zip(actual.split('\n')));
    match lines.find(|(_, (wanted, got))| wanted != got) {
        Some((number, (wanted, got))) => {
            let (wanted, got) = (short(&format!("{wanted:?}")), short(&format!("{got:?}")));
            format!("line {number}: expected {wanted}, got {got}")
        }
        None => {
            let (wanted, got) = (expected.split('\n').count(), actual.split('\n').count());
            format!("{got} lines instead of {wanted}")
        }
    }
}

#[cfg(test)]
mod tests;
