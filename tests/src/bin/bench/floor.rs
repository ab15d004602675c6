//! The floor: a bare client that makes the writes a deployment cannot do without, and decides nothing.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use kube::api::{Patch, PatchParams};
use object::LAST_APPLIED_ANNOTATION;
use serde_json::{Value, json};
use tests::World;
use types::names::ANNOTATION_TRACKING_ID;

use crate::load::Load;
use crate::requests::{self, Requests};
use crate::setting::{CONCURRENCY, api, create, create_namespace};
use crate::usage::Usage;

/// Where the floor's objects are, apart from those of argosy.
const NAMESPACE: &str = "floor";

/// What the bare client took.
#[derive(Debug, Clone)]
pub(crate) struct Floor {
    pub(crate) took: Duration,
    pub(crate) cpu: f64,
    pub(crate) requests: Requests,
}

/// Creates for every application its Application and its objects, as they are applied (marked, with the manifest in an
/// annotation), and patches its status once.
pub(crate) async fn measure(world: &World, load: &Load) -> Result<Floor> {
    create_namespace(world, NAMESPACE).await?;
    requests::quiet(world.client()).await?;
    let (before, asked) = (Usage::of(std::process::id())?, Requests::of(world.client()).await?);
    let start = Instant::now();
    stream::iter(0..load.count)
        .map(|index| deploy(world.client(), index))
        .buffer_unordered(CONCURRENCY)
        .try_collect::<()>()
        .await?;
    let took = start.elapsed();
    let requests = Requests::of(world.client()).await?.since(&asked);
    Ok(Floor { took, cpu: Usage::of(std::process::id())?.cpu - before.cpu, requests })
}

/// An object with the annotations that an apply gives it.
fn applied(object: &Value, index: usize) -> Value {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let group = text("/apiVersion").split_once('/').map_or("", |(group, _)| group);
    let (kind, name) = (text("/kind"), text("/metadata/name"));
    let mut applied = object.clone();
    applied["metadata"]["annotations"] =
        json!({ANNOTATION_TRACKING_ID: format!("{}:{group}/{kind}:{NAMESPACE}/{name}", Load::name(index))});
    let manifest = format!("{applied}\n");
    applied["metadata"]["annotations"][LAST_APPLIED_ANNOTATION] = manifest.into();
    applied
}

async fn deploy(client: &kube::Client, index: usize) -> Result<()> {
    let application = Load::application(index, NAMESPACE, "https://git.example.com/apps.git");
    create(client, NAMESPACE, &application).await?;
    let objects = Load::objects(index);
    for object in &objects {
        create(client, NAMESPACE, &applied(object, index)).await?;
    }
    let resources: Vec<Value> = objects
        .iter()
        .map(|object| {
            json!({
                "version": "v1", "kind": object["kind"], "namespace": NAMESPACE,
                "name": object["metadata"]["name"], "status": "Synced",
            })
        })
        .collect();
    let status = json!({"status": {
        "sync": {"status": "Synced", "revision": "0".repeat(40)},
        "health": {"status": "Healthy"},
        "resources": resources,
    }});
    api(client, "argoproj.io/v1alpha1", "Application", NAMESPACE)
        .patch(&Load::name(index), &PatchParams::default(), &Patch::Merge(&status))
        .await
        .context("patching the status of an Application")?;
    Ok(())
}
