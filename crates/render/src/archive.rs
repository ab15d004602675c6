//! Files on their way to somebody else who renders them, a plugin or a server: a compressed tar of a directory of a
//! tree, made without a checkout.
//!
//! There is no `.git` folder in it. Symbolic links are packed as links; one that leads
//! out of the repository is refused, as the receiver would follow it into its own file system.

use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};
use tree::{EntryKind, Tree, TreePath};
use types::glob::Glob;

/// Files that one archive may have.
const MAX_FILES: usize = 200_000;
/// Nesting of directories that is packed.
const MAX_DEPTH: usize = 64;

/// A packed directory.
#[derive(Debug)]
pub struct Archive {
    /// A tar, compressed with gzip.
    pub content: Arc<[u8]>,
    /// The SHA-256 of the content, in hexadecimal digits.
    pub checksum: String,
    /// How many files are in it.
    pub files: usize,
}

/// What is packed, and how much of it at most.
#[derive(Debug, Default)]
pub struct Packing {
    exclusions: Vec<Glob>,
    inclusions: Option<Vec<Glob>>,
    max_bytes: u64,
    hint: &'static str,
}

impl Packing {
    /// All but what an exclusion matches, by its path below the packed directory; an excluded directory is not looked
    /// into. `max_bytes` bounds all files together, and `hint` says what to do when they are more.
    pub fn without(exclusions: &[String], max_bytes: u64, hint: &'static str) -> Self {
        Self { exclusions: globs(exclusions), inclusions: None, max_bytes, hint }
    }

    /// Only the files whose name one of the patterns matches, in whatever directory.
    pub fn only(inclusions: &[String], max_bytes: u64, hint: &'static str) -> Self {
        Self { exclusions: Vec::new(), inclusions: Some(globs(inclusions)), max_bytes, hint }
    }

    /// Whether a directory, or a file of this name, is packed; `path` is relative to what is packed.
    fn takes(&self, path: &str, name: &str, is_directory: bool) -> bool {
        let included = is_directory
            || self
                .inclusions
                .as_ref()
                .is_none_or(|inclusions| inclusions.iter().any(|glob| glob.matches(name)));
        included && !self.exclusions.iter().any(|glob| glob.matches(path))
    }
}

/// The patterns; one that cannot be read matches nothing.
fn globs(patterns: &[String]) -> Vec<Glob> {
    patterns.iter().filter_map(|pattern| Glob::new(pattern, &['/']).ok()).collect()
}

/// Packs what is wanted of all below `root`.
///
/// # Errors
/// The text tells what cannot be packed.
pub fn pack(tree: &dyn Tree, root: &TreePath, packing: &Packing) -> Result<Archive, String> {
    // What is packed is unpacked at once: speed matters more than size.
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let mut packer =
        Packer { tree, root, packing, left: packing.max_bytes, files: 0, tar: Builder::new(encoder) };
    packer.directory(root, 0)?;
    let files = packer.files;
    if files == 0 {
        return Err("no files to send".to_owned());
    }
    let content = packer
        .tar
        .into_inner()
        .and_then(|mut encoder| {
            encoder.flush()?;
            encoder.finish()
        })
        .map_err(|error| format!("packing the files: {error}"))?;
    let checksum = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(Archive { content: content.into(), checksum, files })
}

struct Packer<'a> {
    tree: &'a dyn Tree,
    root: &'a TreePath,
    packing: &'a Packing,
    left: u64,
    files: usize,
    tar: Builder<GzEncoder<Vec<u8>>>,
}

impl Packer<'_> {
    fn directory(&mut self, directory: &TreePath, depth: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err(format!("{directory}: more than {MAX_DEPTH} directories deep"));
        }
        for (name, entry) in self.tree.list(directory).map_err(|error| error.to_string())? {
            // A plugin that runs git would heed what is configured there. Git has none in its trees; archives may.
            if name.eq_ignore_ascii_case(".git") {
                continue;
            }
            let Ok(path) = directory.join(&name) else { continue };
            let below = path.below(self.root).unwrap_or(path.as_str()).to_owned();
            if !self.packing.takes(&below, &name, entry.kind == EntryKind::Directory) {
                continue;
            }
            let name = below;
            match entry.kind {
                EntryKind::Directory => {
                    let mut header = header(EntryType::Directory, 0o755);
                    self.add(&path, &mut header, &format!("{name}/"), &[])?;
                    self.directory(&path, depth + 1)?;
                }
                EntryKind::File => {
                    let content = self.tree.read(&path).map_err(|error| error.to_string())?;
                    let executable = self.tree.is_executable(&path).map_err(|error| error.to_string())?;
                    let mut header = header(EntryType::Regular, if executable { 0o755 } else { 0o644 });
                    self.add(&path, &mut header, &name, &content)?;
                }
                EntryKind::Symlink => self.link(directory, &path, &name)?,
                EntryKind::Submodule => {}
            }
        }
        Ok(())
    }

    fn link(&mut self, directory: &TreePath, path: &TreePath, name: &str) -> Result<(), String> {
        let target = self.tree.read(path).map_err(|error| error.to_string())?;
        let target = String::from_utf8_lossy(&target).into_owned();
        if directory.join(&target).is_err() {
            return Err(format!("repository contains out-of-bounds symlinks. file: {path}"));
        }
        self.count(path, 0)?;
        self.tar
            .append_link(&mut header(EntryType::Symlink, 0o777), name, &target)
            .map_err(|error| format!("{path}: {error}"))
    }

    fn add(
        &mut self,
        path: &TreePath,
        header: &mut Header,
        name: &str,
        content: &[u8],
    ) -> Result<(), String> {
        if header.entry_type() == EntryType::Regular {
            self.count(path, content.len() as u64)?;
        }
        header.set_size(content.len() as u64);
        self.tar.append_data(header, name, content).map_err(|error| format!("{path}: {error}"))
    }

    fn count(&mut self, path: &TreePath, bytes: u64) -> Result<(), String> {
        self.files += 1;
        self.left = self.left.checked_sub(bytes).ok_or_else(|| {
            format!(
                "{path} makes the files to send more than {} bytes; {}",
                self.packing.max_bytes, self.packing.hint
            )
        })?;
        if self.files > MAX_FILES {
            return Err(format!("{path} makes more than {MAX_FILES} files to send"));
        }
        Ok(())
    }
}

