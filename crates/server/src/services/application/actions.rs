//! Actions of objects: what can be done to them beyond changing their manifests, such as restarting a Deployment.
//!
//! What an action is to do is decided by crate `health`; here it is done, to objects of the application only.
//!
//! Deliberately absent: actions written in Lua in the settings (`resource.customizations.actions.*`).

use std::collections::BTreeMap;

use cluster::{LiveCluster, Patch};
use health::actions::{self, Effect, Invocation};
use object::Object;
use serde_json::{Value, json};
use types::Application;

use super::resources::{key_of, live, node};
use super::{denied, find};
use crate::call::{Call, Handlers};
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("application.ApplicationService/ListResourceActions", list);
    handlers.unary("application.ApplicationService/RunResourceAction", run);
    handlers.unary("application.ApplicationService/RunResourceActionV2", run);
}

/// The live object that a request is about.
async fn object(call: &Call, application: &Application) -> Result<Object, Status> {
    let key = key_of(&node(call, application).await?);
    let version = Some(call.text("version")).filter(|version| !version.is_empty());
    let found = live(call, application)?.get(&key, version).await?;
    found.ok_or_else(|| Status::not_found(format!("{key} not found")))
}

async fn list(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get")?;
    let object = object(&call, &application).await?;
    let actions: Vec<Value> = actions::discover(&object)
        .iter()
        .map(|action| {
            let parameters: Vec<Value> = action.parameters.iter().map(|name| json!({"name": name})).collect();
            json!({
                "name": action.name,
                "disabled": action.disabled,
                "params": parameters,
                "displayName": action.display_name,
                "iconClass": action.icon_class,
            })
        })
        .collect();
    Ok(json!({"actions": actions}))
}

async fn run(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get")?;
    let (group, kind, action) = (call.text("group"), call.text("kind"), call.text("action"));
    if !call.caller.allows_application(&format!("action/{group}/{kind}/{action}"), &application) {
        return Err(denied());
    }
    let object = object(&call, &application).await?;
    let now = jiff::Timestamp::now();
    let invocation = Invocation {
        now: now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        seconds: now.as_second(),
        parameters: parameters(&call),
    };
    let effects = actions::run(&object, action, &invocation)
        .map_err(|error| Status::invalid(format!("{kind} {}: {error}", object.name())))?;
    let cluster = live(&call, &application)?;
    for effect in effects {
        match effect {
            Effect::Create(created) => {
                cluster.create(&created, false).await?;
            }
            Effect::Patch(changed) => patch(&cluster, &object, &changed).await?,
        }
    }
    Ok(json!({}))
}

/// Makes a live object what it is to be. A changed status goes to the subresource of that name, where there is one.
async fn patch(cluster: &LiveCluster, live: &Object, wanted: &Object) -> Result<(), Status> {
    let Value::Object(mut changes) = object::merge_patch::create(live.as_value(), wanted.as_value()) else {
        return Ok(());
    };
    let key = wanted.key();
    if let Some(status) = changes.remove("status") {
        let change = Patch::Merge(json!({"status": status}));
        match cluster.patch(&key, &change, "status").await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {
                changes.insert("status".to_owned(), status);
            }
            Err(error) => return Err(error.into()),
        }
    }
    // Nothing to change is no reason to write.
    if !changes.is_empty() {
        cluster.patch(&key, &Patch::Merge(Value::Object(changes)), "").await?;
    }
    Ok(())
}

fn parameters(call: &Call) -> BTreeMap<String, String> {
    let given = call.request.get("resourceActionParameters").and_then(Value::as_array);
    given
        .into_iter()
        .flatten()
        .filter_map(|parameter| {
            let text = |key: &str| parameter.get(key).and_then(Value::as_str).map(str::to_owned);
            Some((text("name")?, text("value")?))
        })
        .collect()
}
