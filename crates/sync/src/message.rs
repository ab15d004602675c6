//! The texts of a sync: what it waits for, why it failed, and explanations of errors that servers put tersely.

use object::{GroupKind, GroupVersionKind};

use crate::task::Task;

const NO_SUCH_KIND: &str = "the server could not find the requested resource";
const ANNOTATIONS_TOO_LONG: &str = "metadata.annotations: Too long: must have at most 262144 bytes";

/// What a running operation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    /// Hooks to complete, or objects to become healthy.
    Progress,
    /// Objects to be gone.
    Deletion,
    /// Somebody to confirm that objects may be pruned.
    Confirmation,
}

/// The message of an operation that waits for tasks; empty when there is none.
pub(crate) fn waiting(tasks: &[&Task], waits_for: WaitsFor) -> String {
    let hooks = tasks.iter().filter(|task| task.hook).count();
    let Some(first) = tasks.iter().find(|task| task.hook).or(tasks.first()) else {
        return String::new();
    };
    let reason = match (waits_for, hooks > 0) {
        (WaitsFor::Progress, true) => "completion of hook",
        (WaitsFor::Progress, false) => "healthy state of",
        (WaitsFor::Deletion, true) => "deletion of hook",
        (WaitsFor::Deletion, false) => "deletion of",
        (WaitsFor::Confirmation, _) => "pruning confirmation of",
    };
    let more = match tasks.len() - 1 {
        0 => String::new(),
        count => format!(" and {count} more {}", if hooks == tasks.len() { "hooks" } else { "resources" }),
    };
    format!("waiting for {reason} {}{more}", first.title())
}

/// A failure's message with the distinct reasons of what failed.
pub(crate) fn with_reasons<'a>(message: &str, reasons: impl Iterator<Item = &'a str>) -> String {
    let mut distinct: Vec<&str> = Vec::new();
    for reason in reasons.filter(|reason| !reason.is_empty()) {
        if !distinct.contains(&reason) {
            distinct.push(reason);
        }
    }
    if distinct.is_empty() {
        message.to_owned()
    } else {
        format!("{message}, reason: {}", distinct.join(","))
    }
}

/// Explains errors whose texts alone do not tell what to do. `installed` are the versions in which the cluster has the
/// kind, in any group.
pub fn explain(message: &str, gvk: &GroupVersionKind, installed: &[GroupVersionKind]) -> String {
    if message.contains(NO_SUCH_KIND) {
        return match installed.first() {
            Some(other) => format!(
                "The Kubernetes API has no {gvk}; version {} of {} is installed on the destination cluster.",
                other.api_version(),
                other.kind
            ),
            None => format!(
                "The Kubernetes API has no {}. Make sure the \"{}\" CRD is installed on the destination cluster.",
                GroupKind::new(gvk.group.clone(), gvk.kind.clone()),
                gvk.kind
            ),
        };
    }
    if message.contains(ANNOTATIONS_TOO_LONG) {
        return format!(
            "{message} (the last applied configuration does not fit into an annotation: sync this object with \
             ServerSideApply=true or Replace=true)"
        );
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terse_errors_are_explained() {
        let gvk = GroupVersionKind::new("acme.io", "v1", "Widget");
        let other = GroupVersionKind::new("acme.io", "v2", "Widget");
        assert_eq!(
            explain(NO_SUCH_KIND, &gvk, &[]),
            "The Kubernetes API has no acme.io/Widget. Make sure the \"Widget\" CRD is installed on the destination \
             cluster."
        );
        assert_eq!(
            explain(NO_SUCH_KIND, &gvk, &[other]),
            "The Kubernetes API has no acme.io/v1/Widget; version acme.io/v2 of Widget is installed on the \
             destination cluster."
        );
        assert!(explain(&format!("x {ANNOTATIONS_TOO_LONG}"), &gvk, &[]).contains("ServerSideApply=true"));
        assert_eq!(explain("plain", &gvk, &[]), "plain");
    }
}
