//! Clusters, repositories and credential templates as the labeled Secrets hold them, for those who write them. The
//! counterpart is `record_secret`.

use serde_json::json;

use crate::{Cluster, ClusterConfig, RepoCreds, Repository};

/// The entries of a Secret by key; what is not set is empty. They hold what is secret.
pub type SecretEntries = Vec<(&'static str, String)>;

/// `true`, or nothing.
fn flag(value: bool) -> String {
    if value { "true".to_owned() } else { String::new() }
}

/// A number other than zero, or nothing.
fn number(value: i64) -> String {
    if value == 0 { String::new() } else { value.to_string() }
}

impl Repository {
    /// The entries of a Secret labeled `repository`.
    pub fn secret_entries(&self) -> SecretEntries {
        vec![
            ("url", self.repo.clone()),
            ("name", self.name.clone()),
            ("type", self.r#type.clone()),
            ("project", self.project.clone()),
            ("username", self.username.clone()),
            ("password", self.password.expose().clone()),
            ("bearerToken", self.bearer_token.expose().clone()),
            ("sshPrivateKey", self.ssh_private_key.expose().clone()),
            ("tlsClientCertData", self.tls_client_cert_data.clone()),
            ("tlsClientCertKey", self.tls_client_cert_key.expose().clone()),
            ("insecure", flag(self.insecure)),
            ("insecureIgnoreHostKey", flag(self.insecure_ignore_host_key)),
            ("enableLfs", flag(self.enable_lfs)),
            ("enableOCI", flag(self.enable_oci)),
            ("insecureOCIForceHttp", flag(self.insecure_oci_force_http)),
            ("githubAppID", number(self.github_app_id)),
            ("githubAppInstallationID", number(self.github_app_installation_id)),
            ("githubAppPrivateKey", self.github_app_private_key.expose().clone()),
            ("githubAppEnterpriseBaseUrl", self.github_app_enterprise_base_url.clone()),
            ("gcpServiceAccountKey", self.gcp_service_account_key.expose().clone()),
            ("useAzureWorkloadIdentity", flag(self.use_azure_workload_identity)),
            ("azureServicePrincipalClientId", self.azure_service_principal_client_id.clone()),
            (
                "azureServicePrincipalClientSecret",
                self.azure_service_principal_client_secret.expose().clone(),
            ),
            ("azureServicePrincipalTenantId", self.azure_service_principal_tenant_id.clone()),
            ("azureActiveDirectoryEndpoint", self.azure_active_directory_endpoint.clone()),
            ("forceHttpBasicAuth", flag(self.force_http_basic_auth)),
            ("proxy", self.proxy.clone()),
            ("noProxy", self.no_proxy.clone()),
            ("depth", number(self.depth)),
            ("webhookManifestCacheWarmDisabled", flag(self.webhook_manifest_cache_warm_disabled)),
        ]
    }
}

impl RepoCreds {
    /// The entries of a Secret labeled `repo-creds`. Two of the Azure keys are written otherwise than in a repository.
    pub fn secret_entries(&self) -> SecretEntries {
        vec![
            ("url", self.url.clone()),
            ("type", self.r#type.clone()),
            ("username", self.username.clone()),
            ("password", self.password.expose().clone()),
            ("bearerToken", self.bearer_token.expose().clone()),
            ("sshPrivateKey", self.ssh_private_key.expose().clone()),
            ("tlsClientCertData", self.tls_client_cert_data.clone()),
            ("tlsClientCertKey", self.tls_client_cert_key.expose().clone()),
            ("enableOCI", flag(self.enable_oci)),
            ("insecureOCIForceHttp", flag(self.insecure_oci_force_http)),
            ("githubAppID", number(self.github_app_id)),
            ("githubAppInstallationID", number(self.github_app_installation_id)),
            ("githubAppPrivateKey", self.github_app_private_key.expose().clone()),
            ("githubAppEnterpriseBaseUrl", self.github_app_enterprise_base_url.clone()),
            ("gcpServiceAccountKey", self.gcp_service_account_key.expose().clone()),
            ("useAzureWorkloadIdentity", flag(self.use_azure_workload_identity)),
            ("azureServicePrincipalClientID", self.azure_service_principal_client_id.clone()),
            (
                "azureServicePrincipalClientSecret",
                self.azure_service_principal_client_secret.expose().clone(),
            ),
            ("azureServicePrincipalTenantID", self.azure_service_principal_tenant_id.clone()),
            ("azureActiveDirectoryEndpoint", self.azure_active_directory_endpoint.clone()),
            ("forceHttpBasicAuth", flag(self.force_http_basic_auth)),
            ("proxy", self.proxy.clone()),
            ("noProxy", self.no_proxy.clone()),
        ]
    }
}

impl Cluster {
    /// The entries of a Secret labeled `cluster`.
    pub fn secret_entries(&self) -> SecretEntries {
        let server = self.server.trim_end_matches('/');
        vec![
            ("server", server.to_owned()),
            ("name", if self.name.is_empty() { server } else { &self.name }.to_owned()),
            ("namespaces", self.namespaces.join(",")),
            ("clusterResources", flag(self.cluster_resources)),
            ("shard", self.shard.map(|shard| shard.to_string()).unwrap_or_default()),
            ("project", self.project.clone()),
            ("config", self.config.with_secrets().to_string()),
        ]
    }
}

impl ClusterConfig {
    /// The configuration with what is secret in it. Never show it.
    fn with_secrets(&self) -> serde_json::Value {
        let mut value = json!(self);
        for (key, secret) in [("password", &self.password), ("bearerToken", &self.bearer_token)] {
            if !secret.is_empty() {
                value[key] = secret.expose().as_str().into();
            }
        }
        if !self.tls_client_config.key_data.expose().0.is_empty() {
            value["tlsClientConfig"]["keyData"] = json!(self.tls_client_config.key_data.expose());
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;
    use crate::{RecordError, SecretSource};

    /// Reads what was written.
    fn again<T>(
        entries: SecretEntries,
        read: impl Fn(&SecretSource<'_>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        let data = entries.into_iter().map(|(key, value)| (key.to_owned(), value.into_bytes())).collect();
        let none = BTreeMap::new();
        read(&SecretSource { namespace: "argocd", name: "x", labels: &none, annotations: &none, data: &data })
    }

    #[test]
    fn what_is_written_is_read_again() {
        let texts = |keys: &[&str]| -> Value {
            keys.iter().map(|key| ((*key).to_owned(), Value::from(format!("the {key}")))).collect()
        };
        let mut repository = texts(&[
            "repo",
            "name",
            "type",
            "project",
            "username",
            "password",
            "bearerToken",
            "sshPrivateKey",
            "tlsClientCertData",
            "tlsClientCertKey",
            "githubAppPrivateKey",
            "githubAppEnterpriseBaseUrl",
            "gcpServiceAccountKey",
            "azureServicePrincipalClientId",
            "azureServicePrincipalClientSecret",
            "azureServicePrincipalTenantId",
            "azureActiveDirectoryEndpoint",
            "proxy",
            "noProxy",
        ]);
        for key in [
            "insecure",
            "insecureIgnoreHostKey",
            "enableLfs",
            "enableOCI",
            "insecureOCIForceHttp",
            "useAzureWorkloadIdentity",
            "forceHttpBasicAuth",
            "webhookManifestCacheWarmDisabled",
        ] {
            repository[key] = true.into();
        }
        for key in ["githubAppID", "githubAppInstallationID", "depth"] {
            repository[key] = 7.into();
        }
        let mut creds = repository.clone();
        creds["url"] = "https://host/".into();
        let repository: Repository = serde_json::from_value(repository).unwrap();
        assert!(repository.secret_entries().iter().all(|(_, value)| !value.is_empty()));
        assert_eq!(again(repository.secret_entries(), Repository::from_secret).unwrap(), repository);
        assert!(Repository::default().secret_entries().iter().all(|(_, value)| value.is_empty()));

        let creds: RepoCreds = serde_json::from_value(creds).unwrap();
        assert!(creds.secret_entries().iter().all(|(_, value)| !value.is_empty()));
        assert_eq!(again(creds.secret_entries(), RepoCreds::from_secret).unwrap(), creds);

        let cluster: Cluster = serde_json::from_value(json!({
            "server": "https://a:6443/", "namespaces": ["a", "b"], "clusterResources": true, "shard": 3,
            "project": "team",
            "config": {
                "username": "u", "password": "p", "bearerToken": "t", "proxyUrl": "http://proxy",
                "tlsClientConfig": {"insecure": false, "serverName": "s", "caData": "Y2E=", "certData": "Y2VydA==", "keyData": "a2V5"},
                "execProviderConfig": {"command": "get-token", "env": {"A": "b"}},
            },
        }))
        .unwrap();
        let read = again(cluster.secret_entries(), Cluster::from_secret).unwrap();
        assert_eq!((read.server.as_str(), read.name.as_str()), ("https://a:6443", "https://a:6443"));
        assert_eq!(Cluster { server: cluster.server.clone(), name: String::new(), ..read }, cluster);
    }
}
