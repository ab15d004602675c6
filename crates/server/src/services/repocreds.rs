//! `repocreds.RepoCredsService`: credentials for all repositories below a URL. What is secret in them is never told.
//!
//! Deliberately absent: credentials to push with.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use types::RepoCreds;

use super::records::{self, CREDENTIALS};
use crate::call::{Call, Handlers};
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers
        .unary("repocreds.RepoCredsService/ListRepositoryCredentials", |call| async move { Ok(list(&call)) });
    handlers.unary("repocreds.RepoCredsService/CreateRepositoryCredentials", create);
    handlers.unary("repocreds.RepoCredsService/UpdateRepositoryCredentials", update);
    handlers.unary("repocreds.RepoCredsService/DeleteRepositoryCredentials", delete);
}

fn describe(credentials: &RepoCreds) -> Value {
    json!({"url": credentials.url, "username": credentials.username, "type": credentials.r#type})
}

fn list(call: &Call) -> Value {
    let url = call.text("url");
    let credentials = call.core.control.repository_credentials();
    let items: Vec<Value> = credentials
        .iter()
        .filter(|credentials| url.is_empty() || credentials.url == url)
        .filter(|credentials| call.caller.allows("repositories", "get", &credentials.url))
        .map(describe)
        .collect();
    json!({"metadata": {}, "items": items})
}

/// The credentials that a request sends.
fn sent(call: &Call) -> Result<RepoCreds, Status> {
    let credentials = call.record::<Option<RepoCreds>>("creds")?.unwrap_or_default();
    if credentials.url.is_empty() {
        return Err(Status::invalid("missing payload in request: credentials with their URL"));
    }
    Ok(credentials)
}

fn stored(call: &Call, url: &str) -> Option<RepoCreds> {
    call.core.control.repository_credentials().iter().find(|known| known.url == url).cloned()
}

async fn create(call: Call) -> Result<Value, Status> {
    let credentials = sent(&call)?;
    call.caller.enforce("repositories", "create", &credentials.url)?;
    match stored(&call, &credentials.url) {
        None => {
            let (name, none) = (CREDENTIALS.name_of(&credentials.url), BTreeMap::new());
            CREDENTIALS.create(&call.core.control, &name, credentials.secret_entries(), &none, &none).await?;
        }
        Some(known) if known.secret_entries() == credentials.secret_entries() => {}
        Some(_) if call.flag("upsert") == Some(true) => {
            call.caller.enforce("repositories", "update", &credentials.url)?;
            write(&call, &credentials).await?;
        }
        Some(_) => {
            return Err(Status::invalid(
                "existing repository credentials spec is different; use upsert flag to force update",
            ));
        }
    }
    Ok(describe(&credentials))
}

async fn update(call: Call) -> Result<Value, Status> {
    let credentials = sent(&call)?;
    call.caller.enforce("repositories", "update", &credentials.url)?;
    write(&call, &credentials).await?;
    Ok(describe(&credentials))
}

async fn secret_of(call: &Call, url: &str) -> Result<object::Object, Status> {
    let secret = CREDENTIALS.find(&call.core.control, |text| text("url") == url).await?;
    secret.ok_or_else(|| Status::not_found(format!("repository credentials '{url}' not found")))
}

async fn write(call: &Call, credentials: &RepoCreds) -> Result<(), Status> {
    let secret = secret_of(call, &credentials.url).await?;
    records::update(&call.core.control, &secret, credentials.secret_entries(), json!({})).await
}

async fn delete(call: Call) -> Result<Value, Status> {
    let url = crate::api::query_unescape(call.text("url"));
    call.caller.enforce("repositories", "delete", &url)?;
    let secret = secret_of(&call, &url).await?;
    records::remove(&call.core.control, &secret).await?;
    Ok(json!({}))
}
