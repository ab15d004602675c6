//! The order of the output.

use std::cmp::Ordering;

use crate::file::SortOptions;
use crate::resource::{Id, Resource};

const FIRST: &[&str] = &[
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts as the root's options say; without any, as `--reorder legacy` does.
pub(crate) fn sort(list: &mut [Resource], options: Option<&SortOptions>) -> Result<(), String> {
    let order = options.map_or("legacy", |options| options.order.as_str());
    match order {
        "fifo" => Ok(()),
        "legacy" => {
            let own = options.and_then(|options| options.legacy_sort_options.as_ref());
            let (first, last): (Vec<&str>, Vec<&str>) = match own {
                Some(own) => (
                    own.order_first.iter().map(String::as_str).collect(),
                    own.order_last.iter().map(String::as_str).collect(),
                ),
                None => (FIRST.to_vec(), LAST.to_vec()),
            };
            list.sort_by(|one, other| compare(&one.id(), &other.id(), &first, &last));
            Ok(())
        }
        other => Err(format!("invalid sort order {other:?}; use fifo or legacy")),
    }
}

fn compare(one: &Id, other: &Id, first: &[&str], last: &[&str]) -> Ordering {
    let rank = |kind: &str| {
        let position = |list: &[&str]| list.iter().position(|known| *known == kind);
        match (position(first), position(last)) {
            (Some(place), _) => place as i64 - first.len() as i64,
            (None, Some(place)) => place as i64 + 1,
            (None, None) => 0,
        }
    };
    let gvk = |id: &Id| {
        let group = if id.group.is_empty() { "~G" } else { &id.group };
        format!("{group}_{}_{}", id.version, id.kind)
    };
    let text = |id: &Id| {
        let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
        format!(
            "{}.{}.{}|{}|{}",
            id.kind,
            id.version,
            or(&id.group, "[noGrp]"),
            or(&id.namespace, "~X"),
            id.name
        )
    };
    rank(&one.kind)
        .cmp(&rank(&other.kind))
        .then_with(|| gvk(one).cmp(&gvk(other)))
        .then_with(|| text(one).cmp(&text(other)))
}
