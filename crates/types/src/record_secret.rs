//! Clusters, repositories and credential templates read from the labeled Secrets that hold them.

use std::collections::BTreeMap;

use crate::meta::Bytes;
use crate::secret::Secret;
use crate::settings::parse;
use crate::{Cluster, ClusterConfig, RepoCreds, Repository, names};

/// The data of a Secret, by key.
pub type SecretData = BTreeMap<String, Vec<u8>>;

/// Why a labeled Secret is no record. The value itself is never told: it may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Secret {namespace}/{name}: key {key:?}: {reason}")]
pub struct RecordError {
    /// The Secret's namespace.
    pub namespace: String,
    /// The Secret's name.
    pub name: String,
    /// The key that could not be read.
    pub key: String,
    /// What was expected.
    pub reason: String,
}

/// The Secret that a record is read from.
#[derive(Debug, Clone, Copy)]
pub struct SecretSource<'a> {
    /// The Secret's namespace.
    pub namespace: &'a str,
    /// The Secret's name.
    pub name: &'a str,
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: &'a BTreeMap<String, String>,
    /// Its data.
    pub data: &'a SecretData,
}

impl SecretSource<'_> {
    fn error(&self, key: &str, reason: impl Into<String>) -> RecordError {
        RecordError {
            namespace: self.namespace.to_owned(),
            name: self.name.to_owned(),
            key: key.to_owned(),
            reason: reason.into(),
        }
    }

    fn text(&self, key: &str) -> String {
        self.data.get(key).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    }

    fn secret(&self, key: &str) -> Secret<String> {
        Secret::new(self.text(key))
    }

    fn bool(&self, key: &str) -> Result<bool, RecordError> {
        match self.text(key).as_str() {
            "" => Ok(false),
            text => parse::strict_bool(text).ok_or_else(|| self.error(key, "is neither true nor false")),
        }
    }

    fn number(&self, key: &str) -> Result<i64, RecordError> {
        match self.text(key).as_str() {
            "" => Ok(0),
            text => text.parse().map_err(|_| self.error(key, "is no whole number")),
        }
    }
}

impl Repository {
    /// Reads a Secret labeled `repository`.
    ///
    /// # Errors
    /// Names the first key that is not what it must be.
    pub fn from_secret(source: &SecretSource<'_>) -> Result<Self, RecordError> {
        let text = |key: &str| source.text(key);
        Ok(Self {
            repo: text("url"),
            name: text("name"),
            r#type: text("type"),
            project: text("project"),
            username: text("username"),
            password: source.secret("password"),
            bearer_token: source.secret("bearerToken"),
            ssh_private_key: source.secret("sshPrivateKey"),
            tls_client_cert_data: text("tlsClientCertData"),
            tls_client_cert_key: source.secret("tlsClientCertKey"),
            insecure: source.bool("insecure")?,
            insecure_ignore_host_key: source.bool("insecureIgnoreHostKey")?,
            enable_lfs: source.bool("enableLfs")?,
            enable_oci: source.bool("enableOCI")?,
            insecure_oci_force_http: source.bool("insecureOCIForceHttp")?,
            github_app_id: source.number("githubAppID")?,
            github_app_installation_id: source.number("githubAppInstallationID")?,
            github_app_private_key: source.secret("githubAppPrivateKey"),
            github_app_enterprise_base_url: text("githubAppEnterpriseBaseUrl"),
            gcp_service_account_key: source.secret("gcpServiceAccountKey"),
            use_azure_workload_identity: source.bool("useAzureWorkloadIdentity")?,
            azure_service_principal_client_id: text("azureServicePrincipalClientId"),
            azure_service_principal_client_secret: source.secret("azureServicePrincipalClientSecret"),
            azure_service_principal_tenant_id: text("azureServicePrincipalTenantId"),
            azure_active_directory_endpoint: text("azureActiveDirectoryEndpoint"),
            force_http_basic_auth: source.bool("forceHttpBasicAuth")?,
            proxy: text("proxy"),
            no_proxy: text("noProxy"),
            depth: source.number("depth")?,
            webhook_manifest_cache_warm_disabled: source.bool("webhookManifestCacheWarmDisabled")?,
            inherited_creds: false,
            connection_state: crate::ConnectionState::default(),
        })
    }

