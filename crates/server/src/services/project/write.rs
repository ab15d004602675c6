//! Creating, changing and deleting projects, and the tokens of their roles.

use cluster::Error;
use jiff::Timestamp;
use serde_json::{Value, json};
use types::{AppProject, Application, ApplicationDestination, Destination, JWTToken, JWTTokens};

use super::to_json;
use crate::call::{Call, Handlers};
use crate::session::Sessions;
use crate::status::{Code, Status};

/// The project that is always there.
const DEFAULT: &str = "default";
/// How often a change is tried again after somebody else's came first.
const ATTEMPTS: usize = 5;
/// Applications that an error names at most.
const NAMED: usize = 5;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("project.ProjectService/Create", create);
    handlers.unary("project.ProjectService/Update", update);
    handlers.unary("project.ProjectService/Delete", delete);
    handlers.unary("project.ProjectService/CreateToken", create_token);
    handlers.unary("project.ProjectService/DeleteToken", delete_token);
}

/// The project that a request sends, checked.
fn sent(call: &Call) -> Result<AppProject, Status> {
    let project = call.record::<Option<AppProject>>("project")?.unwrap_or_default();
    if project.metadata.name.is_empty() {
        return Err(Status::invalid("missing payload 'project' in request: a project with its name"));
    }
    Ok(project)
}

fn check(project: &AppProject) -> Result<(), Status> {
    project.check().map_err(|reason| Status::invalid(format!("project {}: {reason}", project.metadata.name)))
}

fn stored(call: &Call, name: &str) -> Result<AppProject, Status> {
    let project = call.core.control.project(name);
    let missing = || Status::not_found(format!("appprojects.argoproj.io {name:?} not found"));
    project.map(|project| AppProject::clone(&project)).ok_or_else(missing)
}

async fn create(call: Call) -> Result<Value, Status> {
    let project = sent(&call)?;
    let name = &project.metadata.name;
    call.caller.enforce("projects", "create", name)?;
    check(&project)?;
    let Ok(mut known) = stored(&call, name) else {
        return to_json(&*call.core.control.create_project(&project).await?);
    };
    if known.spec == project.spec {
        return to_json(&known);
    }
    if call.flag("upsert") != Some(true) {
        return Err(Status::invalid("existing project spec is different, use upsert flag to force update"));
    }
    call.caller.enforce("projects", "update", name)?;
    known.spec = project.spec;
    to_json(&*call.core.control.replace_project(&known).await?)
}

async fn update(call: Call) -> Result<Value, Status> {
    let mut project = sent(&call)?;
    let name = project.metadata.name.clone();
    call.caller.enforce("projects", "update", &name)?;
    check(&project)?;
    let known = stored(&call, &name)?;
    enforce_growth(&call, &known, &project)?;
    check_applications(&call, &known, &project)?;
    if project.status == types::AppProjectStatus::default() {
        // Clients that know no status must not end the tokens that are in it.
        project.status = known.status;
    }
    to_json(&*call.core.control.replace_project(&project).await?)
}

/// Refuses clusters, repositories and kinds that the caller may not hand out.
fn enforce_growth(call: &Call, known: &AppProject, project: &AppProject) -> Result<(), Status> {
    let (old, new) = (&known.spec, &project.spec);
    let cluster = |destination: &ApplicationDestination| {
        call.caller.enforce("clusters", "update", destination.cluster_text())
    };
    let mut added = new.destinations.iter().filter(|destination| !old.destinations.contains(destination));
    added.try_for_each(cluster)?;
    for repository in new.source_repos.iter().filter(|repository| !old.source_repos.contains(repository)) {
        call.caller.enforce("repositories", "update", repository)?;
    }
    let same_kinds = old.cluster_resource_whitelist == new.cluster_resource_whitelist
        && old.cluster_resource_blacklist == new.cluster_resource_blacklist
        && old.namespace_resource_whitelist == new.namespace_resource_whitelist
        && old.namespace_resource_blacklist == new.namespace_resource_blacklist;
    if same_kinds { Ok(()) } else { new.destinations.iter().try_for_each(cluster) }
}

/// The applications of a project.
fn applications_of(call: &Call, project: &str) -> Vec<std::sync::Arc<Application>> {
    let all = call.core.control.applications();
    all.into_iter().filter(|application| application.spec.project_name() == project).collect()
}

