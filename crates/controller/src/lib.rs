//! The Application loop: refresh, compare, operate, finalize.
