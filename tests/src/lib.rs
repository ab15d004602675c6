//! Stories end to end: a real `argosy` process, real Git servers, and a Kubernetes API.
//!
//! ```text
//!  story ─▶ Argosy (process, command line) ─▶ World (sandbox or real control plane)
//!    └────▶ GitHost (git http-backend) ◀────────┘
//! ```
//!
//! A story is written once and told on both worlds ([`World::sandbox`], [`World::real`]). It does what a user would do:
//! commits, applies Applications, types commands, and looks at the cluster. Waiting is always for a condition with a
//! deadline, never for a time.
//!
//! Deliberately absent: tests of single crates. Those are beside the code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that fails ends at once")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "tests tell what they skip")]

mod argosy;
mod command_line;
pub mod corpus;
mod git_host;
mod world;

pub use argosy::{Argosy, Output, describe};
pub use command_line::{CoreCommandLine, finish};
pub use git_host::GitHost;
pub use world::{Kind, World};

use std::future::Future;
use std::time::{Duration, Instant};

/// The longest that a story waits for something to become true.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until `probe` answers `Some`; panics with the last words of `describe` after [`PATIENCE`].
pub async fn eventually<T, F: Future<Output = Result<T, String>>>(
    what: &str,
    mut probe: impl FnMut() -> F,
) -> T {
    let start = Instant::now();
    loop {
        match probe().await {
            Ok(value) => return value,
            Err(state) => {
                assert!(start.elapsed() < PATIENCE, "{what}: still not after {PATIENCE:?}; now: {state}");
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The folder of real charts and example applications, when there is one beside the checkout.
pub fn corpus_folder() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("ARGOSY_CORPUS")
        .map_or_else(|| xtask::shell::root().join("../shared/corpus"), std::path::PathBuf::from);
    folder.is_dir().then_some(folder)
}
