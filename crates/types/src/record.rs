//! Clusters, repositories and credentials as the API shows them and Secrets hold them.
//!
//! What is secret in them is a [`Secret`] and never serialized. `record_secret` reads them from labeled Secrets.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::json::{is_zero, null_is_empty};
use crate::meta::{Bytes, Time};
use crate::secret::Secret;

/// A cluster that applications are deployed to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cluster {
    /// The `server` field.
    pub server: String,
    /// The `name` field.
    pub name: String,
    /// The `config` field.
    pub config: ClusterConfig,
    /// The `connectionState` field.
    #[serde(rename = "connectionState")]
    pub connection_state: ConnectionState,
    /// The `serverVersion` field.
    #[serde(rename = "serverVersion", skip_serializing_if = "String::is_empty")]
    pub server_version: String,
    /// The `namespaces` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
    /// The `refreshRequestedAt` field.
    #[serde(rename = "refreshRequestedAt", skip_serializing_if = "Option::is_none")]
    pub refresh_requested_at: Option<Time>,
    /// The `info` field.
    pub info: ClusterInfo,
    /// The `shard` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<i64>,
    /// The `clusterResources` field.
    #[serde(rename = "clusterResources", skip_serializing_if = "is_zero")]
    pub cluster_resources: bool,
    /// The `project` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The `labels` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The `annotations` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// How to authenticate to a cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterConfig {
    /// The `username` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// The `password` field.
    #[serde(skip_serializing)]
    pub password: Secret<String>,
    /// The `bearerToken` field.
    #[serde(rename = "bearerToken", skip_serializing)]
    pub bearer_token: Secret<String>,
    /// The `tlsClientConfig` field.
    #[serde(rename = "tlsClientConfig")]
    pub tls_client_config: TLSClientConfig,
    /// The `awsAuthConfig` field.
    #[serde(rename = "awsAuthConfig", skip_serializing_if = "Option::is_none")]
    pub aws_auth_config: Option<AWSAuthConfig>,
    /// The `execProviderConfig` field.
    #[serde(rename = "execProviderConfig", skip_serializing_if = "Option::is_none")]
    pub exec_provider_config: Option<ExecProviderConfig>,
    /// The `disableCompression` field.
    #[serde(rename = "disableCompression", skip_serializing_if = "is_zero")]
    pub disable_compression: bool,
    /// The `proxyUrl` field.
    #[serde(rename = "proxyUrl", skip_serializing_if = "String::is_empty")]
    pub proxy_url: String,
}

/// `TLSClientConfig` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TLSClientConfig {
    /// The `insecure` field.
    pub insecure: bool,
    /// The `serverName` field.
    #[serde(rename = "serverName", skip_serializing_if = "String::is_empty")]
    pub server_name: String,
    /// The `certData` field.
    #[serde(rename = "certData")]
    pub cert_data: Bytes,
    /// The `keyData` field.
    #[serde(rename = "keyData", skip_serializing)]
    pub key_data: Secret<Bytes>,
    /// The `caData` field.
    #[serde(rename = "caData")]
    pub ca_data: Bytes,
}

/// `AWSAuthConfig` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AWSAuthConfig {
    /// The `clusterName` field.
    #[serde(rename = "clusterName", skip_serializing_if = "String::is_empty")]
    pub cluster_name: String,
    /// The `roleARN` field.
    #[serde(rename = "roleARN", skip_serializing_if = "String::is_empty")]
    pub role_arn: String,
    /// The `profile` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub profile: String,
}

/// `ExecProviderConfig` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExecProviderConfig {
    /// The `command` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub command: String,
    /// The `args` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// The `env` field.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// The `apiVersion` field.
    #[serde(rename = "apiVersion", skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    /// The `installHint` field.
    #[serde(rename = "installHint", skip_serializing_if = "String::is_empty")]
    pub install_hint: String,
    /// The `provideClusterInfo` field.
    #[serde(rename = "provideClusterInfo", skip_serializing_if = "is_zero")]
    pub provide_cluster_info: bool,
    /// The `config` field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Value>,
}

/// `ClusterInfo` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterInfo {
    /// The `connectionState` field.
    #[serde(rename = "connectionState")]
    pub connection_state: ConnectionState,
    /// The `serverVersion` field.
    #[serde(rename = "serverVersion", skip_serializing_if = "String::is_empty")]
    pub server_version: String,
    /// The `cacheInfo` field.
    #[serde(rename = "cacheInfo")]
    pub cache_info: ClusterCacheInfo,
    /// The `applicationsCount` field.
    #[serde(rename = "applicationsCount")]
    pub applications_count: i64,
    /// The `apiVersions` field.
    #[serde(
        rename = "apiVersions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub api_versions: Vec<String>,
}

/// `ClusterCacheInfo` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ClusterCacheInfo {
    /// The `resourcesCount` field.
    #[serde(rename = "resourcesCount", skip_serializing_if = "is_zero")]
    pub resources_count: i64,
    /// The `apisCount` field.
    #[serde(rename = "apisCount", skip_serializing_if = "is_zero")]
    pub apis_count: i64,
    /// The `lastCacheSyncTime` field.
    #[serde(rename = "lastCacheSyncTime", skip_serializing_if = "Option::is_none")]
    pub last_cache_sync_time: Option<Time>,
}

