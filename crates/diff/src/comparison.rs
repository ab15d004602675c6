//! What a comparison comes to.

use serde_json::Value;

/// The result for one pair of objects.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Comparison {
    /// Whether a sync would change the live object. Always true for a missing one, never for one without target.
    pub modified: bool,
    /// The live object as it was compared; null when there is none.
    pub normalized_live: Value,
    /// What it would be after a sync; null when there is no target.
    pub predicted_live: Value,
}

impl Comparison {
    pub(crate) fn of(normalized_live: Value, predicted_live: Value) -> Self {
        Comparison { modified: normalized_live != predicted_live, normalized_live, predicted_live }
    }
}
