//! StatefulSets: numbered Pods, one after the other unless asked otherwise, each with its claims; updated from the
//! last to the first by revision.

use serde_json::{Value, json};

use super::replicasets::set_counts;
use super::{
    OwnedPod, create, delete_pod, events, owned_pods, owner_reference, pod_of_template, write_status,
};
use crate::engine::{Engine, safe_hash};
use crate::kinds::Kind;
use crate::status::ApiResult;
use crate::store::Record;

const SOURCE: &str = "statefulset-controller";
const REVISION: &str = "controller-revision-hash";

pub(super) fn reconcile(engine: &Engine, record: &Record) -> ApiResult<()> {
    let kind = engine.builtin("apps", "statefulsets")?;
    let value = record.value();
    let update = revision(engine, &kind, record, &value)?;
    if !record.deleting {
        work(engine, &kind, record, &value, &update)?;
    }
    let pods = owned_pods(engine, record);
    let wanted = value["spec"]["replicas"].as_i64().unwrap_or(1);
    let at = |revision: &str| pods.iter().filter(|pod| pod.record.label(REVISION) == Some(revision)).count();
    let known = value["status"]["currentRevision"].as_str().unwrap_or(&update).to_owned();
    let ready = pods.iter().filter(|pod| pod.is_active() && pod.is_ready()).count();
    let done = at(&update) == pods.len() && ready == pods.len() && usize::try_from(wanted) == Ok(pods.len());
    let current = if done { update.clone() } else { known };
    let mut status = json!({
        "observedGeneration": value["metadata"]["generation"], "replicas": pods.len(), "availableReplicas": ready,
        "currentRevision": current, "updateRevision": update, "collisionCount": 0,
    });
    let counts =
        [("readyReplicas", ready), ("currentReplicas", at(&current)), ("updatedReplicas", at(&update))];
    set_counts(&mut status, &counts);
    write_status(engine, &kind, record, &value, &status)
}

/// The name of the revision of the present template, kept as a ControllerRevision.
pub(super) fn revision(engine: &Engine, kind: &Kind, record: &Record, value: &Value) -> ApiResult<String> {
    let revisions = engine.builtin("apps", "controllerrevisions")?;
    let template = &value["spec"]["template"];
    let name = format!("{}-{}", record.name(), safe_hash(template));
    if !record.deleting
        && engine.store.get(&revisions.collection, &revisions.key(record.namespace(), &name)).is_none()
    {
        let known = engine.store.dependents(&record.uid);
        let number = known.iter().filter(|(collection, _)| *collection == revisions.collection).count() + 1;
        let mut data = template.clone();
        data["$patch"] = "replace".into();
        let mut labels = template["metadata"]["labels"].clone();
        labels["controller.kubernetes.io/hash"] = safe_hash(template).into();
        let object = json!({
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner_reference(kind, record)]},
            "data": {"spec": {"template": data}}, "revision": number,
        });
        create(engine, &revisions, record.namespace(), object)?;
    }
    Ok(name)
}

