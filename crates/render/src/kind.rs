//! Which tool renders a source: the in-repository overrides first, then what the source says, then what lies in its
//! directory.

use serde_json::Value;
use tree::{EntryKind, Tree, TreePath};
use types::ApplicationSource;
use types::settings::RenderingSettings;

use crate::error::Failure;

/// A tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    Helm,
    Kustomize,
    Plugin,
}

impl Kind {
    /// Its name in an application's status.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Directory => "Directory",
            Self::Helm => "Helm",
            Self::Kustomize => "Kustomize",
            Self::Plugin => "Plugin",
        }
    }
}

/// Merges `.argocd-source.yaml` and `.argocd-source-<instance>.yaml` into the source. They cannot change where the
/// source is.
pub(crate) fn with_overrides(
    source: &ApplicationSource,
    tree: &dyn Tree,
    place: &TreePath,
    instance: &str,
) -> Result<ApplicationSource, Failure> {
    let mut names = vec![".argocd-source.yaml".to_owned()];
    if !instance.is_empty() {
        names.push(format!(".argocd-source-{instance}.yaml"));
    }
    let mut merged: Option<Value> = None;
    for name in names {
        let file = place.join(&name)?;
        if !tree::is_file(tree, &file)? {
            continue;
        }
        let text = tree::read_text(tree, &file)?;
        let patch = goyaml::from_str(&text).map_err(|error| Failure::content(format!("{file}: {error}")))?;
        let mut target = match merged.take() {
            Some(value) => value,
            None => serde_json::to_value(source).map_err(|error| Failure::content(error.to_string()))?,
        };
        merge(&mut target, &patch);
        merged = Some(target);
    }
    let Some(value) = merged else { return Ok(source.clone()) };
    let mut merged: ApplicationSource = serde_json::from_value(value).map_err(|error| {
        Failure::content(format!("{place}/.argocd-source.yaml makes no application source: {error}"))
    })?;
    merged.chart.clone_from(&source.chart);
    merged.path.clone_from(&source.path);
    merged.repo_url.clone_from(&source.repo_url);
    merged.target_revision.clone_from(&source.target_revision);
    Ok(merged)
}

/// RFC 7386. The YAML reader limits the depth already.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(map) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// The tool for a source, and whether it is because of what lies in the directory rather than what the source says.
pub(crate) type Detected = (Kind, bool);

/// The tool for a source in a directory. When the source names none and plugins are to be asked first, it is a plugin.
pub(crate) fn detect(
    source: &ApplicationSource,
    tree: &dyn Tree,
    place: &TreePath,
    settings: &RenderingSettings,
    asks_plugins: bool,
) -> Result<Detected, Failure> {
    let mut named = Vec::new();
    let is_empty = |value: Value| value.as_object().is_none_or(serde_json::Map::is_empty);
    let said = |value: Result<Value, serde_json::Error>| value.is_ok_and(|value| !is_empty(value));
    if source.kustomize.as_ref().is_some_and(|options| said(serde_json::to_value(options))) {
        named.push(("Kustomize", Kind::Kustomize, settings.kustomize));
    }
    if source.helm.as_ref().is_some_and(|options| said(serde_json::to_value(options))) {
        named.push(("Helm", Kind::Helm, settings.helm));
    }
    // What is included or excluded alone does not make a source a directory.
    let directory = source.directory.as_ref().is_some_and(|options| {
        let mut options = options.clone();
        options.include.clear();
        options.exclude.clear();
        let jsonnet = options.jsonnet != types::ApplicationSourceJsonnet::default();
        options.recurse || options.disable_extension_filter || jsonnet
    });
    if directory {
        named.push(("Directory", Kind::Directory, true));
    }
    // Unlike the others, an empty block names a plugin: the first that supports the files.
    if source.plugin.is_some() {
        named.push(("Plugin", Kind::Plugin, true));
    }
    match named[..] {
        [] => {}
        [(_, kind, enabled)] => return Ok((if enabled { kind } else { Kind::Directory }, false)),
        _ => {
            let names: Vec<_> = named.iter().map(|(name, ..)| *name).collect();
            return Err(Failure::Specification(format!(
                "multiple application sources defined: {}",
                names.join(",")
            )));
        }
    }
    if asks_plugins {
        return Ok((Kind::Plugin, true));
    }
    // Asked for by name rather than by listing: a listing would make every change in the directory matter.
    let is_there = |name: &str| -> Result<bool, Failure> {
        let kind = tree::resolve(tree, &place.join(name)?)?.map(|(_, kind)| kind);
        Ok(kind == Some(EntryKind::File))
    };
    if settings.kustomize {
        for name in crate::kustomize::FILE_NAMES {
            if is_there(name)? {
                return Ok((Kind::Kustomize, true));
            }
        }
    }
    if settings.helm && is_there("Chart.yaml")? {
        return Ok((Kind::Helm, true));
    }
    Ok((Kind::Directory, true))
}
