//! Fuzzing: what is tried with any bytes, and what must hold then.
//!
//! ```text
//!  libFuzzer ──bytes──▶ meter ──▶ targets::NAME ──▶ a room of the house
//!   program              memory                     properties: laws, round trips, nothing escapes
//!                        time
//! ```
//!
//! - `program.rs` is the program around it, which only `cargo xtask fuzz` builds.
//! - `targets`: what each target feeds where, and what must hold.
//! - `bundle`: several files written in one text. `shape`: values, objects and template texts made out of bytes.
//! - `meter`: what one input may use of memory and processor time.

mod bundle;
pub mod meter;
mod shape;
pub mod targets;
