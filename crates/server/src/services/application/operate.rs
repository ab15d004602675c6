//! Sync, rollback, terminate, and when a sync is permitted.

use std::sync::Arc;

use cluster::Patch;
use jiff::Timestamp;
use serde_json::{Value, json};
use sync::window::{self, WindowSubject};
use types::{
    AppKey, Application, ApplicationSource, Info, Operation, OperationInitiator, RetryStrategy,
    SyncOperation, SyncOperationResource, SyncStrategy, SyncStrategyApply, SyncWindow,
};

use super::write::lost_race;
use super::{denied, effective_project, find, to_json};
use crate::call::{Call, Handlers};
use crate::status::{Code, Status};

/// How often an operation is tried to be set after somebody else's change came first.
const ATTEMPTS: usize = 10;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("application.ApplicationService/Sync", synchronize);
    handlers.unary("application.ApplicationService/Rollback", rollback);
    handlers.unary("application.ApplicationService/TerminateOperation", terminate);
    handlers.unary("application.ApplicationService/GetApplicationSyncWindows", |call| async move {
        sync_windows(&call).await
    });
}

fn is_automated(application: &Application) -> bool {
    let policy = application.spec.sync_policy.as_ref();
    policy
        .and_then(|policy| policy.automated.as_ref())
        .is_some_and(|automated| automated.enabled != Some(false))
}

/// The windows of an application's project that apply to it.
fn windows(call: &Call, application: &Application) -> Vec<SyncWindow> {
    let Some(project) = effective_project(&call.core, application.spec.project_name()) else {
        return Vec::new();
    };
    let destination = &application.spec.destination;
    let clusters = call.core.control.clusters();
    let known = clusters.iter().find(|cluster| {
        (!destination.server.is_empty() && cluster.server == destination.server)
            || (!destination.name.is_empty() && cluster.name == destination.name)
    });
    let subject = WindowSubject {
        application: &application.metadata.name,
        namespace: &destination.namespace,
        server: known.map_or(destination.server.as_str(), |cluster| &cluster.server),
        cluster: known.map_or(destination.name.as_str(), |cluster| &cluster.name),
    };
    window::matching(&project.spec.sync_windows, &subject).into_iter().cloned().collect()
}

fn may_sync_now(windows: &[SyncWindow]) -> Result<bool, Status> {
    let windows: Vec<&SyncWindow> = windows.iter().collect();
    window::can_sync(&windows, true, None, Timestamp::now())
        .map_err(|error| Status::denied(format!("cannot sync: invalid sync window: {error}")))
}

async fn synchronize(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    if !may_sync_now(&windows(&call, &application))? {
        return Err(Status::denied("cannot sync: blocked by sync window"));
    }
    if !call.caller.allows_application("sync", &application) {
        return Err(denied());
    }
    let dry_run = call.flag("dryRun") == Some(true);
    let manifests: Vec<String> = call.texts("manifests").into_iter().map(str::to_owned).collect();
    if !manifests.is_empty() {
        if !call.caller.allows_application("override", &application) {
            return Err(denied());
        }
        if is_automated(&application) && !dry_run {
            let message = "cannot use local sync when Automatic Sync Policy is enabled unless for dry run";
            return Err(Status::precondition(message));
        }
    }
    if application.metadata.deletion_timestamp.is_some() {
        return Err(Status::precondition("application is deleting"));
    }
    check_revision(&call, &application, dry_run)?;
    let sync_options = sync_options(&call, &application)?;
    let spec = &application.spec;
    let sources = spec.effective_sources();
    let several = spec.has_multiple_sources();
    let operation = Operation {
        sync: Some(Box::new(SyncOperation {
            revision: if several { String::new() } else { call.text("revision").to_owned() },
            revisions: if several { revisions(&call, &sources)? } else { Vec::new() },
            source: if several { None } else { sources.first().cloned() },
            sources: if several { sources } else { Vec::new() },
            prune: call.flag("prune") == Some(true),
            dry_run,
            sync_strategy: optional(&call, "strategy")?,
            resources: call.record::<Option<Vec<SyncOperationResource>>>("resources")?.unwrap_or_default(),
            manifests,
            sync_options,
            ..SyncOperation::default()
        })),
        initiated_by: initiator(&call),
        info: call.record::<Option<Vec<Info>>>("infos")?.unwrap_or_default(),
        retry: match optional::<RetryStrategy>(&call, "retryStrategy")? {
            Some(retry) => retry,
            None => spec.sync_policy.as_ref().and_then(|policy| policy.retry.clone()).unwrap_or_default(),
        },
    };
    to_json(&set_operation(&call, &application.key(), &operation).await?)
}