/// `ConnectionState` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConnectionState {
    /// The `status` field.
    pub status: String,
    /// The `message` field.
    pub message: String,
    /// The `attemptedAt` field.
    #[serde(rename = "attemptedAt", skip_serializing_if = "Option::is_none")]
    pub attempted_at: Option<Time>,
}

/// A repository that sources come from, with its credentials.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Repository {
    /// The `repo` field.
    pub repo: String,
    /// The `username` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// The `password` field.
    #[serde(skip_serializing)]
    pub password: Secret<String>,
    /// The `sshPrivateKey` field.
    #[serde(rename = "sshPrivateKey", skip_serializing)]
    pub ssh_private_key: Secret<String>,
    /// The `connectionState` field.
    #[serde(rename = "connectionState")]
    pub connection_state: ConnectionState,
    /// The `insecureIgnoreHostKey` field.
    #[serde(rename = "insecureIgnoreHostKey", skip_serializing_if = "is_zero")]
    pub insecure_ignore_host_key: bool,
    /// The `insecure` field.
    #[serde(skip_serializing_if = "is_zero")]
    pub insecure: bool,
    /// The `enableLfs` field.
    #[serde(rename = "enableLfs", skip_serializing_if = "is_zero")]
    pub enable_lfs: bool,
    /// The `tlsClientCertData` field.
    #[serde(rename = "tlsClientCertData", skip_serializing_if = "String::is_empty")]
    pub tls_client_cert_data: String,
    /// The `tlsClientCertKey` field.
    #[serde(rename = "tlsClientCertKey", skip_serializing)]
    pub tls_client_cert_key: Secret<String>,
    /// The `type` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub r#type: String,
    /// The `name` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The `inheritedCreds` field.
    #[serde(rename = "inheritedCreds", skip_serializing_if = "is_zero")]
    pub inherited_creds: bool,
    /// The `enableOCI` field.
    #[serde(rename = "enableOCI", skip_serializing_if = "is_zero")]
    pub enable_oci: bool,
    /// The `githubAppPrivateKey` field.
    #[serde(rename = "githubAppPrivateKey", skip_serializing)]
    pub github_app_private_key: Secret<String>,
    /// The `githubAppID` field.
    #[serde(rename = "githubAppID", skip_serializing_if = "is_zero")]
    pub github_app_id: i64,
    /// The `githubAppInstallationID` field.
    #[serde(rename = "githubAppInstallationID", skip_serializing_if = "is_zero")]
    pub github_app_installation_id: i64,
    /// The `githubAppEnterpriseBaseUrl` field.
    #[serde(rename = "githubAppEnterpriseBaseUrl", skip_serializing_if = "String::is_empty")]
    pub github_app_enterprise_base_url: String,
    /// The `proxy` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub proxy: String,
    /// The `project` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub project: String,
    /// The `gcpServiceAccountKey` field.
    #[serde(rename = "gcpServiceAccountKey", skip_serializing)]
    pub gcp_service_account_key: Secret<String>,
    /// The `forceHttpBasicAuth` field.
    #[serde(rename = "forceHttpBasicAuth", skip_serializing_if = "is_zero")]
    pub force_http_basic_auth: bool,
    /// The `noProxy` field.
    #[serde(rename = "noProxy", skip_serializing_if = "String::is_empty")]
    pub no_proxy: String,
    /// The `useAzureWorkloadIdentity` field.
    #[serde(rename = "useAzureWorkloadIdentity", skip_serializing_if = "is_zero")]
    pub use_azure_workload_identity: bool,
    /// The `bearerToken` field.
    #[serde(rename = "bearerToken", skip_serializing)]
    pub bearer_token: Secret<String>,
    /// The `insecureOCIForceHttp` field.
    #[serde(rename = "insecureOCIForceHttp", skip_serializing_if = "is_zero")]
    pub insecure_oci_force_http: bool,
    /// The `depth` field.
    #[serde(skip_serializing_if = "is_zero")]
    pub depth: i64,
    /// The `webhookManifestCacheWarmDisabled` field.
    #[serde(rename = "webhookManifestCacheWarmDisabled", skip_serializing_if = "is_zero")]
    pub webhook_manifest_cache_warm_disabled: bool,
    /// The `azureServicePrincipalClientId` field.
    #[serde(rename = "azureServicePrincipalClientId", skip_serializing_if = "String::is_empty")]
    pub azure_service_principal_client_id: String,
    /// The `azureServicePrincipalClientSecret` field.
    #[serde(rename = "azureServicePrincipalClientSecret", skip_serializing)]
    pub azure_service_principal_client_secret: Secret<String>,
    /// The `azureServicePrincipalTenantId` field.
    #[serde(rename = "azureServicePrincipalTenantId", skip_serializing_if = "String::is_empty")]
    pub azure_service_principal_tenant_id: String,
    /// The `azureActiveDirectoryEndpoint` field.
    #[serde(rename = "azureActiveDirectoryEndpoint", skip_serializing_if = "String::is_empty")]
    pub azure_active_directory_endpoint: String,
}

