//! A commit as a [`Tree`]: directories and files are read by object id, there is no work tree.

use std::sync::Arc;

use gix::ObjectId;
use tree::{Entry, EntryKind, Oid, Tree, TreeError, TreePath};

use super::store::Store;

/// The files of one commit.
pub struct GitTree {
    store: Arc<Store>,
    commit: String,
    root: ObjectId,
}

impl GitTree {
    pub(crate) fn new(store: Arc<Store>, commit: String, root: ObjectId) -> Self {
        Self { store, commit, root }
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
}

impl Tree for GitTree {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        self.find(path)
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        match self.find(path)? {
            None => Err(TreeError::NotFound { path: path.clone() }),
            Some(entry) if matches!(entry.kind, EntryKind::File | EntryKind::Symlink) => {
                self.store.file(&self.object_id(&entry.oid, path)?, path)
            }
            Some(_) => Err(TreeError::IsDirectory { path: path.clone() }),
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        match self.find(path)? {
            None => Err(TreeError::NotFound { path: path.clone() }),
            Some(entry) if entry.kind == EntryKind::Directory => {
                Ok(self.store.directory_entries(&self.object_id(&entry.oid, path)?, path)?.to_vec())
            }
            Some(_) => Err(TreeError::NotDirectory { path: path.clone() }),
        }
    }

    fn is_executable(&self, path: &TreePath) -> Result<bool, TreeError> {
        let (Some(name), Some(directory)) = (path.name(), path.parent()) else { return Ok(false) };
        match self.find(&directory)? {
            Some(entry) if entry.kind == EntryKind::Directory => {
                self.store.is_executable(&self.object_id(&entry.oid, path)?, name, path)
            }
            _ => Ok(false),
        }
    }
}
