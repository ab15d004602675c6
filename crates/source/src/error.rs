//! What can go wrong between a source's name and its tree, and whether trying again can help.

/// Whether and how an error may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The repository, revision, chart or path is not there.
    NotFound,
    /// The credentials are missing or refused.
    Denied,
    /// The network, a server or a deadline; the same request may succeed later.
    Transient,
    /// The request, the content or the configuration has to change first.
    Invalid,
}

/// Why a source could not be resolved or opened. Cheap to clone: everybody who waited for one request gets its error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No reference of the repository has that name, and it is no commit either.
    #[error("{repository}: unable to resolve '{revision}' to a commit SHA: {reason}")]
    RevisionNotFound {
        /// The repository's URL.
        repository: String,
        /// What was asked for.
        revision: String,
        /// What was looked at.
        reason: String,
    },
    /// The repository has no such commit, or does not give it out.
    #[error("{repository}: commit {revision} cannot be fetched: {reason}")]
    CommitNotFound {
        /// The repository's URL.
        repository: String,
        /// The commit.
        revision: String,
        /// What the repository said.
        reason: String,
    },
    /// The chart is not in the repository, or not in that version.
    #[error("{repository}: chart '{chart}' version '{version}': {reason}")]
    ChartNotFound {
        /// The repository's URL.
        repository: String,
        /// The chart's name.
        chart: String,
        /// The version or constraint asked for.
        version: String,
        /// What was looked at.
        reason: String,
    },
    /// The server wants other credentials.
    #[error(
        "{repository}: access denied while trying to {action}: {reason}. Check the credentials of this repository"
    )]
    Denied {
        /// The repository's URL.
        repository: String,
        /// What was attempted.
        action: &'static str,
        /// What the server said.
        reason: String,
    },
    /// The server shows a key or certificate that nothing vouches for.
    #[error("{repository}: could not {action}: the {shown} of {host} is not trusted: {reason}")]
    Untrusted {
        /// The repository's URL.
        repository: String,
        /// What was attempted.
        action: &'static str,
        /// The host, as those who decide about trust write it.
        host: String,
        /// What it shows: `SSH key ssh-ed25519 SHA256:…` or `TLS certificate`.
        shown: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The repository itself is not there.
    #[error("{repository}: repository not found while trying to {action}: {reason}")]
    RepositoryNotFound {
        /// The repository's URL.
        repository: String,
        /// What was attempted.
        action: &'static str,
        /// What the server said.
        reason: String,
    },
    /// A submodule could not be opened.
    #[error(
        "{repository}: submodule {path}: {cause}. Submodules are not opened with ARGOCD_GIT_MODULES_ENABLED=false"
    )]
    Submodule {
        /// The URL of the repository that names it.
        repository: String,
        /// Where it stands.
        path: String,
        /// Why.
        cause: Box<Error>,
    },
    /// The network or the server failed.
    #[error("{repository}: could not {action}: {reason}")]
    Remote {
        /// The repository's URL.
        repository: String,
        /// What was attempted.
        action: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// The server did not answer in time.
    #[error("{repository}: could not {action} within {seconds} seconds")]
    Deadline {
        /// The repository's URL.
        repository: String,
        /// What was attempted.
        action: &'static str,
        /// The deadline.
        seconds: u64,
    },
    /// The content breaks a rule or a limit.
    #[error("{repository}: {reason}")]
    Content {
        /// The repository's URL.
        repository: String,
        /// The rule.
        reason: String,
    },
    /// The configuration of the repository cannot be used.
    #[error("{repository}: {reason}")]
    Configuration {
        /// The repository's URL.
        repository: String,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// The local store of fetched objects failed.
    #[error("the store of {repository} in {path}: {reason}")]
    Store {
        /// The repository's URL.
        repository: String,
        /// The directory.
        path: String,
        /// What went wrong.
        reason: String,
    },
}

impl Error {
    /// Whether and how the error may pass.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::RevisionNotFound { .. }
            | Self::CommitNotFound { .. }
            | Self::ChartNotFound { .. }
            | Self::RepositoryNotFound { .. } => ErrorKind::NotFound,
            Self::Denied { .. } | Self::Untrusted { .. } => ErrorKind::Denied,
            Self::Remote { .. } | Self::Deadline { .. } | Self::Store { .. } => ErrorKind::Transient,
            Self::Submodule { cause, .. } => cause.kind(),
            Self::Content { .. } | Self::Configuration { .. } => ErrorKind::Invalid,
        }
    }
}