    /// Whether the repository has credentials of its own. A Google key does not count, as in Argo CD.
    pub fn has_credentials(&self) -> bool {
        !(self.username.is_empty()
            && self.password.is_empty()
            && self.bearer_token.is_empty()
            && self.ssh_private_key.is_empty()
            && self.tls_client_cert_data.is_empty()
            && self.github_app_private_key.is_empty()
            && self.azure_service_principal_client_secret.is_empty())
            || self.use_azure_workload_identity
    }
}

impl RepoCreds {
    /// Reads a Secret labeled `repo-creds`. Two of the Azure keys are written otherwise than in a repository.
    ///
    /// # Errors
    /// Names the first key that is not what it must be.
    pub fn from_secret(source: &SecretSource<'_>) -> Result<Self, RecordError> {
        let text = |key: &str| source.text(key);
        Ok(Self {
            url: text("url"),
            r#type: text("type"),
            username: text("username"),
            password: source.secret("password"),
            bearer_token: source.secret("bearerToken"),
            ssh_private_key: source.secret("sshPrivateKey"),
            tls_client_cert_data: text("tlsClientCertData"),
            tls_client_cert_key: source.secret("tlsClientCertKey"),
            enable_oci: source.bool("enableOCI")?,
            insecure_oci_force_http: source.bool("insecureOCIForceHttp")?,
            github_app_id: source.number("githubAppID")?,
            github_app_installation_id: source.number("githubAppInstallationID")?,
            github_app_private_key: source.secret("githubAppPrivateKey"),
            github_app_enterprise_base_url: text("githubAppEnterpriseBaseUrl"),
            gcp_service_account_key: source.secret("gcpServiceAccountKey"),
            use_azure_workload_identity: source.bool("useAzureWorkloadIdentity")?,
            azure_service_principal_client_id: text("azureServicePrincipalClientID"),
            azure_service_principal_client_secret: source.secret("azureServicePrincipalClientSecret"),
            azure_service_principal_tenant_id: text("azureServicePrincipalTenantID"),
            azure_active_directory_endpoint: text("azureActiveDirectoryEndpoint"),
            force_http_basic_auth: source.bool("forceHttpBasicAuth")?,
            proxy: text("proxy"),
            no_proxy: text("noProxy"),
        })
    }
}

impl Cluster {
    /// Reads a Secret labeled `cluster`.
    ///
    /// # Errors
    /// When `config` is not the JSON that it must be, or `server` is missing.
    pub fn from_secret(source: &SecretSource<'_>) -> Result<Self, RecordError> {
        let config_text = source.text("config");
        let config: ClusterConfig = if config_text.is_empty() {
            ClusterConfig::default()
        } else {
            // The parser's own message may quote what it read, so only the place is told.
            serde_json::from_str(&config_text).map_err(|error| {
                let reason = format!(
                    "is not the JSON of a cluster (line {}, column {})",
                    error.line(),
                    error.column()
                );
                source.error("config", reason)
            })?
        };
        let server = source.text("server").trim_end_matches('/').to_owned();
        if server.is_empty() {
            return Err(source.error("server", "is missing; it is the URL of the cluster's API server"));
        }
        let name = source.text("name");
        let hidden = [
            names::LABEL_SECRET_TYPE,
            names::ANNOTATION_LAST_APPLIED,
            "managed-by",
            names::ANNOTATION_REFRESH,
        ];
        let visible = |entries: &BTreeMap<String, String>| {
            entries
                .iter()
                .filter(|(key, _)| !hidden.contains(&key.as_str()))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        };
        Ok(Self {
            name: if name.is_empty() { server.clone() } else { name },
            server,
            config,
            namespaces: parse::list(&source.text("namespaces")),
            cluster_resources: source.text("clusterResources") == "true",
            shard: source.text("shard").parse().ok(),
            project: source.text("project"),
            labels: visible(source.labels),
            annotations: visible(source.annotations),
            refresh_requested_at: source
                .annotations
                .get(names::ANNOTATION_REFRESH)
                .and_then(|time| time.parse().ok()),
            ..Self::default()
        })
    }

