//! The table of built-in kinds, made by `examples/generate_schema.rs` from Kubernetes' OpenAPI documents.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Schemas;
use crate::GroupVersionKind;

static TABLE: &[u8] = include_bytes!("builtin.json.gz");

static SCHEMAS: LazyLock<Schemas> = LazyLock::new(|| {
    let mut schemas = Schemas::from_definitions(&read().schemas).unwrap_or_default();
    for (api_versions, kinds, today) in RETIRED {
        for (api_version, kind) in
            api_versions.iter().flat_map(|version| kinds.iter().map(move |kind| (*version, *kind)))
        {
            if let Some(id) = schemas.kinds.get(&GroupVersionKind::from(today, kind)).copied() {
                schemas.kinds.entry(GroupVersionKind::from(api_version, kind)).or_insert(id);
            }
        }
    }
    schemas
});
static DEFINITIONS: LazyLock<Map<String, Value>> = LazyLock::new(|| read().schemas);
static RESOURCES: LazyLock<Vec<Resource>> = LazyLock::new(|| read().resources);

/// Versions that servers no longer have but manifests and live objects of old clusters still name, with the version
/// that has the same fields today.
const RETIRED: &[(&[&str], &[&str], &str)] = &[
    (&["extensions/v1beta1", "apps/v1beta2"], &["DaemonSet", "Deployment", "ReplicaSet"], "apps/v1"),
    (&["apps/v1beta1"], &["Deployment"], "apps/v1"),
    (&["apps/v1beta1", "apps/v1beta2"], &["StatefulSet", "ControllerRevision"], "apps/v1"),
    (&["extensions/v1beta1"], &["NetworkPolicy"], "networking.k8s.io/v1"),
    (&["networking.k8s.io/v1beta1"], &["IngressClass"], "networking.k8s.io/v1"),
    (&["batch/v1beta1"], &["CronJob"], "batch/v1"),
    (&["policy/v1beta1"], &["PodDisruptionBudget"], "policy/v1"),
    (&["autoscaling/v2beta2"], &["HorizontalPodAutoscaler"], "autoscaling/v2"),
    (
        &["rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1alpha1"],
        &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"],
        "rbac.authorization.k8s.io/v1",
    ),
    (
        &["scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1alpha1"],
        &["PriorityClass"],
        "scheduling.k8s.io/v1",
    ),
    (
        &["storage.k8s.io/v1beta1"],
        &["StorageClass", "VolumeAttachment", "CSIDriver", "CSINode"],
        "storage.k8s.io/v1",
    ),
    (&["coordination.k8s.io/v1beta1"], &["Lease"], "coordination.k8s.io/v1"),
    (&["node.k8s.io/v1beta1"], &["RuntimeClass"], "node.k8s.io/v1"),
];

#[derive(Deserialize)]
struct Table {
    schemas: Map<String, Value>,
    resources: Vec<Resource>,
}

/// A resource that a Kubernetes API server has from the start.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    /// API group, empty for the core group.
    pub group: String,
    /// API version.
    pub version: String,
    /// The name in paths, such as `deployments`.
    pub plural: String,
    /// Kind.
    pub kind: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// What can be done, such as `get` and `deletecollection`, sorted.
    pub verbs: Vec<String>,
    /// Subresources by name, such as `status` and `scale`.
    pub subresources: BTreeMap<String, Subresource>,
    /// Names for the command line, such as `deploy`.
    pub short_names: Vec<String>,
    /// Groups of resources for the command line, such as `all`.
    pub categories: Vec<String>,
}

/// A subresource of a [`Resource`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subresource {
    /// What its documents are.
    pub kind: GroupVersionKind,
    /// What can be done, sorted.
    pub verbs: Vec<String>,
}

/// The schemas of all built-in kinds, read on first use. Kinds of retired versions are known too.
pub fn builtin() -> &'static Schemas {
    &SCHEMAS
}

/// The definitions as published in `components.schemas`, without descriptions; for serving OpenAPI documents.
pub fn builtin_definitions() -> &'static Map<String, Value> {
    &DEFINITIONS
}

/// The built-in resources, sorted by group, version and plural name.
pub fn builtin_resources() -> &'static [Resource] {
    &RESOURCES
}

