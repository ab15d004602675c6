//! Creating, changing and deleting applications.

use std::sync::Arc;

use cluster::{DeleteOptions, Patch};
use serde_json::{Value, json};
use types::{AppKey, Application, ApplicationSpec, ApplicationStatus, names};

use super::{denied, find, find_named, namespace_of, to_json, validate};
use crate::call::{Call, Handlers};
use crate::status::{Code, Status};

/// How often a change is tried again after somebody else's came first.
const ATTEMPTS: usize = 10;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("application.ApplicationService/Create", create);
    handlers.unary("application.ApplicationService/Update", update);
    handlers.unary("application.ApplicationService/UpdateSpec", update_spec);
    handlers.unary("application.ApplicationService/Patch", patch);
    handlers.unary("application.ApplicationService/Delete", delete);
}

/// The application of a request's body, with what is always the same filled in.
fn body(call: &Call) -> Result<Application, Status> {
    let mut application: Application = call.record("application")?;
    if application.metadata.namespace.is_empty() {
        call.core.control.namespace().clone_into(&mut application.metadata.namespace);
    }
    normalize(&mut application.spec);
    Ok(application)
}

fn normalize(spec: &mut ApplicationSpec) {
    spec.project = spec.project_name().to_owned();
}

/// Whether two applications ask for the same.
fn same(left: &Application, right: &Application) -> bool {
    left.spec == right.spec
        && left.metadata.labels == right.metadata.labels
        && left.metadata.annotations == right.metadata.annotations
        && left.metadata.finalizers == right.metadata.finalizers
}

async fn create(call: Call) -> Result<Value, Status> {
    let mut wanted = body(&call)?;
    call.caller.enforce("applications", "create", &call.core.object_of(&wanted))?;
    validate::identity(&call.core, &wanted)?;
    if let Some(existing) = call.core.control.application(&wanted.key()) {
        return replace_existing(&call, &existing, &wanted).await;
    }
    if call.flag("validate") != Some(false) {
        validate::spec(&call.core, &wanted)?;
    }
    wanted.status = ApplicationStatus::default();
    wanted.metadata.resource_version.clear();
    wanted.metadata.uid.clear();
    match call.core.control.create_application(&wanted).await {
        Ok(created) => to_json(&created),
        Err(error) if error.is_already_exists() => Err(Status::new(
            Code::AlreadyExists,
            format!("application {} exists; try again", wanted.metadata.name),
        )),
        Err(error) => Err(error.into()),
    }
}

async fn replace_existing(
    call: &Call,
    existing: &Application,
    wanted: &Application,
) -> Result<Value, Status> {
    if !call.caller.allows_application("get", existing) {
        return Err(denied());
    }
    if same(existing, wanted) {
        return to_json(existing);
    }
    if call.flag("upsert") != Some(true) {
        return Err(Status::invalid(format!(
            "existing application spec is different, use upsert flag to force update: {}",
            difference(existing, wanted)
        )));
    }
    call.caller.enforce("applications", "update", &call.core.object_of(existing))?;
    store(call, &wanted.key(), |_| Ok(wanted.clone())).await.and_then(|stored| to_json(&stored))
}

/// Where the existing spec differs, in a few words.
fn difference(existing: &Application, wanted: &Application) -> String {
    let (Ok(existing), Ok(wanted)) = (to_json(&existing.spec), to_json(&wanted.spec)) else {
        return String::new();
    };
    let paths: Vec<String> = object::json_patch::create(&existing, &wanted)
        .iter()
        .filter_map(|operation| serde_json::to_value(operation).ok())
        .filter_map(|operation| Some(format!("spec{}", operation.get("path")?.as_str()?.replace('/', "."))))
        .take(10)
        .collect();
    if paths.is_empty() {
        "its metadata differs".to_owned()
    } else {
        format!("it differs in {}", paths.join(", "))
    }
}

async fn update(call: Call) -> Result<Value, Status> {
    let wanted = body(&call)?;
    find_named(&call, &wanted.key(), "update").await?;
    let stored = store(&call, &wanted.key(), |_| Ok(wanted.clone())).await?;
    to_json(&stored)
}

async fn update_spec(call: Call) -> Result<Value, Status> {
    let existing = find(&call, "name", "update").await?;
    let mut spec: ApplicationSpec = call.record("spec")?;
    normalize(&mut spec);
    let stored =
        store(&call, &existing.key(), |current| Ok(Application { spec: spec.clone(), ..current.clone() }))
            .await?;
    to_json(&stored.spec)
}

