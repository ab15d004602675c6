//! A place for the Kustomize builder until crate `kustomize` has one: the agreed interface, and an honest refusal.

#![allow(dead_code, reason = "the interface is whole, its use begins with the builder")]

use serde_json::Value;
use tree::{Tree, TreePath};

/// How to build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// `--enable-helm`: whether `helmCharts` are inflated.
    pub(crate) enable_helm: bool,
    /// `--load-restrictor LoadRestrictionsNone`: whether files outside the kustomization's directory may be read.
    pub(crate) unrestricted: bool,
    /// The cluster's version, for Helm charts; empty when unknown.
    pub(crate) kube_version: String,
    /// The cluster's APIs, for Helm charts.
    pub(crate) api_versions: Vec<String>,
}

/// One object of the output.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    /// The object.
    pub(crate) value: Value,
    /// The file that it came from, as far as known.
    pub(crate) file: String,
}

/// Why a kustomization could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// There is no builder yet.
    #[error("kustomize is not available")]
    NotAvailable,
}

/// Builds the kustomization in `directory`.
///
/// # Errors
/// Always.
pub(crate) fn build(
    _tree: &dyn Tree,
    _directory: &TreePath,
    _options: &Options,
) -> Result<Vec<Document>, Error> {
    Err(Error::NotAvailable)
}
