//! Plain manifests: every YAML, JSON and Jsonnet file of a directory, in the order of their names.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tree::{EntryKind, Tree as _, TreePath};

use super::folder::Place;
use super::jsonnet;

/// Files with this text anywhere are no manifests.
const SKIP_MARK: &str = "+argocd:skip-file-rendering";
/// Nesting of directories that is entered.
const MAX_DEPTH: usize = 64;
/// Nesting of arrays that a program may return.
const MAX_NESTING: usize = 32;

/// Renders the files of a directory.
pub(super) fn render(place: &Place, recurse: bool) -> Result<String> {
    let mut files = Vec::new();
    collect(place, &place.path, recurse, 0, &mut files)?;
    let mut output = Output::default();
    for path in &files {
        add(place, path, false, &mut output)?;
    }
    if output.is_empty() {
        bail!(
            "there are no manifests here: no kustomization, no Chart.yaml, and no .yaml, .yml, .json or .jsonnet file \
             with an object in it{}",
            if recurse { "" } else { " (--recurse looks into directories below)" }
        );
    }
    Ok(output.finish())
}

/// Renders one file.
pub(super) fn file(place: &Place) -> Result<String> {
    let mut output = Output::default();
    add(place, &place.path, true, &mut output)?;
    Ok(output.finish())
}

/// The files that may be manifests.
fn collect(
    place: &Place,
    directory: &TreePath,
    recurse: bool,
    depth: usize,
    files: &mut Vec<TreePath>,
) -> Result<()> {
    if depth > MAX_DEPTH {
        bail!("{directory}: more than {MAX_DEPTH} directories deep");
    }
    for (name, entry) in place.tree.list(directory)? {
        let Ok(path) = directory.join(&name) else { continue };
        let is_file = match entry.kind {
            EntryKind::File => true,
            EntryKind::Symlink => tree::is_file(&place.tree, &path)?,
            EntryKind::Directory if recurse => {
                collect(place, &path, recurse, depth + 1, files)?;
                false
            }
            EntryKind::Directory | EntryKind::Submodule => false,
        };
        if is_file && [".yaml", ".yml", ".json", ".jsonnet"].iter().any(|end| name.ends_with(end)) {
            files.push(path);
        }
    }
    Ok(())
}

/// Adds what a file holds. Unless it was `asked` for by name, a file that holds something else than manifests is
/// passed over.
fn add(place: &Place, path: &TreePath, asked: bool, output: &mut Output) -> Result<()> {
    let text = tree::read_text(&place.tree, path)?;
    if text.contains(SKIP_MARK) && !asked {
        return Ok(());
    }
    let name = path.name().unwrap_or_default();
    if name.ends_with(".jsonnet") {
        let mut options = ::jsonnet::Options::default();
        options.library_paths.push(path.parent().unwrap_or_default());
        return output.nested(path, jsonnet::value(place, path, &options)?);
    }
    let looks_like_one = || ["apiVersion", "kind", "metadata"].iter().all(|word| text.contains(word));
    let documents = match goyaml::documents(&text) {
        Ok(documents) => documents,
        Err(_) if !asked && !looks_like_one() => return Ok(()),
        Err(error) => bail!("{path}: {error}"),
    };
    for document in documents {
        let has_kind = document.value.get("kind").is_some_and(Value::is_string);
        if !has_kind && !asked && !looks_like_one() {
            return Ok(());
        }
        output.object(path, document.line, document.value)?;
    }
    Ok(())
}

/// Objects written as YAML, each under the name of its file.
#[derive(Default)]
pub(super) struct Output {
    text: String,
}

impl Output {
    fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text.
    pub(super) fn finish(self) -> String {
        self.text
    }

    /// Adds an object, or the items of a list of objects.
    fn object(&mut self, path: &TreePath, line: usize, value: Value) -> Result<()> {
        if value.is_null() {
            return Ok(());
        }
        if !value.get("kind").is_some_and(Value::is_string) {
            let at = if line > 0 { format!("{path}:{line}") } else { path.to_string() };
            bail!("{at}: this is no object of Kubernetes: it has no kind");
        }
        match value {
            Value::Object(mut fields) if fields.get("items").is_some_and(Value::is_array) => {
                let items = fields.remove("items");
                for item in items.as_ref().and_then(Value::as_array).into_iter().flatten() {
                    self.write(path, item);
                }
            }
            value => self.write(path, &value),
        }
        Ok(())
    }

    /// Adds what a program returned: an object, or arrays of objects nested in any way.
    pub(super) fn nested(&mut self, path: &TreePath, value: Value) -> Result<()> {
        self.nested_at(path, value, 0).with_context(|| format!("what {path} returns"))
    }

    fn nested_at(&mut self, path: &TreePath, value: Value, depth: usize) -> Result<()> {
        match value {
            Value::Array(_) if depth >= MAX_NESTING => bail!("arrays are nested deeper than {MAX_NESTING}"),
            Value::Array(items) => {
                items.into_iter().try_for_each(|item| self.nested_at(path, item, depth + 1))
            }
            value => self.object(path, 0, value),
        }
    }

    fn write(&mut self, path: &TreePath, value: &Value) {
        self.text.push_str(&format!("---\n# Source: {path}\n{}", goyaml::to_string(value)));
    }
}
