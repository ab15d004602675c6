//! Running other programs, with errors that say what was run and what to do when it is not there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The root of the checkout.
pub fn root() -> PathBuf {
    // The manifest's folder is known at build time and always one below the root.
    let manifest = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map_or(manifest.clone(), Path::to_path_buf)
}

/// Where things are kept that take long to make: `ARGOSY_CACHE`, else `~/.cache/argosy`.
///
/// # Errors
/// When neither `ARGOSY_CACHE` nor `HOME` is set.
pub fn cache() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("ARGOSY_CACHE") {
        return Ok(folder.into());
    }
    let home = std::env::var_os("HOME").context("set HOME, or ARGOSY_CACHE to a folder for built tools")?;
    Ok(PathBuf::from(home).join(".cache/argosy"))
}

/// A command in `folder`, ready for more arguments.
pub fn command(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder);
    command
}

/// Cargo at the root of the checkout. Where `CI` is set nothing is built twice, so nothing is kept for the next build:
/// that halves the space that the target folder takes.
pub fn cargo() -> Command {
    let mut command = command("cargo", &root());
    if std::env::var_os("CI").is_some() && std::env::var_os("CARGO_INCREMENTAL").is_none() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    command
}

/// Shows a command, runs it, and fails when it fails.
///
/// # Errors
/// When the program cannot be started or ends with an error.
pub fn run(command: &mut Command) -> Result<()> {
    println!("$ {}", shown(command));
    let status = command.status().with_context(|| not_started(command))?;
    if !status.success() {
        bail!("`{}` failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs a command and answers what it printed.
///
/// # Errors
/// When the program cannot be started or ends with an error.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().with_context(|| not_started(command))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", shown(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Makes a folder of built tools and holds it for one process at a time; the lock ends with the value.
///
/// # Errors
/// When the folder cannot be made or locked.
pub fn lock(folder: &Path) -> Result<File> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let path = folder.join("lock");
    let file = File::create(&path).with_context(|| path.display().to_string())?;
    file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(file)
}

/// Whether a program is on PATH.
pub fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()))
}

fn shown(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    words.join(" ")
}

fn not_started(command: &Command) -> String {
    let program = command.get_program().to_string_lossy().into_owned();
    let hint = match program.as_str() {
        "npm" | "node" => ": install Node.js 20 or newer",
        "go" => ": install Go 1.26 or newer",
        "git" => ": install git",
        _ => "",
    };
    format!("cannot start {program}{hint}")
}

/// Installs Debian packages whose program is not on PATH, where that is possible; answers whether all are there.
pub fn ensure_packages(packages: &[(&str, &str)]) -> bool {
    let missing: Vec<&str> = packages
        .iter()
        .filter(|(program, _)| !is_installed(program) && !Path::new(program).exists())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return true;
    }
    if !is_installed("apt-get") {
        println!("missing: {}; install them with your package manager", missing.join(", "));
        return false;
    }
    let folder = root();
    let mut install = command("apt-get", &folder);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    install.args(["install", "-y", "-qq", "--no-install-recommends"]).args(&missing);
    let updated = run(command("apt-get", &folder).args(["update", "-qq"]));
    match updated.and_then(|()| run(&mut install)) {
        Ok(()) => true,
        Err(error) => {
            println!("missing: {}: {error:#}", missing.join(", "));
            false
        }
    }
}
