//! HorizontalPodAutoscalers and PodDisruptionBudgets: both look at Pods of others. There is no load here, so an
//! autoscaler finds its target idle and only keeps it within its bounds.

use serde_json::{Value, json};

use super::{OwnedPod, condition, resolve, write_status};
use crate::engine::{Engine, WriteOptions, now};
use crate::kinds::Kind;
use crate::selector::LabelSelector;
use crate::status::ApiResult;
use crate::store::Record;

const AUTOSCALERS: &str = "autoscaling/horizontalpodautoscalers";
const BUDGETS: &str = "policy/poddisruptionbudgets";
/// What the Pods of every target are said to use of their requests, in percent.
const IDLE: i64 = 5;

/// True when changes of workloads may concern somebody.
pub(super) fn any(engine: &Engine) -> bool {
    engine.store.count(AUTOSCALERS) + engine.store.count(BUDGETS) > 0
}

/// Looks after the autoscalers and budgets of a namespace.
pub(super) fn reconcile(engine: &Engine, namespace: &str) -> ApiResult<()> {
    for record in engine.store.snapshot(AUTOSCALERS, namespace).records {
        autoscaler(engine, &record)?;
    }
    for record in engine.store.snapshot(BUDGETS, namespace).records {
        budget(engine, &record)?;
    }
    Ok(())
}

fn autoscaler(engine: &Engine, record: &Record) -> ApiResult<()> {
    let kind = engine.builtin("autoscaling", "horizontalpodautoscalers")?;
    let value = record.value();
    let spec = &value["spec"];
    let target = &spec["scaleTargetRef"];
    let group = crate::kinds::group_of(target["apiVersion"].as_str().unwrap_or_default()).to_owned();
    let name = target["name"].as_str().unwrap_or_default();
    let scaled = scaled_kind(engine, &group, target["kind"].as_str().unwrap_or_default());
    let found = scaled.and_then(|kind| {
        let paths = crate::scale::paths(&kind)?;
        let record = engine.store.get(&kind.collection, &kind.key(record.namespace(), name))?;
        let scale = crate::scale::of(&engine.value_as(&kind, &record), &paths);
        Some((kind, paths, scale))
    });
    let Some((target_kind, paths, scale)) = found else {
        let message =
            format!("the HPA controller was unable to get the target's current scale: {name:?} not found");
        let conditions = json!([state(&value, "AbleToScale", "False", "FailedGetScale", &message)]);
        let mut status = value["status"].clone();
        status["conditions"] = conditions;
        return write_status(engine, &kind, record, &value, &status);
    };
    let current = scale["spec"]["replicas"].as_i64().unwrap_or(0);
    let least = spec["minReplicas"].as_i64().unwrap_or(1);
    let most = spec["maxReplicas"].as_i64().unwrap_or(current);
    // Nothing runs: somebody has switched the target off.
    let desired = if current == 0 { 0 } else { current.clamp(least, most.max(least)) };
    if desired != current {
        let options = WriteOptions::controller(super::MANAGER, "scale");
        engine.control(&target_kind, record.namespace(), name, &options, |object| {
            crate::scale::set_replicas(object, &paths, desired);
        })?;
    }
    let metrics: Vec<Value> = spec["metrics"].as_array().into_iter().flatten().filter_map(measured).collect();
    let active = if current == 0 {
        let message = "scaling is disabled since the replica count of the target is zero";
        state(&value, "ScalingActive", "False", "ScalingDisabled", message)
    } else {
        let message = "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)";
        state(&value, "ScalingActive", "True", "ValidMetricFound", message)
    };
    let status = json!({
        "currentReplicas": scale["status"]["replicas"],
        "desiredReplicas": desired,
        "currentMetrics": metrics,
        "conditions": [
            state(&value, "AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size"),
            active,
            state(&value, "ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range"),
        ],
    });
    write_status(engine, &kind, record, &value, &status)
}

fn scaled_kind(engine: &Engine, group: &str, name: &str) -> Option<std::sync::Arc<Kind>> {
    let table = engine.kinds();
    table
        .group(group)?
        .iter()
        .flat_map(|version| version.kinds.values())
        .find(|kind| kind.kind == name && kind.subresource("scale").is_some())
        .cloned()
}

fn measured(metric: &Value) -> Option<Value> {
    let name = metric["resource"]["name"].as_str()?;
    let mut current = json!({"averageValue": "5m"});
    if metric["resource"]["target"].get("averageUtilization").is_some() {
        current["averageUtilization"] = IDLE.into();
    }
    Some(json!({"type": "Resource", "resource": {"name": name, "current": current}}))
}

/// A condition whose transition time stays while its status does.
fn state(value: &Value, kind: &str, holds: &str, reason: &str, message: &str) -> Value {
    let since = condition(value, kind)
        .filter(|known| known["status"] == holds)
        .map_or_else(|| now().into(), |known| known["lastTransitionTime"].clone());
    json!({"type": kind, "status": holds, "reason": reason, "message": message, "lastTransitionTime": since})
}

fn budget(engine: &Engine, record: &Record) -> ApiResult<()> {
    let kind = engine.builtin("policy", "poddisruptionbudgets")?;
    let value = record.value();
    let selector = LabelSelector::from_value(&value["spec"]["selector"]);
    let pods: Vec<OwnedPod> = engine
        .store
        .snapshot("/pods", record.namespace())
        .records
        .into_iter()
        .filter(|pod| selector.matches(pod))
        .map(|record| OwnedPod { value: record.value(), record })
        .filter(OwnedPod::is_active)
        .collect();
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let expected = count(pods.len());
    let healthy = count(pods.iter().filter(|pod| pod.is_ready()).count());
    let spec = &value["spec"];
    let desired = if spec["maxUnavailable"].is_null() {
        resolve(&spec["minAvailable"], expected, true)
    } else {
        (expected - resolve(&spec["maxUnavailable"], expected, true)).max(0)
    };
    let allowed = if expected == 0 { 0 } else { (healthy - desired).max(0) };
    let (holds, reason) =
        if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let mut condition = state(&value, "DisruptionAllowed", holds, reason, "");
    condition["observedGeneration"] = value["metadata"]["generation"].clone();
    let status = json!({
        "observedGeneration": value["metadata"]["generation"], "expectedPods": expected, "currentHealthy": healthy,
        "desiredHealthy": desired, "disruptionsAllowed": allowed, "conditions": [condition],
    });
    write_status(engine, &kind, record, &value, &status)
}
