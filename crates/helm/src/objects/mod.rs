//! The objects of Helm's own that templates see besides plain data.

pub(crate) mod capabilities;
mod files;

pub(crate) use files::Files;
