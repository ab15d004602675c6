//! The field specs of all transformers: the built-in ones, and those of `configurations` and `crds`.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::fieldspec::{FieldSpec, Text};
use crate::file::nullable;
use crate::identity::or;
use crate::order::{FIRST, LAST};

/// Field specs by transformer.
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
    pub(crate) group: Text,
    pub(crate) version: Text,
    pub(crate) kind: Text,
    #[serde(deserialize_with = "nullable")]
    pub(crate) field_specs: Vec<FieldSpec>,
}

const ALL: (&str, &str, &str) = ("", "", "");

impl Specs {
    /// The built-in specs.
    pub(crate) fn builtin() -> Arc<Self> {
        static BUILTIN: LazyLock<Arc<Specs>> = LazyLock::new(|| Arc::new(Specs::make()));
        BUILTIN.clone()
    }

    fn make() -> Self {
        let plain = |path: &'static str, create: bool| FieldSpec::new(ALL, path, create);
        let mut metadata = vec![plain("metadata/labels", true)];
        metadata.extend(template_specs("labels", "apps"));
        let claims =
            FieldSpec::new(("apps", "", "StatefulSet"), "spec/volumeClaimTemplates[]/metadata/labels", true);
        let mut common_labels = selector_specs();
        common_labels.extend(metadata.iter().cloned());
        common_labels.push(claims.clone());
        let mut common_annotations = vec![plain("metadata/annotations", true)];
        common_annotations.extend(template_specs("annotations", ""));
        let images = [
            "spec/containers[]/image",
            "spec/initContainers[]/image",
            "spec/volumes[]/image/reference",
            "spec/template/spec/containers[]/image",
            "spec/template/spec/initContainers[]/image",
            "spec/template/spec/volumes[]/image/reference",
            "spec/jobTemplate/spec/template/spec/volumes[]/image/reference",
        ];
        let mut specs = Self {
            name_prefix: vec![plain("metadata/name", false)],
            name_suffix: vec![plain("metadata/name", false)],
            namespace: vec![
                FieldSpec::new(("", "", "Namespace"), "metadata/name", true),
                FieldSpec::new(("apiregistration.k8s.io", "", "APIService"), "spec/service/namespace", true),
                FieldSpec::new(
                    ("apiextensions.k8s.io", "", "CustomResourceDefinition"),
                    "spec/conversion/webhook/clientConfig/service/namespace",
                    false,
                ),
            ],
            common_labels,
            labels: Vec::new(),
            template_labels: metadata,
            volume_claim_template_labels: vec![claims],
            common_annotations,
            name_reference: crate::reference_table::builtin(),
            var_reference: crate::variables::builtin(),
            images: images.iter().map(|path| plain(path, true)).collect(),
            replicas: ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]
                .map(|kind| FieldSpec::new(("", "", kind), "spec/replicas", true))
                .to_vec(),
        };
        specs.sort();
        specs
    }

    /// Adds the specs of another set; those that are there already are left alone. Nothing at all is not the built-in
    /// set: merged into nothing, a spec for one kind keeps out the one for all kinds, which comes behind it.
    pub(crate) fn merge(into: &mut Option<Arc<Self>>, other: &Arc<Self>) -> Result<(), String> {
        let merged = match into {
            Some(known) if Arc::ptr_eq(known, other) => return Ok(()),
            None if Arc::ptr_eq(other, &Self::builtin()) => other.clone(),
            None => Arc::new(Self::default().merged(other)?),
            Some(known) => Arc::new(known.merged(other)?),
        };
        *into = Some(merged);
        Ok(())
    }

    /// This set and another one.
    pub(crate) fn merged(&self, other: &Self) -> Result<Self, String> {
        let (mut into, other) = (self.clone(), other.clone());
        merge(&mut into.name_prefix, other.name_prefix, "NamePrefix")?;
        merge(&mut into.name_suffix, other.name_suffix, "NameSuffix")?;
        merge(&mut into.namespace, other.namespace, "NameSpace")?;
        merge(&mut into.common_annotations, other.common_annotations, "CommonAnnotations")?;
        merge(&mut into.common_labels, other.common_labels, "CommonLabels")?;
        merge(&mut into.labels, other.labels, "Labels")?;
        merge(&mut into.template_labels, other.template_labels, "TemplateLabels")?;
        let claims = other.volume_claim_template_labels;
        merge(&mut into.volume_claim_template_labels, claims, "VolumeClaimTemplateLabels")?;
        merge(&mut into.var_reference, other.var_reference, "VarReference")?;
        for reference in other.name_reference {
            let same = |known: &&mut NameReference| {
                (&known.group, &known.version, &known.kind)
                    == (&reference.group, &reference.version, &reference.kind)
            };
            match into.name_reference.iter_mut().find(same) {
                Some(known) => merge(&mut known.field_specs, reference.field_specs, "NameReference")?,
                None => into.name_reference.push(reference),
            }
        }
        merge(&mut into.images, other.images, "Images")?;
        merge(&mut into.replicas, other.replicas, "Replicas")?;
        into.sort();
        Ok(into)
    }

    /// Sorts everything by kind. Where a field may name objects of several kinds, the first one decides.
    fn sort(&mut self) {
        let lists = [
            &mut self.name_prefix,
            &mut self.name_suffix,
            &mut self.namespace,
            &mut self.common_labels,
            &mut self.labels,
            &mut self.template_labels,
            &mut self.volume_claim_template_labels,
            &mut self.common_annotations,
            &mut self.var_reference,
            &mut self.images,
            &mut self.replicas,
        ];
        for list in lists {
            list.sort_by_cached_key(|spec| sort_key(&spec.group, &spec.version, &spec.kind));
        }
        self.name_reference
            .sort_by_cached_key(|reference| sort_key(&reference.group, &reference.version, &reference.kind));
    }
}

