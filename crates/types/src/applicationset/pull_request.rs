//! The pull request generator.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::{is_zero, null_is_empty};
use crate::{
    ApplicationSetTemplate, BasicAuthBitbucketServer, BearerTokenBitbucket, BearerTokenBitbucketCloud,
    ConfigMapKeyRef, SecretRef,
};

/// `PullRequestGenerator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequestGenerator {
    /// GitHub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<PullRequestGeneratorGithub>,
    /// GitLab.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab: Option<PullRequestGeneratorGitLab>,
    /// Gitea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitea: Option<PullRequestGeneratorGitea>,
    /// Bitbucket Server.
    #[serde(rename = "bitbucketServer", skip_serializing_if = "Option::is_none")]
    pub bitbucket_server: Option<PullRequestGeneratorBitbucketServer>,
    /// Filters.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<PullRequestGeneratorFilter>,
    /// Polling period; 1800 when absent.
    #[serde(rename = "requeueAfterSeconds", skip_serializing_if = "Option::is_none")]
    pub requeue_after_seconds: Option<i64>,
    /// Per-generator template override.
    pub template: ApplicationSetTemplate,
    /// Bitbucket Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bitbucket: Option<PullRequestGeneratorBitbucket>,
    /// Azure DevOps (lower case key).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub azuredevops: Option<PullRequestGeneratorAzureDevOps>,
    /// Extra parameters.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
    /// A missing repository yields nothing instead of an error.
    #[serde(rename = "continueOnRepoNotFoundError", skip_serializing_if = "is_zero")]
    pub continue_on_repo_not_found_error: bool,
}

/// `PullRequestGeneratorAzureDevOps` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequestGeneratorAzureDevOps {
    /// Organisation.
    pub organization: String,
    /// Project.
    pub project: String,
    /// Repository.
    pub repo: String,
    /// Base URL; https://dev.azure.com/ when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Required labels.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// `PullRequestGeneratorBitbucket` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequestGeneratorBitbucket {
    /// Workspace.
    pub owner: String,
    /// Repository.
    pub repo: String,
    /// API URL; https://api.bitbucket.org/2.0 when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Basic credentials.
    #[serde(rename = "basicAuth", skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuthBitbucketServer>,
    /// Bearer credentials.
    #[serde(rename = "bearerToken", skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<BearerTokenBitbucketCloud>,
}

/// `PullRequestGeneratorBitbucketServer` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequestGeneratorBitbucketServer {
    /// Project.
    pub project: String,
    /// Repository.
    pub repo: String,
    /// API URL.
    pub api: String,
    /// Basic credentials.
    #[serde(rename = "basicAuth", skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuthBitbucketServer>,
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

/// `PullRequestGeneratorFilter` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequestGeneratorFilter {
    /// Source branch regex.
    #[serde(rename = "branchMatch", skip_serializing_if = "Option::is_none")]
    pub branch_match: Option<String>,
    /// Target branch regex.
    #[serde(rename = "targetBranchMatch", skip_serializing_if = "Option::is_none")]
    pub target_branch_match: Option<String>,
    /// Title regex.
    #[serde(rename = "titleMatch", skip_serializing_if = "Option::is_none")]
    pub title_match: Option<String>,
}

/// `PullRequestGeneratorGitLab` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequestGeneratorGitLab {
    /// Project id or path.
    pub project: String,
    /// API URL; https://gitlab.com/ when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Required labels.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Opened, closed, merged or locked; empty is all.
    #[serde(rename = "pullRequestState", skip_serializing_if = "String::is_empty")]
    pub pull_request_state: String,
    /// Skip TLS verification.
    #[serde(skip_serializing_if = "is_zero")]
    pub insecure: bool,
    /// CA bundle.
    #[serde(rename = "caRef", skip_serializing_if = "Option::is_none")]
    pub ca_ref: Option<ConfigMapKeyRef>,
}

/// `PullRequestGeneratorGitea` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequestGeneratorGitea {
    /// Owner.
    pub owner: String,
    /// Repository.
    pub repo: String,
    /// Base URL.
    pub api: String,
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Skip TLS verification.
    #[serde(skip_serializing_if = "is_zero")]
    pub insecure: bool,
    /// Required labels.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}

/// `PullRequestGeneratorGithub` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PullRequestGeneratorGithub {
    /// Owner.
    pub owner: String,
    /// Repository.
    pub repo: String,
    /// API URL; https://api.github.com/ when absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api: String,
    /// Token.
    #[serde(rename = "tokenRef", skip_serializing_if = "Option::is_none")]
    pub token_ref: Option<SecretRef>,
    /// Repo-creds Secret with a GitHub App.
    #[serde(rename = "appSecretName", skip_serializing_if = "String::is_empty")]
    pub app_secret_name: String,
    /// Required labels.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
}
