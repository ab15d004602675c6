//! Deployments: one ReplicaSet per Pod template, rolled from the old to the new within the limits of the strategy,
//! with revisions and conditions as the real controller writes them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::replicasets::set_counts;
use super::{MANAGER, condition, events, owner_reference, resolve, write_status};
use crate::controllers::{Queue, Work};
use crate::engine::{DeleteOptions, Engine, WriteOptions, edit_metadata, now, safe_hash};
use crate::kinds::Kind;
use crate::status::ApiResult;
use crate::store::Record;

const REVISION: &str = "deployment.kubernetes.io/revision";
const DESIRED: &str = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM: &str = "deployment.kubernetes.io/max-replicas";
const HASH: &str = "pod-template-hash";
const SOURCE: &str = "deployment-controller";

struct Set {
    record: Arc<Record>,
    value: Value,
}

impl Set {
    fn wanted(&self) -> i64 {
        self.value["spec"]["replicas"].as_i64().unwrap_or(0)
    }

    fn count(&self, name: &str) -> i64 {
        self.value["status"][name].as_i64().unwrap_or(0)
    }

    fn revision(&self) -> i64 {
        self.value["metadata"]["annotations"][REVISION]
            .as_str()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0)
    }

    fn has_template(&self, template: &Value) -> bool {
        let mut own = self.value["spec"]["template"].clone();
        if let Some(labels) = own["metadata"]["labels"].as_object_mut() {
            labels.remove(HASH);
        }
        own == *template
    }
}

pub(super) fn reconcile(engine: &Engine, queue: &mut Queue, record: &Record) -> ApiResult<()> {
    if record.deleting {
        return Ok(());
    }
    work(engine, record)?;
    watch_deadline(engine, queue, record);
    Ok(())
}

/// Comes back when a rollout that is still under way should be done.
fn watch_deadline(engine: &Engine, queue: &mut Queue, record: &Record) {
    let Some(now) = engine.store.get("apps/deployments", &record.key) else { return };
    let value = now.value();
    let under_way = condition(&value, "Progressing")
        .is_some_and(|known| known["status"] == "True" && known["reason"] != "NewReplicaSetAvailable");
    if let (true, Some(seconds)) = (under_way, value["spec"]["progressDeadlineSeconds"].as_u64()) {
        let work = Work::Reconcile { collection: Arc::from("apps/deployments"), key: record.key.clone() };
        queue.push_later(Duration::from_secs(seconds.saturating_add(2).min(86_400)), work);
    }
}

fn work(engine: &Engine, record: &Record) -> ApiResult<()> {
    let kind = engine.builtin("apps", "deployments")?;
    let sets_kind = engine.builtin("apps", "replicasets")?;
    let value = record.value();
    let template = &value["spec"]["template"];
    let mut sets = sets_of(engine, record);
    let paused = value["spec"]["paused"] == true;
    if !paused && !sets.iter().any(|set| set.has_template(template)) {
        let revision = sets.iter().map(Set::revision).max().unwrap_or(0) + 1;
        create_set(engine, &kind, &sets_kind, record, &value, revision)?;
        sets = sets_of(engine, record);
    }
    let Some(position) = sets.iter().position(|set| set.has_template(template)) else {
        return write_own_status(engine, &kind, record, &value, None, &sets);
    };
    let newest = sets.remove(position);
    let mut revision = newest.revision();
    let latest_old = sets.iter().map(Set::revision).max().unwrap_or(0);
    if revision <= latest_old {
        // An old template is wanted again: it becomes the newest revision.
        revision = latest_old + 1;
    }
    annotate(engine, &kind, &sets_kind, record, &value, &newest, revision)?;
    if !paused {
        roll(engine, &kind, &sets_kind, record, &value, &newest, &sets)?;
        clean_up(engine, &sets_kind, &value, &sets)?;
    }
    let mut all = sets_of(engine, record);
    let newest =
        all.iter().position(|set| set.record.uid == newest.record.uid).map(|position| all.remove(position));
    write_own_status(engine, &kind, record, &value, newest.as_ref(), &all)
}

