//! Patterns over paths as value files use them: `*` and `?` stop at `/`, `**` does not.

use std::collections::{BTreeSet, HashSet};

use tree::{EntryKind, Tree, TreeError, TreePath};
use types::glob::Glob;

/// Files that one pattern may match.
const MAX_MATCHES: usize = 10_000;

/// Whether the text is a pattern rather than a path.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// All files that match, sorted. Only directories that can hold a match are listed, and each once for each name of the
/// pattern: several `**` would otherwise meet in the same directory again and again.
pub(crate) fn find(tree: &dyn Tree, pattern: &TreePath) -> Result<Vec<TreePath>, TreeError> {
    let names: Vec<&str> = pattern.names().collect();
    let mut search = Search { tree, found: BTreeSet::new(), seen: HashSet::new() };
    search.descend(&TreePath::root(), &names)?;
    Ok(search.found.into_iter().take(MAX_MATCHES).collect())
}

struct Search<'a> {
    tree: &'a dyn Tree,
    found: BTreeSet<TreePath>,
    /// The directories where a `**` has begun, with how many names were left.
    seen: HashSet<(TreePath, usize)>,
}

impl Search<'_> {
    fn descend(&mut self, here: &TreePath, names: &[&str]) -> Result<(), TreeError> {
        let Some((name, rest)) = names.split_first() else {
            if tree::is_file(self.tree, here)? {
                self.found.insert(here.clone());
            }
            return Ok(());
        };
        if *name == "**" {
            if !self.seen.insert((here.clone(), names.len())) {
                return Ok(());
            }
            self.descend(here, rest)?;
            for (name, entry) in list(self.tree, here)? {
                if entry == EntryKind::Directory
                    && let Ok(child) = here.join(&name)
                {
                    self.descend(&child, names)?;
                }
            }
            return Ok(());
        }
        if !is_pattern(name) {
            let Ok(child) = here.join(name) else { return Ok(()) };
            return self.descend(&child, rest);
        }
        let Ok(glob) = Glob::new(name, &['/']) else { return Ok(()) };
        for (name, _) in list(self.tree, here)? {
            if glob.matches(&name)
                && let Ok(child) = here.join(&name)
            {
                self.descend(&child, rest)?;
            }
        }
        Ok(())
    }
}

fn list(tree: &dyn Tree, here: &TreePath) -> Result<Vec<(String, EntryKind)>, TreeError> {
    match tree::resolve(tree, here)? {
        Some((place, EntryKind::Directory)) => {
            Ok(tree.list(&place)?.into_iter().map(|(name, entry)| (name, entry.kind)).collect())
        }
        _ => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tree::MemoryTree;

    #[test]
    fn stars_stop_at_slashes_and_double_stars_do_not() {
        let mut tree = MemoryTree::new();
        for path in ["env/a.yaml", "env/b.yml", "env/deep/c.yaml", "env/deep/er/d.yaml", "top.yaml"] {
            tree.insert_text(path, "").unwrap();
        }
        for (pattern, expected) in [
            ("env/*.yaml", vec!["env/a.yaml"]),
            ("env/**/*.yaml", vec!["env/a.yaml", "env/deep/c.yaml", "env/deep/er/d.yaml"]),
            ("env/?.y*ml", vec!["env/a.yaml", "env/b.yml"]),
            ("env/*/c.yaml", vec!["env/deep/c.yaml"]),
            ("nothing/*.yaml", vec![]),
        ] {
            let found = find(&tree, &TreePath::new(pattern).unwrap()).unwrap();
            let found: Vec<_> = found.iter().map(TreePath::as_str).collect();
            assert_eq!(found, expected, "{pattern}");
        }
    }

    #[test]
    fn double_stars_do_not_multiply() {
        let mut tree = MemoryTree::new();
        tree.insert_text(&format!("{}x.yaml", "a/".repeat(30)), "").unwrap();
        for pattern in [format!("{}*.yaml", "**/".repeat(20)), format!("{}**/*.yaml", "**/a/".repeat(14))] {
            assert_eq!(find(&tree, &TreePath::new(&pattern).unwrap()).unwrap().len(), 1, "{pattern}");
        }
    }
}
