//! Versions of charts and clusters, and the constraints on them.

use gotmpl::semver::{Constraint, Version};

/// Whether a chart's version is one (`1.2` and `v1` are, too).
pub(crate) fn is_version(text: &str) -> bool {
    Version::parse(text).is_ok()
}

/// Whether a version fulfils a constraint. What can't be read fulfils nothing.
pub(crate) fn satisfies(version: &str, constraint: &str) -> bool {
    match (Version::parse(version), Constraint::parse(constraint)) {
        (Ok(version), Ok(constraint)) => constraint.check(&version),
        _ => false,
    }
}
