//! Which fields of which kinds a transformer touches, and how they are reached.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::file::nullable;
use crate::resource::Resource;

/// A field of a kind: `path` is split at `/` and goes through lists by itself.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FieldSpec {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) create: bool,
}

/// What is made where `create` finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Map,
    Scalar,
}

impl FieldSpec {
    pub(crate) fn new(kind: &str, path: &str, create: bool) -> Self {
        let (group, version, kind) = match kind.split('.').collect::<Vec<_>>()[..] {
            [kind, group] => (group.replace('~', "."), String::new(), kind.to_owned()),
            [kind, version, ""] => (String::new(), version.to_owned(), kind.to_owned()),
            _ => (String::new(), String::new(), kind.to_owned()),
        };
        Self { group, version, kind, path: path.to_owned(), create }
    }

    /// Whether the spec is about objects of this kind; empty parts are about all.
    pub(crate) fn is_for(&self, group: &str, version: &str, kind: &str) -> bool {
        (self.group.is_empty() || self.group == group)
            && (self.version.is_empty() || self.version == version)
            && (self.kind.is_empty() || self.kind == kind)
    }

    /// Calls `change` on every place that the spec means in an object.
    pub(crate) fn visit(
        &self,
        resource: &mut Resource,
        leaf: Leaf,
        change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        if !self.is_for(resource.group(), resource.version(), resource.kind()) {
            return Ok(());
        }
        let parts = split_marked(&self.path);
        visit(&mut resource.value, &parts, self.create, leaf, change).map_err(|reason| {
            let id = resource.id();
            format!("{id}: field {}: {reason}", self.path)
        })
    }
}

/// Splits at `/`, where `\/` stands for itself; `[]` only says that there is a list, which is seen anyway.
pub(crate) fn split_path(path: &str) -> Vec<String> {
    split_marked(path).iter().map(|part| part.strip_suffix(LIST).unwrap_or(part).to_owned()).collect()
}

/// The mark of a list in a path. The list is never made: there would be no element to go on in.
const LIST: &str = "[]";

fn split_marked(path: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = path.trim_start_matches('/').chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if characters.peek() == Some(&'/') => {
                characters.next();
                if let Some(last) = parts.last_mut() {
                    last.push('/');
                }
            }
            '/' => parts.push(String::new()),
            other => {
                if let Some(last) = parts.last_mut() {
                    last.push(other);
                }
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn visit(
    node: &mut Value,
    parts: &[String],
    create: bool,
    leaf: Leaf,
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some((part, rest)) = parts.split_first() else {
        if node.is_null() {
            if !create {
                return Ok(());
            }
            if leaf == Leaf::Map {
                *node = Value::Object(Map::new());
            }
        }
        return change(node);
    };
    match node {
        Value::Array(items) => items.iter_mut().try_for_each(|item| visit(item, parts, create, leaf, change)),
        Value::Null => Ok(()),
        Value::Object(map) => {
            let (part, is_list) = part.strip_suffix(LIST).map_or((part.as_str(), false), |part| (part, true));
            if !map.contains_key(part) {
                if !create || is_list {
                    return Ok(());
                }
                let made = if rest.is_empty() && leaf == Leaf::Scalar {
                    Value::Null
                } else {
                    Value::Object(Map::new())
                };
                map.insert(part.to_owned(), made);
            }
            match map.get_mut(part) {
                Some(child) => visit(child, rest, create, leaf, change),
                None => Ok(()),
            }
        }
        _ => Err("expected sequence or mapping node".to_owned()),
    }
}

/// The field specs of all transformers: the built-in ones, and those of `configurations` and `crds`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Specs {
    #[serde(deserialize_with = "nullable")]
    pub(crate) name_prefix: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) name_suffix: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) namespace: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) common_labels: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) labels: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) template_labels: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) volume_claim_template_labels: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) common_annotations: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) name_reference: Vec<NameReference>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) var_reference: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) images: Vec<FieldSpec>,
    #[serde(deserialize_with = "nullable")]
    pub(crate) replicas: Vec<FieldSpec>,
}

/// A kind, and the fields of others that name objects of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct NameReference {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    #[serde(deserialize_with = "nullable")]
    pub(crate) field_specs: Vec<FieldSpec>,
}

