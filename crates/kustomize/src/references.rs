//! Names inside objects that mean other objects: kept right when those are renamed.

use serde_json::{Map, Value};

use crate::fieldspec::{FieldSpec, NameReference, split_path};
use crate::resource::{Id, Resource, is_cluster_scoped};

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

fn in_pods(paths: &[&str], kinds: &[&str]) -> Vec<FieldSpec> {
    PODS.iter()
        .filter(|(kind, _)| kinds.contains(kind))
        .flat_map(|(kind, place)| {
            paths.iter().map(move |path| FieldSpec::new(kind, &format!("{place}/{path}"), false))
        })
        .collect()
}

const WORKLOADS: &[&str] =
    &["Pod", "PodTemplate", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob"];
const SEVEN: &[&str] =
    &["Pod", "StatefulSet", "Deployment", "ReplicationController", "CronJob", "Job", "DaemonSet"];

/// The built-in table.
pub(crate) fn builtin() -> Vec<NameReference> {
    let at = |kind: &str, path: &str| FieldSpec::new(kind, path, false);
    let reference = |kind: &str, version: &str, field_specs: Vec<FieldSpec>| NameReference {
        group: String::new(),
        version: version.to_owned(),
        kind: kind.to_owned(),
        field_specs,
    };
    let mut table: Vec<NameReference> = ["Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"]
        .iter()
        .map(|kind| reference(kind, "", vec![at("HorizontalPodAutoscaler", "spec/scaleTargetRef/name")]))
        .collect();

    let mut config_map = in_pods(
        &[
            "volumes/configMap/name",
            "containers/env/valueFrom/configMapKeyRef/name",
            "initContainers/env/valueFrom/configMapKeyRef/name",
            "containers/envFrom/configMapRef/name",
            "initContainers/envFrom/configMapRef/name",
            "volumes/projected/sources/configMap/name",
        ],
        WORKLOADS,
    );
    config_map.extend([
        at("Node", "spec/configSource/configMap"),
        at("Role", "rules/resourceNames"),
        at("ClusterRole", "rules/resourceNames"),
        at("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap"),
    ]);
    table.push(reference("ConfigMap", "v1", config_map));

    let mut secret = in_pods(
        &[
            "volumes/secret/secretName",
            "containers/env/valueFrom/secretKeyRef/name",
            "initContainers/env/valueFrom/secretKeyRef/name",
            "containers/envFrom/secretRef/name",
            "initContainers/envFrom/secretRef/name",
            "imagePullSecrets/name",
            "volumes/projected/sources/secret/name",
        ],
        WORKLOADS,
    );
    secret.extend([
        at("Ingress", "spec/tls/secretName"),
        at("Ingress", "metadata/annotations/ingress.kubernetes.io\\/auth-secret"),
        at("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-secret"),
        at("Ingress", "metadata/annotations/nginx.ingress.kubernetes.io\\/auth-tls-secret"),
        at("ServiceAccount", "imagePullSecrets/name"),
        at("Role", "rules/resourceNames"),
        at("ClusterRole", "rules/resourceNames"),
        at("PersistentVolume", "spec/azureFile/secretName"),
        at("Service.serving~knative~dev", "spec/template/spec/containers/env/valueFrom/secretKeyRef/name"),
    ]);
    for parameter in ["secretName", "adminSecretName", "userSecretName", "secretRef"] {
        secret.push(at("StorageClass", &format!("parameters/{parameter}")));
    }
    table.push(reference("Secret", "v1", secret));

    table.push(reference(
        "Service",
        "v1",
        vec![
            at("StatefulSet", "spec/serviceName"),
            at("Ingress", "spec/rules/http/paths/backend/serviceName"),
            at("Ingress", "spec/backend/serviceName"),
            at("Ingress", "spec/rules/http/paths/backend/service/name"),
            at("Ingress", "spec/defaultBackend/service/name"),
            at("APIService", "spec/service/name"),
            at("ValidatingWebhookConfiguration", "webhooks/clientConfig/service"),
            at("MutatingWebhookConfiguration", "webhooks/clientConfig/service"),
        ],
    ));
    table.push(reference("Role", "", vec![at("RoleBinding", "roleRef/name")]));
    table.push(reference(
        "ClusterRole",
        "",
        vec![at("RoleBinding", "roleRef/name"), at("ClusterRoleBinding", "roleRef/name")],
    ));
    let mut account = vec![at("RoleBinding", "subjects"), at("ClusterRoleBinding", "subjects")];
    account.extend(in_pods(&["serviceAccountName"], SEVEN));
    table.push(reference("ServiceAccount", "v1", account));
    table.push(reference(
        "PersistentVolumeClaim",
        "v1",
        in_pods(&["volumes/persistentVolumeClaim/claimName"], SEVEN),
    ));
    table.push(reference(
        "PersistentVolume",
        "v1",
        vec![at("PersistentVolumeClaim", "spec/volumeName"), at("ClusterRole", "rules/resourceNames")],
    ));
    table.push(reference(
        "StorageClass",
        "",
        vec![
            at("PersistentVolume", "spec/storageClassName"),
            at("PersistentVolumeClaim", "spec/storageClassName"),
            at("StatefulSet", "spec/volumeClaimTemplates/spec/storageClassName"),
        ],
    ));
    table.push(reference("PriorityClass", "", in_pods(&["priorityClassName"], SEVEN)));
    table.push(reference(
        "ValidatingAdmissionPolicy",
        "",
        vec![at("ValidatingAdmissionPolicyBinding", "spec/policyName")],
    ));
    table
}

/// What a candidate for a reference is known by.
struct Candidate {
    ids: Vec<Id>,
    now: Id,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
}

/// Who refers, and from where.
struct Referrer<'a> {
    id: Id,
    prefixes: &'a [String],
    suffixes: &'a [String],
    account_namespaces: Vec<String>,
    role: Option<(String, String)>,
}

