//! Who an object is: group, version, kind, name and namespace, now and before it was renamed.

use std::fmt;

/// A group, version, kind, name and namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Id {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
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

pub(crate) fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

/// The group and the version of an `apiVersion`.
pub(crate) fn split_api_version(api_version: &str) -> (&str, &str) {
    api_version.split_once('/').unwrap_or(("", api_version))
}

/// What an object was called before a transformer renamed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Earlier {
    pub(crate) kind: String,
    /// The effective namespace: `default` for none, [`CLUSTER`] for kinds that have none.
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Id {
    /// Whether two identities mean the same object: the namespace counts as `default` when empty, and does not count
    /// for kinds that have none.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.is_same_but_namespace(other) && self.effective_namespace() == other.effective_namespace()
    }

    pub(crate) fn is_same_but_namespace(&self, other: &Self) -> bool {
        self.name == other.name
            && self.kind == other.kind
            && self.group == other.group
            && self.version == other.version
    }

    pub(crate) fn effective_namespace(&self) -> &str {
        if is_cluster_scoped(&self.group, &self.version, &self.kind) {
            CLUSTER
        } else {
            or(&self.namespace, DEFAULT)
        }
    }

    pub(crate) fn is_cluster_scoped(&self) -> bool {
        is_cluster_scoped(&self.group, &self.version, &self.kind)
    }

    /// Whether the kind is one that a pattern of group, version and kind means; empty parts mean all.
    pub(crate) fn is_kind(&self, group: &str, version: &str, kind: &str) -> bool {
        (group.is_empty() || self.group == group)
            && (version.is_empty() || self.version == version)
            && (kind.is_empty() || self.kind == kind)
    }
}

/// The namespace that an empty one means.
pub(crate) const DEFAULT: &str = "default";

/// What stands for the namespace of kinds that have none; only wide patterns match it.
pub(crate) const CLUSTER: &str = "_non_namespaceable_";

/// Whether a kind is known to have no namespace. Kinds that are not known have one.
pub(crate) fn is_cluster_scoped(group: &str, version: &str, kind: &str) -> bool {
    let versions: &[&str] = match (group, kind) {
        ("", "Namespace" | "Node" | "NodeProxyOptions" | "PersistentVolume" | "ComponentStatus") => &["v1"],
        (
            "admissionregistration.k8s.io",
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration",
        )
        | ("apiextensions.k8s.io", "CustomResourceDefinition")
        | ("apiregistration.k8s.io", "APIService")
        | ("certificates.k8s.io", "CertificateSigningRequest")
        | ("networking.k8s.io", "IngressClass")
        | ("node.k8s.io", "RuntimeClass")
        | ("rbac.authorization.k8s.io", "ClusterRole" | "ClusterRoleBinding")
        | ("scheduling.k8s.io", "PriorityClass")
        | ("storage.k8s.io", "CSIDriver" | "CSINode" | "StorageClass" | "VolumeAttachment") => {
            &["v1", "v1beta1"]
        }
        (
            "admissionregistration.k8s.io",
            "ValidatingAdmissionPolicy" | "ValidatingAdmissionPolicyBinding",
        ) => &["v1"],
        ("flowcontrol.apiserver.k8s.io", "FlowSchema" | "PriorityLevelConfiguration")
        | ("policy", "PodSecurityPolicy") => &["v1beta1"],
        _ => &[],
    };
    versions.contains(&version)
}

/// Whether the scope of a kind is known without reading an API description.
pub(crate) fn has_known_scope(group: &str, version: &str, kind: &str) -> bool {
    let versions: &[&str] = match (group, kind) {
        (
            "",
            "ConfigMap"
            | "Endpoints"
            | "Event"
            | "LimitRange"
            | "PersistentVolumeClaim"
            | "Pod"
            | "PodTemplate"
            | "ReplicationController"
            | "ResourceQuota"
            | "Secret"
            | "Service"
            | "ServiceAccount",
        )
        | ("apps", "ControllerRevision" | "DaemonSet" | "Deployment" | "ReplicaSet" | "StatefulSet")
        | ("networking.k8s.io", "NetworkPolicy") => &["v1"],
        ("autoscaling", "HorizontalPodAutoscaler") => &["v1", "v2beta1", "v2beta2"],
        ("batch", "CronJob" | "Job")
        | ("coordination.k8s.io", "Lease")
        | ("discovery.k8s.io", "EndpointSlice")
        | ("events.k8s.io", "Event")
        | ("networking.k8s.io", "Ingress")
        | ("policy", "PodDisruptionBudget")
        | ("rbac.authorization.k8s.io", "Role" | "RoleBinding") => &["v1", "v1beta1"],
        ("extensions", "Ingress") | ("storage.k8s.io", "CSIStorageCapacity") => &["v1beta1"],
        _ => &[],
    };
    versions.contains(&version) || is_cluster_scoped(group, version, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_know_the_default_namespace_and_cluster_scope() {
        let id = |api_version: &str, kind: &str, namespace: &str| {
            let (group, version) = split_api_version(api_version);
            let name = "a";
            let [group, version, kind, namespace, name] =
                [group, version, kind, namespace, name].map(str::to_owned);
            Id { group, version, kind, namespace, name }
        };
        assert!(id("v1", "ConfigMap", "").is_same(&id("v1", "ConfigMap", "default")));
        assert!(!id("v1", "ConfigMap", "").is_same(&id("v1", "ConfigMap", "other")));
        assert!(id("v1", "Namespace", "").is_same(&id("v1", "Namespace", "other")));
        assert!(!id("example.com/v1", "Namespace", "").is_same(&id("example.com/v1", "Namespace", "other")));
        assert_eq!(id("apps/v1", "Deployment", "").to_string(), "Deployment.v1.apps/a.[noNs]");
    }
}
