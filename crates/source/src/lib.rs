//! Where manifests come from: Git repositories, Helm repositories and OCI registries, resolved to exact revisions and
//! opened as read-only trees.
//!
//! ```text
//!  Target (URL, chart, revision) ──resolve──▶ commit · chart version · digest ──open──▶ Tree
//!                                   │                                            │
//!                     one question per repository at a time,       objects by id, chart archives by
//!                     shared by everybody, with a time to live     version, in budgets of bytes
//! ```
//!
//! - [`Git`] (`git`): references, fetches of single commits, trees by object id, submodules, Git LFS; SSH in this process.
//! - [`Helm`] (`helm`), [`Oci`] (`oci`): indexes, tags, and archives unpacked in memory (`archive`).
//! - [`Credentials`] (`credentials`): what the labeled Secrets say, and which of them belongs to which repository, as an
//!   [`Access`] (`access`). GitHub Apps, Google and Azure identities are exchanged for tokens by `tokens`.
//! - [`Folder`] (`folder`): a folder of this machine.
//! - [`integrity`]: signatures of commits and tags, as projects demand them.
//! - [`readers`]: what is read of foreign texts, reachable by itself.
//! - `http`: clients with the trust and the proxy of one repository, and where they may not be led.
//! - `testing` (feature of that name): real Git repositories and servers, chart repositories and registries for tests.
//!
//! Every remote call has a deadline. Nothing but listings is retried here ([`Attempts`]), and that only when somebody
//! asks for it: the controller knows best when to ask again. No program is
//! run: a URL cannot become an option, and `ext::` URLs are refused.
//!
//! Deliberately absent: work trees, history beyond the commits asked for (except for the strict signature mode), private
//! keys with passphrases, partial clones, provenance files of charts, X.509 signatures, and the credential stores of
//! other tools on this machine.

mod access;
mod archive;
mod credentials;
mod details;
mod error;
mod folder;
mod fresh;
pub mod git;
pub mod helm;
mod http;
pub mod integrity;
pub mod oci;
mod probe;
pub mod readers;
#[cfg(feature = "testing")]
pub mod testing;
mod tokens;
pub mod url;
mod version;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::tree::Tree;
use types::ApplicationSource;

pub use access::{Access, Auth, AzureServicePrincipal, Certificates, Elsewhere, GitHubApp};
pub use credentials::Credentials;
pub use error::{Error, ErrorKind};
pub use folder::Folder;
pub use fresh::Freshness;
pub use git::{Git, GitActivity, GitTree, References};
pub use helm::Helm;
pub use oci::Oci;
pub use tokens::WorkloadIdentity;

/// What servers are told that we are.
pub(crate) const USER_AGENT: &str = concat!("argosy/", env!("CARGO_PKG_VERSION"));

/// Where fetched things are kept, and how long anything may take.
#[derive(Debug, Clone)]
pub struct Options {
    /// The directory for mirrors and scratch files. It is a cache: it may be lost at any time between two runs.
    pub data_directory: PathBuf,
    /// How long a listing of references, an index or a list of tags serves (`timeout.reconciliation`).
    pub reference_lifetime: Duration,
    /// How long a failed listing answers those who did not insist on a new one.
    pub error_lifetime: Duration,
    /// The deadline of a listing (`ARGOCD_GIT_REQUEST_TIMEOUT`).
    pub list_deadline: Duration,
    /// The deadline of a fetch.
    pub fetch_deadline: Duration,
    /// How often a listing of references is tried when the network or the server fails.
    pub attempts: Attempts,
    /// Bytes of decoded Git objects kept in memory.
    pub object_cache_bytes: usize,
    /// Bytes of chart and OCI archives kept in memory.
    pub archive_cache_bytes: usize,
    /// The most bytes that a chart's archive may unpack to.
    pub max_archive_bytes: u64,
    /// The most bytes that an OCI artifact may unpack to.
    pub max_artifact_bytes: u64,
    /// The media types of layers that are taken from OCI artifacts (`--oci-layer-media-types`).
    pub layer_media_types: Vec<String>,
    /// The most bytes that a repository index may have.
    pub max_index_bytes: u64,
    /// Whether submodules are opened with their repositories (`ARGOCD_GIT_MODULES_ENABLED`).
    pub submodules: bool,
    /// The most submodules of one commit, those of submodules included.
    pub max_submodules: usize,
    /// The most bytes of Git LFS objects that one commit may need to be fetched.
    pub max_lfs_bytes: u64,
    /// Whether signatures are checked where a project demands it (`ARGOCD_GPG_ENABLED`).
    pub signatures: bool,
    /// The Azure identity lent to this process, for repositories with `useAzureWorkloadIdentity`.
    pub workload_identity: Option<WorkloadIdentity>,
    /// What Azure's tokens for registries are first asked for (`AZURE_ARM_TOKEN_RESOURCE`).
    pub azure_token_resource: String,
}

