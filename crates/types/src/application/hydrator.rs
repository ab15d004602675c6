//! The source hydrator: rendering to a branch, and how that stands.

use serde::{Deserialize, Serialize};

use crate::meta::Time;
use crate::{
    ApplicationSource, ApplicationSourceDirectory, ApplicationSourceHelm, ApplicationSourceKustomize,
    ApplicationSourcePlugin,
};

/// `SourceHydrator` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceHydrator {
    /// Unrendered source.
    #[serde(rename = "drySource")]
    pub dry_source: DrySource,
    /// Rendered source to sync from.
    #[serde(rename = "syncSource")]
    pub sync_source: SyncSource,
    /// Staging branch; when set, something else moves commits to the sync branch.
    #[serde(rename = "hydrateTo", skip_serializing_if = "Option::is_none")]
    pub hydrate_to: Option<HydrateTo>,
}

/// `DrySource` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DrySource {
    /// Git repository.
    #[serde(rename = "repoURL")]
    pub repo_url: String,
    /// Revision to render.
    #[serde(rename = "targetRevision")]
    pub target_revision: String,
    /// Directory to render.
    pub path: String,
    /// Helm options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helm: Option<ApplicationSourceHelm>,
    /// Kustomize options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kustomize: Option<ApplicationSourceKustomize>,
    /// Directory options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<ApplicationSourceDirectory>,
    /// Plugin options.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<ApplicationSourcePlugin>,
}

/// `SyncSource` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncSource {
    /// Branch synced from, and committed to without hydrateTo.
    #[serde(rename = "targetBranch")]
    pub target_branch: String,
    /// Directory of the output in that branch; it must not be the repository's root.
    pub path: String,
    /// Repository of the output; drySource.repoURL when absent.
    #[serde(rename = "repoURL", skip_serializing_if = "String::is_empty")]
    pub repo_url: String,
}

/// `HydrateTo` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HydrateTo {
    /// Staging branch.
    #[serde(rename = "targetBranch")]
    pub target_branch: String,
}

/// `SourceHydratorStatus` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceHydratorStatus {
    /// Last success.
    #[serde(rename = "lastSuccessfulOperation", skip_serializing_if = "Option::is_none")]
    pub last_successful_operation: Option<SuccessfulHydrateOperation>,
    /// Latest attempt.
    #[serde(rename = "currentOperation", skip_serializing_if = "Option::is_none")]
    pub current_operation: Option<HydrateOperation>,
    /// Dry revision of the last evaluation, even when nothing changed.
    #[serde(rename = "lastComparedDryRevision", skip_serializing_if = "String::is_empty")]
    pub last_compared_dry_revision: String,
}

/// `HydrateOperation` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HydrateOperation {
    /// Start.
    #[serde(rename = "startedAt", skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Time>,
    /// End.
    #[serde(rename = "finishedAt", skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Hydrating, Failed or Hydrated.
    pub phase: String,
    /// Text.
    pub message: String,
    /// Commit being rendered.
    #[serde(rename = "drySHA", skip_serializing_if = "String::is_empty")]
    pub dry_sha: String,
    /// Output commit.
    #[serde(rename = "hydratedSHA", skip_serializing_if = "String::is_empty")]
    pub hydrated_sha: String,
    /// Settings used.
    #[serde(rename = "sourceHydrator")]
    pub source_hydrator: SourceHydrator,
}

/// `SuccessfulHydrateOperation` of `argoproj.io/v1alpha1`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SuccessfulHydrateOperation {
    /// Rendered commit.
    #[serde(rename = "drySHA", skip_serializing_if = "String::is_empty")]
    pub dry_sha: String,
    /// Output commit.
    #[serde(rename = "hydratedSHA", skip_serializing_if = "String::is_empty")]
    pub hydrated_sha: String,
    /// Settings used.
    #[serde(rename = "sourceHydrator")]
    pub source_hydrator: SourceHydrator,
}

impl SourceHydrator {
    /// The source that the rendered manifests are synced from.
    pub fn sync_source(&self) -> ApplicationSource {
        let repo_url = if self.sync_source.repo_url.is_empty() {
            self.dry_source.repo_url.clone()
        } else {
            self.sync_source.repo_url.clone()
        };
        ApplicationSource {
            repo_url,
            path: self.sync_source.path.clone(),
            target_revision: self.sync_source.target_branch.clone(),
            ..ApplicationSource::default()
        }
    }
}
