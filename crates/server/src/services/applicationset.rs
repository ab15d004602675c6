//! `applicationset.ApplicationSetService`: ApplicationSets, listed and watched.
//!
//! Deliberately absent: creating, changing and generating.

use std::sync::Arc;

use serde_json::{Value, json};
use types::meta::LabelSelector;
use types::{AppKey, ApplicationSet};

use super::selector;
use super::watch::Start;
use crate::call::{Call, Handlers, Replies};
use crate::core::Core;
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("applicationset.ApplicationSetService/List", |call| async move { list(&call) });
    handlers.unary("applicationset.ApplicationSetService/Get", |call| async move { to_json(&*find(&call)?) });
    handlers.unary("applicationset.ApplicationSetService/ListResourceEvents", events);
    handlers.stream("applicationset.ApplicationSetService/Watch", |call| async move { watch(call) });
}

fn to_json(record: &impl serde::Serialize) -> Result<Value, Status> {
    serde_json::to_value(record).map_err(|error| Status::internal(format!("cannot write a record: {error}")))
}

fn project_of(set: &ApplicationSet) -> &str {
    let project = set.spec.template.spec.project.as_str();
    if project.is_empty() { "default" } else { project }
}

fn may_see(core: &Core, call: &Call, set: &ApplicationSet) -> bool {
    let object = core.object_name(project_of(set), &set.metadata.namespace, &set.metadata.name);
    call.caller.allows("applicationsets", "get", &object)
}

fn find(call: &Call) -> Result<Arc<ApplicationSet>, Status> {
    let (name, namespace) = (call.text("name"), call.text("appsetNamespace"));
    let namespace = if namespace.is_empty() { call.core.control.namespace() } else { namespace };
    let missing = || Status::not_found(format!("applicationsets.argoproj.io {name:?} not found"));
    let set = call.core.control.application_set(&AppKey::new(namespace, name)).ok_or_else(missing)?;
    let object = call.core.object_name(project_of(&set), &set.metadata.namespace, &set.metadata.name);
    call.caller.enforce("applicationsets", "get", &object)?;
    Ok(set)
}

struct Filter {
    name: String,
    namespace: String,
    projects: Vec<String>,
    selector: LabelSelector,
}

impl Filter {
    fn of(call: &Call, namespace_key: &str) -> Result<Self, Status> {
        Ok(Self {
            name: call.text("name").to_owned(),
            namespace: call.text(namespace_key).to_owned(),
            projects: call.texts("projects").into_iter().map(str::to_owned).collect(),
            selector: selector::parse(call.text("selector"))?,
        })
    }

    fn matches(&self, set: &ApplicationSet) -> bool {
        (self.name.is_empty() || self.name == set.metadata.name)
            && (self.namespace.is_empty() || self.namespace == set.metadata.namespace)
            && (self.projects.is_empty() || self.projects.iter().any(|project| project == project_of(set)))
            && self.selector.matches(&set.metadata.labels)
    }
}

fn list(call: &Call) -> Result<Value, Status> {
    let filter = Filter::of(call, "appsetNamespace")?;
    let (sets, version) = call.core.control.list::<ApplicationSet>();
    let seen = sets.iter().filter(|set| filter.matches(set) && may_see(&call.core, call, set));
    let items = seen.map(|set| to_json(&**set)).collect::<Result<Vec<_>, _>>()?;
    Ok(json!({"metadata": {"resourceVersion": version.to_string()}, "items": items}))
}

async fn events(call: Call) -> Result<Value, Status> {
    let set = find(&call)?;
    let metadata = &set.metadata;
    super::events::of_record(call.core.control.client(), &metadata.namespace, &metadata.name, &metadata.uid)
        .await
}

fn watch(call: Call) -> Result<Replies, Status> {
    let filter = Filter::of(&call, "appSetNamespace")?;
    let start = if filter.name.is_empty() { Start::Changes } else { Start::Present };
    let sight = Box::new(move |call: &Call, set: &ApplicationSet| {
        filter.matches(set) && may_see(&call.core, call, set)
    });
    Ok(super::watch::watch(call, start, "applicationSet", sight))
}
