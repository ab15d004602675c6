//! `app set`, `app edit` and `app patch`: changing what an application says.

use std::process::Command;

use clap::{ArgAction, Args, ValueEnum};
use serde_json::{Value, json};
use types::{Application, ApplicationSpec};

use super::spec_flags::{SpecFlags, choose};
use super::{AppName, Target, fetch};
use crate::client::Client;
use crate::error::Error;

/// What `app set` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app set guestbook --revision v2\n  argosy app set guestbook --sync-policy automated --self-heal\n  argosy app set guestbook --source-position 1 --helm-set replicas=3"
)]
pub(super) struct SetOptions {
    #[command(flatten)]
    target: Target,
    /// The position of the source among several, counted from 1.
    #[arg(long, allow_negative_numbers = true)]
    source_position: Option<i64>,
    /// Check the spec before it is stored (the default).
    #[arg(long, default_value_t = true, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    validate: bool,
    #[command(flatten)]
    spec: SpecFlags,
}

/// What `app edit` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  EDITOR=vi argosy app edit guestbook")]
pub(super) struct EditOptions {
    #[command(flatten)]
    target: Target,
}

/// What `app patch` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app patch guestbook --patch '[{\"op\": \"replace\", \"path\": \"/spec/source/path\", \"value\": \"new\"}]'\n  argosy app patch guestbook --type merge --patch '{\"spec\": {\"source\": {\"path\": \"new\"}}}'"
)]
pub(super) struct PatchOptions {
    #[command(flatten)]
    target: Target,
    /// The patch, in JSON.
    #[arg(long)]
    patch: String,
    /// `json` (RFC 6902) or `merge` (RFC 7396).
    #[arg(long = "type", default_value = "json")]
    kind: PatchType,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PatchType {
    Json,
    Merge,
}

/// Stores a spec, naming the application's project so that a missing application is told as such.
pub(super) async fn store_spec(
    client: &Client,
    app: &AppName,
    spec: &ApplicationSpec,
    validate: bool,
) -> Result<(), Error> {
    let mut query = app.query();
    query.push(("validate", validate.to_string()));
    let _: Value = client.call(reqwest::Method::PUT, &app.path("/spec"), &query, Some(spec)).await?;
    Ok(())
}

pub(crate) async fn set(options: &SetOptions, client: &Client) -> Result<(), Error> {
    if options.spec.is_empty() {
        return Err(Error::Usage("nothing to set: give at least one flag (see --help)".into()));
    }
    let app = options.target.app();
    let mut spec = fetch(client, &app, "").await?.spec;
    // Flags that are not about a source do not need one to be chosen.
    let chosen = if options.spec.source().is_unsaid() {
        None
    } else {
        Some(choose(&spec, options.source_position, options.spec.source().source_name())?)
    };
    options.spec.apply(&mut spec, chosen).await?;
    store_spec(client, &app, &spec, options.validate).await
}

pub(crate) async fn patch(options: &PatchOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let body = json!({
        "name": app.name,
        "appNamespace": app.namespace,
        "patch": options.patch,
        "patchType": match options.kind { PatchType::Json => "json", PatchType::Merge => "merge" },
    });
    let patched: Application = client.call(reqwest::Method::PATCH, &app.path(""), &[], Some(&body)).await?;
    crate::output::print_as(&patched, false);
    Ok(())
}

/// What the editor shows above the spec.
const EDIT_NOTICE: &str = "\
# Edit the spec below, save and leave the editor; it is stored then.
# Lines that begin with '#' are left out; an unchanged or empty file changes nothing.
";

pub(crate) async fn edit(options: &EditOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let spec = fetch(client, &app, "").await?.spec;
    let before = goyaml::to_string(&serde_json::to_value(&spec).unwrap_or_default());
    let mut text = format!("{EDIT_NOTICE}{before}");
    let mut refused = String::new();
    // A mistake is shown above the text, which is edited on.
    loop {
        let edited = in_editor(&text)?;
        let meant: String =
            edited.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        if meant.trim().is_empty() || meant == before {
            println!("Edit cancelled, no changes made.");
            return Ok(());
        }
        let wanted: Result<ApplicationSpec, String> = goyaml::from_str(&meant)
            .map_err(|error| error.to_string())
            .and_then(|value| serde_json::from_value(value).map_err(|error| error.to_string()));
        let failed = match wanted {
            Err(reason) => reason,
            Ok(wanted) => match store_spec(client, &app, &wanted, true).await {
                Ok(()) => return Ok(()),
                Err(Error::Api { message, .. }) => message,
                Err(other) => return Err(other),
            },
        };
        // Somebody who leaves what was refused as it is has given up, or is a program.
        if meant == refused {
            return Err(Error::Usage(format!("the spec was not stored: {failed}")));
        }
        let reason: String = failed.lines().map(|line| format!("# {line}\n")).collect();
        text = format!("{EDIT_NOTICE}#\n# It was not stored:\n{reason}{meant}");
        refused = meant;
    }
}

/// Has the user's editor change a text.
fn in_editor(text: &str) -> Result<String, Error> {
    let program = std::env::var("EDITOR").ok().filter(|program| !program.trim().is_empty());
    let program = program.unwrap_or_else(|| "vi".to_owned());
    let failed = |reason: String| Error::Usage(format!("the editor {program:?}: {reason}; set EDITOR"));
    let path = std::env::temp_dir().join(format!("argosy-edit-{}.yaml", std::process::id()));
    let mut words = program.split_whitespace();
    let command = words.next().unwrap_or("vi");
    let result = std::fs::write(&path, text)
        .and_then(|()| Command::new(command).args(words).arg(&path).status())
        .map_err(|error| failed(error.to_string()));
    let edited = match result {
        Ok(status) if status.success() => {
            std::fs::read_to_string(&path).map_err(|error| failed(error.to_string()))
        }
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(error),
    };
    std::fs::remove_file(&path).ok();
    edited
}
