//! Regular expressions compiled once per state.

use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

/// Compiled expressions by their Go text.
#[derive(Default)]
pub(crate) struct RegexCache {
    pub(crate) compiled: HashMap<Arc<str>, Result<Regex, String>>,
}
