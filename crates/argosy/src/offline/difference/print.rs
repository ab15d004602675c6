//! The three ways in which differences are shown.

use serde_json::json;

use super::{Change, Difference, Part};

/// The longest Markdown that is made: forges cut comments off beyond about this.
const MAX_MARKDOWN: usize = 60_000;

fn name_of(difference: &Difference) -> String {
    let key = &difference.key;
    let kind = if key.group.is_empty() { key.kind.clone() } else { format!("{}/{}", key.group, key.kind) };
    if key.namespace.is_empty() {
        format!("{kind} {}", key.name)
    } else {
        format!("{kind} {}/{}", key.namespace, key.name)
    }
}

fn application(part: &Part) -> String {
    if part.namespace.is_empty() { part.name.clone() } else { format!("{}/{}", part.namespace, part.name) }
}

/// What is to be said of the Application itself: nothing when it is there before and after.
fn of_itself(part: &Part) -> Option<&'static str> {
    match part.change {
        Change::Added => Some("the Application is new"),
        Change::Removed => Some("the Application is removed"),
        Change::Changed => None,
    }
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// How many were added, changed and removed.
fn counts(differences: &[Difference]) -> [usize; 3] {
    [Change::Added, Change::Changed, Change::Removed]
        .map(|change| differences.iter().filter(|difference| difference.change == change).count())
}

/// Unified differences below headings.
pub(super) fn text(parts: &[Part]) -> String {
    let mut text = String::new();
    for part in parts {
        if let Some(said) = of_itself(part) {
            text.push_str(&format!("===== {}: {said}\n", application(part)));
        }
        match &part.outcome {
            Err(error) => text.push_str(&format!("===== {} cannot be rendered {error}\n", application(part))),
            Ok(differences) => {
                for difference in differences {
                    let (name, change) = (name_of(difference), difference.change.name());
                    text.push_str(&format!(
                        "===== {}: {name} {change}\n{}",
                        application(part),
                        difference.text
                    ));
                }
            }
        }
    }
    let failed = parts.iter().filter(|part| part.outcome.is_err()).count();
    let different =
        parts.iter().filter(|part| part.outcome.as_ref().is_ok_and(|found| !found.is_empty())).count();
    text.push_str(&format!("{}, {different} different", counted(parts.len(), "application")));
    if failed > 0 {
        text.push_str(&format!(", {failed} not rendered"));
    }
    text.push('\n');
    text
}

/// One object: `from` and `to` with their commits, and the applications that differ or fail.
pub(super) fn json(parts: &[Part], from: (&str, &str), to: (&str, &str)) -> String {
    let applications: Vec<_> = parts
        .iter()
        .map(|part| {
            let objects: Vec<_> = part
                .outcome
                .iter()
                .flatten()
                .map(|difference| {
                    json!({
                        "group": difference.key.group, "kind": difference.key.kind,
                        "namespace": difference.key.namespace, "name": difference.key.name,
                        "change": difference.change.name(), "diff": difference.text,
                    })
                })
                .collect();
            json!({
                "namespace": part.namespace, "name": part.name, "file": part.file,
                "isNew": part.change == Change::Added, "isRemoved": part.change == Change::Removed,
                "error": part.outcome.as_ref().err(), "objects": objects,
            })
        })
        .collect();
    let whole = json!({
        "from": {"revision": from.0, "commit": from.1}, "to": {"revision": to.0, "commit": to.1},
        "applications": applications,
    });
    format!("{whole:#}\n")
}

/// A table of the applications that differ, and their differences to unfold.
pub(super) fn markdown(parts: &[Part], from: &str, to: &str) -> String {
    let shown: Vec<&Part> =
        parts.iter().filter(|part| part.outcome.as_ref().map_or(true, |found| !found.is_empty())).collect();
    let mut text = format!("### Rendered manifests: `{from}` to `{to}`\n\n");
    if shown.is_empty() {
        text.push_str(&format!("Nothing differs in {}.\n", counted(parts.len(), "application")));
        return text;
    }
    text.push_str("| application | added | changed | removed |\n|---|---|---|---|\n");
    for part in &shown {
        let said = of_itself(part).map_or_else(String::new, |said| format!(" ({said})"));
        let name = application(part) + &said;
        match &part.outcome {
            Ok(differences) => {
                let [added, changed, removed] = counts(differences);
                text.push_str(&format!("| {name} | {added} | {changed} | {removed} |\n"));
            }
            Err(_) => text.push_str(&format!("| {name} | cannot be rendered | | |\n")),
        }
    }
    let verb = if shown.len() == 1 { "differs" } else { "differ" };
    text.push_str(&format!("\n{} of {} {verb}.\n", shown.len(), counted(parts.len(), "application")));
    for part in shown {
        let blocks: Vec<(String, &str, &str)> = match &part.outcome {
            Ok(differences) => differences
                .iter()
                .map(|difference| {
                    let title = format!(
                        "{}: {} {}",
                        application(part),
                        name_of(difference),
                        difference.change.name()
                    );
                    (title, "diff", difference.text.as_str())
                })
                .collect(),
            Err(error) => vec![(format!("{} cannot be rendered", application(part)), "text", error.as_str())],
        };
        for (title, language, body) in blocks {
            let fence = fence(body);
            let end = if body.ends_with('\n') { "" } else { "\n" };
            let block = format!(
                "\n<details><summary>{}</summary>\n\n{fence}{language}\n{body}{end}{fence}\n\n</details>\n",
                escaped(&title)
            );
            if text.len() + block.len() > MAX_MARKDOWN {
                text.push_str("\nMore differences are left out; `argosy render diff` prints all.\n");
                return text;
            }
            text.push_str(&block);
        }
    }
    text
}

/// Backquotes that the text itself doesn't have in a row.
fn fence(text: &str) -> String {
    let mut longest = 0;
    let mut row = 0;
    for character in text.chars() {
        row = if character == '`' { row + 1 } else { 0 };
        longest = longest.max(row);
    }
    "`".repeat((longest + 1).max(3))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
