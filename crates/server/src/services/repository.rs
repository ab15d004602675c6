//! `repository.RepositoryService` and `repocreds.RepoCredsService`: where sources come from. What is secret in them is
//! never told.
//!
//! Deliberately absent: adding and removing repositories and credentials.

use serde_json::{Value, json};
use types::{Repository, normalize_repository_url};

use crate::call::{Call, Handlers};
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    for method in ["repository.RepositoryService/List", "repository.RepositoryService/ListRepositories"] {
        handlers.unary(method, |call| async move { Ok(list(&call)) });
    }
    handlers.unary("repository.RepositoryService/Get", |call| async move { get(&call) });
    handlers.unary("repocreds.RepoCredsService/ListRepositoryCredentials", |call| async move {
        Ok(credentials(&call))
    });
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
pub(super) fn describe(repository: &Repository) -> Value {
    let mut value = serde_json::to_value(repository).unwrap_or_default();
    if let Value::Object(members) = &mut value {
        members.remove("tlsClientCertData");
        members.entry("type").or_insert_with(|| "git".into());
    }
    value
}

fn list(call: &Call) -> Value {
    let wanted = normalize_repository_url(call.text("repo"));
    let project = call.text("appProject");
    let repositories = call.core.control.repositories();
    let items: Vec<Value> = repositories
        .iter()
        .filter(|repository| wanted.is_empty() || normalize_repository_url(&repository.repo) == wanted)
        .filter(|repository| {
            project.is_empty() || repository.project.is_empty() || repository.project == project
        })
        .filter(|repository| call.caller.allows("repositories", "get", &object_of(repository)))
        .map(describe)
        .collect();
    json!({"metadata": {}, "items": items})
}

fn get(call: &Call) -> Result<Value, Status> {
    let url = crate::api::query_unescape(call.text("repo"));
    let wanted = normalize_repository_url(&url);
    let project = call.text("appProject");
    let repositories = call.core.control.repositories();
    let found = repositories
        .iter()
        .filter(|repository| normalize_repository_url(&repository.repo) == wanted)
        .find(|repository| project.is_empty() || repository.project == project);
    let object = match found {
        Some(repository) => object_of(repository),
        None if project.is_empty() => url.clone(),
        None => format!("{project}/{url}"),
    };
    call.caller.enforce("repositories", "get", &object)?;
    found.map(describe).ok_or_else(|| Status::not_found(format!("repo '{url}' not found")))
}

fn credentials(call: &Call) -> Value {
    let url = call.text("url");
    let credentials = call.core.control.repository_credentials();
    let items: Vec<Value> = credentials
        .iter()
        .filter(|credentials| url.is_empty() || credentials.url == url)
        .filter(|credentials| call.caller.allows("repositories", "get", &credentials.url))
        .map(|credentials| json!({"url": credentials.url, "username": credentials.username, "type": credentials.r#type}))
        .collect();
    json!({"metadata": {}, "items": items})
}
