//! Kustomizations built to documents, as `kustomize build` does.
//!
//! ```text
//!  kustomization.yaml ─▶ file ─▶ build ─┬▶ place (files, bases, components; `remote` for what lies outside)
//!                                       ├▶ generate, charts, plugin ─▶ absorb
//!                                       ├▶ steps ─▶ patch, transform/* (names, labels, images, replacements …)
//!                                       └▶ finish, at the root: hash, references, variables, order
//! ```
//!
//! Everything is read through a [`Tree`]: a kustomization has no file system and no network, and no path of it can
//! leave the repository. What lies outside is asked for as data ([`Need`]) and given back as [`Outside`]. Objects are
//! plain JSON values, read by `yaml`; what a build has to remember of them (earlier names, where they came from) is in
//! `resource`. Which lists a patch merges is in `shapes`; which fields a transformer touches in `specs`.
//!
//! How far a build may grow is in `budget`.
//!
//! The reference is Kustomize v5; order of steps, identity rules, hashes and messages follow it.
//!
//! Deliberately absent: external plugins (programs and container functions), which a program without processes cannot
//! have.

mod absorb;
mod budget;
mod build;
mod charts;
mod error;
mod fieldpath;
mod fieldspec;
mod file;
mod finish;
mod generate;
mod hash;
mod identity;
mod merge;
mod merge_list;
mod objects;
mod order;
mod origin;
mod patch;
mod place;
mod plugin;
mod reference_table;
mod references;
mod remote;
mod resource;
mod rewrite;
mod selector;
mod shapes;
mod specs;
mod steps;
mod structured;
mod transform;
mod types;
mod variables;
mod yaml;

use std::sync::Arc;

use serde_json::Value;
use tree::{Tree, TreePath};

use build::{Built, build_root};

pub use error::Error;
pub use remote::{Answer, Need, Outside, remote_target};

/// How to build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// `--enable-helm`: whether `helmCharts` are inflated.
    pub enable_helm: bool,
    /// `--load-restrictor LoadRestrictionsNone`: whether files outside the kustomization's directory may be read.
    pub unrestricted: bool,
    /// `--reorder none`: whether objects stay in the order in which they came in.
    pub keep_order: bool,
    /// `--enable-managedby-label`
    pub managed_by_label: bool,
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

impl Document {
    /// The namespace the object is in, `default` when it names none; `None` for objects that are in no namespace.
    pub fn namespace(&self) -> Option<&str> {
        let text = |pointer: &str| self.value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (group, version) = text("/apiVersion").rsplit_once('/').unwrap_or(("", text("/apiVersion")));
        if identity::is_cluster_scoped(group, version, text("/kind")) {
            return None;
        }
        Some(match text("/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        })
    }
}

/// What came of a build.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The objects.
    Built(Vec<Document>),
    /// What has to be fetched first.
    Needs(Vec<Need>),
}

/// Builds the kustomization in `directory`, which has to have everything it needs.
///
/// # Errors
/// When a file cannot be read, a field is unknown or a step cannot be done; the message names the file.
/// [`Error::Unavailable`] when something lies outside the tree.
pub fn build(tree: &dyn Tree, directory: &TreePath, options: &Options) -> Result<Vec<Document>, Error> {
    match build_root(tree, directory, options, &Outside::default())? {
        Built::Done(resources) => Ok(documents(resources)),
        Built::Needs(needs) => match needs.into_iter().next() {
            Some((need, file)) => Err(Error::Unavailable { file, need: Box::new(need) }),
            None => Ok(Vec::new()),
        },
    }
}

fn documents(resources: Vec<resource::Resource>) -> Vec<Document> {
    let document =
        |resource: resource::Resource| Document { file: resource.file.to_string(), value: resource.value };
    resources.into_iter().map(document).collect()
}

/// Builds the kustomization in `directory` with what lies outside its tree, or answers what is missing of that.
///
/// # Errors
/// As [`build`], except that what is missing is no error.
pub fn build_with(
    tree: &dyn Tree,
    directory: &TreePath,
    options: &Options,
    outside: &Outside,
) -> Result<Outcome, Error> {
    Ok(match build_root(tree, directory, options, outside)? {
        Built::Done(resources) => Outcome::Built(documents(resources)),
        Built::Needs(needs) => Outcome::Needs(needs.into_iter().map(|(need, _)| need).collect()),
    })
}

/// The output of `kustomize build`: the documents as YAML, separated by `---`.
pub fn to_output(documents: &[Document]) -> String {
    let texts: Vec<String> = documents.iter().map(|document| goyaml::to_string(&document.value)).collect();
    texts.join("---\n")
}

/// The file that an object came from, shared by all objects of the file.
type FileName = Arc<str>;
