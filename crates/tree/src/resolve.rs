//! Reading through symbolic links, which are followed only as far as the tree reaches.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::{EntryKind, PathError, Tree, TreeError, TreePath};

/// Links followed for one path before it is called a ring (the limit of Linux).
const MAX_LINKS: usize = 40;

/// Follows the symbolic links in every part of `path` and answers where it leads and what stands there; `None` when
/// nothing does.
///
/// # Errors
/// [`TreeError::BadLink`] for a link that is absolute, leads out of the tree, or is part of a ring; else what the
/// tree says.
pub fn resolve(tree: &dyn Tree, path: &TreePath) -> Result<Option<(TreePath, EntryKind)>, TreeError> {
    let mut links = 0;
    let mut done = TreePath::root();
    let mut ahead: VecDeque<String> = path.names().map(str::to_owned).collect();
    let Some(mut kind) = tree.kind(&done)? else { return Ok(None) };
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            // Only link targets bring these: a TreePath has none.
            done = done.parent().unwrap_or_default();
            kind = EntryKind::Directory;
            continue;
        }
        let here = done.join(&name).map_err(|error| bad_link(path, &name, &error))?;
        let Some(found) = tree.kind(&here)? else { return Ok(None) };
        if found != EntryKind::Symlink {
            done = here;
            kind = found;
            continue;
        }
        links += 1;
        let target = String::from_utf8_lossy(&tree.read(&here)?).into_owned();
        if links > MAX_LINKS {
            return Err(TreeError::BadLink { path: here, target, reason: "too many links" });
        }
        // Checked as a whole against the root before it is walked, so that no later name can hide an escape.
        if let Err(error) = done.join(&target) {
            return Err(bad_link(&here, &target, &error));
        }
        for part in target.split('/').rev().filter(|part| !part.is_empty() && *part != ".") {
            ahead.push_front(part.to_owned());
        }
    }
    Ok(Some((done, kind)))
}

fn bad_link(path: &TreePath, target: &str, error: &PathError) -> TreeError {
    let reason = match error {
        PathError::Absolute { .. } => "it is absolute",
        PathError::Escapes { .. } => "it leads out of the repository",
        PathError::NoName { .. } => "it names the repository itself",
        PathError::BadCharacter { .. } => "it has a character that no path may have",
    };
    TreeError::BadLink { path: path.clone(), target: target.to_owned(), reason }
}

/// The bytes of the file at `path`, links followed.
///
/// # Errors
/// As [`resolve`] and [`Tree::read`].
pub fn read(tree: &dyn Tree, path: &TreePath) -> Result<Arc<[u8]>, TreeError> {
    match resolve(tree, path)? {
        Some((place, EntryKind::File)) => tree.read(&place),
        Some(_) => Err(TreeError::IsDirectory { path: path.clone() }),
        None => Err(TreeError::NotFound { path: path.clone() }),
    }
}

/// The text of the file at `path`, links followed.
///
/// # Errors
/// As [`read`], and [`TreeError::NotText`].
pub fn read_text(tree: &dyn Tree, path: &TreePath) -> Result<String, TreeError> {
    let bytes = read(tree, path)?;
    String::from_utf8(bytes.to_vec()).map_err(|_| TreeError::NotText { path: path.clone() })
}

/// Whether anything stands at `path`, links followed.
///
/// # Errors
/// As [`resolve`].
pub fn exists(tree: &dyn Tree, path: &TreePath) -> Result<bool, TreeError> {
    Ok(resolve(tree, path)?.is_some())
}

/// Whether a file stands at `path`, links followed.
///
/// # Errors
/// As [`resolve`].
pub fn is_file(tree: &dyn Tree, path: &TreePath) -> Result<bool, TreeError> {
    Ok(resolve(tree, path)?.is_some_and(|(_, kind)| kind == EntryKind::File))
}

/// Whether a directory stands at `path`, links followed.
///
/// # Errors
/// As [`resolve`].
pub fn is_directory(tree: &dyn Tree, path: &TreePath) -> Result<bool, TreeError> {
    Ok(resolve(tree, path)?.is_some_and(|(_, kind)| kind == EntryKind::Directory))
}

/// All files below `directory` in bytewise order of their paths; links to files are included under their own path,
/// links to directories are not entered (as `filepath.Walk` of Go leaves them).
///
/// # Errors
/// As [`resolve`]; [`TreeError::NotDirectory`] when `directory` is none.
pub fn walk(tree: &dyn Tree, directory: &TreePath) -> Result<Vec<TreePath>, TreeError> {
    let Some((place, kind)) = resolve(tree, directory)? else {
        return Err(TreeError::NotFound { path: directory.clone() });
    };
    if kind != EntryKind::Directory {
        return Err(TreeError::NotDirectory { path: directory.clone() });
    }
    let mut files = Vec::new();
    let mut ahead = vec![place];
    while let Some(here) = ahead.pop() {
        for (name, entry) in tree.list(&here)? {
            let Ok(path) = here.join(&name) else { continue };
            match entry.kind {
                EntryKind::File => files.push(path),
                EntryKind::Directory => ahead.push(path),
                EntryKind::Symlink if is_file(tree, &path)? => files.push(path),
                EntryKind::Symlink | EntryKind::Submodule => {}
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTree;

    fn path(text: &str) -> TreePath {
        TreePath::new(text).unwrap()
    }

    fn tree() -> MemoryTree {
        let mut tree = MemoryTree::new();
        tree.insert_text("base/values.yaml", "a: 1").unwrap();
        tree.insert_text("apps/web/Chart.yaml", "name: web").unwrap();
        tree.insert_link("apps/web/values.yaml", "../../base/values.yaml").unwrap();
        tree.insert_link("apps/linked", "web").unwrap();
        tree.insert_link("apps/out", "../../etc/passwd").unwrap();
        tree.insert_link("apps/absolute", "/etc/passwd").unwrap();
        tree.insert_link("apps/ring", "ring").unwrap();
        tree.insert_link("apps/dangling", "nothing").unwrap();
        tree
    }

    #[test]
    fn links_are_followed_inside_the_tree() {
        let tree = tree();
        assert_eq!(read_text(&tree, &path("apps/linked/values.yaml")).unwrap(), "a: 1");
        assert!(is_directory(&tree, &path("apps/linked")).unwrap());
        assert!(!exists(&tree, &path("apps/dangling")).unwrap());
        assert_eq!(resolve(&tree, &path("apps/linked")).unwrap().unwrap().0, path("apps/web"));
    }

    #[test]
    fn links_never_lead_out() {
        let tree = tree();
        for (link, reason) in [
            ("apps/out", "it leads out of the repository"),
            ("apps/absolute", "it is absolute"),
            ("apps/ring", "too many links"),
        ] {
            match read(&tree, &path(link)) {
                Err(TreeError::BadLink { reason: told, .. }) => assert_eq!(told, reason, "{link}"),
                other => panic!("{link}: {other:?}"),
            }
        }
    }

    #[test]
    fn walking_lists_files_and_links_to_files() {
        let mut tree = MemoryTree::new();
        tree.insert_text("a/b/c.yaml", "").unwrap();
        tree.insert_text("a/a.yaml", "").unwrap();
        tree.insert_link("a/l.yaml", "a.yaml").unwrap();
        tree.insert_link("a/d", "b").unwrap();
        let files: Vec<_> = walk(&tree, &path("a")).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(files, ["a/a.yaml", "a/b/c.yaml", "a/l.yaml"]);
        assert!(matches!(walk(&tree, &path("a/a.yaml")), Err(TreeError::NotDirectory { .. })));
    }
}
