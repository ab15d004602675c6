//! Application sources rendered to the objects that are to be: which tool, with which options, from which revision.
//!
//! ```text
//!  RenderRequest ─ resolve ─ open ─┬─ cache holds? ─────────────────────────────┬─ mark ─▶ Rendered
//!                (source)          └─ thread: overrides ▸ kind ▸ tool ▸ objects ─┘
//!                                       reads through Traced trees
//! ```
//!
//! - `renderer`: the asynchronous shell. It fetches everything, so that a render itself needs nothing but memory.
//! - `engine`: one render on a thread of `pool`; `kind` chooses among `directory` (with `jsonnet`), `helm` (with
//!   `value_files`) and `kustomize` (with `images`).
//! - `cache`: results with the proof of what they depend on, so that a push renders again only what read a changed path.
//! - `documents`, `globs`, `overlay`, `variables`: what the tools share.
//!
//! Equal renders under way are made once. A render that panics or overruns is an error of its application alone.
//!
//! Deliberately absent: config management plugins (refused by name), checks of commit signatures, permission checks
//! (the controller's), and any caching of errors: when to try again is the controller's decision.

mod cache;
mod directory;
mod documents;
mod engine;
mod error;
mod globs;
mod helm;
mod images;
mod jsonnet;
mod kind;
mod kustomize;
mod metrics;
mod overlay;
mod pool;
mod prepare;
mod renderer;
mod request;
mod value_files;
mod variables;

pub use error::RenderError;
pub use metrics::RenderMetrics;
pub use renderer::Renderer;
pub use request::{Desired, Explain, Origin, RenderOptions, RenderRequest, Rendered, RenderedSource};
pub use source::ErrorKind;
