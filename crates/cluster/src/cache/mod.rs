//! The compact cache of one cluster's live objects.
//!
//! - [`object`]: [`LiveObject`], what is kept of one. [`details`]: what the tree shows of some kinds.
//! - [`decode`]: from JSON to that. [`content`]: the JSON that is kept of some. [`store`]: all of them, with indexes. [`intern`]: shared texts.
//!
//! A tree of JSON values is never kept: it is thirty times the size of the text.

mod decode;
mod details;
mod intern;
mod object;
mod store;
#[cfg(test)]
mod tests;

pub(crate) use decode::{Decoder, Identity, Rules};
pub(crate) use details::{Details, NodeDetails, OtherDetails, PodDetails, Resources};
pub(crate) use intern::Interner;
pub(crate) use object::LiveKind;
pub use object::LiveObject;
pub(crate) use store::Store;
