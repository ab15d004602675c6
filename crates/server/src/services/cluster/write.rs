//! Adding, changing and removing clusters.
//!
//! Deliberately absent: new credentials for a cluster's service account (`RotateAuth`).

use std::collections::BTreeMap;

use cluster::ControlPlane;
use object::Object;
use serde_json::{Value, json};
use types::{Cluster, names};

use super::{describe, object_of, wanted_one};
use crate::call::{Call, Handlers};
use crate::services::records::{self, CLUSTER, fnv32a};
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("cluster.ClusterService/Create", create);
    handlers.unary("cluster.ClusterService/Update", update);
    handlers.unary("cluster.ClusterService/Delete", delete);
    handlers.unary("cluster.ClusterService/InvalidateCache", |call| async move { invalidate(&call) });
}

/// The name of the Secret of a new cluster: the host and a hash of the URL.
fn secret_name(server: &str) -> String {
    let host = server
        .parse::<http::Uri>()
        .ok()
        .and_then(|uri| uri.host().map(|host| host.trim_matches(['[', ']']).to_lowercase().replace(':', "-")))
        .unwrap_or_default();
    format!("cluster-{host}-{}", fnv32a(server))
}

/// The cluster that a request sends.
fn sent(call: &Call) -> Result<Cluster, Status> {
    let mut cluster = call.record::<Option<Cluster>>("cluster")?.unwrap_or_default();
    cluster.server = cluster.server.trim_end_matches('/').to_owned();
    Ok(cluster)
}

async fn secret_of(control: &ControlPlane, server: &str) -> Result<Option<Object>, Status> {
    CLUSTER.find(control, |text| text("server").trim_end_matches('/') == server).await
}

async fn create(call: Call) -> Result<Value, Status> {
    let cluster = sent(&call)?;
    if cluster.server.is_empty() {
        return Err(Status::invalid("a cluster needs the URL of its API server"));
    }
    call.caller.enforce("clusters", "create", &object_of(&cluster))?;
    let version =
        call.core.clusters.probe(&cluster).await.map_err(|error| {
            Status::invalid(format!("cluster {} cannot be reached: {error}", cluster.server))
        })?;
    let control = &call.core.control;
    match secret_of(control, &cluster.server).await? {
        None => {
            let entries = cluster.secret_entries();
            let name = secret_name(&cluster.server);
            CLUSTER.create(control, &name, entries, &cluster.labels, &cluster.annotations).await?;
        }
        Some(secret) => {
            let clusters = control.clusters();
            let known = clusters.iter().find(|known| known.server == cluster.server);
            let same = known.is_some_and(|known| known.secret_entries() == cluster.secret_entries());
            if !same && call.flag("upsert") != Some(true) {
                return Err(Status::invalid(
                    "existing cluster spec is different; use upsert flag to force update",
                ));
            }
            if !same {
                call.caller.enforce("clusters", "update", &object_of(&cluster))?;
                write(&call, &secret, &cluster, known).await?;
            }
        }
    }
    let mut value = describe(&call.core, &cluster);
    value["serverVersion"] = version.into();
    Ok(value)
}

/// Writes a cluster over the one that is there. Labels and annotations that it had and has no more are taken off.
async fn write(
    call: &Call,
    secret: &Object,
    cluster: &Cluster,
    before: Option<&Cluster>,
) -> Result<(), Status> {
    let merged = |old: Option<&BTreeMap<String, String>>, new: &BTreeMap<String, String>| -> Value {
        let gone = old.into_iter().flatten().filter(|(key, _)| !new.contains_key(*key));
        gone.map(|(key, _)| (key.clone(), Value::Null))
            .chain(new.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))))
            .collect()
    };
    let mut labels = merged(before.map(|before| &before.labels), &cluster.labels);
    labels[names::LABEL_SECRET_TYPE] = names::SECRET_TYPE_CLUSTER.into();
    let annotations = merged(before.map(|before| &before.annotations), &cluster.annotations);
    let metadata = json!({"labels": labels, "annotations": annotations});
    records::update(&call.core.control, secret, cluster.secret_entries(), metadata).await
}

async fn update(call: Call) -> Result<Value, Status> {
    let sent = sent(&call)?;
    let known = wanted_one(&call, &sent)?;
    call.caller.enforce("clusters", "update", &object_of(&known))?;
    let mut cluster = known.clone();
    let fields = call.texts("updatedFields");
    let all =
        ["name", "namespaces", "config", "shard", "clusterResources", "project", "labels", "annotations"];
    for field in if fields.is_empty() { &all[..] } else { &fields[..] } {
        match *field {
            "name" => cluster.name.clone_from(&sent.name),
            "namespaces" => cluster.namespaces.clone_from(&sent.namespaces),
            "config" => cluster.config = sent.config.clone(),
            "shard" => cluster.shard = sent.shard,
            "clusterResources" => cluster.cluster_resources = sent.cluster_resources,
            "project" => cluster.project.clone_from(&sent.project),
            "labels" => cluster.labels.clone_from(&sent.labels),
            "annotations" => cluster.annotations.clone_from(&sent.annotations),
            other => return Err(Status::invalid(format!("updatedFields: clusters have no field {other}"))),
        }
    }
    call.caller.enforce("clusters", "update", &object_of(&cluster))?;
    let Some(secret) = secret_of(&call.core.control, &known.server).await? else {
        return Err(Status::not_found(format!(
            "cluster {:?} has no Secret; add it first (cluster add)",
            known.server
        )));
    };
    write(&call, &secret, &cluster, Some(&known)).await?;
    Ok(describe(&call.core, &cluster))
}

async fn delete(call: Call) -> Result<Value, Status> {
    let known = wanted_one(&call, &Cluster::default())?;
    call.caller.enforce("clusters", "delete", &object_of(&known))?;
    let Some(secret) = secret_of(&call.core.control, &known.server).await? else {
        return Err(Status::not_found(format!(
            "cluster {:?} has no Secret that could be removed",
            known.server
        )));
    };
    records::remove(&call.core.control, &secret).await?;
    Ok(json!({}))
}

/// Has a cluster read anew.
fn invalidate(call: &Call) -> Result<Value, Status> {
    let known = wanted_one(call, &Cluster::default())?;
    call.caller.enforce("clusters", "update", &object_of(&known))?;
    call.core.clusters.invalidate(&known.server);
    Ok(describe(&call.core, &known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_named_by_host_and_url() {
        for (server, host) in [
            ("https://Kube.example:6443", "kube.example"),
            ("https://10.0.0.1", "10.0.0.1"),
            ("https://[fd00::1]:6443", "fd00--1"),
        ] {
            assert_eq!(secret_name(server), format!("cluster-{host}-{}", fnv32a(server)));
        }
    }
}