fn read() -> Table {
    let mut text = Vec::new();
    // The table is part of this program and a test reads it, so that failing here means no table at all.
    let read = flate2::read::GzDecoder::new(TABLE).read_to_end(&mut text);
    read.ok()
        .and_then(|_| serde_json::from_slice(&text).ok())
        .unwrap_or_else(|| Table { schemas: Map::new(), resources: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{ListKind, Schema, Type};

    fn kind(api_version: &str, kind: &str) -> Schema<'static> {
        builtin().kind(&GroupVersionKind::from(api_version, kind)).unwrap()
    }

    #[test]
    fn knows_pods() {
        let pod = kind("v1", "Pod");
        assert_eq!(pod.node().name, "io.k8s.api.core.v1.Pod");
        let containers = pod.at(&["spec", "containers"]).unwrap();
        assert_eq!(containers.node().patch_merge_key, "name");
        assert_eq!(containers.node().list, ListKind::Map(vec!["name".to_owned()]));
        let protocol = containers.at(&["*", "ports", "*", "protocol"]).unwrap();
        assert_eq!(protocol.node().default, Some("TCP".into()));
        let port = containers.at(&["*", "ports", "*", "containerPort"]).unwrap();
        assert_eq!((port.node().kind, &port.node().default), (Type::Integer, &None));
        let cpu = containers.at(&["*", "resources", "limits", "cpu"]).unwrap();
        assert_eq!(cpu.node().kind, Type::Quantity);
        let created = pod.at(&["metadata", "creationTimestamp"]).unwrap();
        assert_eq!((created.node().kind, created.node().format.as_str()), (Type::String, "date-time"));
    }

    #[test]
    fn knows_strategies() {
        let deployment = kind("apps/v1", "Deployment");
        assert!(deployment.at(&["spec", "strategy"]).unwrap().node().patch_strategy.retain_keys);
        assert!(deployment.at(&["spec", "selector"]).unwrap().node().atomic);
        let volumes = deployment.at(&["spec", "template", "spec", "volumes"]).unwrap().node();
        assert!(volumes.patch_strategy.merge && volumes.patch_strategy.retain_keys);
        let port = kind("v1", "Service").at(&["spec", "ports", "*", "targetPort"]).unwrap();
        assert_eq!(port.node().kind, Type::IntOrString);
        assert_eq!(kind("extensions/v1beta1", "Deployment").node().name, "io.k8s.api.apps.v1.Deployment");
    }

    #[test]
    fn tells_pointers_from_values() {
        let claim = kind("v1", "PersistentVolumeClaim");
        assert!(claim.at(&["spec", "storageClassName"]).unwrap().node().pointer);
        assert!(!claim.at(&["spec", "volumeName"]).unwrap().node().pointer);
        let pod = kind("v1", "Pod");
        assert!(!pod.at(&["spec", "hostNetwork"]).unwrap().node().pointer);
        assert!(
            pod.at(&["spec", "containers", "*", "securityContext", "privileged"]).unwrap().node().pointer
        );
        assert!(pod.at(&["spec", "volumes", "*", "secret", "optional"]).unwrap().node().pointer);
    }

    #[test]
    fn recursive_types_end() {
        let schema = kind("apiextensions.k8s.io/v1", "CustomResourceDefinition");
        let path = [
            "spec",
            "versions",
            "*",
            "schema",
            "openAPIV3Schema",
            "properties",
            "a",
            "properties",
            "b",
            "not",
        ];
        assert!(schema.at(&path).unwrap().node().name.ends_with(".JSONSchemaProps"));
    }

    #[test]
    fn knows_resources() {
        let find = |group: &str, plural: &str| {
            builtin_resources().iter().find(|r| r.group == group && r.plural == plural).unwrap()
        };
        let deployments = find("apps", "deployments");
        assert!(deployments.namespaced);
        assert_eq!(deployments.short_names, ["deploy"]);
        assert_eq!(deployments.subresources["scale"].kind.kind, "Scale");
        assert_eq!(
            deployments.verbs,
            ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
        );
        let namespaces = find("", "namespaces");
        assert!(!namespaces.namespaced);
        assert!(namespaces.subresources.contains_key("finalize"));
        assert!(builtin_resources().len() > 60);
    }
}
