//! How far a build may grow: little text can mean much, since bases are built as often as they are named, and values are
//! copied to as many places as a selector meets.

use std::cell::Cell;

use serde_json::Value;
use tree::TreePath;

use crate::error::Error;
use crate::resource::Resource;

/// Objects in one build.
const MAX_OBJECTS: usize = 50_000;
/// Kustomizations that are built in one build, those that are named twice counted twice.
const MAX_KUSTOMIZATIONS: usize = 10_000;
/// Bytes of files that are read in one build, those that are read twice counted twice.
const MAX_READ: usize = 128 << 20;
/// Bytes that all objects together may take in memory: what 50 to 100 MB of YAML come to.
const MAX_BYTES: usize = if cfg!(test) { 16 << 20 } else { 1 << 30 };

/// What one build has taken so far.
#[derive(Default)]
pub(crate) struct Spent {
    kustomizations: Cell<usize>,
    read: Cell<usize>,
}

impl Spent {
    /// Notes one more kustomization, `file`.
    pub(crate) fn kustomization(&self, file: &TreePath) -> Result<(), Error> {
        let what = "number of kustomizations in one build";
        spend(&self.kustomizations, 1, MAX_KUSTOMIZATIONS, file, what)
    }

    /// Notes bytes that `file` has read.
    pub(crate) fn read(&self, bytes: usize, file: &TreePath) -> Result<(), Error> {
        spend(&self.read, bytes, MAX_READ, file, "number of bytes read in one build")
    }
}

fn spend(
    spent: &Cell<usize>,
    more: usize,
    limit: usize,
    file: &TreePath,
    what: &'static str,
) -> Result<(), Error> {
    spent.set(spent.get().saturating_add(more));
    if spent.get() > limit { Err(Error::Budget { file: file.clone(), what, limit }) } else { Ok(()) }
}

/// Refuses objects that have become too many or too large.
pub(crate) fn objects(list: &[Resource], file: &TreePath) -> Result<(), Error> {
    let over = |what, limit| Err(Error::Budget { file: file.clone(), what, limit });
    if list.len() > MAX_OBJECTS {
        return over("number of objects", MAX_OBJECTS);
    }
    let mut total = 0_usize;
    for resource in list {
        total = total.saturating_add(memory(&resource.value));
        if total > MAX_BYTES {
            return over("number of bytes in all objects", MAX_BYTES);
        }
    }
    Ok(())
}

/// Refuses to put so many bytes into so many places.
pub(crate) fn copies(bytes: usize, places: usize) -> Result<(), String> {
    if bytes.saturating_mul(places) <= MAX_BYTES {
        return Ok(());
    }
    Err(format!(
        "{bytes} bytes in {places} places are more than the {MAX_BYTES} bytes that all objects may have"
    ))
}

/// About how many bytes a value takes in memory. Maps take room for some entries as soon as they have one.
pub(crate) fn memory(value: &Value) -> usize {
    const VALUE: usize = 32;
    const NAME: usize = 24;
    const ROOM: usize = 11;
    let below = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(memory).sum(),
        Value::Object(map) if map.is_empty() => 0,
        Value::Object(map) => {
            let entries = map.iter().map(|(name, value)| name.len() + NAME + memory(value));
            ROOM * (NAME + VALUE) + entries.sum::<usize>()
        }
    };
    VALUE + below
}

#[cfg(test)]
mod tests {
    use tree::{MemoryTree, TreePath};

    use super::MAX_BYTES;
    use crate::{Options, build};

    fn fails(files: &[(&str, String)]) -> String {
        let mut tree = MemoryTree::new();
        for (path, text) in files {
            tree.insert_text(path, text).unwrap();
        }
        let begin = std::time::Instant::now();
        let error = build(&tree, &TreePath::new("app").unwrap(), &Options::default()).unwrap_err();
        assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
        error.to_string()
    }

    #[test]
    fn bases_cannot_multiply() {
        // Without any object: two kustomizations at each level, each with both below as bases.
        let mut files = vec![("app/kustomization.yaml".to_owned(), "resources: [../a40, ../b40]".to_owned())];
        for level in 1..=40 {
            for side in ["a", "b"] {
                let below = level - 1;
                let text = format!("resources: [../a{below}, ../b{below}]\nnamePrefix: {side}-\n");
                files.push((format!("{side}{level}/kustomization.yaml"), text));
            }
        }
        for side in ["a0", "b0"] {
            files.push((format!("{side}/kustomization.yaml"), "namePrefix: x-".to_owned()));
        }
        let files: Vec<(&str, String)> =
            files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
        let error = fails(&files);
        assert!(error.contains("number of kustomizations in one build is more than the 10000"), "{error}");
    }

    #[test]
    fn copied_values_cannot_multiply() {
        let object =
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: some text}\n".to_owned();
        let replacement = |place: usize| {
            let target = format!(
                "{{select: {{kind: ConfigMap}}, fieldPaths: [data.b{place}], options: {{create: true}}}}"
            );
            format!("- source: {{kind: ConfigMap, fieldPath: data}}\n  targets: [{target}]\n")
        };
        let error = fails(&[
            (
                "app/kustomization.yaml",
                format!(
                    "resources: [a.yaml]\nreplacements:\n{}",
                    (0..60).map(replacement).collect::<String>()
                ),
            ),
            ("app/a.yaml", object.clone()),
        ]);
        assert!(error.contains(&format!("{MAX_BYTES}")), "{error}");
        let copy = |place: usize| format!(r#"{{"op": "copy", "from": "/data", "path": "/data/b{place}"}},"#);
        let copies: String = (0..60).map(copy).collect();
        let error = fails(&[
            (
                "app/kustomization.yaml",
                format!(
                    "resources: [a.yaml]\npatches:\n- target: {{kind: ConfigMap}}\n  patch: '[{}]'\n",
                    copies.trim_end_matches(',')
                ),
            ),
            ("app/a.yaml", object),
        ]);
        assert!(error.contains("bytes"), "{error}");
    }

    #[test]
    fn long_texts_cannot_go_everywhere() {
        let objects: String = (0..1000)
            .map(|index| format!("---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a{index}}}\n"))
            .collect();
        let long = "x".repeat(100_000);
        for field in [
            format!("commonAnnotations: {{a: {long}}}\n"),
            format!("namePrefix: {long}\n"),
            format!(
                "patches:\n- target: {{kind: ConfigMap}}\n  patch: '{{\"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"x\"}}, \"data\": {{\"a\": \"{long}\"}}}}'\n"
            ),
        ] {
            let error = fails(&[
                ("app/kustomization.yaml", format!("resources: [a.yaml]\n{field}")),
                ("app/a.yaml", objects.clone()),
            ]);
            assert!(error.contains("more than the 16777216 bytes"), "{error:.300}");
        }
    }

    #[test]
    fn variables_cannot_multiply() {
        let map = |name: &str, text: &str| {
            format!(
                "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {{a: '{text}'}}}}\n"
            )
        };
        let kustomization = "resources: [a.yaml]\nvars:\n- name: A\n  objref: {apiVersion: v1, kind: ConfigMap, name: a}\n  \
            fieldref: {fieldpath: metadata.annotations.a}\n";
        let error = fails(&[
            ("app/kustomization.yaml", kustomization.to_owned()),
            ("app/a.yaml", map("a", &"x".repeat(100_000)) + &map("b", &"$(A)".repeat(10_000))),
        ]);
        assert!(error.contains("more than the 16777216 bytes"), "{error:.300}");
    }
}
