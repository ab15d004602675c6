//! Which credentials belong to a repository, as the labeled Secrets say.
//!
//! [`Credentials`] is what the control plane knows; [`Credentials::access`] picks out what one repository may be
//! reached with, as an [`Access`] (`access.rs`). Connecting with it is the business of `git`, `helm` and `oci`.

use std::sync::Arc;

use types::{RepoCreds, Repository, Secret};

use crate::access::{Access, Certificates, Elsewhere};
use crate::url;

/// All repositories and credential templates that the control plane knows, with what it trusts.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The repositories (`repository` Secrets).
    pub repositories: Arc<Vec<Repository>>,
    /// The templates (`repo-creds` Secrets).
    pub templates: Arc<Vec<RepoCreds>>,
    /// PEM certificates by host (`argocd-tls-certs-cm`): the only roots for that host.
    pub certificates: Certificates,
    /// The text of `ssh_known_hosts` (`argocd-ssh-known-hosts-cm`).
    pub known_hosts: Arc<str>,
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

    /// The template whose URL is the longest prefix of the repository's. The prefix may end inside a path segment, as
    /// with Argo CD, but not inside the host: credentials for `https://git.example` are not for
    /// `https://git.example.evil.org`.
    pub fn template(&self, repo_url: &str) -> Option<&RepoCreds> {
        let wanted = url::normalize(repo_url);
        let mut best: Option<(usize, &RepoCreds)> = None;
        for template in self.templates.iter() {
            let prefix = url::normalize(&template.url);
            if is_prefix(&prefix, &wanted) && best.is_none_or(|(length, _)| prefix.len() > length) {
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
        if !record.has_credentials()
            && let Some(template) = self.template(repo_url)
        {
            inherit(&mut record, template);
        }
        let authority = self.certificates.get(&url::host(repo_url)).cloned();
        let mut access = Access::of(&record, authority, self.known_hosts.clone(), known);
        access.elsewhere = Elsewhere::new(self.clone(), project);
        access
    }
}

fn is_prefix(prefix: &str, url: &str) -> bool {
    let Some(rest) = url.strip_prefix(prefix) else { return false };
    let place = prefix.split_once("://").map_or(prefix, |(_, place)| place);
    place.is_empty() || place.contains('/') || rest.is_empty() || rest.starts_with(['/', ':'])
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
    if record.github_app_id == 0 {
        record.github_app_id = template.github_app_id;
    }
    if record.github_app_installation_id == 0 {
        record.github_app_installation_id = template.github_app_installation_id;
    }
    fill(&mut record.github_app_enterprise_base_url, &template.github_app_enterprise_base_url);
    fill_secret(&mut record.gcp_service_account_key, &template.gcp_service_account_key);
    fill(&mut record.azure_service_principal_client_id, &template.azure_service_principal_client_id);
    fill(&mut record.azure_service_principal_tenant_id, &template.azure_service_principal_tenant_id);
    fill(&mut record.azure_active_directory_endpoint, &template.azure_active_directory_endpoint);
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
            ("https://git.example.com:8443/other", "green", Some("host"), false),
            ("https://git.example.com/team-two/app", "green", Some("team"), false),
            ("https://elsewhere.example.com/other", "green", None, false),
            ("https://git.example.com.evil.org/team/app", "green", None, false),
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
