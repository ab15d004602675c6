//! The directory kind: every manifest in a directory, chosen by name, and Jsonnet programs.

use std::sync::Arc;

use tree::{EntryKind, Tree, TreeError, TreePath};
use types::ApplicationSourceDirectory;
use types::glob::Glob;

use crate::documents::Manifests;
use crate::engine::Job;
use crate::error::Failure;
use crate::jsonnet::Evaluator;

/// Files with these bytes anywhere are not manifests.
const SKIP_MARK: &[u8] = b"+argocd:skip-file-rendering";
/// Nesting of directories that is entered.
const MAX_DEPTH: usize = 64;
/// Files that one application may have.
const MAX_FILES: usize = 50_000;

struct File {
    path: TreePath,
    content: Arc<[u8]>,
}

/// Renders the directory `place`.
pub(crate) fn render(job: &Job, place: &TreePath, manifests: &mut Manifests) -> Result<(), Failure> {
    let options = job.source.directory.clone().unwrap_or_default();
    let mut paths = Vec::new();
    collect(&*job.tree, place, options.recurse, 0, &mut paths)?;
    let files = read(job, place, &options, paths)?;
    let mut evaluator = Evaluator::new(job);
    for File { path, content } in files {
        match path.name().unwrap_or_default() {
            name if name.ends_with(".json") => manifests.add_json(&path, &content)?,
            name if name.ends_with(".jsonnet") => {
                let value = evaluator.evaluate(place, &path, &options.jsonnet)?;
                manifests.add_nested(value, &path.as_str().into())?;
            }
            _ => manifests.add_text(&path, &content)?,
        }
    }
    Ok(())
}

/// All files in order of their names, depth first.
fn collect(
    tree: &dyn Tree,
    directory: &TreePath,
    recurse: bool,
    depth: usize,
    paths: &mut Vec<TreePath>,
) -> Result<(), Failure> {
    if depth > MAX_DEPTH {
        return Err(Failure::content(format!("{directory}: more than {MAX_DEPTH} directories deep")));
    }
    for (name, entry) in tree.list(directory)? {
        let Ok(path) = directory.join(&name) else { continue };
        match entry.kind {
            EntryKind::Directory if recurse => collect(tree, &path, recurse, depth + 1, paths)?,
            EntryKind::File | EntryKind::Symlink => paths.push(path),
            EntryKind::Directory | EntryKind::Submodule => {}
        }
        if paths.len() > MAX_FILES {
            return Err(Failure::content(format!("{directory}: more than {MAX_FILES} files")));
        }
    }
    Ok(())
}

fn has_manifest_name(name: &str) -> bool {
    [".yaml", ".yml", ".json", ".jsonnet"].iter().any(|extension| name.ends_with(extension))
}

/// Reads the chosen files. All sizes are added up before anything is parsed.
fn read(
    job: &Job,
    place: &TreePath,
    options: &ApplicationSourceDirectory,
    paths: Vec<TreePath>,
) -> Result<Vec<File>, Failure> {
    let matcher = |pattern: &str| (!pattern.is_empty()).then(|| Glob::new(pattern, &[]).ok());
    let (exclude, include) = (matcher(&options.exclude), matcher(&options.include));
    // A pattern that cannot be read matches nothing.
    let matches = |glob: &Option<Glob>, path: &str| glob.as_ref().is_some_and(|glob| glob.matches(path));
    let mut files = Vec::new();
    let mut total = 0u64;
    for path in paths {
        let name = path.name().unwrap_or_default();
        if !options.disable_extension_filter && !has_manifest_name(name) {
            continue;
        }
        let is_jsonnet = name.ends_with(".jsonnet");
        if is_jsonnet && !job.settings.directory {
            continue;
        }
        let below = path.below(place).unwrap_or(path.as_str());
        if exclude.as_ref().is_some_and(|glob| matches(glob, below)) {
            continue;
        }
        if include.as_ref().is_some_and(|glob| !matches(glob, below)) {
            continue;
        }
        // Links are followed inside the repository; one that leads nowhere is passed over.
        let target = match tree::resolve(&*job.tree, &path) {
            Ok(Some((target, EntryKind::File))) => target,
            Ok(_) => continue,
            Err(TreeError::BadLink { target, reason, .. }) => {
                return Err(Failure::content(format!(
                    "illegal filepath in symlink {path} -> {target}: {reason}"
                )));
            }
            Err(error) => return Err(error.into()),
        };
        let content = job.tree.read(&target)?;
        if content.windows(SKIP_MARK.len()).any(|window| window == SKIP_MARK) {
            continue;
        }
        if !is_jsonnet {
            total += content.len() as u64;
        }
        if job.max_directory_bytes > 0 && total > job.max_directory_bytes {
            return Err(Failure::content(format!(
                "exceeded max combined manifest file size: {path} makes it more than {} bytes",
                job.max_directory_bytes
            )));
        }
        files.push(File { path, content });
    }
    Ok(files)
}