impl Specs {
    /// The built-in specs.
    pub(crate) fn builtin() -> Self {
        let plain = |path: &str, create: bool| FieldSpec::new("", path, create);
        let metadata = template_specs("labels");
        let claims =
            vec![FieldSpec::new("StatefulSet.apps", "spec/volumeClaimTemplates[]/metadata/labels", true)];
        let mut common_labels = vec![plain("metadata/labels", true)];
        common_labels.extend(metadata.clone());
        common_labels.extend(claims.clone());
        common_labels.extend(selector_specs());
        let mut common_annotations = vec![plain("metadata/annotations", true)];
        common_annotations.extend(template_specs("annotations"));
        Self {
            name_prefix: vec![plain("metadata/name", false)],
            name_suffix: vec![plain("metadata/name", false)],
            namespace: vec![
                FieldSpec { version: "v1".into(), ..FieldSpec::new("Namespace", "metadata/name", true) },
                FieldSpec::new("APIService.apiregistration~k8s~io", "spec/service/namespace", true),
                FieldSpec::new(
                    "CustomResourceDefinition",
                    "spec/conversion/webhook/clientConfig/service/namespace",
                    false,
                ),
            ],
            common_labels,
            labels: Vec::new(),
            template_labels: metadata,
            volume_claim_template_labels: claims,
            common_annotations,
            name_reference: crate::references::builtin(),
            var_reference: crate::variables::builtin(),
            images: ["containers[]/image", "initContainers[]/image", "volumes[]/image/reference"]
                .iter()
                .flat_map(|path| {
                    [
                        plain(&format!("spec/{path}"), false),
                        plain(&format!("spec/template/spec/{path}"), false),
                    ]
                })
                .collect(),
            replicas: ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]
                .map(|kind| FieldSpec::new(kind, "spec/replicas", true))
                .to_vec(),
        }
    }

    /// Adds the specs of another set; those that are there already are left alone.
    pub(crate) fn merge(&mut self, other: Self) -> Result<(), String> {
        merge(&mut self.name_prefix, other.name_prefix)?;
        merge(&mut self.name_suffix, other.name_suffix)?;
        merge(&mut self.namespace, other.namespace)?;
        merge(&mut self.common_labels, other.common_labels)?;
        merge(&mut self.labels, other.labels)?;
        merge(&mut self.template_labels, other.template_labels)?;
        merge(&mut self.volume_claim_template_labels, other.volume_claim_template_labels)?;
        merge(&mut self.common_annotations, other.common_annotations)?;
        merge(&mut self.var_reference, other.var_reference)?;
        merge(&mut self.images, other.images)?;
        merge(&mut self.replicas, other.replicas)?;
        for reference in other.name_reference {
            let same = |known: &&mut NameReference| {
                (&known.group, &known.version, &known.kind)
                    == (&reference.group, &reference.version, &reference.kind)
            };
            match self.name_reference.iter_mut().find(same) {
                Some(known) => merge(&mut known.field_specs, reference.field_specs)?,
                None => self.name_reference.push(reference),
            }
        }
        Ok(())
    }
}

pub(crate) fn merge(known: &mut Vec<FieldSpec>, more: Vec<FieldSpec>) -> Result<(), String> {
    for spec in more {
        let same = known.iter().find(|other| {
            (&other.group, &other.version, &other.kind, &other.path)
                == (&spec.group, &spec.version, &spec.kind, &spec.path)
        });
        match same {
            Some(other) if other.create != spec.create => {
                return Err(format!("conflicting fieldspecs: {} of {}", spec.path, spec.kind));
            }
            Some(_) => {}
            None => known.push(spec),
        }
    }
    Ok(())
}

/// Labels or annotations of pod templates.
fn template_specs(what: &str) -> Vec<FieldSpec> {
    let mut specs: Vec<FieldSpec> = [
        "ReplicationController.v1.",
        "Deployment",
        "ReplicaSet",
        "DaemonSet",
        "StatefulSet.apps",
        "Job.batch",
    ]
    .iter()
    .map(|kind| FieldSpec::new(kind, &format!("spec/template/metadata/{what}"), true))
    .collect();
    if what == "annotations"
        && let Some(stateful_set) = specs.iter_mut().find(|spec| spec.kind == "StatefulSet")
    {
        stateful_set.group.clear();
    }
    for path in ["spec/jobTemplate/metadata", "spec/jobTemplate/spec/template/metadata"] {
        specs.push(FieldSpec::new("CronJob.batch", &format!("{path}/{what}"), true));
    }
    specs
}

/// The selectors that common labels are written into.
fn selector_specs() -> Vec<FieldSpec> {
    let mut specs = vec![
        FieldSpec::new("Service.v1.", "spec/selector", true),
        FieldSpec::new("ReplicationController.v1.", "spec/selector", true),
    ];
    for kind in ["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet.apps"] {
        specs.push(FieldSpec::new(kind, "spec/selector/matchLabels", true));
    }
    for kind in ["Job.batch", "PodDisruptionBudget.policy"] {
        specs.push(FieldSpec::new(kind, "spec/selector/matchLabels", false));
    }
    specs.push(FieldSpec::new("CronJob.batch", "spec/jobTemplate/spec/selector/matchLabels", false));
    for kind in ["Deployment.apps", "StatefulSet.apps"] {
        for affinity in ["podAffinity", "podAntiAffinity"] {
            let base = format!("spec/template/spec/affinity/{affinity}");
            for path in [
                "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/labelSelector/matchLabels",
                "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
            ] {
                specs.push(FieldSpec::new(kind, &format!("{base}/{path}"), false));
            }
        }
        specs.push(FieldSpec::new(
            kind,
            "spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels",
            false,
        ));
    }
    for path in ["spec/podSelector", "spec/ingress/from/podSelector", "spec/egress/to/podSelector"] {
        specs.push(FieldSpec::new("NetworkPolicy.networking~k8s~io", &format!("{path}/matchLabels"), false));
    }
    specs
}

