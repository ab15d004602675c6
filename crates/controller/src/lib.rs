//! The Application loop: refresh, compare, operate, finalize.

pub mod decision;
pub mod ports;
pub mod queue;
