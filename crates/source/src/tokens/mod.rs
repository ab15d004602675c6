//! Identities exchanged for tokens: GitHub Apps, Google Cloud service accounts, and Azure.
//!
//! [`Tokens::ready`] turns an [`Access`] that names such an identity into one with a password or a bearer token, asking
//! the token service only when there is no token that still lives. One question per identity at a time is under way;
//! all who need its token wait for it.

mod azure;
mod github;
mod google;
mod jwt;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use types::Secret;

pub use azure::WorkloadIdentity;

use crate::access::{Access, Auth};
use crate::{Error, Options, http, url};

/// The most bytes of a token service's answer.
const MAX_ANSWER: u64 = 4 << 20;

/// A token and how to show it.
#[derive(Clone)]
struct Token {
    auth: Auth,
    /// From when on a new one is asked for.
    renew: Instant,
}

impl Token {
    /// A token that lives for so many seconds from now. It is renewed a little earlier, so that it does not die on
    /// its way.
    fn living(auth: Auth, seconds: i64) -> Self {
        let seconds = u64::try_from(seconds).unwrap_or_default();
        let margin = (seconds / 10).min(300);
        let now = Instant::now();
        Self { auth, renew: now + Duration::from_secs(seconds - margin) }
    }
}

/// The tokens that live, by identity.
pub(crate) struct Tokens {
    options: Arc<Options>,
    known: Mutex<HashMap<u64, Arc<tokio::sync::Mutex<Option<Token>>>>>,
    /// Installations of GitHub Apps by owner, for an hour.
    installations: Mutex<HashMap<(u64, String), (i64, Instant)>>,
}

/// A token service: how it is reached, and for whom it is asked.
struct Service<'a> {
    repository: &'a str,
    access: &'a Access,
    options: &'a Options,
    action: &'static str,
}

impl Tokens {
    pub(crate) fn new(options: Arc<Options>) -> Self {
        Self { options, known: Mutex::default(), installations: Mutex::default() }
    }

    /// `access` with something that the repository's server takes: itself, unless its identity has to be exchanged.
    ///
    /// # Errors
    /// When the token service refuses the identity or cannot be asked.
    pub(crate) async fn ready(&self, repository: &str, access: &Access) -> Result<Access, Error> {
        self.ready_for(repository, access, azure::GIT_SCOPE).await
    }

    /// As [`Tokens::ready`], for another resource of Azure.
    async fn ready_for(&self, repository: &str, access: &Access, scope: &str) -> Result<Access, Error> {
        let fixed =
            matches!(access.auth, Auth::Anonymous | Auth::Basic { .. } | Auth::Bearer(_) | Auth::SshKey(_));
        if fixed {
            return Ok(access.clone());
        }
        let slot = self.slot(repository, access, scope);
        let mut known = slot.lock().await;
        if let Some(token) = known.as_ref().filter(|token| Instant::now() < token.renew) {
            return Ok(Access { auth: token.auth.clone(), ..access.clone() });
        }
        let token = self.exchange(repository, access, scope).await?;
        let auth = token.auth.clone();
        *known = Some(token);
        Ok(Access { auth, ..access.clone() })
    }

    /// Forgets the token of an access, after a server has refused it.
    pub(crate) fn refused(&self, repository: &str, access: &Access) {
        let slot = self.slot(repository, access, azure::GIT_SCOPE);
        // Somebody who holds it is getting a new one already.
        if let Ok(mut known) = slot.try_lock() {
            *known = None;
        }
    }

    fn slot(&self, repository: &str, access: &Access, scope: &str) -> Arc<tokio::sync::Mutex<Option<Token>>> {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        access.identity().hash(&mut hasher);
        scope.hash(&mut hasher);
        if matches!(&access.auth, Auth::GitHubApp(app) if app.installation == 0) {
            github::owner(repository).hash(&mut hasher);
        }
        self.known.lock().entry(hasher.finish()).or_default().clone()
    }

    async fn exchange(&self, repository: &str, access: &Access, scope: &str) -> Result<Token, Error> {
        let service = |action| Service { repository, access, options: &self.options, action };
        match &access.auth {
            Auth::GitHubApp(app) => {
                self.github(&service("get a token for the GitHub App"), app, access.identity()).await
            }
            Auth::Google(key) => google::token(&service("get a token from Google"), key).await,
            Auth::AzureServicePrincipal(principal) => {
                azure::service_principal(&service("get a token from Azure"), principal, scope).await
            }
            Auth::AzureWorkloadIdentity => {
                azure::workload_identity(&service("get a token from Azure"), scope).await
            }
            Auth::Anonymous | Auth::Basic { .. } | Auth::Bearer(_) | Auth::SshKey(_) => {
                Ok(Token { auth: access.auth.clone(), renew: Instant::now() })
            }
        }
    }

