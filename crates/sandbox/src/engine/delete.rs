//! Deleting: preconditions, finalizers, propagation policies, grace periods of Pods, namespaces that empty
//! themselves first, and deletion of many at once. The garbage collector (`crate::gc`) does what follows.

use std::sync::Arc;

use serde_json::{Value, json};

use super::meta::{self, edit_metadata};
use super::read::Selection;
use super::write::{ATTEMPTS, is_definition};
use super::{Engine, Reply, Request};
use crate::http::accept::Form;
use crate::kinds::Kind;
use crate::status::{self, ApiError, ApiResult};
use crate::store::{Expect, Record, Refused};

pub(crate) const FOREGROUND: &str = "foregroundDeletion";
pub(crate) const ORPHAN: &str = "orphan";
pub(crate) const DEFINITION_CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The wishes of a deletion, from the body (`DeleteOptions`) or the query.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteOptions {
    pub(crate) propagation: Option<String>,
    pub(crate) grace_period: Option<i64>,
    pub(crate) uid: Option<String>,
    pub(crate) resource_version: Option<String>,
    pub(crate) dry_run: bool,
}

/// What a deletion did.
#[derive(Debug)]
pub(crate) enum Deletion {
    /// Gone; its last state.
    Gone(Value),
    /// Marked, waiting for finalizers or the grace period.
    Marked(Value),
}

impl DeleteOptions {
    pub(super) fn read(request: &Request) -> ApiResult<Self> {
        let body: Value =
            if request.body.is_empty() { Value::Null } else { crate::engine::dispatch::any_body(request)? };
        let query = &request.query;
        let orphan = body["orphanDependents"].as_bool().or(query.orphan_dependents);
        let given = body["propagationPolicy"]
            .as_str()
            .map(str::to_owned)
            .or_else(|| query.propagation_policy.clone());
        let propagation = given.or_else(|| {
            orphan.map(|orphan| if orphan { "Orphan".to_owned() } else { "Background".to_owned() })
        });
        if let Some(policy) = &propagation
            && !matches!(policy.as_str(), "Orphan" | "Background" | "Foreground")
        {
            return Err(ApiError::bad_request(format!(
                "DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported value: {policy:?}: supported values: \"Background\", \"Foreground\", \"Orphan\""
            )));
        }
        Ok(DeleteOptions {
            propagation,
            grace_period: body["gracePeriodSeconds"].as_i64().or(query.grace_period_seconds),
            uid: body["preconditions"]["uid"].as_str().map(str::to_owned),
            resource_version: body["preconditions"]["resourceVersion"].as_str().map(str::to_owned),
            dry_run: query.dry_run || body["dryRun"].as_array().is_some_and(|list| !list.is_empty()),
        })
    }
}

impl Engine {
    pub(super) fn delete_reply(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        request: &Request,
    ) -> ApiResult<Reply> {
        let options = DeleteOptions::read(request)?;
        let mut warnings = Vec::new();
        if kind.is("batch", "Job") && options.propagation.is_none() {
            warnings.push(
                "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning".to_owned(),
            );
        }
        let mut reply = match self.delete(kind, namespace, name, &options)? {
            Deletion::Marked(value) => Reply::json(200, &value),
            Deletion::Gone(value) if answers_with_object(kind) => Reply::json(200, &value),
            Deletion::Gone(value) => {
                Reply::json(200, &status::deleted(kind, name, meta::meta_text(&value, "uid")))
            }
        };
        reply.warnings = warnings;
        Ok(reply)
    }

