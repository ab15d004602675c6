//! What the loop knows beyond the Applications themselves, for the API server: resource trees and compared objects.
//! Nothing of it is stored twice; a tree is put together when somebody asks for it.

use std::sync::Arc;

use object::ObjectKey;
use tokio::sync::watch;
use types::{
    AppKey, AppProject, Application, ApplicationTree, Destination, HealthStatus, ResourceDiff, ResourceNode,
    ResourceRef,
};

use crate::diffing::Shown;
use crate::memory::Memory;
use crate::ports::{Outside, Target};

/// The views. Cheap to clone.
#[derive(Clone)]
pub struct Views {
    pub(crate) memory: Arc<Memory>,
    pub(crate) outside: Outside,
}

impl Views {
    /// The resource tree of an application; `None` before its first comparison.
    pub fn tree(&self, key: &AppKey) -> Option<Arc<ApplicationTree>> {
        let app = self.outside.store.application(key)?;
        let target = self.outside.fleet.resolve(&app.spec.destination).ok()?;
        let project = self.outside.store.project(app.spec.project_name())?;
        let nodes = nodes(&self.memory, &app, &project, target.as_ref())?;
        let orphaned_nodes = crate::orphans::find(&app, &project, target.as_ref(), &nodes);
        let hosts = target.hosts(&nodes);
        Some(Arc::new(ApplicationTree { nodes, orphaned_nodes, hosts, ..ApplicationTree::default() }))
    }

    /// The managed objects of an application with their comparisons, Secrets masked; `None` before the first comparison.
    pub fn managed(&self, key: &AppKey) -> Option<Arc<Vec<ResourceDiff>>> {
        let known = self.memory.get(key)?;
        let app = self.outside.store.application(key)?;
        let target = self.outside.fleet.resolve(&app.spec.destination).ok()?;
        let compare = self.outside.comparers.comparer(&app, &self.outside.store.settings()).ok()?;
        let shown: Vec<(ObjectKey, Shown)> = {
            let known = known.lock();
            let judgements = known.judgements.iter();
            judgements.map(|(key, remembered)| (key.clone(), remembered.shown.clone())).collect()
        };
        let diff = |(key, shown): &(ObjectKey, Shown)| {
            let live = || {
                let item = known.lock().freshest_item(target.live(key), key, target.as_ref())?;
                (item.content)()
            };
            shown.resource_diff(compare.as_ref(), key, live)
        };
        Some(Arc::new(shown.iter().filter_map(diff).collect()))
    }

    /// A number that grows whenever an application's tree or managed objects may have changed.
    pub fn subscribe(&self, key: &AppKey) -> watch::Receiver<u64> {
        self.memory.subscribe(key)
    }
}

/// All nodes of an application's tree, those that are missing included.
pub(crate) fn nodes(
    memory: &Memory,
    app: &Application,
    project: &AppProject,
    target: &dyn Target,
) -> Option<Vec<ResourceNode>> {
    let known = memory.get(&app.key())?;
    let (roots, missing) = {
        let known = known.lock();
        (known.roots.clone(), known.missing.clone())
    };
    let cluster_project = target.project();
    let destination = Destination {
        server: target.server(),
        name: target.name(),
        namespace: &app.spec.destination.namespace,
        cluster_project: &cluster_project,
    };
    let mut nodes = target.tree(&roots, &|key| {
        let namespace = Some(key.namespace.as_str()).filter(|namespace| !namespace.is_empty());
        project.permits_live_object(&key.group, &key.kind, &key.name, namespace, &destination)
    });
    nodes.extend(missing.into_iter().map(|(key, version)| ResourceNode {
        resource_ref: ResourceRef {
            group: key.group,
            version,
            kind: key.kind,
            namespace: key.namespace,
            name: key.name,
            uid: String::new(),
        },
        health: Some(HealthStatus { status: "Missing".to_owned(), ..HealthStatus::default() }),
        ..ResourceNode::default()
    }));
    Some(nodes)
}
