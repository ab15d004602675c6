//! A thin adapter over the Jsonnet library.
