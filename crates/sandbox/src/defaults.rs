//! Defaults of objects: those of built-in kinds from crate `object`, those of custom kinds from their schema, and the
//! initial status that Kubernetes writes out for a few kinds. Neighbor: `engine::admit` for what needs the cluster.

use object::Object;
use serde_json::{Value, json};

use crate::engine::edit_metadata;
use crate::kinds::Kind;
use crate::typed;

/// Fills in what a kind's defaults say.
pub(crate) fn apply(kind: &Kind, value: &mut Value) {
    if let Some(custom) = &kind.custom {
        if custom.schemas.is_some()
            && let Some(schema) = typed::schema_of(kind)
        {
            object::schema::fill_defaults(value, schema);
        }
        return;
    }
    if let Ok(mut object) = Object::from_value(value.take()) {
        object::defaults::fill_builtin_defaults(&mut object);
        *value = object.into_value();
    }
    match kind.collection.as_ref() {
        "/namespaces" => name_label(value),
        "/secrets" => merge_string_data(value),
        _ => {}
    }
    write_out(value);
    if value.get("status").is_none()
        && let (Some(status), Some(map)) = (initial_status(kind, value), value.as_object_mut())
    {
        map.insert("status".into(), status);
    }
    if kind.is("apiextensions.k8s.io", "CustomResourceDefinition") {
        definition_names(value);
    }
}

fn name_label(value: &mut Value) {
    let name = value["metadata"]["name"].clone();
    edit_metadata(value, |metadata| {
        let labels = metadata.entry("labels").or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert("kubernetes.io/metadata.name".into(), name);
        }
    });
}

/// `stringData` is written as `data`, base64-encoded, and never kept.
fn merge_string_data(value: &mut Value) {
    use base64::Engine as _;
    let Some(map) = value.as_object_mut() else { return };
    let Some(Value::Object(texts)) = map.remove("stringData") else { return };
    if texts.is_empty() {
        return;
    }
    let data = map.entry("data").or_insert_with(|| json!({}));
    if !data.is_object() {
        *data = json!({});
    }
    if let Some(data) = data.as_object_mut() {
        for (key, text) in texts {
            let encoded = base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or_default());
            data.insert(key, encoded.into());
        }
    }
}

/// Structures that Go writes even when they are empty.
fn write_out(value: &mut Value) {
    let kind = value["kind"].as_str().unwrap_or_default().to_owned();
    match kind.as_str() {
        "Pod" => containers(&mut value["spec"]),
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController" => {
            template(&mut value["spec"]["template"]);
        }
        "CronJob" => {
            let job = &mut value["spec"]["jobTemplate"];
            ensure(job, "metadata");
            template(&mut job["spec"]["template"]);
        }
        "PodTemplate" => template(&mut value["template"]),
        "PersistentVolumeClaim" => ensure(&mut value["spec"], "resources"),
        "Lease" | "Ingress" | "NetworkPolicy" => ensure(value, "spec"),
        "EndpointSlice" => null_lists(value, &["endpoints", "ports"]),
        "Role" | "ClusterRole" => null_lists(value, &["rules"]),
        _ => {}
    }
    if kind == "StatefulSet" {
        for claim in value["spec"]["volumeClaimTemplates"].as_array_mut().into_iter().flatten() {
            ensure(&mut claim["spec"], "resources");
            if let Some(claim) = claim.as_object_mut() {
                claim.insert("apiVersion".into(), "v1".into());
                claim.insert("kind".into(), "PersistentVolumeClaim".into());
            }
            if claim.get("status").is_none() {
                claim["status"] = json!({"phase": "Pending"});
            }
        }
    }
}

/// Lists that Go writes as null when they are empty.
fn null_lists(value: &mut Value, fields: &[&str]) {
    for field in fields {
        if value[*field].as_array().is_none_or(Vec::is_empty) {
            value[*field] = Value::Null;
        }
    }
}

