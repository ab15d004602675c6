//! Which credentials belong to a repository, as the labeled Secrets say.
//!
//! [`Credentials`] is what the control plane knows; [`Credentials::access`] picks out what one repository may be
//! reached with. Connecting with it is the business of `git::transport`, `helm` and `oci`.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use types::{RepoCreds, Repository, Secret};

use crate::url;

/// All repositories and credential templates that the control plane knows, with what it trusts.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The repositories (`repository` Secrets).
    pub repositories: Arc<Vec<Repository>>,
    /// The templates (`repo-creds` Secrets).
    pub templates: Arc<Vec<RepoCreds>>,
    /// PEM certificates by host (`argocd-tls-certs-cm`): the only roots for that host.
    pub certificates: BTreeMap<String, String>,
    /// The text of `ssh_known_hosts` (`argocd-ssh-known-hosts-cm`).
    pub known_hosts: String,
}

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
    /// Whether the repository came from a record rather than from nothing.
    pub known: bool,
}

/// How to say who we are.
#[derive(Debug, Clone, Default)]
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
    /// A method of this name, which this version does not know how to use.
    Unsupported(&'static str),
}

impl Default for Access {
    fn default() -> Self {
        Self::of(&Repository::default(), None, String::new(), false)
    }
}

impl Credentials {
    /// The record for a repository as a project sees it: its own first, then one that belongs to no project.
    pub fn repository(&self, repo_url: &str, project: &str) -> Option<&Repository> {
        let wanted = url::normalize(repo_url);
        let find = |project: &str| {
            self.repositories
                .iter()
                .find(|record| record.project == project && url::normalize(&record.repo) == wanted)
        };
        find(project).or_else(|| find(""))
    }

    /// The template whose URL is the longest prefix of the repository's.
    pub fn template(&self, repo_url: &str) -> Option<&RepoCreds> {
        let wanted = url::normalize(repo_url);
        let mut best: Option<(usize, &RepoCreds)> = None;
        for template in self.templates.iter() {
            let prefix = url::normalize(&template.url);
            if wanted.starts_with(&prefix) && best.is_none_or(|(length, _)| prefix.len() > length) {
                best = Some((prefix.len(), template));
            }
        }
        best.map(|(_, template)| template)
    }

    /// How a repository is reached by applications of a project.
    pub fn access(&self, repo_url: &str, project: &str) -> Access {
        let record = self.repository(repo_url, project);
        let known = record.is_some();
        let mut record = record.cloned().unwrap_or_default();
        if !has_credentials(&record)
            && let Some(template) = self.template(repo_url)
        {
            inherit(&mut record, template);
        }
        let authority = self.certificates.get(&url::host(repo_url)).cloned();
        Access::of(&record, authority, self.known_hosts.clone(), known)
    }
}

/// Whether the record says by itself who we are (a GCP key alone does not keep a template away).
fn has_credentials(record: &Repository) -> bool {
    let secrets = [
        &record.password,
        &record.bearer_token,
        &record.ssh_private_key,
        &record.github_app_private_key,
        &record.azure_service_principal_client_secret,
    ];
    let texts = [&record.username, &record.tls_client_cert_data];
    secrets.iter().any(|secret| !secret.expose().is_empty())
        || texts.iter().any(|text| !text.is_empty())
        || record.use_azure_workload_identity
}

