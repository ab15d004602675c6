//! The objects of one repository on disk, read by many threads.

use std::sync::Arc;

use gix::ObjectId;
use gix::objs::{Find as _, Kind, TreeRefIter, tree::EntryKind as GitKind};
use parking_lot::Mutex;
use tree::{Entry, EntryKind, Oid, TreeError, TreePath};

use super::cache::{Decoded, Directory, ObjectCache};

/// Objects larger than this are not read: no manifest is.
const MAX_OBJECT: u64 = 128 * 1024 * 1024;

/// An object database, with a pool of handles since one handle serves one thread at a time.
pub(crate) struct Store {
    first: Mutex<gix::OdbHandleArc>,
    idle: Mutex<Vec<gix::OdbHandleArc>>,
    cache: Arc<ObjectCache>,
}

/// An object as stored.
pub(crate) struct Raw {
    pub(crate) kind: Kind,
    pub(crate) data: Vec<u8>,
}

impl Store {
    /// The objects of an opened repository.
    pub(crate) fn new(repository: &gix::Repository, cache: Arc<ObjectCache>) -> std::io::Result<Self> {
        Ok(Self { first: Mutex::new(repository.objects.clone().into_arc()?), idle: Mutex::default(), cache })
    }

    fn with<T>(&self, job: impl FnOnce(&gix::OdbHandleArc) -> T) -> T {
        let handle = self.idle.lock().pop();
        let handle = handle.unwrap_or_else(|| self.first.lock().clone());
        let result = job(&handle);
        self.idle.lock().push(handle);
        result
    }

    /// Whether the object is here.
    pub(crate) fn has(&self, id: &ObjectId) -> bool {
        use gix::objs::Exists as _;
        self.with(|handle| handle.exists(id))
    }

    /// The bytes of an object; `None` when it is not here.
    pub(crate) fn size(&self, id: &ObjectId) -> Option<u64> {
        self.with(|handle| gix::prelude::HeaderExt::header(handle, id)).ok().map(|header| header.size())
    }

    /// The objects of all kinds whose ids start with these hexadecimal digits.
    pub(crate) fn by_prefix(&self, digits: &str) -> Vec<ObjectId> {
        let Ok(prefix) = gix::hash::Prefix::from_hex(digits) else { return Vec::new() };
        let mut candidates = std::collections::HashSet::new();
        let found = self.with(|handle| handle.lookup_prefix(prefix, Some(&mut candidates)));
        if let Ok(Some(Ok(only))) = found {
            candidates.insert(only);
        }
        candidates.into_iter().collect()
    }

    /// An object as it is stored, or why it cannot be read.
    pub(crate) fn raw(&self, id: &ObjectId) -> Result<Option<Raw>, String> {
        self.with(|handle| {
            if let Ok(header) = gix::prelude::HeaderExt::header(handle, id)
                && header.size() > MAX_OBJECT
            {
                return Err(format!("object {id} has {} bytes; the limit is {MAX_OBJECT}", header.size()));
            }
            let mut data = Vec::new();
            match handle.try_find(id, &mut data) {
                Ok(Some(found)) => {
                    let kind = found.kind;
                    Ok(Some(Raw { kind, data }))
                }
                Ok(None) => Ok(None),
                Err(error) => Err(format!("object {id}: {error}")),
            }
        })
    }

    /// The entries of the directory with this id.
    pub(crate) fn directory_entries(&self, id: &ObjectId, path: &TreePath) -> Result<Directory, TreeError> {
        if let Some(Decoded::Directory(entries)) = self.cache.get(id) {
            return Ok(entries);
        }
        let raw = self.expect(id, Kind::Tree, path)?;
        let mut entries = Vec::new();
        for entry in TreeRefIter::from_bytes(&raw.data, id.kind()) {
            let entry = entry.map_err(|error| storage(path, format!("tree {id} is damaged: {error}")))?;
            // A name that is not UTF-8 cannot be asked for by anything a manifest may say.
            let Ok(name) = std::str::from_utf8(entry.filename) else { continue };
            // Git itself never makes such entries, and refuses to check them out: they lead elsewhere.
            if matches!(name, "" | "." | "..") || name.contains('/') || name.eq_ignore_ascii_case(".git") {
                return Err(storage(path, format!("tree {id} is damaged: it has an entry named {name:?}")));
            }
            let kind = match entry.mode.kind() {
                GitKind::Tree => EntryKind::Directory,
                GitKind::Blob | GitKind::BlobExecutable => EntryKind::File,
                GitKind::Link => EntryKind::Symlink,
                GitKind::Commit => EntryKind::Submodule,
            };
            entries.push((name.to_owned(), Entry { kind, oid: Oid::new(entry.oid.as_bytes()) }));
        }
        entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        let entries: Directory = entries.into();
        self.cache.put(*id, Decoded::Directory(entries.clone()));
        Ok(entries)
    }

    /// Whether the file of this name in the directory with this id may be executed.
    pub(crate) fn is_executable(
        &self,
        id: &ObjectId,
        name: &str,
        path: &TreePath,
    ) -> Result<bool, TreeError> {
        let raw = self.expect(id, Kind::Tree, path)?;
        let mut entries = TreeRefIter::from_bytes(&raw.data, id.kind()).filter_map(Result::ok);
        let found = entries.find(|entry| entry.filename == name.as_bytes());
        Ok(found.is_some_and(|entry| entry.mode.kind() == GitKind::BlobExecutable))
    }

    /// The content of the file (or link) with this id.
    pub(crate) fn file(&self, id: &ObjectId, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        if let Some(Decoded::File(content)) = self.cache.get(id) {
            return Ok(content);
        }
        let content: Arc<[u8]> = self.expect(id, Kind::Blob, path)?.data.into();
        self.cache.put(*id, Decoded::File(content.clone()));
        Ok(content)
    }

    fn expect(&self, id: &ObjectId, kind: Kind, path: &TreePath) -> Result<Raw, TreeError> {
        match self.raw(id).map_err(|message| storage(path, message))? {
            Some(raw) if raw.kind == kind => Ok(raw),
            Some(raw) => Err(storage(path, format!("object {id} is a {}, not a {kind}", raw.kind))),
            None => Err(storage(path, format!("object {id} is missing from the store"))),
        }
    }
}

fn storage(path: &TreePath, message: String) -> TreeError {
    TreeError::Storage { path: path.clone(), message }
}
