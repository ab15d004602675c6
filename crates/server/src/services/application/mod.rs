//! `application.ApplicationService`.
//!
//! - `query`: listing, getting and watching.
//! - `write`: creating, changing and deleting. `validate`: what a spec must be like.
//! - `operate`: sync, rollback, terminate, sync windows.
//! - `source`: what it is rendered to, and what is known of revisions.
//! - `resources`: the objects of an application. `actions`: what can be done to them. `links`: where more is to be found
//!   about them. `logs`: what their containers print.

mod actions;
mod links;
mod logs;
mod operate;
mod query;
mod resources;
mod source;
mod validate;
mod write;

use std::sync::Arc;

use serde_json::Value;
use types::{AppKey, AppProject, Application};

use crate::call::{Call, Handlers};
use crate::core::Core;
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    query::register(handlers);
    write::register(handlers);
    operate::register(handlers);
    resources::register(handlers);
    actions::register(handlers);
    links::register(handlers);
    logs::register(handlers);
    source::register(handlers);
}

/// The answer to everything that somebody may not know about: whether it exists is not told either.
fn denied() -> Status {
    Status::denied("permission denied")
}

/// The application that a request names by `key` (`name`, `applicationName` or `appName`), if the caller may do
/// `action` with it.
///
/// Without `project` in the request, an application that isn't there and one that the caller may not see are
/// answered alike.
async fn find(call: &Call, key: &str, action: &str) -> Result<Arc<Application>, Status> {
    let name = call.text(key);
    let namespace = namespace_of(call, "appNamespace");
    find_named(call, &AppKey::new(namespace, name), action).await
}

async fn find_named(call: &Call, key: &AppKey, action: &str) -> Result<Arc<Application>, Status> {
    let known = call.core.control.application(key);
    match allowed(call, key, action, known) {
        Ok(application) => Ok(application),
        // It may have been created a moment ago. What is there but not to be seen is looked up as well: the time that an
        // answer takes tells no more than its words.
        Err(_) if !key.name.is_empty() => {
            let found = call.core.control.look_up_application(key).await.unwrap_or_else(|error| {
                tracing::warn!("an application that is not known was not looked up: {error}");
                None
            });
            allowed(call, key, action, found)
        }
        Err(status) => Err(status),
    }
}

/// The application of a key, if the caller may do `action` with it.
fn allowed(
    call: &Call,
    key: &AppKey,
    action: &str,
    application: Option<Arc<Application>>,
) -> Result<Arc<Application>, Status> {
    // Some requests name one project, others a list of which the first counts.
    let listed = || ["project", "projects"].iter().find_map(|key| call.texts(key).first().copied());
    let project =
        Some(call.text("project")).filter(|project| !project.is_empty()).or_else(listed).unwrap_or_default();
    let missing = || Status::not_found(format!("applications.argoproj.io {:?} not found", key.name));
    if !project.is_empty() {
        let object = call.core.object_name(project, &key.namespace, &key.name);
        if !call.caller.allows("applications", action, &object) {
            return Err(denied());
        }
    }
    let Some(application) = application else {
        return Err(if project.is_empty() { denied() } else { missing() });
    };
    if !project.is_empty() && application.spec.project_name() != project {
        return Err(missing());
    }
    if call.caller.allows_application(action, &application) { Ok(application) } else { Err(denied()) }
}

/// A namespace of the request, or the control plane's.
fn namespace_of<'a>(call: &'a Call, key: &str) -> &'a str {
    Some(call.text(key)).filter(|namespace| !namespace.is_empty()).unwrap_or(call.core.control.namespace())
}

/// A record as JSON.
fn to_json(record: &impl serde::Serialize) -> Result<Value, Status> {
    serde_json::to_value(record).map_err(|error| Status::internal(format!("cannot write a record: {error}")))
}

/// A project with the rules of the global projects that select it.
pub(super) fn effective_project(core: &Core, name: &str) -> Option<AppProject> {
    let project = core.control.project(name)?;
    let settings = core.control.settings();
    let globals: Vec<Arc<AppProject>> = settings
        .global_projects
        .iter()
        .filter(|global| {
            global.project_name != name && global.label_selector.matches(&project.metadata.labels)
        })
        .filter_map(|global| core.control.project(&global.project_name))
        .collect();
    let globals: Vec<&AppProject> = globals.iter().map(AsRef::as_ref).collect();
    Some(project.with_global(&globals))
}
