//! Structured merge: field sets, ownership and server-side apply.

mod conflict;

pub use conflict::Conflict;
pub(crate) use conflict::describe;
