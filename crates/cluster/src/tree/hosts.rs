//! The nodes that run an application's Pods, and how much of them it has asked for.

use std::collections::{BTreeMap, HashSet};

use object::{GroupKind, ObjectKey};
use types::{HostInfo, HostResourceInfo, ResourceNode};

use crate::cache::{Details, NodeDetails, Resources};
use crate::live::LiveCluster;

#[derive(Default)]
struct Requested {
    by_app: Resources,
    by_neighbors: Resources,
}

impl LiveCluster {
    /// The nodes that run the Pods among `nodes`, sorted by name, with what those Pods and all others have asked for
    /// in thousandths. Finished Pods count for nothing.
    pub fn hosts(&self, nodes: &[ResourceNode]) -> Vec<HostInfo> {
        let pod = GroupKind::new("", "Pod");
        let own: HashSet<ObjectKey> = nodes
            .iter()
            .map(|node| &node.resource_ref)
            .filter(|reference| reference.kind == pod.kind && reference.group.is_empty())
            .map(|reference| ObjectKey::new("", "Pod", &reference.namespace, &reference.name))
            .collect();
        if own.is_empty() {
            return Vec::new();
        }
        let store = self.inner().store.read();
        let mut hosts: BTreeMap<String, Requested> = BTreeMap::new();
        for key in &own {
            if let Some(Details::Pod(pod)) = store.get(key).map(|object| object.details())
                && let Some(node) = &pod.node
            {
                hosts.entry(node.to_string()).or_default();
            }
        }
        for object in store.of_kind(&pod) {
            let Details::Pod(pod) = object.details() else { continue };
            let Some(requested) = pod.node.as_deref().and_then(|node| hosts.get_mut(node)) else { continue };
            if pod.finished {
                continue;
            }
            let total =
                if own.contains(&object.key()) { &mut requested.by_app } else { &mut requested.by_neighbors };
            *total = total.plus(pod.requests);
        }
        let nodes = hosts.into_iter().filter_map(|(name, requested)| {
            let node = store.get(&ObjectKey::new("", "Node", "", &name))?;
            match node.details() {
                Details::Node(details) => Some(host(name, details, &requested)),
                _ => None,
            }
        });
        nodes.collect()
    }
}

fn host(name: String, node: &NodeDetails, requested: &Requested) -> HostInfo {
    let amounts = [
        ("cpu", node.capacity.cpu, requested.by_app.cpu, requested.by_neighbors.cpu),
        ("memory", node.capacity.memory, requested.by_app.memory, requested.by_neighbors.memory),
        ("storage", node.capacity.storage, requested.by_app.storage, requested.by_neighbors.storage),
    ];
    let resources =
        amounts.into_iter().filter(|(_, capacity, app, neighbors)| capacity + app + neighbors > 0);
    HostInfo {
        name,
        resources_info: resources
            .map(|(name, capacity, requested_by_app, requested_by_neighbors)| HostResourceInfo {
                resource_name: name.to_owned(),
                requested_by_app,
                requested_by_neighbors,
                capacity,
            })
            .collect(),
        system_info: node.system_info.as_deref().and_then(|info| serde_json::from_str(info).ok()),
        labels: node.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
    }
}
