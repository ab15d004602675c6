//! GitHub Apps: the App signs for itself, and its installation gives out tokens for the repositories it was given.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use types::Secret;

use super::{Service, Token, Tokens, jwt};
use crate::access::{Auth, GitHubApp};
use crate::{Error, url};

/// Installations asked for at a time.
const PAGE: usize = 100;
/// Pages of installations that are read.
const MAX_PAGES: usize = 50;
/// How long the installation of an owner is taken for unchanged.
const INSTALLATION_LIFETIME: Duration = Duration::from_secs(3600);

/// The organization or user that a repository belongs to: the first segment of its path.
pub(super) fn owner(repository: &str) -> String {
    let normal = url::normalize(repository);
    let rest = normal.split_once("://").map_or(normal.as_str(), |(_, rest)| rest);
    rest.split('/').nth(1).unwrap_or_default().to_owned()
}

impl Tokens {
    pub(super) async fn github(
        &self,
        service: &Service<'_>,
        app: &GitHubApp,
        identity: u64,
    ) -> Result<Token, Error> {
        let base = if app.base_url.is_empty() { "https://api.github.com" } else { &app.base_url };
        let base = base.trim_end_matches('/');
        let now = jiff::Timestamp::now().as_second();
        // A minute back for clocks that differ; GitHub takes ten minutes at most.
        let claims = json!({"iat": now - 60, "exp": now + 540, "iss": app.id.to_string()});
        let app_token =
            jwt::rs256(&claims, None, &app.private_key).map_err(|reason| service.misconfigured(reason))?;
        let client = service.client(base)?;
        let installation = match app.installation {
            0 => self.installation(service, &client, base, &app_token, identity).await?,
            known => known,
        };
        let place = format!("{base}/app/installations/{installation}/access_tokens");
        let request = client
            .post(place)
            .bearer_auth(&app_token)
            .header("accept", "application/vnd.github+json")
            .header("content-length", "0");
        let answer = service.ask(request).await?;
        let password = Secret::new(service.text(&answer, "token")?);
        let expires: Option<jiff::Timestamp> =
            answer.get("expires_at").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let seconds = expires.map_or(3600, |expires| expires.as_second() - now);
        let auth = Auth::Basic { username: "x-access-token".into(), password, forced: false };
        Ok(Token::living(auth, seconds))
    }

    /// The App's installation at the repository's owner.
    async fn installation(
        &self,
        service: &Service<'_>,
        client: &reqwest::Client,
        base: &str,
        app_token: &str,
        identity: u64,
    ) -> Result<i64, Error> {
        let owner = owner(service.repository);
        let key = (identity, owner.clone());
        if let Some((id, found)) = self.installations.lock().get(&key)
            && found.elapsed() < INSTALLATION_LIFETIME
        {
            return Ok(*id);
        }
        for page in 1..=MAX_PAGES {
            let place = format!("{base}/app/installations?per_page={PAGE}&page={page}");
            let request =
                client.get(place).bearer_auth(app_token).header("accept", "application/vnd.github+json");
            let answer = service.ask(request).await?;
            let listed = answer.as_array().map(Vec::as_slice).unwrap_or_default();
            let of_owner = |installation: &&Value| {
                let login = installation.pointer("/account/login").and_then(Value::as_str);
                login.is_some_and(|login| login.eq_ignore_ascii_case(&owner))
            };
            if let Some(id) =
                listed.iter().find(of_owner).and_then(|found| found.get("id")).and_then(Value::as_i64)
            {
                self.installations.lock().insert(key, (id, Instant::now()));
                return Ok(id);
            }
            if listed.len() < PAGE {
                break;
            }
        }
        Err(Error::Denied {
            repository: service.name(),
            action: service.action,
            reason: format!(
                "the App is not installed at {owner:?}; install it there, or set githubAppInstallationID"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_owner_is_the_first_segment() {
        for (url, owner) in [
            ("https://github.com/Org/repo.git", "org"),
            ("https://ghe.example.com:8443/team/sub/repo", "team"),
            ("git@github.com:org/repo.git", "org"),
            ("https://github.com", ""),
        ] {
            assert_eq!(super::owner(url), owner, "{url}");
        }
    }
}
