//! The objects of an installation as they are when nobody has changed them.

use object::Object;
use serde_json::{Value, json};
use types::names;

/// Kinds that change all the time, or that there are very many of, and that no application is made of. Users may
/// change this list; it is written once and then theirs.
const EXCLUSIONS: &str = r#"- apiGroups: ['', discovery.k8s.io]
  kinds: [Endpoints, EndpointSlice]
- apiGroups: [coordination.k8s.io]
  kinds: [Lease]
- apiGroups: [authentication.k8s.io, authorization.k8s.io]
  kinds: [SelfSubjectReview, TokenReview, LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview]
- apiGroups: [certificates.k8s.io]
  kinds: [CertificateSigningRequest]
- apiGroups: [cert-manager.io]
  kinds: [CertificateRequest]
- apiGroups: [cilium.io]
  kinds: [CiliumIdentity, CiliumEndpoint, CiliumEndpointSlice]
- apiGroups: [kyverno.io, reports.kyverno.io, wgpolicyk8s.io]
  kinds: [PolicyReport, ClusterPolicyReport, EphemeralReport, ClusterEphemeralReport, AdmissionReport, ClusterAdmissionReport, BackgroundScanReport, ClusterBackgroundScanReport, UpdateRequest]
"#;

fn made(kind: &str, name: &str, rest: &Value) -> Object {
    let mut object = Object::default();
    object.set(&["apiVersion"], Value::from("v1"));
    object.set(&["kind"], Value::from(kind));
    object.set(&["metadata", "name"], Value::from(name));
    for (field, value) in rest.as_object().into_iter().flatten() {
        object.set(&[field], value.clone());
    }
    object
}

fn part(kind: &str, name: &str, rest: &Value) -> Object {
    let mut object = made(kind, name, rest);
    object.set_label("app.kubernetes.io/name", name);
    object.set_label("app.kubernetes.io/part-of", "argocd");
    object
}

pub(super) fn namespace(name: &str) -> Object {
    made("Namespace", name, &json!({}))
}

pub(super) fn config_maps() -> Vec<Object> {
    let empty = json!({});
    vec![
        part("ConfigMap", names::CONFIG_MAP, &json!({"data": {"resource.exclusions": EXCLUSIONS}})),
        part("ConfigMap", names::RBAC_CONFIG_MAP, &empty),
        part("ConfigMap", names::PARAMS_CONFIG_MAP, &empty),
        part("ConfigMap", names::SSH_KNOWN_HOSTS_CONFIG_MAP, &empty),
        part("ConfigMap", names::TLS_CERTS_CONFIG_MAP, &empty),
    ]
}

pub(super) fn secret(name: &str) -> Object {
    part("Secret", name, &json!({"type": "Opaque"}))
}

/// The project of applications that name none: everything is permitted.
pub(super) fn default_project() -> Object {
    let mut project = made(
        "AppProject",
        "default",
        &json!({"spec": {
            "sourceRepos": ["*"],
            "destinations": [{"namespace": "*", "server": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
        }}),
    );
    project.set(&["apiVersion"], Value::from(names::API_VERSION));
    project
}
