//! Chart and OCI archives unpacked into memory, and a cache of them within a budget of bytes.

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};
use tree::{EntryKind, MemoryTree, Tree, TreePath};

use crate::Opened;

/// Files that one archive may have.
const MAX_FILES: usize = 100_000;

/// What becomes the root of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Top {
    /// The top directory of this name, as in charts of Helm repositories; others do not count.
    Named(String),
    /// The only top directory, as in charts of registries.
    Single,
    /// The archive's own root, as in plain OCI layers.
    Kept,
}

/// Unpacks a tar archive, compressed or not. Entries that would leave the archive's directory are errors.
pub(crate) fn unpack(data: &[u8], max_bytes: u64, top: &Top) -> Result<MemoryTree, String> {
    let reader: Box<dyn Read> = if data.starts_with(&[0x1f, 0x8b]) {
        Box::new(flate2::read::MultiGzDecoder::new(data))
    } else {
        Box::new(data)
    };
    // One byte more than allowed, so that reaching it tells.
    let mut archive = tar::Archive::new(reader.take(max_bytes.saturating_add(1)));
    let mut tree = MemoryTree::new();
    let (mut files, mut total) = (0usize, 0u64);
    let mut single: Option<String> = None;
    let damaged = |error: std::io::Error| format!("the archive is damaged: {error}");
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.to_string_lossy().replace('\\', "/");
        let illegal = |path: &str| format!("illegal filepath in archive: {path:?}");
        let outside = |path: &str| format!("the archive contains out-of-bounds symlinks. file: {path}");
        if path.starts_with('/') {
            return Err(illegal(&path));
        }
        let path = TreePath::new(&path).map_err(|_| illegal(&path))?;
        files += 1;
        let (first, rest) = path.as_str().split_once('/').unwrap_or((path.as_str(), ""));
        let inside = match top {
            Top::Kept => path.clone(),
            Top::Named(name) if name != first => continue,
            Top::Single if *single.get_or_insert_with(|| first.to_owned()) != first => {
                return Err(format!("the chart's archive has more than one directory: {first:?} too"));
            }
            Top::Named(_) | Top::Single if rest.is_empty() => continue,
            Top::Named(_) | Top::Single => TreePath::new(rest).map_err(|_| illegal(rest))?,
        };
        if files > MAX_FILES {
            return Err(format!("the archive has more than {MAX_FILES} entries"));
        }
        match entry.header().entry_type() {
            tar::EntryType::Regular | tar::EntryType::Continuous => {
                total = total.saturating_add(entry.size());
                if total > max_bytes {
                    return Err(format!("the archive unpacks to more than {max_bytes} bytes"));
                }
                let mut content = Vec::new();
                entry.read_to_end(&mut content).map_err(damaged)?;
                tree.insert(inside.as_str(), content).map_err(|error| error.to_string())?;
            }
            tar::EntryType::Symlink => {
                let target = entry.link_name().map_err(damaged)?.unwrap_or_default();
                let target = target.to_string_lossy();
                let parent = inside.parent().unwrap_or_default();
                parent.join(&target).map_err(|_| outside(path.as_str()))?;
                tree.insert_link(inside.as_str(), &target).map_err(|error| error.to_string())?;
            }
            _ => {}
        }
    }
    Ok(tree)
}

