//! [`Folder`]: a folder of this machine as a read-only tree.

use std::collections::HashMap;
use std::fs::{self, FileType};
use std::io::{ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tree::{Entry, EntryKind, Oid, Tree, TreeError, TreePath};

/// The most bytes of one file.
const MAX_FILE_BYTES: u64 = 64 << 20;
/// The most bytes of all files together.
const MAX_TOTAL_BYTES: u64 = 1 << 30;
/// The most entries of one directory.
const MAX_ENTRIES: usize = 100_000;

/// A directory of this machine and all below it.
///
/// Nobody vouches for what programs write there meanwhile, so no two answers have the same id, and no cache can take
/// one for the other.
pub struct Folder {
    root: PathBuf,
    ids: AtomicU64,
    left: AtomicU64,
    /// What has been looked at.
    seen: Mutex<HashMap<PathBuf, Option<EntryKind>>>,
}

impl Folder {
    /// The tree below a directory.
    pub fn new(root: PathBuf) -> Self {
        Self { root, ids: AtomicU64::new(0), left: AtomicU64::new(MAX_TOTAL_BYTES), seen: Mutex::default() }
    }

    /// Where it is on the machine.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What stands at the exact path: no link on the way is followed.
    fn look(&self, path: &TreePath) -> Result<Option<(PathBuf, EntryKind)>, TreeError> {
        let (mut place, mut kind) = (self.root.clone(), EntryKind::Directory);
        for name in path.names() {
            // A name of one plain component: anything else would mean something of its own to the system.
            let mut parts = Path::new(name).components();
            let is_plain = matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None));
            if kind != EntryKind::Directory || !is_plain {
                return Ok(None);
            }
            place.push(name);
            match self.standing(&place) {
                Ok(Some(found)) => kind = found,
                Ok(None) => return Ok(None),
                Err(error) => return Err(storage(path, &error)),
            }
        }
        Ok(Some((place, kind)))
    }

    /// What stands at a place in a directory. It is looked at once: a render goes through the same directories again
    /// with every file that it reads.
    fn standing(&self, place: &Path) -> std::io::Result<Option<EntryKind>> {
        let mut seen = self.seen.lock();
        if let Some(kind) = seen.get(place) {
            return Ok(*kind);
        }
        let kind = match fs::symlink_metadata(place) {
            Ok(metadata) => kind_of(metadata.file_type()),
            Err(error) if is_absence(error.kind()) => None,
            Err(error) => return Err(error),
        };
        seen.insert(place.to_owned(), kind);
        Ok(kind)
    }

    fn entry_of(&self, kind: EntryKind) -> Entry {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        Entry { kind, oid: Oid::new(&id.to_be_bytes()) }
    }
}

fn is_absence(error: ErrorKind) -> bool {
    matches!(error, ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename)
}

fn storage(path: &TreePath, error: &std::io::Error) -> TreeError {
    TreeError::Storage { path: path.clone(), message: error.to_string() }
}

/// Sockets, pipes and devices are nothing to a renderer.
fn kind_of(file_type: FileType) -> Option<EntryKind> {
    if file_type.is_symlink() {
        Some(EntryKind::Symlink)
    } else if file_type.is_dir() {
        Some(EntryKind::Directory)
    } else if file_type.is_file() {
        Some(EntryKind::File)
    } else {
        None
    }
}

impl Tree for Folder {
    fn entry(&self, path: &TreePath) -> Result<Option<Entry>, TreeError> {
        Ok(self.kind(path)?.map(|kind| self.entry_of(kind)))
    }

    fn kind(&self, path: &TreePath) -> Result<Option<EntryKind>, TreeError> {
        Ok(self.look(path)?.map(|(_, kind)| kind))
    }

    fn read(&self, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
        let not_found = || TreeError::NotFound { path: path.clone() };
        let (place, kind) = self.look(path)?.ok_or_else(not_found)?;
        match kind {
            EntryKind::Directory | EntryKind::Submodule => Err(TreeError::IsDirectory { path: path.clone() }),
            EntryKind::Symlink => {
                let target = fs::read_link(&place).map_err(|error| storage(path, &error))?;
                Ok(Arc::from(target.as_os_str().as_encoded_bytes()))
            }
            EntryKind::File => {
                let limit = MAX_FILE_BYTES.min(self.left.load(Ordering::Relaxed));
                let too_large = |size| TreeError::TooLarge { path: path.clone(), size, limit };
                let file = fs::File::open(&place).map_err(|error| storage(path, &error))?;
                let expected = file.metadata().map_err(|error| storage(path, &error))?.len();
                if expected > limit {
                    return Err(too_large(expected));
                }
                // One byte more than there is, so that the end is seen at once. The file may grow meanwhile.
                let mut content = Vec::with_capacity(usize::try_from(expected).unwrap_or_default() + 1);
                let read =
                    file.take(limit + 1).read_to_end(&mut content).map_err(|error| storage(path, &error))?;
                let size = u64::try_from(read).unwrap_or(u64::MAX);
                if size > limit {
                    return Err(too_large(size));
                }
                self.left.fetch_sub(size, Ordering::Relaxed);
                Ok(Arc::from(content))
            }
        }
    }

    fn list(&self, path: &TreePath) -> Result<Vec<(String, Entry)>, TreeError> {
        let Some((place, kind)) = self.look(path)? else {
            return Err(TreeError::NotFound { path: path.clone() });
        };
        if kind != EntryKind::Directory {
            return Err(TreeError::NotDirectory { path: path.clone() });
        }
        let mut entries = Vec::new();
        for entry in fs::read_dir(&place).map_err(|error| storage(path, &error))? {
            let entry = entry.map_err(|error| storage(path, &error))?;
            let file_type = entry.file_type().map_err(|error| storage(path, &error))?;
            // A name that is no text cannot be written in any manifest either.
            let (Ok(name), Some(kind)) = (entry.file_name().into_string(), kind_of(file_type)) else {
                continue;
            };
            if entries.len() >= MAX_ENTRIES {
                let message = format!("more than {MAX_ENTRIES} entries");
                return Err(TreeError::Storage { path: path.clone(), message });
            }
            // Of use to Git alone.
            if name != ".git" {
                entries.push((name, self.entry_of(kind)));
            }
        }
        entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        Ok(entries)
    }
}
