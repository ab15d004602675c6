//! The kustomization file: its fields, read strictly, with old spellings folded into the present ones.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::{Map, Value};
use tree::{Tree, TreePath};

use crate::error::Error;

/// The names a kustomization file may have.
const FILE_NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A kustomization or component.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Kustomization {
    api_version: String,
    kind: String,
    metadata: Value,
    #[serde(deserialize_with = "nullable")]
    pub(crate) resources: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    bases: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) components: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) crds: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) configurations: Vec<String>,
    pub(crate) namespace: String,
    pub(crate) name_prefix: String,
    pub(crate) name_suffix: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Vec<Labels>,
    #[serde(deserialize_with = "text_map")]
    pub(crate) common_labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "text_map")]
    pub(crate) common_annotations: BTreeMap<String, String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) patches_strategic_merge: Vec<String>,
    #[serde(rename = "patchesJson6902", deserialize_with = "nullable")]
    pub(crate) patches_json6902: Vec<Patch>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) patches: Vec<Patch>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) images: Vec<Image>,
    #[serde(deserialize_with = "nullable")]
    image_tags: Vec<Image>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) replacements: Vec<ReplacementField>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) replicas: Vec<Replica>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) vars: Vec<Variable>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) config_map_generator: Vec<Generator>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) secret_generator: Vec<Generator>,
    pub(crate) generator_options: Option<GeneratorOptions>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) generators: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) transformers: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) validators: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) helm_charts: Vec<Value>,
    pub(crate) helm_globals: Option<Value>,
    #[serde(deserialize_with = "nullable")]
    helm_chart_inflation_generator: Vec<Value>,
    pub(crate) openapi: Option<BTreeMap<String, String>>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) build_metadata: Vec<String>,
    pub(crate) sort_options: Option<SortOptions>,
}

/// One entry of `labels`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Labels {
    #[serde(deserialize_with = "text_map")]
    pub(crate) pairs: BTreeMap<String, String>,
    pub(crate) include_selectors: bool,
    pub(crate) include_templates: bool,
    pub(crate) include_volume_claim_templates: bool,
    #[serde(deserialize_with = "nullable")]
    pub(crate) fields: Vec<crate::fieldspec::FieldSpec>,
}

/// Which objects a patch is for: anchored regular expressions and label selectors.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Selector {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) label_selector: String,
    pub(crate) annotation_selector: String,
}

/// One entry of `patches` or `patchesJson6902`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Patch {
    pub(crate) path: String,
    pub(crate) patch: String,
    pub(crate) target: Option<Selector>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) options: BTreeMap<String, bool>,
}

/// One entry of `images`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Image {
    pub(crate) name: String,
    pub(crate) new_name: String,
    #[serde(deserialize_with = "as_text")]
    pub(crate) new_tag: String,
    pub(crate) tag_suffix: String,
    pub(crate) digest: String,
}

/// One entry of `replicas`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Replica {
    pub(crate) name: String,
    pub(crate) count: i64,
}

/// One entry of `replacements`: inline, or a file with one or several.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReplacementField {
    pub(crate) path: String,
    #[serde(flatten)]
    pub(crate) inline: Replacement,
}

/// Copies one value to other places.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Replacement {
    pub(crate) source: Option<ReplacementSource>,
    #[serde(deserialize_with = "as_optional_text")]
    pub(crate) source_value: Option<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) targets: Vec<ReplacementTarget>,
}

/// Where a replacement's value comes from.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReplacementSource {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) field_path: String,
    pub(crate) options: Option<FieldOptions>,
}

/// Where a replacement's value goes.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ReplacementTarget {
    pub(crate) select: Selector,
    #[serde(deserialize_with = "nullable")]
    pub(crate) reject: Vec<Selector>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) field_paths: Vec<String>,
    pub(crate) options: Option<FieldOptions>,
}

