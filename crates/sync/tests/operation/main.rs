//! Whole operations against a cluster in memory: what each step does and says, line by line.
//!
//! `world.rs` is that cluster; the stories are sorted by subject.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may fail loudly")]

mod hooks;
mod pruning;
mod waves;
mod world;
