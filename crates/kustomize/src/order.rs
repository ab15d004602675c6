//! The order of the output.

use std::cmp::Ordering;

use crate::file::SortOptions;
use crate::identity::{Id, or};
use crate::resource::Resource;

/// The kinds that others need, which come first.
pub(crate) const FIRST: &[&str] = &[
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

/// The kinds that get in the way of others.
pub(crate) const LAST: &[&str] = &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/// Sorts as the root's options say; without any, as `--reorder` does.
pub(crate) fn sort(
    list: &mut Vec<Resource>,
    options: Option<&SortOptions>,
    reorder: bool,
) -> Result<(), String> {
    let own = options.and_then(|options| options.legacy_sort_options.as_ref());
    match options.map(|options| options.order.as_str()) {
        Some("fifo") if own.is_some() => {
            Err("the field 'sortOptions.legacySortOptions' is set but the selected \
             sort order is 'fifo', not 'legacy'"
                .to_owned())
        }
        Some("fifo") => Ok(()),
        None if !reorder => Ok(()),
        None | Some("legacy") => {
            let (first, last): (Vec<&str>, Vec<&str>) = match own {
                Some(own) => (
                    own.order_first.iter().map(String::as_str).collect(),
                    own.order_last.iter().map(String::as_str).collect(),
                ),
                None => (FIRST.to_vec(), LAST.to_vec()),
            };
            let mut keyed: Vec<(Key, Resource)> =
                list.drain(..).map(|resource| (Key::of(&resource.id(), &first, &last), resource)).collect();
            keyed.sort_by(|(one, _), (other, _)| one.compare(other));
            list.extend(keyed.into_iter().map(|(_, resource)| resource));
            Ok(())
        }
        Some(_) => Err("the field 'sortOptions.order' must be one of [fifo, legacy]".to_owned()),
    }
}

/// What an object is sorted by: the rank of its kind, its kind, its name.
struct Key {
    rank: i64,
    kind: String,
    name: String,
    is_namespace: bool,
    is_core: bool,
}

impl Key {
    fn of(id: &Id, first: &[&str], last: &[&str]) -> Self {
        let position = |list: &[&str]| list.iter().rposition(|known| *known == id.kind);
        let rank = match (position(first), position(last)) {
            (_, Some(place)) => place as i64 + 1,
            (Some(place), None) => place as i64 - first.len() as i64,
            (None, None) => 0,
        };
        let (group, version, kind) = (&id.group, or(&id.version, "~V"), or(&id.kind, "~K"));
        Self {
            rank,
            kind: format!("{}_{version}_{kind}", or(group, "~G")),
            name: format!(
                "{}.{}.{}|{}|{}",
                or(&id.kind, "[noKind]"),
                or(&id.version, "[noVer]"),
                or(group, "[noGrp]"),
                or(&id.namespace, "~X"),
                or(&id.name, "~N")
            ),
            is_namespace: id.kind == "Namespace",
            is_core: group.is_empty(),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let are_namespaces = self.is_namespace && other.is_namespace;
        let kinds = if are_namespaces && (self.is_core || other.is_core) {
            // Namespaces come before kinds of that name in other groups.
            other.kind.cmp(&self.kind)
        } else {
            self.kind.cmp(&other.kind)
        };
        self.rank.cmp(&other.rank).then(kinds).then_with(|| self.name.cmp(&other.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::decode;
    use serde_json::json;

    fn sorted(kinds: &[(&str, &str)], options: serde_json::Value) -> Result<Vec<String>, String> {
        let mut list: Vec<Resource> = kinds
            .iter()
            .map(|(api_version, kind)| {
                let value = json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}});
                Resource::new(value, "x".into())
            })
            .collect();
        let options = if options.is_null() { None } else { Some(decode(options)?) };
        sort(&mut list, options.as_ref(), true)?;
        Ok(list.iter().map(|resource| format!("{}/{}", resource.group(), resource.kind())).collect())
    }

    #[test]
    fn kinds_come_in_the_order_of_need() {
        let kinds = [
            ("v1", "Pod"),
            ("apps/v1", "Deployment"),
            ("example.com/v1", "Namespace"),
            ("v1", "Namespace"),
            ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
            ("batch/v1", "Job"),
        ];
        assert_eq!(
            sorted(&kinds, json!(null)).unwrap(),
            [
                "/Namespace",
                "example.com/Namespace",
                "apps/Deployment",
                "batch/Job",
                "/Pod",
                "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
            ]
        );
        let own = json!({"order": "legacy", "legacySortOptions": {"orderFirst": ["Job"], "orderLast": ["Namespace"]}});
        assert_eq!(sorted(&kinds, own).unwrap()[0], "batch/Job");
        assert_eq!(sorted(&kinds, json!({"order": "fifo"})).unwrap()[0], "/Pod");
        for wrong in [json!({}), json!({"order": "fifo", "legacySortOptions": {}}), json!({"order": "x"})] {
            assert!(sorted(&kinds, wrong).is_err());
        }
    }
}
