//! Objects of an application's namespace that nobody declares, for projects that want to know.

use types::glob;
use types::{AppProject, Application, Destination, ResourceNode, ResourceRef};

use crate::ports::Target;

/// The orphaned objects of the application's namespace; none when the project does not ask for them.
pub(crate) fn find(
    app: &Application,
    project: &AppProject,
    target: &dyn Target,
    nodes: &[ResourceNode],
) -> Vec<ResourceNode> {
    let namespace = &app.spec.destination.namespace;
    let Some(settings) = &project.spec.orphaned_resources else { return Vec::new() };
    if namespace.is_empty() {
        return Vec::new();
    }
    let cluster_project = target.project();
    let destination = Destination {
        server: target.server(),
        name: target.name(),
        namespace,
        cluster_project: &cluster_project,
    };
    let same = |left: &ResourceRef, right: &ResourceRef| {
        (&left.group, &left.kind, &left.namespace, &left.name)
            == (&right.group, &right.kind, &right.namespace, &right.name)
    };
    let mut orphans = target.orphans(namespace);
    orphans.retain(|node| {
        let reference = &node.resource_ref;
        let any = |pattern: &str, text: &str| pattern.is_empty() || glob::matches(pattern, text);
        let ignored = settings.ignore.iter().any(|entry| {
            glob::matches(&entry.group, &reference.group)
                && any(&entry.kind, &reference.kind)
                && any(&entry.name, &reference.name)
        });
        !ignored
            && !nodes.iter().any(|managed| same(&managed.resource_ref, reference))
            && project.permits_live_object(
                &reference.group,
                &reference.kind,
                &reference.name,
                Some(namespace),
                &destination,
            )
    });
    orphans
}
