//! `repository.RepositoryService`: where sources come from. What is secret in them is never told; `repocreds` has the
//! credentials for many of them.
//!
//! Deliberately absent: what is in a repository (references, charts, applications), and repositories to push to.

use std::collections::BTreeMap;

use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use types::{ConnectionState, Repository, Time, normalize_repository_url};

use super::records::{self, REPOSITORY};
use crate::call::{Call, Handlers};
use crate::core::Core;
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    for method in ["repository.RepositoryService/List", "repository.RepositoryService/ListRepositories"] {
        handlers.unary(method, |call| async move { Ok(list(&call).await) });
    }
    handlers.unary("repository.RepositoryService/Get", |call| async move { get(&call).await });
    for method in ["repository.RepositoryService/Create", "repository.RepositoryService/CreateRepository"] {
        handlers.unary(method, create);
    }
    for method in ["repository.RepositoryService/Update", "repository.RepositoryService/UpdateRepository"] {
        handlers.unary(method, update);
    }
    for method in ["repository.RepositoryService/Delete", "repository.RepositoryService/DeleteRepository"] {
        handlers.unary(method, delete);
    }
    handlers.unary("repository.RepositoryService/ValidateAccess", validate);
}

/// How policies name a repository.
fn object_of(repository: &Repository) -> String {
    if repository.project.is_empty() {
        repository.repo.clone()
    } else {
        format!("{}/{}", repository.project, repository.repo)
    }
}

/// A repository as clients see it.
pub(super) fn describe(core: &Core, repository: &Repository) -> Value {
    let mut value = serde_json::to_value(repository).unwrap_or_default();
    if let Value::Object(members) = &mut value {
        members.remove("tlsClientCertData");
        members.entry("type").or_insert_with(|| "git".into());
    }
    let templates = core.control.repository_credentials();
    let has_template = templates
        .iter()
        .any(|template| !template.url.is_empty() && repository.repo.starts_with(&template.url));
    if !repository.has_credentials() && has_template {
        value["inheritedCreds"] = true.into();
    }
    value
}

/// A repository as clients see it, with how the connection to it stands.
async fn describe_connected(call: &Call, repository: &Repository, afresh: bool) -> Value {
    let state = connection(&call.core, repository, afresh).await;
    let mut value = describe(&call.core, repository);
    value["connectionState"] = json!(state);
    value
}

/// How the connection to a repository stands: as it was found the last time, unless that is long ago.
async fn connection(core: &Core, repository: &Repository, afresh: bool) -> ConnectionState {
    let key = format!("{} {}", repository.project, repository.repo);
    if !afresh && let Some(known) = core.connections.known(&key) {
        return known;
    }
    let result = test(core, repository).await;
    let (status, message) = match result {
        Ok(()) => ("Successful", String::new()),
        Err(status) => ("Failed", status.message),
    };
    let state = ConnectionState {
        status: status.to_owned(),
        message,
        attempted_at: Some(Time(Timestamp::now()).truncated()),
    };
    core.connections.remember(key, state.clone());
    state
}

/// Asks a repository whether it can be read with what is said of it.
async fn test(core: &Core, repository: &Repository) -> Result<(), Status> {
    let controller = core.controller.as_ref().ok_or_else(|| {
        Status::unavailable(
            "no repository is asked in this process; run the server and the controller roles together",
        )
    })?;
    let asked = controller.check_repository(repository).await;
    asked.map_err(|reason| {
        Status::invalid(format!("repository {} is not accessible: {reason}", repository.repo))
    })
}

async fn list(call: &Call) -> Value {
    let wanted = normalize_repository_url(call.text("repo"));
    let project = call.text("appProject");
    let afresh = call.flag("forceRefresh") == Some(true);
    let repositories = call.core.control.repositories();
    let seen = repositories
        .iter()
        .filter(|repository| wanted.is_empty() || normalize_repository_url(&repository.repo) == wanted)
        .filter(|repository| {
            project.is_empty() || repository.project.is_empty() || repository.project == project
        })
        .filter(|repository| call.caller.allows("repositories", "get", &object_of(repository)));
    let items = join_all(seen.map(|repository| describe_connected(call, repository, afresh))).await;
    json!({"metadata": {}, "items": items})
}

/// The repository that a request names by `repo` and `appProject`, after checking that the caller may do `action` with it.
fn named(call: &Call, action: &str) -> Result<Repository, Status> {
    let url = crate::api::query_unescape(call.text("repo"));
    let project = call.text("appProject");
    let found = stored(&call.core, &url, project, project.is_empty());
    let object = match &found {
        Some(repository) => object_of(repository),
        None if project.is_empty() => url.clone(),
        None => format!("{project}/{url}"),
    };
    call.caller.enforce("repositories", action, &object)?;
    found.ok_or_else(|| Status::not_found(format!("repo '{url}' not found")))
}

