//! The first thing that a newcomer types.

use anyhow::{Result, bail};

use crate::{shell, ui};

/// Builds the page and the binary, and runs `argosy demo` with these arguments.
///
/// # Errors
/// When something that is needed is missing, or the demo ends with an error.
pub fn run(arguments: &[&str]) -> Result<()> {
    let missing: Vec<&str> =
        ["git", "node", "npm", "cc"].into_iter().filter(|program| !shell::is_installed(program)).collect();
    if !missing.is_empty() {
        bail!(
            "the demo needs {}: install git, Node.js 20 or newer (with npm) and a C compiler, and try again",
            missing.join(", ")
        );
    }
    let root = shell::root();
    ui::build()?;
    shell::run(shell::cargo().args(["build", "--locked", "--package", "argosy"]))?;
    // Not through `cargo run`: Ctrl-C then reaches the demo alone, which cleans up.
    let binary = target_folder().join("debug/argosy");
    shell::run(shell::command(binary, &root).arg("demo").args(arguments))
}

/// Where cargo puts what it builds.
pub fn target_folder() -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| shell::root().join("target"), Into::into)
}
