//! Builds the web page.

use std::time::SystemTime;

use anyhow::Result;

use crate::shell;

/// Installs the page's packages and builds it into `ui/dist`, unless it is newer than all its sources.
///
/// # Errors
/// When Node.js is missing or the build fails.
pub fn build() -> Result<()> {
    let folder = shell::root().join("ui");
    if is_fresh(&folder) {
        println!("ui/dist is up to date");
        return Ok(());
    }
    install()?;
    shell::run(shell::command("npm", &folder).args(["run", "--silent", "build"]))
}

/// Installs the page's packages as its lock file names them.
///
/// # Errors
/// When Node.js is missing or a package cannot be had.
pub fn install() -> Result<()> {
    let folder = shell::root().join("ui");
    let (lock, installed) =
        (folder.join("package-lock.json"), folder.join("node_modules/.package-lock.json"));
    if modified(&installed) > modified(&lock) {
        return Ok(());
    }
    shell::run(shell::command("npm", &folder).args(["ci", "--no-audit", "--no-fund"]))
}

fn modified(path: &std::path::Path) -> Option<SystemTime> {
    path.metadata().and_then(|metadata| metadata.modified()).ok()
}

fn is_fresh(folder: &std::path::Path) -> bool {
    let Some(built) = modified(&folder.join("dist/index.html")) else { return false };
    let mut ahead = vec![folder.join("src"), folder.join("package-lock.json"), folder.join("index.html")];
    while let Some(path) = ahead.pop() {
        if modified(&path).is_none_or(|time| time > built) {
            return false;
        }
        if let Ok(entries) = path.read_dir() {
            ahead.extend(entries.flatten().map(|entry| entry.path()));
        }
    }
    true
}
