//! Places in a text.

/// A place in a text: everything counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Byte offset.
    pub offset: usize,
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}