/// Refuses a change that would take a source or a destination away from applications which have it.
fn check_applications(call: &Call, known: &AppProject, project: &AppProject) -> Result<(), Status> {
    let (mut sources, mut destinations) = (0, 0);
    for application in applications_of(call, &project.metadata.name) {
        let loses_source = application.spec.effective_sources().iter().any(|source| {
            known.permits_source(&source.repo_url) && !project.permits_source(&source.repo_url)
        });
        sources += usize::from(loses_source);
        let Ok(cluster) = call.core.clusters.record(&application.spec.destination) else { continue };
        let destination = Destination {
            server: &cluster.server,
            name: &cluster.name,
            namespace: &application.spec.destination.namespace,
            cluster_project: &cluster.project,
        };
        destinations += usize::from(
            known.permits_destination(&destination) && !project.permits_destination(&destination),
        );
    }
    for (count, what) in [(sources, "source"), (destinations, "destination")] {
        if count > 0 {
            return Err(Status::invalid(format!(
                "as a result of project update {count} applications {what} became invalid"
            )));
        }
    }
    Ok(())
}

async fn delete(call: Call) -> Result<Value, Status> {
    let name = call.text("name");
    call.caller.enforce("projects", "delete", name)?;
    if name == DEFAULT {
        return Err(Status::invalid(format!("name {DEFAULT:?} is reserved and cannot be deleted")));
    }
    stored(&call, name)?;
    let namespace = call.core.control.namespace();
    let mut using = applications_of(&call, name);
    using.retain(|application| application.metadata.namespace == namespace);
    if !using.is_empty() {
        let count = using.len();
        using.retain(|application| call.caller.allows_application("get", application));
        let mut names: Vec<&str> =
            using.iter().take(NAMED).map(|application| application.metadata.name.as_str()).collect();
        if names.len() < count {
            names.push("…");
        }
        let names = names.join(", ");
        return Err(Status::invalid(format!("project is referenced by {count} applications: {names}")));
    }
    call.core.control.delete_project(name).await?;
    Ok(json!({}))
}

/// Refuses who may neither change the project nor has the role by a group.
fn may_have_tokens(call: &Call, project: &AppProject, role: &str) -> Result<(), Status> {
    let groups = call.caller.identity().map(|identity| identity.subject.groups.clone()).unwrap_or_default();
    let of_role = project.spec.roles.iter().find(|known| known.name == role);
    if of_role.is_some_and(|role| role.groups.iter().any(|group| groups.contains(group))) {
        return Ok(());
    }
    call.caller.enforce("projects", "update", &project.metadata.name)
}

/// Changes the tokens of a role, both where they are kept and where they are checked.
async fn change_tokens(
    call: &Call,
    change: impl Fn(&mut Vec<JWTToken>) -> Result<(), Status>,
) -> Result<(), Status> {
    let (name, role) = (call.text("project"), call.text("role"));
    for _ in 0..ATTEMPTS {
        let mut project = stored(call, name)?;
        may_have_tokens(call, &project, role)?;
        let missing = || Status::not_found(format!("role '{role}' does not exist in project '{name}'"));
        let kept = project.spec.roles.iter_mut().find(|known| known.name == role).ok_or_else(missing)?;
        let mut tokens = match project.status.jwt_tokens_by_role.get(role) {
            Some(tokens) if !tokens.items.is_empty() => tokens.items.clone(),
            _ => kept.jwt_tokens.clone(),
        };
        change(&mut tokens)?;
        tokens.sort_by_key(|token| std::cmp::Reverse(token.iat));
        kept.jwt_tokens.clone_from(&tokens);
        project.status.jwt_tokens_by_role.insert(role.to_owned(), JWTTokens { items: tokens });
        match call.core.control.replace_project(&project).await {
            Err(error) if Error::is_conflict(&error) => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            other => return other.map(drop).map_err(Status::from),
        }
    }
    Err(Status::new(Code::Aborted, format!("project {name} is changed by others all the time; try again")))
}

async fn create_token(call: Call) -> Result<Value, Status> {
    let (project, role) = (call.text("project").to_owned(), call.text("role").to_owned());
    let id = Some(call.text("id")).filter(|id| !id.is_empty()).map_or_else(Sessions::new_id, str::to_owned);
    let seconds = call.number("expiresIn").filter(|seconds| *seconds > 0);
    let now = Timestamp::now().as_second();
    let token =
        JWTToken { iat: now, exp: seconds.map_or(0, |seconds| now.saturating_add(seconds)), id: id.clone() };
    change_tokens(&call, |tokens| {
        if tokens.iter().any(|known| known.id == id) {
            let message = format!("Token id '{id}' has been used for role '{role}' of project '{project}'");
            return Err(Status::invalid(message));
        }
        tokens.push(token.clone());
        Ok(())
    })
    .await?;
    let subject = format!("proj:{project}:{role}");
    let token = call.core.sessions.issue(&subject, &id, seconds, &call.core.control)?;
    Ok(json!({"token": token}))
}

async fn delete_token(call: Call) -> Result<Value, Status> {
    let (id, issued) = (call.text("id").to_owned(), call.number("iat").unwrap_or_default());
    change_tokens(&call, |tokens| {
        tokens.retain(|token| if id.is_empty() { token.iat != issued } else { token.id != id });
        Ok(())
    })
    .await?;
    Ok(json!({}))
}
