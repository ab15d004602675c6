//! The API server: REST, gRPC and gRPC-web from one definition, sessions, webhooks and the web page.
//!
//! ```text
//! http/listen ─▶ http/router ─┬▶ http/gateway (REST) ──┐
//!                             ├▶ http/grpc (gRPC, web) ┴▶ call::dispatch ─▶ services/* ─▶ cluster, controller
//!                             ├▶ webhook                      │
//!                             └▶ assets                       ├▶ session: who calls
//!                                                             └▶ access: what they may do
//! ```
//!
//! The API is defined once, in the files of `api/`; the module `api` makes routes, messages and JSON rules of them. A
//! handler takes and gives JSON in the form of the Kubernetes resources and knows nothing of protocols. Lists come
//! from memory ([`cluster::ControlPlane`]); writing goes to Kubernetes, and the server itself keeps no state but
//! revoked tokens and counts of failed logins.
//!
//! Deliberately absent: single sign-on, the web terminal, and gRPC reflection.

mod access;
mod api;
mod assets;
mod call;
mod connections;
mod core;
mod error;
mod http;
mod metrics;
mod options;
mod ports;
pub mod readers;
mod server;
mod services;
mod session;
mod status;
mod webhook;

pub use error::Error;
pub use options::{Admission, ServerOptions};
pub use ports::{ApplicationLoop, ManifestOrigin, RenderedManifests};
pub use server::{Deps, Server, ServerHandle};

/// The description of the API in the language of OpenAPI 2, from which clients' types are generated.
///
/// # Errors
/// When the built-in definition is broken, which a test of this crate rules out.
pub fn api_description() -> Result<serde_json::Value, Error> {
    Ok(api::describe(&api::Api::load()?))
}
