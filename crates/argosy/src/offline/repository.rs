//! A Git repository on this machine: its revisions, and the Applications that its files describe.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use source::{Access, Freshness, Sources};
use tree::{EntryKind, Tree, TreePath};
use types::{Application, normalize_repository_url};

use super::application;

/// Directories that are looked through.
const MAX_DIRECTORIES: usize = 20_000;
/// The largest file that may describe an Application.
const MAX_FILE_BYTES: usize = 4 << 20;

/// A repository.
pub(super) struct LocalRepository {
    root: PathBuf,
    /// As the renderer is told it.
    pub(super) url: String,
    /// The URLs by which Applications may name it, normalized.
    names: Vec<String>,
}

impl LocalRepository {
    /// The repository around a path. `names` are further URLs by which Applications name it.
    pub(super) fn open(path: &Path, names: &[String]) -> Result<Self> {
        let full = path.canonicalize().with_context(|| format!("cannot open {}", path.display()))?;
        let Some(root) = full.ancestors().find(|directory| directory.join(".git").exists()) else {
            bail!("{} is not in a Git repository; name one with --repo", path.display());
        };
        let url = format!("file://{}", root.display());
        let remotes = git(root, &["config", "--get-regexp", r"^remote\..*\.url$"]).unwrap_or_default();
        let remotes = remotes.lines().filter_map(|line| line.split_once(' ')).map(|(_, url)| url.to_owned());
        let names = remotes.chain(names.iter().cloned()).chain([url.clone()]);
        let names =
            names.map(|name| normalize_repository_url(&name)).filter(|name| !name.is_empty()).collect();
        Ok(Self { root: root.to_owned(), url, names })
    }

    /// Whether an Application means this repository.
    pub(super) fn is_meant(&self, url: &str) -> bool {
        self.names.contains(&normalize_repository_url(url))
    }

    /// The commit that a revision means, in Git's own notation (`main`, `HEAD~1`, `v1.2`).
    pub(super) async fn commit(&self, revision: &str, sources: &Sources) -> Result<String> {
        if let Ok(commit) = git(
            &self.root,
            &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")],
        ) {
            return Ok(commit.trim().to_owned());
        }
        let access = Access::default();
        let resolved = sources.git().resolve(&self.url, revision, "", &access, Freshness::Now).await;
        resolved.with_context(|| format!("cannot find revision {revision} in {}", self.root.display()))
    }

    /// The Applications at a commit, in the order of their files, with the names of those.
    pub(super) async fn applications(
        &self,
        commit: &str,
        sources: &Sources,
    ) -> Result<Vec<(String, Application)>> {
        let tree = sources.git().open(&self.url, commit, &Access::default()).await?;
        tokio::task::spawn_blocking(move || find(&*tree)).await?
    }
}

fn find(tree: &dyn Tree) -> Result<Vec<(String, Application)>> {
    let mut found = Vec::new();
    let mut ahead = vec![TreePath::root()];
    let mut looked = 0;
    while let Some(directory) = ahead.pop() {
        looked += 1;
        if looked > MAX_DIRECTORIES {
            bail!("there are more than {MAX_DIRECTORIES} directories in the repository");
        }
        let mut below = Vec::new();
        for (name, entry) in tree.list(&directory)? {
            let path = directory.join(&name)?;
            match entry.kind {
                EntryKind::Directory => below.push(path),
                EntryKind::File if [".yaml", ".yml", ".json"].iter().any(|end| name.ends_with(end)) => {
                    let content = tree.read(&path)?;
                    let Ok(text) = std::str::from_utf8(&content) else { continue };
                    let may_be_one = content.len() <= MAX_FILE_BYTES
                        && ["Application", "argoproj.io/", "kind", "spec"]
                            .iter()
                            .all(|word| text.contains(word));
                    // What is a template, or broken in another way, is no Application that could be applied.
                    let Ok(applications) = application::applications_in(if may_be_one { text } else { "" })
                    else {
                        continue;
                    };
                    found.extend(applications.into_iter().map(|application| (path.to_string(), application)));
                }
                EntryKind::File | EntryKind::Symlink | EntryKind::Submodule => {}
            }
        }
        ahead.extend(below.into_iter().rev());
    }
    Ok(found)
}

fn git(directory: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(directory).args(arguments).env("GIT_TERMINAL_PROMPT", "0");
    let output = command.output().context("cannot run git")?;
    if !output.status.success() {
        bail!("git {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8(output.stdout)?)
}
