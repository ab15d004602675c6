//! A tree held in memory: chart archives, fixtures, and files that a client sent along.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use crate::{Entry, EntryKind, Oid, PathError, Tree, TreeError, TreePath};

#[derive(Debug, Clone)]
struct Leaf {
    kind: EntryKind,
    content: Arc<[u8]>,
}

/// Files by path, with directories implied by them.
///
/// Its ids are hashes made for one process: equal content has equal ids inside it, but they are no Git ids and must
/// not be stored. Directory ids are computed when asked for, at the cost of all that is below.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    leaves: BTreeMap<String, Leaf>,
}

impl MemoryTree {
    /// An empty tree.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a file at `path`, in place of what was there.
    ///
    /// # Errors
    /// When `path` is no path inside a tree, or is the root: a tree is a directory.
    pub fn insert(&mut self, path: &str, content: impl Into<Arc<[u8]>>) -> Result<(), PathError> {
        self.put(path, EntryKind::File, content.into())
    }

    /// Puts a text file at `path`.
    ///
    /// # Errors
    /// As [`MemoryTree::insert`].
    pub fn insert_text(&mut self, path: &str, text: &str) -> Result<(), PathError> {
        self.insert(path, text.as_bytes())
    }

    /// Puts a symbolic link to `target` at `path`.
    ///
    /// # Errors
    /// As [`MemoryTree::insert`]; the target may be any text.
    pub fn insert_link(&mut self, path: &str, target: &str) -> Result<(), PathError> {
        self.put(path, EntryKind::Symlink, Arc::from(target.as_bytes()))
    }

    fn put(&mut self, text: &str, kind: EntryKind, content: Arc<[u8]>) -> Result<(), PathError> {
        let path = TreePath::new(text)?;
        if path.is_root() {
            return Err(PathError::NoName { path: text.to_owned() });
        }
        self.leaves.insert(path.as_str().to_owned(), Leaf { kind, content });
        Ok(())
    }

    /// The leaves below a directory, with the part of their path below it.
    fn below<'a>(&'a self, path: &'a TreePath) -> impl Iterator<Item = (&'a str, &'a Leaf)> + 'a {
        let prefix = if path.is_root() { String::new() } else { format!("{path}/") };
        let length = prefix.len();
        self.leaves
            .range(prefix.clone()..)
            .take_while(move |(name, _)| name.starts_with(&prefix))
            .map(move |(name, leaf)| (&name[length..], leaf))
    }

    fn directory_oid(&self, path: &TreePath) -> Oid {
        let mut hasher = DefaultHasher::new();
        for (name, leaf) in self.below(path) {
            (name, leaf.kind, &leaf.content).hash(&mut hasher);
        }
        Oid::new(&hasher.finish().to_be_bytes())
    }
}

fn leaf_entry(leaf: &Leaf) -> Entry {
    let mut hasher = DefaultHasher::new();
    (leaf.kind, &leaf.content).hash(&mut hasher);
    Entry { kind: leaf.kind, oid: Oid::new(&hasher.finish().to_be_bytes()) }
}

impl Tree for MemoryTree {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if let Some(leaf) = self.leaves.get(path.as_str()) {
            return Ok(Some(leaf_entry(leaf)));
        }
        if path.is_root() || self.below(path).next().is_some() {
            return Ok(Some(Entry { kind: EntryKind::Directory, oid: self.directory_oid(path) }));
        }
        Ok(None)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.leaves.get(path.as_str()) {
            Some(leaf) => Ok(leaf.content.clone()),
            None if self.entry(path)?.is_some() => Err(TreeError::IsDirectory { path: path.clone() }),
            None => Err(TreeError::NotFound { path: path.clone() }),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        match self.entry(path)? {
            None => return Err(TreeError::NotFound { path: path.clone() }),
            Some(entry) if entry.kind != EntryKind::Directory => {
                return Err(TreeError::NotDirectory { path: path.clone() });
            }
            Some(_) => {}
        }
        let mut entries = BTreeMap::new();
        for (rest, leaf) in self.below(path) {
            let Some((name, _)) = rest.split_once('/') else {
                entries.insert(rest.to_owned(), leaf_entry(leaf));
                continue;
            };
            if !entries.contains_key(name) {
                let oid = path.join(name).map(|child| self.directory_oid(&child)).unwrap_or(Oid::new(&[]));
                entries.insert(name.to_owned(), Entry { kind: EntryKind::Directory, oid });
            }
        }
        Ok(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_implied_and_named_by_their_content() {
        let mut tree = MemoryTree::new();
        tree.insert_text("a/one.yaml", "1").unwrap();
        tree.insert_text("a/b/two.yaml", "2").unwrap();
        let a = TreePath::new("a").unwrap();
        let names: Vec<_> =
            tree.list(&a).unwrap().into_iter().map(|(name, entry)| (name, entry.kind)).collect();
        assert_eq!(names, [("b".into(), EntryKind::Directory), ("one.yaml".into(), EntryKind::File)]);
        let before = tree.entry(&a).unwrap().unwrap().oid;
        tree.insert_text("a/b/two.yaml", "3").unwrap();
        assert_ne!(before, tree.entry(&a).unwrap().unwrap().oid);
        assert!(matches!(tree.read(&a), Err(TreeError::IsDirectory { .. })));
        assert!(matches!(tree.list(&TreePath::new("ab").unwrap()), Err(TreeError::NotFound { .. })));
    }

    #[test]
    fn the_root_is_a_directory_and_nothing_else() {
        for name in ["", ".", "./", "a/.."] {
            let mut tree = MemoryTree::new();
            assert!(matches!(tree.insert_text(name, "x"), Err(PathError::NoName { .. })), "{name:?}");
            assert!(matches!(tree.insert_link(name, "x"), Err(PathError::NoName { .. })), "{name:?}");
            assert_eq!(tree.entry(&TreePath::root()).unwrap().unwrap().kind, EntryKind::Directory);
        }
    }
}
