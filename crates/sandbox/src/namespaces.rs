//! Namespaces and definitions as containers: what a new namespace gets, and how a deleted namespace or definition
//! empties itself before it goes.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::engine::{DEFINITION_CLEANUP, DeleteOptions, Engine, WriteOptions, edit_metadata, now};
use crate::gc::has_finalizer;
use crate::status::ApiResult;

const MANAGER: &str = "kube-controller-manager";

/// A certificate nobody holds the key of: clients only need the ConfigMap to be there.
const ROOT_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nc2FuZGJveA==\n-----END CERTIFICATE-----\n";

/// Furnishes a living namespace, empties a deleted one.
pub(crate) fn reconcile(engine: &Engine, name: &str) -> ApiResult<()> {
    let namespaces = engine.builtin("", "namespaces")?;
    let Some(record) = engine.store.get(&namespaces.collection, name) else { return Ok(()) };
    if !record.deleting {
        return furnish(engine, name);
    }
    let mut remaining = 0;
    let table = engine.kinds();
    for kind in table.collections().filter(|kind| kind.namespaced) {
        for found in engine.store.snapshot(&kind.collection, name).records {
            if !found.deleting {
                let options =
                    DeleteOptions { propagation: Some("Background".into()), ..DeleteOptions::default() };
                match engine.delete(kind, name, found.name(), &options) {
                    Err(error) if error.code != 404 => return Err(error),
                    _ => {}
                }
            }
            if engine.store.get(&kind.collection, &found.key).is_some() {
                remaining += 1;
            }
        }
    }
    if remaining > 0 {
        // The last of them going brings the namespace here again.
        return Ok(());
    }
    let finalize = WriteOptions::controller(MANAGER, "finalize");
    engine
        .control(&namespaces, "", name, &finalize, |value| {
            value["spec"] = json!({});
        })
        .map(|_| ())
}

fn furnish(engine: &Engine, namespace: &str) -> ApiResult<()> {
    let options = WriteOptions::controller(MANAGER, "");
    let accounts = engine.builtin("", "serviceaccounts")?;
    let maps = engine.builtin("", "configmaps")?;
    let wanted = [
        (accounts, json!({"metadata": {"name": "default"}})),
        (
            maps,
            json!({
                "metadata": {
                    "name": "kube-root-ca.crt",
                    "annotations": {"kubernetes.io/description": "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."},
                },
                "data": {"ca.crt": ROOT_CERTIFICATE},
            }),
        ),
    ];
    for (kind, value) in wanted {
        let name = value["metadata"]["name"].as_str().unwrap_or_default();
        if engine.store.get(&kind.collection, &kind.key(namespace, name)).is_none() {
            match engine.create(&kind, namespace, value, &options) {
                Err(error) if error.reason != "AlreadyExists" && error.code != 404 => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Deletes the objects of a deleted definition, then lets it go.
pub(crate) fn clean_definition(engine: &Engine, name: &str) -> ApiResult<()> {
    let definitions = engine.builtin("apiextensions.k8s.io", "customresourcedefinitions")?;
    let Some(record) = engine.store.get(&definitions.collection, name) else { return Ok(()) };
    let value = record.value();
    if !has_finalizer(&value, DEFINITION_CLEANUP) {
        return Ok(());
    }
    let collection: Arc<str> = Arc::from(format!(
        "{}/{}",
        value["spec"]["group"].as_str().unwrap_or_default(),
        value["spec"]["names"]["plural"].as_str().unwrap_or_default()
    ));
    if let Some(kind) = engine.kind_of_collection(&collection) {
        for found in engine.store.snapshot(&collection, "").records {
            if !found.deleting {
                match engine.delete(&kind, found.namespace(), found.name(), &DeleteOptions::default()) {
                    Err(error) if error.code != 404 => return Err(error),
                    _ => {}
                }
            }
        }
        if !engine.store.snapshot(&collection, "").records.is_empty() {
            return Err(crate::status::ApiError::conflict(&definitions, name, "its objects are still there"));
        }
    }
    let options = WriteOptions::controller(MANAGER, "");
    let _ = now;
    engine
        .control(&definitions, "", name, &options, |value| {
            edit_metadata(value, |metadata| {
                if let Some(list) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) {
                    list.retain(|finalizer| finalizer != DEFINITION_CLEANUP);
                }
            });
        })
        .map(|_| ())
}
