//! What becomes of objects in the cluster, seen by a watch.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures::TryStreamExt as _;
use kube::api::DynamicObject;
use kube::runtime::{WatchStreamExt as _, watcher};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::setting::api;

/// The longest that a measurement waits for the next thing to happen.
const PATIENCE: Duration = Duration::from_secs(300);
/// Applications that are told of when they do not become what they should.
const TOLD: usize = 5;

/// A watch of the objects of a kind in a namespace.
pub(crate) struct Watch {
    objects: mpsc::UnboundedReceiver<DynamicObject>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watch {
    /// Starts watching.
    pub(crate) fn start(client: &kube::Client, api_version: &str, kind: &str, namespace: &str) -> Self {
        let (sender, objects) = mpsc::unbounded_channel();
        let api = api(client, api_version, kind, namespace);
        let task = tokio::spawn(async move {
            let mut stream =
                pin!(watcher(api, watcher::Config::default()).default_backoff().applied_objects());
            loop {
                // The watcher reconnects by itself after an error.
                match stream.try_next().await {
                    Ok(Some(object)) => {
                        if sender.send(object).is_err() {
                            return;
                        }
                    }
                    Ok(None) => return,
                    Err(error) => eprintln!("watching: {error}"),
                }
            }
        });
        Self { objects, task }
    }

    /// The next object that was there, appeared or changed.
    pub(crate) async fn next(&mut self) -> Result<DynamicObject> {
        match tokio::time::timeout(PATIENCE, self.objects.recv()).await {
            Ok(Some(object)) => Ok(object),
            Ok(None) => bail!("the watch ended"),
            Err(_) => bail!("nothing has changed for {PATIENCE:?}"),
        }
    }
}

/// When all applications had been Synced, and when all had been Synced and Healthy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    pub(crate) synced: Duration,
    pub(crate) healthy: Duration,
}

/// Waits until `count` applications are Synced and Healthy at the same time.
pub(crate) async fn until_good(watch: &mut Watch, count: usize, start: Instant) -> Result<Progress> {
    let mut states: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    let (mut last, mut synced) = (BTreeMap::new(), None);
    loop {
        let object = match watch.next().await {
            Ok(object) => object,
            Err(error) => bail!("{error}\n{}", describe(&states, &last, count)),
        };
        let text = |pointer: &str| object.data.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let name = object.metadata.name.clone().unwrap_or_default();
        let state = (text("/status/sync/status") == "Synced", text("/status/health/status") == "Healthy");
        last.insert(name.clone(), object.data.get("status").cloned().unwrap_or_default());
        states.insert(name, state);
        let now = start.elapsed();
        if states.values().filter(|(is_synced, _)| *is_synced).count() == count {
            let synced = *synced.get_or_insert(now);
            if states.values().all(|(_, is_healthy)| *is_healthy) {
                return Ok(Progress { synced, healthy: now });
            }
        }
    }
}

fn describe(states: &BTreeMap<String, (bool, bool)>, last: &BTreeMap<String, Value>, count: usize) -> String {
    let bad: Vec<&String> =
        states.iter().filter(|(_, state)| **state != (true, true)).map(|(name, _)| name).collect();
    let told = bad.iter().take(TOLD).map(|name| {
        let status = last.get(*name).cloned().unwrap_or_default();
        format!("{name}: {} {} {}", status["sync"]["status"], status["health"], status["conditions"])
    });
    let told: Vec<String> = told.collect();
    format!(
        "{} of {count} applications are there, {} are not good:\n{}",
        states.len(),
        bad.len(),
        told.join("\n")
    )
}
