//! Values with more than one spelling, and their canonical one.

pub(crate) mod duration;
pub(crate) mod int_or_string;
pub(crate) mod quantity;
pub mod timestamp;
