//! The references of a repository, and what a revision text means among them. Pure: no repository is touched here.

use std::collections::HashMap;

use crate::version;

/// A repository's references by full name, tags already led to the commits they name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct References {
    by_name: HashMap<String, String>,
    symbolic: HashMap<String, String>,
    /// The annotated tags' own ids, by full name.
    annotated: HashMap<String, String>,
}

/// What a revision text means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// This commit.
    Commit(String),
    /// Some commit whose id starts so; the repository has to be asked.
    Prefix(String),
}

impl References {
    /// Adds a reference and the commit (as hexadecimal digits) that it leads to.
    pub(crate) fn insert(&mut self, name: String, commit: String) {
        self.by_name.insert(name, commit);
    }

    /// Notes that `name` is another name of `target`.
    pub(crate) fn insert_symbolic(&mut self, name: String, target: String) {
        self.symbolic.insert(name, target);
    }

    /// Notes that `name` is an annotated tag with an id of its own.
    pub(crate) fn insert_annotated(&mut self, name: String, tag: String) {
        self.annotated.insert(name, tag);
    }

    /// The annotated tag that a target revision chooses: its short name and its own id.
    pub(crate) fn annotated_tag(&self, revision: &str, tag_prefix: &str) -> Option<(String, String)> {
        let name = self.name(revision, tag_prefix)?;
        let tag = self.annotated.get(&name)?;
        Some((name.trim_start_matches("refs/tags/").to_owned(), tag.clone()))
    }

    /// The commit of a full reference name.
    pub fn commit(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    /// A reference that leads to the commit, for servers that give out references only.
    pub(crate) fn name_of(&self, commit: &str) -> Option<&str> {
        let mut names: Vec<_> = self
            .by_name
            .iter()
            .filter(|(_, target)| *target == commit)
            .map(|(name, _)| name.as_str())
            .collect();
        names.sort_unstable();
        names.first().copied()
    }

    /// The commit among the references whose id starts with these digits, if it is the only one.
    pub(crate) fn commit_with_prefix(&self, digits: &str) -> Option<String> {
        let mut found: Option<&String> = None;
        for commit in self.by_name.values().filter(|commit| commit.starts_with(digits)) {
            if found.is_some_and(|other| other != commit) {
                return None;
            }
            found = Some(commit);
        }
        found.cloned()
    }

    /// The short names of all branches, sorted.
    pub fn branches(&self) -> Vec<&str> {
        self.short_names("refs/heads/")
    }

    /// The short names of all tags, sorted.
    pub fn tags(&self) -> Vec<&str> {
        self.short_names("refs/tags/")
    }

    /// The short name of the branch that `HEAD` stands for.
    pub fn default_branch(&self) -> Option<&str> {
        self.symbolic.get("HEAD").and_then(|target| target.strip_prefix("refs/heads/"))
    }

    /// The short names of the tags that lead to a commit, sorted.
    pub fn tags_of(&self, commit: &str) -> Vec<String> {
        let named = |tag: &&str| self.commit(&format!("refs/tags/{tag}")) == Some(commit);
        self.tags().into_iter().filter(named).map(str::to_owned).collect()
    }

    fn short_names(&self, prefix: &str) -> Vec<&str> {
        let mut names: Vec<_> = self.by_name.keys().filter_map(|name| name.strip_prefix(prefix)).collect();
        names.sort_unstable();
        names
    }

    /// The full name of the reference that a target revision chooses.
    ///
    /// A version constraint is tried on the tags before anything else, so that it wins over a branch of that name.
    fn name(&self, revision: &str, tag_prefix: &str) -> Option<String> {
        let mut wanted = if revision.is_empty() { "HEAD" } else { revision }.to_owned();
        if let Some(tag) = self.best_tag(&wanted, tag_prefix) {
            let name = format!("refs/tags/{tag}");
            if self.by_name.contains_key(&name) {
                return Some(name);
            }
            wanted = tag;
        }
        self.full_name(&wanted)
    }

    /// The full name for a full or short one, in Git's own order where short names clash: tags before branches.
    fn full_name(&self, name: &str) -> Option<String> {
        ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"]
            .into_iter()
            .map(|prefix| format!("{prefix}{name}"))
            .find(|name| self.by_name.contains_key(name))
    }

    /// The commit of a reference that is called just so, as `git fetch` takes a name: no constraint on versions is looked
    /// for in it. Empty means the default branch.
    pub fn named(&self, name: &str) -> Option<&str> {
        let name = if name.is_empty() { "HEAD" } else { name };
        self.commit(&self.full_name(name)?)
    }

    /// What a target revision means, or why it means nothing.
    pub(crate) fn resolve(&self, revision: &str, tag_prefix: &str) -> Result<Meaning, String> {
        if let Some(commit) = self.name(revision, tag_prefix).and_then(|name| self.by_name.get(&name)) {
            return Ok(Meaning::Commit(commit.clone()));
        }
        let digits = revision.len() >= 7 && revision.len() < 40;
        if digits && revision.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Meaning::Prefix(revision.to_lowercase()));
        }
        Err(if self.by_name.is_empty() {
            "the repository is empty".to_owned()
        } else {
            format!(
                "it is none of its {} branches and {} tags, and no version constraint that a tag satisfies",
                self.branches().len(),
                self.tags().len()
            )
        })
    }

    /// The tag that a version or a constraint names.
    fn best_tag(&self, revision: &str, tag_prefix: &str) -> Option<String> {
        if version::is_version(revision) {
            return Some(format!("{tag_prefix}{revision}"));
        }
        let tags = self.tags();
        let versions = tags.iter().filter_map(|tag| tag.strip_prefix(tag_prefix));
        version::highest(revision, versions).map(|version| format!("{tag_prefix}{version}"))
    }
}

