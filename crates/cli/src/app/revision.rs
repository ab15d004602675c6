//! An application at other revisions than its own: which are asked for, and how live objects differ from them.
//!
//! The server renders and tells what is live; the comparison is made here, as the stock client makes its own, under the
//! application's `ignoreDifferences`. Those of the settings are the server's to know and are not applied.

use ::diff::{IgnoreRule, Options, Rules, StatusRule};
use clap::Args;
use object::Object;
use serde::Deserialize;
use serde_json::Value;
use types::{Application, ResourceDiff};

use super::AppName;
use super::resources::ManagedResources;
use super::spec_flags::{Chosen, choose};
use crate::client::Client;
use crate::error::Error;

/// Which revisions are meant.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct RevisionFlags {
    /// A revision other than the target revision.
    #[arg(long, default_value = "")]
    pub(super) revision: String,
    /// The revisions of some of several sources (may be repeated, with --source-positions or --source-names).
    #[arg(long)]
    pub(super) revisions: Vec<String>,
    /// The positions of the sources that --revisions are for, counted from 1.
    #[arg(long, value_delimiter = ',')]
    source_positions: Vec<i64>,
    /// The names of the sources that --revisions are for.
    #[arg(long)]
    source_names: Vec<String>,
}

impl RevisionFlags {
    /// Whether no revision was named.
    pub(super) fn is_empty(&self) -> bool {
        self.revision.is_empty() && self.revisions.is_empty()
    }

    /// The positions of the sources that `--revisions` are for, given as such or by the sources' names.
    pub(super) fn positions(&self, application: &Application) -> Result<Vec<i64>, Error> {
        let mut positions = self.source_positions.clone();
        for name in &self.source_names {
            match choose(&application.spec, None, Some(name))? {
                Chosen::At(index) => {
                    positions.push(i64::try_from(index).unwrap_or(i64::MAX).saturating_add(1));
                }
                Chosen::Only => {
                    return Err(Error::Usage("--source-names: the application has only one source".into()));
                }
            }
        }
        if positions.len() != self.revisions.len() {
            return Err(Error::Usage(
                "--revisions need as many --source-positions or --source-names as there are revisions".into(),
            ));
        }
        Ok(positions)
    }

    /// The manifests at these revisions.
    pub(super) async fn manifests(
        &self,
        client: &Client,
        app: &AppName,
        application: &Application,
    ) -> Result<Vec<String>, Error> {
        let mut query = app.query();
        query.push(("revision", self.revision.clone()));
        query.extend(self.revisions.iter().map(|revision| ("revisions", revision.clone())));
        let positions = if self.revisions.is_empty() { Vec::new() } else { self.positions(application)? };
        query.extend(positions.iter().map(|position| ("sourcePositions", position.to_string())));
        let answer: Manifests = client.get(&app.path("/manifests"), &query).await?;
        Ok(answer.manifests.unwrap_or_default())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Manifests {
    manifests: Option<Vec<String>>,
}

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

/// How live objects differ from the manifests at these revisions.
pub(super) async fn differences(
    flags: &RevisionFlags,
    client: &Client,
    app: &AppName,
    application: &Application,
) -> Result<Vec<Difference>, Error> {
    let wanted = flags.manifests(client, app, application).await?;
    let live: ManagedResources = client.get(&app.path("/managed-resources"), &app.query()).await?;
    compare(application, &wanted, &live.items.unwrap_or_default())
}

fn compare(
    application: &Application,
    manifests: &[String],
    live: &[ResourceDiff],
) -> Result<Vec<Difference>, Error> {
    let rules: Vec<IgnoreRule> = application
        .spec
        .ignore_differences
        .iter()
        .map(|rule| IgnoreRule {
            group: rule.group.clone(),
            kind: rule.kind.clone(),
            name: rule.name.clone(),
            namespace: rule.namespace.clone(),
            json_pointers: rule.json_pointers.clone(),
            jq_path_expressions: rule.jq_path_expressions.clone(),
            managed_fields_managers: rule.managed_fields_managers.clone(),
        })
        .collect();
    let rules =
        Rules::compile(&rules, &[], StatusRule::All).map_err(|error| Error::Format(error.to_string()))?;
    let options = Options::new(&rules);
    let mut matched = vec![false; live.len()];
    let mut found = Vec::new();
    for text in manifests {
        let mut wanted = parse(text)?;
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

/// Adds a difference. Of Secrets only masks are known here, which say nothing.
fn push(found: &mut Vec<Difference>, object: &Object, live: Value, wanted: Value) {
    let key = object.key();
    if key.kind == "Secret" && key.group.is_empty() || sync_hook(object) {
        return;
    }
    let title = format!("{}/{} {}/{}", key.group, key.kind, key.namespace, key.name);
    found.push(Difference { title, name: key.name, live, wanted });
}

/// Whether an object is a hook, which is not compared.
fn sync_hook(object: &Object) -> bool {
    ["argocd.argoproj.io/hook", "helm.sh/hook"].iter().any(|name| object.annotation(name).is_some())
}

fn parse(text: &str) -> Result<Object, Error> {
    let value: Value = serde_json::from_str(text)
        .map_err(|error| Error::Format(format!("a manifest of the server is not JSON: {error}")))?;
    Object::from_value(value).map_err(|error| Error::Format(error.to_string()))
}

fn live_object(live: &ResourceDiff) -> Result<Option<Object>, Error> {
    let is_there = !live.live_state.is_empty() && live.live_state != "null";
    if is_there { parse(&live.live_state).map(Some) } else { Ok(None) }
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
        let found: Vec<(String, Value, Value)> = compare(&application, &manifests, &live)
            .unwrap()
            .into_iter()
            .map(|found| (found.title, found.live["data"]["v"].clone(), found.wanted["data"]["v"].clone()))
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
