//! Actions of objects: what can be done to them beyond changing their manifests, such as restarting a Deployment.
//!
//! What an action is to do is decided by crate `health`, which knows the built-in ones and runs those that the settings
//! give in Lua (`resource.customizations.actions.*`); here it is done, as far as the application's project permits.

use std::collections::BTreeMap;

use cluster::{LiveCluster, Patch};
use health::actions::{self, ActionError, Customization, Effect, Invocation};
use object::{Object, ObjectKey};
use serde::Deserialize;
use serde_json::{Value, json};
use types::settings::Settings;
use types::{Application, Destination};

use super::resources::{key_of, live, node};
use super::{denied, effective_project, find, to_json};
use crate::call::{Call, Handlers};
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.unary("application.ApplicationService/ListResourceActions", list);
    handlers.unary("application.ApplicationService/RunResourceAction", run);
    handlers.unary("application.ApplicationService/RunResourceActionV2", run);
}

/// The actions that the settings give for a kind.
fn customization(settings: &Settings, group: &str, kind: &str) -> Result<Option<Customization>, Status> {
    #[derive(Deserialize)]
    struct Definition {
        name: String,
        #[serde(rename = "action.lua", default)]
        source: String,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Written {
        #[serde(rename = "discovery.lua")]
        discovery: Option<String>,
        definitions: Option<Vec<Definition>>,
        #[serde(rename = "mergeBuiltinActions")]
        merge: Option<bool>,
    }
    let key = if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") };
    let text = settings.resources.overrides.get(&key).map(|rule| rule.actions.as_str()).unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let written: Result<Written, String> = goyaml::from_str(text)
        .map_err(|error| error.to_string())
        .and_then(|value| serde_json::from_value(value).map_err(|error| error.to_string()));
    let written = written.map_err(|reason| {
        Status::precondition(format!("the setting resource.customizations.actions for {key}: {reason}"))
    })?;
    let definitions = written.definitions.unwrap_or_default();
    Ok(Some(Customization {
        discovery: written.discovery.unwrap_or_default(),
        definitions: definitions.into_iter().map(|one| (one.name, one.source)).collect(),
        with_builtin: written.merge == Some(true),
    }))
}

/// Whether a request is about the Application itself, rather than one of its objects.
fn is_about_itself(call: &Call, application: &Application) -> bool {
    let metadata = &application.metadata;
    call.text("group") == "argoproj.io"
        && call.text("kind") == "Application"
        && call.text("resourceName") == metadata.name
        && ["", metadata.namespace.as_str()].contains(&call.text("namespace"))
}

/// The live object that a request is about.
async fn object(call: &Call, application: &Application) -> Result<Object, Status> {
    if is_about_itself(call, application) {
        let record = Object::from_value(to_json(application)?);
        return record.map_err(|error| Status::internal(error.to_string()));
    }
    let key = key_of(&node(call, application).await?);
    let version = Some(call.text("version")).filter(|version| !version.is_empty());
    let found = live(call, application)?.get(&key, version).await?;
    found.ok_or_else(|| Status::not_found(format!("{key} not found")))
}

async fn list(call: Call) -> Result<Value, Status> {
    let application = find(&call, "name", "get").await?;
    let object = object(&call, &application).await?;
    let settings = call.core.control.settings();
    let custom = customization(&settings, object.group(), object.kind())?;
    let offered = actions::discover(&object, custom.as_ref())
        .map_err(|error| Status::precondition(error.to_string()))?;
    let actions: Vec<Value> = offered
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
    let application = find(&call, "name", "get").await?;
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
    let settings = call.core.control.settings();
    let custom = customization(&settings, object.group(), object.kind())?;
    let (subject, name) = (object.clone(), action.to_owned());
    // A script may take some tenths of a second.
    let run = move || actions::run(&subject, &name, &invocation, custom.as_ref());
    let effects = tokio::task::spawn_blocking(run)
        .await
        .map_err(|error| Status::internal(error.to_string()))?
        .map_err(|error| {
            let message = format!("{kind} {}: {error}", object.name());
            match error {
                ActionError::Unknown { .. } | ActionError::Parameter { .. } => Status::invalid(message),
                _ => Status::precondition(message),
            }
        })?;
    let itself = is_about_itself(&call, &application);
    let cluster = if itself {
        call.core
            .clusters
            .in_cluster()
            .ok_or_else(|| Status::unavailable("the control plane has no cluster"))?
    } else {
        live(&call, &application)?
    };
    for effect in &effects {
        let (Effect::Create(changed) | Effect::Patch(changed)) = effect;
        if matches!(effect, Effect::Patch(_)) && changed.key() != object.key() {
            let message = format!("action {action} patches {}, not {}", changed.key(), object.key());
            return Err(Status::precondition(message));
        }
        if !(itself && changed.key() == object.key()) {
            check_permitted(&call, &application, &cluster, changed)?;
        }
    }
    // What cannot be created is found out before anything is done.
    for effect in &effects {
        if let Effect::Create(created) = effect {
            cluster.create(created, true).await?;
        }
    }
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

/// Refuses an object that the application's project does not permit: a script may name any.
fn check_permitted(
    call: &Call,
    application: &Application,
    cluster: &LiveCluster,
    object: &Object,
) -> Result<(), Status> {
    let key = object.key();
    let refused = || {
        let ObjectKey { group, kind, namespace, name } = &key;
        Status::denied(format!("application is not permitted to manage {group}/{kind}/{name} in {namespace}"))
    };
    let project = effective_project(&call.core, application.spec.project_name()).ok_or_else(refused)?;
    let clusters = call.core.control.clusters();
    let record = clusters.iter().find(|record| record.server.trim_end_matches('/') == cluster.server());
    let destination = Destination {
        server: cluster.server(),
        name: cluster.name(),
        namespace: &key.namespace,
        cluster_project: record.map(|record| record.project.as_str()).unwrap_or_default(),
    };
    // A kind that is not known has a namespace when the object says one.
    let served = cluster.resource_in(&object.group_kind(), object.version());
    let namespaced = served.map_or(!key.namespace.is_empty(), |resource| resource.namespaced);
    let namespace = namespaced.then_some(key.namespace.as_str());
    let permitted = project.permits_live_object(&key.group, &key.kind, &key.name, namespace, &destination);
    if permitted { Ok(()) } else { Err(refused()) }
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
