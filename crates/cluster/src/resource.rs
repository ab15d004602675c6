//! [`ApiResource`]: how a kind is served, and the paths of its objects.

use object::{GroupKind, GroupVersionKind};

/// How a cluster serves one kind in one version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiResource {
    /// API group, empty for the core group.
    pub group: String,
    /// API version, such as `v1`.
    pub version: String,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// The name in paths, such as `deployments`.
    pub plural: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// What can be done with objects, such as `list` and `watch`.
    pub verbs: Vec<String>,
}

impl ApiResource {
    /// Without the version.
    pub fn group_kind(&self) -> GroupKind {
        GroupKind::new(&self.group, &self.kind)
    }

    /// Group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::new(&self.group, &self.version, &self.kind)
    }

    /// The `apiVersion` of objects: `v1` for the core group, else `group/version`.
    pub fn api_version(&self) -> String {
        self.gvk().api_version()
    }

    /// Whether objects can be acted on in this way.
    pub fn can(&self, verb: &str) -> bool {
        self.verbs.iter().any(|known| known == verb)
    }

    /// The path of all objects, or of those in one namespace.
    pub fn collection_path(&self, namespace: Option<&str>) -> String {
        let mut path = if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        };
        if let Some(namespace) = namespace.filter(|namespace| self.namespaced && !namespace.is_empty()) {
            path.push_str("/namespaces/");
            path.push_str(&segment(namespace));
        }
        path.push('/');
        path.push_str(&self.plural);
        path
    }

    /// The path of one object; the namespace counts only for namespaced kinds.
    pub fn object_path(&self, namespace: &str, name: &str) -> String {
        format!("{}/{}", self.collection_path(Some(namespace)), segment(name))
    }

    /// A resource of Argo CD's own group.
    pub(crate) fn argo(kind: &str, plural: &str) -> Self {
        ApiResource {
            group: types::names::GROUP.to_owned(),
            version: "v1alpha1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced: true,
            verbs: Vec::new(),
        }
    }

    /// A namespaced resource of the core group.
    pub(crate) fn core(kind: &str, plural: &str) -> Self {
        ApiResource {
            version: "v1".to_owned(),
            kind: kind.to_owned(),
            plural: plural.to_owned(),
            namespaced: true,
            ..ApiResource::default()
        }
    }
}

/// A text as one segment of a path or one value of a query.
pub(crate) fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let config_maps = ApiResource::core("ConfigMap", "configmaps");
        assert_eq!(config_maps.collection_path(None), "/api/v1/configmaps");
        assert_eq!(config_maps.object_path("a", "b"), "/api/v1/namespaces/a/configmaps/b");
        let roles = ApiResource {
            group: "rbac.authorization.k8s.io".into(),
            version: "v1".into(),
            plural: "clusterroles".into(),
            ..ApiResource::default()
        };
        assert_eq!(
            roles.object_path("ignored", "system:admin"),
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Aadmin"
        );
        assert_eq!(segment("../é?"), "..%2F%C3%A9%3F");
    }
}
