//! How results are printed: aligned tables, trees, JSON and YAML.

mod difference;
mod table;
mod tree;

pub use difference::normal_diff;
pub use table::Table;
pub use tree::{TreeRow, tree_lines};

use serde::Serialize;
use serde_json::Value;

/// Prints a value as JSON (two spaces of indent) or YAML.
pub fn print_value(value: &Value, as_json: bool) {
    if as_json {
        println!("{}", serde_json::to_string_pretty(value).unwrap_or_default());
    } else {
        print!("{}", goyaml::to_string(value));
    }
}

/// As [`print_value`], for anything that can be serialized.
pub fn print_as(value: &impl Serialize, as_json: bool) {
    print_value(&serde_json::to_value(value).unwrap_or_default(), as_json);
}

/// The first seven characters of a commit; other revisions stay as they are.
pub fn short_revision(revision: &str) -> &str {
    let is_commit = revision.len() >= 40 && revision.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_commit { &revision[..7] } else { revision }
}
