//! The one error type of this crate.

/// What could not be compared, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An ignore rule that cannot be compiled. The whole comparison fails with it, so that a typing error never hides a
    /// difference.
    #[error("ignore rule {expression:?} does not compile: {reason}")]
    Rule {
        /// The jq expression.
        expression: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The object cannot be compared as it is.
    #[error("failed to compare {object}: {source}")]
    Object {
        /// Which object.
        object: String,
        /// Why.
        source: object::Error,
    },
    /// The method needs to know the kind's fields.
    #[error(
        "failed to compare {object}: no schema of its kind is known, neither built-in nor from the cluster"
    )]
    NoSchema {
        /// Which object.
        object: String,
    },
    /// The server's dry run does not say which fields it owns.
    #[error("failed to compare {object}: the dry run has no managed fields of {manager:?}")]
    NotManaged {
        /// Which object.
        object: String,
        /// The field manager that should own them.
        manager: String,
    },
}

impl Error {
    pub(crate) fn of(object: &object::Object) -> impl Fn(object::Error) -> Error {
        let object = object.key().to_string();
        move |source| Error::Object { object: object.clone(), source }
    }
}
