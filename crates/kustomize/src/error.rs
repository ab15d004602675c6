//! Why a kustomization could not be built.

use tree::{TreeError, TreePath};

use crate::remote::Need;

/// Why a kustomization could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A directory has no kustomization file.
    #[error(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory '{directory}'"
    )]
    NoKustomization {
        /// The directory.
        directory: TreePath,
    },
    /// A file could not be read or understood.
    #[error("{file}: {message}")]
    File {
        /// The file.
        file: TreePath,
        /// What is wrong with it.
        message: String,
    },
    /// A step of a kustomization could not be done.
    #[error("{file}: {step}: {message}")]
    Step {
        /// The kustomization's file.
        file: TreePath,
        /// The field of the kustomization.
        step: &'static str,
        /// What went wrong.
        message: String,
    },
    /// Something that this builder does not do.
    #[error("{file}: {feature} is not supported: {hint}")]
    Unsupported {
        /// The kustomization's file.
        file: TreePath,
        /// The field or value.
        feature: String,
        /// What to do instead.
        hint: &'static str,
    },
    /// Something outside the repository is needed, and was not fetched.
    #[error(
        "{file}: needs {need}, which lies outside the repository; copy it in, or build where it can be fetched"
    )]
    Unavailable {
        /// The kustomization's file.
        file: TreePath,
        /// What is needed.
        need: Box<Need>,
    },
    /// The build grew beyond what is allowed.
    #[error("{file}: {what} is more than the {limit} allowed")]
    Budget {
        /// The kustomization's file.
        file: TreePath,
        /// What grew.
        what: &'static str,
        /// How far it may grow.
        limit: usize,
    },
}

impl Error {
    /// An error in a file.
    pub(crate) fn file(file: &TreePath, message: impl ToString) -> Self {
        Self::File { file: file.clone(), message: message.to_string() }
    }

    /// An error in a step of a kustomization.
    pub(crate) fn step(file: &TreePath, step: &'static str, message: impl ToString) -> Self {
        Self::Step { file: file.clone(), step, message: message.to_string() }
    }
}

impl From<TreeError> for Error {
    fn from(error: TreeError) -> Self {
        let path = match &error {
            TreeError::NotFound { path }
            | TreeError::IsDirectory { path }
            | TreeError::NotDirectory { path }
            | TreeError::BadLink { path, .. }
            | TreeError::TooLarge { path, .. }
            | TreeError::NotText { path }
            | TreeError::Storage { path, .. } => path.clone(),
        };
        let text = error.to_string();
        let message = text.strip_prefix(&format!("{path}: ")).unwrap_or(&text).to_owned();
        Self::File { file: path, message }
    }
}
