//! Kustomize sources: an application's Kustomize options written into the kustomization as `kustomize edit` would, and
//! the result built by crate `kustomize`. The edits are made on a copy of the file's content, not in the tree.

use std::sync::Arc;

use ::kustomize::{Need, Outcome};
use serde_json::{Map, Value, json};
use tree::{Tree, TreePath};
use types::ApplicationSourceKustomize;

use crate::documents::Manifests;
use crate::engine::{Job, sanitized_kube_version};
use crate::error::Failure;
use crate::images;
use crate::overlay::Overlay;

/// The names a kustomization may have, in the order they are looked for.
pub(crate) const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Builds the kustomization in `place`, or answers what has to be fetched first.
pub(crate) fn render(
    job: &Job,
    place: &TreePath,
    manifests: &mut Manifests,
) -> Result<Option<Vec<Need>>, Failure> {
    let options = job.source.kustomize.clone().unwrap_or_default();
    let tree = edited(job, place, &options)?;
    let build = build_options(job, &options)?;
    let outcome = ::kustomize::build_with(&*tree, place, &build, &job.outside)
        .map_err(|error| Failure::content(error.to_string()))?;
    match outcome {
        Outcome::Needs(needs) => Ok(Some(needs)),
        Outcome::Built(documents) => {
            for document in documents {
                let file: Arc<str> = document.file.as_str().into();
                manifests.add(document.value, &file, 0)?;
            }
            Ok(None)
        }
    }
}

/// `kustomize.buildOptions`, as far as they matter to a builder in this process.
fn build_options(job: &Job, options: &ApplicationSourceKustomize) -> Result<::kustomize::Options, Failure> {
    let words: Vec<&str> = job.settings.kustomize_build_options.split_whitespace().collect();
    let mut build = ::kustomize::Options::default();
    for (index, word) in words.iter().enumerate() {
        let value = word.split_once('=').map(|(_, value)| value).or(words.get(index + 1).copied());
        match word.split('=').next().unwrap_or(word) {
            "--enable-helm" => build.enable_helm = value != Some("false"),
            "--reorder" => build.keep_order = value == Some("none"),
            "--enable-managedby-label" => build.managed_by_label = value != Some("false"),
            "--load-restrictor" | "--load_restrictor" => {
                build.unrestricted = value == Some("LoadRestrictionsNone") || value == Some("none");
            }
            _ => {}
        }
    }
    let kube_version =
        if options.kube_version.is_empty() { &job.kube_version } else { &options.kube_version };
    build.kube_version = sanitized_kube_version(kube_version)?;
    build.api_versions = if options.api_versions.is_empty() {
        job.api_versions.to_vec()
    } else {
        options.api_versions.clone()
    };
    Ok(build)
}

/// The tree with the edited kustomization in it; the tree itself when nothing is to be edited.
fn edited(
    job: &Job,
    place: &TreePath,
    options: &ApplicationSourceKustomize,
) -> Result<Arc<dyn Tree>, Failure> {
    if !has_edits(options) {
        return Ok(job.tree.clone());
    }
    let mut file = None;
    for name in FILE_NAMES {
        let candidate = place.join(name)?;
        if tree::is_file(&*job.tree, &candidate)? {
            file = Some(candidate);
            break;
        }
    }
    let Some(file) = file else {
        return Err(Failure::content(format!("{place}: there is no kustomization to edit")));
    };
    let text = tree::read_text(&*job.tree, &file)?;
    let value = goyaml::from_str(&text).map_err(|error| Failure::content(format!("{file}: {error}")))?;
    let mut kustomization = match value {
        Value::Null => Map::new(),
        Value::Object(map) => map,
        _ => return Err(Failure::at(&file, 1, "a kustomization has to be a map")),
    };
    edit(job, place, options, &mut kustomization)?;
    let mut overlay = Overlay::new(job.tree.clone());
    overlay.put(file, goyaml::to_string(&Value::Object(kustomization)).into_bytes());
    Ok(Arc::new(overlay))
}

fn has_edits(options: &ApplicationSourceKustomize) -> bool {
    !options.name_prefix.is_empty()
        || !options.name_suffix.is_empty()
        || !options.images.is_empty()
        || !options.replicas.is_empty()
        || !options.common_labels.is_empty()
        || !options.common_annotations.is_empty()
        || !options.namespace.is_empty()
        || !options.patches.is_empty()
        || !options.components.is_empty()
}

fn edit(
    job: &Job,
    place: &TreePath,
    options: &ApplicationSourceKustomize,
    kustomization: &mut Map<String, Value>,
) -> Result<(), Failure> {
    let mut set = |key: &str, value: &str| {
        if !value.is_empty() {
            kustomization.insert(key.to_owned(), value.into());
        }
    };
    set("namePrefix", &options.name_prefix);
    set("nameSuffix", &options.name_suffix);
    if !options.images.is_empty() {
        let texts: Vec<String> = options.images.iter().map(|image| job.variables.expand(image)).collect();
        images::set(list(kustomization, "images")?, &texts)?;
    }
    replicas(options, kustomization)?;
    labels(job, options, kustomization)?;
    annotations(job, options, kustomization)?;
    if !options.namespace.is_empty() {
        if !is_dns_label(&options.namespace) {
            return Err(Failure::Specification(format!("{:?} is no namespace name", options.namespace)));
        }
        kustomization.insert("namespace".into(), options.namespace.as_str().into());
    }
    for patch in &options.patches {
        let value = serde_json::to_value(patch).map_err(|error| Failure::content(error.to_string()))?;
        list(kustomization, "patches")?.push(value);
    }
    components(job, place, options, kustomization)
}

