//! How one repository is reached: who we say we are, whom we trust, and the way there.
//!
//! An [`Access`] is plain data made by [`crate::Credentials`]. Identities that have to be exchanged for a token first
//! (GitHub Apps, Google Cloud, Azure) are exchanged by `tokens`, right before a request.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use types::{Repository, Secret};

use crate::credentials::Credentials;
use crate::url;

/// How one repository is reached.
#[derive(Debug, Clone)]
pub struct Access {
    /// The record's name (`name`), by which chart dependencies may refer to it.
    pub name: String,
    /// How to say who we are.
    pub auth: Auth,
    /// Whether server certificates and SSH host keys go unchecked.
    pub insecure: bool,
    /// The only trusted root certificates, as PEM.
    pub certificate_authority: Option<String>,
    /// A TLS client certificate and its key, as PEM.
    pub client_certificate: Option<(String, Secret<String>)>,
    /// A proxy URL; empty for none.
    pub proxy: Secret<String>,
    /// Hosts that are not to be reached through the proxy.
    pub no_proxy: String,
    /// The text of `ssh_known_hosts`.
    pub known_hosts: Arc<str>,
    /// Whether a Helm repository is an OCI registry.
    pub enable_oci: bool,
    /// Whether a registry is reached over plain HTTP.
    pub plain_http: bool,
    /// Whether Git LFS pointers are replaced by the files they stand for (`enableLfs`).
    pub enable_lfs: bool,
    /// Whether chart archives on other hosts than the repository's get the credentials too (`passCredentials` of the
    /// source).
    pub pass_credentials: bool,
    /// Whether the repository came from a record rather than from nothing.
    pub known: bool,
    /// What the same project may use elsewhere: for submodules and token services on other hosts.
    pub elsewhere: Elsewhere,
}

/// The credentials that applications of one project see, for what a repository leads to on other hosts.
#[derive(Clone, Default)]
pub struct Elsewhere {
    credentials: Option<(Arc<Credentials>, Arc<str>)>,
}

impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let project = self.credentials.as_ref().map(|(_, project)| project);
        formatter.debug_struct("Elsewhere").field("project", &project).finish()
    }
}

impl Elsewhere {
    pub(crate) fn new(credentials: Credentials, project: &str) -> Self {
        Self { credentials: Some((Arc::new(credentials), project.into())) }
    }

    /// How the project reaches another repository; without credentials when nothing is known of it.
    pub(crate) fn access(&self, repository: &str) -> Access {
        match &self.credentials {
            Some((credentials, project)) => credentials.access(repository, project),
            None => Access::default(),
        }
    }

    /// The only roots that are trusted for a host.
    pub(crate) fn authority(&self, host: &str) -> Option<&String> {
        self.credentials.as_ref().and_then(|(credentials, _)| credentials.certificates.get(host))
    }
}

/// How to say who we are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Auth {
    /// Not at all.
    #[default]
    Anonymous,
    /// User name and password; `forced` sends them without being asked.
    Basic {
        /// The user's name.
        username: String,
        /// The password or token.
        password: Secret<String>,
        /// Whether to send them before the server asks.
        forced: bool,
    },
    /// A bearer token.
    Bearer(Secret<String>),
    /// A private key for SSH, in PEM or OpenSSH form.
    SshKey(Secret<String>),
    /// A GitHub App, whose installation gives tokens.
    GitHubApp(GitHubApp),
    /// The key file of a Google Cloud service account, as JSON.
    Google(Secret<String>),
    /// The Azure identity that the cluster lends to this process.
    AzureWorkloadIdentity,
    /// An application registered with Azure.
    AzureServicePrincipal(AzureServicePrincipal),
}

/// A GitHub App as a repository record names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GitHubApp {
    /// The App's id.
    pub id: i64,
    /// The installation; 0 when it has to be found by the repository's owner.
    pub installation: i64,
    /// The App's private key, as PEM.
    pub private_key: Secret<String>,
    /// The API's URL on GitHub Enterprise; empty for github.com.
    pub base_url: String,
}

