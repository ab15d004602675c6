//! Go's text/template language and the sprig functions, for any Rust program.
