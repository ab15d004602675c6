//! The untyped Kubernetes object: identity, order, quantities and every kind of patch.
//!
//! Everything above this crate handles Kubernetes objects as JSON whose kinds are not known when Argosy is compiled.
//! This crate says what can be done with such an object without asking a server:
//!
//! ```text
//! identity   Object, ObjectKey, GroupVersionKind      who an object is
//! scalars    Quantity, Duration, IntOrString          values with more than one spelling
//! patches    json_patch, merge_patch, strategic       the three patch formats, made and applied
//! ownership  structured                               server-side apply: field sets, managers, conflicts
//! schema     Schema, built-in table, OpenAPI readers  what the kinds' fields are and how their lists merge
//! defaults   fill_builtin_defaults                 what the API server fills in by itself
//! content    content_hash, Packed                     did anything that matters change? And: kept small
//! ```
//!
//! Deliberately absent: generated structs per kind (the built-in table describes them as data, so that built-in kinds
//! and custom resources take one path), YAML (crate `goyaml`), and any I/O.

pub mod defaults;
mod error;
mod hash;
mod identity;
pub mod json_patch;
pub mod merge_patch;
mod metadata;
mod packed;
mod scalar;
pub mod schema;
pub mod strategic;
pub mod structured;
mod value;

pub use error::Error;
pub use hash::content_hash;
pub use identity::{GroupKind, GroupVersionKind, ObjectKey};
pub use metadata::OwnerReference;
pub use packed::Packed;
pub use scalar::duration::Duration;
pub use scalar::int_or_string::IntOrString;
pub use scalar::quantity::Quantity;
pub use scalar::timestamp;
pub use value::{Object, kind_of};

/// The annotation in which `kubectl apply` keeps the manifest it applied last.
pub const LAST_APPLIED_ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";
