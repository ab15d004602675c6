//! What can go wrong with the sandbox itself. Refusals of API requests are answers, not errors (`crate::status`).

/// An error of running the sandbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The listener handed to [`Sandbox::serve`](crate::Sandbox::serve) can't be used.
    #[error("serving the sandbox on a listener: {0}; hand it a bound TCP listener")]
    Listener(#[source] std::io::Error),
    /// The body of a request ended early or couldn't be read.
    #[error("reading the body of a request: {0}")]
    RequestBody(String),
    /// A fault that a test asked for: the connection is dropped without an answer.
    #[error("the connection was dropped, as a fault rule asked")]
    Dropped,
    /// A manifest given to [`Sandbox::load`](crate::Sandbox::load) was refused.
    #[error("loading {object} into the sandbox: {message}")]
    Load {
        /// Kind and name of the object.
        object: String,
        /// The API's answer.
        message: String,
    },
}
