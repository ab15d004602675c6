//! The one error type of this crate.

use crate::structured::Conflict;

/// What could not be done, on what, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A document that should be a Kubernetes object is another JSON type.
    #[error("a Kubernetes object must be a JSON object, this is {found}")]
    NotAnObject {
        /// The JSON type that was found.
        found: &'static str,
    },
    /// A quantity that Kubernetes would refuse.
    #[error("quantity {text:?} is not valid: {reason}")]
    Quantity {
        /// The text as it was given.
        text: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A duration that Go's duration syntax does not allow.
    #[error("duration {text:?} is not valid: {reason}")]
    Duration {
        /// The text as it was given.
        text: String,
        /// Which rule it breaks.
        reason: &'static str,
    },
    /// A time that is not RFC 3339.
    #[error("time {text:?} is not an RFC 3339 time")]
    Time {
        /// The text as it was given.
        text: String,
    },
    /// A JSON patch document that cannot be read.
    #[error("JSON patch is not valid: {reason}")]
    JsonPatchSyntax {
        /// What is wrong with it.
        reason: String,
    },
    /// A JSON patch operation that does not apply to this document.
    #[error("{operation} operation does not apply at {path:?}: {reason}")]
    JsonPatchApply {
        /// The name of the operation, such as `replace`.
        operation: &'static str,
        /// The pointer it was to act on.
        path: String,
        /// Why it does not apply.
        reason: String,
    },
    /// A `test` operation of a JSON patch found another value.
    #[error("testing value {path:?} failed")]
    JsonPatchTest {
        /// The pointer that was tested.
        path: String,
    },
    /// A strategic merge patch that contradicts itself or its schema.
    #[error("strategic merge patch does not apply at {path}: {reason}")]
    Strategic {
        /// Dotted path of the offending value.
        path: String,
        /// Why it does not apply.
        reason: String,
    },
    /// Serialized field ownership (`fieldsV1`) that cannot be read.
    #[error("managed fields are not valid: {reason}")]
    ManagedFields {
        /// What is wrong with them.
        reason: String,
    },
    /// A value does not have the shape that its schema asks for.
    #[error("{path}: {reason}")]
    Shape {
        /// Dotted path of the offending value.
        path: String,
        /// How it differs from the schema.
        reason: String,
    },
    /// A server-side apply met fields that other managers own.
    #[error("{}", crate::structured::describe(.0))]
    Conflicts(
        /// Each field in conflict with its owner, sorted.
        Vec<Conflict>,
    ),
    /// A schema document that cannot be read.
    #[error("schema {name:?} is not usable: {reason}")]
    Schema {
        /// The name of the schema or document.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A document is nested or sized beyond what this crate is willing to process.
    #[error("{what} exceeds the limit of {limit}")]
    Limit {
        /// What grew too far.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}
