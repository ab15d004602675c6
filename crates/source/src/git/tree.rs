//! A commit as a [`Tree`]: directories and files are read by object id, there is no work tree.
//!
//! Submodules that were opened stand in it as directories; files that Git LFS keeps elsewhere are read from there.

use std::sync::Arc;

use gix::ObjectId;
use tree::{Entry, EntryKind, Oid, Tree, TreeError, TreePath};

use super::lfs::{Pointer, Shelf};
use super::store::Store;

/// The files of one commit.
pub struct GitTree {
    store: Arc<Store>,
    commit: String,
    root: ObjectId,
    modules: Vec<(TreePath, Arc<GitTree>)>,
    lfs: Option<Arc<Shelf>>,
}

impl GitTree {
    pub(crate) fn new(store: Arc<Store>, commit: String, root: ObjectId) -> Self {
        Self { store, commit, root, modules: Vec::new(), lfs: None }
    }

    /// The same commit with these submodules in it, and with the files that LFS keeps.
    pub(super) fn furnished(&self, modules: Vec<(TreePath, Arc<Self>)>, lfs: Option<Arc<Shelf>>) -> Self {
        let (store, commit) = (self.store.clone(), self.commit.clone());
        Self { store, commit, root: self.root, modules, lfs }
    }

    /// The id of the commit, as 40 hexadecimal digits.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    pub(crate) fn root(&self) -> &ObjectId {
        &self.root
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    fn object_id(&self, oid: &Oid, path: &TreePath) -> Result<ObjectId, TreeError> {
        ObjectId::try_from(oid.as_bytes())
            .map_err(|error| TreeError::Storage { path: path.clone(), message: error.to_string() })
    }

    fn find(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        let mut here = Entry { kind: EntryKind::Directory, oid: Oid::new(self.root.as_bytes()) };
        for name in path.names() {
            if here.kind != EntryKind::Directory {
                return Ok(None);
            }
            let entries = self.store.directory_entries(&self.object_id(&here.oid, path)?, path)?;
            match entries.binary_search_by(|(candidate, _)| candidate.as_str().cmp(name)) {
                Ok(index) => here = entries[index].1.clone(),
                Err(_) => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// The submodule that a path is in, and the path inside it.
    fn module(&self, path: &TreePath) -> Option<(&Arc<Self>, TreePath)> {
        self.modules.iter().find_map(|(place, module)| {
            if path == place {
                return Some((module, TreePath::root()));
            }
            Some((module, TreePath::new(path.below(place)?).ok()?))
        })
    }

    /// An entry as readers see it. With LFS the same Git objects have another content than without, so that their ids may
    /// not be the same either: a byte is added to them.
    fn shown(&self, entry: Entry) -> Entry {
        if self.lfs.is_none() {
            return entry;
        }
        let mut id = entry.oid.as_bytes().to_vec();
        id.push(1);
        Entry { kind: entry.kind, oid: Oid::new(&id) }
    }

    fn file(&self, entry: &Entry, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let content = self.store.file(&self.object_id(&entry.oid, path)?, path)?;
        let Some(shelf) = self.lfs.as_ref().filter(|_| entry.kind == EntryKind::File) else {
            return Ok(content);
        };
        let Some(pointer) = Pointer::parse(&content) else { return Ok(content) };
        shelf.read(&pointer).map_err(|message| TreeError::Storage { path: path.clone(), message })
    }
}

impl Tree for GitTree {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        match self.module(path) {
            Some((module, inside)) => module.entry(&inside),
            None => Ok(self.find(path)?.map(|entry| self.shown(entry))),
        }
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        if let Some((module, inside)) = self.module(path) {
            return module.read(&inside).map_err(|error| at(error, path));
        }
        match self.find(path)? {
            None => Err(TreeError::NotFound { path: path.clone() }),
            Some(entry) if matches!(entry.kind, EntryKind::File | EntryKind::Symlink) => {
                self.file(&entry, path)
            }
            Some(_) => Err(TreeError::IsDirectory { path: path.clone() }),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        if let Some((module, inside)) = self.module(path) {
            return module.list(&inside).map_err(|error| at(error, path));
        }
        let mut entries = match self.find(path)? {
            None => return Err(TreeError::NotFound { path: path.clone() }),
            Some(entry) if entry.kind == EntryKind::Directory => {
                self.store.directory_entries(&self.object_id(&entry.oid, path)?, path)?.to_vec()
            }
            Some(_) => return Err(TreeError::NotDirectory { path: path.clone() }),
        };
        if !self.modules.is_empty() {
            for (name, entry) in entries.iter_mut().filter(|(_, entry)| entry.kind == EntryKind::Submodule) {
                let Ok(child) = path.join(name) else { continue };
                if let Some((_, module)) = self.modules.iter().find(|(place, _)| *place == child) {
                    *entry = Entry { kind: EntryKind::Directory, oid: Oid::new(module.root.as_bytes()) };
                }
            }
        }
        if self.lfs.is_some() {
            entries = entries.into_iter().map(|(name, entry)| (name, self.shown(entry))).collect();
        }
        Ok(entries)
    }

    fn is_executable(&self, path: &TreePath) -> Result<bool, TreeError> {
        if let Some((module, inside)) = self.module(path) {
            return module.is_executable(&inside);
        }
        let (Some(name), Some(directory)) = (path.name(), path.parent()) else { return Ok(false) };
        match self.find(&directory)? {
            Some(entry) if entry.kind == EntryKind::Directory => {
                self.store.is_executable(&self.object_id(&entry.oid, path)?, name, path)
            }
            _ => Ok(false),
        }
    }
}

/// An error of a submodule with the path that the reader of the whole knows.
fn at(error: TreeError, whole: &TreePath) -> TreeError {
    let path = whole.clone();
    match error {
        TreeError::NotFound { .. } => TreeError::NotFound { path },
        TreeError::IsDirectory { .. } => TreeError::IsDirectory { path },
        TreeError::NotDirectory { .. } => TreeError::NotDirectory { path },
        TreeError::Storage { message, .. } => TreeError::Storage { path, message },
        other => other,
    }
}