/// Which part of a text is meant.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FieldOptions {
    pub(crate) delimiter: String,
    pub(crate) index: i64,
    pub(crate) create: bool,
    pub(crate) encoding: String,
}

/// One entry of `vars`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) objref: ObjectReference,
    pub(crate) fieldref: FieldReference,
}

/// The object a variable reads.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct ObjectReference {
    pub(crate) api_version: String,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) namespace: String,
}

/// The field a variable reads.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct FieldReference {
    pub(crate) field_path: String,
}

/// One entry of `configMapGenerator` or `secretGenerator`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Generator {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) behavior: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) literals: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) files: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) envs: Vec<String>,
    env: String,
    pub(crate) options: Option<GeneratorOptions>,
    #[serde(rename = "type")]
    pub(crate) secret_type: String,
}

/// What generated objects carry.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct GeneratorOptions {
    #[serde(deserialize_with = "text_map")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(deserialize_with = "text_map")]
    pub(crate) annotations: BTreeMap<String, String>,
    pub(crate) disable_name_suffix_hash: bool,
    pub(crate) immutable: bool,
}

/// How the output is ordered.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct SortOptions {
    pub(crate) order: String,
    pub(crate) legacy_sort_options: Option<LegacySortOptions>,
}

/// The kinds that come first and last.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct LegacySortOptions {
    #[serde(deserialize_with = "nullable")]
    pub(crate) order_first: Vec<String>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) order_last: Vec<String>,
}

/// Takes `null` for empty.
pub(crate) fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// A map of texts; numbers and booleans are taken as the text they were written as.
fn text_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let map = Option::<Map<String, Value>>::deserialize(deserializer)?.unwrap_or_default();
    Ok(map.into_iter().map(|(key, value)| (key, scalar_text(&value))).collect())
}

fn as_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(scalar_text(&Value::deserialize(deserializer)?))
}

fn as_optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Value>::deserialize(deserializer)?.map(|value| scalar_text(&value)))
}

/// A scalar as text; empty for null.
pub(crate) fn scalar_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

impl Kustomization {
    /// Whether this is a component.
    pub(crate) fn is_component(&self) -> bool {
        self.kind == "Component"
    }

    fn fold_old_fields(&mut self) {
        self.resources.append(&mut self.bases);
        self.images.append(&mut self.image_tags);
        self.helm_charts.append(&mut self.helm_chart_inflation_generator);
        for generator in self.config_map_generator.iter_mut().chain(&mut self.secret_generator) {
            let env = std::mem::take(&mut generator.env);
            if !env.is_empty() {
                generator.envs.push(env);
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        let wanted = match self.kind.as_str() {
            "" | "Kustomization" => "kustomize.config.k8s.io/v1beta1",
            "Component" => "kustomize.config.k8s.io/v1alpha1",
            _ => return Err("kind should be Kustomization or Component".to_owned()),
        };
        let kind = if self.kind.is_empty() { "Kustomization" } else { &self.kind };
        if self.api_version.is_empty() && kind == "Kustomization" || self.api_version == wanted {
            Ok(())
        } else {
            Err(format!("apiVersion for {kind} should be {wanted}"))
        }
    }
}

/// Reads the kustomization of a directory; answers it with the path of its file.
pub(crate) fn read(tree: &dyn Tree, directory: &TreePath) -> Result<(Kustomization, TreePath), Error> {
    let mut found: Option<TreePath> = None;
    for name in FILE_NAMES {
        let path = directory.join(name).map_err(|error| Error::from((directory.clone(), error)))?;
        if tree::is_file(tree, &path)? {
            if found.is_some() {
                return Err(Error::file(directory, "Found multiple kustomization files"));
            }
            found = Some(path);
        }
    }
    let file = found.ok_or_else(|| Error::NoKustomization { directory: directory.clone() })?;
    let text = tree::read_text(tree, &file)?;
    let kustomization = parse(&text).map_err(|message| Error::file(&file, message))?;
    Ok((kustomization, file))
}

fn parse(text: &str) -> Result<Kustomization, String> {
    let value = goyaml::from_str(text).map_err(|error| error.to_string())?;
    let Value::Object(fields) = value else {
        return Err("kustomization.yaml is empty".to_owned());
    };
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if fields.iter().all(|(name, value)| matches!(name.as_str(), "apiVersion" | "kind") || is_empty(value)) {
        return Err("kustomization.yaml is empty".to_owned());
    }
    let fields: Map<String, Value> = fields.into_iter().filter(|(_, value)| !value.is_null()).collect();
    let mut kustomization: Kustomization = decode(Value::Object(fields))?;
    kustomization.check()?;
    kustomization.fold_old_fields();
    Ok(kustomization)
}

/// Decodes a value, with the name of the field that does not fit.
pub(crate) fn decode<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    serde_json::from_value(with_known_names(value)).map_err(|error| format!("invalid Kustomization: {error}"))
}

/// Field names match whatever their case, at every depth; keys of free-form maps are left alone.
fn with_known_names(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(with_known_names).collect(),
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let name = known_name(name);
                // `labels` of the kustomization itself is a list, of which only the maps inside are free.
                let is_free = value.is_object() && FREE_FORM.contains(&name.as_str());
                (name, if is_free { value } else { with_known_names(value) })
            })
            .collect(),
        other => other,
    }
}

