//! Application sources rendered to the objects that are to be: which tool, with which options, from which revision.
//!
//! ```text
//!  RenderRequest ─ resolve ─ open ─┬─ cache holds? ─────────────────────────────┬─ mark ─▶ Rendered
//!                (source)          └─ thread: overrides ▸ kind ▸ tool ▸ objects ─┘
//!                                       reads through Traced trees
//! ```
//!
//! - `renderer`: the asynchronous shell, and `make`, its part that fetches what a render asks for, so that a render
//!   itself needs nothing but memory.
//! - `engine`: one render on a thread of `pool`; `kind` chooses among `directory` (with `jsonnet`), `helm` (with
//!   `value_files`), `kustomize` (with `images`), and `plugin`, which asks a sidecar (with `generate_paths`).
//! - `inputs`: all that a render depends on besides files, and the key it makes; `cache`: results with the proof of what
//!   else they depend on, so that a push renders again only what read a changed path; `explain`: both in words.
//! - `integrity`: whether commits are signed as the project demands, before anything is rendered.
//! - `local`: one source rendered from files at hand, without all that. `archive`: files packed for whoever else renders
//!   them.
//! - `documents`, `globs`, `overlay`, `variables`: what the tools share.
//! - [`readers`]: what is read of foreign bytes, reachable by itself.
//!
//! Equal renders under way are made once. A render that panics or overruns is an error of its application alone.
//!
//! Deliberately absent: permission checks (the controller's); any caching of errors: when to try again is the
//! controller's decision; a search of whole repositories for links that lead out of them: such a link cannot be
//! followed, so only the render that meets one fails, and a tar for a plugin is searched.

mod archive;
mod cache;
mod directory;
mod documents;
mod engine;
mod error;
mod explain;
mod generate_paths;
mod globs;
mod helm;
mod images;
mod inputs;
mod integrity;
mod jsonnet;
mod kind;
mod kustomize;
mod local;
mod make;
mod metrics;
mod options;
mod outside;
mod overlay;
mod plugin;
mod pool;
mod prepare;
pub mod readers;
mod renderer;
mod request;
mod value_files;
mod variables;

pub use crate::archive::{Archive, Packing, pack};
pub use crate::jsonnet::JsonnetWorker;
pub use error::RenderError;
pub use explain::{Explain, Input, Origin, Read};
pub use helm::System;
pub use integrity::Integrity;
pub use local::{Local, LocalObject, LocalRendered};
pub use metrics::RenderMetrics;
pub use options::RenderOptions;
pub use outside::{Fetched, Fetcher};
pub use plugin::{ParameterAnnouncement, PluginOptions};
pub use renderer::Renderer;
pub use request::{Desired, RenderRequest, Rendered, RenderedSource};
pub use source::ErrorKind;
