//! Compares desired objects with live ones: the answer to "is the cluster what Git says?".
//!
//! ```text
//! target, live ─▶ normalize ─▶ one of  three_way · structured_merge · server_side ─▶ Comparison
//!                    ▲
//!                  rules (ignored differences: pointers, jq paths, trusted field managers, known types)
//! ```
//! `normalize` makes values comparable that only are spelled differently; a method then predicts what the live object
//! would be after a sync, and the prediction is compared with what is there. Equality is equality of JSON.
//!
//! Deliberately absent: I/O (the server-side method takes the result of a dry run that the caller made), memory of earlier
//! results, and the sync status, into which the controller folds these answers.

mod compare;
mod comparison;
mod error;
mod mask;
mod normalize;
mod options;
mod rules;
mod schemas;
mod server_side;
mod structured_merge;
mod three_way;

pub use compare::compare;
pub use comparison::Comparison;
pub use error::Error;
pub use mask::mask_secrets;
pub use options::{Options, Tracking};
pub use rules::{IgnoreRule, KnownTypeField, Override, Rules, StatusRule};
pub use schemas::SchemaSource;
pub use server_side::{compare_dry_run, prepare_dry_run};

/// The field manager that Argo CD applies with, and therefore we.
pub const FIELD_MANAGER: &str = "argocd-controller";
