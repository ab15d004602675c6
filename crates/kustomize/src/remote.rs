//! What lies outside the repository: other repositories, files behind URLs, charts of Helm repositories.
//!
//! A build has no network. What it misses it asks for ([`Need`]); whoever has a network fetches it into an [`Outside`]
//! and builds again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tree::{Tree, TreePath};

/// Something outside the repository that a build cannot go on without.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Need {
    /// A commit of another Git repository, with its submodules unless those are not wanted.
    Repository {
        /// The URL to clone.
        url: String,
        /// A branch, tag or commit; empty for the default branch.
        reference: String,
        /// Whether submodules are wanted.
        submodules: bool,
    },
    /// A file to be had with GET. When it is not to be had and its URL may be a repository, that is asked for next.
    File {
        /// The URL.
        url: String,
    },
    /// A Helm chart.
    Chart {
        /// The repository's URL; `oci://` for a registry.
        repository: String,
        /// The chart's name.
        name: String,
        /// The version, or a constraint; empty for the latest.
        version: String,
        /// Whether versions that are not yet released count, too.
        devel: bool,
    },
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository { url, reference, .. } if reference.is_empty() => {
                write!(formatter, "the repository {url}")
            }
            Self::Repository { url, reference, .. } => {
                write!(formatter, "the repository {url} at {reference}")
            }
            Self::File { url } => write!(formatter, "the file {url}"),
            Self::Chart { repository, name, version, .. } => {
                write!(formatter, "the chart {name} {version} of {repository}")
            }
        }
    }
}

/// What came of a [`Need`].
#[derive(Clone)]
pub enum Answer {
    /// A repository or chart.
    Tree(Arc<dyn Tree>),
    /// A file.
    Bytes(Arc<[u8]>),
    /// It is not to be had, for this reason.
    Failed(String),
}

/// What a build has besides its tree: what was fetched for it, and for charts the time and randomness.
#[derive(Clone)]
pub struct Outside {
    answers: BTreeMap<Need, Answer>,
    pub(crate) environment: Arc<dyn gotmpl::Environment>,
}

impl Default for Outside {
    /// Nothing fetched, and a time and randomness that are always the same.
    fn default() -> Self {
        Self::new(Arc::new(gotmpl::FixedEnvironment::new(0, 0)))
    }
}

impl Outside {
    /// Nothing fetched yet.
    pub fn new(environment: Arc<dyn gotmpl::Environment>) -> Self {
        Self { answers: BTreeMap::new(), environment }
    }

    /// Notes what came of a need.
    pub fn insert(&mut self, need: Need, answer: Answer) {
        self.answers.insert(need, answer);
    }

    /// What was asked for.
    pub fn needs(&self) -> impl Iterator<Item = &Need> {
        self.answers.keys()
    }

    /// What came of a need, as far as that is known.
    pub fn get(&self, need: &Need) -> Option<&Answer> {
        self.answers.get(need)
    }
}

/// What has to be fetched for a text that names a kustomization in a Git repository elsewhere, and the directory in it;
/// `None` for a text that is a path.
pub fn remote_target(text: &str) -> Option<(Need, TreePath)> {
    let url = RepositoryUrl::parse(text).ok()?;
    Some((url.need(), TreePath::new(&url.path).ok()?))
}

/// A URL that means a directory of a Git repository.
///
/// `[git::][SCHEME://][user@]host[/ or :]repository[//path][?ref=…&timeout=…&submodules=…]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepositoryUrl {
    host: String,
    repository: String,
    /// The directory in the repository; empty for its root.
    pub(crate) path: String,
    pub(crate) reference: String,
    pub(crate) submodules: bool,
    /// How long fetching may take.
    pub(crate) timeout: Duration,
}

const TIMEOUT: Duration = Duration::from_secs(27);

impl RepositoryUrl {
    /// Reads a URL; the error says what is missing for one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with('/') {
            return Err(format!("uri looks like abs path: {text}"));
        }
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (host, rest) = split_host(text)?;
        let (repository, path) = split_repository(rest, host == "file://")
            .filter(|(repository, _)| !repository.is_empty())
            .ok_or_else(|| "failed to parse repo path segment".to_owned())?;
        let path = path.strip_prefix('/').unwrap_or(path);
        if TreePath::new(path.trim_start_matches('/')).is_err() {
            return Err(format!("url path exits repo: {rest}"));
        }
        let mut url = Self {
            host,
            repository: repository.to_owned(),
            path: path.to_owned(),
            reference: String::new(),
            submodules: true,
            timeout: TIMEOUT,
        };
        url.read_query(query);
        Ok(url)
    }

    fn read_query(&mut self, query: &str) {
        let mut version = String::new();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = percent_decoded(value);
            match name {
                "ref" if self.reference.is_empty() => self.reference = value,
                "version" if version.is_empty() => version = value,
                "submodules" => match value.as_str() {
                    "false" | "False" | "FALSE" | "f" | "F" | "0" => self.submodules = false,
                    _ => {}
                },
                "timeout" => {
                    if let Some(timeout) = duration(&value) {
                        self.timeout = timeout;
                    }
                }
                _ => {}
            }
        }
        if self.reference.is_empty() {
            self.reference = version;
        }
    }

    /// What `git clone` gets.
    pub(crate) fn clone_url(&self) -> String {
        format!("{}{}", self.host, self.repository)
    }

    /// What has to be fetched.
    pub(crate) fn need(&self) -> Need {
        Need::Repository {
            url: self.clone_url(),
            reference: self.reference.clone(),
            submodules: self.submodules,
        }
    }
}

