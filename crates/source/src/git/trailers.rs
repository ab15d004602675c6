//! Trailers by which a commit tells what it was made from (`Argocd-reference-commit-…`). Pure.

use serde_json::Value;
use types::{CommitMetadata, RevisionReference};

const PREFIX: &str = "argocd-reference-commit-";

/// The commit that a message's trailers refer to; nothing when they refer to none. A trailer that is not what it must be is
/// passed over.
pub(super) fn references(message: &str) -> Vec<RevisionReference> {
    let message = message.trim_end();
    let last = message.rsplit("\n\n").next().unwrap_or_default();
    let mut commit = CommitMetadata::default();
    for line in last.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let (key, value) = (key.trim().to_lowercase(), value.trim());
        let Some(field) = key.strip_prefix(PREFIX) else { continue };
        match field {
            "repourl" if value.contains("://") || value.contains('@') => commit.repo_url = value.to_owned(),
            "author" if is_author(value) => commit.author = value.to_owned(),
            "date" if value.parse::<jiff::Timestamp>().is_ok() => commit.date = value.to_owned(),
            "subject" => commit.subject = value.to_owned(),
            "body" => {
                if let Ok(Value::String(body)) = serde_json::from_str(value) {
                    commit.body = body;
                }
            }
            "sha" if is_sha(value) => commit.sha = value.to_owned(),
            _ => {}
        }
    }
    if commit == CommitMetadata::default() {
        return Vec::new();
    }
    vec![RevisionReference { commit: Some(commit) }]
}

fn is_author(text: &str) -> bool {
    text.split_once('<').is_some_and(|(_, rest)| rest.ends_with('>') && rest.contains('@'))
}

fn is_sha(text: &str) -> bool {
    (5..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailers_are_read() {
        let message = "Render\n\nArgocd-reference-commit-repourl: https://host/repo\n\
            Argocd-reference-commit-author: A <a@b.c>\nArgocd-reference-commit-date: 2024-05-06T07:08:09Z\n\
            Argocd-reference-commit-subject: a subject\nArgocd-reference-commit-body: \"two\\nlines\"\n\
            Argocd-reference-commit-sha: abcdef0\n";
        let found = references(message);
        let commit = found[0].commit.as_ref().unwrap();
        assert_eq!(
            (commit.repo_url.as_str(), commit.author.as_str(), commit.sha.as_str(), commit.body.as_str()),
            ("https://host/repo", "A <a@b.c>", "abcdef0", "two\nlines")
        );
        assert_eq!(commit.date, "2024-05-06T07:08:09Z");
        for message in [
            "no trailers",
            "subject\n\nArgocd-reference-commit-sha: nothing\nArgocd-reference-commit-date: yesterday\n",
            "",
        ] {
            assert_eq!(references(message), Vec::new(), "{message:?}");
        }
    }
}
