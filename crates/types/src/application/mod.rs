//! The Application resource: its spec and the parts that only the spec uses.
//!
//! Neighbors: `source` (where manifests come from), `policy` (when to sync), `operation`, `status`, `tree`.

mod hydrator;
mod operation;
mod policy;
mod source;
mod status;
mod tree;

pub use hydrator::*;
pub use operation::*;
pub use policy::*;
pub use source::*;
pub use status::*;
pub use tree::*;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::json::null_is_empty;
use crate::meta::ObjectMeta;

/// The namespace and name of an application.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppKey {
    /// The namespace that holds the Application.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl AppKey {
    /// The key of these two.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The name used in tracking: the bare name in the control plane's namespace, `<namespace>_<name>` elsewhere.
    pub fn instance_name(&self, control_namespace: &str) -> String {
        if self.namespace == control_namespace {
            self.name.clone()
        } else {
            format!("{}_{}", self.namespace, self.name)
        }
    }

    /// The key that an instance name stands for; the inverse of [`AppKey::instance_name`].
    pub fn from_instance_name(instance: &str, control_namespace: &str) -> Self {
        match instance.split_once('_') {
            Some((namespace, name)) => Self::new(namespace, name),
            None => Self::new(control_namespace, instance),
        }
    }
}

impl fmt::Display for AppKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.namespace, self.name)
    }
}

impl Application {
    /// The key of this application.
    pub fn key(&self) -> AppKey {
        AppKey::new(&self.metadata.namespace, &self.metadata.name)
    }
}

impl ApplicationSpec {
    /// The sources that are rendered, in order: `sourceHydrator` beats `sources`, which beats `source`.
    pub fn effective_sources(&self) -> Vec<ApplicationSource> {
        if let Some(hydrator) = &self.source_hydrator {
            return vec![hydrator.sync_source()];
        }
        if self.sources.is_empty() { self.source.iter().cloned().collect() } else { self.sources.clone() }
    }

    /// Whether the application is one of several sources, whose revisions are kept in lists.
    pub fn has_multiple_sources(&self) -> bool {
        self.source_hydrator.is_none() && !self.sources.is_empty()
    }

    /// The project's name: `default` when none is given.
    pub fn project_name(&self) -> &str {
        if self.project.is_empty() { "default" } else { &self.project }
    }
}

/// What one application is to look like, where it comes from, and how it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Application {
    /// Always `argoproj.io/v1alpha1`.
    #[serde(rename = "apiVersion")]
    pub api_version: String,
    /// The kind of this object.
    pub kind: String,
    /// Object meta; name must be a DNS-1123 subdomain; finalizers drive cascade deletion.
    pub metadata: ObjectMeta,
    /// Desired state.
    pub spec: ApplicationSpec,
    /// Written by the controller through the main resource (no status subresource).
    pub status: ApplicationStatus,
    /// Pending one-shot operation; the controller picks it up and clears it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<Box<Operation>>,
}

/// The desired state of an application.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationSpec {
    /// Single source; ignored as soon as sources is non-empty or sourceHydrator is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<ApplicationSource>,
    /// Target cluster and namespace.
    pub destination: ApplicationDestination,
    /// Owning project; empty is read and stored as default; default when absent.
    pub project: String,
    /// Automatic sync, options and retry; an all-zero value is normalised to absent.
    #[serde(rename = "syncPolicy", skip_serializing_if = "Option::is_none")]
    pub sync_policy: Option<SyncPolicy>,
    /// Fields left out of the comparison.
    #[serde(
        rename = "ignoreDifferences",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub ignore_differences: Vec<ResourceIgnoreDifferences>,
    /// Free name/value pairs shown in clients.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub info: Vec<Info>,
    /// Entries kept in status.history; 0 keeps none; 10 when absent.
    #[serde(rename = "revisionHistoryLimit", skip_serializing_if = "Option::is_none")]
    pub revision_history_limit: Option<i64>,
    /// Several sources rendered together; wins over source.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<ApplicationSource>,
    /// Render from a dry branch, commit the output, sync from the committed branch.
    #[serde(rename = "sourceHydrator", skip_serializing_if = "Option::is_none")]
    pub source_hydrator: Option<SourceHydrator>,
}

/// The cluster (by server or by name, not both) and namespace that an application is deployed to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ApplicationDestination {
    /// API server URL; exactly one of server and name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// Namespace for namespaced objects without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Cluster name; exactly one of server and name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// A free name and value shown in clients.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Info {
    /// Key.
    pub name: String,
    /// Text or URL.
    pub value: String,
}

/// Fields of some objects that are left out of the comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResourceIgnoreDifferences {
    /// API group, * allowed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Kind, * allowed.
    pub kind: String,
    /// Object name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Object namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// RFC 6901 pointers.
    #[serde(
        rename = "jsonPointers",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub json_pointers: Vec<String>,
    /// Jq paths.
    #[serde(
        rename = "jqPathExpressions",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub jq_path_expressions: Vec<String>,
    /// Field managers whose fields win.
    #[serde(
        rename = "managedFieldsManagers",
        deserialize_with = "null_is_empty",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub managed_fields_managers: Vec<String>,
}
