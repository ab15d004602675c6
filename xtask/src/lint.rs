//! Formatting, lints, the repository's own rules, and licenses.

use anyhow::Result;

use crate::{shell, tidy};

/// Runs every check that reads the code without running it.
///
/// # Errors
/// At the first check that fails.
pub fn run() -> Result<()> {
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]))?;
    tidy::run()?;
    shell::run(shell::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-Dwarnings",
    ]))?;
    if shell::is_installed("cargo-deny") {
        shell::run(shell::cargo().args(["deny", "--all-features", "check", "bans", "licenses", "sources"]))?;
    } else {
        println!("skipped: cargo-deny is not installed (cargo install --locked cargo-deny)");
    }
    Ok(())
}