/// Whether the text is a full commit id.
pub(crate) fn is_commit(revision: &str) -> bool {
    revision.len() == 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references() -> References {
        let mut references = References::default();
        for (name, commit) in [
            ("HEAD", "main1"),
            ("refs/heads/main", "main1"),
            ("refs/heads/1.x", "branch1x"),
            ("refs/heads/v9", "branchv9"),
            ("refs/tags/v1.0.0", "v100"),
            ("refs/tags/v1.4.2", "v142"),
            ("refs/tags/v2.0.0-rc.1", "v200rc1"),
            ("refs/tags/chart-1.1.0", "chart110"),
            ("refs/tags/chart-1.2.0", "chart120"),
            ("refs/tags/nightly", "nightly"),
            ("refs/pull/7/head", "pull7"),
        ] {
            references.insert(name.into(), commit.into());
        }
        references.insert_symbolic("HEAD".into(), "refs/heads/main".into());
        references
    }

    #[test]
    fn names_mean_what_they_mean_to_git() {
        let references = references();
        for (name, commit) in [
            ("", Some("main1")),
            ("1.x", Some("branch1x")),
            ("v9", Some("branchv9")),
            ("v1.4.2", Some("v142")),
            ("^1", None),
        ] {
            assert_eq!(references.named(name), commit, "{name}");
        }
    }

    #[test]
    fn revisions_mean_what_they_mean_to_argo_cd() {
        let references = references();
        for (revision, prefix, meaning) in [
            ("", "", "main1"),
            ("HEAD", "", "main1"),
            ("main", "", "main1"),
            ("refs/heads/main", "", "main1"),
            ("heads/main", "", "main1"),
            ("nightly", "", "nightly"),
            ("pull/7/head", "", "pull7"),
            ("v1.0.0", "", "v100"),
            ("1.x", "", "v142"),
            ("^1.0.0", "", "v142"),
            (">=1.0.0 <1.4.0", "", "v100"),
            ("*", "", "v142"),
            (">=2.0.0-0", "", "v200rc1"),
            ("1.*", "chart-", "chart120"),
            ("1.1.0", "chart-", "chart110"),
            ("v9", "", "branchv9"),
        ] {
            assert_eq!(
                references.resolve(revision, prefix),
                Ok(Meaning::Commit(meaning.into())),
                "{revision:?} {prefix:?}"
            );
        }
        assert_eq!(references.resolve("ABCDEF01", ""), Ok(Meaning::Prefix("abcdef01".into())));
        for (revision, prefix) in [("missing", ""), ("9.x", "chart-"), ("abcdef", ""), ("3.0.0", "")] {
            assert!(references.resolve(revision, prefix).is_err(), "{revision:?}");
        }
        assert_eq!(References::default().resolve("", "").unwrap_err(), "the repository is empty");
    }

    #[test]
    fn names_are_listed() {
        let references = references();
        assert_eq!(references.branches(), ["1.x", "main", "v9"]);
        assert_eq!(references.default_branch(), Some("main"));
        assert_eq!(references.tags_of("v142"), ["v1.4.2"]);
    }
}