fn optional<T: serde::de::DeserializeOwned>(call: &Call, key: &str) -> Result<Option<T>, Status> {
    call.record::<Option<T>>(key)
}

fn initiator(call: &Call) -> OperationInitiator {
    OperationInitiator { username: call.caller.user_name().to_owned(), automated: false }
}

/// Refuses revisions other than the target's where that takes a permission, or where automatic sync would undo it.
fn check_revision(call: &Call, application: &Application, dry_run: bool) -> Result<(), Status> {
    let head = |revision: &str| if revision.is_empty() { "HEAD".to_owned() } else { revision.to_owned() };
    let wanted = call.text("revision");
    let sources = application.spec.effective_sources();
    let target = sources.first().map(|source| source.target_revision.as_str()).unwrap_or_default();
    if wanted.is_empty() || head(wanted) == head(target) {
        return Ok(());
    }
    let settings = call.core.control.settings();
    let needs_override =
        settings.config("application.sync.requireOverridePrivilegeForRevisionSync") == Some("true");
    if needs_override && !call.caller.allows_application("override", application) {
        return Err(denied());
    }
    if is_automated(application) && !dry_run {
        return Err(Status::precondition(format!(
            "Cannot sync to {wanted}: auto-sync currently set to {}",
            head(target)
        )));
    }
    Ok(())
}

