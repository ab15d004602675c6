//! DaemonSets: one Pod on every node that fits, replaced one by one when the template changes.

use serde_json::{Value, json};

use super::replicasets::set_counts;
use super::{OwnedPod, create, delete_pod, events, owned_pods, pod_of_template, statefulsets, write_status};
use crate::engine::Engine;
use crate::selector::LabelSelector;
use crate::status::ApiResult;
use crate::store::Record;

const SOURCE: &str = "daemonset-controller";
const REVISION: &str = "controller-revision-hash";

pub(super) fn reconcile(engine: &Engine, record: &Record) -> ApiResult<()> {
    let kind = engine.builtin("apps", "daemonsets")?;
    let pods_kind = engine.builtin("", "pods")?;
    let nodes_kind = engine.builtin("", "nodes")?;
    let value = record.value();
    let revision = statefulsets::revision(engine, &kind, record, &value)?;
    let hash = revision.rsplit('-').next().unwrap_or_default().to_owned();
    let selector = LabelSelector::from_map(&value["spec"]["template"]["spec"]["nodeSelector"]);
    let nodes: Vec<String> = engine
        .store
        .snapshot(&nodes_kind.collection, "")
        .records
        .iter()
        .filter(|node| selector.matches(node))
        .map(|node| node.name().to_owned())
        .collect();
    let node_of = |pod: &OwnedPod| pod.value["spec"]["nodeName"].as_str().unwrap_or_default().to_owned();
    if !record.deleting {
        let pods = owned_pods(engine, record);
        for node in &nodes {
            if pods.iter().any(|pod| pod.is_active() && node_of(pod) == *node) {
                continue;
            }
            let template = &value["spec"]["template"];
            let labels = [(REVISION, hash.as_str()), ("pod-template-generation", "1")];
            let mut pod = pod_of_template(&kind, record, template, &format!("{}-", record.name()), &labels);
            pod["spec"]["nodeName"] = node.clone().into();
            let name = create(engine, &pods_kind, record.namespace(), pod)?;
            events::normal(
                engine,
                &kind,
                record,
                SOURCE,
                "SuccessfulCreate",
                &format!("Created pod: {name}"),
            );
        }
        let outdated = |pod: &&OwnedPod| pod.record.label(REVISION) != Some(&hash);
        for pod in pods.iter().filter(|pod| pod.is_active()) {
            let elsewhere = !nodes.contains(&node_of(pod));
            let replaced = outdated(&pod)
                && value["spec"]["updateStrategy"]["type"] != "OnDelete"
                && (!pod.is_ready() || pods.iter().all(|other| other.is_active() && other.is_ready()));
            if elsewhere || replaced {
                delete_pod(engine, &pods_kind, pod)?;
                let message = format!("Deleted pod: {}", pod.name());
                events::normal(engine, &kind, record, SOURCE, "SuccessfulDelete", &message);
                break;
            }
        }
    }
    write(engine, &kind, record, &value, &hash, &nodes)
}

fn write(
    engine: &Engine,
    kind: &crate::kinds::Kind,
    record: &Record,
    value: &Value,
    hash: &str,
    nodes: &[String],
) -> ApiResult<()> {
    let pods: Vec<OwnedPod> = owned_pods(engine, record).into_iter().filter(OwnedPod::is_active).collect();
    let scheduled = pods.len().min(nodes.len());
    let ready = pods.iter().filter(|pod| pod.is_ready()).count();
    let updated = pods.iter().filter(|pod| pod.record.label(REVISION) == Some(hash)).count();
    let mut status = json!({
        "observedGeneration": value["metadata"]["generation"], "desiredNumberScheduled": nodes.len(),
        "currentNumberScheduled": scheduled, "numberMisscheduled": 0, "numberReady": ready,
    });
    let counts = [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", ready),
        ("numberUnavailable", nodes.len().saturating_sub(ready)),
    ];
    set_counts(&mut status, &counts);
    write_status(engine, kind, record, value, &status)
}
