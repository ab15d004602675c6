//! Formatting, lints, the repository's own rules, and licenses.

use std::path::PathBuf;

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
    match cargo_deny() {
        Ok(program) => shell::run(shell::command(program, &shell::root()).args([
            "--all-features",
            "check",
            "bans",
            "licenses",
            "sources",
        ])),
        Err(error) => {
            println!("skipped: cargo-deny is not installed and cannot be built: {error:#}");
            Ok(())
        }
    }
}

/// cargo-deny from PATH, else from the cache, where it is built the first time (about a minute).
fn cargo_deny() -> Result<PathBuf> {
    if shell::is_installed("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let tools = shell::cache()?.join("tools");
    let program = tools.join("bin/cargo-deny");
    let _lock = shell::lock(&tools)?;
    if !program.exists() {
        println!("building cargo-deny (once; kept in {})", tools.display());
        // Unoptimized: it runs for a second, and builds in a quarter of the time.
        let mut install = shell::command("cargo", &shell::root());
        install.args(["install", "--locked", "--quiet", "--debug", "--config", "profile.dev.debug=false"]);
        shell::run(install.arg("--root").arg(&tools).arg("cargo-deny"))?;
    }
    Ok(program)
}
