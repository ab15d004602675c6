//! Events of simulated controllers. The same event again raises its count, as a real recorder does.

use serde_json::{Value, json};

use super::MANAGER;
use crate::engine::{DeleteOptions, Engine, WriteOptions, now};
use crate::kinds::Kind;
use crate::store::Record;

/// Events that are kept.
const MOST: usize = 5_000;

/// What happened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Happening<'a> {
    pub(crate) source: &'a str,
    pub(crate) warning: bool,
    pub(crate) reason: &'a str,
    pub(crate) message: &'a str,
}

/// Records an event about an object. An event that can't be written is not worth failing for.
pub(crate) fn record(engine: &Engine, kind: &Kind, about: &Record, happening: Happening<'_>) {
    let Ok(events) = engine.builtin("", "events") else { return };
    let namespace = if about.namespace().is_empty() { "default" } else { about.namespace() };
    let text = format!("{}/{}/{}", about.uid, happening.reason, happening.message);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let name = format!("{}.{hash:016x}", about.name());
    let options = WriteOptions::controller(MANAGER, "");
    let time = now();
    let known = engine.control(&events, namespace, &name, &options, |event: &mut Value| {
        event["count"] = (event["count"].as_i64().unwrap_or(1) + 1).into();
        event["lastTimestamp"] = time.clone().into();
    });
    if known.is_ok_and(|known| known) {
        return;
    }
    let mut object = json!({
        "kind": kind.kind, "apiVersion": kind.api_version(), "name": about.name(),
        "uid": &*about.uid, "resourceVersion": about.version.to_string(),
    });
    if !about.namespace().is_empty() {
        object["namespace"] = about.namespace().into();
    }
    let event = json!({
        "metadata": {"name": name},
        "involvedObject": object,
        "reason": happening.reason,
        "message": happening.message,
        "source": {"component": happening.source},
        "reportingComponent": happening.source,
        "reportingInstance": "",
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
        "type": if happening.warning { "Warning" } else { "Normal" },
    });
    if let Err(error) = engine.create(&events, namespace, event, &options) {
        tracing::debug!(message = error.message, "an event of the sandbox is lost");
    }
    forget_oldest(engine, &events);
}

/// A real cluster forgets events by time; here their number is limited.
fn forget_oldest(engine: &Engine, events: &Kind) {
    if engine.store.count(&events.collection) <= MOST {
        return;
    }
    let mut known = engine.store.snapshot(&events.collection, "").records;
    known.sort_by_key(|event| event.version);
    for event in known.iter().take(MOST / 10) {
        // One that is gone already is as good.
        let _ = engine.delete(events, event.namespace(), event.name(), &DeleteOptions::default());
    }
}

pub(super) fn normal(
    engine: &Engine,
    kind: &Kind,
    about: &Record,
    source: &str,
    reason: &str,
    message: &str,
) {
    record(engine, kind, about, Happening { source, warning: false, reason, message });
}

pub(super) fn warning(
    engine: &Engine,
    kind: &Kind,
    about: &Record,
    source: &str,
    reason: &str,
    message: &str,
) {
    record(engine, kind, about, Happening { source, warning: true, reason, message });
}