/// An Azure service principal as a repository record names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AzureServicePrincipal {
    /// The application's id.
    pub client_id: String,
    /// One of its secrets.
    pub client_secret: Secret<String>,
    /// The directory it belongs to.
    pub tenant_id: String,
    /// The directory service's URL; empty for the public one.
    pub endpoint: String,
}

impl Default for Access {
    fn default() -> Self {
        Self::of(&Repository::default(), None, "".into(), false)
    }
}

impl Access {
    /// How the repository of a record is reached.
    pub fn of(record: &Repository, authority: Option<String>, known_hosts: Arc<str>, known: bool) -> Self {
        let client_certificate = (!record.tls_client_cert_data.is_empty()
            && !record.tls_client_cert_key.expose().is_empty())
        .then(|| (record.tls_client_cert_data.clone(), record.tls_client_cert_key.clone()));
        Self {
            name: record.name.clone(),
            auth: auth_of(record),
            insecure: record.insecure || record.insecure_ignore_host_key,
            certificate_authority: authority,
            client_certificate,
            proxy: Secret::new(record.proxy.clone()),
            no_proxy: record.no_proxy.clone(),
            known_hosts,
            enable_oci: record.enable_oci || record.r#type == "oci",
            plain_http: record.insecure_oci_force_http,
            enable_lfs: record.enable_lfs,
            pass_credentials: false,
            known,
            elsewhere: Elsewhere::default(),
        }
    }

    /// The same way without a word about who we are, for servers that are not the repository's own.
    pub(crate) fn anonymous(&self, place: &str) -> Self {
        Self {
            auth: Auth::Anonymous,
            client_certificate: None,
            certificate_authority: self.elsewhere.authority(&url::host(place)).cloned(),
            ..self.clone()
        }
    }

    /// A number that is equal for equal credentials. It tells nothing about them, but is not meant to be shown.
    pub(crate) fn identity(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        std::mem::discriminant(&self.auth).hash(&mut hasher);
        match &self.auth {
            Auth::Basic { username, password, .. } => (username, password.expose()).hash(&mut hasher),
            Auth::Bearer(secret) | Auth::SshKey(secret) | Auth::Google(secret) => {
                secret.expose().hash(&mut hasher);
            }
            Auth::GitHubApp(app) => {
                (app.id, app.installation, app.private_key.expose(), &app.base_url).hash(&mut hasher);
                self.elsewhere.authority(&url::host(&app.base_url)).hash(&mut hasher);
            }
            Auth::AzureServicePrincipal(principal) => {
                (&principal.client_id, principal.client_secret.expose()).hash(&mut hasher);
                (&principal.tenant_id, &principal.endpoint).hash(&mut hasher);
                self.elsewhere.authority(&url::host(&principal.endpoint)).hash(&mut hasher);
            }
            Auth::Anonymous | Auth::AzureWorkloadIdentity => {}
        }
        if let Some((certificate, key)) = &self.client_certificate {
            (certificate, key.expose()).hash(&mut hasher);
        }
        (self.insecure, self.plain_http, self.enable_lfs, &self.certificate_authority).hash(&mut hasher);
        (self.pass_credentials, self.proxy.expose(), &self.no_proxy, &self.known_hosts).hash(&mut hasher);
        hasher.finish()
    }

    /// User name and password, where there are any.
    pub(crate) fn basic(&self) -> Option<(&str, &Secret<String>)> {
        match &self.auth {
            Auth::Basic { username, password, .. } => Some((username, password)),
            _ => None,
        }
    }

    /// `text` without any of the secrets of this access, for what servers say in errors. The form in which a password goes
    /// over the wire counts as one.
    pub(crate) fn redact(&self, text: &str) -> String {
        use base64::Engine as _;
        let mut secrets: Vec<String> = match &self.auth {
            Auth::Basic { username, password, .. } if !password.is_empty() => {
                let pair = format!("{username}:{}", password.expose());
                vec![base64::engine::general_purpose::STANDARD.encode(pair), password.expose().clone()]
            }
            Auth::Bearer(secret) | Auth::SshKey(secret) | Auth::Google(secret) => {
                vec![secret.expose().clone()]
            }
            Auth::GitHubApp(app) => vec![app.private_key.expose().clone()],
            Auth::AzureServicePrincipal(principal) => vec![principal.client_secret.expose().clone()],
            Auth::Basic { .. } | Auth::Anonymous | Auth::AzureWorkloadIdentity => Vec::new(),
        };
        secrets.push(self.proxy.expose().clone());
        secrets.retain(|secret| !secret.is_empty());
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "(secret)"))
    }
}

