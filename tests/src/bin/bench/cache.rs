//! The live cache alone: a made-up cluster with as many objects as wanted is read through the real client, and the
//! memory that stays is looked at. The API server is in this process and makes its answers up as they are read, so that
//! it keeps nothing itself.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use cluster::{ClusterOptions, Clusters, ControlOptions, ControlPlane};
use futures::{Stream, StreamExt as _, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use kube::client::Body;
use serde_json::{Value, json};

use crate::usage::Usage;

/// The version of everything.
const VERSION: &str = "1000000";
/// Of so many objects, one is an application's own, whose content is kept.
const MANAGED: usize = 10;
/// The goal, in bytes for each object: 200 MiB for 100,000 of them.
const GOAL: f64 = 2097.0;
/// The longest that reading may take.
const PATIENCE: Duration = Duration::from_secs(600);

type Lines = stream::BoxStream<'static, Result<Frame<Bytes>, Infallible>>;

/// Reads a cluster of `objects` objects and prints what they cost.
pub(crate) async fn measure(objects: usize) -> Result<()> {
    println!("\ncache: {objects} live objects, one in {MANAGED} of them an application's own");
    let service = tower::service_fn(move |request: Request<Body>| async move {
        Ok::<_, Infallible>(answer(&request, objects))
    });
    let client = kube::Client::new(service, "default");
    let before = Usage::of(std::process::id())?;
    let control = ControlPlane::start(client, ControlOptions::default()).await?;
    let clusters = Clusters::new(control, ClusterOptions::default());
    let live = clusters.in_cluster().context("there is no cluster")?;
    let start = Instant::now();
    tokio::time::timeout(PATIENCE, live.wait_synced()).await??;
    let took = start.elapsed().as_secs_f64();
    // Freed memory goes back to the system a little later.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = Usage::of(std::process::id())?;
    let count = live.object_count();
    anyhow::ensure!(count == objects, "{count} objects are in the cache");
    let stays = after.resident.0 - before.resident.0;
    #[expect(clippy::cast_precision_loss, reason = "counts")]
    let each = stays * 1e6 / objects as f64;
    println!("  stays                         {stays:.0} MB, {each:.0} bytes an object (goal: {GOAL:.0})");
    println!("  at most                       {:.0} MB while it was read", after.peak - before.resident.0);
    println!(
        "  took                          {took:.1} s, {:.1} CPU s with the making up of the objects",
        after.cpu - before.cpu
    );
    Ok(())
}

/// What the made-up API server answers.
fn answer(request: &Request<Body>, objects: usize) -> Response<StreamBody<Lines>> {
    let path = request.uri().path();
    let query = request.uri().query().unwrap_or_default();
    let managed = objects / MANAGED;
    let lines: Lines = match path {
        "/version" => whole(&json!({"gitVersion": "v1.36.0", "minor": "36"})),
        "/api" => whole(&discovery("", "pods", "Pod")),
        "/apis" => whole(&discovery("apps", "deployments", "Deployment")),
        "/api/v1/pods" if query.contains("sendInitialEvents") => events(managed..objects, pod),
        "/apis/apps/v1/deployments" if query.contains("sendInitialEvents") => events(0..managed, deployment),
        _ if query.contains("watch=true") => stream::pending().boxed(),
        _ => whole(&json!({"metadata": {"resourceVersion": VERSION}, "items": []})),
    };
    Response::new(StreamBody::new(lines))
}

fn frame(text: String) -> Result<Frame<Bytes>, Infallible> {
    Ok(Frame::data(Bytes::from(text)))
}

fn whole(value: &Value) -> Lines {
    let text = value.to_string();
    stream::once(async move { frame(text) }).boxed()
}

/// A watch that begins with what is there; it stays open.
fn events(numbers: std::ops::Range<usize>, object: fn(usize) -> Value) -> Lines {
    let line = |kind: &str, object: Value| frame(format!("{}\n", json!({"type": kind, "object": object})));
    let end = json!({"metadata": {"resourceVersion": VERSION, "annotations": {"k8s.io/initial-events-end": "true"}}});
    let added: Box<dyn Stream<Item = _> + Send + Unpin> =
        Box::new(stream::iter(numbers.map(move |number| line("ADDED", object(number)))));
    added.chain(stream::once(async move { line("BOOKMARK", end) }).boxed()).chain(stream::pending()).boxed()
}

fn discovery(group: &str, plural: &str, kind: &str) -> Value {
    let resource = json!({"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced",
        "verbs": ["list", "watch"]});
    json!({"items": [{"metadata": {"name": group}, "versions": [{"version": "v1", "resources": [resource]}]}]})
}

fn metadata(number: usize, more: &Value) -> Value {
    let mut metadata = json!({
        "name": format!("web-{number}-76f5d859b4-88c4p"),
        "namespace": format!("team-{}", number % 500),
        "uid": format!("{number:08x}-5f0a-4d41-9a3b-0123456789ab"),
        "resourceVersion": number.to_string(),
        "creationTimestamp": "2026-01-01T00:00:00Z",
        "labels": {"app": format!("web-{}", number % 1000), "pod-template-hash": "76f5d859b4"},
        // As large as a kubelet's and a controller's together.
        "managedFields": [{"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:status": "x".repeat(1200)}}],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        metadata[name] = value.clone();
    }
    metadata
}

fn pod(number: usize) -> Value {
    let owner = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": format!("web-{}", number % 3000),
        "uid": format!("{:08x}-0000-4d41-9a3b-0123456789ab", number % 30000)});
    json!({
        "metadata": metadata(number, &json!({"ownerReferences": [owner]})),
        "spec": {"nodeName": format!("node-{}", number % 300), "volumes": "x".repeat(1500),
            "containers": [{"name": "web", "image": format!("registry/web:{}", number % 200),
                "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}}}]},
        "status": {"phase": "Running", "containerStatuses": [{"ready": true, "state": {"running": {}}}],
            "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

fn deployment(number: usize) -> Value {
    let id = format!("app-{}:apps/Deployment:team-{}/web-{number}", number % 1000, number % 500);
    json!({
        "metadata": metadata(number, &json!({"annotations": {"argocd.argoproj.io/tracking-id": id}})),
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "web", "env": "x".repeat(1500),
            "image": format!("registry/web:{}", number % 200)}]}}},
        "status": {"replicas": 2, "readyReplicas": 2},
    })
}