/// Kinds in the order of installation.
fn sort_key(group: &str, version: &str, kind: &str) -> (usize, String) {
    let position = |list: &[&str]| list.iter().position(|known| *known == kind);
    let rank = match (position(FIRST), position(LAST)) {
        (Some(place), _) => place,
        (None, None) => FIRST.len(),
        (None, Some(place)) => FIRST.len() + 1 + place,
    };
    (rank, format!("{}_{}_{}", or(group, "~G"), or(version, "~V"), or(kind, "~K")))
}

/// Adds specs to a list; one that is covered by a known one must agree with it.
pub(crate) fn merge(known: &mut Vec<FieldSpec>, more: Vec<FieldSpec>, what: &str) -> Result<(), String> {
    for spec in more {
        match known.iter().find(|other| other.covers(&spec)) {
            Some(other) if other.create != spec.create => {
                return Err(format!(
                    "failed to merge {what} fieldSpec: conflicting fieldspecs: {} of {}",
                    spec.path,
                    or(&spec.kind, "all kinds")
                ));
            }
            Some(_) => {}
            None => known.push(spec),
        }
    }
    Ok(())
}

/// Labels or annotations of pod templates.
fn template_specs(what: &str, stateful_set_group: &'static str) -> Vec<FieldSpec> {
    let path = format!("spec/template/metadata/{what}");
    let kinds = [
        ("", "v1", "ReplicationController"),
        ("", "", "Deployment"),
        ("", "", "ReplicaSet"),
        ("", "", "DaemonSet"),
        (stateful_set_group, "", "StatefulSet"),
        ("batch", "", "Job"),
    ];
    let mut specs: Vec<FieldSpec> =
        kinds.iter().map(|kind| FieldSpec::new(*kind, path.clone(), true)).collect();
    for path in ["spec/jobTemplate/metadata", "spec/jobTemplate/spec/template/metadata"] {
        specs.push(FieldSpec::new(("batch", "", "CronJob"), format!("{path}/{what}"), true));
    }
    specs
}

/// The selectors that common labels are written into.
fn selector_specs() -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for kind in ["Service", "ReplicationController"] {
        specs.push(FieldSpec::new(("", "v1", kind), "spec/selector", true));
    }
    for (group, kind) in [("", "Deployment"), ("", "ReplicaSet"), ("", "DaemonSet"), ("apps", "StatefulSet")]
    {
        specs.push(FieldSpec::new((group, "", kind), "spec/selector/matchLabels", true));
    }
    for (group, kind) in [("batch", "Job"), ("policy", "PodDisruptionBudget")] {
        specs.push(FieldSpec::new((group, "", kind), "spec/selector/matchLabels", false));
    }
    specs.push(FieldSpec::new(("batch", "", "CronJob"), "spec/jobTemplate/spec/selector/matchLabels", false));
    for kind in ["Deployment", "StatefulSet"] {
        let mut add = |path: &str| {
            let path = format!("spec/template/spec/{path}/labelSelector/matchLabels");
            specs.push(FieldSpec::new(("apps", "", kind), path, false));
        };
        for affinity in ["podAffinity", "podAntiAffinity"] {
            let base = format!("affinity/{affinity}");
            add(&format!("{base}/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm"));
            add(&format!("{base}/requiredDuringSchedulingIgnoredDuringExecution"));
        }
        add("topologySpreadConstraints");
    }
    for path in ["spec/podSelector", "spec/ingress/from/podSelector", "spec/egress/to/podSelector"] {
        let path = format!("{path}/matchLabels");
        specs.push(FieldSpec::new(("networking.k8s.io", "", "NetworkPolicy"), path, false));
    }
    specs
}