/// Credentials for all repositories below a URL prefix.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RepoCreds {
    /// The `url` field.
    pub url: String,
    /// The `username` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    /// The `password` field.
    #[serde(skip_serializing)]
    pub password: Secret<String>,
    /// The `sshPrivateKey` field.
    #[serde(rename = "sshPrivateKey", skip_serializing)]
    pub ssh_private_key: Secret<String>,
    /// The `tlsClientCertData` field.
    #[serde(rename = "tlsClientCertData", skip_serializing_if = "String::is_empty")]
    pub tls_client_cert_data: String,
    /// The `tlsClientCertKey` field.
    #[serde(rename = "tlsClientCertKey", skip_serializing)]
    pub tls_client_cert_key: Secret<String>,
    /// The `githubAppPrivateKey` field.
    #[serde(rename = "githubAppPrivateKey", skip_serializing)]
    pub github_app_private_key: Secret<String>,
    /// The `githubAppID` field.
    #[serde(rename = "githubAppID", skip_serializing_if = "is_zero")]
    pub github_app_id: i64,
    /// The `githubAppInstallationID` field.
    #[serde(rename = "githubAppInstallationID", skip_serializing_if = "is_zero")]
    pub github_app_installation_id: i64,
    /// The `githubAppEnterpriseBaseUrl` field.
    #[serde(rename = "githubAppEnterpriseBaseUrl", skip_serializing_if = "String::is_empty")]
    pub github_app_enterprise_base_url: String,
    /// The `enableOCI` field.
    #[serde(rename = "enableOCI", skip_serializing_if = "is_zero")]
    pub enable_oci: bool,
    /// The `type` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub r#type: String,
    /// The `gcpServiceAccountKey` field.
    #[serde(rename = "gcpServiceAccountKey", skip_serializing)]
    pub gcp_service_account_key: Secret<String>,
    /// The `proxy` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub proxy: String,
    /// The `forceHttpBasicAuth` field.
    #[serde(rename = "forceHttpBasicAuth", skip_serializing_if = "is_zero")]
    pub force_http_basic_auth: bool,
    /// The `noProxy` field.
    #[serde(rename = "noProxy", skip_serializing_if = "String::is_empty")]
    pub no_proxy: String,
    /// The `useAzureWorkloadIdentity` field.
    #[serde(rename = "useAzureWorkloadIdentity", skip_serializing_if = "is_zero")]
    pub use_azure_workload_identity: bool,
    /// The `bearerToken` field.
    #[serde(rename = "bearerToken", skip_serializing)]
    pub bearer_token: Secret<String>,
    /// The `insecureOCIForceHttp` field.
    #[serde(rename = "insecureOCIForceHttp", skip_serializing_if = "is_zero")]
    pub insecure_oci_force_http: bool,
    /// The `azureServicePrincipalClientId` field.
    #[serde(rename = "azureServicePrincipalClientId", skip_serializing_if = "String::is_empty")]
    pub azure_service_principal_client_id: String,
    /// The `azureServicePrincipalClientSecret` field.
    #[serde(rename = "azureServicePrincipalClientSecret", skip_serializing)]
    pub azure_service_principal_client_secret: Secret<String>,
    /// The `azureServicePrincipalTenantId` field.
    #[serde(rename = "azureServicePrincipalTenantId", skip_serializing_if = "String::is_empty")]
    pub azure_service_principal_tenant_id: String,
    /// The `azureActiveDirectoryEndpoint` field.
    #[serde(rename = "azureActiveDirectoryEndpoint", skip_serializing_if = "String::is_empty")]
    pub azure_active_directory_endpoint: String,
}

/// `RepositoryCertificate` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RepositoryCertificate {
    /// The `serverName` field.
    #[serde(rename = "serverName")]
    pub server_name: String,
    /// The `certType` field.
    #[serde(rename = "certType")]
    pub cert_type: String,
    /// The `certSubType` field.
    #[serde(rename = "certSubType")]
    pub cert_sub_type: String,
    /// The `certData` field.
    #[serde(rename = "certData")]
    pub cert_data: Bytes,
    /// The `certInfo` field.
    #[serde(rename = "certInfo")]
    pub cert_info: String,
}

/// `GnuPGPublicKey` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GnuPGPublicKey {
    /// The `keyID` field.
    #[serde(rename = "keyID")]
    pub key_id: String,
    /// The `fingerprint` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
    /// The `owner` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// The `trust` field.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trust: String,
    /// The `subType` field.
    #[serde(rename = "subType", skip_serializing_if = "String::is_empty")]
    pub sub_type: String,
    /// The `keyData` field.
    #[serde(rename = "keyData", skip_serializing_if = "String::is_empty")]
    pub key_data: String,
}