/// The specs that the OpenAPI definitions of `crds` imply.
pub(crate) fn from_definitions(definitions: &Map<String, Value>) -> Specs {
    let mut specs = Specs::default();
    let mut references: BTreeMap<(String, String), Vec<FieldSpec>> = BTreeMap::new();
    for definition in definitions.values() {
        let schema = definition.get("Schema").or_else(|| definition.get("schema")).unwrap_or(definition);
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { continue };
        if !["kind", "apiVersion", "metadata"].iter().all(|name| properties.contains_key(*name)) {
            continue;
        }
        let full_name = definitions
            .iter()
            .find(|(_, other)| std::ptr::eq(*other, definition))
            .map(|(name, _)| name.as_str());
        let kind = full_name.unwrap_or_default().rsplit('.').next().unwrap_or_default().to_owned();
        collect(definitions, properties, &kind, "", 0, &mut specs, &mut references);
    }
    for ((version, kind), field_specs) in references {
        specs.name_reference.push(NameReference { group: String::new(), version, kind, field_specs });
    }
    specs
}

/// Definitions may refer to each other in rings.
const MAX_DEPTH: usize = 16;

fn collect(
    definitions: &Map<String, Value>,
    properties: &Map<String, Value>,
    kind: &str,
    path: &str,
    depth: usize,
    specs: &mut Specs,
    references: &mut BTreeMap<(String, String), Vec<FieldSpec>>,
) {
    if depth > MAX_DEPTH {
        return;
    }
    for (name, property) in properties {
        let here = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        let has = |extension: &str| property.get(extension).is_some();
        let spec =
            |path: &str| FieldSpec { kind: kind.to_owned(), path: path.to_owned(), ..FieldSpec::default() };
        if has("x-kubernetes-annotation") {
            specs.common_annotations.push(spec(&here));
        }
        if has("x-kubernetes-label-selector") {
            specs.common_labels.push(spec(&here));
        }
        if has("x-kubernetes-identity") {
            specs.name_prefix.push(spec(&here));
        }
        let text = |extension: &str| property.get(extension).and_then(Value::as_str).map(str::to_owned);
        if let (Some(version), Some(target)) =
            (text("x-kubernetes-object-ref-api-version"), text("x-kubernetes-object-ref-kind"))
        {
            let key = text("x-kubernetes-object-ref-name-key").unwrap_or_else(|| "name".to_owned());
            references.entry((version, target)).or_default().push(spec(&format!("{here}/{key}")));
        }
        let reference = property
            .get("$ref")
            .or_else(|| property.pointer("/items/$ref"))
            .and_then(Value::as_str)
            .map(|text| text.trim_start_matches("#/definitions/"));
        let inner = match reference {
            Some(name) => definitions.get(name).map(|found| found.get("Schema").unwrap_or(found)),
            None => Some(property),
        };
        if let Some(inner) = inner.and_then(|inner| inner.get("properties")).and_then(Value::as_object) {
            collect(definitions, inner, kind, &here, depth + 1, specs, references);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(value: Value, spec: &FieldSpec) -> Result<Value, String> {
        let mut resource = Resource::new(value, "x".into());
        spec.visit(&mut resource, Leaf::Scalar, &mut |place| {
            *place = json!("new");
            Ok(())
        })?;
        Ok(resource.value)
    }

    #[test]
    fn paths_go_through_lists_and_make_what_is_missing() {
        let list = FieldSpec::new("", "spec/containers[]/image", true);
        assert_eq!(
            set(json!({"spec": {"containers": [{"image": "a"}, {"name": "x"}]}}), &list).unwrap(),
            json!({"spec": {"containers": [{"image": "new"}, {"image": "new", "name": "x"}]}})
        );
        let made = FieldSpec::new("", "metadata/a/b", true);
        assert_eq!(set(json!({}), &made).unwrap(), json!({"metadata": {"a": {"b": "new"}}}));
        assert_eq!(set(json!({"metadata": null}), &made).unwrap(), json!({"metadata": null}));
        assert!(
            set(json!({"metadata": 1}), &made).unwrap_err().contains("expected sequence or mapping node")
        );
        let only = FieldSpec::new("Deployment.apps", "spec/a", true);
        assert_eq!(set(json!({"kind": "Service"}), &only).unwrap(), json!({"kind": "Service"}));
        assert_eq!(split_path("metadata/annotations/a\\/b"), ["metadata", "annotations", "a/b"]);
    }
}
