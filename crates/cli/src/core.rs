//! `--core`: what the binary lends this crate so that verbs can do without an API server.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use types::Secret;

/// Starts an API server inside this process. The binary does it: this crate knows the API, but no server.
pub trait CoreMode: Sync {
    /// Starts it with the user's kubeconfig, in that context of it or the current one; the text of an error says what
    /// is missing.
    fn start<'a>(&'a self, kube_context: Option<&'a str>) -> BoxFuture<'a, Result<CoreServer, String>>;
}

/// An API server that answers this process only.
#[derive(Clone)]
pub struct CoreServer {
    /// Where it listens, as HOST:PORT, without TLS.
    pub address: String,
    /// What requests have to show.
    pub token: Secret<String>,
    /// The namespace of the control plane's records.
    pub namespace: String,
    /// Whatever has to stay while requests are made.
    pub guard: Arc<dyn Any + Send + Sync>,
}

impl fmt::Debug for CoreServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an API server at {} for namespace {}", self.address, self.namespace)
    }
}
