//! What one read may cost, so that foreign input can exhaust neither memory nor stack.

/// Limits of one read. The defaults are far above real manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of input text.
    pub input_bytes: usize,
    /// Nesting of collections, aliases expanded.
    pub depth: usize,
    /// Values in the text, before aliases are expanded.
    pub nodes: usize,
    /// Values after aliases are expanded. Besides, Go's own ratio of expanded to written values holds.
    pub expanded_nodes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { input_bytes: 100 << 20, depth: 256, nodes: 5_000_000, expanded_nodes: 10_000_000 }
    }
}
