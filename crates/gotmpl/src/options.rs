//! How templates are executed. Neighbor: `set.rs`.

/// What a missing map key gives, Go's option `missingkey`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// No value; fields of it are no values either. Printed as `<no value>`.
    #[default]
    Default,
    /// The zero value of the map's elements. For maps of anything that is nil, whose fields are an error.
    Zero,
    /// An error.
    Error,
}

/// Options of a [`crate::TemplateSet`].
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// What a missing map key gives.
    pub missing_key: MissingKey,
}
