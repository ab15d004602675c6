//! The whole loop on the sandbox: stories from a commit to a healthy application and back.
//!
//! `world.rs` is the cluster, the control plane and a repository in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "tests may fail loudly"
)]

mod deletion;
mod economy;
mod interruption;
mod syncing;
mod trouble;
mod world;