    /// The control plane's own cluster, as it appears when no Secret describes it.
    pub fn in_cluster() -> Self {
        Self {
            server: names::IN_CLUSTER_SERVER.to_owned(),
            name: names::IN_CLUSTER_NAME.to_owned(),
            ..Self::default()
        }
    }
}

/// The identity of a repository: lower case, `git@host:path` written as a URL, without `ssh://` and `.git`. Two
/// repositories are the same exactly when their normal forms are equal.
pub fn normalize_repository_url(url: &str) -> String {
    let mut text = url.trim().to_lowercase();
    if !text.contains("://")
        && let Some((host, path)) = text.split_once(':')
        && host.contains('@')
    {
        text = format!("ssh://{host}/{}", path.trim_start_matches('/'));
    }
    let text = text.trim_end_matches('/');
    let text = text.strip_suffix(".git").unwrap_or(text);
    text.strip_prefix("ssh://").unwrap_or(text).to_owned()
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(entries: &[(&str, &str)]) -> SecretData {
        entries.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
    }

    fn read<T>(
        entries: &[(&str, &str)],
        read: impl Fn(&SecretSource<'_>) -> Result<T, RecordError>,
    ) -> Result<T, String> {
        let labels = BTreeMap::from([(names::LABEL_SECRET_TYPE.to_owned(), "cluster".to_owned())]);
        let annotations = BTreeMap::new();
        let data = data(entries);
        read(&SecretSource {
            namespace: "argocd",
            name: "x",
            labels: &labels,
            annotations: &annotations,
            data: &data,
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn clusters_are_read_and_their_secrets_hidden() {
        let config = r#"{"bearerToken":"t0ken","tlsClientConfig":{"insecure":true,"caData":"Y2E="}}"#;
        let cluster = read(
            &[("server", "https://a:6443/"), ("config", config), ("namespaces", "a, b")],
            Cluster::from_secret,
        )
        .unwrap();
        assert_eq!((cluster.server.as_str(), cluster.name.as_str()), ("https://a:6443", "https://a:6443"));
        assert_eq!(cluster.config.bearer_token.expose(), "t0ken");
        assert_eq!(cluster.config.tls_client_config.ca_data.0, b"ca");
        assert_eq!(cluster.namespaces, ["a", "b"]);
        assert!(cluster.labels.is_empty());
        assert!(!format!("{cluster:?}").contains("t0ken"));
        assert!(!serde_json::to_string(&cluster).unwrap().contains("t0ken"));
    }

    #[test]
    fn bad_records_name_the_key_but_not_the_value() {
        let message =
            read(&[("server", "https://a"), ("config", r#"{"bearerToken": hunter2}"#)], Cluster::from_secret)
                .unwrap_err();
        assert_eq!(
            message,
            r#"Secret argocd/x: key "config": is not the JSON of a cluster (line 1, column 17)"#
        );
        let message = read(&[("url", "https://a"), ("depth", "deep")], Repository::from_secret).unwrap_err();
        assert_eq!(message, r#"Secret argocd/x: key "depth": is no whole number"#);
    }

    #[test]
    fn azure_keys_differ_between_templates_and_repositories() {
        let entries =
            [("azureServicePrincipalClientId", "lower"), ("azureServicePrincipalClientID", "upper")];
        assert_eq!(
            read(&entries, Repository::from_secret).unwrap().azure_service_principal_client_id,
            "lower"
        );
        assert_eq!(
            read(&entries, RepoCreds::from_secret).unwrap().azure_service_principal_client_id,
            "upper"
        );
    }

    #[test]
    fn repository_urls_have_one_normal_form() {
        for (url, normal) in [
            ("https://GitHub.com/Org/Repo.git", "https://github.com/org/repo"),
            ("git@github.com:org/repo.git", "git@github.com/org/repo"),
            ("ssh://git@github.com/org/repo", "git@github.com/org/repo"),
            (" https://host/a/ ", "https://host/a"),
            ("file:///tmp/a.git", "file:///tmp/a"),
        ] {
            assert_eq!(normalize_repository_url(url), normal, "{url}");
        }
    }
}