/// How often and how far apart something is tried: the pause is multiplied each time, up to a longest one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// Tries in all, at least one (`ARGOCD_GIT_ATTEMPTS_COUNT`).
    pub count: u32,
    /// The first pause (`ARGOCD_GIT_RETRY_DURATION`).
    pub pause: Duration,
    /// The longest pause (`ARGOCD_GIT_RETRY_MAX_DURATION`).
    pub longest: Duration,
    /// What pauses are multiplied with (`ARGOCD_GIT_RETRY_FACTOR`).
    pub factor: u32,
}

impl Default for Attempts {
    fn default() -> Self {
        Self { count: 1, pause: Duration::from_millis(250), longest: Duration::from_secs(5), factor: 2 }
    }
}

impl Attempts {
    /// The pause after so many failed tries; `None` when there were enough.
    pub(crate) fn pause_after(&self, failed: u32) -> Option<Duration> {
        if failed >= self.count.max(1) {
            return None;
        }
        let times = self.factor.saturating_pow(failed.saturating_sub(1));
        Some(self.pause.saturating_mul(times).min(self.longest))
    }
}

impl Options {
    /// The usual limits, with data in `data_directory`.
    pub fn new(data_directory: impl Into<PathBuf>) -> Self {
        Self {
            data_directory: data_directory.into(),
            reference_lifetime: Duration::from_secs(180),
            error_lifetime: Duration::from_secs(5),
            list_deadline: Duration::from_secs(15),
            fetch_deadline: Duration::from_secs(90),
            attempts: Attempts::default(),
            object_cache_bytes: 256 << 20,
            archive_cache_bytes: 128 << 20,
            max_archive_bytes: 1 << 30,
            max_artifact_bytes: 1 << 30,
            layer_media_types: oci::ALLOWED_LAYERS.iter().map(|kind| (*kind).to_owned()).collect(),
            max_index_bytes: 1 << 30,
            submodules: true,
            max_submodules: 100,
            max_lfs_bytes: 1 << 30,
            signatures: true,
            workload_identity: None,
            azure_token_resource: "https://management.core.windows.net".to_owned(),
        }
    }
}

impl Options {
    /// With what the environment says, under the names that Argo CD's repo server knows. `variable` answers the value of
    /// a variable that is set. A value that cannot be read is passed over with a warning.
    #[must_use]
    pub fn with_environment(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        if let Some(value) = text("ARGOCD_GIT_MODULES_ENABLED") {
            match value.to_lowercase().as_str() {
                "true" | "t" | "1" => self.submodules = true,
                "false" | "f" | "0" => self.submodules = false,
                _ => tracing::warn!(value, "ARGOCD_GIT_MODULES_ENABLED is neither true nor false"),
            }
        }
        if let Some(value) = text("ARGOCD_GPG_ENABLED") {
            self.signatures = !["false", "no"].contains(&value.to_lowercase().as_str());
        }
        for (name, time) in [
            ("ARGOCD_GIT_REQUEST_TIMEOUT", &mut self.list_deadline),
            ("ARGOCD_GIT_RETRY_DURATION", &mut self.attempts.pause),
            ("ARGOCD_GIT_RETRY_MAX_DURATION", &mut self.attempts.longest),
        ] {
            let Some(value) = text(name) else { continue };
            match types::settings::parse::duration(&value) {
                Some(duration) => *time = duration,
                None => tracing::warn!(value, "{name} is no duration"),
            }
        }
        for (name, count) in [
            ("ARGOCD_GIT_ATTEMPTS_COUNT", &mut self.attempts.count),
            ("ARGOCD_GIT_RETRY_FACTOR", &mut self.attempts.factor),
        ] {
            match text(name).map(|value| value.parse::<u32>()) {
                None => {}
                Some(Ok(value)) => *count = value.max(1),
                Some(Err(_)) => tracing::warn!("{name} is no whole number"),
            }
        }
        for (name, limit) in [
            ("ARGOCD_REPO_SERVER_HELM_MANIFEST_MAX_EXTRACTED_SIZE", &mut self.max_archive_bytes),
            ("ARGOCD_REPO_SERVER_OCI_MANIFEST_MAX_EXTRACTED_SIZE", &mut self.max_artifact_bytes),
            ("ARGOCD_REPO_SERVER_HELM_REGISTRY_MAX_INDEX_SIZE", &mut self.max_index_bytes),
        ] {
            let Some(value) = text(name) else { continue };
            match bytes(&value) {
                Some(bytes) => *limit = bytes,
                None => tracing::warn!(value, "{name} is no number of bytes (1G, 500Mi)"),
            }
        }
        if let Some(value) = text("ARGOCD_REPO_SERVER_OCI_LAYER_MEDIA_TYPES") {
            self.layer_media_types = types::settings::parse::list(&value);
        }
        if let Some(value) = text("AZURE_ARM_TOKEN_RESOURCE") {
            self.azure_token_resource = value;
        }
        if let (Some(client_id), Some(tenant_id), Some(token_file)) =
            (text("AZURE_CLIENT_ID"), text("AZURE_TENANT_ID"), text("AZURE_FEDERATED_TOKEN_FILE"))
        {
            let authority = text("AZURE_AUTHORITY_HOST").unwrap_or_default();
            self.workload_identity = Some(WorkloadIdentity { client_id, tenant_id, token_file, authority });
        }
        self
    }
}

