//! `project.ProjectService`: projects, and the tokens of their roles.
//!
//! `write` changes them.

mod write;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use types::AppProject;

use super::application::effective_project;
use super::links::{self, Subjects};
use crate::call::{Call, Handlers};
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("project.ProjectService/List", |call| async move { list(&call) });
    handlers.unary("project.ProjectService/Get", |call| async move { to_json(&*find(&call)?) });
    handlers.unary("project.ProjectService/GetDetailedProject", |call| async move { detailed(&call) });
    handlers.unary("project.ProjectService/GetGlobalProjects", |call| async move { globals(&call) });
    handlers.unary("project.ProjectService/GetSyncWindowsState", |call| async move { windows(&call) });
    handlers.unary("project.ProjectService/ListLinks", |call| async move {
        let subjects = Subjects::default().with("project", to_json(&*find(&call)?)?);
        Ok(links::respond(&call.core.control.settings(), "project.links", &subjects))
    });
    handlers.unary("project.ProjectService/ListEvents", events);
    write::register(handlers);
}

fn to_json(record: &impl serde::Serialize) -> Result<Value, Status> {
    serde_json::to_value(record).map_err(|error| Status::internal(format!("cannot write a record: {error}")))
}

fn find(call: &Call) -> Result<Arc<AppProject>, Status> {
    let name = call.text("name");
    call.caller.enforce("projects", "get", name)?;
    call.core
        .control
        .project(name)
        .ok_or_else(|| Status::not_found(format!("appprojects.argoproj.io {name:?} not found")))
}

fn list(call: &Call) -> Result<Value, Status> {
    let name = call.text("name");
    let items = call
        .core
        .control
        .projects()
        .iter()
        .filter(|project| name.is_empty() || project.metadata.name == name)
        .filter(|project| call.caller.allows("projects", "get", &project.metadata.name))
        .map(|project| to_json(&**project))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"metadata": {}, "items": items}))
}

fn global_projects(call: &Call, project: &AppProject) -> Vec<Arc<AppProject>> {
    let settings = call.core.control.settings();
    settings
        .global_projects
        .iter()
        .filter(|global| global.project_name != project.metadata.name)
        .filter(|global| global.label_selector.matches(&project.metadata.labels))
        .filter_map(|global| call.core.control.project(&global.project_name))
        .collect()
}

fn globals(call: &Call) -> Result<Value, Status> {
    let project = find(call)?;
    let items = global_projects(call, &project)
        .iter()
        .map(|global| to_json(&**global))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"items": items}))
}

fn detailed(call: &Call) -> Result<Value, Status> {
    let project = find(call)?;
    let name = &project.metadata.name;
    let globals = global_projects(call, &project)
        .iter()
        .map(|global| to_json(&**global))
        .collect::<Result<Vec<_>, _>>()?;
    let repositories = call.core.control.repositories();
    let repositories: Vec<Value> = repositories
        .iter()
        .filter(|repository| repository.project == *name)
        .map(|repository| super::repository::describe(&call.core, repository))
        .collect();
    let clusters = call.core.control.clusters();
    let clusters: Vec<Value> = clusters
        .iter()
        .filter(|cluster| cluster.project == *name)
        .map(|cluster| super::cluster::describe(&call.core, cluster))
        .collect();
    Ok(json!({
        "globalProjects": globals,
        "project": to_json(&*project)?,
        "repositories": repositories,
        "clusters": clusters,
    }))
}

/// The windows of a project that are open now.
fn windows(call: &Call) -> Result<Value, Status> {
    let project = find(call)?;
    let merged = effective_project(&call.core, &project.metadata.name);
    let windows =
        merged.map_or_else(|| project.spec.sync_windows.clone(), |project| project.spec.sync_windows);
    let now = Timestamp::now();
    let active = windows
        .iter()
        .filter(|window| sync::window::is_active(window, now).unwrap_or(false))
        .map(to_json)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"windows": active}))
}

async fn events(call: Call) -> Result<Value, Status> {
    let project = find(&call)?;
    super::events::of_record(
        call.core.control.client(),
        call.core.control.namespace(),
        &project.metadata.name,
        &project.metadata.uid,
    )
    .await
}
