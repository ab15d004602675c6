//! How live objects differ from manifests, compared here, as the stock client compares: the server tells what is live and
//! which differences its settings ignore; the application says which it ignores itself.

use ::diff::{Options, Rules, Tracking};
use object::Object;
use serde_json::Value;
use sync::SyncOptions;
use types::settings::StatusRule;
use types::{Application, ResourceDiff, comparison};

use super::AppName;
use super::facts::ServerSettings;
use super::local::parse;
use super::resources::ManagedResources;
use crate::client::Client;
use crate::error::Error;

/// How an object differs from what it would be.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// `GROUP/KIND NAMESPACE/NAME`.
    pub(super) title: String,
    pub(super) name: String,
    /// The live object as it was compared; null when there is none.
    pub(super) live: Value,
    /// The object as it would be; null when it would not be there.
    pub(super) wanted: Value,
}

/// How live objects differ from these manifests.
pub(super) async fn differences(
    client: &Client,
    app: &AppName,
    application: &Application,
    manifests: &[String],
) -> Result<Vec<Difference>, Error> {
    let settings = ServerSettings::fetch(client).await?;
    let live: ManagedResources = client.get(&app.path("/managed-resources"), &app.query()).await?;
    compare(application, &settings, manifests, &live.items.unwrap_or_default())
}

fn compare(
    application: &Application,
    settings: &ServerSettings,
    manifests: &[String],
    live: &[ResourceDiff],
) -> Result<Vec<Difference>, Error> {
    let policy = application.spec.sync_policy.as_ref();
    // The settings' rule for `/status` comes with their overrides.
    let rules: Rules = comparison::rules(application, &settings.resource_overrides, StatusRule::Off)
        .map_err(|error| Error::Format(error.to_string()))?;
    let options = Options {
        server_side_apply: policy
            .is_some_and(|policy| SyncOptions::parse(&policy.sync_options).server_side_apply),
        tracking: Tracking {
            label: &settings.app_label_key,
            by_label_only: settings.tracking_method == "label",
        },
        ..Options::new(&rules)
    };
    let mut matched = vec![false; live.len()];
    let mut found = Vec::new();
    for text in manifests {
        let mut wanted = object(text)?;
        let place = live.iter().position(|live| is_same(application, &wanted, live));
        let current = match place {
            Some(place) => {
                matched[place] = true;
                let live = &live[place];
                if wanted.namespace().unwrap_or_default() != live.namespace {
                    wanted.set_namespace(
                        Some(&live.namespace).filter(|namespace| !namespace.is_empty()).map(String::as_str),
                    );
                }
                live_object(live)?
            }
            None => None,
        };
        let compared = ::diff::compare(Some(&wanted), current.as_ref(), &options)
            .map_err(|error| Error::Format(format!("{}: {error}", wanted.key())))?;
        if compared.modified {
            let after = if current.is_some() { compared.predicted_live } else { wanted.as_value().clone() };
            push(&mut found, &wanted, compared.normalized_live, after);
        }
    }
    for (live, _) in live.iter().zip(&matched).filter(|(live, matched)| !**matched && !live.hook) {
        if let Some(object) = live_object(live)? {
            push(&mut found, &object, object.as_value().clone(), Value::Null);
        }
    }
    Ok(found)
}

/// Adds a difference. Hooks are not compared; of Secrets only masks are known here, which say nothing.
fn push(found: &mut Vec<Difference>, object: &Object, live: Value, wanted: Value) {
    let key = object.key();
    if key.kind == "Secret" && key.group.is_empty() || sync::is_hook(object) {
        return;
    }
    let title = format!("{}/{} {}/{}", key.group, key.kind, key.namespace, key.name);
    found.push(Difference { title, name: key.name, live, wanted });
}

fn object(text: &str) -> Result<Object, Error> {
    Object::from_value(parse(text)?).map_err(|error| Error::Format(error.to_string()))
}

fn live_object(live: &ResourceDiff) -> Result<Option<Object>, Error> {
    let is_there = !live.live_state.is_empty() && live.live_state != "null";
    if is_there { object(&live.live_state).map(Some) } else { Ok(None) }
}

/// Whether a manifest is meant for a live object. One that names no namespace goes to the application's, or to none.
fn is_same(application: &Application, wanted: &Object, live: &ResourceDiff) -> bool {
    let namespace = wanted.namespace().unwrap_or_default();
    let places = [namespace, application.spec.destination.namespace.as_str(), ""];
    wanted.group() == live.group
        && wanted.kind() == live.kind
        && wanted.name() == live.name
        && if namespace.is_empty() {
            places.contains(&live.namespace.as_str())
        } else {
            live.namespace == namespace || live.namespace.is_empty()
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn manifests_are_matched_with_what_is_live() {
        let application: Application =
            serde_json::from_value(json!({"spec": {"destination": {"namespace": "web"}}})).unwrap();
        let map = |name: &str, value: &str, namespace: Option<&str>| {
            let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": value}});
            if let Some(namespace) = namespace {
                map["metadata"]["namespace"] = namespace.into();
            }
            map.to_string()
        };
        let live = |name: &str, value: &str| -> ResourceDiff {
            serde_json::from_value(json!({"kind": "ConfigMap", "name": name, "namespace": "web",
                "liveState": map(name, value, Some("web"))}))
            .unwrap()
        };
        let manifests = [map("same", "1", None), map("other", "2", None), map("new", "1", None)];
        let live = [live("same", "1"), live("other", "1"), live("gone", "1")];
        let found: Vec<(String, Value, Value)> =
            compare(&application, &ServerSettings::default(), &manifests, &live)
                .unwrap()
                .into_iter()
                .map(|found| {
                    (found.title, found.live["data"]["v"].clone(), found.wanted["data"]["v"].clone())
                })
                .collect();
        assert_eq!(
            found,
            [
                ("/ConfigMap web/other".to_owned(), json!("1"), json!("2")),
                ("/ConfigMap /new".to_owned(), Value::Null, json!("1")),
                ("/ConfigMap web/gone".to_owned(), json!("1"), Value::Null),
            ]
        );
    }
}
