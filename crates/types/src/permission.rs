//! What a project permits: kinds, destinations, repositories and namespaces.
//!
//! A pattern that starts with `!` is negative. It denies what the rest matches and, on its own, allows everything
//! else; both halves of that are Argo CD's behavior and kept for compatibility.

use crate::glob;
use crate::meta::GroupKindItem;
use crate::record_secret::normalize_repository_url;
use crate::{AppProject, ApplicationDestination, ClusterResourceRestrictionItem};

/// Whether a pattern, negative ones included, matches a value.
fn matches(pattern: &str, value: &str) -> bool {
    match pattern.strip_prefix('!') {
        Some(negated) => !glob::matches(negated, value),
        None => glob::matches(pattern, value),
    }
}

/// Whether a negative pattern refuses a value.
fn denies(pattern: &str, value: &str) -> bool {
    pattern.starts_with('!') && !matches(pattern, value)
}

/// A destination with its server and its name both known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Destination<'a> {
    /// The URL of the cluster's API server.
    pub server: &'a str,
    /// The cluster's name.
    pub name: &'a str,
    /// The namespace.
    pub namespace: &'a str,
    /// The project that the cluster is bound to; empty for none.
    pub cluster_project: &'a str,
}

impl AppProject {
    /// This project with the rules of global projects added to its own.
    #[must_use]
    pub fn with_global(&self, globals: &[&Self]) -> Self {
        let mut merged = self.clone();
        for global in globals {
            let (own, other) = (&mut merged.spec, &global.spec);
            own.source_repos.extend_from_slice(&other.source_repos);
            own.destinations.extend_from_slice(&other.destinations);
            own.destination_service_accounts.extend_from_slice(&other.destination_service_accounts);
            own.sync_windows.extend_from_slice(&other.sync_windows);
            own.cluster_resource_whitelist.extend_from_slice(&other.cluster_resource_whitelist);
            own.cluster_resource_blacklist.extend_from_slice(&other.cluster_resource_blacklist);
            own.namespace_resource_blacklist.extend_from_slice(&other.namespace_resource_blacklist);
            if let Some(whitelist) = &other.namespace_resource_whitelist {
                own.namespace_resource_whitelist.get_or_insert_default().extend_from_slice(whitelist);
            }
        }
        merged
    }

    /// Whether Applications in `namespace` may use the project.
    pub fn permits_application_namespace(&self, namespace: &str, control_namespace: &str) -> bool {
        namespace == control_namespace
            || self.spec.source_namespaces.iter().any(|pattern| glob::matches(pattern, namespace))
    }

    /// Whether the project permits a kind. Cluster-scoped kinds must be listed; namespaced ones are all permitted as
    /// long as there is no list, and none when the list is empty.
    pub fn permits_kind(&self, group: &str, kind: &str, name: &str, namespaced: bool) -> bool {
        let namespaced_rule = |item: &GroupKindItem| matches(&item.group, group) && matches(&item.kind, kind);
        let cluster_rule = |item: &ClusterResourceRestrictionItem| {
            matches(&item.group, group)
                && matches(&item.kind, kind)
                && (item.name.is_empty() || matches(&item.name, name))
        };
        let spec = &self.spec;
        if namespaced {
            let listed = spec
                .namespace_resource_whitelist
                .as_ref()
                .is_none_or(|list| list.iter().any(namespaced_rule));
            listed && !spec.namespace_resource_blacklist.iter().any(namespaced_rule)
        } else {
            spec.cluster_resource_whitelist.iter().any(cluster_rule)
                && !spec.cluster_resource_blacklist.iter().any(cluster_rule)
        }
    }

    /// Whether the project permits a destination.
    pub fn permits_destination(&self, destination: &Destination<'_>) -> bool {
        if self.spec.permit_only_project_scoped_clusters && destination.cluster_project != self.metadata.name
        {
            return false;
        }
        let mut permitted = false;
        for entry in &self.spec.destinations {
            let server = !entry.server.is_empty() && matches(&entry.server, destination.server);
            let name = !entry.name.is_empty() && matches(&entry.name, destination.name);
            let namespace = matches(&entry.namespace, destination.namespace);
            if (server || name) && namespace {
                permitted = true;
                continue;
            }
            let refused = denies(&entry.name, destination.name)
                || (denies(&entry.server, destination.server) && namespace)
                || (denies(&entry.namespace, destination.namespace) && server);
            if refused {
                return false;
            }
        }
        permitted
    }

