//! The SCM provider generator and the references to Secrets that forges need.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ApplicationSetTemplate;
use crate::json::{is_zero, null_is_empty};

/// `BasicAuthBitbucketServer` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BasicAuthBitbucketServer {
    /// User.
    pub username: String,
    /// Password or token.
    #[serde(rename = "passwordRef", skip_serializing_if = "Option::is_none")]
    pub password_ref: Option<SecretRef>,
}

/// `BearerTokenBitbucket` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BearerTokenBitbucket {
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
}

/// `BearerTokenBitbucketCloud` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BearerTokenBitbucketCloud {
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
}

/// `ConfigMapKeyRef` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigMapKeyRef {
    /// ConfigMap name.
    #[serde(rename = "configMapName")]
    pub config_map_name: String,
    /// Data key.
    pub key: String,
}

/// `SCMProviderGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGenerator {
    /// GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<SCMProviderGeneratorGithub>,
    /// GitLab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<SCMProviderGeneratorGitlab>,
    /// Bitbucket Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitbucket: Option<SCMProviderGeneratorBitbucket>,
    /// Bitbucket Server.
    #[serde(rename = "bitbucketServer", skip_serializing_if = "Option::is_none")]
    pub bitbucket_server: Option<SCMProviderGeneratorBitbucketServer>,
    /// Gitea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitea: Option<SCMProviderGeneratorGitea>,
    /// Azure DevOps.
    #[serde(rename = "azureDevOps", skip_serializing_if = "Option::is_none")]
    pub azure_dev_ops: Option<SCMProviderGeneratorAzureDevOps>,
    /// Filters, any may match, all parts of one must hold.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<SCMProviderGeneratorFilter>,
    /// Ssh or https.
    #[serde(rename = "cloneProtocol", skip_serializing_if = "String::is_empty")]
    pub clone_protocol: String,
    /// Polling period; 1800 when absent.
    #[serde(rename = "requeueAfterSeconds", skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
    /// Extra parameters.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// AWS CodeCommit.
    #[serde(rename = "awsCodeCommit", skip_serializing_if = "Option::is_none")]
    pub aws_code_commit: Option<SCMProviderGeneratorAWSCodeCommit>,
}

/// `SCMProviderGeneratorAWSCodeCommit` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGeneratorAWSCodeCommit {
    /// Tag filters.
    #[serde(
        rename = "tagFilters",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tag_filters: Vec<TagFilter>,
    /// Role to assume.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// Region.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub region: String,
    /// Every branch.
    #[serde(rename = "allBranches", skip_serializing_if = "is_zero")]
    pub all_branches: bool,
}

/// `SCMProviderGeneratorAzureDevOps` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGeneratorAzureDevOps {
    /// Organisation.
    pub organization: String,
    /// Base URL; https://dev.azure.com when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Team project.
    #[serde(rename = "teamProject")]
    pub team_project: String,
    /// Personal access token.
    #[serde(rename = "accessTokenRef", skip_serializing_if = "Option::is_none")]
    pub access_token_ref: Option<SecretRef>,
    /// Every branch.
    #[serde(rename = "allBranches", skip_serializing_if = "is_zero")]
    pub all_branches: bool,
}

/// `SCMProviderGeneratorBitbucket` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGeneratorBitbucket {
    /// Workspace.
    pub owner: String,
    /// User.
    pub user: String,
    /// App password.
    #[serde(rename = "appPasswordRef", skip_serializing_if = "Option::is_none")]
    pub app_password_ref: Option<SecretRef>,
    /// Every branch.
    #[serde(rename = "allBranches", skip_serializing_if = "is_zero")]
    pub all_branches: bool,
}

