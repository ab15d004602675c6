//! The API server: REST, gRPC and gRPC-web from one definition, sessions, webhooks and the web page.

mod api;
mod error;
mod status;

pub use error::Error;
