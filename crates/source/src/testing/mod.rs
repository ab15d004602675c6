//! Real Git for tests: repositories made by the `git` program and served by `git http-backend`.
//!
//! Not part of the product: built only with the feature `testing`, and panics where a test should fail.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod charts;
mod http;
mod registry;
mod repository;
mod stub;

pub use charts::{ChartFiles, ChartServer};
pub use http::GitServer;
pub use registry::{Registry, RegistryRules};
pub use repository::Repository;
pub use stub::{Asked, Stub};
