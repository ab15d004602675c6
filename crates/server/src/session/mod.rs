//! Who calls: tokens, where they travel, and what they prove.
//!
//! - `token`: JWTs, issued and verified. `cookie`: tokens in cookies, in chunks.
//! - `login`: passwords, checked slowly and seldom. `setup`: the first start's password and keys.
//!
//! Deliberately absent: single sign-on.

mod cookie;
pub(crate) mod login;
mod setup;
mod token;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::time::Duration;

use cluster::ControlPlane;
use http::{HeaderMap, header};
use jiff::Timestamp;
use parking_lot::Mutex;
use types::names;
use types::rbac::{PROJECT_SUBJECT_PREFIX, Subject};
use types::settings::Settings;

use crate::options::Admission;
use crate::status::Status;

pub(crate) use cookie::{clear as clear_cookies, set as set_cookies};
pub(crate) use setup::{prepare, remember};
pub(crate) use token::Claims;

/// A login token with less time left than this is replaced on the way.
const RENEWAL: Duration = Duration::from_secs(5 * 60);

/// Somebody who is known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Identity {
    /// What policies know the caller as.
    pub(crate) subject: Subject,
    /// What people know the caller as.
    pub(crate) user_name: String,
    /// Who vouches for the identity.
    pub(crate) issuer: String,
    /// When the token was made.
    pub(crate) issued_at: Option<Timestamp>,
    /// The local account, when it is one.
    pub(crate) account: Option<String>,
}

/// A valid session.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// `None` for somebody who is let in without being known to have a name, when authentication is off.
    pub(crate) identity: Option<Identity>,
    /// A token that replaces the presented one.
    pub(crate) renewed: Option<String>,
}

/// The token that a request brought along.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Presented {
    pub(crate) token: Option<String>,
}

impl Presented {
    /// Looks in the metadata `token` (empty means none), then in `Authorization`, then in cookies.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if let Some(token) = headers.get("token").and_then(|value| value.to_str().ok()) {
            return Self { token: Some(token.to_owned()).filter(|token| !token.is_empty()) };
        }
        let bearer = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .map(str::trim)
            .filter(|token| token.split('.').count() == 3);
        match bearer {
            Some(token) => Self { token: Some(token.to_owned()) },
            None => Self { token: cookie::read(headers) },
        }
    }
}

/// Issues and verifies sessions.
pub(crate) struct Sessions {
    admission: Admission,
    pub(crate) login: login::Logins,
    /// When revoked tokens would have ended, by id.
    revoked: Mutex<HashMap<String, i64>>,
}

impl Sessions {
    pub(crate) fn new(admission: Admission, login_delay: Duration) -> Self {
        Self { admission, login: login::Logins::new(login_delay), revoked: Mutex::default() }
    }

    /// Verifies what a request brought along.
    pub(crate) fn authenticate(
        &self,
        presented: &Presented,
        control: &ControlPlane,
    ) -> Result<Session, Status> {
        if let Admission::Bearer(wanted) = &self.admission {
            let shown = presented.token.as_deref().unwrap_or_default();
            return if same_secret(shown, wanted.expose()) {
                Ok(Session { identity: Some(Identity::default()), renewed: None })
            } else {
                Err(Status::unauthenticated(
                    "this server answers the process that started it, and nobody else",
                ))
            };
        }
        let settings = control.settings();
        let verified = match &presented.token {
            None => Err(Status::unauthenticated("no session information")),
            Some(token) => self
                .verify(token, &settings, control)
                .map_err(|reason| Status::unauthenticated(format!("invalid session: {reason}"))),
        };
        match verified {
            Err(_) if settings.anonymous => {
                Ok(Session { identity: Some(Identity::default()), renewed: None })
            }
            other => other,
        }
    }

