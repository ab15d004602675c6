//! The annotation `argocd.argoproj.io/manifest-generate-paths`: the paths that matter to an application, by its own
//! word.
//!
//! The cache needs no such word, as it knows what was read. It is used for plugins, which may read anything: with
//! `--plugin-use-manifest-generate-paths` they are sent these paths only, and depend on no others.

use tree::TreePath;

/// The deepest directory that holds all the paths and the application's own. Paths are separated by `;`; a leading `/`
/// means the repository's root, others are relative to the application's directory. An annotation without paths, or
/// with one that leaves the repository, gives the root.
pub(crate) fn common_root(annotation: &str, application: &TreePath) -> TreePath {
    let mut root: Option<TreePath> = None;
    for written in annotation.split(';').map(str::trim).filter(|path| !path.is_empty()) {
        let path = match written.strip_prefix('/') {
            Some(from_root) => TreePath::new(from_root.trim_start_matches('/')),
            None => application.join(written),
        };
        let Ok(path) = path else { return TreePath::root() };
        let common = root.unwrap_or_else(|| application.clone());
        root = Some(common_ancestor(&common, &path));
    }
    root.unwrap_or_default()
}

/// The part that two paths share, as far as neither is a pattern.
fn common_ancestor(left: &TreePath, right: &TreePath) -> TreePath {
    let shared = left
        .names()
        .zip(right.names())
        .take_while(|(left, right)| left == right && !crate::globs::is_pattern(left))
        .map(|(name, _)| name);
    TreePath::new(&shared.collect::<Vec<_>>().join("/")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_root_holds_all_paths() {
        let application = TreePath::new("teams/shop/web").unwrap();
        for (annotation, expected) in [
            (".", "teams/shop/web"),
            (".;../shared", "teams/shop"),
            (" /teams/base ; . ", "teams"),
            ("/teams/shop/web/values.yaml", "teams/shop/web"),
            ("/other", ""),
            ("../*.yaml", "teams/shop"),
            ("/teams/*/base", "teams"),
            ("", ""),
            (";;", ""),
            ("../../../../out", ""),
        ] {
            assert_eq!(common_root(annotation, &application).as_str(), expected, "{annotation}");
        }
    }
}