/// The specs that the OpenAPI definitions of `crds` imply: of types that look like kinds, by name; each has its schema
/// under `Schema`.
pub(crate) fn from_definitions(definitions: &Map<String, Value>) -> Result<Specs, String> {
    let mut specs = Specs::default();
    for name in definitions.keys() {
        let Some(properties) = properties_of(definitions, name) else { continue };
        if ["kind", "apiVersion", "metadata"].iter().all(|name| properties.contains_key(*name)) {
            let kind = name.rsplit('.').next().unwrap_or(name);
            collect(definitions, properties, kind, "", 0, &mut specs)?;
        }
    }
    Ok(specs)
}

fn properties_of<'a>(definitions: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    let definition = definitions.get(name)?;
    let schema = definition.get("Schema").or_else(|| definition.get("schema"))?;
    schema.get("properties")?.as_object()
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
) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Ok(());
    }
    for (name, property) in properties {
        let here = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
        let text = |extension: &str| property.get(extension).and_then(Value::as_str);
        let spec = |path: &str| {
            let (kind, path) = (kind.to_owned().into(), path.to_owned().into());
            vec![FieldSpec { kind, path, ..FieldSpec::default() }]
        };
        if text("x-kubernetes-annotation").is_some() {
            merge(&mut specs.common_annotations, spec(&here), "CommonAnnotations")?;
        }
        if text("x-kubernetes-label-selector").is_some() {
            merge(&mut specs.common_labels, spec(&here), "CommonLabels")?;
        }
        if text("x-kubernetes-identity").is_some() {
            merge(&mut specs.name_prefix, spec(&here), "NamePrefix")?;
        }
        if let (Some(version), Some(target)) =
            (text("x-kubernetes-object-ref-api-version"), text("x-kubernetes-object-ref-kind"))
        {
            let key = text("x-kubernetes-object-ref-name-key").unwrap_or("name");
            specs.name_reference.push(NameReference {
                group: Text::default(),
                version: version.to_owned().into(),
                kind: target.to_owned().into(),
                field_specs: spec(&format!("{here}/{key}")),
            });
        }
        if let Some(inner) = text("$ref").and_then(|name| properties_of(definitions, name)) {
            collect(definitions, inner, kind, &here, depth + 1, specs)?;
        }
    }
    Ok(())
}

/// Field specs by the kinds of objects they can be about, so that each object sees only its own.
pub(crate) fn by_kind<'a, T>(
    entries: impl Iterator<Item = (&'a FieldSpec, T)>,
) -> HashMap<&'a str, Vec<(&'a FieldSpec, T)>> {
    let mut map: HashMap<&str, Vec<(&FieldSpec, T)>> = HashMap::new();
    for (spec, other) in entries {
        map.entry(&*spec.kind).or_default().push((spec, other));
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_that_disagree_are_refused() {
        let spec = |kind: &'static str, create: bool| FieldSpec::new(("", "", kind), "a/b", create);
        let mut known = vec![spec("A", true)];
        merge(&mut known, vec![spec("B", false), spec("A", true)], "X").unwrap();
        assert_eq!(known.len(), 2);
        let error = merge(&mut known, vec![spec("", false)], "X").unwrap_err();
        assert!(error.contains("conflicting fieldspecs"), "{error}");
    }

    #[test]
    fn a_spec_for_a_kind_keeps_out_the_one_for_all() {
        let own = Specs {
            name_prefix: vec![FieldSpec::new(("", "", "A"), "metadata/name", false)],
            ..Specs::default()
        };
        let with_own = Arc::new(Specs::builtin().merged(&own).unwrap());
        assert_eq!(with_own.name_prefix.len(), 2);
        let mut specs = None;
        Specs::merge(&mut specs, &with_own).unwrap();
        assert_eq!(specs.unwrap().name_prefix.iter().map(|spec| &*spec.kind).collect::<Vec<_>>(), ["A"]);
    }

    #[test]
    fn references_are_in_the_order_of_installation() {
        let specs = Specs::builtin();
        let kinds: Vec<&str> = specs.name_reference.iter().map(|reference| &*reference.kind).collect();
        assert_eq!(kinds[..4], ["StorageClass", "ServiceAccount", "Role", "ClusterRole"]);
    }
}
