//! What a refused server-side apply says.

/// A field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conflict {
    /// The manager as the message names it, such as `"kubectl" using apps/v1`.
    pub manager: String,
    /// The field, such as `.spec.replicas`.
    pub field: String,
}

/// The API server's text for a list of conflicts: grouped by manager, fields below each other.
pub(crate) fn describe(conflicts: &[Conflict]) -> String {
    if let [only] = conflicts {
        return format!("Apply failed with 1 conflict: conflict with {}: {}", only.manager, only.field);
    }
    let mut text = format!("Apply failed with {} conflicts: ", conflicts.len());
    let mut sorted: Vec<&Conflict> = conflicts.iter().collect();
    sorted.sort();
    let mut previous: Option<&str> = None;
    for conflict in sorted {
        if previous != Some(conflict.manager.as_str()) {
            if previous.is_some() {
                text.push('\n');
            }
            text.push_str("conflicts with ");
            text.push_str(&conflict.manager);
            text.push(':');
            previous = Some(&conflict.manager);
        }
        text.push_str("\n- ");
        text.push_str(&conflict.field);
    }
    text
}