fn sets_of(engine: &Engine, record: &Record) -> Vec<Set> {
    let mut sets: Vec<Set> = engine
        .store
        .dependents(&record.uid)
        .into_iter()
        .filter(|(collection, set)| {
            collection.as_ref() == "apps/replicasets"
                && !set.deleting
                && set.controller().is_some_and(|owner| owner.uid == record.uid)
        })
        .map(|(_, record)| Set { value: record.value(), record })
        .collect();
    sets.sort_by_key(Set::revision);
    sets
}

fn max_surge(value: &Value, wanted: i64) -> i64 {
    if value["spec"]["strategy"]["type"] == "Recreate" {
        return 0;
    }
    resolve(&value["spec"]["strategy"]["rollingUpdate"]["maxSurge"], wanted, true)
}

/// The annotations that a Deployment hands down to its ReplicaSets.
fn annotations(value: &Value, revision: i64) -> Map<String, Value> {
    let wanted = value["spec"]["replicas"].as_i64().unwrap_or(1);
    let mut annotations = value["metadata"]["annotations"].as_object().cloned().unwrap_or_default();
    annotations.retain(|name, _| {
        name != object::LAST_APPLIED_ANNOTATION && !name.starts_with("deployment.kubernetes.io/")
    });
    annotations.insert(REVISION.into(), revision.to_string().into());
    annotations.insert(DESIRED.into(), wanted.to_string().into());
    annotations.insert(MAXIMUM.into(), (wanted + max_surge(value, wanted)).to_string().into());
    annotations
}

fn create_set(
    engine: &Engine,
    kind: &Kind,
    sets_kind: &Kind,
    record: &Record,
    value: &Value,
    revision: i64,
) -> ApiResult<()> {
    let spec = &value["spec"];
    let mut template = spec["template"].clone();
    let hash = safe_hash(&template);
    template["metadata"]["labels"][HASH] = hash.clone().into();
    let mut selector = spec["selector"].clone();
    selector["matchLabels"][HASH] = hash.clone().into();
    let wanted = spec["replicas"].as_i64().unwrap_or(1);
    let others: i64 = sets_of(engine, record).iter().map(Set::wanted).sum();
    let start = if spec["strategy"]["type"] == "Recreate" {
        if others > 0 { 0 } else { wanted }
    } else {
        (wanted + max_surge(value, wanted) - others).clamp(0, wanted)
    };
    let name = format!("{}-{hash}", record.name());
    let set = json!({
        "metadata": {
            "name": name, "labels": template["metadata"]["labels"], "annotations": annotations(value, revision),
            "ownerReferences": [owner_reference(kind, record)],
        },
        "spec": {
            "replicas": start, "selector": selector, "template": template,
            "minReadySeconds": spec["minReadySeconds"],
        },
    });
    super::create(engine, sets_kind, record.namespace(), set)?;
    if start > 0 {
        let message = format!("Scaled up replica set {name} from 0 to {start}");
        events::normal(engine, kind, record, SOURCE, "ScalingReplicaSet", &message);
    }
    Ok(())
}

/// Keeps the revision of Deployment and newest ReplicaSet, and what the Deployment hands down.
fn annotate(
    engine: &Engine,
    kind: &Kind,
    sets_kind: &Kind,
    record: &Record,
    value: &Value,
    newest: &Set,
    revision: i64,
) -> ApiResult<()> {
    let options = WriteOptions::controller(MANAGER, "");
    let wanted = annotations(value, revision);
    let known = newest.value["metadata"]["annotations"].as_object();
    if wanted.iter().any(|(name, text)| known.and_then(|known| known.get(name)) != Some(text)) {
        engine.control(sets_kind, record.namespace(), newest.record.name(), &options, |set| {
            edit_metadata(set, |metadata| metadata.insert("annotations".into(), wanted.clone().into()));
        })?;
    }
    if value["metadata"]["annotations"][REVISION].as_str() != Some(revision.to_string().as_str()) {
        engine.control(kind, record.namespace(), record.name(), &options, |deployment| {
            deployment["metadata"]["annotations"][REVISION] = revision.to_string().into();
        })?;
    }
    Ok(())
}

