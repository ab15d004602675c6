//! ReplicaSets: as many Pods as asked for, and a status that counts them.

use serde_json::{Value, json};

use super::{OwnedPod, create, delete_pod, events, owned_pods, pod_of_template, write_status};
use crate::engine::Engine;
use crate::status::ApiResult;
use crate::store::Record;

const SOURCE: &str = "replicaset-controller";

pub(super) fn reconcile(engine: &Engine, record: &Record) -> ApiResult<()> {
    let kind = engine.builtin("apps", "replicasets")?;
    let pods = engine.builtin("", "pods")?;
    let value = record.value();
    let wanted = value["spec"]["replicas"].as_i64().unwrap_or(1);
    if !record.deleting {
        let mut active: Vec<OwnedPod> =
            owned_pods(engine, record).into_iter().filter(OwnedPod::is_active).collect();
        let missing = wanted - i64::try_from(active.len()).unwrap_or(i64::MAX);
        for _ in 0..missing {
            let pod = pod_of_template(
                &kind,
                record,
                &value["spec"]["template"],
                &format!("{}-", record.name()),
                &[],
            );
            let name = create(engine, &pods, record.namespace(), pod)?;
            events::normal(
                engine,
                &kind,
                record,
                SOURCE,
                "SuccessfulCreate",
                &format!("Created pod: {name}"),
            );
        }
        if missing < 0 {
            // Those that serve go last.
            active.sort_by_key(|pod| (pod.is_ready(), std::cmp::Reverse(pod.record.version)));
            for pod in active.iter().take(usize::try_from(-missing).unwrap_or(0)) {
                delete_pod(engine, &pods, pod)?;
                let message = format!("Deleted pod: {}", pod.name());
                events::normal(engine, &kind, record, SOURCE, "SuccessfulDelete", &message);
            }
        }
    }
    let owned = owned_pods(engine, record);
    let active = owned.iter().filter(|pod| pod.is_active()).count();
    let ready = owned.iter().filter(|pod| pod.is_active() && pod.is_ready()).count();
    let terminating = owned.iter().filter(|pod| pod.record.deleting).count();
    let mut status = json!({
        "observedGeneration": value["metadata"]["generation"], "replicas": active, "terminatingReplicas": terminating,
    });
    set_counts(
        &mut status,
        &[("fullyLabeledReplicas", active), ("readyReplicas", ready), ("availableReplicas", ready)],
    );
    write_status(engine, &kind, record, &value, &status)
}

/// Go leaves zeros out of these.
pub(super) fn set_counts(status: &mut Value, counts: &[(&str, usize)]) {
    for (name, count) in counts {
        if *count > 0 {
            status[*name] = (*count).into();
        }
    }
}
