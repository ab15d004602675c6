//! The resource tree: what objects own, all the way down, as the API shows it. Hosts are in `hosts.rs`, objects that
//! nobody owns in `orphans.rs`.

mod hosts;
mod orphans;

pub use orphans::OrphanRules;

use std::collections::HashSet;
use std::sync::Arc;

use object::ObjectKey;
use types::{HealthStatus, InfoItem, ResourceNetworkingInfo, ResourceNode, ResourceRef};

use crate::cache::{Details, LiveObject, PodDetails, Store};
use crate::live::LiveCluster;

impl LiveCluster {
    /// The nodes of roots and of everything that they own, roots first, each once. Roots that do not live are left
    /// out.
    pub fn tree(&self, roots: &[ObjectKey]) -> Vec<ResourceNode> {
        self.tree_where(roots, &|_| true)
    }

    /// As [`LiveCluster::tree`]; an owned object that is not permitted is left out with all that it owns.
    pub fn tree_where(
        &self,
        roots: &[ObjectKey],
        permitted: &dyn Fn(&LiveObject) -> bool,
    ) -> Vec<ResourceNode> {
        let store = self.inner().store.read();
        nodes(&store, roots, permitted)
    }

    /// The node of one object.
    pub fn node(&self, object: &LiveObject) -> ResourceNode {
        node(&self.inner().store.read(), object)
    }
}

fn nodes(store: &Store, roots: &[ObjectKey], permitted: &dyn Fn(&LiveObject) -> bool) -> Vec<ResourceNode> {
    let mut level: Vec<Arc<LiveObject>> = roots.iter().filter_map(|key| store.get(key).cloned()).collect();
    let mut seen: HashSet<ObjectKey> = HashSet::new();
    let mut nodes = Vec::new();
    while !level.is_empty() {
        level.retain(|object| seen.insert(object.key()));
        nodes.extend(level.iter().map(|object| node(store, object)));
        let mut owned: Vec<Arc<LiveObject>> = level
            .iter()
            .flat_map(|object| store.dependents(object))
            .filter(|object| permitted(object))
            .collect();
        owned.sort_by_cached_key(|object| object.key());
        level = owned;
    }
    nodes
}

fn node(store: &Store, object: &LiveObject) -> ResourceNode {
    ResourceNode {
        resource_ref: ResourceRef {
            group: object.group().to_owned(),
            version: object.version().to_owned(),
            kind: object.kind().to_owned(),
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            uid: object.uid(),
        },
        parent_refs: parents(store, object),
        info: info(object),
        networking_info: networking(object),
        resource_version: object.resource_version().to_owned(),
        images: object.images(),
        health: object.health().map(|health| HealthStatus {
            status: health.code.to_string(),
            message: health.message,
            ..HealthStatus::default()
        }),
        created_at: object.created_at(),
    }
}

/// The owners. Their namespace is the object's if they live there, and empty if they are cluster-scoped or gone.
fn parents(store: &Store, object: &LiveObject) -> Vec<ResourceRef> {
    let mut parents: Vec<ResourceRef> = store
        .owners(object)
        .iter()
        .map(|owner| ResourceRef {
            group: owner.group().to_owned(),
            version: owner.version().to_owned(),
            kind: owner.kind().to_owned(),
            namespace: owner.namespace().to_owned(),
            name: owner.name().to_owned(),
            uid: owner.uid(),
        })
        .collect();
    for owner in object.owners() {
        let known = |parent: &ResourceRef| {
            parent.kind == *owner.kind && parent.group == *owner.group && parent.name == *owner.name
        };
        if !parents.iter().any(known) {
            parents.push(ResourceRef {
                group: owner.group.to_string(),
                kind: owner.kind.to_string(),
                name: owner.name.to_string(),
                uid: owner.uid.as_ref().map(ToString::to_string).unwrap_or_default(),
                ..ResourceRef::default()
            });
        }
    }
    parents
}

fn info(object: &LiveObject) -> Vec<InfoItem> {
    let mut info = Vec::new();
    let mut add = |name: &str, value: String| info.push(InfoItem { name: name.to_owned(), value });
    if let Some(revision) = object.revision() {
        add("Revision", format!("Rev:{revision}"));
    }
    match object.details() {
        Details::Pod(pod) => pod_info(pod, &mut add),
        Details::Other(other) => info.extend(other.info.iter().cloned()),
        Details::None | Details::Node(_) | Details::StatefulSet(_) => {}
    }
    info
}

fn pod_info(pod: &PodDetails, add: &mut dyn FnMut(&str, String)) {
    if let Some(reason) = &pod.reason {
        add("Status Reason", reason.to_string());
    }
    if let Some(node) = &pod.node {
        add("Node", node.to_string());
    }
    add("Containers", format!("{}/{}", pod.ready, pod.containers));
    if pod.restarts > 0 {
        add("Restart Count", pod.restarts.to_string());
    }
    if !pod.finished {
        for (name, amount) in [("cpu", pod.requests.cpu), ("memory", pod.requests.memory)] {
            if amount > 0 {
                add(name, amount.to_string());
            }
        }
    }
}

fn networking(object: &LiveObject) -> Option<ResourceNetworkingInfo> {
    match object.details() {
        Details::Other(other) => other.networking.clone(),
        Details::Pod(pod) => Some(ResourceNetworkingInfo {
            labels: pod.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            external_urls: pod.links.iter().map(ToString::to_string).collect(),
            ..ResourceNetworkingInfo::default()
        }),
        Details::None | Details::Node(_) | Details::StatefulSet(_) => None,
    }
}
