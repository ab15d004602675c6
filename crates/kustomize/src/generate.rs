//! ConfigMaps and Secrets made of literals and files. How they meet objects that exist is in `absorb`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};

use crate::error::Error;
use crate::file::{Generator, GeneratorOptions};
use crate::place::Place;
use crate::resource::{Behavior, Resource, map_at};

/// Which kind is generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    ConfigMap,
    Secret,
}

impl Kind {
    const fn field(self) -> &'static str {
        match self {
            Self::ConfigMap => "configMapGenerator",
            Self::Secret => "secretGenerator",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    /// The name of the built-in generator.
    pub(crate) const fn generator(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMapGenerator",
            Self::Secret => "SecretGenerator",
        }
    }
}

/// Base64 text is broken into lines of this length.
const LINE_LENGTH: usize = 70;

/// Makes one object.
pub(crate) fn generate(
    kind: Kind,
    generator: &Generator,
    global: Option<&GeneratorOptions>,
    place: &Place<'_>,
) -> Result<Resource, Error> {
    let failed = |message: String| place.failed(kind.field(), message);
    if generator.name.is_empty() {
        return Err(failed("a configmap must have a name".to_owned()));
    }
    let mut value = json!({
        "apiVersion": "v1",
        "kind": kind.name(),
        "metadata": {"name": generator.name},
    });
    let metadata = map_at(&mut value, "metadata");
    if !generator.namespace.is_empty() {
        metadata.insert("namespace".to_owned(), generator.namespace.as_str().into());
    }
    let options = merged_options(generator.options.as_ref(), global);
    for (name, entries) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !entries.is_empty() {
            metadata.insert(name.to_owned(), json!(entries));
        }
    }
    let (mut data, mut binary) = (Map::new(), Map::new());
    for (key, bytes) in read_pairs(generator, place, kind)? {
        match (kind, String::from_utf8(bytes)) {
            (Kind::ConfigMap, Ok(text)) => drop(data.insert(key, text.into())),
            (Kind::ConfigMap, Err(error)) => {
                drop(binary.insert(key, wrapped_base64(error.as_bytes()).into()));
            }
            (Kind::Secret, Ok(text)) => drop(data.insert(key, wrapped_base64(text.as_bytes()).into())),
            (Kind::Secret, Err(error)) => drop(data.insert(key, wrapped_base64(error.as_bytes()).into())),
        }
    }
    // A Secret has data even if that is empty.
    if !data.is_empty() || kind == Kind::Secret {
        value["data"] = data.into();
    }
    if !binary.is_empty() {
        value["binaryData"] = binary.into();
    }
    if kind == Kind::Secret {
        let secret_type = if generator.secret_type.is_empty() { "Opaque" } else { &generator.secret_type };
        value["type"] = secret_type.into();
    }
    if options.immutable {
        value["immutable"] = true.into();
    }
    let behavior = match generator.behavior.as_str() {
        "merge" => Behavior::Merge,
        "replace" => Behavior::Replace,
        // Anything else counts as `create`.
        _ => Behavior::Create,
    };
    let hashed = !options.disable_name_suffix_hash;
    Ok(Resource { hashed, behavior, ..Resource::new(value, place.file.as_str().into()) })
}

fn merged_options(own: Option<&GeneratorOptions>, global: Option<&GeneratorOptions>) -> GeneratorOptions {
    let mut options = own.cloned().unwrap_or_default();
    if let Some(global) = global {
        for (key, value) in &global.labels {
            options.labels.entry(key.clone()).or_insert_with(|| value.clone());
        }
        for (key, value) in &global.annotations {
            options.annotations.entry(key.clone()).or_insert_with(|| value.clone());
        }
        options.disable_name_suffix_hash |= global.disable_name_suffix_hash;
        options.immutable |= global.immutable;
    }
    options
}

/// Base64 in the form that generated objects have it in: longer text in lines, each with its end.
pub(crate) fn wrapped_base64(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    if text.len() < LINE_LENGTH {
        return text;
    }
    let mut wrapped = String::with_capacity(text.len() + text.len() / LINE_LENGTH + 1);
    for (place, character) in text.chars().enumerate() {
        if place > 0 && place % LINE_LENGTH == 0 {
            wrapped.push('\n');
        }
        wrapped.push(character);
    }
    wrapped.push('\n');
    wrapped
}

fn read_pairs(
    generator: &Generator,
    place: &Place<'_>,
    kind: Kind,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let name = &generator.name;
    let failed = |message: String| place.failed(kind.field(), format!("{name}: loading KV pairs: {message}"));
    let mut pairs = BTreeMap::new();
    let mut push = |key: String, bytes: Vec<u8>| match pairs.insert(key.clone(), bytes) {
        None => Ok(()),
        Some(_) => {
            Err(place.failed(kind.field(), format!("configmap {name} illegally repeats the key `{key}`")))
        }
    };
    for path in &generator.envs {
        let bytes = place.bytes(path)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| failed(format!("env source file {path} has invalid utf8 bytes")))?;
        for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            if !key.is_empty() {
                push(key.to_owned(), value.as_bytes().to_vec())?;
            }
        }
    }
    for literal in &generator.literals {
        let (key, value) = literal
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| failed(format!("invalid literal source {literal}, expected key=value")))?;
        push(key.to_owned(), unquoted(value).as_bytes().to_vec())?;
    }
    for entry in &generator.files {
        let (key, path) = match entry.split('=').collect::<Vec<_>>()[..] {
            [path] => (path.trim_end_matches('/').rsplit('/').next().unwrap_or(path), path),
            ["", path] => {
                return Err(failed(format!(
                    "missing key name for file path \"{path}\" in source \"{entry}\""
                )));
            }
            [key, ""] => {
                return Err(failed(format!(
                    "missing file path for key name \"{key}\" in source \"{entry}\""
                )));
            }
            [key, path] => (key, path),
            _ => return Err(failed(format!("source \"{entry}\" key name or file path contains '='"))),
        };
        push(key.to_owned(), place.bytes(path)?.to_vec())?;
    }
    Ok(pairs)
}

/// Without the quotes that enclose the whole text.
fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        if text.len() > 1
            && let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote))
        {
            return inner;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_around_a_literal_are_dropped() {
        for (text, bare) in [("\"a\"", "a"), ("'a'", "a"), ("\"a'", "\"a'"), ("a", "a"), ("\"", "\"")] {
            assert_eq!(unquoted(text), bare);
        }
    }

    #[test]
    fn long_base64_is_broken_into_lines() {
        assert_eq!(wrapped_base64(b"short"), "c2hvcnQ=");
        let wrapped = wrapped_base64(&[0; 60]);
        assert_eq!(wrapped.lines().map(str::len).collect::<Vec<_>>(), [70, 10]);
        assert!(wrapped.ends_with('\n'));
    }
}