/// A repository with this URL, of this project or, with `any_project`, of whatever one.
fn stored(core: &Core, url: &str, project: &str, any_project: bool) -> Option<Repository> {
    let wanted = normalize_repository_url(url);
    let repositories = core.control.repositories();
    let mut same = repositories.iter().filter(|known| normalize_repository_url(&known.repo) == wanted);
    let exact = same.clone().find(|known| known.project == project);
    exact.or_else(|| if any_project { same.next() } else { None }).cloned()
}

async fn get(call: &Call) -> Result<Value, Status> {
    let repository = named(call, "get")?;
    Ok(describe_connected(call, &repository, call.flag("forceRefresh") == Some(true)).await)
}

/// The repository that a request sends.
fn sent(call: &Call) -> Result<Repository, Status> {
    let repository = call.record::<Option<Repository>>("repo")?.unwrap_or_default();
    if repository.repo.is_empty() {
        return Err(Status::invalid("missing payload in request: a repository with its URL"));
    }
    Ok(repository)
}

async fn create(call: Call) -> Result<Value, Status> {
    let repository = sent(&call)?;
    call.caller.enforce("repositories", "create", &object_of(&repository))?;
    test(&call.core, &repository).await?;
    match stored(&call.core, &repository.repo, &repository.project, false) {
        None => {
            let name = REPOSITORY.name_of(&format!("{}{}", repository.repo, repository.project));
            let none = BTreeMap::new();
            REPOSITORY.create(&call.core.control, &name, repository.secret_entries(), &none, &none).await?;
        }
        Some(known) if known.secret_entries() == repository.secret_entries() => {}
        Some(_) if call.flag("upsert") == Some(true) => {
            call.caller.enforce("repositories", "update", &object_of(&repository))?;
            write(&call, &repository).await?;
        }
        Some(_) => {
            return Err(Status::invalid(
                "existing repository spec is different; use upsert flag to force update",
            ));
        }
    }
    Ok(describe(&call.core, &repository))
}

async fn update(call: Call) -> Result<Value, Status> {
    let repository = sent(&call)?;
    let known = stored(&call.core, &repository.repo, &repository.project, true);
    call.caller.enforce("repositories", "update", &object_of(known.as_ref().unwrap_or(&repository)))?;
    call.caller.enforce("repositories", "update", &object_of(&repository))?;
    if known.is_none_or(|known| known.project != repository.project) {
        return Err(Status::not_found(format!("repo '{}' not found", repository.repo)));
    }
    write(&call, &repository).await?;
    Ok(describe(&call.core, &repository))
}

/// Writes a repository over the one that is there.
async fn write(call: &Call, repository: &Repository) -> Result<(), Status> {
    let control = &call.core.control;
    let secret = secret_of(call, repository).await?;
    records::update(control, &secret, repository.secret_entries(), json!({})).await?;
    call.core.connections.forget(&format!("{} {}", repository.project, repository.repo));
    Ok(())
}

async fn secret_of(call: &Call, repository: &Repository) -> Result<object::Object, Status> {
    let wanted = normalize_repository_url(&repository.repo);
    let secret = REPOSITORY
        .find(&call.core.control, |text| {
            normalize_repository_url(&text("url")) == wanted && text("project") == repository.project
        })
        .await?;
    secret.ok_or_else(|| Status::not_found(format!("repo '{}' not found", repository.repo)))
}

async fn delete(call: Call) -> Result<Value, Status> {
    let repository = named(&call, "delete")?;
    let secret = secret_of(&call, &repository).await?;
    records::remove(&call.core.control, &secret).await?;
    call.core.connections.forget(&format!("{} {}", repository.project, repository.repo));
    Ok(json!({}))
}

/// Whether a repository could be read with what the request says of it. Two keys are written otherwise than in a record.
async fn validate(call: Call) -> Result<Value, Status> {
    let mut members: Map<String, Value> = call.request.as_object().cloned().unwrap_or_default();
    for (here, there) in [("enableOci", "enableOCI"), ("insecureOciForceHttp", "insecureOCIForceHttp")] {
        if let Some(value) = members.remove(here) {
            members.insert(there.to_owned(), value);
        }
    }
    let repository: Repository = serde_json::from_value(Value::Object(members))
        .map_err(|error| Status::invalid(format!("repository: {error}")))?;
    call.caller.enforce("repositories", "create", &object_of(&repository))?;
    test(&call.core, &repository).await?;
    Ok(json!({}))
}
