//! The transformers, one a file, in the order in which a kustomization applies them.

mod images;
mod labels;
mod names;
mod namespace;
mod replacements;
mod replicas;
mod values;

pub(crate) use images::set_images;
pub(crate) use labels::add_entries;
pub(crate) use names::{add_prefix, add_suffix};
pub(crate) use namespace::{SubjectRule, set_namespace};
pub(crate) use replacements::replace;
pub(crate) use replicas::set_replicas;
pub(crate) use values::{ValueTarget, add_values};