/// A number of bytes as Kubernetes writes quantities: digits and a suffix of decimal or binary thousands.
fn bytes(text: &str) -> Option<u64> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..end].parse().ok()?;
    let unit: u64 = match &text[end..] {
        "" => 1,
        "k" | "K" => 1000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// What one source of an application points at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// The repository's URL.
    pub repository: String,
    /// The chart's name; empty for Git and plain OCI.
    pub chart: String,
    /// The revision, version, tag or constraint as written.
    pub revision: String,
    /// What tags have to start with for a version constraint.
    pub tag_prefix: String,
    /// Whether the repository's credentials are for its charts on other hosts, too (`helm.passCredentials`).
    pub pass_credentials: bool,
}

/// The kind of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetKind {
    /// A Git repository.
    Git,
    /// A chart of a Helm repository or registry.
    Helm,
    /// An OCI artifact.
    Oci,
}

impl Target {
    /// What the source points at.
    pub fn of(source: &ApplicationSource) -> Self {
        Self {
            repository: source.repo_url.clone(),
            chart: source.chart.clone(),
            revision: source.target_revision.clone(),
            tag_prefix: source.tag_prefix.clone(),
            pass_credentials: source.helm.as_ref().is_some_and(|helm| helm.pass_credentials),
        }
    }

    /// The kind of its repository.
    pub fn kind(&self) -> TargetKind {
        if self.repository.starts_with("oci://") {
            TargetKind::Oci
        } else if self.chart.is_empty() {
            TargetKind::Git
        } else {
            TargetKind::Helm
        }
    }
}

/// An opened source.
#[derive(Clone)]
pub struct Opened {
    /// Its files. For a chart the root is the chart itself.
    pub tree: Arc<dyn Tree>,
    /// The digest of an archive, which says all about its content; `None` for Git, where ids are per directory.
    pub digest: Option<String>,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Opened").field("digest", &self.digest).finish_non_exhaustive()
    }
}

impl Opened {
    /// Files that somebody sends in a tar archive, compressed or not, with at most so many bytes when unpacked.
    ///
    /// # Errors
    /// The text says what is wrong with the archive.
    pub fn archive(data: &[u8], max_bytes: u64) -> Result<Self, String> {
        let tree = archive::unpack(data, max_bytes, &archive::Top::Kept)?;
        Ok(Self { tree: Arc::new(tree), digest: Some(archive::digest(data)) })
    }
}

/// All sources in use. Cloning is cheap.
#[derive(Clone)]
pub struct Sources {
    git: Git,
    helm: Helm,
    oci: Oci,
}