    fn verify(&self, text: &str, settings: &Settings, control: &ControlPlane) -> Result<Session, String> {
        let key = signing_key(control)?;
        let claims = token::verify(text, &key)?;
        let issued_at = Timestamp::from_second(claims.iat).ok();
        if self.revoked.lock().contains_key(&claims.jti) {
            return Err("the token was revoked".to_owned());
        }
        if let Some(role) = claims.sub.strip_prefix(PROJECT_SUBJECT_PREFIX) {
            verify_project_token(role, &claims, control)?;
            let subject = Subject { name: claims.sub.clone(), groups: Vec::new() };
            let identity = Identity {
                user_name: claims.sub.clone(),
                subject,
                issuer: claims.iss,
                issued_at,
                account: None,
            };
            return Ok(Session { identity: Some(identity), renewed: None });
        }
        let (name, capability) = claims.sub.split_once(':').unwrap_or((&claims.sub, "apiKey"));
        let account = settings.accounts.get(name).ok_or_else(|| format!("account {name} does not exist"))?;
        if !account.enabled {
            return Err(format!("account {name} is disabled"));
        }
        if claims.jti.is_empty() {
            return Err("the token has no id".to_owned());
        }
        match capability {
            "login" if account.login => {}
            "apiKey" if account.api_key => {
                if !account.tokens.iter().any(|token| token.id == claims.jti) {
                    return Err(format!("account {name} does not have token with id {}", claims.jti));
                }
            }
            other => return Err(format!("account {name} does not have {other} capability")),
        }
        if account.password_mtime.is_some_and(|changed| claims.iat < changed.0.as_second()) {
            return Err("account password has changed since token issued".to_owned());
        }
        let renewed = match claims.exp {
            Some(end) if capability == "login" && renewal_is_due(end) => {
                token::issue(&claims.sub, &token::new_id(), Some(end - claims.iat), &key).ok()
            }
            _ => None,
        };
        let identity = Identity {
            subject: Subject { name: name.to_owned(), groups: Vec::new() },
            user_name: name.to_owned(),
            issuer: claims.iss.clone(),
            issued_at,
            account: Some(name.to_owned()),
        };
        Ok(Session { identity: Some(identity), renewed })
    }

    /// Makes a token for `subject`, such as `admin:login`, that ends after `seconds` (never for `None`).
    pub(crate) fn issue(
        &self,
        subject: &str,
        id: &str,
        seconds: Option<i64>,
        control: &ControlPlane,
    ) -> Result<String, Status> {
        let key = signing_key(control).map_err(Status::internal)?;
        token::issue(subject, id, seconds, &key).map_err(Status::internal)
    }

    /// Makes a token id.
    pub(crate) fn new_id() -> String {
        token::new_id()
    }

    /// The claims of a token that this installation signed.
    pub(crate) fn claims(&self, text: &str, control: &ControlPlane) -> Option<Claims> {
        token::verify(text, &signing_key(control).ok()?).ok()
    }

    /// Ends a token before its time.
    pub(crate) fn revoke(&self, claims: &Claims) {
        let now = Timestamp::now().as_second();
        let mut revoked = self.revoked.lock();
        revoked.retain(|_, end| *end > now);
        revoked.insert(claims.jti.clone(), claims.exp.unwrap_or(i64::MAX));
    }
}

fn renewal_is_due(end: i64) -> bool {
    end - Timestamp::now().as_second() < RENEWAL.as_secs().cast_signed()
}

/// Compares two texts in a time that says nothing about where they differ.
fn same_secret(left: &str, right: &str) -> bool {
    left.len() == right.len()
        && left.bytes().zip(right.bytes()).fold(0, |seen, (left, right)| seen | (left ^ right)) == 0
}

fn signing_key(control: &ControlPlane) -> Result<Vec<u8>, String> {
    control
        .secret_value(names::SECRET, "server.secretkey")
        .map(|key| key.expose().clone())
        .filter(|key| !key.is_empty())
        .ok_or_else(|| format!("Secret {} has no server.secretkey", names::SECRET))
}

fn verify_project_token(role: &str, claims: &Claims, control: &ControlPlane) -> Result<(), String> {
    let (project_name, role) = role.split_once(':').ok_or_else(|| format!("{role} is no project role"))?;
    let project =
        control.project(project_name).ok_or_else(|| format!("project {project_name} does not exist"))?;
    let known = project.status.jwt_tokens_by_role.get(role).is_some_and(|tokens| {
        tokens
            .items
            .iter()
            .any(|token| if claims.jti.is_empty() { token.iat == claims.iat } else { token.id == claims.jti })
    });
    if known { Ok(()) } else { Err(format!("project {project_name} has no such token for role {role}")) }
}