/// `SCMProviderGeneratorBitbucketServer` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGeneratorBitbucketServer {
    /// Project.
    pub project: String,
    /// API URL.
    pub api: String,
    /// Basic credentials.
    #[serde(rename = "basicAuth", skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuthBitbucketServer>,
    /// Every branch.
    #[serde(rename = "allBranches", skip_serializing_if = "is_zero")]
    pub all_branches: bool,
    /// Bearer credentials.
    #[serde(rename = "bearerToken", skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<BearerTokenBitbucket>,
    /// Skip TLS verification.
    #[serde(skip_serializing_if = "is_zero")]
    pub insecure: bool,
    /// CA bundle.
    #[serde(rename = "caRef", skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<ConfigMapKeyRef>,
}

/// `SCMProviderGeneratorFilter` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGeneratorFilter {
    /// Repository regex.
    #[serde(rename = "repositoryMatch", skip_serializing_if = "Option::is_none")]
    pub repository_match: Option<String>,
    /// Paths that must exist.
    #[serde(
        rename = "pathsExist",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub paths_exist: Vec<String>,
    /// Paths that must not exist.
    #[serde(
        rename = "pathsDoNotExist",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub paths_do_not_exist: Vec<String>,
    /// Label regex.
    #[serde(rename = "labelMatch", skip_serializing_if = "Option::is_none")]
    pub label_match: Option<String>,
    /// Branch regex.
    #[serde(rename = "branchMatch", skip_serializing_if = "Option::is_none")]
    pub branch_match: Option<String>,
}

/// `SCMProviderGeneratorGitea` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGeneratorGitea {
    /// Organisation or user.
    pub owner: String,
    /// Base URL.
    pub api: String,
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Every branch.
    #[serde(rename = "allBranches", skip_serializing_if = "is_zero")]
    pub all_branches: bool,
    /// Skip TLS verification.
    #[serde(skip_serializing_if = "is_zero")]
    pub insecure: bool,
    /// Skip archived.
    #[serde(rename = "excludeArchivedRepos", skip_serializing_if = "is_zero")]
    pub exclude_archived_repos: bool,
}

/// `SCMProviderGeneratorGithub` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGeneratorGithub {
    /// Organisation.
    pub organization: String,
    /// API URL; https://api.github.com/ when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Repo-creds Secret with a GitHub App.
    #[serde(rename = "appSecretName", skip_serializing_if = "String::is_empty")]
    pub app_secret_name: String,
    /// Every branch, not only the default.
    #[serde(rename = "allBranches", skip_serializing_if = "is_zero")]
    pub all_branches: bool,
    /// Skip archived.
    #[serde(rename = "excludeArchivedRepos", skip_serializing_if = "is_zero")]
    pub exclude_archived_repos: bool,
}

/// `SCMProviderGeneratorGitlab` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SCMProviderGeneratorGitlab {
    /// Group id or path.
    pub group: String,
    /// Recurse; false when absent.
    #[serde(rename = "includeSubgroups", skip_serializing_if = "is_zero")]
    pub include_subgroups: bool,
    /// API URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Every branch.
    #[serde(rename = "allBranches", skip_serializing_if = "is_zero")]
    pub all_branches: bool,
    /// Skip TLS verification; false when absent.
    #[serde(skip_serializing_if = "is_zero")]
    pub insecure: bool,
    /// With shared projects; true when absent.
    #[serde(rename = "includeSharedProjects", skip_serializing_if = "Option::is_none")]
    pub include_shared_projects: Option<bool>,
    /// Topic filter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub topic: String,
    /// CA bundle.
    #[serde(rename = "caRef", skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<ConfigMapKeyRef>,
    /// Keep archived.
    #[serde(rename = "includeArchivedRepos", skip_serializing_if = "is_zero")]
    pub include_archived_repos: bool,
}

/// `SecretRef` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecretRef {
    /// Secret name.
    #[serde(rename = "secretName")]
    pub secret_name: String,
    /// Data key.
    pub key: String,
}

/// `TagFilter` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TagFilter {
    /// Tag key.
    pub key: String,
    /// Tag value.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub value: String,
}