/// The first way of saying who we are that the record has, in Argo CD's order.
fn auth_of(record: &Repository) -> Auth {
    let basic = |username: &str| Auth::Basic {
        username: username.to_owned(),
        password: record.password.clone(),
        forced: record.force_http_basic_auth,
    };
    if !record.bearer_token.is_empty() {
        return Auth::Bearer(record.bearer_token.clone());
    }
    if !record.password.is_empty() {
        return basic(if record.username.is_empty() { "x-access-token" } else { &record.username });
    }
    if !record.ssh_private_key.is_empty() {
        return Auth::SshKey(record.ssh_private_key.clone());
    }
    if !record.github_app_private_key.is_empty() && record.github_app_id != 0 {
        return Auth::GitHubApp(GitHubApp {
            id: record.github_app_id,
            installation: record.github_app_installation_id,
            private_key: record.github_app_private_key.clone(),
            base_url: record.github_app_enterprise_base_url.clone(),
        });
    }
    if !record.gcp_service_account_key.is_empty() {
        return Auth::Google(record.gcp_service_account_key.clone());
    }
    if record.use_azure_workload_identity {
        return Auth::AzureWorkloadIdentity;
    }
    if !record.azure_service_principal_client_secret.is_empty()
        && !record.azure_service_principal_client_id.is_empty()
        && !record.azure_service_principal_tenant_id.is_empty()
    {
        return Auth::AzureServicePrincipal(AzureServicePrincipal {
            client_id: record.azure_service_principal_client_id.clone(),
            client_secret: record.azure_service_principal_client_secret.clone(),
            tenant_id: record.azure_service_principal_tenant_id.clone(),
            endpoint: record.azure_active_directory_endpoint.clone(),
        });
    }
    // Helm repositories may want a name alone.
    if record.username.is_empty() { Auth::Anonymous } else { basic(&record.username) }
}

/// PEM certificates by host name.
pub type Certificates = Arc<BTreeMap<String, String>>;

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[test]
    fn the_first_complete_credential_is_taken() {
        let full = Repository {
            username: "me".into(),
            password: secret("p"),
            bearer_token: secret("b"),
            ssh_private_key: secret("s"),
            github_app_id: 7,
            github_app_private_key: secret("g"),
            gcp_service_account_key: secret("{}"),
            use_azure_workload_identity: true,
            azure_service_principal_client_id: "c".into(),
            azure_service_principal_client_secret: secret("z"),
            azure_service_principal_tenant_id: "t".into(),
            ..Repository::default()
        };
        let mut record = full;
        let mut seen = Vec::new();
        let mut step = |record: &Repository| {
            let text = format!("{:?}", auth_of(record));
            seen.push(text.split([' ', '(']).next().unwrap_or_default().to_owned());
        };
        step(&record);
        record.bearer_token = secret("");
        step(&record);
        record.password = secret("");
        step(&record);
        record.ssh_private_key = secret("");
        step(&record);
        record.github_app_id = 0;
        step(&record);
        record.gcp_service_account_key = secret("");
        step(&record);
        record.use_azure_workload_identity = false;
        step(&record);
        record.azure_service_principal_tenant_id = String::new();
        step(&record);
        record.username = String::new();
        step(&record);
        assert_eq!(
            seen,
            [
                "Bearer",
                "Basic",
                "SshKey",
                "GitHubApp",
                "Google",
                "AzureWorkloadIdentity",
                "AzureServicePrincipal",
                "Basic",
                "Anonymous"
            ]
        );
    }

    #[test]
    fn what_a_server_says_is_shown_without_secrets() {
        let access = Access {
            auth: Auth::Bearer(secret("t0ken")),
            proxy: secret("http://me:pw@proxy"),
            ..Access::default()
        };
        assert_eq!(access.redact("t0ken refused by http://me:pw@proxy"), "(secret) refused by (secret)");
    }
}
