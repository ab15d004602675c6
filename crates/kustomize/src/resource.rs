//! One object under construction, and the list of them.

use serde_json::{Map, Value};

use crate::FileName;

/// What an object was called before a transformer renamed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Earlier {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// How a generated object meets one that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Behavior {
    #[default]
    Create,
    Merge,
    Replace,
}

/// An object with what a build must remember of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Resource {
    pub(crate) value: Value,
    /// Earlier identities, oldest first.
    pub(crate) earlier: Vec<Earlier>,
    pub(crate) prefixes: Vec<String>,
    pub(crate) suffixes: Vec<String>,
    /// Whether its name gets the hash of its content.
    pub(crate) hashed: bool,
    pub(crate) behavior: Behavior,
    /// Names of the variables that are read from it.
    pub(crate) file: FileName,
}

/// A group, version, kind, name and namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Id {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl std::fmt::Display for Id {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        write!(
            formatter,
            "{}.{}.{}/{}.{}",
            or(&self.kind, "[noKind]"),
            or(&self.version, "[noVer]"),
            or(&self.group, "[noGrp]"),
            or(&self.name, "[noName]"),
            or(&self.namespace, "[noNs]"),
        )
    }
}

impl Resource {
    pub(crate) fn new(value: Value, file: FileName) -> Self {
        Self { value, file, ..Self::default() }
    }

    fn text(&self, pointer: &str) -> &str {
        self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn kind(&self) -> &str {
        self.text("/kind")
    }

    pub(crate) fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    pub(crate) fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    pub(crate) fn version(&self) -> &str {
        let api_version = self.api_version();
        api_version.split_once('/').map_or(api_version, |(_, version)| version)
    }

    pub(crate) fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    pub(crate) fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    pub(crate) fn id(&self) -> Id {
        Id {
            group: self.group().to_owned(),
            version: self.version().to_owned(),
            kind: self.kind().to_owned(),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        }
    }

    /// The identity before any transformer.
    pub(crate) fn original_id(&self) -> Id {
        let id = self.id();
        match self.earlier.first() {
            None => id,
            Some(first) => Id {
                kind: first.kind.clone(),
                namespace: first.namespace.clone(),
                name: first.name.clone(),
                ..id
            },
        }
    }

    /// The present identity and all earlier ones, oldest first.
    pub(crate) fn all_ids(&self) -> Vec<Id> {
        let id = self.id();
        let earlier = self.earlier.iter().map(|earlier| Id {
            kind: earlier.kind.clone(),
            namespace: earlier.namespace.clone(),
            name: earlier.name.clone(),
            ..id.clone()
        });
        earlier.chain([id.clone()]).collect()
    }

    /// Notes the present identity before it is changed.
    pub(crate) fn remember(&mut self) {
        let now = Earlier {
            kind: self.kind().to_owned(),
            namespace: self.namespace().to_owned(),
            name: self.name().to_owned(),
        };
        if self.earlier.last() != Some(&now) {
            self.earlier.push(now);
        }
    }

    /// The metadata, made when it is not there.
    pub(crate) fn metadata(&mut self) -> &mut Map<String, Value> {
        map_at(&mut self.value, "metadata")
    }

    pub(crate) fn set_name(&mut self, name: &str) {
        self.metadata().insert("name".to_owned(), name.into());
    }

    pub(crate) fn annotations(&self) -> Option<&Map<String, Value>> {
        self.value.pointer("/metadata/annotations").and_then(Value::as_object)
    }

    pub(crate) fn labels(&self) -> Option<&Map<String, Value>> {
        self.value.pointer("/metadata/labels").and_then(Value::as_object)
    }
}

/// The map under a key of an object, made when it is not there or is something else.
pub(crate) fn map_at<'a>(value: &'a mut Value, key: &str) -> &'a mut Map<String, Value> {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let entry = match value {
        Value::Object(map) => map.entry(key.to_owned()).or_insert(Value::Null),
        other => other,
    };
    if !entry.is_object() {
        *entry = Value::Object(Map::new());
    }
    match entry {
        Value::Object(map) => map,
        // Just made one.
        _ => unreachable!("the entry is a map"),
    }
}

impl Id {
    /// Whether two identities mean the same object: the namespace counts as `default` when empty, and does not count
    /// for kinds that have none.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.group == other.group
            && self.version == other.version
            && self.kind == other.kind
            && self.name == other.name
            && self.effective_namespace() == other.effective_namespace()
    }

    pub(crate) fn effective_namespace(&self) -> &str {
        if is_cluster_scoped(&self.group, &self.version, &self.kind) {
            CLUSTER
        } else if self.namespace.is_empty() {
            "default"
        } else {
            &self.namespace
        }
    }
}

/// What stands for the namespace of kinds that have none; only wide patterns match it.
pub(crate) const CLUSTER: &str = "_non_namespaceable_";

/// Whether a kind is known to have no namespace. Kinds that are not known have one.
pub(crate) fn is_cluster_scoped(group: &str, version: &str, kind: &str) -> bool {
    match kind {
        "Namespace" | "Node" | "PersistentVolume" | "ComponentStatus" => group.is_empty(),
        "MutatingWebhookConfiguration"
        | "ValidatingWebhookConfiguration"
        | "ValidatingAdmissionPolicy"
        | "ValidatingAdmissionPolicyBinding" => group == "admissionregistration.k8s.io",
        "CustomResourceDefinition" => group == "apiextensions.k8s.io",
        "APIService" => group == "apiregistration.k8s.io",
        "CertificateSigningRequest" => group == "certificates.k8s.io",
        "FlowSchema" | "PriorityLevelConfiguration" => {
            group == "flowcontrol.apiserver.k8s.io" && version == "v1beta1"
        }
        "IngressClass" => group == "networking.k8s.io",
        "RuntimeClass" => group == "node.k8s.io",
        "PodSecurityPolicy" => group == "policy" || group == "extensions",
        "ClusterRole" | "ClusterRoleBinding" => group == "rbac.authorization.k8s.io",
        "PriorityClass" => group == "scheduling.k8s.io",
        "CSIDriver" | "CSINode" | "StorageClass" | "VolumeAttachment" => group == "storage.k8s.io",
        _ => false,
    }
}

/// Adds an object; refuses one whose identity is taken.
pub(crate) fn append(list: &mut Vec<Resource>, resource: Resource) -> Result<(), String> {
    let id = resource.id();
    if list.iter().any(|other| other.id().is_same(&id)) {
        return Err(format!("may not add resource with an already registered id: {id}"));
    }
    list.push(resource);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn identities_know_the_default_namespace_and_cluster_scope() {
        let id = |api_version: &str, kind: &str, namespace: &str| {
            let value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "namespace": namespace}});
            Resource::new(value, "x".into()).id()
        };
        assert!(id("v1", "ConfigMap", "").is_same(&id("v1", "ConfigMap", "default")));
        assert!(!id("v1", "ConfigMap", "").is_same(&id("v1", "ConfigMap", "other")));
        assert!(id("v1", "Namespace", "").is_same(&id("v1", "Namespace", "other")));
        assert_eq!(id("apps/v1", "Deployment", "").to_string(), "Deployment.v1.apps/a.[noNs]");
    }

    #[test]
    fn earlier_names_are_remembered_once() {
        let mut resource = Resource::new(json!({"kind": "A", "metadata": {"name": "a"}}), "x".into());
        resource.remember();
        resource.remember();
        resource.set_name("b");
        assert_eq!(resource.earlier.len(), 1);
        assert_eq!(resource.original_id().name, "a");
        assert_eq!(resource.all_ids().len(), 2);
    }
}
