//! The objects of an application: the tree, the comparison, and single live objects.
//!
//! What the application loop knows comes from its views. Where no loop runs, what stands in for it looks when somebody
//! asks; and with neither, the tree is put together from the cluster and the status.

use std::sync::Arc;
use std::time::Duration;

use cluster::{DeleteOptions, LiveCluster, Patch, Propagation};
use object::{Object, ObjectKey};
use serde_json::{Value, json};
use types::{Application, ApplicationTree, ResourceDiff, ResourceNode};

use super::{denied, find, to_json};
use crate::call::{Call, Handlers, Replies};
use crate::services::events;
use crate::services::mask;
use crate::status::Status;

/// Changes of a tree within this time are told as one.
const SETTLE: Duration = Duration::from_millis(150);

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("application.ApplicationService/ResourceTree", |call| async move {
        let application = find(&call, "applicationName", "get").await?;
        to_json(&tree(&call, &application).await?)
    });
    handlers.stream("application.ApplicationService/WatchResourceTree", watch_tree);
    handlers.unary("application.ApplicationService/ManagedResources", managed);
    handlers.unary("application.ApplicationService/GetResource", get);
    handlers.unary("application.ApplicationService/PatchResource", patch);
    handlers.unary("application.ApplicationService/DeleteResource", delete);
    handlers.unary("application.ApplicationService/ListResourceEvents", list_events);
}

/// The cluster that an application is deployed to.
pub(super) fn live(call: &Call, application: &Application) -> Result<Arc<LiveCluster>, Status> {
    call.core
        .clusters
        .resolve(&application.spec.destination)
        .map_err(|error| Status::precondition(error.to_string()))
}

/// Looks at an application where no loop does. The application as it was found, if there was a look; what cannot be
/// rendered or read is in its conditions.
async fn observe(call: &Call, application: &Application) -> Result<Option<Application>, Status> {
    let Some(controller) = &call.core.controller else { return Ok(None) };
    controller.observe(&application.key(), false).await.transpose().map_err(Status::unavailable)
}

/// The tree of an application.
pub(super) async fn tree(call: &Call, application: &Application) -> Result<ApplicationTree, Status> {
    observe(call, application).await?;
    known_tree(call, application)
}

/// The tree of an application without another look at it.
fn known_tree(call: &Call, application: &Application) -> Result<ApplicationTree, Status> {
    let cluster = live(call, application)?;
    let known = call.core.controller.as_ref().and_then(|controller| controller.tree(&application.key()));
    let mut tree = match known {
        Some(tree) => ApplicationTree::clone(&tree),
        None => {
            let roots: Vec<ObjectKey> = application
                .status
                .resources
                .iter()
                .map(|resource| {
                    ObjectKey::new(&resource.group, &resource.kind, &resource.namespace, &resource.name)
                })
                .collect();
            ApplicationTree { nodes: cluster.tree(&roots), ..ApplicationTree::default() }
        }
    };
    tree.hosts = cluster.hosts(&tree.nodes);
    Ok(tree)
}

async fn watch_tree(call: Call) -> Result<Replies, Status> {
    let application = find(&call, "applicationName", "get").await?;
    observe(&call, &application).await?;
    let Some(controller) = &call.core.controller else {
        return Ok(poll_tree(call, application));
    };
    let changes = controller.subscribe(&application.key());
    Ok(Box::pin(futures::stream::unfold(
        (call, application, changes),
        |(call, application, mut changes)| async move {
            changes.changed().await.ok()?;
            tokio::time::sleep(SETTLE).await;
            changes.borrow_and_update();
            let reply = current_tree(&call, &application)?;
            Some((reply, (call, application, changes)))
        },
    )))
}

/// The tree now; `None` when the application is gone or may not be seen any more.
fn current_tree(call: &Call, application: &Application) -> Option<Result<Value, Status>> {
    let application = call.core.control.application(&application.key())?;
    if !call.caller.allows_application("get", &application) {
        return None;
    }
    Some(known_tree(call, &application).and_then(|tree| to_json(&tree)))
}

/// Without the loop in this process, changes are told by the cluster.
fn poll_tree(call: Call, application: Arc<Application>) -> Replies {
    let instance = application.key().instance_name(call.core.control.namespace());
    let changes = live(&call, &application).map(|cluster| cluster.subscribe()).ok();
    let state = (call, application, instance, changes);
    Box::pin(futures::stream::unfold(state, |(call, application, instance, changes)| async move {
        let mut changes = changes?;
        loop {
            match changes.recv().await {
                Ok(change) if change.instance.as_deref() == Some(instance.as_str()) => break,
                Ok(_) => {}
                Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => break,
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
            }
        }
        tokio::time::sleep(SETTLE).await;
        // What came meanwhile is in the tree that is told now.
        let changes = changes.resubscribe();
        let reply = current_tree(&call, &application)?;
        Some((reply, (call, application, instance, Some(changes))))
    }))
}

/// The compared objects of an application, as the loop knows them.
pub(super) async fn compared(
    call: &Call,
    application: &Application,
) -> Result<Arc<Vec<ResourceDiff>>, Status> {
    let Some(controller) = &call.core.controller else {
        let message = "comparisons are known to the application controller, which is not in this process; \
                       run the server and the controller roles together";
        return Err(Status::unavailable(message));
    };
    if let Some(found) = observe(call, application).await?
        && let Some(trouble) = trouble_of(&found)
    {
        return Err(Status::precondition(trouble));
    }
    controller.managed(&application.key()).ok_or_else(|| {
        Status::unavailable(format!("{} has not been compared yet; try again shortly", application.key()))
    })
}

