//! Paths that cannot leave their tree.

use std::fmt;

/// A path inside a tree, relative to its root, in normal form: names joined by `/`, no empty name, no `.` and no `..`.
///
/// The root is the empty path and is shown as `.`. There is no way to build a path that climbs above the root:
/// [`TreePath::join`] refuses it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct TreePath(String);

/// Why a text is no path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path climbs above the root with `..`.
    #[error("{path:?} leads out of the repository")]
    Escapes {
        /// The text as given.
        path: String,
    },
    /// The path starts with `/` where only a relative one has a meaning.
    #[error("{path:?} is an absolute path; only paths inside the repository can be read")]
    Absolute {
        /// The text as given.
        path: String,
    },
    /// The path names the tree itself, where a file or link needs a name inside of it.
    #[error("{path:?} names the repository itself and no file in it")]
    NoName {
        /// The text as given.
        path: String,
    },
    /// The path has a NUL byte or a backslash, which no file of a repository should need.
    #[error("{path:?} has a character that no path may have")]
    BadCharacter {
        /// The text as given.
        path: String,
    },
}

impl TreePath {
    /// The root of the tree.
    pub const fn root() -> Self {
        Self(String::new())
    }

    /// Reads a relative path, such as `charts/web/values.yaml`; `.` and the empty text are the root.
    ///
    /// # Errors
    /// When the text is absolute, climbs above the root, or has a NUL or a backslash.
    pub fn new(text: &str) -> Result<Self, PathError> {
        Self::root().join(text)
    }

    /// This path followed by the relative path `text`, in which `..` may climb as far as the root.
    ///
    /// # Errors
    /// As [`TreePath::new`].
    pub fn join(&self, text: &str) -> Result<Self, PathError> {
        if text.contains(['\0', '\\']) {
            return Err(PathError::BadCharacter { path: text.to_owned() });
        }
        if text.starts_with('/') {
            return Err(PathError::Absolute { path: text.to_owned() });
        }
        let mut joined = self.0.clone();
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." if joined.is_empty() => return Err(PathError::Escapes { path: text.to_owned() }),
                ".." => joined.truncate(joined.rfind('/').unwrap_or(0)),
                name => {
                    if !joined.is_empty() {
                        joined.push('/');
                    }
                    joined.push_str(name);
                }
            }
        }
        Ok(Self(joined))
    }

    /// The path as text: empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The last name, or `None` for the root.
    pub fn name(&self) -> Option<&str> {
        self.names().next_back()
    }

    /// The directory that holds this path, or `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() { None } else { Some(Self(self.0[..self.0.rfind('/').unwrap_or(0)].to_owned())) }
    }

    /// The names from the root down.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/').filter(|name| !name.is_empty())
    }

    /// The part below `directory`: `a/b/c` below `a` is `b/c`; `None` when this path is not inside.
    pub fn below(&self, directory: &Self) -> Option<&str> {
        if directory.is_root() {
            return Some(&self.0);
        }
        let rest = self.0.strip_prefix(&directory.0)?;
        if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.is_root() { "." } else { &self.0 })
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normal() {
        for (text, normal) in [
            ("", "."),
            (".", "."),
            ("./a//b/./c/", "a/b/c"),
            ("a/../b", "b"),
            ("a/b/../..", "."),
            ("...", "..."),
        ] {
            assert_eq!(TreePath::new(text).unwrap().to_string(), normal, "{text:?}");
        }
    }

    #[test]
    fn no_path_leaves_the_tree() {
        for text in ["..", "a/../..", "../a", "/etc/passwd", "a/\0", "..\\x", "a/../../b"] {
            assert!(TreePath::new(text).is_err(), "{text:?}");
        }
        let inner = TreePath::new("a/b").unwrap();
        assert_eq!(inner.join("../../c").unwrap().as_str(), "c");
        assert!(inner.join("../../../c").is_err());
    }

    #[test]
    fn below_needs_a_whole_name() {
        let path = TreePath::new("apps/web/x").unwrap();
        assert_eq!(path.below(&TreePath::new("apps").unwrap()), Some("web/x"));
        assert_eq!(path.below(&TreePath::new("app").unwrap()), None);
        assert_eq!(path.below(&path), Some(""));
        assert_eq!(path.below(&TreePath::root()), Some("apps/web/x"));
        assert_eq!(path.parent().unwrap().as_str(), "apps/web");
        assert_eq!(path.name(), Some("x"));
    }
}
