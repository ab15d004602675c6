//! What only the root does, at the end: hashes, references, variables, order, and what is told about the build.

use serde_json::{Map, Value};

use crate::Options;
use crate::build::Accumulated;
use crate::error::Error;
use crate::file::Kustomization;
use crate::origin::list_to_text;
use crate::place::Place;
use crate::resource::{Resource, map_at};
use crate::yaml::Way;
use crate::{file, hash, order, references, variables};

const LOCAL: &str = "config.kubernetes.io/local-config";
const ORIGIN: &str = "config.kubernetes.io/origin";
const TRANSFORMATIONS: &str = "alpha.config.kubernetes.io/transformations";
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "kustomize-v5.8.2");

/// Finishes what the root has accumulated.
pub(crate) fn finish(
    root: &Kustomization,
    place: &Place<'_>,
    accumulated: Accumulated,
    options: &Options,
) -> Result<Vec<Resource>, Error> {
    let specs = accumulated.specs();
    let Accumulated { mut list, variables, .. } = accumulated;
    add_hashes(&mut list);
    references::fix(&mut list, &specs.name_reference)
        .map_err(|message| place.failed("nameReference", message))?;
    variables::substitute(&mut list, &variables, &specs.var_reference)
        .map_err(|message| place.failed("vars", message))?;
    list.retain(|resource| !is_local(resource));
    order::sort(&mut list, root.sort_options.as_ref(), !options.keep_order)
        .map_err(|message| place.failed("sortOptions", message))?;
    let wants = |what: &str| root.build_metadata.iter().any(|entry| entry == what);
    let (origins, transformations) = (wants("originAnnotations"), wants("transformerAnnotations"));
    for resource in &mut list {
        if options.managed_by_label || wants("managedByLabel") {
            let labels = map_at(resource.metadata_value(), "labels");
            labels.insert(MANAGED_BY.0.to_owned(), MANAGED_BY.1.into());
        }
        tell(resource, origins, transformations);
    }
    Ok(list)
}

/// Puts the hash of their content behind the names of objects that want it.
pub(crate) fn add_hashes(list: &mut [Resource]) {
    for resource in list.iter_mut().filter(|resource| resource.hashed) {
        let name = format!("{}-{}", resource.name(), hash::suffix(resource));
        resource.remember();
        resource.set_name(&name);
    }
}

/// Whether an object is for tools only.
fn is_local(resource: &Resource) -> bool {
    let mark = resource.annotations().and_then(|map| map.get(LOCAL));
    mark.is_some_and(|value| value.as_str() != Some("false"))
}

/// Leaves the annotations that belong to the output: texts, without what tools note for themselves, and with what the
/// build is asked to tell.
fn tell(resource: &mut Resource, origins: bool, transformations: bool) {
    let origin = resource.origin.take().filter(|_| origins);
    let changes = std::mem::take(&mut resource.transformations);
    let blanks = std::mem::take(&mut resource.blanks);
    let Value::Object(metadata) = resource.metadata_value() else { return };
    let mut annotations = match metadata.remove("annotations") {
        Some(Value::Object(annotations)) => annotations,
        _ => Map::new(),
    };
    annotations.retain(|key, _| !is_internal(key));
    for (key, value) in annotations.iter_mut().filter(|(_, value)| !value.is_string()) {
        *value = written(key, value, &blanks).into();
    }
    if !origins {
        annotations.remove(ORIGIN);
    }
    if !transformations {
        annotations.remove(TRANSFORMATIONS);
    }
    if let Some(origin) = origin {
        annotations.insert(ORIGIN.to_owned(), origin.to_text().into());
    }
    if transformations && !changes.is_empty() {
        annotations.insert(TRANSFORMATIONS.to_owned(), list_to_text(&changes).into());
    }
    if !annotations.is_empty() {
        metadata.insert("annotations".to_owned(), annotations.into());
    }
}

/// The text of an annotation as it was written.
fn written(key: &str, value: &Value, blanks: &[Way]) -> String {
    let is_blank = |way: &Way| way.iter().map(|step| &**step).eq(["metadata", "annotations", key]);
    if value.is_null() && !blanks.iter().any(is_blank) { "null".to_owned() } else { file::scalar_text(value) }
}

fn is_internal(key: &str) -> bool {
    if let Some(name) = key.strip_prefix("internal.config.kubernetes.io/") {
        return matches!(
            name,
            "previousKinds"
                | "previousNames"
                | "prefixes"
                | "suffixes"
                | "previousNamespaces"
                | "allowNameChange"
                | "allowKindChange"
                | "refBy"
                | "generatorBehavior"
                | "needsHashSuffix"
                | "helm-generated"
                | "path"
                | "index"
                | "seqindent"
                | "id"
                | "annotations-migration-resource-id"
        );
    }
    matches!(key, "config.kubernetes.io/index" | "config.kubernetes.io/path" | "config.k8s.io/id")
}
