//! Argo CD's custom resources, settings and access rules as plain data.
//!
//! Every type here reads what Argo CD's users already have and writes what Argo CD's clients expect: field names,
//! which empty fields are left out, and how `null` is read follow the `argoproj.io/v1alpha1` resources. Codes that
//! are enumerations by convention only (a sync status, a phase) stay texts in the records, so that a newer writer's
//! value survives a round trip; the crates that decide on them have their own enumerations.
//!
//! - [`Application`], [`AppProject`], [`ApplicationSet`]: the custom resources.
//! - [`Cluster`], [`Repository`], [`RepoCreds`]: what labeled Secrets hold.
//! - [`settings`]: the ConfigMaps `argocd-cm`, `argocd-rbac-cm`, `argocd-cmd-params-cm` and the Secrets.
//! - [`rbac`]: the policy language and its evaluation.
//! - [`AppProject::permits_kind`] and its neighbors: what a project permits. [`glob`]: its patterns.
//! - [`names`]: labels, annotations, finalizers and other fixed names.
//! - [`tracking`]: which application an object belongs to. [`comparison`]: which differences count.
//!
//! Deliberately absent: talking to Kubernetes (`cluster`), deciding what to do (`controller`, `sync`).

mod application;
mod applicationset;
pub mod comparison;
pub mod glob;
mod json;
pub mod meta;
pub mod names;
mod permission;
mod project;
mod project_check;
pub mod rbac;
mod record;
mod record_secret;
mod record_write;
mod secret;
pub mod settings;
pub mod tracking;

pub use application::*;
pub use applicationset::*;
pub use meta::{List, ListMeta, ObjectMeta, Time};
pub use permission::Destination;
pub use project::*;
pub use record::*;
pub use record_secret::{RecordError, SecretData, SecretSource, normalize_repository_url};
pub use record_write::SecretEntries;
pub use secret::Secret;
