//! Kustomizations built to documents, as `kustomize build` does.
//!
//! ```text
//!  kustomization.yaml ─▶ file ─▶ build ─┬▶ load (resources, bases, components)
//!                                       ├▶ generate (ConfigMaps, Secrets)
//!                                       ├▶ transform/* (patches, names, labels, images …)
//!                                       └▶ at the root: hash, references, vars, order
//! ```
//!
//! Everything is read through a [`Tree`]: a kustomization has no file system and no network, and no path of it can
//! leave the repository. Objects are plain JSON values; what a build has to remember of them (earlier names, where they
//! came from) is in `resource`.
//!
//! The reference is Kustomize v5; order of steps, identity rules, hashes and messages follow it.
//!
//! Deliberately absent: remote resources and Helm charts (refused by name), and external plugins, which a program
//! without processes cannot have.

mod build;
mod builtin;
mod error;
mod fieldspec;
mod file;
mod generate;
mod hash;
mod load;
mod merge;
mod order;
mod patch;
mod references;
mod resource;
mod selector;
mod transform;
mod variables;

use std::sync::Arc;

use serde_json::Value;
use tree::{Tree, TreePath};

pub use error::Error;

/// How to build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `--enable-helm`: whether `helmCharts` are inflated.
    pub enable_helm: bool,
    /// `--load-restrictor LoadRestrictionsNone`: whether files outside the kustomization's directory may be read.
    pub unrestricted: bool,
    /// The cluster's version, for Helm charts; empty when unknown.
    pub kube_version: String,
    /// The cluster's APIs, for Helm charts.
    pub api_versions: Vec<String>,
}

/// One object of the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The object.
    pub value: Value,
    /// The file that it came from; the kustomization itself for generated ones.
    pub file: String,
}

/// Builds the kustomization in `directory`.
///
/// # Errors
/// When a file cannot be read, a field is unknown or a step cannot be done; the message names the file.
pub fn build(tree: &dyn Tree, directory: &TreePath, options: &Options) -> Result<Vec<Document>, Error> {
    let resources = build::build_root(tree, directory, options)?;
    Ok(resources
        .into_iter()
        .map(|resource| Document { file: resource.file.to_string(), value: resource.value })
        .collect())
}

/// The output of `kustomize build`: the documents as YAML, separated by `---`.
pub fn to_output(documents: &[Document]) -> String {
    let texts: Vec<String> = documents.iter().map(|document| goyaml::to_string(&document.value)).collect();
    texts.join("---\n")
}

/// The file that an object came from, shared by all objects of the file.
type FileName = Arc<str>;