/// Rewrites all references to objects that were renamed.
pub(crate) fn fix(list: &mut [Resource], table: &[NameReference]) -> Result<(), String> {
    let candidates: Vec<Candidate> = list
        .iter()
        .filter(|resource| !resource.earlier.is_empty())
        .map(|resource| Candidate {
            ids: resource.all_ids(),
            now: resource.id(),
            prefixes: resource.prefixes.clone(),
            suffixes: resource.suffixes.clone(),
        })
        .collect();
    for resource in list.iter_mut() {
        let (prefixes, suffixes) = (resource.prefixes.clone(), resource.suffixes.clone());
        for reference in table {
            for spec in &reference.field_specs {
                if !spec.is_for(resource.group(), resource.version(), resource.kind()) {
                    continue;
                }
                let referrer = Referrer {
                    id: resource.id(),
                    prefixes: &prefixes,
                    suffixes: &suffixes,
                    account_namespaces: account_namespaces(&resource.value),
                    role: role_of(&resource.value, &spec.path),
                };
                visit(&mut resource.value, &split_path(&spec.path), &mut |place| {
                    rewrite(place, reference, &referrer, &candidates)
                })?;
            }
        }
    }
    Ok(())
}

/// The namespaces of a binding's service accounts: their roles may be there.
fn account_namespaces(value: &Value) -> Vec<String> {
    let subjects = value.get("subjects").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    subjects
        .iter()
        .filter(|subject| subject["kind"] == "ServiceAccount")
        .filter_map(|subject| subject.get("namespace").and_then(Value::as_str).map(str::to_owned))
        .collect()
}

fn role_of(value: &Value, path: &str) -> Option<(String, String)> {
    if path != "roleRef/name" {
        return None;
    }
    let text = |name: &str| value["roleRef"].get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some((text("kind"), text("apiGroup")))
}

