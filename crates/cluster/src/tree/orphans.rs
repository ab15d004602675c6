//! Objects of a namespace that no application manages.

use std::collections::HashSet;
use std::sync::Arc;

use object::ObjectKey;
use types::{OrphanedResourceKey, glob};

use crate::cache::LiveObject;
use crate::live::LiveCluster;

/// Which objects are no orphans although nobody manages them.
#[derive(Default)]
pub struct OrphanRules<'a> {
    /// The exceptions that the project lists; an empty kind or name there means any.
    pub ignore: Vec<OrphanedResourceKey>,
    /// The objects that the application manages, tracked or not.
    pub managed: HashSet<ObjectKey>,
    /// Whether an application with this instance name exists; its objects are no orphans.
    pub is_instance: Option<&'a dyn Fn(&str) -> bool>,
    /// Whether the project permits the object.
    pub is_permitted: Option<&'a dyn Fn(&LiveObject) -> bool>,
}

/// What Kubernetes itself puts into namespaces.
fn is_from_kubernetes(object: &LiveObject) -> bool {
    let identity = (object.group(), object.kind(), object.name());
    matches!(identity, ("", "ServiceAccount", "default") | ("", "ConfigMap", "kube-root-ca.crt"))
        || (identity == ("", "Service", "kubernetes") && object.namespace() == "default")
}

impl OrphanRules<'_> {
    fn ignores(&self, object: &LiveObject) -> bool {
        let any = |pattern: &str, text: &str| pattern.is_empty() || glob::matches(pattern, text);
        self.ignore.iter().any(|OrphanedResourceKey { group, kind, name }| {
            glob::matches(group, object.group()) && any(kind, object.kind()) && any(name, object.name())
        })
    }
}

impl LiveCluster {
    /// The objects of a namespace that have no owner and that no application manages, sorted.
    pub fn orphans(&self, namespace: &str, rules: &OrphanRules<'_>) -> Vec<Arc<LiveObject>> {
        let store = self.inner().store.read();
        let is_orphan = |object: &&Arc<LiveObject>| {
            object.namespace() == namespace
                && !namespace.is_empty()
                && !object.has_owners()
                && !is_from_kubernetes(object)
                && !rules.managed.contains(&object.key())
                && !rules.is_instance.is_some_and(|exists| object.instance().is_some_and(exists))
                && rules.is_permitted.is_none_or(|permitted| permitted(object))
                && !rules.ignores(object)
                && store.owners(object).is_empty()
        };
        let mut orphans: Vec<_> = store.all().filter(is_orphan).cloned().collect();
        orphans.sort_by_cached_key(|object| object.key());
        orphans
    }
}
