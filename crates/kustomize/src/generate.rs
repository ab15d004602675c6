//! ConfigMaps and Secrets made of literals and files.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use tree::TreePath;

use crate::error::Error;
use crate::file::{Generator, GeneratorOptions};
use crate::load::Loader;
use crate::resource::{Behavior, Resource, append};

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
}

/// Base64 text is broken into lines of this length.
const LINE_LENGTH: usize = 70;

/// Makes one object.
pub(crate) fn generate(
    kind: Kind,
    generator: &Generator,
    global: Option<&GeneratorOptions>,
    loader: Loader<'_>,
    root: &TreePath,
    file: &TreePath,
) -> Result<Resource, Error> {
    let failed = |message: String| Error::step(file, kind.field(), message);
    if generator.name.is_empty() {
        return Err(failed("a generator must have a name".to_owned()));
    }
    let pairs = read_pairs(generator, loader, root, file, kind)?;
    let mut value = json!({
        "apiVersion": "v1",
        "kind": match kind { Kind::ConfigMap => "ConfigMap", Kind::Secret => "Secret" },
        "metadata": {"name": generator.name},
    });
    let fields = crate::resource::map_at(&mut value, "metadata");
    if !generator.namespace.is_empty() {
        fields.insert("namespace".to_owned(), generator.namespace.as_str().into());
    }
    let options = merged_options(generator.options.as_ref(), global);
    for (name, entries) in [("labels", &options.labels), ("annotations", &options.annotations)] {
        if !entries.is_empty() {
            fields.insert(name.to_owned(), json!(entries));
        }
    }
    let (mut data, mut binary) = (Map::new(), Map::new());
    for (key, bytes) in pairs {
        match (kind, String::from_utf8(bytes)) {
            (Kind::Secret, Ok(text)) => drop(data.insert(key, wrapped_base64(text.as_bytes()).into())),
            (Kind::Secret, Err(error)) => drop(data.insert(key, wrapped_base64(error.as_bytes()).into())),
            (Kind::ConfigMap, Ok(text)) => drop(data.insert(key, text.into())),
            (Kind::ConfigMap, Err(error)) => {
                drop(binary.insert(key, wrapped_base64(error.as_bytes()).into()));
            }
        }
    }
    if !data.is_empty() {
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
        "" | "create" => Behavior::Create,
        "merge" => Behavior::Merge,
        "replace" => Behavior::Replace,
        other => return Err(failed(format!("unknown behavior {other:?}; use create, merge or replace"))),
    };
    let mut resource = Resource::new(value, file.as_str().into());
    resource.hashed = !options.disable_name_suffix_hash;
    resource.behavior = behavior;
    Ok(resource)
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

fn wrapped_base64(bytes: &[u8]) -> String {
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
    loader: Loader<'_>,
    root: &TreePath,
    file: &TreePath,
    kind: Kind,
) -> Result<BTreeMap<String, Vec<u8>>, Error> {
    let failed = |message: String| Error::step(file, kind.field(), format!("{}: {message}", generator.name));
    let mut pairs = BTreeMap::new();
    let mut push = |key: String, bytes: Vec<u8>| {
        if key.is_empty()
            || key.len() > 253
            || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'))
        {
            return Err(failed(format!("{key:?} is not a valid key name")));
        }
        match pairs.insert(key.clone(), bytes) {
            None => Ok(()),
            Some(_) => Err(failed(format!("cannot add key {key}, another key by that name already exists"))),
        }
    };
    for name in &generator.envs {
        let text = loader.text(root, file, name)?;
        for line in text.trim_start_matches('\u{feff}').lines() {
            let line = line.trim_start();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or((line, ""));
            push(key.to_owned(), value.as_bytes().to_vec())?;
        }
    }
    for literal in &generator.literals {
        let (key, value) = literal
            .split_once('=')
            .filter(|(key, _)| !key.is_empty())
            .ok_or_else(|| failed(format!("invalid literal source {literal:?}, expected key=value")))?;
        push(key.to_owned(), unquoted(value).as_bytes().to_vec())?;
    }
    for entry in &generator.files {
        let (key, path) = match entry.split('=').collect::<Vec<_>>()[..] {
            [path] => (path.rsplit('/').next().unwrap_or(path), path),
            [key, path] if !key.is_empty() && !path.is_empty() => (key, path),
            _ => return Err(failed(format!("invalid file source {entry:?}, expected [key=]path"))),
        };
        push(key.to_owned(), loader.bytes(root, file, path)?)?;
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

/// Puts a generated object among the others: created, merged into, or in place of one that exists.
pub(crate) fn absorb(list: &mut Vec<Resource>, generated: Resource) -> Result<(), String> {
    let id = generated.id();
    let matching: Vec<usize> = (0..list.len())
        .filter(|&place| list[place].all_ids().iter().any(|other| other.is_same(&id)))
        .collect();
    match (&matching[..], generated.behavior) {
        ([], Behavior::Create) => append(list, generated),
        ([], _) => Err(format!("id {id} does not exist; cannot merge or replace")),
        ([_], Behavior::Create) => Err(format!("id {id} exists; behavior must be merge or replace")),
        (&[place], behavior) => {
            merge_into(&mut list[place], generated, behavior);
            Ok(())
        }
        _ => Err(format!("found multiple objects {id} that could accept merge of {id}")),
    }
}

fn merge_into(existing: &mut Resource, mut generated: Resource, behavior: Behavior) {
    for name in ["labels", "annotations"] {
        let new = generated.value.pointer(&format!("/metadata/{name}")).and_then(Value::as_object).cloned();
        if let Some(new) = new {
            let entry = existing.metadata().entry(name.to_owned()).or_insert_with(|| json!({}));
            if let Some(map) = entry.as_object_mut() {
                map.extend(new);
            }
        }
    }
    for field in ["data", "binaryData"] {
        let new = generated.value.get_mut(field).map(Value::take);
        let old = existing.value.get_mut(field).map(Value::take);
        let merged = match (behavior, old, new) {
            (Behavior::Merge, Some(Value::Object(mut old)), Some(Value::Object(new))) => {
                old.extend(new);
                Some(Value::Object(old))
            }
            (Behavior::Merge, Some(old), None) => Some(old),
            (_, _, new) => new,
        };
        if let Some(map) = existing.value.as_object_mut() {
            match merged {
                Some(value) if !value.is_null() => drop(map.insert(field.to_owned(), value)),
                _ => drop(map.remove(field)),
            }
        }
    }
    for field in ["type", "immutable"] {
        if let Some(value) = generated.value.get(field) {
            existing.value[field] = value.clone();
        }
    }
    existing.hashed = generated.hashed;
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