async fn patch(call: Call) -> Result<Value, Status> {
    let existing = find(&call, "name", "update").await?;
    let patch: Value = serde_json::from_str(call.text("patch"))
        .map_err(|error| Status::invalid(format!("error parsing patch: {error}")))?;
    let stored = store(&call, &existing.key(), |current| {
        let document = to_json(current)?;
        let patched = match call.text("patchType") {
            "json" | "" => object::json_patch::parse(&patch)
                .and_then(|operations| object::json_patch::apply(&document, &operations, Default::default()))
                .map_err(|error| Status::invalid(format!("error applying patch: {error}")))?,
            "merge" => object::merge_patch::apply(&document, &patch),
            other => {
                return Err(Status::invalid(format!(
                    "Patch type '{other}' is not supported: use json or merge"
                )));
            }
        };
        let mut application: Application = serde_json::from_value(patched)
            .map_err(|error| Status::invalid(format!("the patched application cannot be read: {error}")))?;
        normalize(&mut application.spec);
        Ok(application)
    })
    .await?;
    to_json(&stored)
}

/// Replaces spec, labels, annotations and finalizers of a stored application by those that `change` makes of it, and
/// tries again when somebody else was faster.
async fn store(
    call: &Call,
    key: &AppKey,
    change: impl Fn(&Application) -> Result<Application, Status>,
) -> Result<Arc<Application>, Status> {
    for _ in 0..ATTEMPTS {
        let current = call.core.control.application(key).ok_or_else(denied)?;
        let wanted = change(&current)?;
        if (&wanted.metadata.name, &wanted.metadata.namespace) != (&key.name, &key.namespace) {
            return Err(Status::invalid("the name and namespace of an application cannot be changed"));
        }
        if same(&current, &wanted) {
            return Ok(current);
        }
        if wanted.spec.project_name() != current.spec.project_name() {
            call.caller.enforce("applications", "create", &call.core.object_of(&wanted))?;
        }
        if call.flag("validate") != Some(false) {
            validate::spec(&call.core, &wanted)?;
        }
        let metadata = &wanted.metadata;
        let operations = vec![
            json!({"op": "test", "path": "/metadata/resourceVersion", "value": current.metadata.resource_version}),
            json!({"op": "replace", "path": "/spec", "value": to_json(&wanted.spec)?}),
            json!({"op": "add", "path": "/metadata/labels", "value": metadata.labels}),
            json!({"op": "add", "path": "/metadata/annotations", "value": metadata.annotations}),
            json!({"op": "add", "path": "/metadata/finalizers", "value": metadata.finalizers}),
        ];
        match call.core.control.patch_application(key, &Patch::Json(operations)).await {
            Ok(stored) => return Ok(stored),
            Err(error) if lost_race(&error) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Status::new(Code::Aborted, format!("{key} is being changed by others all the time; try again")))
}

/// Whether a change failed because the record had been changed since it was read.
pub(super) fn lost_race(error: &cluster::Error) -> bool {
    error.is_conflict() || error.is_failed_test()
}

async fn delete(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "delete").await?;
    let policy = call.text("propagationPolicy").to_ascii_lowercase();
    let cascade = call.flag("cascade");
    if cascade == Some(false) && !policy.is_empty() {
        return Err(Status::invalid("cannot set propagation policy when cascading is disabled"));
    }
    let finalizer = match policy.as_str() {
        "" => names::FINALIZER_RESOURCES,
        "foreground" => names::FINALIZER_RESOURCES_FOREGROUND,
        "background" => names::FINALIZER_RESOURCES_BACKGROUND,
        other => {
            return Err(Status::invalid(format!(
                "invalid propagation policy: {other}; use foreground or background"
            )));
        }
    };
    let mut finalizers = application.metadata.finalizers.clone();
    finalizers.retain(|held| {
        held != names::FINALIZER_RESOURCES
            && held != names::FINALIZER_RESOURCES_FOREGROUND
            && held != names::FINALIZER_RESOURCES_BACKGROUND
    });
    if cascade != Some(false) {
        finalizers.push(finalizer.to_owned());
    }
    let key = AppKey::new(namespace_of(&call, "appNamespace"), call.text("name"));
    if finalizers != application.metadata.finalizers {
        let patch = Patch::Merge(json!({"metadata": {"finalizers": finalizers}}));
        call.core.control.patch_application(&key, &patch).await?;
    }
    call.core.control.delete_application(&key, &DeleteOptions::background()).await?;
    Ok(json!({}))
}
