//! YAML read and written as Go's libraries do it: sigs.k8s.io/yaml over go-yaml v2, which is what Kubernetes, Helm
//! and Argo CD use.
//!
//! Why not a general crate: charts hash rendered YAML into annotations, so that one byte written otherwise restarts
//! a workload; and YAML 1.1's typing rules (`on`, `0777`, `1e3`, dates) decide what a manifest means.
//!
//! ```text
//!  text ──scan──▶ tokens ──parse──▶ Stream of nodes ──decode──▶ serde_json::Value
//!                                   (places, styles, comments)
//!  value ──Emit──▶ Emitter ──▶ text
//! ```
//!
//! ```
//! let value = goyaml::from_str("on: yes\nports: [080, 1e3]")?;
//! assert_eq!(goyaml::to_string(&value), "ports:\n- 80\n- 1000\n\"true\": true\n");
//! # Ok::<(), goyaml::Error>(())
//! ```
//!
//! Deliberately absent: serde data formats (values go through [`serde_json::Value`]), streaming from a reader, and
//! YAML 1.2 typing.

mod budget;
mod decode;
mod documents;
mod emit;
mod error;
mod node;
mod number;
mod parse;
mod position;
mod resolve;
mod scan;
mod timestamp;

pub use budget::Budget;
pub use documents::{Document, documents_within, from_str_within};
pub use emit::{Emit, Emitter, KeyOrder, Layout, natural_order, needs_quotes, sort_naturally};
pub use error::Error;
pub use node::{Comment, DocumentNode, Node, NodeId, NodeKind, ScalarStyle, Stream};
pub use number::{format_general, format_json};
pub use parse::parse;
pub use position::Mark;
pub use resolve::{Scalar, resolve};

use serde_json::Value;

/// Reads the first document of a text within the default [`Budget`]; a text without one is null. The last of several
/// equal keys wins.
pub fn from_str(text: &str) -> Result<Value, Error> {
    documents::first(text, &Budget::default(), decode::Duplicates::LastWins)
}

/// Like [`from_str`], but a key that comes twice is an error.
pub fn from_str_strict(text: &str) -> Result<Value, Error> {
    documents::first(text, &Budget::default(), decode::Duplicates::Refuse)
}

/// Reads all documents of a text within the default [`Budget`], leaving out the empty ones.
pub fn documents(text: &str) -> Result<Vec<Document>, Error> {
    documents_within(text, &Budget::default())
}

/// Writes a value as sigs.k8s.io/yaml's Marshal does, with a newline at the end.
pub fn to_string(value: &Value) -> String {
    emit_to_string(value, Layout::KUBERNETES)
}

/// Writes anything that can be emitted.
pub fn emit_to_string<T: Emit + ?Sized>(value: &T, layout: Layout) -> String {
    let mut emitter = Emitter::new(layout);
    value.emit(&mut emitter);
    emitter.finish()
}
