//! Which fields of the built-in kinds name objects of which other kinds.

use crate::fieldspec::{FieldSpec, Text};
use crate::specs::NameReference;

/// Where the pod spec is, by kind.
const PODS: &[(&str, &str)] = &[
    ("Pod", "spec"),
    ("PodTemplate", "template/spec"),
    ("Deployment", "spec/template/spec"),
    ("ReplicaSet", "spec/template/spec"),
    ("ReplicationController", "spec/template/spec"),
    ("DaemonSet", "spec/template/spec"),
    ("StatefulSet", "spec/template/spec"),
    ("Job", "spec/template/spec"),
    ("CronJob", "spec/jobTemplate/spec/template/spec"),
];

/// The kinds whose pods refer to ConfigMaps and Secrets. References of bare pods are those of version v1.
const WORKLOADS: &[&str] =
    &["Pod", "PodTemplate", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob"];
/// The kinds whose pods refer to everything else.
const SEVEN: &[&str] =
    &["Pod", "StatefulSet", "Deployment", "ReplicationController", "CronJob", "Job", "DaemonSet"];

fn in_pods(paths: &[&str], kinds: &[&str], pod_version: &'static str) -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for (kind, place) in PODS.iter().filter(|(kind, _)| kinds.contains(kind)) {
        let version = if *kind == "Pod" { pod_version } else { "" };
        for path in paths {
            specs.push(FieldSpec::new(("", version, kind), format!("{place}/{path}"), false));
        }
    }
    specs
}

fn at(kind: &'static str, path: &'static str) -> FieldSpec {
    FieldSpec::new(("", "", kind), path, false)
}

fn in_group(group: &'static str, kind: &'static str, path: &'static str) -> FieldSpec {
    FieldSpec::new((group, "", kind), path, false)
}

fn reference(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    field_specs: Vec<FieldSpec>,
) -> NameReference {
    let [group, version, kind] = [group, version, kind].map(Text::Borrowed);
    NameReference { group, version, kind, field_specs }
}

/// The built-in table.
pub(crate) fn builtin() -> Vec<NameReference> {
    const RBAC: &str = "rbac.authorization.k8s.io";
    const WEBHOOKS: &str = "admissionregistration.k8s.io";
    let mut table: Vec<NameReference> = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]
        .iter()
        .map(|kind| reference("", "", kind, vec![at("HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]))
        .collect();
    table.push(reference("", "v1", "ConfigMap", config_map_specs()));
    table.push(reference("", "v1", "Secret", secret_specs()));
    table.push(reference(
        "",
        "v1",
        "Service",
        vec![
            in_group("apps", "StatefulSet", "spec/serviceName"),
            at("Ingress", "spec/rules/http/paths/backend/serviceName"),
            at("Ingress", "spec/backend/serviceName"),
            at("Ingress", "spec/rules/http/paths/backend/service/name"),
            at("Ingress", "spec/defaultBackend/service/name"),
            in_group("apiregistration.k8s.io", "APIService", "spec/service/name"),
            in_group(WEBHOOKS, "ValidatingWebhookConfiguration", "webhooks/clientConfig/service"),
            in_group(WEBHOOKS, "MutatingWebhookConfiguration", "webhooks/clientConfig/service"),
        ],
    ));
    table.push(reference(RBAC, "", "Role", vec![in_group(RBAC, "RoleBinding", "roleRef/name")]));
    table.push(reference(
        RBAC,
        "",
        "ClusterRole",
        vec![
            in_group(RBAC, "RoleBinding", "roleRef/name"),
            in_group(RBAC, "ClusterRoleBinding", "roleRef/name"),
        ],
    ));
    let mut account =
        vec![in_group(RBAC, "RoleBinding", "subjects"), in_group(RBAC, "ClusterRoleBinding", "subjects")];
    account.extend(in_pods(&["serviceAccountName"], SEVEN, ""));
    table.push(reference("", "v1", "ServiceAccount", account));
    let claims = in_pods(&["volumes/persistentVolumeClaim/claimName"], SEVEN, "");
    table.push(reference("", "v1", "PersistentVolumeClaim", claims));
    table.push(reference(
        "",
        "v1",
        "PersistentVolume",
        vec![at("PersistentVolumeClaim", "spec/volumeName"), at("ClusterRole", "rules/resourceNames")],
    ));
    table.push(reference(
        "storage.k8s.io",
        "v1",
        "StorageClass",
        vec![
            at("PersistentVolume", "spec/storageClassName"),
            at("PersistentVolumeClaim", "spec/storageClassName"),
            at("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
        ],
    ));
    let priorities = in_pods(&["priorityClassName"], SEVEN, "");
    table.push(reference("scheduling.k8s.io", "v1", "PriorityClass", priorities));
    // The reference tool's group is wrong, so that IngressClasses are never found.
    let ingress_class = vec![at("Ingress", "spec/ingressClassName")];
    table.push(reference("networking.k8s.io/v1", "v1", "IngressClass", ingress_class));
    let policies = vec![in_group(WEBHOOKS, "ValidatingAdmissionPolicyBinding", "spec/policyName")];
    table.push(reference(WEBHOOKS, "", "ValidatingAdmissionPolicy", policies));
    table
}

fn config_map_specs() -> Vec<FieldSpec> {
    let paths = [
        "volumes/configMap/name",
        "containers/env/valueFrom/configMapKeyRef/name",
        "initContainers/env/valueFrom/configMapKeyRef/name",
        "containers/envFrom/configMapRef/name",
        "initContainers/envFrom/configMapRef/name",
        "volumes/projected/sources/configMap/name",
    ];
    let mut specs = in_pods(&paths, WORKLOADS, "v1");
    specs.extend([
        at("Node", "spec/configSource/configMap"),
        at("Role", "rules/resourceNames"),
        at("ClusterRole", "rules/resourceNames"),
        at("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap"),
    ]);
    specs
}

fn secret_specs() -> Vec<FieldSpec> {
    let paths = [
        "volumes/secret/secretName",
        "containers/env/valueFrom/secretKeyRef/name",
        "initContainers/env/valueFrom/secretKeyRef/name",
        "containers/envFrom/secretRef/name",
        "initContainers/envFrom/secretRef/name",
        "imagePullSecrets/name",
        "volumes/projected/sources/secret/name",
    ];
    let mut specs = in_pods(&paths, WORKLOADS, "v1");
    specs.extend([
        at("Ingress", "spec/tls/secretName"),
        at("Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
        at("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"),
        at("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"),
        at("ServiceAccount", "imagePullSecrets/name"),
        at("StorageClass", "parameters/secretName"),
        at("StorageClass", "parameters/adminSecretName"),
        at("StorageClass", "parameters/userSecretName"),
        at("StorageClass", "parameters/secretRef"),
        at("Role", "rules/resourceNames"),
        at("ClusterRole", "rules/resourceNames"),
        FieldSpec::new(
            ("serving.knative.dev", "v1", "Service"),
            "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
            false,
        ),
        at("PersistentVolume", "spec/azureFile/secretName"),
    ]);
    specs
}
