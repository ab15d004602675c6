//! What an application is rendered to, what is known of its revisions, and what the cluster would make of it.
//!
//! Deliberately absent: rendering here. The application loop has rendered what it compared, and tells that; what is asked
//! for at other revisions it renders.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use cluster::{ApplyOptions, DryRun};
use object::Object;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use types::Application;

use super::resources::{compared, live};
use super::{find, to_json};
use crate::call::{Call, Handlers};
use crate::ports::ManifestOrigin;
use crate::services::mask;
use crate::status::{Code, Status};

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("application.ApplicationService/GetManifests", manifests);
    handlers.unary("application.ApplicationService/GetManifestsWithFiles", manifests_with_files);
    handlers.unary("application.ApplicationService/RevisionMetadata", revision_metadata);
    handlers.unary("application.ApplicationService/ServerSideDiff", server_side_diff);
}

/// The revisions that the loop compared last.
fn compared_revisions(application: &Application) -> Vec<&str> {
    let sync = &application.status.sync;
    if sync.revisions.is_empty() {
        vec![sync.revision.as_str()]
    } else {
        sync.revisions.iter().map(String::as_str).collect()
    }
}

async fn manifests(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    let sources = application.spec.effective_sources();
    let known = compared_revisions(&application);
    let targets: Vec<&str> = sources.iter().map(|source| source.target_revision.as_str()).collect();
    let asked = revisions(&call, &targets)?;
    let is_known = asked.iter().enumerate().all(|(index, revision)| match revision {
        None => true,
        Some(revision) => {
            known.get(index) == Some(&revision.as_str()) || targets.get(index) == Some(&revision.as_str())
        }
    });
    if is_known {
        let manifests = compared(&call, &application)
            .await?
            .iter()
            .filter(|item| !item.target_state.is_empty() && item.target_state != "null")
            .map(|item| item.target_state.clone())
            .collect();
        let revision = known.first().copied().unwrap_or_default();
        return Ok(answer(&application, manifests, revision, &application.status.source_type));
    }
    rendered(&call, &application, ManifestOrigin::Revisions(asked)).await
}

/// Renders files that the client sends: the first message names the application and the checksum of an archive, whose
/// parts are in the others.
async fn manifests_with_files(mut call: Call) -> Result<Value, Status> {
    let query = call.request.get_mut("Query").map(Value::take).filter(Value::is_object);
    call.request = query.ok_or_else(|| Status::invalid("the first message has to be the query"))?;
    let application = find(&call, "name", "get").await?;
    if application.spec.has_multiple_sources() {
        let message = "local files can stand in for the source of an application with one source only";
        return Err(Status::precondition(message));
    }
    let mut archive = Vec::new();
    for message in std::mem::take(&mut call.further) {
        let part = message.pointer("/Chunk/chunk").and_then(Value::as_str).unwrap_or_default();
        let part = BASE64.decode(part).map_err(|_| Status::invalid("a part of the archive is no base64"))?;
        archive.extend_from_slice(&part);
    }
    let checksum: String = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
    if call.text("checksum") != checksum {
        let message = format!("the archive came with the checksum {checksum}: something is missing of it");
        return Err(Status::invalid(message));
    }
    rendered(&call, &application, ManifestOrigin::Archive(archive)).await
}

async fn rendered(call: &Call, application: &Application, from: ManifestOrigin) -> Result<Value, Status> {
    let controller = call.core.controller.as_ref().ok_or_else(|| {
        Status::unavailable(
            "nothing is rendered in this process; run the server and the controller roles together",
        )
    })?;
    let rendered = controller.manifests(application, from).await.map_err(Status::precondition)?;
    let revision = rendered.revisions.first().map(String::as_str).unwrap_or_default();
    let source_type = rendered.source_types.first().map(String::as_str).unwrap_or_default();
    let manifests = rendered.manifests.iter().map(|text| masked(text)).collect();
    Ok(answer(application, manifests, revision, source_type))
}

fn answer(application: &Application, manifests: Vec<String>, revision: &str, source_type: &str) -> Value {
    let destination = &application.spec.destination;
    json!({
        "manifests": manifests,
        "namespace": destination.namespace,
        "server": destination.cluster_text(),
        "revision": revision,
        "sourceType": source_type,
    })
}

