//! What can go wrong while the server starts. What can go wrong with a request is a `status::Status`.

/// Why the API server could not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API's built-in definition cannot be read: a fault of this build.
    #[error("the definition of the API at {place}: {reason}")]
    Definition {
        /// The file and line.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The address cannot be listened on.
    #[error("listen on {address}: {reason}; is another process using the port?")]
    Listen {
        /// The address.
        address: String,
        /// Why.
        reason: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error(
        "the TLS certificate {place}: {reason}; give a matching tls.crt and tls.key in PEM, or --insecure"
    )]
    Certificate {
        /// Where it came from.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The control plane's own records cannot be read or written.
    #[error("{attempt}: {reason}")]
    ControlPlane {
        /// What was attempted.
        attempt: String,
        /// Why it failed.
        reason: String,
    },
}
