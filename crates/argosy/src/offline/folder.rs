//! [`Place`]: a path of this machine that a user named, in the tree around it.
//!
//! What may be read is below one root: the Git work tree that the path is in, so that bases and value files beside it are
//! found; links are followed only inside of it, as in a repository.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use source::Folder;
use tree::TreePath;

/// Which files may be read.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RootOption {
    /// The directory out of which nothing is read. By default the Git work tree around the path; without one the working
    /// directory when the path is below it, and else the path itself.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

/// What a user named, in the tree around it.
pub(crate) struct Place {
    /// The tree.
    pub(crate) tree: Arc<Folder>,
    /// Where in it.
    pub(crate) path: TreePath,
    is_directory: bool,
}

impl Place {
    /// Finds the root for a path.
    pub(crate) fn open(path: &Path, root: &RootOption) -> Result<Self> {
        let full = path.canonicalize().with_context(|| format!("cannot open {}", path.display()))?;
        let is_directory = full.is_dir();
        let root = match &root.root {
            Some(root) => root.canonicalize().with_context(|| format!("cannot open {}", root.display()))?,
            None => default_root(&full, is_directory),
        };
        let mut place = Self { tree: Arc::new(Folder::new(root)), path: TreePath::root(), is_directory };
        place.path = place.path_of(path)?;
        Ok(place)
    }

    /// A path in the tree of a directory around it.
    pub(crate) fn open_below(path: &Path, root: &Path) -> Result<Self> {
        Self::open(path, &RootOption { root: Some(root.to_owned()) })
    }

    /// Where another path of the machine is in the same tree.
    pub(crate) fn path_of(&self, path: &Path) -> Result<TreePath> {
        let shown = path.display();
        let full = path.canonicalize().with_context(|| format!("cannot open {shown}"))?;
        let root = self.tree.root();
        let Ok(below) = full.strip_prefix(root) else {
            bail!("{shown} is not below {}; name a directory around it with --root", root.display());
        };
        let Some(below) = below.to_str() else { bail!("{shown}: the path is no text in UTF-8") };
        TreePath::new(below).with_context(|| format!("cannot open {shown}"))
    }

    /// Whether it is a directory.
    pub(crate) fn is_directory(&self) -> bool {
        self.is_directory
    }

    /// Whether the directory has a file of this name.
    pub(crate) fn has_file(&self, name: &str) -> Result<bool> {
        Ok(tree::is_file(&*self.tree, &self.path.join(name)?)?)
    }
}

fn default_root(full: &Path, is_directory: bool) -> PathBuf {
    let start = if is_directory { full } else { full.parent().unwrap_or(full) };
    if let Some(work_tree) = start.ancestors().find(|directory| directory.join(".git").exists()) {
        return work_tree.to_owned();
    }
    match std::env::current_dir().and_then(|directory| directory.canonicalize()) {
        Ok(working) if full.starts_with(&working) => working,
        _ => start.to_owned(),
    }
}
