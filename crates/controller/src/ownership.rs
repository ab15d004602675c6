//! Whether a live object really is the one that an application declared, or carries a copied mark.

use object::{Object, ObjectKey};
use types::names::ANNOTATION_TRACKING_ID;
use types::tracking::{Tracking, TrackingId, TrackingMethod};

/// Whether a live object counts as the application's own. Objects whose tracking annotation was copied from another
/// object (by an operator, say) are shown, but get no sync status and are never pruned.
pub(crate) fn is_own(tracking: &Tracking, live: Option<&Object>, target: Option<&Object>) -> bool {
    let Some(live) = live else { return true };
    if tracking.method == TrackingMethod::Label {
        return true;
    }
    let declared: ObjectKey = match target {
        Some(target) => target.key(),
        None => match live.annotation(ANNOTATION_TRACKING_ID).and_then(TrackingId::parse) {
            Some(id) => id.key,
            None => return true,
        },
    };
    let key = live.key();
    key.name == declared.name
        && key.group == declared.group
        && key.kind == declared.kind
        && (key.namespace == declared.namespace || key.namespace.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::GroupVersionKind;

    fn object(namespace: &str, name: &str, id: &str) -> Object {
        let mut object = Object::new(&GroupVersionKind::new("", "v1", "ConfigMap"), namespace, name);
        if !id.is_empty() {
            object.set_annotation(ANNOTATION_TRACKING_ID, id);
        }
        object
    }

    #[test]
    fn copied_marks_do_not_count() {
        let tracking = Tracking::default();
        let target = object("prod", "a", "web:/ConfigMap:prod/a");
        for (live, target, own) in [
            (None, Some(&target), true),
            (Some(object("prod", "a", "web:/ConfigMap:prod/a")), Some(&target), true),
            (Some(object("prod", "b", "web:/ConfigMap:prod/a")), Some(&target), false),
            (Some(object("prod", "a", "web:/ConfigMap:prod/a")), None, true),
            (Some(object("other", "a", "web:/ConfigMap:prod/a")), None, false),
            (Some(object("", "a", "web:/ConfigMap:prod/a")), None, true),
            (Some(object("prod", "copy", "web:/ConfigMap:prod/a")), None, false),
            (Some(object("prod", "a", "nonsense")), None, true),
            (Some(object("prod", "a", "")), None, true),
        ] {
            assert_eq!(is_own(&tracking, live.as_ref(), target), own, "{live:?}");
        }
        let label = Tracking { method: TrackingMethod::Label, ..Tracking::default() };
        assert!(is_own(&label, Some(&object("x", "copy", "web:/ConfigMap:prod/a")), None));
    }
}
