//! The budgets of an execution. A render of foreign text may fail, but it can't run forever, fill the memory or
//! overflow the stack.

/// How much an execution may use. One [`crate::State`] spends one budget over all the templates that it executes.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Evaluated nodes: actions, loops, calls, elements of loops.
    pub steps: u64,
    /// Bytes of text and elements of lists made by functions and templates, added up over the execution.
    pub bytes: u64,
    /// Templates within templates, by `template` or by functions that execute templates.
    pub depth: usize,
    /// Stack used since the execution began. Threads of Rust have 2 MiB; a host with larger ones may allow more.
    pub stack_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { steps: 100_000_000, bytes: 1 << 30, depth: 100_000, stack_bytes: 1 << 20 }
    }
}

/// A budget that ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`Limits::steps`]
    #[error("exceeded the limit of {0} steps")]
    Steps(u64),
    /// [`Limits::bytes`]
    #[error("exceeded the limit of {0} bytes of generated text")]
    Bytes(u64),
    /// [`Limits::depth`]
    #[error("exceeded maximum template depth ({0})")]
    Depth(usize),
    /// [`Limits::stack_bytes`]
    #[error("exceeded the limit of {0} bytes of stack: templates call each other too deeply")]
    Stack(usize),
}

/// The address of the top of the stack, near enough to measure how much of it is in use.
#[inline(never)]
pub(crate) fn stack_position() -> usize {
    let marker = 0u8;
    std::hint::black_box(&raw const marker) as usize
}