fn template(template: &mut Value) {
    if template.is_object() {
        ensure(template, "metadata");
        containers(&mut template["spec"]);
    }
}

fn containers(spec: &mut Value) {
    if !spec.is_object() {
        return;
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        if let Some(containers) = spec.get_mut(list).and_then(Value::as_array_mut) {
            containers.iter_mut().for_each(|container| ensure(container, "resources"));
        }
    }
}

fn ensure(value: &mut Value, field: &str) {
    if let Some(map) = value.as_object_mut()
        && map.get(field).is_none_or(Value::is_null)
    {
        map.insert(field.to_owned(), json!({}));
    }
}

/// The status of a new object; Go writes structures and numbers even when they are empty.
fn initial_status(kind: &Kind, value: &Value) -> Option<Value> {
    Some(match kind.collection.as_ref() {
        "apps/deployments" | "batch/jobs" | "batch/cronjobs" => json!({}),
        "/nodes" => json!({"daemonEndpoints": {"kubeletEndpoint": {"Port": 0}}, "nodeInfo": {
            "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "",
            "containerRuntimeVersion": "", "kubeletVersion": "", "kubeProxyVersion": "", "operatingSystem": "", "architecture": ""}}),
        "apps/replicasets" | "/replicationcontrollers" => json!({"replicas": 0}),
        "apps/statefulsets" => json!({"replicas": 0, "availableReplicas": 0}),
        "apps/daemonsets" => json!({
            "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
        }),
        "/services" | "networking.k8s.io/ingresses" => json!({"loadBalancer": {}}),
        "/pods" => json!({"phase": "Pending", "qosClass": quality_of_service(value)}),
        "/persistentvolumeclaims" | "/persistentvolumes" => json!({"phase": "Pending"}),
        "policy/poddisruptionbudgets" => json!({
            "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0,
        }),
        "autoscaling/horizontalpodautoscalers" if kind.version == "v1" => {
            json!({"desiredReplicas": 0, "currentReplicas": 0})
        }
        "autoscaling/horizontalpodautoscalers" => json!({"desiredReplicas": 0, "currentMetrics": null}),
        "/resourcequotas" => json!({}),
        "apiregistration.k8s.io/apiservices" => json!({}),
        _ => return None,
    })
}

/// The class of a Pod by its containers' requests and limits.
fn quality_of_service(pod: &Value) -> &'static str {
    let containers: Vec<&Value> = ["containers", "initContainers"]
        .iter()
        .flat_map(|list| pod["spec"][*list].as_array().into_iter().flatten())
        .collect();
    let has = |container: &&Value, part: &str| {
        container["resources"][part].as_object().is_some_and(|amounts| !amounts.is_empty())
    };
    if !containers.iter().any(|container| has(container, "requests") || has(container, "limits")) {
        return "BestEffort";
    }
    let guaranteed = containers.iter().all(|container| {
        let resources = &container["resources"];
        ["cpu", "memory"].iter().all(|name| {
            !resources["limits"][*name].is_null()
                && (resources["requests"][*name].is_null()
                    || resources["requests"][*name] == resources["limits"][*name])
        })
    });
    if guaranteed { "Guaranteed" } else { "Burstable" }
}

fn definition_names(value: &mut Value) {
    let names = &value["spec"]["names"];
    let kind = names["kind"].as_str().unwrap_or_default().to_owned();
    let missing = |field: &str| names[field].as_str().unwrap_or_default().is_empty();
    let (singular, list) = (missing("singular"), missing("listKind"));
    if let Some(names) = value["spec"]["names"].as_object_mut() {
        if singular {
            names.insert("singular".into(), kind.to_lowercase().into());
        }
        if list {
            names.insert("listKind".into(), format!("{kind}List").into());
        }
    }
    if let Some(spec) = value.get_mut("spec").and_then(Value::as_object_mut) {
        spec.entry("conversion").or_insert_with(|| json!({"strategy": "None"}));
    }
}