/// Fields whose keys are the user's.
const FREE_FORM: &[&str] =
    &["pairs", "labels", "annotations", "commonLabels", "commonAnnotations", "metadata"];

fn known_name(name: String) -> String {
    const NAMES: &[&str] = &[
        "annotationSelector",
        "annotations",
        "apiVersion",
        "bases",
        "behavior",
        "buildMetadata",
        "commonAnnotations",
        "commonLabels",
        "components",
        "configMapGenerator",
        "configurations",
        "count",
        "crds",
        "create",
        "delimiter",
        "digest",
        "disableNameSuffixHash",
        "env",
        "envs",
        "fieldPath",
        "fieldPaths",
        "fieldSpecs",
        "fieldref",
        "fields",
        "files",
        "generatorOptions",
        "generators",
        "group",
        "helmChartInflationGenerator",
        "helmCharts",
        "helmGlobals",
        "imageTags",
        "images",
        "immutable",
        "includeSelectors",
        "includeTemplates",
        "includeVolumeClaimTemplates",
        "index",
        "kind",
        "labelSelector",
        "labels",
        "legacySortOptions",
        "literals",
        "metadata",
        "name",
        "namePrefix",
        "nameReference",
        "nameSuffix",
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
        "reject",
        "replacements",
        "replicas",
        "resources",
        "secretGenerator",
        "select",
        "sortOptions",
        "source",
        "sourceValue",
        "tagSuffix",
        "target",
        "targets",
        "templateLabels",
        "transformers",
        "type",
        "validators",
        "varReference",
        "vars",
        "version",
        "volumeClaimTemplateLabels",
    ];
    NAMES.iter().find(|known| known.eq_ignore_ascii_case(&name)).map_or(name, |known| (*known).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_strictly() {
        for (text, message) in [
            ("", "kustomization.yaml is empty"),
            ("kind: Kustomization\nresources: []\n", "kustomization.yaml is empty"),
            ("resorces: [a]\n", "unknown field `resorces`"),
            ("kind: Deployment\nresources: [a]\n", "kind should be"),
            ("kind: Component\nresources: [a]\n", "apiVersion for Component should be"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn old_fields_are_folded_and_names_match_in_any_case() {
        let kustomization =
            parse("Resources: [a]\nbases: [b]\nimageTags:\n- name: x\n  newTag: 1.5\n").unwrap();
        assert_eq!(kustomization.resources, ["a", "b"]);
        assert_eq!(kustomization.images[0].new_tag, "1.5");
    }
}
