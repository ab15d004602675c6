//! Garbage collection by owner references: dependents of a deleted owner are deleted in the background, before the
//! owner (foreground), or let go (orphan). `crate::controllers` calls it after deletions and for new dependents.

use std::sync::Arc;

use serde_json::Value;

use crate::engine::{DeleteOptions, Engine, FOREGROUND, ORPHAN, WriteOptions, edit_metadata};
use crate::kinds::Kind;
use crate::status::ApiResult;
use crate::store::{Owner, Record};

const MANAGER: &str = "kube-controller-manager";

/// Looks after the dependents of the object with this uid: it may be gone, or waiting to go.
pub(crate) fn collect(engine: &Engine, uid: &str) -> ApiResult<()> {
    let Some((collection, owner)) = engine.store.by_uid(uid) else {
        for (collection, dependent) in engine.store.dependents(uid) {
            check_owners(engine, &collection, &dependent.key)?;
        }
        return Ok(());
    };
    if !owner.deleting || !owner.finalizers {
        return Ok(());
    }
    let Some(kind) = engine.kind_of_collection(&collection) else { return Ok(()) };
    let value = owner.value();
    let dependents = engine.store.dependents(uid);
    if has_finalizer(&value, ORPHAN) {
        for (collection, dependent) in &dependents {
            release(engine, collection, dependent, &|owner| &*owner.uid == uid)?;
        }
        return drop_finalizer(engine, &kind, &owner, ORPHAN);
    }
    if has_finalizer(&value, FOREGROUND) {
        let mut blocked = false;
        for (collection, dependent) in &dependents {
            let blocking = dependent.owners.iter().any(|owner| &*owner.uid == uid && owner.blocks);
            blocked |= blocking;
            if !dependent.deleting {
                delete(engine, collection, dependent, if blocking { "Foreground" } else { "Background" })?;
            }
        }
        if !blocked || dependents_gone(engine, uid) {
            return drop_finalizer(engine, &kind, &owner, FOREGROUND);
        }
    }
    Ok(())
}

fn dependents_gone(engine: &Engine, uid: &str) -> bool {
    !engine
        .store
        .dependents(uid)
        .iter()
        .any(|(_, dependent)| dependent.owners.iter().any(|owner| &*owner.uid == uid && owner.blocks))
}

/// Deletes an object none of whose owners exist; drops references to owners that don't when others do.
pub(crate) fn check_owners(engine: &Engine, collection: &Arc<str>, key: &str) -> ApiResult<()> {
    let Some(record) = engine.store.get(collection, key) else { return Ok(()) };
    if record.owners.is_empty() || record.deleting {
        return Ok(());
    }
    let exists = |owner: &Owner| {
        engine.store.by_uid(&owner.uid).is_some_and(|(_, found)| {
            found.name() == &*owner.name
                && (found.namespace().is_empty() || found.namespace() == record.namespace())
        })
    };
    let waiting = |owner: &Owner| {
        engine
            .store
            .by_uid(&owner.uid)
            .is_some_and(|(_, found)| found.deleting && has_finalizer(&found.value(), FOREGROUND))
    };
    if record.owners.iter().any(|owner| exists(owner) && !waiting(owner)) {
        if record.owners.iter().all(&exists) {
            return Ok(());
        }
        return release(engine, collection, &record, &|owner| !exists(owner));
    }
    if record.owners.iter().any(&waiting) {
        // The owner waits for this one and has it deleted itself.
        return Ok(());
    }
    delete(engine, collection, &record, "Background")
}

/// Removes the owner references that `which` picks.
fn release(
    engine: &Engine,
    collection: &Arc<str>,
    record: &Arc<Record>,
    which: &dyn Fn(&Owner) -> bool,
) -> ApiResult<()> {
    let Some(kind) = engine.kind_of_collection(collection) else { return Ok(()) };
    let gone: Vec<&str> =
        record.owners.iter().filter(|owner| which(owner)).map(|owner| &*owner.uid).collect();
    let options = WriteOptions::controller(MANAGER, "");
    engine
        .control(&kind, record.namespace(), record.name(), &options, |value| {
            edit_metadata(value, |metadata| {
                let Some(list) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) else {
                    return;
                };
                list.retain(|owner| !gone.iter().any(|uid| owner["uid"] == *uid));
            });
        })
        .map(|_| ())
}

fn delete(engine: &Engine, collection: &Arc<str>, record: &Arc<Record>, policy: &str) -> ApiResult<()> {
    let Some(kind) = engine.kind_of_collection(collection) else { return Ok(()) };
    let options = DeleteOptions {
        propagation: Some(policy.to_owned()),
        uid: Some(record.uid.to_string()),
        ..DeleteOptions::default()
    };
    match engine.delete(&kind, record.namespace(), record.name(), &options) {
        Err(error) if error.code != 404 => Err(error),
        _ => Ok(()),
    }
}

fn drop_finalizer(engine: &Engine, kind: &Kind, record: &Arc<Record>, name: &str) -> ApiResult<()> {
    let options = WriteOptions::controller(MANAGER, "");
    engine
        .control(kind, record.namespace(), record.name(), &options, |value| {
            edit_metadata(value, |metadata| {
                if let Some(list) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) {
                    list.retain(|finalizer| finalizer != name);
                }
            });
        })
        .map(|_| ())
}

pub(crate) fn has_finalizer(value: &Value, name: &str) -> bool {
    value["metadata"]["finalizers"]
        .as_array()
        .is_some_and(|list| list.iter().any(|finalizer| finalizer == name))
}
