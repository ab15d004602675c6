//! Decoding of configuration as Go's JSON library does it: names match whatever their case, null is nothing.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::{Map, Value};

/// Decodes a value; the error names the field that does not fit.
pub(crate) fn decode<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    let value = with_known_names(value);
    T::deserialize(&value).map_err(|error| {
        let message = error.to_string();
        let fails = |part: Value| T::deserialize(&part).is_err_and(|error| error.to_string() == message);
        let place = place(&value, &fails, 0);
        let place = place.trim_start_matches('.');
        match message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
            Some((field, _)) if place.is_empty() || place == field => {
                format!("json: unknown field \"{field}\"")
            }
            Some((field, _)) => format!("json: unknown field \"{field}\" ({place})"),
            None => {
                let reason = message
                    .replace("invalid type: ", "json: cannot take ")
                    .replace("expected a sequence", "expected a list");
                if place.is_empty() { reason } else { format!("{place}: {reason}") }
            }
        }
    })
}

/// Nesting to which the place of an error is told.
const MAX_PLACE: usize = 8;

/// Where in a value the error is: the part that `fails` by itself, and the part of that, and so on.
fn place(value: &Value, fails: &dyn Fn(Value) -> bool, depth: usize) -> String {
    if depth > MAX_PLACE {
        return String::new();
    }
    let in_field = |name: &str, value: Value| Value::Object(Map::from_iter([(name.to_owned(), value)]));
    match value {
        Value::Object(fields) => {
            let wrong = fields.iter().find(|(name, value)| fails(in_field(name, (*value).clone())));
            wrong.map_or_else(String::new, |(name, value)| {
                format!(".{name}{}", place(value, &|part| fails(in_field(name, part)), depth + 1))
            })
        }
        Value::Array(items) => {
            let wrong = items.iter().enumerate().find(|(_, item)| fails(Value::Array(vec![(*item).clone()])));
            wrong.map_or_else(String::new, |(index, item)| {
                format!("[{index}]{}", place(item, &|part| fails(Value::Array(vec![part])), depth + 1))
            })
        }
        _ => String::new(),
    }
}

/// Decodes the configuration of generators, transformers and the like, where numbers and booleans are taken for texts.
pub(crate) fn decode_loosely<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    decode(with_texts(value))
}

/// Takes `null` for empty.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A map of texts, in which null is the empty text.
pub(crate) fn text_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, String>, D::Error> {
    let map = Option::<BTreeMap<String, Option<String>>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(map.into_iter().map(|(key, value)| (key, value.unwrap_or_default())).collect())
}

/// A scalar as text; empty for null, lists and maps.
pub(crate) fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

/// Fields whose keys are the user's.
const FREE_FORM: &[&str] = &[
    "annotations",
    "commonAnnotations",
    "commonLabels",
    "labels",
    "metadata",
    "pairs",
    "valuesInline",
    "valuesLocal",
];

/// Field names in their own case, at every depth, without those that are null; keys of free-form maps are left alone.
fn with_known_names(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_known_names).collect(),
        Value::Object(fields) => {
            let mut known = Map::new();
            for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
                let exact = NAMES.binary_search(&name.as_str()).is_ok();
                let name = if exact { name } else { known_name(name) };
                // `labels` of the kustomization itself is a list, of which only the maps inside are free.
                let is_free = value.is_object() && FREE_FORM.contains(&name.as_str());
                known.insert(name, if is_free { value } else { with_known_names(value) });
            }
            Value::Object(known)
        }
        other => other,
    }
}

fn known_name(name: String) -> String {
    NAMES.iter().find(|known| known.eq_ignore_ascii_case(&name)).map_or(name, |known| (*known).to_owned())
}

/// Fields that are numbers or booleans, or hold anything.
const NO_TEXTS: &[&str] = &[
    "allowKindChange",
    "allowNameChange",
    "count",
    "create",
    "devel",
    "debug",
    "disableNameSuffixHash",
    "filePathPosition",
    "immutable",
    "includeCRDs",
    "index",
    "skipHooks",
    "skipTests",
    "unsetOnly",
    "valuesInline",
    "valuesLocal",
];

fn with_texts(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_texts).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let is_text = !NO_TEXTS.iter().any(|other| other.eq_ignore_ascii_case(&name));
                (name, if is_text { with_texts(value) } else { value })
            })
            .collect(),
        Value::Number(_) | Value::Bool(_) => Value::String(scalar_text(&value)),
        other => other,
    }
}

/// All field names, in order.
const NAMES: &[&str] = &[
    "additionalValuesFiles",
    "allowKindChange",
    "allowNameChange",
    "annotationSelector",
    "annotations",
    "apiVersion",
    "apiVersions",
    "bases",
    "behavior",
    "buildMetadata",
    "chartHome",
    "chartName",
    "chartRepoName",
    "chartRepoUrl",
    "chartVersion",
    "cloud",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configHome",
    "configMapGenerator",
    "configurations",
    "count",
    "crds",
    "create",
    "debug",
    "delimiter",
    "devel",
    "digest",
    "disableNameSuffixHash",
    "encoding",
    "env",
    "envs",
    "extraArgs",
    "fieldPath",
    "fieldPaths",
    "fieldSpecs",
    "fieldref",
    "fields",
    "filePathPosition",
    "files",
    "generatorOptions",
    "generators",
    "group",
    "helmBin",
    "helmChartInflationGenerator",
    "helmCharts",
    "helmGlobals",
    "helmHome",
    "imageTag",
    "imageTags",
    "images",
    "immutable",
    "includeCRDs",
    "includeSelectors",
    "includeTemplates",
    "includeVolumeClaimTemplates",
    "index",
    "jsonOp",
    "kind",
    "kubeVersion",
    "kubernetesService",
    "labelSelector",
    "labels",
    "legacySortOptions",
    "literals",
    "metadata",
    "name",
    "namePrefix",
    "nameReference",
    "nameSuffix",
    "nameTemplate",
    "namespace",
    "newName",
    "newTag",
    "objref",
    "openapi",
    "options",
    "order",
    "orderFirst",
    "orderLast",
    "pairs",
    "patch",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "path",
    "paths",
    "prefix",
    "projectId",
    "reject",
    "releaseName",
    "releaseNamespace",
    "replacements",
    "replica",
    "replicas",
    "repo",
    "resources",
    "secretGenerator",
    "select",
    "selector",
    "serviceAccount",
    "setRoleBindingSubjects",
    "skipHooks",
    "skipTests",
    "sortOptions",
    "source",
    "sourceValue",
    "suffix",
    "tagSuffix",
    "target",
    "targetFilePath",
    "targets",
    "templateLabels",
    "transformers",
    "type",
    "unsetOnly",
    "validators",
    "value",
    "values",
    "valuesFile",
    "valuesInline",
    "valuesLocal",
    "valuesMerge",
    "varReference",
    "vars",
    "version",
    "volumeClaimTemplateLabels",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(NAMES.is_sorted());
    }
}