/// The digest by which an archive is known.
pub(crate) fn digest(data: &[u8]) -> String {
    let mut text = "sha256:".to_owned();
    for byte in Sha256::digest(data) {
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// Unpacked archives by name, the ones used last within a budget of bytes.
pub(crate) struct ArchiveCache {
    state: Mutex<State>,
    budget: usize,
}

#[derive(Default)]
struct State {
    kept: HashMap<String, Kept>,
    size: usize,
    clock: u64,
}

struct Kept {
    opened: Opened,
    size: usize,
    used: u64,
    loaded: std::time::Instant,
}

impl ArchiveCache {
    pub(crate) fn new(budget: usize) -> Self {
        Self { state: Mutex::default(), budget }
    }

    /// The archive of that name, unless it was loaded longer ago than `lifetime`.
    pub(crate) fn get(&self, name: &str, lifetime: std::time::Duration) -> Option<Opened> {
        let mut state = self.state.lock();
        state.clock += 1;
        let clock = state.clock;
        let kept = state.kept.get_mut(name)?;
        if kept.loaded.elapsed() > lifetime {
            return None;
        }
        kept.used = clock;
        Some(kept.opened.clone())
    }

    /// Keeps an archive under a name and answers it opened.
    pub(crate) fn put(&self, name: String, tree: MemoryTree, digest: String) -> Opened {
        let size = size_of_tree(&tree);
        let opened = Opened { tree: Arc::new(tree), digest: Some(digest) };
        let mut state = self.state.lock();
        state.clock += 1;
        let (used, loaded) = (state.clock, std::time::Instant::now());
        if let Some(old) = state.kept.remove(&name) {
            state.size -= old.size;
        }
        while state.size + size > self.budget {
            let Some(oldest) =
                state.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(name, _)| name.clone())
            else {
                // Larger than the whole budget: served, but not kept.
                return opened;
            };
            if let Some(old) = state.kept.remove(&oldest) {
                state.size -= old.size;
            }
        }
        state.size += size;
        state.kept.insert(name, Kept { opened: opened.clone(), size, used, loaded });
        opened
    }
}

fn size_of_tree(tree: &MemoryTree) -> usize {
    let mut size = 0;
    let mut ahead = vec![TreePath::root()];
    while let Some(path) = ahead.pop() {
        for (name, entry) in tree.list(&path).unwrap_or_default() {
            let Ok(child) = path.join(&name) else { continue };
            match entry.kind {
                EntryKind::Directory => ahead.push(child),
                _ => size += name.len() + tree.read(&child).map_or(0, |content| content.len()),
            }
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            // Written directly, since the builder itself refuses bad paths.
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn a_chart_loses_its_top_directory() {
        let data = archive(&[("web/Chart.yaml", "name: web"), ("web/templates/a.yaml", "a: 1")]);
        let tree = unpack(&data, 1 << 20, &Top::Named("web".into())).unwrap();
        let path = TreePath::new("templates/a.yaml").unwrap();
        assert_eq!(&*tree.read(&path).unwrap(), b"a: 1");
        assert!(unpack(&data, 1 << 20, &Top::Kept).unwrap().read(&path).is_err());
    }

    #[test]
    fn bad_archives_are_refused() {
        for (files, limit) in [
            (archive(&[("../evil", "x")]), 1 << 20),
            (archive(&[("/etc/passwd", "x")]), 1 << 20),
            (archive(&[("web/a", "0123456789"), ("web/b", "0123456789")]), 15),
            (vec![0x1f, 0x8b, 1, 2, 3], 1 << 20),
            (archive(&[("web/a", "x"), ("other/b", "x")]), 1 << 20),
        ] {
            assert!(unpack(&files, limit, &Top::Single).is_err());
        }
    }

    #[test]
    fn links_stay_inside_and_bombs_are_stopped() {
        let link = |target: &str| {
            let mut builder = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            builder.append_link(&mut header, "web/templates/a.yaml", target).unwrap();
            builder.into_inner().unwrap()
        };
        let top = Top::Named("web".into());
        assert!(unpack(&link("../b.yaml"), 1 << 20, &top).is_ok());
        for target in ["../../../etc/passwd", "/etc/passwd"] {
            let error = unpack(&link(target), 1 << 20, &top).unwrap_err();
            assert!(error.contains("out-of-bounds symlinks"), "{error}");
        }
        // A megabyte of packed zeros would unpack to a gigabyte.
        let mut header = tar::Header::new_gnu();
        header.set_size(64 << 20);
        header.set_mode(0o644);
        let mut builder =
            tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best()));
        builder
            .append_data(&mut header, "web/zeros", std::io::Read::take(std::io::repeat(0), 64 << 20))
            .unwrap();
        let bomb = builder.into_inner().unwrap().finish().unwrap();
        assert!(bomb.len() < 1 << 20);
        let error = unpack(&bomb, 1 << 20, &top).unwrap_err();
        assert!(error.contains("more than 1048576 bytes"), "{error}");
    }

    #[test]
    fn the_cache_keeps_what_was_used_last() {
        let cache = ArchiveCache::new(2500);
        let hour = std::time::Duration::from_secs(3600);
        let tree = || {
            let mut tree = MemoryTree::new();
            tree.insert("a", vec![0; 1000]).unwrap();
            tree
        };
        cache.put("one".into(), tree(), "1".into());
        cache.put("two".into(), tree(), "2".into());
        assert!(cache.get("one", hour).is_some());
        cache.put("three".into(), tree(), "3".into());
        assert!(cache.get("two", hour).is_none() && cache.get("one", hour).is_some());
        assert!(cache.get("one", std::time::Duration::ZERO).is_none(), "too old");
    }
}
