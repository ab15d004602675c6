//! Reading what a kustomization names: files with objects, and directories with kustomizations.

use serde_json::Value;
use tree::{EntryKind, Tree, TreePath};

use crate::error::Error;
use crate::resource::Resource;

/// What an entry of `resources` or `components` stands for.
pub(crate) enum Entry {
    File(TreePath),
    Directory(TreePath),
}

/// Where files are read from, and how far from the kustomization they may be.
#[derive(Clone, Copy)]
pub(crate) struct Loader<'a> {
    pub(crate) tree: &'a dyn Tree,
    pub(crate) unrestricted: bool,
}

/// Whether an entry names something outside the repository.
fn is_remote(entry: &str) -> bool {
    entry.contains("://")
        || entry.starts_with("git::")
        || entry.starts_with("github.com/")
        || entry.split_once(':').is_some_and(|(host, _)| host.contains('@') && !host.contains('/'))
}

impl Loader<'_> {
    /// Finds an entry of `resources` or `components`.
    pub(crate) fn find(&self, root: &TreePath, file: &TreePath, entry: &str) -> Result<Entry, Error> {
        if is_remote(entry) {
            return Err(Error::Unsupported {
                file: file.clone(),
                feature: format!("the remote resource {entry:?}"),
                hint: "copy it into the repository",
            });
        }
        let path = root.join(entry).map_err(|error| Error::file(file, error))?;
        match tree::resolve(self.tree, &path)? {
            Some((place, EntryKind::Directory)) => Ok(Entry::Directory(place)),
            Some((place, EntryKind::File)) => {
                self.check_place(root, file, entry, &place)?;
                Ok(Entry::File(path))
            }
            Some(_) | None => Err(Error::file(
                file,
                format!("accumulating resources from '{entry}': no such file or directory ({path})"),
            )),
        }
    }

    /// The bytes of a file that a kustomization names.
    pub(crate) fn bytes(&self, root: &TreePath, file: &TreePath, name: &str) -> Result<Vec<u8>, Error> {
        if is_remote(name) {
            return Err(Error::Unsupported {
                file: file.clone(),
                feature: format!("the remote file {name:?}"),
                hint: "copy it into the repository",
            });
        }
        let path = root.join(name).map_err(|error| Error::file(file, error))?;
        match tree::resolve(self.tree, &path)? {
            Some((place, EntryKind::File)) => {
                self.check_place(root, file, name, &place)?;
                Ok(self.tree.read(&place)?.to_vec())
            }
            Some(_) => Err(Error::file(file, format!("'{name}' is a directory; expected a file"))),
            None => Err(Error::file(file, format!("'{name}': no such file ({path})"))),
        }
    }

    /// The text of a file that a kustomization names.
    pub(crate) fn text(&self, root: &TreePath, file: &TreePath, name: &str) -> Result<String, Error> {
        let bytes = self.bytes(root, file, name)?;
        String::from_utf8(bytes).map_err(|_| Error::file(file, format!("'{name}' is not valid UTF-8 text")))
    }

    fn check_place(
        &self,
        root: &TreePath,
        file: &TreePath,
        name: &str,
        place: &TreePath,
    ) -> Result<(), Error> {
        let real_root = match tree::resolve(self.tree, root)? {
            Some((real_root, _)) => real_root,
            None => root.clone(),
        };
        if self.unrestricted || place.below(&real_root).is_some() {
            return Ok(());
        }
        Err(Error::file(file, format!("security; file '{name}' is not in or below '{root}'")))
    }

    /// The objects of a file.
    pub(crate) fn resources(&self, path: &TreePath) -> Result<Vec<Resource>, Error> {
        let text = tree::read_text(self.tree, path)?;
        let name: crate::FileName = path.as_str().into();
        let values = objects(&text).map_err(|message| Error::file(path, message))?;
        Ok(values.into_iter().map(|value| Resource::new(value, name.clone())).collect())
    }
}

/// The objects of a text: documents with lists taken apart.
pub(crate) fn objects(text: &str) -> Result<Vec<Value>, String> {
    let documents = goyaml::documents(&text.replace("\r\n", "\n")).map_err(|error| error.to_string())?;
    let mut values = Vec::new();
    for document in documents {
        let line = document.line;
        flatten(document.value, &mut values).map_err(|message| format!("line {line}: {message}"))?;
    }
    Ok(values)
}

fn flatten(value: Value, values: &mut Vec<Value>) -> Result<(), String> {
    let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    if kind.ends_with("List") && value.get("items").is_some_and(|items| items.is_array() || items.is_null()) {
        let Value::Object(mut list) = value else { return Ok(()) };
        if let Some(Value::Array(items)) = list.remove("items") {
            for item in items {
                flatten(item, values)?;
            }
        }
        return Ok(());
    }
    if !value.is_object() {
        return Err("expected an object with apiVersion, kind and metadata".to_owned());
    }
    if kind.is_empty() {
        return Err("missing Resource metadata: kind is not set".to_owned());
    }
    let name = value.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let generated = value.pointer("/metadata/generateName").is_some();
    if name.is_empty() && !generated {
        return Err(format!("missing metadata.name in object of kind {kind}"));
    }
    refuse_empty_items(&value, &mut String::new())?;
    values.push(value);
    Ok(())
}

fn refuse_empty_items(value: &Value, path: &mut String) -> Result<(), String> {
    match value {
        Value::Array(items) => {
            if items.iter().any(Value::is_null) {
                return Err(format!("empty item at {path}"));
            }
            items.iter().try_for_each(|item| refuse_empty_items(item, path))
        }
        Value::Object(fields) => fields.iter().try_for_each(|(name, field)| {
            let length = path.len();
            path.push('/');
            path.push_str(name);
            refuse_empty_items(field, path)?;
            path.truncate(length);
            Ok(())
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_taken_apart_and_nameless_objects_refused() {
        let text = "kind: List\nitems:\n- {kind: A, metadata: {name: a}}\n- {kind: B, metadata: {name: b}}\n---\n# nothing\n---\n{kind: C, metadata: {name: c}}\n";
        assert_eq!(objects(text).unwrap().len(), 3);
        assert!(objects("a: 1\n").unwrap_err().contains("kind is not set"));
        assert!(objects("kind: A\n").unwrap_err().contains("metadata.name"));
        assert!(
            objects("{kind: A, metadata: {name: a}, spec: {list: [1, null]}}")
                .unwrap_err()
                .contains("/spec/list")
        );
    }

    #[test]
    fn remote_entries_are_known() {
        for entry in ["https://a/b", "github.com/a/b", "git@github.com:a/b", "git::https://a", "ssh://a/b"] {
            assert!(is_remote(entry), "{entry}");
        }
        for entry in ["../base", "a:b.yaml", "dir/a@b:c"] {
            assert!(!is_remote(entry), "{entry}");
        }
    }
}
