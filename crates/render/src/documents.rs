//! Texts read as manifests: several documents, lists of objects, and the rules for what is no manifest at all.

use std::sync::Arc;

use object::Object;
use serde_json::Value;
use tree::TreePath;

use crate::error::Failure;

/// Levels of lists inside lists that are opened.
const MAX_LIST_DEPTH: usize = 1;

/// One object as its tool made it, and where it came from.
#[derive(Debug, Clone)]
pub(crate) struct Manifest {
    pub(crate) object: Object,
    pub(crate) file: Arc<str>,
    pub(crate) line: usize,
}

/// Collects the objects of a source in order.
#[derive(Debug, Default)]
pub(crate) struct Manifests {
    found: Vec<Manifest>,
}

impl Manifests {
    pub(crate) fn into_vec(self) -> Vec<Manifest> {
        self.found
    }

    /// Adds a value: an object, or a list whose items are added instead. Nulls are left out.
    pub(crate) fn add(&mut self, value: Value, file: &Arc<str>, line: usize) -> Result<(), Failure> {
        self.add_at(value, file, line, 0)
    }

    fn add_at(&mut self, value: Value, file: &Arc<str>, line: usize, depth: usize) -> Result<(), Failure> {
        let map = match value {
            Value::Null => return Ok(()),
            Value::Object(map) => map,
            other => {
                return Err(Failure::content(format!(
                    "{file}:{line}: a manifest has to be an object, not {}",
                    object::kind_of(&other)
                )));
            }
        };
        match map.get("items") {
            Some(Value::Array(_)) if depth < MAX_LIST_DEPTH => {
                let mut map = map;
                let Some(Value::Array(items)) = map.remove("items") else { return Ok(()) };
                for item in items {
                    self.add_at(item, file, line, depth + 1)?;
                }
                Ok(())
            }
            Some(Value::Null) if !map.contains_key("spec") && !map.contains_key("status") => Ok(()),
            _ => {
                self.found.push(Manifest { object: Object::from(map), file: file.clone(), line });
                Ok(())
            }
        }
    }

    /// Adds what a Jsonnet program gave: an object, or arrays of objects nested in any way.
    pub(crate) fn add_nested(&mut self, value: Value, file: &Arc<str>) -> Result<(), Failure> {
        let mut ahead = vec![value];
        while let Some(value) = ahead.pop() {
            match value {
                Value::Array(items) => ahead.extend(items.into_iter().rev()),
                other => self.add(other, file, 0)?,
            }
        }
        Ok(())
    }

    /// Adds all documents of a YAML or JSON text.
    ///
    /// A text that cannot be read is an error when it looks like a manifest, and otherwise ignored: directories hold
    /// other YAML too.
    pub(crate) fn add_text(&mut self, path: &TreePath, bytes: &[u8]) -> Result<(), Failure> {
        let file: Arc<str> = path.as_str().into();
        let Some(text) = text_of(bytes) else {
            return Err(Failure::at(path, 1, "the file is no text in UTF-8 or UTF-16"));
        };
        let (documents, mut failure) = match goyaml::documents(&text) {
            Ok(documents) => (documents, None),
            Err(error) => {
                (documents_before_failure(&text), Some(Failure::content(format!("{path}: {error}"))))
            }
        };
        let mut added = false;
        for document in documents {
            if let Err(reason) = check(&document.value) {
                failure = Some(Failure::at(path, document.line, reason));
                break;
            }
            self.add(document.value, &file, document.line)?;
            added = true;
        }
        let looks_like_one = || ["apiVersion:", "kind:", "metadata:"].iter().all(|word| text.contains(word));
        match failure {
            Some(failure) if added || looks_like_one() => Err(failure),
            _ => Ok(()),
        }
    }

    /// Adds all documents of what a plugin has printed, all of which have to be manifests.
    pub(crate) fn add_output(&mut self, name: &Arc<str>, text: &str) -> Result<(), Failure> {
        let documents = goyaml::documents(text)
            .map_err(|error| Failure::content(format!("the output of {name}: {error}")))?;
        for document in documents {
            check(&document.value).map_err(|reason| {
                Failure::content(format!("the output of {name}:{}: {reason}", document.line))
            })?;
            self.add(document.value, name, document.line)?;
        }
        Ok(())
    }

    /// Adds the one object of a JSON text.
    pub(crate) fn add_json(&mut self, path: &TreePath, bytes: &[u8]) -> Result<(), Failure> {
        let file: Arc<str> = path.as_str().into();
        let text =
            text_of(bytes).ok_or_else(|| Failure::at(path, 1, "the file is no text in UTF-8 or UTF-16"))?;
        let mut values = serde_json::Deserializer::from_str(&text).into_iter::<Value>();
        let Some(first) = values.next() else { return Ok(()) };
        let first = first.map_err(|error| Failure::at(path, error.line(), error))?;
        if values.next().is_some() {
            return Err(Failure::at(
                path,
                1,
                "Found multiple objects in the file. Only single objects are allowed in JSON files.",
            ));
        }
        if first.is_object() && check(&first).is_err() {
            // Some other JSON file, such as the description of an OCI artifact.
            return Ok(());
        }
        self.add(first, &file, 1)
    }
}

/// Whether a value can be a manifest: an object of a kind.
fn check(value: &Value) -> Result<(), &'static str> {
    match value {
        Value::Null => Ok(()),
        Value::Object(map)
            if map.get("kind").and_then(Value::as_str).is_some_and(|kind| !kind.is_empty()) =>
        {
            Ok(())
        }
        Value::Object(_) => Err("Object 'Kind' is missing"),
        _ => Err("a manifest has to be an object"),
    }
}

/// The documents before the one that cannot be read.
fn documents_before_failure(text: &str) -> Vec<goyaml::Document> {
    let ends: Vec<usize> = text.match_indices("\n---").map(|(end, _)| end + 1).collect();
    // The longest readable part, found by halving: each try reads the text again.
    let (mut readable, mut broken) = (0, ends.len() + 1);
    while broken - readable > 1 {
        let middle = (readable + broken) / 2;
        if goyaml::documents(&text[..ends[middle - 1]]).is_ok() {
            readable = middle;
        } else {
            broken = middle;
        }
    }
    match readable {
        0 => Vec::new(),
        count => goyaml::documents(&text[..ends[count - 1]]).unwrap_or_default(),
    }
}

/// Text in UTF-8, or in UTF-16 with a byte order mark.
fn text_of(bytes: &[u8]) -> Option<String> {
    let utf16 = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}