    /// Whether the project permits a repository: `*` stays within a path segment, `**` crosses them, and `*` alone
    /// permits all.
    pub fn permits_source(&self, repository: &str) -> bool {
        let url = normalize_repository_url(repository);
        let mut permitted = false;
        for pattern in &self.spec.source_repos {
            let (negative, pattern) = match pattern.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, pattern.as_str()),
            };
            let matched =
                pattern == "*" || glob::matches_with_separator(&normalize_repository_url(pattern), &url, '/');
            match (negative, matched) {
                (true, true) => return false,
                (true, false) | (false, true) => permitted = true,
                (false, false) => {}
            }
        }
        permitted
    }

    /// Whether clients and the controller may see a live object.
    pub fn permits_live_object(
        &self,
        group: &str,
        kind: &str,
        name: &str,
        namespace: Option<&str>,
        destination: &Destination<'_>,
    ) -> bool {
        self.permits_kind(group, kind, name, namespace.is_some())
            && namespace
                .is_none_or(|namespace| self.permits_destination(&Destination { namespace, ..*destination }))
    }
}

impl ApplicationDestination {
    /// How messages name the destination's cluster.
    pub fn cluster_text(&self) -> &str {
        if self.server.is_empty() { &self.name } else { &self.server }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn project(spec: serde_json::Value) -> AppProject {
        serde_json::from_value(json!({"metadata": {"name": "team"}, "spec": spec})).unwrap()
    }

    #[test]
    fn kinds_are_permitted_by_scope() {
        let open = project(json!({}));
        assert!(open.permits_kind("apps", "Deployment", "web", true));
        assert!(
            !open.permits_kind("", "Namespace", "a", false),
            "an empty list permits no cluster-scoped kind"
        );
        let closed = project(json!({"namespaceResourceWhitelist": []}));
        assert!(
            !closed.permits_kind("apps", "Deployment", "web", true),
            "an empty list is not an absent one"
        );
        let rules = project(json!({
            "clusterResourceWhitelist": [{"group": "", "kind": "Namespace", "name": "team-*"}],
            "namespaceResourceBlacklist": [{"group": "", "kind": "ResourceQuota"}],
        }));
        assert!(rules.permits_kind("", "Namespace", "team-a", false));
        assert!(!rules.permits_kind("", "Namespace", "other", false));
        assert!(!rules.permits_kind("", "ResourceQuota", "q", true));
    }

    #[test]
    fn destinations_match_server_or_name_and_namespace() {
        let rules = project(json!({"destinations": [
            {"server": "https://a", "namespace": "team-*"},
            {"name": "prod", "namespace": "!kube-system"},
        ]}));
        let to = |server, name, namespace| {
            rules.permits_destination(&Destination { server, name, namespace, cluster_project: "" })
        };
        assert!(to("https://a", "a", "team-x"));
        assert!(!to("https://a", "a", "default"));
        assert!(to("https://b", "prod", "default"));
        assert!(!to("https://b", "prod", "kube-system"));
        assert!(!to("https://c", "c", "team-x"));
    }

    #[test]
    fn a_negative_server_denies_at_once() {
        let rules = project(json!({"destinations": [
            {"server": "!https://secret", "namespace": "*"},
            {"server": "*", "namespace": "*"},
        ]}));
        let to = |server| {
            rules.permits_destination(&Destination { server, name: "", namespace: "x", cluster_project: "" })
        };
        assert!(to("https://a"));
        assert!(!to("https://secret"));
    }

    #[test]
    fn sources_are_globs_over_normal_urls() {
        for (patterns, url, permitted) in [
            (json!(["*"]), "https://x/a/b", true),
            (json!(["https://github.com/org/*"]), "https://github.com/org/repo.git", true),
            (json!(["https://github.com/*"]), "https://github.com/org/repo", false),
            (json!(["https://github.com/**"]), "https://github.com/org/repo", true),
            (json!(["*", "!https://github.com/org/secret"]), "https://github.com/org/secret.git", false),
            (json!(["!https://github.com/org/secret"]), "https://github.com/org/open", true),
            (json!(["git@github.com:org/*"]), "ssh://git@github.com/org/repo", true),
            (json!([]), "https://x", false),
        ] {
            assert_eq!(project(json!({"sourceRepos": patterns})).permits_source(url), permitted, "{url}");
        }
    }

    #[test]
    fn global_rules_are_added() {
        let own = project(json!({"sourceRepos": ["https://a"], "namespaceResourceWhitelist": []}));
        let global = project(json!({"sourceRepos": ["https://b"],
            "namespaceResourceWhitelist": [{"group": "apps", "kind": "*"}]}));
        let merged = own.with_global(&[&global]);
        assert!(merged.permits_source("https://b") && merged.permits_kind("apps", "Deployment", "x", true));
    }
}
