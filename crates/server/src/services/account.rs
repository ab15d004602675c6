//! `account.AccountService`: local accounts, their passwords and tokens, and what one may do.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use cluster::Patch;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use types::settings::{Account, ApiToken, accounts::ADMIN};
use types::{Time, names, rbac};

use super::settings::PASSWORD_PATTERN;
use crate::call::{Call, Handlers};
use crate::session::{Sessions, login};
use crate::status::{Code, Status};

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("account.AccountService/CanI", |call| async move { can_i(&call) });
    handlers.unary("account.AccountService/ListAccounts", |call| async move { Ok(list(&call)) });
    handlers.unary("account.AccountService/GetAccount", |call| async move { get(&call) });
    handlers.unary("account.AccountService/UpdatePassword", update_password);
    handlers.unary("account.AccountService/CreateToken", create_token);
    handlers.unary("account.AccountService/DeleteToken", delete_token);
}

fn can_i(call: &Call) -> Result<Value, Status> {
    let (resource, action) = (call.text("resource"), call.text("action"));
    if !rbac::RESOURCES.contains(&resource) {
        return Err(Status::invalid(format!("{:?} does not contain {resource}", rbac::RESOURCES)));
    }
    if !rbac::ACTIONS.contains(&action) {
        return Err(Status::invalid(format!("{:?} does not contain {action}", rbac::ACTIONS)));
    }
    let settings = call.core.control.settings();
    let rolls_back_by_sync = settings.config("server.rbac.rollback.enforce.enable") != Some("true");
    let action = if action == "rollback" && rolls_back_by_sync { "sync" } else { action };
    let allowed = call.caller.allows(resource, action, call.text("subresource"));
    Ok(json!({"value": if allowed { "yes" } else { "no" }}))
}

fn describe(account: &Account) -> Value {
    let mut capabilities = Vec::new();
    if account.login {
        capabilities.push("login");
    }
    if account.api_key {
        capabilities.push("apiKey");
    }
    let tokens: Vec<Value> = account
        .tokens
        .iter()
        .map(|token| json!({"id": token.id, "issuedAt": token.iat, "expiresAt": token.exp}))
        .collect();
    json!({
        "name": account.name,
        "enabled": account.enabled,
        "capabilities": capabilities,
        "tokens": tokens,
    })
}

fn list(call: &Call) -> Value {
    let settings = call.core.control.settings();
    let seen = settings.accounts.values().filter(|account| may(call, "get", &account.name).is_ok());
    json!({"items": seen.map(describe).collect::<Vec<_>>()})
}

fn get(call: &Call) -> Result<Value, Status> {
    let name = call.text("name");
    may(call, "get", name)?;
    Ok(describe(&account(call, name)?))
}

/// One's own account needs no permission.
fn may(call: &Call, action: &str, name: &str) -> Result<(), Status> {
    let own = call.caller.identity().and_then(|identity| identity.account.as_deref());
    if own == Some(name) { Ok(()) } else { call.caller.enforce("accounts", action, name) }
}

fn account(call: &Call, name: &str) -> Result<Account, Status> {
    let settings = call.core.control.settings();
    settings
        .accounts
        .get(name)
        .cloned()
        .ok_or_else(|| Status::not_found(format!("account '{name}' does not exist")))
}

/// The prefix of an account's keys in the Secret.
fn prefix(name: &str) -> String {
    if name == ADMIN { ADMIN.to_owned() } else { format!("accounts.{name}") }
}

async fn store(call: &Call, entries: &[(String, Option<String>)]) -> Result<(), Status> {
    let data: Map<String, Value> = entries
        .iter()
        .map(|(key, value)| {
            (key.clone(), value.as_ref().map_or(Value::Null, |value| BASE64.encode(value).into()))
        })
        .collect();
    let patch = Patch::Merge(json!({"data": data}));
    call.core.control.patch_secret(names::SECRET, &patch).await.map(|_| ()).map_err(Status::from)
}

async fn update_password(call: Call) -> Result<Value, Status> {
    let identity = call.caller.identity().cloned().unwrap_or_default();
    let own = identity.account.clone().unwrap_or_default();
    let name = Some(call.text("name")).filter(|name| !name.is_empty()).unwrap_or(&own).to_owned();
    if name != own || own.is_empty() {
        call.caller.enforce("accounts", "update", &name)?;
    }
    let settings = call.core.control.settings();
    if !own.is_empty() {
        // Whoever sits down at an open session must still know the password.
        let hash = account(&call, &own)?.password_hash.map(|hash| hash.expose().clone());
        if !login::verify(call.text("currentPassword"), hash).await {
            return Err(Status::invalid("current password does not match"));
        }
    }
    let pattern = settings.config("passwordPattern").filter(|pattern| !pattern.is_empty());
    let pattern = pattern.unwrap_or(PASSWORD_PATTERN);
    let rule = regex::Regex::new(pattern)
        .map_err(|error| Status::internal(format!("passwordPattern in {}: {error}", names::CONFIG_MAP)))?;
    let password = call.text("newPassword");
    if !rule.is_match(password) {
        let message = format!("new password does not match the following expression: {pattern}.");
        return Err(Status::new(Code::Unknown, message));
    }
    account(&call, &name)?;
    let prefix = prefix(&name);
    let hash = login::hash(password).await?;
    let now = Time(Timestamp::now()).to_string();
    store(
        &call,
        &[(format!("{prefix}.password"), Some(hash)), (format!("{prefix}.passwordMtime"), Some(now))],
    )
    .await?;
    Ok(json!({}))
}

async fn create_token(call: Call) -> Result<Value, Status> {
    let name = call.text("name").to_owned();
    may(&call, "update", &name)?;
    let mut account = account(&call, &name)?;
    if !account.api_key {
        return Err(Status::new(Code::Unknown, format!("account '{name}' does not have apiKey capability")));
    }
    let id = Some(call.text("id")).filter(|id| !id.is_empty()).map_or_else(Sessions::new_id, str::to_owned);
    if account.tokens.iter().any(|token| token.id == id) {
        return Err(Status::new(Code::Unknown, format!("account already has token with id '{id}'")));
    }
    let seconds = call.number("expiresIn").filter(|seconds| *seconds > 0);
    let token = call.core.sessions.issue(&format!("{name}:apiKey"), &id, seconds, &call.core.control)?;
    let now = Timestamp::now().as_second();
    let exp = seconds.map_or(0, |seconds| now + seconds);
    account.tokens.retain(|token| token.exp == 0 || token.exp > now);
    account.tokens.push(ApiToken { id, iat: now, exp });
    store_tokens(&call, &name, &account.tokens).await?;
    Ok(json!({"token": token}))
}

async fn delete_token(call: Call) -> Result<Value, Status> {
    let name = call.text("name").to_owned();
    may(&call, "update", &name)?;
    let mut account = account(&call, &name)?;
    let id = call.text("id");
    account.tokens.retain(|token| token.id != id);
    store_tokens(&call, &name, &account.tokens).await?;
    Ok(json!({}))
}

async fn store_tokens(call: &Call, name: &str, tokens: &[ApiToken]) -> Result<(), Status> {
    let text = if tokens.is_empty() {
        None
    } else {
        Some(serde_json::to_string(tokens).map_err(|error| Status::internal(error.to_string()))?)
    };
    store(call, &[(format!("{}.tokens", prefix(name)), text)]).await
}