/// The revisions of several sources: the target of each, but for those that the request gives by position.
fn revisions(call: &Call, sources: &[ApplicationSource]) -> Result<Vec<String>, Status> {
    let given = call.texts("revisions");
    let positions: Vec<usize> = call
        .request
        .get("sourcePositions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|position| usize::try_from(position.as_i64()?).ok())
        .collect();
    if given.is_empty() && positions.is_empty() {
        return Ok(Vec::new());
    }
    if given.len() != positions.len() {
        return Err(Status::invalid("source positions and revisions must be given in equal number"));
    }
    let mut revisions: Vec<String> = sources.iter().map(|source| source.target_revision.clone()).collect();
    for (position, revision) in positions.iter().zip(given) {
        let slot = position.checked_sub(1).and_then(|index| revisions.get_mut(index)).ok_or_else(|| {
            Status::invalid(format!("source position {position} is not between 1 and {}", sources.len()))
        })?;
        revision.clone_into(slot);
    }
    Ok(revisions)
}

/// The request's options replace the application's entirely.
fn sync_options(call: &Call, application: &Application) -> Result<Vec<String>, Status> {
    let given =
        call.request.get("syncOptions").and_then(|options| options.get("items")).and_then(Value::as_array);
    let options: Vec<String> = match given {
        Some(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => {
            let policy = application.spec.sync_policy.as_ref();
            policy.map(|policy| policy.sync_options.clone()).unwrap_or_default()
        }
    };
    let settings = call.core.control.settings();
    let replaces = options.iter().any(|option| option == "Replace=true");
    if replaces && settings.parameter("server.sync.replace.allowed") == Some("false") {
        return Err(Status::precondition(
            "sync with replace was disabled on the API Server level via the server configuration",
        ));
    }
    Ok(options)
}

/// Sets an application's operation, unless one is set already.
async fn set_operation(call: &Call, key: &AppKey, operation: &Operation) -> Result<Arc<Application>, Status> {
    for _ in 0..ATTEMPTS {
        let current = call.core.control.application(key).ok_or_else(denied)?;
        if current.operation.is_some() {
            return Err(Status::precondition("another operation is already in progress"));
        }
        // The version in the patch makes it fail when somebody else was faster.
        let patch = Patch::Merge(json!({
            "metadata": {"resourceVersion": current.metadata.resource_version},
            "operation": to_json(operation)?,
            "status": {"operationState": null},
        }));
        match call.core.control.patch_application(key, &patch).await {
            Ok(stored) => return Ok(stored),
            Err(error) if lost_race(&error) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Status::new(Code::Aborted, format!("{key} is being changed by others all the time; try again")))
}

async fn rollback(call: Call) -> Result<Value, Status> {
    let settings = call.core.control.settings();
    let own_action = settings.config("server.rbac.rollback.enforce.enable") == Some("true");
    let application = find(&call, "name", if own_action { "rollback" } else { "sync" }).await?;
    if application.metadata.deletion_timestamp.is_some() {
        return Err(Status::precondition("application is deleting"));
    }
    if is_automated(&application) {
        return Err(Status::precondition("rollback cannot be initiated when auto-sync is enabled"));
    }
    let id = call.number("id").unwrap_or_default();
    let name = &application.metadata.name;
    let entry = application.status.history.iter().find(|entry| entry.id == id).ok_or_else(|| {
        Status::invalid(format!("application {name} does not have deployment with id {id}"))
    })?;
    let several = !entry.sources.is_empty();
    if !several && entry.source.repo_url.is_empty() {
        // Very old entries don't tell the source.
        return Err(Status::precondition(format!(
            "cannot rollback to revision deployed with Argo CD v0.12 or lower. sync to revision {} instead",
            entry.revision
        )));
    }
    let policy = application.spec.sync_policy.as_ref();
    let operation = Operation {
        sync: Some(Box::new(SyncOperation {
            revision: entry.revision.clone(),
            revisions: entry.revisions.clone(),
            source: (!several).then(|| entry.source.clone()),
            sources: entry.sources.clone(),
            dry_run: call.flag("dryRun") == Some(true),
            prune: call.flag("prune") == Some(true),
            sync_options: policy.map(|policy| policy.sync_options.clone()).unwrap_or_default(),
            // By apply, so that hooks don't run.
            sync_strategy: Some(SyncStrategy {
                apply: Some(SyncStrategyApply::default()),
                ..SyncStrategy::default()
            }),
            ..SyncOperation::default()
        })),
        initiated_by: initiator(&call),
        ..Operation::default()
    };
    to_json(&set_operation(&call, &application.key(), &operation).await?)
}

async fn terminate(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "sync").await?;
    for _ in 0..ATTEMPTS {
        let current = call.core.control.application(&application.key()).ok_or_else(denied)?;
        if current.operation.is_none() || current.status.operation_state.is_none() {
            return Err(Status::invalid("Unable to terminate operation. No operation is in progress"));
        }
        let patch = Patch::Merge(json!({
            "metadata": {"resourceVersion": current.metadata.resource_version},
            "status": {"operationState": {"phase": "Terminating"}},
        }));
        match call.core.control.patch_application(&application.key(), &patch).await {
            Ok(_) => return Ok(json!({})),
            Err(error) if lost_race(&error) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Status::new(Code::Aborted, "the application is being changed by others all the time; try again"))
}

async fn sync_windows(call: &Call) -> Result<Value, Status> {
    let application = find(call, "name", "get").await?;
    let assigned = windows(call, &application);
    let now = Timestamp::now();
    let describe = |window: &SyncWindow| {
        json!({
            "kind": window.kind,
            "schedule": window.schedule,
            "duration": window.duration,
            "manualSync": window.manual_sync,
        })
    };
    let active: Vec<Value> = assigned
        .iter()
        .filter(|window| window::is_active(window, now).unwrap_or(false))
        .map(describe)
        .collect();
    Ok(json!({
        "assignedWindows": assigned.iter().map(describe).collect::<Vec<_>>(),
        "activeWindows": active,
        "canSync": may_sync_now(&assigned).unwrap_or(false),
    }))
}
