//! What developers run, as `cargo xtask COMMAND`.
//!
//! Everything that the README and CONTRIBUTING.md tell people to type is here, in Rust, so that it works the same on
//! every machine. The tests use [`control_plane`] too, to run against the real Kubernetes API server.
//!
//! Deliberately absent: anything that a user of Argosy needs. That is in the `argosy` binary.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a command-line tool")]

pub mod api_types;
pub mod argocd_client;
pub mod control_plane;
pub mod demo;
pub mod fuzz;
pub mod lint;
pub mod shell;
pub mod test;
pub mod tidy;
pub mod ui;
