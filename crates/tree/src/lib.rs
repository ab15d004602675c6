//! The read-only file tree that renderers read through, and paths that cannot leave it.
