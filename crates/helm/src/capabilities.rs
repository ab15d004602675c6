//! What the cluster can do, as far as templates may ask: its version and its APIs.

use crate::error::Error;

/// The Kubernetes version that is assumed when none is given: the one that Helm 4.3 was built against.
pub const DEFAULT_KUBE_VERSION: &str = "v1.37.0";

/// The Helm version that charts see.
pub const HELM_VERSION: &str = "v4.3";

/// The Helm version that charts see which are rendered as by Helm 3.
pub(crate) const HELM_3_VERSION: &str = "v3.22";

/// The APIs that every render assumes, before the cluster's own are added.
pub const DEFAULT_API_VERSIONS: &[&str] = &[
    "v1",
    "admissionregistration.k8s.io/v1",
    "admissionregistration.k8s.io/v1alpha1",
    "admissionregistration.k8s.io/v1beta1",
    "internal.apiserver.k8s.io/v1alpha1",
    "apps/v1",
    "apps/v1beta1",
    "apps/v1beta2",
    "authentication.k8s.io/v1",
    "authentication.k8s.io/v1alpha1",
    "authentication.k8s.io/v1beta1",
    "authorization.k8s.io/v1",
    "authorization.k8s.io/v1beta1",
    "autoscaling/v1",
    "autoscaling/v2",
    "batch/v1",
    "batch/v1beta1",
    "certificates.k8s.io/v1",
    "certificates.k8s.io/v1beta1",
    "certificates.k8s.io/v1alpha1",
    "coordination.k8s.io/v1alpha2",
    "coordination.k8s.io/v1beta1",
    "coordination.k8s.io/v1",
    "discovery.k8s.io/v1",
    "discovery.k8s.io/v1beta1",
    "events.k8s.io/v1",
    "events.k8s.io/v1beta1",
    "extensions/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1",
    "flowcontrol.apiserver.k8s.io/v1beta1",
    "flowcontrol.apiserver.k8s.io/v1beta2",
    "flowcontrol.apiserver.k8s.io/v1beta3",
    "lifecycle.k8s.io/v1alpha1",
    "networking.k8s.io/v1",
    "networking.k8s.io/v1beta1",
    "node.k8s.io/v1",
    "node.k8s.io/v1alpha1",
    "node.k8s.io/v1beta1",
    "policy/v1",
    "policy/v1beta1",
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io/v1beta1",
    "rbac.authorization.k8s.io/v1alpha1",
    "resource.k8s.io/v1",
    "resource.k8s.io/v1beta2",
    "resource.k8s.io/v1beta1",
    "resource.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1alpha3",
    "scheduling.k8s.io/v1beta1",
    "scheduling.k8s.io/v1",
    "storage.k8s.io/v1beta1",
    "storage.k8s.io/v1",
    "storage.k8s.io/v1alpha1",
    "storagemigration.k8s.io/v1",
    "storagemigration.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1beta1",
    "apiextensions.k8s.io/v1",
];

/// A cluster's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KubeVersion {
    /// With everything the vendor adds: `v1.33.4-gke.1245000`.
    pub(crate) full: String,
    /// Without that: `v1.33.4`. Constraints are held against it.
    pub(crate) normalized: String,
    pub(crate) major: String,
    pub(crate) minor: String,
}

impl KubeVersion {
    /// Reads `1.30`, `v1.30.2` or `1.30.2-eks-1a2b`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || Error::KubeVersion(text.to_string());
        let numbers = text.trim().strip_prefix('v').unwrap_or(text.trim());
        let end = numbers.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(numbers.len());
        let parts: Vec<u64> = numbers[..end]
            .trim_end_matches('.')
            .split('.')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map_err(|_| wrong())?;
        let [major, minor, rest @ ..] = parts.as_slice() else { return Err(wrong()) };
        let mut normalized = format!("v{major}.{minor}");
        for part in rest {
            normalized.push_str(&format!(".{part}"));
        }
        Ok(Self {
            full: if text.starts_with('v') { text.to_string() } else { format!("v{text}") },
            normalized,
            major: major.to_string(),
            minor: minor.to_string(),
        })
    }
}

/// All of it for one render.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capabilities {
    pub(crate) kube_version: KubeVersion,
    pub(crate) api_versions: Vec<String>,
}

impl Capabilities {
    pub(crate) fn new(kube_version: Option<&str>, extra: &[String]) -> Result<Self, Error> {
        let kube_version = match kube_version {
            Some(version) if !version.is_empty() => KubeVersion::parse(version)?,
            _ => KubeVersion::parse(DEFAULT_KUBE_VERSION)?,
        };
        let known = DEFAULT_API_VERSIONS.iter().map(|version| (*version).to_string());
        Ok(Self { kube_version, api_versions: known.chain(extra.iter().cloned()).collect() })
    }
}
