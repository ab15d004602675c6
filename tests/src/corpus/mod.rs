//! Cases out of a corpus: what to render, what the real tools made of it, and our engines doing the same.

mod case;
mod engine;

pub use case::{Case, Expected, RandomPart, RandomSource, Tool, cases, folders};
pub use engine::{Loaded, Way, ours, render, theirs};
