//! One port for everything: which protocol a request speaks, and what carries it.
//!
//! - `listen`: accepting connections, with TLS or without. `tls`: the certificate.
//! - `router`: which request goes where.
//! - `gateway`: REST by the API's bindings. `grpc`: gRPC and gRPC-web. `stream`: streams over REST.
//! - `gzip`: compressing answers.

pub(crate) mod gateway;
pub(crate) mod grpc;
mod gzip;
pub(crate) mod listen;
pub(crate) mod router;
mod stream;
pub(crate) mod tls;