    /// Deletes one object, or marks it for deletion.
    pub(crate) fn delete(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        options: &DeleteOptions,
    ) -> ApiResult<Deletion> {
        for _ in 0..ATTEMPTS {
            let record = self.find(kind, namespace, name)?;
            check_preconditions(kind, name, &record, options)?;
            let mut value = record.value();
            let marked = self.mark(kind, &record, &mut value, options);
            let waits = value["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty())
                || value["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) > 0
                || value["spec"]["finalizers"].as_array().is_some_and(|list| !list.is_empty());
            if options.dry_run {
                return Ok(if waits { Deletion::Marked(value) } else { Deletion::Gone(value) });
            }
            if waits {
                if !marked {
                    return Ok(Deletion::Marked(self.value_as(kind, &record)));
                }
                match self.store.put(
                    &kind.collection,
                    &record.key,
                    &mut value,
                    Expect::Version(record.version),
                ) {
                    Ok(record) => {
                        return Ok(Deletion::Marked(self.value_as(kind, &record)));
                    }
                    Err(Refused::Missing) => return Err(ApiError::not_found(kind, name)),
                    Err(_) => continue,
                }
            }
            let last = record.value();
            match self.remove_record(kind, &record, last) {
                Ok(record) => return Ok(Deletion::Gone(self.value_as(kind, &record))),
                Err(Refused::Missing) => return Err(ApiError::not_found(kind, name)),
                Err(_) => {}
            }
        }
        Err(ApiError::modified(kind, name))
    }

    /// Removes a stored object for good.
    pub(super) fn remove_record(
        &self,
        kind: &Kind,
        record: &Arc<Record>,
        mut value: Value,
    ) -> Result<Arc<Record>, Refused> {
        let removed = self.store.remove(&kind.collection, &record.key, &mut value, record.version)?;
        if is_definition(kind) {
            self.refresh_definitions();
        }
        Ok(removed)
    }

    /// Writes the deletion into `value`; false if it says nothing new.
    fn mark(&self, kind: &Kind, record: &Record, value: &mut Value, options: &DeleteOptions) -> bool {
        let before = value.clone();
        let policy = options.propagation.clone().unwrap_or_else(|| default_policy(kind, value));
        let grace = self.grace_period(kind, value, options);
        let is_namespace = kind.is("", "Namespace");
        edit_metadata(value, |metadata| {
            let mut finalizers = metadata.remove("finalizers").unwrap_or_else(|| json!([]));
            if let Some(list) = finalizers.as_array_mut() {
                let wanted = match policy.as_str() {
                    "Foreground" => Some(FOREGROUND),
                    "Orphan" => Some(ORPHAN),
                    _ => None,
                };
                if options.propagation.is_some() || wanted.is_some() {
                    list.retain(|finalizer| finalizer != FOREGROUND && finalizer != ORPHAN);
                }
                if let Some(wanted) = wanted {
                    list.push(wanted.into());
                }
                if is_definition(kind) && !list.iter().any(|finalizer| finalizer == DEFINITION_CLEANUP) {
                    list.push(DEFINITION_CLEANUP.into());
                }
                if !list.is_empty() {
                    metadata.insert("finalizers".into(), finalizers);
                }
            }
            if !record.deleting {
                if let Some(generation) = metadata.get("generation").and_then(Value::as_i64) {
                    metadata.insert("generation".into(), (generation + 1).into());
                }
                metadata.insert("deletionTimestamp".into(), deletion_time(grace).into());
                if !is_namespace {
                    metadata.insert("deletionGracePeriodSeconds".into(), grace.into());
                }
            } else if metadata
                .get("deletionGracePeriodSeconds")
                .and_then(Value::as_i64)
                .is_some_and(|old| grace < old)
            {
                metadata.insert("deletionTimestamp".into(), deletion_time(grace).into());
                metadata.insert("deletionGracePeriodSeconds".into(), grace.into());
            }
        });
        if is_namespace && let Some(map) = value.as_object_mut() {
            map.insert("status".into(), json!({"phase": "Terminating"}));
        }
        if is_definition(kind) && !record.deleting {
            let condition = json!({
                "type": "Terminating", "status": "True", "reason": "InstanceDeletionPending",
                "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
                "lastTransitionTime": meta::now(),
            });
            match value["status"]["conditions"].as_array_mut() {
                Some(conditions) => conditions.push(condition),
                None => value["status"]["conditions"] = json!([condition]),
            }
        }
        *value != before
    }

    /// Only Pods that run somewhere are given time.
    fn grace_period(&self, kind: &Kind, value: &Value, options: &DeleteOptions) -> i64 {
        let finished = matches!(value["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        let running = kind.is("", "Pod")
            && !value["spec"]["nodeName"].as_str().unwrap_or_default().is_empty()
            && !finished
            && self.options.simulate_workloads;
        if !running {
            return 0;
        }
        options
            .grace_period
            .unwrap_or_else(|| value["spec"]["terminationGracePeriodSeconds"].as_i64().unwrap_or(30))
            .max(0)
    }

    /// `DELETE` on a collection.
    pub(super) fn delete_collection(
        &self,
        kind: &Kind,
        namespace: &str,
        request: &Request,
        form: Form,
    ) -> ApiResult<Reply> {
        let selection = Selection::new(kind, namespace, "", &request.query)?;
        let options = DeleteOptions::read(request)?;
        let reply = self.list(kind, namespace, request, form)?;
        let snapshot = self.store.snapshot(&kind.collection, namespace);
        for record in snapshot.records.iter().filter(|record| selection.matches(record)) {
            match self.delete(kind, record.namespace(), record.name(), &options) {
                Ok(_) => {}
                Err(error) if error.code == 404 => {}
                Err(error) => return Err(error),
            }
        }
        Ok(reply)
    }
}

fn deletion_time(grace: i64) -> String {
    let now = jiff::Timestamp::now();
    meta::timestamp(now.checked_add(jiff::SignedDuration::from_secs(grace)).unwrap_or(now))
}

/// Jobs and replication controllers leave their Pods unless asked, for the sake of old clients; everything else
/// is collected in the background. Finalizers already there keep their say.
fn default_policy(kind: &Kind, value: &Value) -> String {
    let has = |name: &str| {
        value["metadata"]["finalizers"].as_array().is_some_and(|list| list.iter().any(|f| f == name))
    };
    if has(ORPHAN) {
        return "Orphan".to_owned();
    }
    if has(FOREGROUND) {
        return "Foreground".to_owned();
    }
    match kind.collection.as_ref() {
        "batch/jobs" | "/replicationcontrollers" => "Orphan".to_owned(),
        _ => "Background".to_owned(),
    }
}

fn answers_with_object(kind: &Kind) -> bool {
    matches!(
        kind.collection.as_ref(),
        "/pods"
            | "/services"
            | "/serviceaccounts"
            | "/persistentvolumeclaims"
            | "/persistentvolumes"
            | "/podtemplates"
            | "/resourcequotas"
            | "storage.k8s.io/storageclasses"
            | "storage.k8s.io/csidrivers"
            | "storage.k8s.io/csinodes"
            | "storage.k8s.io/volumeattachments"
    )
}

fn check_preconditions(kind: &Kind, name: &str, record: &Record, options: &DeleteOptions) -> ApiResult<()> {
    if let Some(uid) = &options.uid
        && **uid != *record.uid
    {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            record.uid
        );
        return Err(ApiError::deletion_conflict(kind, name, &why));
    }
    if let Some(version) = &options.resource_version
        && *version != record.version.to_string()
    {
        let why = format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). The object might have been modified",
            record.version
        );
        return Err(ApiError::deletion_conflict(kind, name, &why));
    }
    Ok(())
}
