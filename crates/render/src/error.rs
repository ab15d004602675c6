//! Why an application has no manifests.

use source::ErrorKind;
use tree::TreePath;
use types::ApplicationSource;

use crate::kind::Kind;

/// Why a source could not be rendered. Cheap to clone: everybody who waited for one render gets its error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum RenderError {
    /// The source could not be resolved or opened.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// The application's definition cannot be used.
    #[error("invalid application source: {reason}")]
    Specification {
        /// What is wrong.
        reason: String,
    },
    /// The path is not there, or is no directory.
    #[error("{repository} at {revision}: {path}: {reason}")]
    Path {
        /// The repository's URL.
        repository: String,
        /// The commit, version or digest.
        revision: String,
        /// The path as written.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file could not be rendered.
    #[error("{repository} at {revision}: failed to render {kind} application in {path}: {reason}")]
    Manifests {
        /// The repository's URL.
        repository: String,
        /// The commit, version or digest.
        revision: String,
        /// The application's directory.
        path: String,
        /// The tool.
        kind: &'static str,
        /// What is wrong, with file and line where they are known.
        reason: String,
    },
    /// A commit is not signed as the application's project demands.
    #[error("{check}: {problems}")]
    Integrity {
        /// The name of the check.
        check: String,
        /// What is wrong, one line each.
        problems: String,
    },
    /// A config management plugin did not make the manifests.
    #[error("{repository} at {revision}: {path}: {}{reason}", plugin_named(plugin))]
    Plugin {
        /// The repository's URL.
        repository: String,
        /// The commit, version or digest.
        revision: String,
        /// The application's directory.
        path: String,
        /// The plugin; empty when none was found.
        plugin: String,
        /// What is wrong: what the plugin has said, or why it cannot be asked.
        reason: String,
        /// Whether the same may succeed later.
        is_transient: bool,
    },
    /// The render took too long and was given up.
    #[error("{instance}: rendering was given up after {seconds} seconds")]
    Deadline {
        /// The application's instance name.
        instance: String,
        /// The deadline.
        seconds: u64,
    },
    /// The renderer itself failed: a defect of this program, or no capacity.
    #[error("{instance}: rendering broke down: {reason}")]
    Broken {
        /// The application's instance name.
        instance: String,
        /// What happened.
        reason: String,
    },
    /// One source of several could not be rendered.
    #[error("failed to generate manifest for source {position} of {count}: {error}")]
    OneOf {
        /// Which source, from 1.
        position: usize,
        /// How many there are.
        count: usize,
        /// Why.
        error: Box<RenderError>,
    },
}

impl RenderError {
    /// Whether and how the error may pass.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Source(error) => error.kind(),
            Self::Specification { .. } | Self::Manifests { .. } | Self::Integrity { .. } => {
                ErrorKind::Invalid
            }
            Self::Path { .. } => ErrorKind::NotFound,
            Self::Plugin { is_transient: true, .. } => ErrorKind::Transient,
            Self::Plugin { .. } => ErrorKind::Invalid,
            Self::Deadline { .. } | Self::Broken { .. } => ErrorKind::Transient,
            Self::OneOf { error, .. } => error.kind(),
        }
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        self.kind() == ErrorKind::Transient
    }
}

fn plugin_named(plugin: &str) -> String {
    if plugin.is_empty() { String::new() } else { format!("plugin {plugin:?}: ") }
}

/// What goes wrong inside a render, before it is known for which repository and revision.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// The application's path.
    Path(String),
    /// A file's content, or a rule broken by it.
    Content(String),
    /// The application's definition.
    Specification(String),
}

impl Failure {
    pub(crate) fn content(reason: impl Into<String>) -> Self {
        Self::Content(reason.into())
    }

    /// The failure with the source that it is in.
    pub(crate) fn at_source(
        self,
        application: &ApplicationSource,
        revision: &str,
        kind: Option<Kind>,
    ) -> RenderError {
        let repository = source::url::without_credentials(&application.repo_url);
        let revision = revision.to_owned();
        let path =
            if application.chart.is_empty() { application.path.clone() } else { application.chart.clone() };
        match self {
            Self::Path(reason) => RenderError::Path { repository, revision, path, reason },
            Self::Specification(reason) => RenderError::Specification { reason },
            Self::Content(reason) => {
                let kind = kind.map_or("unknown", Kind::name);
                RenderError::Manifests { repository, revision, path, kind, reason }
            }
        }
    }

    /// Why, without where.
    pub(crate) fn reason(self) -> String {
        match self {
            Self::Path(reason) | Self::Content(reason) | Self::Specification(reason) => reason,
        }
    }

    pub(crate) fn at(file: &TreePath, line: usize, reason: impl std::fmt::Display) -> Self {
        Self::Content(format!("{file}:{line}: {reason}"))
    }
}

impl From<tree::TreeError> for Failure {
    fn from(error: tree::TreeError) -> Self {
        Self::Content(error.to_string())
    }
}

impl From<tree::PathError> for Failure {
    fn from(error: tree::PathError) -> Self {
        Self::Content(error.to_string())
    }
}
