//! `app actions`: what can be done to an application's objects beyond changing their manifests.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Target;
use super::objects::{ChangedObjects, ObjectFlags, query_of};
use crate::client::Client;
use crate::error::Error;
use crate::output::{self, Table};

/// A verb of actions.
#[derive(Debug, Subcommand)]
pub(super) enum ActionsVerb {
    /// List the actions of objects.
    List(ListOptions),
    /// Run an action.
    Run(RunOptions),
}

/// What `app actions list` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy app actions list guestbook --kind Deployment")]
pub(super) struct ListOptions {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    object: ObjectFlags,
    /// The objects' namespace.
    #[arg(long)]
    namespace: Option<String>,
    /// How to print; a table when not given.
    #[arg(short, long)]
    out: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Json,
    Yaml,
}

/// What `app actions run` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app actions run guestbook restart --kind Deployment --resource-name web"
)]
pub(super) struct RunOptions {
    #[command(flatten)]
    target: Target,
    /// The action, such as `restart`.
    action: String,
    /// A parameter of the action, as NAME=VALUE (may be repeated).
    #[arg(long)]
    param: Vec<String>,
    #[command(flatten)]
    objects: ChangedObjects,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Actions {
    actions: Option<Vec<Action>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Action {
    name: String,
    disabled: bool,
}

pub(crate) async fn run(verb: ActionsVerb, client: &Client) -> Result<(), Error> {
    match verb {
        ActionsVerb::List(options) => list(&options, client).await,
        ActionsVerb::Run(options) => run_action(&options, client).await,
    }
}

async fn list(options: &ListOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let mut rows = Vec::new();
    for object in options.object.find(client, &app, options.namespace.as_deref()).await? {
        let answer: Actions = client.get(&app.path("/resource/actions"), &query_of(&app, &object)).await?;
        for action in answer.actions.unwrap_or_default() {
            rows.push((object.clone(), action));
        }
    }
    if let Some(format) = options.out {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(object, action)| {
                json!({"group": object.group, "kind": object.kind, "name": object.name,
                    "action": action.name, "available": !action.disabled})
            })
            .collect();
        output::print_as(&rows, format == Format::Json);
        return Ok(());
    }
    let mut table = Table::new(&["GROUP", "KIND", "NAME", "ACTION", "DISABLED"]);
    for (object, action) in rows {
        table.push([object.group, object.kind, object.name, action.name, action.disabled.to_string()]);
    }
    print!("{table}");
    Ok(())
}

async fn run_action(options: &RunOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let parameters: Vec<Value> = options
        .param
        .iter()
        .map(|text| {
            let (name, value) = super::spec_flags::pair("param", text)?;
            Ok(json!({"name": name, "value": value}))
        })
        .collect::<Result<_, Error>>()?;
    for object in options.objects.find(client, &app).await? {
        let body = json!({
            "name": app.name,
            "appNamespace": app.namespace,
            "namespace": object.namespace,
            "resourceName": object.name,
            "version": object.version,
            "group": object.group,
            "kind": object.kind,
            "action": options.action,
            "resourceActionParameters": parameters,
        });
        let _: Value = client.post(&app.path("/resource/actions/v2"), &body).await?;
    }
    Ok(())
}
