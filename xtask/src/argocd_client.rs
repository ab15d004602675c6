//! Argo CD's own command line, built once from `tests/argocd-client`, to drive against Argosy in tests.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::shell;

/// The main package of Argo CD's command line.
const PACKAGE: &str = "github.com/argoproj/argo-cd/v3/cmd";

/// The path of the client; the first call on a machine builds it, which takes minutes.
///
/// # Errors
/// When Go is missing or the build fails.
pub fn binary() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("ARGOSY_ARGOCD") {
        return Ok(path.into());
    }
    let cache = shell::cache()?;
    let binary = cache.join("argocd");
    if binary.is_file() {
        return Ok(binary);
    }
    let _lock = shell::lock(&cache)?;
    if binary.is_file() {
        return Ok(binary);
    }
    let folder = shell::root().join("tests/argocd-client");
    // Built beside its place and then moved there, so that a build that was broken off leaves nothing behind.
    let unfinished = cache.join("argocd.unfinished");
    let mut go = shell::command("go", &folder);
    go.env("CGO_ENABLED", "0")
        .args(["build", "-trimpath", "-ldflags=-s -w", "-o"])
        .arg(&unfinished)
        .arg(PACKAGE);
    shell::run(&mut go)?;
    std::fs::rename(&unfinished, &binary).with_context(|| binary.display().to_string())?;
    Ok(binary)
}

/// Whether the client is there or can be built here.
pub fn is_available() -> bool {
    std::env::var_os("ARGOSY_ARGOCD").is_some()
        || shell::cache().is_ok_and(|cache| cache.join("argocd").is_file())
        || shell::is_installed("go")
}