/// Without a time, so that equal files give equal archives.
fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_mtime(0);
    header.set_size(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use tree::MemoryTree;

    fn listing(archive: &Archive) -> Vec<String> {
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&archive.content[..]));
        let mut lines = Vec::new();
        for entry in tar.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut text = String::new();
            entry.read_to_string(&mut text).unwrap();
            let link = entry.link_name().unwrap().map(|target| format!("-> {}", target.display()));
            let name = entry.path().unwrap().display().to_string();
            lines.push(format!("{name} {}", link.unwrap_or(text)).trim_end().to_owned());
        }
        lines
    }

    fn tree() -> MemoryTree {
        let mut tree = MemoryTree::new();
        tree.insert_text("app/a.yaml", "a").unwrap();
        tree.insert_text("app/deep/b.yaml", "b").unwrap();
        tree.insert_text("docs/c.md", "c").unwrap();
        tree.insert_text("docs/.git/config", "[core]").unwrap();
        tree.insert_text(".Git", "gitdir: elsewhere").unwrap();
        tree.insert_link("app/link", "../docs/c.md").unwrap();
        tree
    }

    #[test]
    fn files_directories_and_links_are_packed() {
        let tree = tree();
        let all = pack(&tree, &TreePath::root(), &all_within(1000)).unwrap();
        assert_eq!(
            listing(&all),
            [
                "app/",
                "app/a.yaml a",
                "app/deep/",
                "app/deep/b.yaml b",
                "app/link -> ../docs/c.md",
                "docs/",
                "docs/c.md c"
            ]
        );
        assert_eq!(all.files, 4);
        assert_eq!(all.checksum.len(), 64);
        let again = pack(&tree, &TreePath::root(), &all_within(1000)).unwrap();
        assert_eq!(all.checksum, again.checksum, "equal files give equal archives");
        let below = pack(&tree, &TreePath::new("app").unwrap(), &all_within(1000)).unwrap();
        assert_eq!(listing(&below), ["a.yaml a", "deep/", "deep/b.yaml b", "link -> ../docs/c.md"]);
    }

    fn all_within(max_bytes: u64) -> Packing {
        Packing::without(&[], max_bytes, "")
    }

    #[test]
    fn inclusions_match_names_in_any_directory() {
        let packing = Packing::only(&["*.yaml".to_owned()], 1000, "");
        let packed = pack(&tree(), &TreePath::root(), &packing).unwrap();
        assert_eq!(listing(&packed), ["app/", "app/a.yaml a", "app/deep/", "app/deep/b.yaml b", "docs/"]);
    }

    #[test]
    fn exclusions_match_relative_paths_and_stop_at_slashes() {
        let tree = tree();
        for (exclusion, expected) in [
            (
                "docs",
                vec!["app/", "app/a.yaml a", "app/deep/", "app/deep/b.yaml b", "app/link -> ../docs/c.md"],
            ),
            (
                "app/*.yaml",
                vec![
                    "app/",
                    "app/deep/",
                    "app/deep/b.yaml b",
                    "app/link -> ../docs/c.md",
                    "docs/",
                    "docs/c.md c",
                ],
            ),
            ("app/*", vec!["app/", "docs/", "docs/c.md c"]),
            (
                "*.yaml",
                listing(&pack(&tree, &TreePath::root(), &all_within(1000)).unwrap())
                    .iter()
                    .map(String::as_str)
                    .collect(),
            ),
        ] {
            let packed =
                pack(&tree, &TreePath::root(), &Packing::without(&[exclusion.to_owned()], 1000, "")).unwrap();
            assert_eq!(listing(&packed), expected, "{exclusion}");
        }
    }

    #[test]
    fn what_cannot_be_sent_is_said() {
        let mut tree = tree();
        let fails = |tree: &MemoryTree, exclusions: &[&str], limit: u64| {
            let exclusions: Vec<_> = exclusions.iter().map(|text| (*text).to_owned()).collect();
            pack(tree, &TreePath::root(), &Packing::without(&exclusions, limit, "leave some out"))
                .unwrap_err()
        };
        assert!(fails(&tree, &["*"], 1000).contains("no files"));
        assert!(
            fails(&tree, &[], 2)
                .starts_with("docs/c.md makes the files to send more than 2 bytes; leave some out")
        );
        tree.insert_link("app/out", "../../etc/passwd").unwrap();
        assert_eq!(fails(&tree, &[], 1000), "repository contains out-of-bounds symlinks. file: app/out");
        let mut absolute = MemoryTree::new();
        absolute.insert_link("etc", "/etc").unwrap();
        assert!(fails(&absolute, &[], 1000).contains("out-of-bounds symlinks. file: etc"));
    }
}
