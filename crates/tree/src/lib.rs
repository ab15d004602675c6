//! The read-only file tree that renderers read through.
//!
//! ```text
//!  git commit ─┐
//!  chart .tgz ─┼─▶ Tree ──▶ Traced ──▶ helm · kustomize · jsonnet · directory
//!  memory     ─┘   read · list · entry
//! ```
//!
//! A renderer gets a [`Tree`] and nothing else: no file system, no network, no process. Paths are [`TreePath`]s,
//! which are relative to the root and cannot climb above it, so leaving a repository is not something that has to be
//! checked for: it cannot be written down. Symbolic links are followed by [`resolve`] inside the tree only.
//!
//! Everything in a tree has an [`Oid`] that names its whole content, as in Git: equal ids mean equal content, for
//! directories too. [`Traced`] notes the id of all that a render asked for, which is what lets a cache prove later
//! that nothing the render has seen was changed.
//!
//! Deliberately absent: opening trees (see the `source` crate), caching (see `render`), writing of any kind.

mod memory;
mod path;
mod resolve;
mod trace;

use std::fmt;
use std::sync::Arc;

pub use memory::MemoryTree;
pub use path::{PathError, TreePath};
pub use resolve::{exists, is_directory, is_file, read, read_text, resolve, walk};
pub use trace::{Observation, Trace, Traced};

/// The identity of a file's or directory's whole content: 20 bytes for SHA-1 repositories, 32 for SHA-256.
///
/// Shown as lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Oid(Arc<[u8]>);

impl Oid {
    /// The id with these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Arc::from(bytes))
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for Oid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Oid({self})")
    }
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file, executable or not.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; reading it gives the target text.
    Symlink,
    /// A commit of another repository. Trees that open submodules show a [`EntryKind::Directory`] instead.
    Submodule,
}

/// One entry of a tree: what it is, and the id of its content.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// What stands here.
    pub kind: EntryKind,
    /// The id of the content.
    pub oid: Oid,
}

/// Why a tree could not be read.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum TreeError {
    /// Nothing stands at the path.
    #[error("{path}: no such file or directory")]
    NotFound {
        /// The path that was asked for.
        path: TreePath,
    },
    /// A file was wanted, but a directory stands there.
    #[error("{path}: is a directory")]
    IsDirectory {
        /// The path that was asked for.
        path: TreePath,
    },
    /// A directory was wanted, but something else stands there.
    #[error("{path}: not a directory")]
    NotDirectory {
        /// The path that was asked for.
        path: TreePath,
    },
    /// A symbolic link points out of the tree, or links form a ring.
    #[error("{path}: symbolic link to {target:?} cannot be followed: {reason}")]
    BadLink {
        /// The link.
        path: TreePath,
        /// Its text.
        target: String,
        /// Why it cannot be followed.
        reason: &'static str,
    },
    /// A file is larger than a reader is willing to take.
    #[error("{path}: {size} bytes, more than the {limit} bytes allowed")]
    TooLarge {
        /// The file.
        path: TreePath,
        /// Its size in bytes.
        size: u64,
        /// The most bytes that are read.
        limit: u64,
    },
    /// Text was wanted, but the file is not valid UTF-8.
    #[error("{path}: not valid UTF-8 text")]
    NotText {
        /// The file.
        path: TreePath,
    },
    /// The store behind the tree failed.
    #[error("{path}: {message}")]
    Storage {
        /// The path that was asked for.
        path: TreePath,
        /// What the store said.
        message: String,
    },
}

/// A read-only tree of files.
///
/// Implementations answer for the exact path: they do not follow symbolic links ([`resolve`] does), and answer
/// [`TreeError::NotFound`] rather than an empty result when nothing is there.
pub trait Tree: Send + Sync {
    /// What stands at `path`, or `None` when nothing does. The root is a directory.
    ///
    /// # Errors
    /// Only when the store fails: absence is `Ok(None)`.
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError>;

    /// What kind of thing stands at `path`, or `None` when nothing does.
    ///
    /// Prefer this to [`Tree::entry`] where the content does not matter: a [`Traced`] tree then remembers only the
    /// kind, and a change inside the directory does not make the answer stale.
    ///
    /// # Errors
    /// Only when the store fails.
    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        Ok(self.entry(path)?.map(|entry| entry.kind))
    }

    /// The bytes of the file (or the target text of the link) at `path`.
    ///
    /// # Errors
    /// [`TreeError::NotFound`], [`TreeError::IsDirectory`], [`TreeError::TooLarge`] or [`TreeError::Storage`].
    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError>;

    /// The entries of the directory at `path`, sorted by name (bytewise).
    ///
    /// # Errors
    /// [`TreeError::NotFound`], [`TreeError::NotDirectory`] or [`TreeError::Storage`].
    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError>;

    /// Whether the file at `path` may be executed. Trees that keep no such thing say no.
    ///
    /// # Errors
    /// Only when the store fails.
    fn is_executable(&self, path: &TreePath) -> Result<bool, TreeError> {
        let _ = path;
        Ok(false)
    }
}

impl<T: Tree + ?Sized> Tree for Arc<T> {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        (**self).entry(path)
    }

    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        (**self).kind(path)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        (**self).read(path)
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        (**self).list(path)
    }

    fn is_executable(&self, path: &TreePath) -> Result<bool, TreeError> {
        (**self).is_executable(path)
    }
}