/// One step of the way from old to new: up within the surge, down within what may be unavailable.
fn roll(
    engine: &Engine,
    kind: &Kind,
    sets_kind: &Kind,
    record: &Record,
    value: &Value,
    newest: &Set,
    old: &[Set],
) -> ApiResult<()> {
    let wanted = value["spec"]["replicas"].as_i64().unwrap_or(1);
    let old_wanted: i64 = old.iter().map(Set::wanted).sum();
    let scale = |set: &Set, to: i64| scale(engine, kind, sets_kind, record, set, to);
    if value["spec"]["strategy"]["type"] == "Recreate" {
        for set in old.iter().filter(|set| set.wanted() > 0) {
            scale(set, 0)?;
        }
        let stopping = old.iter().any(|set| set.count("replicas") + set.count("terminatingReplicas") > 0);
        if old_wanted == 0 && !stopping && newest.wanted() != wanted {
            scale(newest, wanted)?;
        }
        return Ok(());
    }
    let most = wanted + max_surge(value, wanted);
    let unavailable = resolve(&value["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], wanted, false);
    // Neither limit leaves a way forward: one may be missing.
    let unavailable = if unavailable == 0 && most == wanted { 1 } else { unavailable.min(wanted) };
    let target = (most - old_wanted).clamp(newest.wanted().min(wanted), wanted);
    if newest.wanted() != target {
        scale(newest, target)?;
    }
    if old_wanted == 0 {
        return Ok(());
    }
    let available =
        newest.count("availableReplicas") + old.iter().map(|set| set.count("availableReplicas")).sum::<i64>();
    let mut spare = available - (wanted - unavailable);
    for set in old.iter().filter(|set| set.wanted() > 0) {
        // Pods that don't serve cost nothing.
        let broken = (set.wanted() - set.count("availableReplicas")).clamp(0, set.wanted());
        let down = broken + (set.wanted() - broken).min(spare.max(0));
        spare -= down - broken;
        if down > 0 {
            scale(set, set.wanted() - down)?;
        }
    }
    Ok(())
}

fn scale(
    engine: &Engine,
    kind: &Kind,
    sets_kind: &Kind,
    record: &Record,
    set: &Set,
    to: i64,
) -> ApiResult<()> {
    let options = WriteOptions::controller(MANAGER, "");
    engine.control(sets_kind, record.namespace(), set.record.name(), &options, |value| {
        value["spec"]["replicas"] = to.into();
    })?;
    let direction = if to > set.wanted() { "up" } else { "down" };
    let message =
        format!("Scaled {direction} replica set {} from {} to {to}", set.record.name(), set.wanted());
    events::normal(engine, kind, record, SOURCE, "ScalingReplicaSet", &message);
    Ok(())
}

/// Forgets the oldest revisions beyond the limit.
fn clean_up(engine: &Engine, sets_kind: &Kind, value: &Value, old: &[Set]) -> ApiResult<()> {
    let limit = value["spec"]["revisionHistoryLimit"].as_u64().and_then(|limit| usize::try_from(limit).ok());
    let surplus = old.len().saturating_sub(limit.unwrap_or(10));
    for set in old.iter().take(surplus).filter(|set| set.wanted() == 0 && set.count("replicas") == 0) {
        match engine.delete(sets_kind, set.record.namespace(), set.record.name(), &DeleteOptions::default()) {
            Err(error) if error.code != 404 => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn write_own_status(
    engine: &Engine,
    kind: &Kind,
    record: &Record,
    value: &Value,
    newest: Option<&Set>,
    old: &[Set],
) -> ApiResult<()> {
    let all = || old.iter().chain(newest);
    let total = |name: &str| usize::try_from(all().map(|set| set.count(name)).sum::<i64>()).unwrap_or(0);
    let wanted = value["spec"]["replicas"].as_i64().unwrap_or(1);
    let available = total("availableReplicas");
    let updated = newest.map_or(0, |set| usize::try_from(set.count("replicas")).unwrap_or(0));
    let unavailable = all().map(Set::wanted).sum::<i64>() - i64::try_from(available).unwrap_or(0);
    let mut status = json!({
        "observedGeneration": value["metadata"]["generation"], "terminatingReplicas": total("terminatingReplicas"),
    });
    set_counts(
        &mut status,
        &[
            ("replicas", total("replicas")),
            ("updatedReplicas", updated),
            ("readyReplicas", total("readyReplicas")),
            ("availableReplicas", available),
            ("unavailableReplicas", usize::try_from(unavailable.max(0)).unwrap_or(0)),
        ],
    );
    let missing = resolve(&value["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"], wanted, false);
    let enough = i64::try_from(available).unwrap_or(0) >= wanted - missing;
    let complete = i64::try_from(updated).unwrap_or(0) == wanted
        && total("replicas") == updated
        && i64::try_from(available).unwrap_or(0) == wanted;
    let name = newest.map(|set| set.record.name().to_owned()).unwrap_or_default();
    let available = if enough {
        ("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.".to_owned())
    } else {
        (
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.".to_owned(),
        )
    };
    let progressing = if value["spec"]["paused"] == true {
        ("Progressing", "Unknown", "DeploymentPaused", "Deployment is paused".to_owned())
    } else if complete {
        (
            "Progressing",
            "True",
            "NewReplicaSetAvailable",
            format!("ReplicaSet {name:?} has successfully progressed."),
        )
    } else if overdue(value) {
        (
            "Progressing",
            "False",
            "ProgressDeadlineExceeded",
            format!("ReplicaSet {name:?} has timed out progressing."),
        )
    } else {
        ("Progressing", "True", "ReplicaSetUpdated", format!("ReplicaSet {name:?} is progressing."))
    };
    let conditions: Vec<Value> = [available, progressing]
        .into_iter()
        .map(|(kind, holds, reason, message)| renewed(value, &status, kind, holds, reason, &message))
        .collect();
    status["conditions"] = conditions.into();
    if let Some(collisions) = value["status"].get("collisionCount") {
        status["collisionCount"] = collisions.clone();
    }
    write_status(engine, kind, record, value, &status)
}

/// True when the rollout has made no progress for longer than its deadline.
fn overdue(value: &Value) -> bool {
    let Some(deadline) = value["spec"]["progressDeadlineSeconds"].as_i64() else { return false };
    let Some(known) = condition(value, "Progressing") else { return false };
    if known["reason"] == "ProgressDeadlineExceeded" {
        return value["status"]["observedGeneration"] == value["metadata"]["generation"];
    }
    let since = known["lastUpdateTime"].as_str().and_then(|time| time.parse::<jiff::Timestamp>().ok());
    known["reason"] != "NewReplicaSetAvailable"
        && since.is_some_and(|since| jiff::Timestamp::now().duration_since(since).as_secs() > deadline)
}

/// A condition with its times: the transition's stays while the status does, the update's while nothing moves.
fn renewed(value: &Value, status: &Value, kind: &str, holds: &str, reason: &str, message: &str) -> Value {
    let time = now();
    let known = condition(value, kind);
    let same = known.filter(|known| known["status"] == holds);
    let moved = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]
        .iter()
        .any(|name| value["status"][*name] != status[*name]);
    let unchanged = same.filter(|known| known["reason"] == reason && known["message"] == message);
    let keep = unchanged.filter(|_| kind != "Progressing" || !moved || reason == "NewReplicaSetAvailable");
    let kept = |known: Option<&Value>, name: &str| {
        known.map(|known| known[name].clone()).unwrap_or_else(|| time.clone().into())
    };
    json!({"type": kind, "status": holds, "reason": reason, "message": message,
        "lastTransitionTime": kept(same, "lastTransitionTime"), "lastUpdateTime": kept(keep, "lastUpdateTime")})
}