fn visit(
    node: &mut Value,
    parts: &[String],
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    match (node, parts.split_first()) {
        (Value::Array(items), _) => items.iter_mut().try_for_each(|item| visit(item, parts, change)),
        (node, None) => change(node),
        (Value::Object(map), Some((part, rest))) => match map.get_mut(part) {
            Some(child) => visit(child, rest, change),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

fn rewrite(
    place: &mut Value,
    reference: &NameReference,
    referrer: &Referrer<'_>,
    candidates: &[Candidate],
) -> Result<(), String> {
    match place {
        Value::String(name) => {
            if let Some(found) = choose(name, None, reference, referrer, candidates)? {
                name.clone_from(&found.now.name);
            }
            Ok(())
        }
        Value::Object(map) => rewrite_map(map, reference, referrer, candidates),
        _ => Ok(()),
    }
}

/// A map with `name` and perhaps `namespace`, such as a subject.
fn rewrite_map(
    map: &mut Map<String, Value>,
    reference: &NameReference,
    referrer: &Referrer<'_>,
    candidates: &[Candidate],
) -> Result<(), String> {
    let Some(name) = map.get("name").and_then(Value::as_str).map(str::to_owned) else { return Ok(()) };
    let namespace = map.get("namespace").and_then(Value::as_str).map(str::to_owned);
    // A subject of another kind may have the same name.
    if map.get("kind").and_then(Value::as_str).is_some_and(|kind| kind != reference.kind) {
        return Ok(());
    }
    if let Some(found) =
        choose(&name, Some(namespace.as_deref().unwrap_or_default()), reference, referrer, candidates)?
    {
        map.insert("name".to_owned(), found.now.name.as_str().into());
        if !found.now.namespace.is_empty() {
            map.insert("namespace".to_owned(), found.now.namespace.as_str().into());
        }
    }
    Ok(())
}

fn choose<'a>(
    name: &str,
    namespace: Option<&str>,
    reference: &NameReference,
    referrer: &Referrer<'_>,
    candidates: &'a [Candidate],
) -> Result<Option<&'a Candidate>, String> {
    let is_kind = |id: &Id| {
        id.kind == reference.kind
            && (reference.group.is_empty() || id.group == reference.group)
            && (reference.version.is_empty() || id.version == reference.version)
    };
    let mut found: Vec<&Candidate> = candidates
        .iter()
        .filter(|candidate| {
            let earlier = &candidate.ids[..candidate.ids.len() - 1];
            earlier.iter().any(|id| {
                let same_place = namespace
                    .filter(|namespace| !namespace.is_empty())
                    .is_none_or(|namespace| id.effective_namespace() == namespace);
                id.name == name && is_kind(id) && same_place
            })
        })
        .filter(|candidate| is_reachable(candidate, referrer))
        .filter(|candidate| {
            referrer.role.as_ref().is_none_or(|(kind, group)| {
                candidate.now.kind == *kind && (group.is_empty() || candidate.now.group == *group)
            })
        })
        .collect();
    if found.len() > 1 {
        let alike: Vec<&Candidate> =
            found.iter().copied().filter(|candidate| ends_alike(candidate, referrer)).collect();
        if !alike.is_empty() {
            found = alike;
        }
    }
    if found.len() > 1 {
        let exactly: Vec<&Candidate> = found
            .iter()
            .copied()
            .filter(|candidate| {
                candidate.prefixes == referrer.prefixes && candidate.suffixes == referrer.suffixes
            })
            .collect();
        if !exactly.is_empty() {
            found = exactly;
        }
    }
    match found[..] {
        [] => Ok(None),
        [first, ref rest @ ..] => {
            let same = |other: &&Candidate| {
                other.now.name == first.now.name
                    && (namespace.is_none() || other.now.namespace == first.now.namespace)
            };
            if rest.iter().all(same) {
                return Ok(Some(first));
            }
            let names: Vec<String> = found.iter().map(|candidate| candidate.now.to_string()).collect();
            Err(format!(
                "{}: found multiple possible referrals for {name}: {}",
                referrer.id,
                names.join(", ")
            ))
        }
    }
}

fn is_reachable(candidate: &Candidate, referrer: &Referrer<'_>) -> bool {
    let (now, id) = (&candidate.now, &referrer.id);
    is_cluster_scoped(&id.group, &id.version, &id.kind)
        || is_cluster_scoped(&now.group, &now.version, &now.kind)
        || now.effective_namespace() == id.effective_namespace()
        || now.kind == "ServiceAccount"
        || (id.kind == "RoleBinding"
            && referrer.account_namespaces.iter().any(|namespace| namespace == now.effective_namespace()))
}

/// Whether the later prefixes and suffixes are the same; a side without any agrees with everything.
fn ends_alike(candidate: &Candidate, referrer: &Referrer<'_>) -> bool {
    let alike = |one: &[String], other: &[String]| {
        let length = one.len().min(other.len());
        one[one.len() - length..] == other[other.len() - length..]
    };
    alike(&candidate.prefixes, referrer.prefixes) && alike(&candidate.suffixes, referrer.suffixes)
}
