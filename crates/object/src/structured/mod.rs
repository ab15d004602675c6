//! Structured merge: who owns which field, and server-side apply on top of it.
//!
//! `path.rs` and `set.rs` are sets of paths and their `fieldsV1` form; `typed.rs` looks at objects through their schema;
//! `merge.rs` merges, removes and extracts; `managers.rs` is `metadata.managedFields`; `apply.rs` puts it together.
//!
//! A schema is optional everywhere: without one, types are deduced from the values and lists are one value as a whole.
//! Deliberately absent: converting field sets between API versions. Managers that wrote in another version are compared
//! by the same paths, which is right as long as the versions share their field names.

mod apply;
mod conflict;
mod managers;
mod merge;
mod path;
mod set;
#[cfg(test)]
mod tests;
mod typed;

pub use apply::{Applied, Writer, apply, update};
pub use conflict::Conflict;
pub(crate) use conflict::describe;
pub use managers::{ManagedFields, Manager, ManagerId, Operation};
pub use merge::{extract, merge, remove};
pub use path::PathElement;
pub use set::FieldSet;
pub use typed::{Comparison, compare, field_set};
