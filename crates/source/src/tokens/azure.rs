//! Azure: service principals and workload identities exchanged for tokens, and those for a registry's own tokens.

use types::Secret;

use super::{Service, Token, form};
use crate::Error;
use crate::access::{Auth, AzureServicePrincipal};

/// Azure DevOps, where Azure's Git repositories are.
pub(super) const GIT_SCOPE: &str = "499b84ac-1321-427f-aa17-267ca6975798/.default";
const PUBLIC_DIRECTORY: &str = "https://login.microsoftonline.com";
/// The user name that stands for "the password is a token" at Azure's registries.
const REGISTRY_USER: &str = "00000000-0000-0000-0000-000000000000";

/// What Azure's webhook tells a pod of the identity it was lent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkloadIdentity {
    /// The identity's application id (`AZURE_CLIENT_ID`).
    pub client_id: String,
    /// Its directory (`AZURE_TENANT_ID`).
    pub tenant_id: String,
    /// The file with the pod's own token (`AZURE_FEDERATED_TOKEN_FILE`).
    pub token_file: String,
    /// The directory service (`AZURE_AUTHORITY_HOST`); empty for the public one.
    pub authority: String,
}

pub(super) async fn service_principal(
    service: &Service<'_>,
    principal: &AzureServicePrincipal,
    scope: &str,
) -> Result<Token, Error> {
    let place = token_place(&principal.endpoint, &principal.tenant_id);
    let request = form(&[
        ("grant_type", "client_credentials"),
        ("client_id", &principal.client_id),
        ("client_secret", principal.client_secret.expose()),
        ("scope", scope),
    ]);
    let answer = service.ask(request(service.client(&place)?.post(&place))).await?;
    service.bearer(&answer)
}

pub(super) async fn workload_identity(service: &Service<'_>, scope: &str) -> Result<Token, Error> {
    let identity = service.options.workload_identity.as_ref().ok_or_else(|| {
        service.misconfigured(
            "this process has no Azure workload identity (AZURE_CLIENT_ID, AZURE_TENANT_ID and \
             AZURE_FEDERATED_TOKEN_FILE); label its pod and service account for it",
        )
    })?;
    let assertion = tokio::fs::read_to_string(&identity.token_file).await.map_err(|error| {
        service.misconfigured(format!("the token file {} cannot be read: {error}", identity.token_file))
    })?;
    let place = token_place(&identity.authority, &identity.tenant_id);
    let request = form(&[
        ("grant_type", "client_credentials"),
        ("client_id", &identity.client_id),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", assertion.trim()),
        ("scope", scope),
    ]);
    let answer = service.ask(request(service.client(&place)?.post(&place))).await?;
    service.bearer(&answer)
}

/// Exchanges a token for Azure's management into a password for one of its registries.
pub(super) async fn registry(
    service: &Service<'_>,
    host: &str,
    management: &Secret<String>,
) -> Result<Token, Error> {
    let scheme = if service.access.plain_http { "http" } else { "https" };
    let place = format!("{scheme}://{host}/oauth2/exchange");
    let tenant = service.options.workload_identity.as_ref().map(|identity| identity.tenant_id.as_str());
    let request = form(&[
        ("grant_type", "access_token"),
        ("service", host),
        ("tenant", tenant.unwrap_or_default()),
        ("access_token", management.expose()),
    ]);
    let answer = service.ask(request(service.client(&place)?.post(&place))).await?;
    let password = Secret::new(service.text(&answer, "refresh_token")?);
    // The answer tells no lifetime; Azure's documentation says three hours.
    let auth = Auth::Basic { username: REGISTRY_USER.into(), password, forced: false };
    Ok(Token::living(auth, 3 * 3600))
}

fn token_place(authority: &str, tenant: &str) -> String {
    let authority = if authority.is_empty() { PUBLIC_DIRECTORY } else { authority };
    format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'))
}
