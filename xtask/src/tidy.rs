//! The rules of this repository that a compiler does not know.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::shell;

/// The rooms, lowest first: a crate may use only those before it.
const ORDER: &[&str] = &[
    "argosy-tree",
    "gotmpl",
    "goyaml",
    "argosy-expr",
    "argosy-object",
    "argosy-helm",
    "argosy-kustomize",
    "argosy-jsonnet",
    "argosy-diff",
    "argosy-health",
    "argosy-types",
    "argosy-sync",
    "argosy-source",
    "argosy-render",
    "argosy-cluster",
    "argosy-controller",
    "argosy-appset",
    "argosy-notify",
    "argosy-server",
    "argosy-sandbox",
    "argosy-cli",
    "argosy",
];

/// Rooms without I/O, clock or async: data in, data out.
const PURE: &[&str] = &[
    "argosy-tree",
    "gotmpl",
    "goyaml",
    "argosy-expr",
    "argosy-object",
    "argosy-helm",
    "argosy-kustomize",
    "argosy-jsonnet",
    "argosy-diff",
    "argosy-health",
    "argosy-types",
    "argosy-sync",
];

/// Crates that a pure room has no use for.
const IMPURE: &[&str] = &["tokio", "kube", "reqwest", "gix", "hyper", "axum"];

/// No source file is longer.
const MAX_LINES: usize = 600;

/// Features of serde_json that would change every map's order or every number's type for the whole program.
const FORBIDDEN_JSON_FEATURES: &[&str] = &["preserve_order", "arbitrary_precision"];

/// Checks all rules and reports every breach.
///
/// # Errors
/// When a rule is broken, with all breaches in the message.
pub fn run() -> Result<()> {
    let root = shell::root();
    let mut breaches = Vec::new();
    let metadata: Value = serde_json::from_str(&shell::output(shell::cargo().args([
        "metadata",
        "--format-version=1",
        "--no-deps",
        "--locked",
    ]))?)?;
    check_crates(&metadata, &mut breaches);
    let files = tracked_files(&root)?;
    check_files(&root, &files, &mut breaches)?;
    check_map(&root, &mut breaches)?;
    check_json_features(&root, &mut breaches)?;
    if breaches.is_empty() {
        println!("tidy: {} crates and {} files keep the rules", ORDER.len(), files.len());
        return Ok(());
    }
    bail!("tidy found {} breaches:\n{}", breaches.len(), breaches.join("\n"))
}

fn check_crates(metadata: &Value, breaches: &mut Vec<String>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages = metadata["packages"].as_array().cloned().unwrap_or_default();
    for package in &packages {
        let name = text(&package["name"]);
        if matches!(name.as_str(), "xtask" | "argosy-tests" | "argosy-fuzz") {
            continue;
        }
        let Some(place) = ORDER.iter().position(|crate_name| *crate_name == name) else {
            breaches.push(format!("crate {name}: has no place in the order of xtask/src/tidy.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let (needed, is_dev) = (text(&dependency["name"]), text(&dependency["kind"]) == "dev");
            if let Some(other) = ORDER.iter().position(|crate_name| *crate_name == needed)
                && other >= place
                && !is_dev
            {
                breaches.push(format!("crate {name}: uses {needed}, which is not below it"));
            }
            if PURE.contains(&name.as_str()) && IMPURE.contains(&needed.as_str()) && !is_dev {
                breaches.push(format!("crate {name}: is pure, but uses {needed}"));
            }
        }
    }
}

fn tracked_files(root: &Path) -> Result<Vec<PathBuf>> {
    let list = shell::output(shell::command("git", root).args(["ls-files", "-co", "--exclude-standard"]))?;
    Ok(list.lines().map(PathBuf::from).filter(|path| root.join(path).is_file()).collect())
}

fn check_files(root: &Path, files: &[PathBuf], breaches: &mut Vec<String>) -> Result<()> {
    for file in files {
        let is_rust = file.extension().is_some_and(|extension| extension == "rs");
        let is_page = file.extension().is_some_and(|extension| extension == "ts" || extension == "tsx");
        let generated = file.to_string_lossy().contains(".gen.");
        if !(is_rust || is_page) || generated {
            continue;
        }
        let text = std::fs::read_to_string(root.join(file)).with_context(|| file.display().to_string())?;
        let lines = text.lines().count();
        if lines > MAX_LINES {
            breaches.push(format!("{}: {lines} lines, more than {MAX_LINES}", file.display()));
        }
        if is_rust && !text.trim_start().starts_with("//!") {
            breaches.push(format!("{}: does not say at its top what it is (`//! …`)", file.display()));
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        if matches!(name.as_ref(), "utils" | "util" | "helpers" | "common" | "misc") {
            breaches.push(format!("{}: a name that says nothing", file.display()));
        }
    }
    Ok(())
}

/// Every path in backquotes in ARCHITECTURE.md must exist.
fn check_map(root: &Path, breaches: &mut Vec<String>) -> Result<()> {
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).context("reading ARCHITECTURE.md")?;
    let tops = ["crates/", "ui/", "xtask/", "tests/", "fuzz/", "docs/", "deploy/", ".ci/"];
    let paths: BTreeSet<&str> = map
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| tops.iter().any(|top| word.starts_with(top)) && !word.contains([' ', '*', '<', '{']))
        .collect();
    for path in paths {
        if !root.join(path).exists() {
            breaches.push(format!("ARCHITECTURE.md: {path} does not exist"));
        }
    }
    Ok(())
}

fn check_json_features(root: &Path, breaches: &mut Vec<String>) -> Result<()> {
    let mut tree = Command::new("cargo");
    tree.current_dir(root).args(["tree", "--locked", "-p", "argosy", "-e", "features", "-i", "serde_json"]);
    let features = shell::output(&mut tree)?;
    for feature in FORBIDDEN_JSON_FEATURES {
        if features.contains(&format!("serde_json feature \"{feature}\"")) {
            breaches.push(format!(
                "serde_json: a dependency turns on {feature}; see `cargo tree -e features -i serde_json`"
            ));
        }
    }
    Ok(())
}
