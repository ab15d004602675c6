//! A tree with some files replaced and other trees hung into it, as the tools' own commands would have changed a
//! checkout: edited kustomizations, fetched chart dependencies.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use tree::{Entry, EntryKind, Oid, Tree, TreeError, TreePath};

/// The tree below, with changes. Look-ups that the changes do not answer go to the tree below, so that a trace of it
/// notes them.
pub(crate) struct Overlay {
    below: Arc<dyn Tree>,
    files: BTreeMap<TreePath, Arc<[u8]>>,
    mounts: Vec<(TreePath, Arc<dyn Tree>)>,
}

impl Overlay {
    pub(crate) fn new(below: Arc<dyn Tree>) -> Self {
        Self { below, files: BTreeMap::new(), mounts: Vec::new() }
    }

    /// Puts a file in place of what is there.
    pub(crate) fn put(&mut self, path: TreePath, content: impl Into<Arc<[u8]>>) {
        self.files.insert(path, content.into());
    }

    /// Hangs a tree in at a directory that does not exist below.
    pub(crate) fn mount(&mut self, path: TreePath, tree: Arc<dyn Tree>) {
        self.mounts.push((path, tree));
    }

    fn mounted(&self, path: &TreePath) -> Option<(&Arc<dyn Tree>, TreePath)> {
        self.mounts.iter().find_map(|(at, tree)| {
            let inner = TreePath::new(path.below(at)?).ok()?;
            Some((tree, inner))
        })
    }

    /// Whether a change lies below the path, so that a directory has to be there.
    fn leads_to_change(&self, path: &TreePath) -> bool {
        let inside = |changed: &TreePath| changed != path && changed.below(path).is_some();
        self.files.keys().any(inside) || self.mounts.iter().any(|(at, _)| inside(at))
    }

    fn file_entry(content: &[u8]) -> Entry {
        // Caches look at the tree below; inside one render this tells contents apart.
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Entry { kind: EntryKind::File, oid: Oid::new(&hasher.finish().to_be_bytes()) }
    }
}

impl Tree for Overlay {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        if let Some(content) = self.files.get(path) {
            return Ok(Some(Self::file_entry(content)));
        }
        if let Some((tree, inner)) = self.mounted(path) {
            return tree.entry(&inner);
        }
        let entry = self.below.entry(path)?;
        if entry.is_none() && self.leads_to_change(path) {
            return Ok(Some(Entry { kind: EntryKind::Directory, oid: Oid::new(&[]) }));
        }
        Ok(entry)
    }

    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        if self.files.contains_key(path) {
            return Ok(Some(EntryKind::File));
        }
        if let Some((tree, inner)) = self.mounted(path) {
            return tree.kind(&inner);
        }
        let kind = self.below.kind(path)?;
        Ok(if kind.is_none() && self.leads_to_change(path) { Some(EntryKind::Directory) } else { kind })
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        if let Some(content) = self.files.get(path) {
            return Ok(content.clone());
        }
        match self.mounted(path) {
            Some((tree, inner)) => tree.read(&inner),
            None => self.below.read(path),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        if let Some((tree, inner)) = self.mounted(path) {
            return tree.list(&inner);
        }
        let listed = match self.below.list(path) {
            Err(TreeError::NotFound { .. }) if self.leads_to_change(path) => Vec::new(),
            other => other?,
        };
        let mut entries: BTreeMap<String, Entry> = listed.into_iter().collect();
        let changes = self.files.keys().chain(self.mounts.iter().map(|(at, _)| at));
        for changed in changes {
            let Some(rest) = changed.below(path).filter(|rest| !rest.is_empty()) else { continue };
            let name = rest.split('/').next().unwrap_or(rest);
            if let Ok(child) = path.join(name)
                && let Some(entry) = self.entry(&child)?
            {
                entries.insert(name.to_owned(), entry);
            }
        }
        Ok(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tree::MemoryTree;

    #[test]
    fn changes_are_seen_and_the_rest_shines_through() {
        let path = |text: &str| TreePath::new(text).unwrap();
        let mut below = MemoryTree::new();
        below.insert_text("app/a.yaml", "old").unwrap();
        below.insert_text("app/b.yaml", "b").unwrap();
        let mut chart = MemoryTree::new();
        chart.insert_text("Chart.yaml", "name: redis").unwrap();
        let mut overlay = Overlay::new(Arc::new(below));
        overlay.put(path("app/a.yaml"), *b"new");
        overlay.mount(path("app/charts/redis"), Arc::new(chart));
        assert_eq!(&*overlay.read(&path("app/a.yaml")).unwrap(), b"new");
        assert_eq!(&*overlay.read(&path("app/b.yaml")).unwrap(), b"b");
        let names = |at: &str| -> Vec<_> {
            overlay.list(&path(at)).unwrap().into_iter().map(|(name, _)| name).collect()
        };
        assert_eq!(names("app"), ["a.yaml", "b.yaml", "charts"]);
        assert_eq!(names("app/charts"), ["redis"]);
        assert_eq!(names("app/charts/redis"), ["Chart.yaml"]);
        assert_eq!(overlay.kind(&path("app/charts")).unwrap(), Some(EntryKind::Directory));
        assert_eq!(tree::walk(&overlay, &path("app")).unwrap().len(), 3);
    }
}
