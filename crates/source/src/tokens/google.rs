//! Google Cloud service accounts: a token signed with the account's key is exchanged for an access token.

use serde_json::{Value, json};
use types::Secret;

use super::{Service, Token, jwt, lifetime};
use crate::Error;
use crate::access::Auth;

const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A password for the account named in the key file; the account's address is the user name.
pub(super) async fn token(service: &Service<'_>, key_file: &Secret<String>) -> Result<Token, Error> {
    let file: Value = serde_json::from_str(key_file.expose())
        .map_err(|_| service.misconfigured("gcpServiceAccountKey is not the JSON of a key file"))?;
    let text = |key: &str| file.get(key).and_then(Value::as_str).unwrap_or_default();
    if text("type") != "service_account" || text("client_email").is_empty() || text("private_key").is_empty()
    {
        return Err(service.misconfigured(
            "gcpServiceAccountKey is not the key file of a service account (type, client_email, private_key)",
        ));
    }
    let place = match text("token_uri") {
        "" => "https://oauth2.googleapis.com/token",
        place => place,
    };
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "iss": text("client_email"), "scope": SCOPE, "aud": place, "iat": now, "exp": now + 3600,
    });
    let key = Secret::new(text("private_key").to_owned());
    let assertion = jwt::rs256(&claims, Some(text("private_key_id")), &key)
        .map_err(|reason| service.misconfigured(reason))?;
    let form = super::form(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", &assertion),
    ]);
    let answer = service.ask(form(service.client(place)?.post(place))).await?;
    let password = Secret::new(service.text(&answer, "access_token")?);
    let auth = Auth::Basic { username: text("client_email").to_owned(), password, forced: false };
    Ok(Token::living(auth, lifetime(&answer)))
}
