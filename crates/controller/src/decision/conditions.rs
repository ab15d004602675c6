//! Conditions: what users should know of an application, and how newer knowledge replaces older.

use types::{Application, ApplicationCondition, Time};

/// Condition: the spec, its project or its destination is wrong.
pub const INVALID_SPEC: &str = "InvalidSpecError";
/// Condition: something is wrong that has no name of its own.
pub const UNKNOWN: &str = "UnknownError";
/// Condition: desired and live could not be compared.
pub const COMPARISON: &str = "ComparisonError";
/// Condition: an automated sync was not made.
pub const SYNC: &str = "SyncError";
/// Condition: an object belongs to another application too.
pub const SHARED_RESOURCE: &str = "SharedResourceWarning";
/// Condition: an object was rendered several times.
pub const REPEATED_RESOURCE: &str = "RepeatedResourceWarning";
/// Condition: an object was rendered that the settings exclude.
pub const EXCLUDED_RESOURCE: &str = "ExcludedResourceWarning";
/// Condition: the namespace has objects that nobody declares.
pub const ORPHANED_RESOURCE: &str = "OrphanedResourceWarning";
/// Condition: the application's objects could not be deleted.
pub const DELETION: &str = "DeletionError";

/// The conditions that a comparison decides on.
pub const OF_COMPARISON: &[&str] = &[COMPARISON, SHARED_RESOURCE, REPEATED_RESOURCE, EXCLUDED_RESOURCE];
/// The conditions that the check of spec and project decides on.
pub const OF_PERMISSION: &[&str] = &[INVALID_SPEC, UNKNOWN];

/// A condition without a time.
pub fn condition(kind: &str, message: impl Into<String>) -> ApplicationCondition {
    ApplicationCondition { r#type: kind.to_owned(), message: message.into(), last_transition_time: None }
}

/// Replaces the conditions of the evaluated types. A condition that was there before keeps its time.
pub fn replace(app: &mut Application, evaluated: &[&str], found: Vec<ApplicationCondition>, now: Time) {
    let existing = std::mem::take(&mut app.status.conditions);
    let (old, mut kept): (Vec<_>, Vec<_>) =
        existing.into_iter().partition(|condition| evaluated.contains(&condition.r#type.as_str()));
    for mut new in found {
        let same = old.iter().find(|old| old.r#type == new.r#type && old.message == new.message);
        new.last_transition_time = same.and_then(|old| old.last_transition_time).or(Some(now));
        if !kept.iter().any(|known| known.r#type == new.r#type && known.message == new.message) {
            kept.push(new);
        }
    }
    kept.sort_by(|left, right| {
        let order = |condition: &ApplicationCondition| {
            (condition.r#type.clone(), condition.message.clone(), condition.last_transition_time)
        };
        order(left).cmp(&order(right))
    });
    app.status.conditions = kept;
}

/// `Type: message;Type: message` of conditions of some types; empty when there is none.
pub fn text(conditions: &[ApplicationCondition], kinds: &[&str]) -> String {
    let texts: Vec<String> = conditions
        .iter()
        .filter(|condition| kinds.contains(&condition.r#type.as_str()))
        .map(|condition| format!("{}: {}", condition.r#type, condition.message))
        .collect();
    texts.join(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn time(seconds: i64) -> Time {
        Time(Timestamp::from_second(seconds).unwrap())
    }

    #[test]
    fn evaluated_types_are_replaced_and_times_kept() {
        let mut app = Application::default();
        replace(
            &mut app,
            &[],
            vec![condition(SYNC, "old"), condition(COMPARISON, "a"), condition(COMPARISON, "b")],
            time(1),
        );
        replace(
            &mut app,
            OF_COMPARISON,
            vec![condition(COMPARISON, "b"), condition(SHARED_RESOURCE, "c")],
            time(2),
        );
        let found: Vec<_> = app
            .status
            .conditions
            .iter()
            .map(|condition| {
                let at = condition.last_transition_time.unwrap().0.as_second();
                (condition.r#type.as_str(), condition.message.as_str(), at)
            })
            .collect();
        assert_eq!(found, [(COMPARISON, "b", 1), (SHARED_RESOURCE, "c", 2), (SYNC, "old", 1)]);
        assert_eq!(text(&app.status.conditions, &[COMPARISON, SYNC]), "ComparisonError: b;SyncError: old");
    }
}