/// Why an application could not be compared, in the words of its conditions.
fn trouble_of(application: &Application) -> Option<String> {
    let status = &application.status;
    let errors: Vec<&str> = status
        .conditions
        .iter()
        .filter(|condition| condition.r#type.ends_with("Error"))
        .map(|condition| condition.message.as_str())
        .collect();
    (status.sync.status == "Unknown" && !errors.is_empty()).then(|| errors.join("; "))
}

async fn managed(call: Call) -> Result<Value, Status> {
    let application = find(&call, "applicationName", "get").await?;
    let known = compared(&call, &application).await?;
    let wanted = |key: &str, held: &str| call.text(key).is_empty() || call.text(key) == held;
    let items = known
        .iter()
        .filter(|item| {
            wanted("group", &item.group)
                && wanted("kind", &item.kind)
                && wanted("namespace", &item.namespace)
                && wanted("name", &item.name)
        })
        .map(to_json)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"items": items}))
}

/// The node of the tree that a request is about. What isn't in the application's tree isn't reached through it.
pub(super) async fn node(call: &Call, application: &Application) -> Result<ResourceNode, Status> {
    let tree = tree(call, application).await?;
    let (group, kind) = (call.text("group"), call.text("kind"));
    let (namespace, name) = (call.text("namespace"), call.text("resourceName"));
    tree.nodes
        .into_iter()
        .chain(tree.orphaned_nodes)
        .find(|node| {
            let held = &node.resource_ref;
            held.group == group && held.kind == kind && held.namespace == namespace && held.name == name
        })
        .ok_or_else(|| {
            Status::invalid(format!(
                "{kind} {group} {name} not found as part of application {}",
                application.metadata.name
            ))
        })
}

pub(super) fn key_of(node: &ResourceNode) -> ObjectKey {
    let held = &node.resource_ref;
    ObjectKey::new(&held.group, &held.kind, &held.namespace, &held.name)
}

async fn get(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    let node = node(&call, &application).await?;
    let key = key_of(&node);
    let version = Some(call.text("version")).filter(|version| !version.is_empty());
    let object = live(&call, &application)?.get(&key, version).await?;
    let object = object.ok_or_else(|| Status::not_found(format!("{key} not found")))?;
    Ok(manifest(object))
}

/// A live object as the API tells it.
fn manifest(object: Object) -> Value {
    json!({"manifest": mask::hide_secrets(object).to_json()})
}

/// Refuses changing an object of an application, unless the caller may change that very object: being allowed to
/// change the application is not enough, but where the settings say so.
fn may_change(call: &Call, application: &Application, verb: &str) -> Result<(), Status> {
    let settings = call.core.control.settings();
    let inherits =
        settings.config("server.rbac.disableApplicationFineGrainedRBACInheritance") == Some("false");
    if inherits && call.caller.allows_application(verb, application) {
        return Ok(());
    }
    let fine = format!(
        "{verb}/{}/{}/{}/{}",
        call.text("group"),
        call.text("kind"),
        call.text("namespace"),
        call.text("resourceName")
    );
    if call.caller.allows_application(&fine, application) { Ok(()) } else { Err(denied()) }
}

async fn patch(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    may_change(&call, &application, "update")?;
    let node = node(&call, &application).await?;
    let document: Value = serde_json::from_str(call.text("patch"))
        .map_err(|error| Status::invalid(format!("the patch is no JSON: {error}")))?;
    let patch = match (call.text("patchType"), document) {
        ("application/json-patch+json", Value::Array(operations)) => Patch::Json(operations),
        ("application/json-patch+json", _) => return Err(Status::invalid("a JSON patch is a list")),
        ("application/strategic-merge-patch+json", document) => Patch::Strategic(document),
        ("application/merge-patch+json", document) => Patch::Merge(document),
        (other, _) => return Err(Status::invalid(format!("unknown patch type {other:?}"))),
    };
    let patched = live(&call, &application)?.patch(&key_of(&node), &patch, "").await?;
    Ok(manifest(patched))
}

async fn delete(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    may_change(&call, &application, "delete")?;
    let node = node(&call, &application).await?;
    let options = if call.flag("orphan") == Some(true) {
        DeleteOptions { propagation: Propagation::Orphan, ..DeleteOptions::default() }
    } else if call.flag("force") == Some(true) {
        DeleteOptions { grace_period_seconds: Some(0), ..DeleteOptions::background() }
    } else {
        DeleteOptions::default()
    };
    live(&call, &application)?.delete(&key_of(&node), &options).await?;
    Ok(json!({}))
}

async fn list_events(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    let (name, namespace, uid) =
        (call.text("resourceName"), call.text("resourceNamespace"), call.text("resourceUID"));
    if name.is_empty() && uid.is_empty() {
        let metadata = &application.metadata;
        let client = call.core.control.client();
        return events::of_record(client, &metadata.namespace, &metadata.name, &metadata.uid).await;
    }
    let tree = tree(&call, &application).await?;
    let node = tree.nodes.iter().chain(&tree.orphaned_nodes).find(|node| {
        let held = &node.resource_ref;
        (uid.is_empty() || held.uid == uid) && held.name == name && held.namespace == namespace
    });
    let node = node.ok_or_else(|| {
        Status::invalid(format!(
            "{namespace}/{name} not found as part of application {}",
            application.metadata.name
        ))
    })?;
    let found = live(&call, &application)?.events(&key_of(node), uid).await?;
    let items: Vec<Value> = found.into_iter().map(Object::into_value).collect();
    Ok(json!({"metadata": {}, "items": items}))
}