/// The list under a key, made when there is none.
fn list<'a>(kustomization: &'a mut Map<String, Value>, key: &str) -> Result<&'a mut Vec<Value>, Failure> {
    let value = kustomization.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Array(Vec::new());
    }
    value.as_array_mut().ok_or_else(|| Failure::content(format!("the kustomization's {key} is no list")))
}

fn replicas(
    options: &ApplicationSourceKustomize,
    kustomization: &mut Map<String, Value>,
) -> Result<(), Failure> {
    if options.replicas.is_empty() {
        return Ok(());
    }
    let replicas = list(kustomization, "replicas")?;
    for replica in &options.replicas {
        let count = serde_json::to_value(&replica.count).unwrap_or_default();
        let number = count.as_i64().or_else(|| count.as_str().and_then(|text| text.parse().ok()));
        let number = number.ok_or_else(|| {
            Failure::Specification(format!("expected integer value for count of replicas {:?}", replica.name))
        })?;
        replicas.retain(|entry| entry.get("name").and_then(Value::as_str) != Some(&replica.name));
        replicas.push(json!({"name": replica.name, "count": number}));
    }
    let name = |entry: &Value| entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    replicas.sort_by_key(name);
    Ok(())
}

/// Adds pairs to a map of the kustomization; a key that is there already needs `force`.
fn add_pairs(
    map: &mut Map<String, Value>,
    pairs: impl Iterator<Item = (String, String)>,
    force: bool,
    what: &str,
) -> Result<(), Failure> {
    for (key, value) in pairs {
        if map.contains_key(&key) && !force {
            return Err(Failure::content(format!(
                "{what} {key} already in kustomization file. Use --force to override."
            )));
        }
        map.insert(key, value.into());
    }
    Ok(())
}

fn map<'a>(
    kustomization: &'a mut Map<String, Value>,
    key: &str,
) -> Result<&'a mut Map<String, Value>, Failure> {
    let value = kustomization.entry(key).or_insert(Value::Null);
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().ok_or_else(|| Failure::content(format!("the kustomization's {key} is no map")))
}

fn labels(
    job: &Job,
    options: &ApplicationSourceKustomize,
    kustomization: &mut Map<String, Value>,
) -> Result<(), Failure> {
    if options.label_include_templates && !options.label_without_selector {
        return Err(Failure::Specification("labelIncludeTemplates needs labelWithoutSelector".to_owned()));
    }
    if options.common_labels.is_empty() {
        return Ok(());
    }
    let pairs = options.common_labels.iter().map(|(key, value)| (key.clone(), job.variables.expand(value)));
    if !options.label_without_selector {
        let labels = map(kustomization, "commonLabels")?;
        return add_pairs(labels, pairs, options.force_common_labels, "label");
    }
    let templates = options.label_include_templates;
    let labels = list(kustomization, "labels")?;
    let is_ours = |entry: &&mut Value| {
        let flag = |key: &str| entry.get(key).and_then(Value::as_bool).unwrap_or(false);
        !flag("includeSelectors") && flag("includeTemplates") == templates && entry.get("fields").is_none()
    };
    if let Some(entry) = labels.iter_mut().find(is_ours)
        && let Some(existing) = entry.get_mut("pairs").and_then(Value::as_object_mut)
    {
        return add_pairs(existing, pairs, options.force_common_labels, "label");
    }
    let pairs: Map<String, Value> = pairs.map(|(key, value)| (key, value.into())).collect();
    let mut entry = json!({"includeSelectors": false, "pairs": pairs});
    if templates {
        entry["includeTemplates"] = true.into();
    }
    labels.push(entry);
    Ok(())
}

fn annotations(
    job: &Job,
    options: &ApplicationSourceKustomize,
    kustomization: &mut Map<String, Value>,
) -> Result<(), Failure> {
    if options.common_annotations.is_empty() {
        return Ok(());
    }
    let expand = |value: &String| {
        if options.common_annotations_envsubst { job.variables.expand(value) } else { value.clone() }
    };
    let pairs = options.common_annotations.iter().map(|(key, value)| (key.clone(), expand(value)));
    add_pairs(map(kustomization, "commonAnnotations")?, pairs, options.force_common_annotations, "annotation")
}

fn components(
    job: &Job,
    place: &TreePath,
    options: &ApplicationSourceKustomize,
    kustomization: &mut Map<String, Value>,
) -> Result<(), Failure> {
    for component in &options.components {
        let path = place.join(component);
        if options.ignore_missing_components {
            let Ok(path) = &path else { continue };
            if !crate::globs::is_pattern(component) && !tree::exists(&*job.tree, path)? {
                continue;
            }
        }
        let components = list(kustomization, "components")?;
        if !components.iter().any(|known| known.as_str() == Some(component)) {
            components.push(component.as_str().into());
        }
    }
    Ok(())
}

fn is_dns_label(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(allowed)
        && !text.starts_with('-')
        && !text.ends_with('-')
}
