//! `cluster.ClusterService`: the clusters that applications are deployed to. What is secret in them is never told.
//!
//! `write` adds, changes and removes them.

mod write;

use std::time::Duration;

use cluster::LiveCluster;
use serde_json::{Value, json};
use types::Cluster;

use crate::call::{Call, Handlers};
use crate::core::Core;
use crate::status::Status;

/// How long somebody who asks for one cluster waits for the connection to it.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("cluster.ClusterService/List", |call| async move { Ok(list(&call)) });
    handlers.unary("cluster.ClusterService/Get", |call| async move { get(&call).await });
    write::register(handlers);
}

/// How policies name a cluster.
fn object_of(cluster: &Cluster) -> String {
    if cluster.project.is_empty() {
        cluster.server.clone()
    } else {
        format!("{}/{}", cluster.project, cluster.server)
    }
}

/// A cluster as clients see it.
pub(super) fn describe(core: &Core, cluster: &Cluster) -> Value {
    let applications = core.control.applications();
    let deployed = applications
        .iter()
        .filter(|application| {
            let destination = &application.spec.destination;
            (!destination.server.is_empty() && destination.server == cluster.server)
                || (!destination.name.is_empty() && destination.name == cluster.name)
        })
        .count();
    let mut value = serde_json::to_value(cluster).unwrap_or_default();
    value["config"] = json!({
        "tlsClientConfig": {"insecure": cluster.config.tls_client_config.insecure},
        "awsAuthConfig": cluster.config.aws_auth_config,
    });
    if let Some(live) = core.clusters.connected().iter().find(|live| live.server() == cluster.server) {
        describe_connection(&mut value, live);
    }
    value["info"]["applicationsCount"] = deployed.into();
    value["connectionState"] = value["info"]["connectionState"].clone();
    value["serverVersion"] = value["info"]["serverVersion"].clone();
    value
}

/// What is known of a cluster because this process is connected to it.
fn describe_connection(value: &mut Value, live: &LiveCluster) {
    let state = live.state();
    let info = &mut value["info"];
    info["connectionState"] = json!(state.connection_state());
    info["serverVersion"] = live.version().into();
    info["apiVersions"] = json!(live.api_versions());
    info["cacheInfo"] = json!({
        "resourcesCount": live.object_count(),
        "apisCount": live.api_count(),
        "lastCacheSyncTime": state.synced_at,
    });
}

/// The server and name that a request asks for: old clients put them into fields, newer ones into `id`.
fn wanted(call: &Call) -> (String, String) {
    let id = |key: &str| {
        call.request
            .get("id")
            .and_then(|id| id.get(key))
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    match (id("type").as_str(), id("value")) {
        (_, value) if value.is_empty() => (call.text("server").to_owned(), call.text("name").to_owned()),
        ("name", value) => (String::new(), value),
        ("name_escaped", value) => (String::new(), crate::api::query_unescape(&value)),
        (_, value) => (crate::api::query_unescape(&value), String::new()),
    }
}

fn matches(cluster: &Cluster, server: &str, name: &str) -> bool {
    (server.is_empty() || cluster.server.trim_end_matches('/') == server.trim_end_matches('/'))
        && (name.is_empty() || cluster.name == name)
}

fn list(call: &Call) -> Value {
    let (server, name) = wanted(call);
    let clusters = call.core.control.clusters();
    let items: Vec<Value> = clusters
        .iter()
        .filter(|cluster| matches(cluster, &server, &name))
        .filter(|cluster| call.caller.allows("clusters", "get", &object_of(cluster)))
        .map(|cluster| describe(&call.core, cluster))
        .collect();
    json!({"metadata": {}, "items": items})
}

async fn get(call: &Call) -> Result<Value, Status> {
    let cluster = wanted_one(call, &Cluster::default())?;
    if !call.caller.allows("clusters", "get", &object_of(&cluster)) {
        return Err(denied());
    }
    // Clients that render by themselves need to know what the cluster serves.
    if let Some(live) = call.core.clusters.by_server(&cluster.server) {
        tokio::time::timeout(PATIENCE, live.wait_synced()).await.ok();
    }
    Ok(describe(&call.core, &cluster))
}

/// Whether a cluster exists is not told to those who may not see it.
fn denied() -> Status {
    Status::denied("permission denied")
}

/// The cluster that a request names, or else the one that it sends.
fn wanted_one(call: &Call, sent: &Cluster) -> Result<Cluster, Status> {
    let (mut server, name) = wanted(call);
    if server.is_empty() && name.is_empty() {
        server.clone_from(&sent.server);
    }
    let clusters = call.core.control.clusters();
    let mut named = clusters
        .iter()
        .filter(|_| !server.is_empty() || !name.is_empty())
        .filter(|cluster| matches(cluster, &server, &name));
    named.next().cloned().ok_or_else(denied)
}