impl Sources {
    /// Sources with these limits.
    ///
    /// # Errors
    /// When the data directory cannot be made.
    pub fn new(options: Options) -> Result<Self, Error> {
        // An error only says that the process has chosen a provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let directory = options.data_directory.clone();
        std::fs::create_dir_all(&directory).map_err(|error| Error::Store {
            repository: "all repositories".into(),
            path: directory.display().to_string(),
            reason: error.to_string(),
        })?;
        let options = Arc::new(options);
        let archives = Arc::new(archive::ArchiveCache::new(options.archive_cache_bytes));
        let tokens = Arc::new(tokens::Tokens::new(options.clone()));
        let oci = Oci::new(options.clone(), tokens.clone(), archives.clone());
        let helm = Helm::new(options.clone(), tokens.clone(), oci.clone(), archives);
        Ok(Self { git: Git::new(options, tokens), helm, oci })
    }

    /// The Git repositories.
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// The Helm repositories.
    pub fn helm(&self) -> &Helm {
        &self.helm
    }

    /// The OCI registries.
    pub fn oci(&self) -> &Oci {
        &self.oci
    }

    /// The exact revision that the target means now: a commit, a chart version or a digest.
    ///
    /// # Errors
    /// When the repository cannot be asked, or knows no such revision.
    pub async fn resolve(
        &self,
        target: &Target,
        access: &Access,
        freshness: Freshness,
    ) -> Result<String, Error> {
        let Target { repository, chart, revision, tag_prefix, .. } = target;
        match target.kind() {
            TargetKind::Git => self.git.resolve(repository, revision, tag_prefix, access, freshness).await,
            TargetKind::Helm => self.helm.resolve(repository, chart, revision, access, freshness).await,
            TargetKind::Oci => self.oci.resolve(repository, revision, access, freshness).await,
        }
    }

    /// The files of the target at an exact revision.
    ///
    /// # Errors
    /// When the repository cannot be asked, or does not have the revision.
    pub async fn open(&self, target: &Target, revision: &str, access: &Access) -> Result<Opened, Error> {
        let Target { repository, chart, .. } = target;
        match target.kind() {
            TargetKind::Git => {
                let tree = self.git.open(repository, revision, access).await?;
                Ok(Opened { tree, digest: None })
            }
            TargetKind::Helm => {
                let access = Access { pass_credentials: target.pass_credentials, ..access.clone() };
                self.helm.open(repository, chart, revision, &access).await
            }
            TargetKind::Oci => self.oci.open(repository, revision, access).await,
        }
    }

    /// Makes everything known of a repository's revisions too old, as after a push.
    pub fn invalidate(&self, repository: &str) {
        self.git.invalidate(repository);
        self.helm.invalidate(repository);
        self.oci.invalidate(repository);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_changes_the_limits() {
        let variables = [
            ("ARGOCD_GIT_MODULES_ENABLED", "false"),
            ("ARGOCD_GPG_ENABLED", "no"),
            ("ARGOCD_GIT_REQUEST_TIMEOUT", "30s"),
            ("ARGOCD_GIT_ATTEMPTS_COUNT", "4"),
            ("ARGOCD_GIT_RETRY_MAX_DURATION", "700ms"),
            ("ARGOCD_REPO_SERVER_HELM_MANIFEST_MAX_EXTRACTED_SIZE", "2Mi"),
            ("ARGOCD_REPO_SERVER_OCI_MANIFEST_MAX_EXTRACTED_SIZE", "many"),
            ("ARGOCD_REPO_SERVER_OCI_LAYER_MEDIA_TYPES", "application/a.tar, application/b.tar"),
            ("AZURE_CLIENT_ID", "client"),
            ("AZURE_TENANT_ID", "tenant"),
            ("AZURE_FEDERATED_TOKEN_FILE", "/token"),
        ];
        let read = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let options = Options::new("/data").with_environment(read);
        assert!(!options.submodules && !options.signatures);
        assert_eq!(options.list_deadline, Duration::from_secs(30));
        let pauses: Vec<_> = (1..6).map(|failed| options.attempts.pause_after(failed)).collect();
        let milliseconds = |count| Some(Duration::from_millis(count));
        assert_eq!(pauses, [milliseconds(250), milliseconds(500), milliseconds(700), None, None]);
        assert_eq!((options.max_archive_bytes, options.max_artifact_bytes), (2 << 20, 1 << 30));
        assert_eq!(options.layer_media_types, ["application/a.tar", "application/b.tar"]);
        assert_eq!(options.workload_identity.unwrap().token_file, "/token");
    }
}