fn inherit(record: &mut Repository, template: &RepoCreds) {
    let fill = |field: &mut String, value: &String| {
        if field.is_empty() {
            field.clone_from(value);
        }
    };
    let fill_secret = |field: &mut Secret<String>, value: &Secret<String>| {
        if field.expose().is_empty() {
            field.clone_from(value);
        }
    };
    fill(&mut record.username, &template.username);
    fill_secret(&mut record.password, &template.password);
    fill_secret(&mut record.bearer_token, &template.bearer_token);
    fill_secret(&mut record.ssh_private_key, &template.ssh_private_key);
    fill(&mut record.tls_client_cert_data, &template.tls_client_cert_data);
    fill_secret(&mut record.tls_client_cert_key, &template.tls_client_cert_key);
    fill_secret(&mut record.github_app_private_key, &template.github_app_private_key);
    fill_secret(&mut record.gcp_service_account_key, &template.gcp_service_account_key);
    fill_secret(
        &mut record.azure_service_principal_client_secret,
        &template.azure_service_principal_client_secret,
    );
    fill(&mut record.proxy, &template.proxy);
    fill(&mut record.no_proxy, &template.no_proxy);
    fill(&mut record.r#type, &template.r#type);
    record.enable_oci = template.enable_oci;
    record.insecure_oci_force_http = template.insecure_oci_force_http;
    record.force_http_basic_auth = template.force_http_basic_auth;
    record.use_azure_workload_identity = template.use_azure_workload_identity;
    record.inherited_creds = true;
}

impl Access {
    /// How the repository of a record is reached.
    pub fn of(record: &Repository, authority: Option<String>, known_hosts: String, known: bool) -> Self {
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
            known_hosts: known_hosts.into(),
            enable_oci: record.enable_oci || record.r#type == "oci",
            plain_http: record.insecure_oci_force_http,
            known,
        }
    }

    /// A number that is equal for equal credentials. It tells nothing about them, but is not meant to be shown.
    pub(crate) fn identity(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        std::mem::discriminant(&self.auth).hash(&mut hasher);
        match &self.auth {
            Auth::Basic { username, password, .. } => (username, password.expose()).hash(&mut hasher),
            Auth::Bearer(secret) | Auth::SshKey(secret) => secret.expose().hash(&mut hasher),
            Auth::Anonymous | Auth::Unsupported(_) => {}
        }
        if let Some((certificate, key)) = &self.client_certificate {
            (certificate, key.expose()).hash(&mut hasher);
        }
        (self.insecure, self.plain_http, &self.certificate_authority).hash(&mut hasher);
        (self.proxy.expose(), &self.known_hosts).hash(&mut hasher);
        hasher.finish()
    }

    /// User name and password, where there are any.
    pub(crate) fn basic(&self) -> Option<(&str, &Secret<String>)> {
        match &self.auth {
            Auth::Basic { username, password, .. } => Some((username, password)),
            _ => None,
        }
    }
}

fn auth_of(record: &Repository) -> Auth {
    if !record.bearer_token.expose().is_empty() {
        return Auth::Bearer(record.bearer_token.clone());
    }
    if !record.password.expose().is_empty() || !record.username.is_empty() {
        let username = if record.username.is_empty() { "x-access-token" } else { &record.username };
        return Auth::Basic {
            username: username.to_owned(),
            password: record.password.clone(),
            forced: record.force_http_basic_auth,
        };
    }
    if !record.ssh_private_key.expose().is_empty() {
        return Auth::SshKey(record.ssh_private_key.clone());
    }
    if !record.github_app_private_key.expose().is_empty() {
        return Auth::Unsupported("GitHub App");
    }
    if !record.gcp_service_account_key.expose().is_empty() {
        return Auth::Unsupported("Google Cloud service account");
    }
    if record.use_azure_workload_identity || !record.azure_service_principal_client_secret.expose().is_empty()
    {
        return Auth::Unsupported("Azure");
    }
    Auth::Anonymous
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(url: &str, project: &str, password: &str) -> Repository {
        Repository {
            repo: url.into(),
            project: project.into(),
            password: Secret::new(password.into()),
            ..Repository::default()
        }
    }

    fn template(url: &str, password: &str) -> RepoCreds {
        RepoCreds { url: url.into(), password: Secret::new(password.into()), ..RepoCreds::default() }
    }

    fn password(access: &Access) -> Option<&str> {
        access.basic().map(|(_, password)| password.expose().as_str())
    }

    #[test]
    fn a_projects_own_record_wins_and_templates_fill_the_rest() {
        let credentials = Credentials {
            repositories: Arc::new(vec![
                repository("https://git.example.com/team/app.git", "", "shared"),
                repository("https://git.example.com/team/app", "blue", "own"),
                repository("https://git.example.com/team/bare", "", ""),
            ]),
            templates: Arc::new(vec![
                template("https://git.example.com", "host"),
                template("https://git.example.com/team", "team"),
            ]),
            ..Credentials::default()
        };
        for (url, project, expected, known) in [
            ("https://git.example.com/team/app", "blue", Some("own"), true),
            ("https://git.example.com/Team/App.git", "green", Some("shared"), true),
            ("https://git.example.com/team/bare", "green", Some("team"), true),
            ("https://git.example.com/other", "green", Some("host"), false),
            ("https://elsewhere.example.com/other", "green", None, false),
        ] {
            let access = credentials.access(url, project);
            assert_eq!((password(&access), access.known), (expected, known), "{url} for {project}");
        }
        assert!(!format!("{credentials:?}").contains("shared"), "secrets are not shown");
        assert!(
            !format!("{:?}", credentials.access("https://git.example.com/other", "")).contains("\"host\"")
        );
    }
}
