//! Patterns over paths as value files use them: `*` and `?` stop at `/`, `**` does not.

use tree::{EntryKind, Tree, TreeError, TreePath};
use types::glob::Glob;

/// Files that one pattern may match.
const MAX_MATCHES: usize = 10_000;

/// Whether the text is a pattern rather than a path.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// All files that match, sorted. Only directories that can hold a match are listed.
pub(crate) fn find(tree: &dyn Tree, pattern: &TreePath) -> Result<Vec<TreePath>, TreeError> {
    let names: Vec<&str> = pattern.names().collect();
    let mut found = Vec::new();
    descend(tree, &TreePath::root(), &names, &mut found)?;
    found.sort();
    found.dedup();
    found.truncate(MAX_MATCHES);
    Ok(found)
}

fn descend(
    tree: &dyn Tree,
    here: &TreePath,
    names: &[&str],
    found: &mut Vec<TreePath>,
) -> Result<(), TreeError> {
    let Some((name, rest)) = names.split_first() else {
        if tree::is_file(tree, here)? {
            found.push(here.clone());
        }
        return Ok(());
    };
    if *name == "**" {
        descend(tree, here, rest, found)?;
        for (name, entry) in list(tree, here)? {
            if entry == EntryKind::Directory
                && let Ok(child) = here.join(&name)
            {
                descend(tree, &child, names, found)?;
            }
        }
        return Ok(());
    }
    if !is_pattern(name) {
        let Ok(child) = here.join(name) else { return Ok(()) };
        return descend(tree, &child, rest, found);
    }
    let Ok(glob) = Glob::new(name, &['/']) else { return Ok(()) };
    for (name, _) in list(tree, here)? {
        if glob.matches(&name)
            && let Ok(child) = here.join(&name)
        {
            descend(tree, &child, rest, found)?;
        }
    }
    Ok(())
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
}
