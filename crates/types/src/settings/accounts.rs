//! Local accounts: the keys `accounts.*` and `admin.*` of `argocd-cm` and `argocd-secret`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Reader, parse};
use crate::meta::Time;
use crate::secret::Secret;

/// One local account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The account's name.
    pub name: String,
    /// Whether it may be used at all.
    pub enabled: bool,
    /// Whether it may log in with a password.
    pub login: bool,
    /// Whether tokens may be made for it.
    pub api_key: bool,
    /// The bcrypt hash of its password.
    pub password_hash: Option<Secret<String>>,
    /// When the password was changed; older tokens are rejected.
    pub password_mtime: Option<Time>,
    /// The tokens that were made for it.
    pub tokens: Vec<ApiToken>,
}

/// A token made for an account, as it is recorded; the token itself is not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApiToken {
    /// Its id (the claim `jti`).
    pub id: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it ends, in seconds since 1970; 0 for never.
    #[serde(skip_serializing_if = "crate::json::is_zero")]
    pub exp: i64,
}

/// The name of the built-in administrator.
pub const ADMIN: &str = "admin";

pub(super) fn parse(
    reader: &mut Reader<'_>,
    secrets: &BTreeMap<String, Secret<String>>,
) -> BTreeMap<String, Account> {
    let mut accounts = BTreeMap::new();
    // A bad value only logs: the administrator stays enabled.
    if reader.strict_bool("admin.enabled", true) {
        let mut admin = Account { name: ADMIN.into(), enabled: true, login: true, ..Account::default() };
        if let Some(capabilities) = reader.get("accounts.admin") {
            admin.api_key = parse::list(capabilities).iter().any(|capability| capability == "apiKey");
        }
        fill(reader, &mut admin, "admin", secrets);
        accounts.insert(ADMIN.to_owned(), admin);
    }
    let declared: Vec<(String, String)> = reader
        .data
        .iter()
        .filter_map(|(key, value)| Some((key.strip_prefix("accounts.")?.to_owned(), value.clone())))
        .collect();
    for (name, capabilities) in declared {
        if name.contains('.') || name == ADMIN {
            continue;
        }
        let key = format!("accounts.{name}");
        let mut account = Account { name: name.clone(), ..Account::default() };
        for capability in parse::list(&capabilities) {
            match capability.as_str() {
                "login" => account.login = true,
                "apiKey" => account.api_key = true,
                other => reader.problem(&key, format!("unknown capability {other:?}; use login or apiKey")),
            }
        }
        account.enabled = reader.strict_bool(&format!("{key}.enabled"), true);
        fill(reader, &mut account, &key, secrets);
        accounts.insert(name, account);
    }
    accounts
}

fn fill(
    reader: &mut Reader<'_>,
    account: &mut Account,
    prefix: &str,
    secrets: &BTreeMap<String, Secret<String>>,
) {
    let value = |suffix: &str| {
        secrets.get(&format!("{prefix}.{suffix}")).map(|secret| secret.expose().trim().to_owned())
    };
    account.password_hash = value("password").filter(|hash| !hash.is_empty()).map(Secret::new);
    account.password_mtime = value("passwordMtime").and_then(|text| text.parse().ok());
    if let Some(tokens) = value("tokens").filter(|tokens| !tokens.is_empty()) {
        match serde_json::from_str(&tokens) {
            Ok(tokens) => account.tokens = tokens,
            Err(error) => {
                reader.problem(&format!("{prefix}.tokens"), format!("not a list of tokens: {error}"));
            }
        }
    }
}
