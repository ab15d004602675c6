//! The API, defined once: the files in `api/` tell services, messages, HTTP bindings and JSON rules, and everything
//! else follows from them.
//!
//! - `definition`: reads those files. `template`: paths of HTTP bindings.
//! - `wire`: messages as Protocol Buffers, to and from JSON. `special`: the types whose JSON is written by hand.
//! - `shape`: JSON as clients send and expect it. `fields`: the `fields=` selection.
//! - `description`: the description of the API for `/swagger.json` and generated clients.
//!
//! Handlers know none of this: they take and give JSON in the form of the Kubernetes resources.

mod definition;
mod description;
mod fields;
mod parse;
mod shape;
mod special;
mod template;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use definition::{Api, Binding, Body, Method};
pub(crate) use description::describe;
pub(crate) use fields::Selection;
pub(crate) use shape::{ShapeError, query_parameter, reply, request};
pub(crate) use template::{query_pairs, query_unescape};
pub(crate) use wire::{decode, encode};