/// The revisions that a request asks for, one for each source: `revision` for a single source, or `revisions` with the
/// positions that they are for.
fn revisions(call: &Call, targets: &[&str]) -> Result<Vec<Option<String>>, Status> {
    let mut asked: Vec<Option<String>> = vec![None; targets.len()];
    if let Some(first) = asked.first_mut()
        && !call.text("revision").is_empty()
    {
        *first = Some(call.text("revision").to_owned());
    }
    let given = call.texts("revisions");
    let positions =
        call.request.get("sourcePositions").and_then(Value::as_array).cloned().unwrap_or_default();
    if !positions.is_empty() && positions.len() != given.len() {
        return Err(Status::invalid("source positions and revisions must be given in equal number"));
    }
    for (index, revision) in given.into_iter().enumerate() {
        let position = match positions.get(index).and_then(Value::as_i64) {
            Some(position) => usize::try_from(position).ok().and_then(|position| position.checked_sub(1)),
            None => Some(index),
        };
        let slot = position.and_then(|position| asked.get_mut(position)).ok_or_else(|| {
            Status::invalid(format!("a source position is not between 1 and {}", targets.len()))
        })?;
        *slot = Some(revision.to_owned());
    }
    Ok(asked)
}

/// A rendered object with the values of a Secret masked.
fn masked(text: &str) -> String {
    let object = serde_json::from_str(text).ok().and_then(|value| Object::from_value(value).ok());
    object.map(|object| mask::hide_secrets(object).to_json()).unwrap_or_default()
}

async fn revision_metadata(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    let sources = application.spec.effective_sources();
    let index = call.number("sourceIndex").and_then(|index| usize::try_from(index).ok()).unwrap_or_default();
    let source = sources.get(index).ok_or_else(|| {
        Status::invalid(format!("source index {index} is not one of {} sources", sources.len()))
    })?;
    if !source.chart.is_empty() {
        return Err(Status::precondition("the source is a Helm chart, which has no commit"));
    }
    let revision = call.text("revision");
    let unknown = || {
        let message = format!(
            "nothing is known of {revision} in this process; run the server and the controller roles together"
        );
        Status::new(Code::Unimplemented, message)
    };
    let controller = call.core.controller.as_ref().ok_or_else(unknown)?;
    let found = controller.revision_metadata(&application, source, revision).await;
    match found {
        Ok(Some(metadata)) => to_json(&metadata),
        Ok(None) => Err(unknown()),
        Err(reason) => Err(Status::new(Code::Unknown, reason)),
    }
}

/// What server-side apply would make of the application's objects, asked of the API server without changing any.
async fn server_side_diff(call: Call) -> Result<Value, Status> {
    let application = find(&call, "appName", "get").await?;
    let managed = compared(&call, &application).await?;
    let given = call.texts("targetManifests");
    let targets: Vec<String> = if given.is_empty() {
        managed.iter().map(|item| item.target_state.clone()).filter(|state| !state.is_empty()).collect()
    } else {
        given.into_iter().map(str::to_owned).collect()
    };
    let cluster = live(&call, &application)?;
    let options = ApplyOptions { dry_run: DryRun::Server, server_side: true, ..ApplyOptions::default() };
    let mut items = Vec::new();
    let mut modified = false;
    for target in targets {
        let value: Value = serde_json::from_str(&target)
            .map_err(|error| Status::invalid(format!("a target manifest is no JSON: {error}")))?;
        let target = Object::from_value(value).map_err(|error| Status::invalid(error.to_string()))?;
        let key = target.key();
        // Reading an application must not become asking the cluster about any object.
        let belongs = managed.iter().any(|item| {
            item.group == key.group
                && item.kind == key.kind
                && item.name == key.name
                && item.namespace == key.namespace
        });
        // The values of Secrets are masked here, and applying the mask would show differences that aren't there.
        if !belongs || (key.kind == "Secret" && key.group.is_empty()) {
            continue;
        }
        let before = cluster.get(&key, Some(target.version())).await?.map(without_bookkeeping);
        let after = without_bookkeeping(cluster.apply(&target, &options).await?.object);
        let changed = before.as_ref() != Some(&after);
        modified |= changed;
        items.push(json!({
            "group": key.group, "kind": key.kind, "namespace": key.namespace, "name": key.name,
            "liveState": before.map_or_else(|| "null".to_owned(), |before| before.to_json()),
            "targetState": after.to_json(),
            "modified": changed,
        }));
    }
    Ok(json!({"items": items, "modified": modified}))
}

/// An object without what every write changes.
fn without_bookkeeping(mut object: Object) -> Object {
    object.remove(&["metadata", "managedFields"]);
    object.remove(&["metadata", "resourceVersion"]);
    object.remove(&["metadata", "generation"]);
    mask::hide_secrets(object)
}