fn work(engine: &Engine, kind: &Kind, record: &Record, value: &Value, update: &str) -> ApiResult<()> {
    let pods_kind = engine.builtin("", "pods")?;
    let wanted = value["spec"]["replicas"].as_i64().unwrap_or(1);
    let first = value["spec"]["ordinals"]["start"].as_i64().unwrap_or(0);
    let parallel = value["spec"]["podManagementPolicy"] == "Parallel";
    let pods = owned_pods(engine, record);
    let find = |ordinal: i64| pods.iter().find(|pod| pod.name() == format!("{}-{ordinal}", record.name()));
    for ordinal in first..first.saturating_add(wanted) {
        match find(ordinal) {
            None => {
                create_pod(engine, kind, record, value, ordinal, update)?;
                if !parallel {
                    return Ok(());
                }
            }
            Some(pod) if matches!(pod.phase(), "Succeeded" | "Failed") && !pod.record.deleting => {
                delete_pod(engine, &pods_kind, pod)?;
                return Ok(());
            }
            Some(pod) if !(parallel || pod.is_active() && pod.is_ready()) => {
                // A Pod of an old template that never became ready would wait forever.
                return replace_broken(engine, &pods_kind, pod, value, update);
            }
            Some(_) => {}
        }
    }
    let ordinal_of = |pod: &OwnedPod| pod.name().rsplit('-').next().and_then(|text| text.parse::<i64>().ok());
    let mut surplus: Vec<&OwnedPod> =
        pods.iter().filter(|pod| ordinal_of(pod).is_none_or(|ordinal| ordinal >= first + wanted)).collect();
    surplus.sort_by_key(|pod| std::cmp::Reverse(ordinal_of(pod)));
    for pod in surplus {
        if !pod.record.deleting {
            delete_pod(engine, &pods_kind, pod)?;
            let message = format!("delete Pod {} in StatefulSet {} successful", pod.name(), record.name());
            events::normal(engine, kind, record, SOURCE, "SuccessfulDelete", &message);
        }
        if !parallel {
            return Ok(());
        }
    }
    if value["spec"]["updateStrategy"]["type"] == "OnDelete" {
        return Ok(());
    }
    let partition = value["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
    let outdated = (first.max(partition)..first.saturating_add(wanted))
        .rev()
        .filter_map(find)
        .find(|pod| pod.record.label(REVISION) != Some(update));
    let all_ready = pods.iter().all(|pod| pod.is_active() && pod.is_ready());
    match outdated {
        Some(pod) if all_ready => delete_pod(engine, &pods_kind, pod),
        _ => Ok(()),
    }
}

fn replace_broken(
    engine: &Engine,
    pods: &Kind,
    pod: &OwnedPod,
    value: &Value,
    update: &str,
) -> ApiResult<()> {
    let old = pod.record.label(REVISION) != Some(update);
    if old && !pod.record.deleting && value["spec"]["updateStrategy"]["type"] != "OnDelete" {
        return delete_pod(engine, pods, pod);
    }
    Ok(())
}

fn create_pod(
    engine: &Engine,
    kind: &Kind,
    record: &Record,
    value: &Value,
    ordinal: i64,
    update: &str,
) -> ApiResult<()> {
    let pods = engine.builtin("", "pods")?;
    let claims = engine.builtin("", "persistentvolumeclaims")?;
    let name = format!("{}-{ordinal}", record.name());
    let index = ordinal.to_string();
    let labels = [
        ("statefulset.kubernetes.io/pod-name", name.as_str()),
        ("apps.kubernetes.io/pod-index", index.as_str()),
        (REVISION, update),
    ];
    let mut pod = pod_of_template(kind, record, &value["spec"]["template"], &name, &labels);
    pod["metadata"]["generateName"] = format!("{}-", record.name()).into();
    pod["spec"]["hostname"] = name.clone().into();
    if let Some(service) = value["spec"]["serviceName"].as_str().filter(|service| !service.is_empty()) {
        pod["spec"]["subdomain"] = service.into();
    }
    for template in value["spec"]["volumeClaimTemplates"].as_array().into_iter().flatten() {
        let volume = template["metadata"]["name"].as_str().unwrap_or_default();
        let claim_name = format!("{volume}-{name}");
        let key = claims.key(record.namespace(), &claim_name);
        if engine.store.get(&claims.collection, &key).is_none() {
            let claim = json!({
                "metadata": {"name": claim_name, "labels": value["spec"]["selector"]["matchLabels"]},
                "spec": template["spec"],
            });
            create(engine, &claims, record.namespace(), claim)?;
            let message =
                format!("Create Claim {claim_name} Pod {name} in StatefulSet {} success", record.name());
            events::normal(engine, kind, record, SOURCE, "SuccessfulCreate", &message);
        }
        let volumes = &mut pod["spec"]["volumes"];
        let mounted = json!({"name": volume, "persistentVolumeClaim": {"claimName": claim_name}});
        match volumes.as_array_mut() {
            Some(list) => list.push(mounted),
            None => *volumes = json!([mounted]),
        }
    }
    create(engine, &pods, record.namespace(), pod)?;
    let message = format!("Create Pod {name} in StatefulSet {} successful", record.name());
    events::normal(engine, kind, record, SOURCE, "SuccessfulCreate", &message);
    Ok(())
}