/// Seconds, or Go's text for a duration of one unit.
fn duration(text: &str) -> Option<Duration> {
    let (digits, seconds) = match text.find(|character: char| !character.is_ascii_digit() && character != '.')
    {
        None => (text, 1.0),
        Some(place) => {
            let seconds = match &text[place..] {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
            (&text[..place], seconds)
        }
    };
    let amount: f64 = digits.parse().ok()?;
    Duration::try_from_secs_f64(amount * seconds).ok().filter(|duration| !duration.is_zero())
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (bytes[at], hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                at += 2;
            }
            (b'+', _) => decoded.push(b' '),
            (byte, _) => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn strip_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// The scheme, user and host up to the path, and the path.
fn split_host(text: &str) -> Result<(String, &str), String> {
    let text = strip_ignoring_case(text, "git::").unwrap_or(text);
    let (scheme, text) = ["ssh://", "https://", "http://", "file://"]
        .iter()
        .find_map(|scheme| Some((*scheme, strip_ignoring_case(text, scheme)?)))
        .unwrap_or(("", text));
    if scheme == "file://" {
        return Ok((scheme.to_owned(), text));
    }
    let is_user = |user: &str| {
        user.starts_with(|first: char| first.is_ascii_alphabetic())
            && user.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    let (user, text) = match text.split_once('@') {
        Some((user, rest)) if is_user(user) => (&text[..=user.len()], rest),
        _ => ("", text),
    };
    let is_github =
        ["github.com/", "github.com:"].iter().any(|host| strip_ignoring_case(text, host).is_some());
    // user@host:path, as scp has it.
    let is_scp = scheme.is_empty() && (!user.is_empty() || is_github);
    if scheme.is_empty() && !is_scp {
        return Err("failed to parse scheme".to_owned());
    }
    let slash = text.find('/');
    let colon = text.find(':').filter(|colon| is_scp && *colon > 0);
    let separator = match (slash, colon) {
        (Some(slash), Some(colon)) => Some(slash.min(colon)),
        (slash, colon) => slash.or(colon),
    };
    let (host, rest) = separator.map_or((text, ""), |separator| text.split_at(separator + 1));
    if is_github {
        let over_ssh = scheme == "ssh://" || !user.is_empty();
        let host = if over_ssh { format!("{user}github.com:") } else { "https://github.com/".to_owned() };
        return Ok((host, rest));
    }
    if host.is_empty() {
        return Err("failed to parse host segment".to_owned());
    }
    Ok((format!("{scheme}{user}{host}"), rest))
}

/// The repository and the directory in it: told apart by a marker, else after two names (or never, for local files).
fn split_repository(text: &str, is_local: bool) -> Option<(&str, &str)> {
    if let Some(marker) = text.find("_git/") {
        let names = marker + "_git/".len();
        let end = text[names..].find('/').map_or(text.len(), |slash| names + slash);
        return Some((&text[..end], text[end..].strip_prefix('/').unwrap_or_default()));
    }
    if let Some(marker) = text.find("//") {
        return Some((&text[..marker], &text[marker + 2..]));
    }
    if let Some(marker) = text.find(".git") {
        return Some(text.split_at(marker + ".git".len()));
    }
    if is_local {
        return Some((text, ""));
    }
    let first = text.find('/')?;
    match text[first + 1..].find('/') {
        Some(second) => Some((&text[..first + 1 + second], &text[first + 2 + second..])),
        None => Some((text, "")),
    }
}

/// Whether a path is one that is fetched with GET.
pub(crate) fn is_remote_file(path: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| strip_ignoring_case(path, scheme).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_split_as_git_users_write_them() {
        for (text, clone, path, reference) in [
            ("github.com/org/repo", "https://github.com/org/repo", "", ""),
            ("https://github.com/org/repo//a/b?ref=v1", "https://github.com/org/repo", "a/b", "v1"),
            ("github.com/org/repo/a/b?version=v2&timeout=90s", "https://github.com/org/repo", "a/b", "v2"),
            ("git@github.com:org/repo.git/a?ref=x%2Fy", "git@github.com:org/repo.git", "a", "x/y"),
            ("ssh://git@github.com/org/repo", "git@github.com:org/repo", "", ""),
            ("git::https://gitlab.example.com/a/b/c//d", "https://gitlab.example.com/a/b/c", "d", ""),
            ("user@host.xz:path/to/repo.git//dir", "user@host.xz:path/to/repo.git", "dir", ""),
            ("https://u@dev.azure.com/o/p/_git/repo/x/y", "https://u@dev.azure.com/o/p/_git/repo", "x/y", ""),
            ("file:///a/b/repo//c", "file:///a/b/repo", "c", ""),
            ("file:///a/b/repo", "file:///a/b/repo", "", ""),
        ] {
            let url = RepositoryUrl::parse(text).unwrap();
            assert_eq!(
                (url.clone_url().as_str(), url.path.as_str(), url.reference.as_str()),
                (clone, path, reference),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_no_repositories() {
        for text in [
            "../base",
            "base",
            "/abs",
            "a:b.yaml",
            "dir/a@b:c",
            "https://example.com/only-one",
            "https://github.com/org/repo//../../x",
            "htxxxtp://github.com/",
        ] {
            assert!(RepositoryUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn query_options_are_read() {
        let url = RepositoryUrl::parse("github.com/a/b?timeout=2m&submodules=false").unwrap();
        assert_eq!((url.timeout, url.submodules), (Duration::from_secs(120), false));
        assert_eq!(RepositoryUrl::parse("github.com/a/b?timeout=x").unwrap().timeout, TIMEOUT);
    }
}