    /// An access that an Azure container registry takes, from an Azure identity.
    ///
    /// # Errors
    /// As [`Tokens::ready`].
    pub(crate) async fn ready_for_registry(&self, host: &str, access: &Access) -> Result<Access, Error> {
        if access.auth != Auth::AzureWorkloadIdentity {
            return self.ready(host, access).await;
        }
        let slot = self.slot(host, access, host);
        let mut known = slot.lock().await;
        if let Some(token) = known.as_ref().filter(|token| Instant::now() < token.renew) {
            return Ok(Access { auth: token.auth.clone(), ..access.clone() });
        }
        let scope = format!("{}/.default", self.options.azure_token_resource.trim_end_matches('/'));
        let armed = self.ready_for(host, access, &scope).await?;
        let Auth::Bearer(arm) = &armed.auth else { return Ok(armed) };
        let service = Service {
            repository: host,
            access,
            options: &self.options,
            action: "get a token from the Azure registry",
        };
        let token = azure::registry(&service, host, arm).await?;
        let auth = token.auth.clone();
        *known = Some(token);
        Ok(Access { auth, ..access.clone() })
    }
}

impl Service<'_> {
    fn name(&self) -> String {
        url::without_credentials(self.repository)
    }

    fn misconfigured(&self, reason: impl std::fmt::Display) -> Error {
        Error::Configuration {
            repository: self.name(),
            reason: self.access.redact(&format!("could not {}: {reason}", self.action)),
        }
    }

    /// A client for the service's own host: with its trust, but none of the repository's certificates.
    fn client(&self, place: &str) -> Result<reqwest::Client, Error> {
        if let Some(reason) = http::forbidden_url(place) {
            return Err(self.misconfigured(reason));
        }
        let deadline = self.options.list_deadline;
        let access = self.access.anonymous(place);
        http::client(self.repository, &access, deadline, deadline, http::Redirects::Refused)
    }

    /// The JSON that the service answers a request with.
    async fn ask(&self, request: reqwest::RequestBuilder) -> Result<serde_json::Value, Error> {
        let failed = |error: reqwest::Error| {
            if error.is_timeout() {
                let seconds = self.options.list_deadline.as_secs();
                return Error::Deadline { repository: self.name(), action: self.action, seconds };
            }
            let reason = self.access.redact(&http::explain(error));
            Error::Remote { repository: self.name(), action: self.action, reason }
        };
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        let data = http::body(&mut response, MAX_ANSWER).await.map_err(failed)?.unwrap_or_default();
        let answer: serde_json::Value = serde_json::from_slice(&data).unwrap_or_default();
        if status.is_success() && !answer.is_null() {
            return Ok(answer);
        }
        let said = ["error_description", "message", "error"]
            .iter()
            .find_map(|key| answer.get(key)?.as_str())
            .unwrap_or("no reason was given");
        let said: String = said.lines().next().unwrap_or_default().chars().take(300).collect();
        let reason = self.access.redact(&format!("the token service answered {status}: {said}"));
        let (repository, action) = (self.name(), self.action);
        Err(match status.as_u16() {
            400 | 401 | 403 | 404 => Error::Denied { repository, action, reason },
            _ => Error::Remote { repository, action, reason },
        })
    }

    /// A text of the answer that has to be there.
    fn text(&self, answer: &serde_json::Value, key: &str) -> Result<String, Error> {
        answer.get(key).and_then(serde_json::Value::as_str).map(str::to_owned).ok_or_else(|| Error::Remote {
            repository: self.name(),
            action: self.action,
            reason: format!("the token service's answer has no {key:?}"),
        })
    }

    /// The bearer token of an OAuth answer.
    fn bearer(&self, answer: &serde_json::Value) -> Result<Token, Error> {
        let token = Secret::new(self.text(answer, "access_token")?);
        Ok(Token::living(Auth::Bearer(token), lifetime(answer)))
    }
}

/// Seconds that the token of an OAuth answer lives; some services send them as text.
fn lifetime(answer: &serde_json::Value) -> i64 {
    let value = answer.get("expires_in");
    value.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok())).unwrap_or(3600)
}

/// Puts a form into a request.
fn form(fields: &[(&str, &str)]) -> impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder + use<> {
    let mut body = String::new();
    for (name, value) in fields {
        let separator = if body.is_empty() { "" } else { "&" };
        body.push_str(&format!("{separator}{name}={}", percent(value)));
    }
    move |request| request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// `text` with everything but unreserved characters percent-encoded.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
