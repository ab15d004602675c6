//! `app sync` and `app terminate-op`.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use types::Application;

use super::diff::{LOCAL_ROOT, print_differences};
use super::local::{LocalFlags, rendered_here};
use super::revision::RevisionFlags;
use super::selection::{labeled, selected_for_sync};
use super::wait::{Goal, until};
use super::{AppName, NamespaceOption, Target, fetch, get, select};
use crate::client::Client;
use crate::error::Error;
use crate::local_files::LocalFiles;
use crate::login::confirm;
use crate::output;

/// What `app sync` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app sync guestbook\n  argosy app sync guestbook --prune --timeout 300\n  argosy app sync guestbook --resource apps:Deployment:web\n  argosy app sync guestbook --local ./guestbook\n  argosy app sync -l team=web --async"
)]
pub(super) struct SyncOptions {
    /// The applications, as NAME or NAMESPACE/NAME.
    #[arg(value_name = "APPNAME")]
    names: Vec<String>,
    /// Applications with these labels.
    #[arg(short = 'l', long, default_value = "")]
    selector: String,
    /// Applications of this project (may be repeated).
    #[arg(long)]
    project: Vec<String>,
    #[command(flatten)]
    revision: RevisionFlags,
    #[command(flatten)]
    local: LocalFlags,
    /// Delete what is no longer in Git.
    #[arg(long)]
    prune: bool,
    /// Only tell what would happen.
    #[arg(long)]
    dry_run: bool,
    /// Replace what cannot be changed.
    #[arg(long)]
    force: bool,
    /// Use `replace` instead of `apply`.
    #[arg(long)]
    replace: bool,
    /// Apply on the server's side.
    #[arg(long)]
    server_side: bool,
    /// Leave alone what is in sync.
    #[arg(long)]
    apply_out_of_sync_only: bool,
    /// `hook` (with hooks) or `apply` (without).
    #[arg(long)]
    strategy: Option<Strategy>,
    /// Only objects with this label in Git, as KEY=VALUE (may be repeated).
    #[arg(long)]
    label: Vec<String>,
    /// Only this object, as GROUP:KIND:[NAMESPACE/]NAME; `*` for any, a leading `!` for all but it.
    #[arg(long)]
    resource: Vec<String>,
    /// Facts to record with the operation, as KEY=VALUE.
    #[arg(long)]
    info: Vec<String>,
    /// How often to try again when it fails; negative for ever.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    retry_limit: i64,
    /// The first pause between tries.
    #[arg(long, default_value = "5s")]
    retry_backoff_duration: String,
    /// What the pause is multiplied with.
    #[arg(long, default_value_t = 2)]
    retry_backoff_factor: i64,
    /// The longest pause.
    #[arg(long, default_value = "3m0s")]
    retry_backoff_max_duration: String,
    /// Take the newest revision when trying again.
    #[arg(long)]
    retry_refresh: bool,
    /// Show the differences first, and ask whether to go on.
    #[arg(long)]
    preview_changes: bool,
    /// Do not ask.
    #[arg(long = "assumeYes", alias = "assume-yes")]
    assume_yes: bool,
    /// Do not wait for the end.
    #[arg(long = "async")]
    detached: bool,
    /// The longest time to wait, in seconds; 0 for ever.
    #[arg(long, default_value_t = 0)]
    timeout: u64,
    /// How to print the result.
    #[arg(short, long, default_value = "wide")]
    output: Format,
    #[command(flatten)]
    namespace: NamespaceOption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Strategy {
    Hook,
    Apply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Wide,
    Json,
    Yaml,
}

/// What `app terminate-op` takes.
#[derive(Debug, Args)]
pub(super) struct TerminateOptions {
    #[command(flatten)]
    target: Target,
}

pub(crate) async fn terminate(options: &TerminateOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    client.delete(&app.path("/operation"), &app.query()).await?;
    println!("Application '{}' operation terminating", app.name);
    Ok(())
}

pub(crate) async fn sync(
    options: &SyncOptions,
    client: &Client,
    files: &dyn LocalFiles,
) -> Result<(), Error> {
    let mut apps: Vec<AppName> =
        options.names.iter().map(|name| AppName::parse(name, &options.namespace)).collect();
    if !options.selector.is_empty() || !options.project.is_empty() {
        let selected = select(client, &options.selector, &options.project, &options.namespace).await?;
        if selected.is_empty() && apps.is_empty() {
            return Err(Error::Usage("no application matches the selector and projects".into()));
        }
        apps.extend(selected.iter().map(AppName::of));
    }
    if apps.is_empty() {
        return Err(Error::Usage("name an application, or select some with -l or --project".into()));
    }
    for app in &apps {
        Box::pin(sync_one(options, client, files, app)).await?;
    }
    Ok(())
}

async fn sync_one(
    options: &SyncOptions,
    client: &Client,
    files: &dyn LocalFiles,
    app: &AppName,
) -> Result<(), Error> {
    let application = fetch(client, app, "").await?;
    if options.local.local.is_some() && is_automated(&application) && !options.dry_run {
        let message = "cannot use local sync when Automatic Sync Policy is enabled except with --dry-run";
        return Err(Error::Usage(message.to_owned()));
    }
    let local = rendered_here(&options.local, LOCAL_ROOT, files, client, &application).await?;
    let mut body = request(options, &application)?;
    if let Some(resources) = resources(options, client, app, &application, local.as_deref()).await? {
        body["resources"] = resources.into();
    }
    if let Some(manifests) = &local {
        body["manifests"] = json!(manifests);
    }
    if options.preview_changes && !preview(options, client, app, &application, local).await? {
        return Ok(());
    }
    let _: Application = client.post(&app.path("/sync"), &body).await?;
    if options.detached {
        return Ok(());
    }
    Box::pin(follow_operation(client, app, options.timeout, options.dry_run, options.output)).await
}

/// Whether the application is synced without being asked.
fn is_automated(application: &Application) -> bool {
    let automated = application.spec.sync_policy.as_ref().and_then(|policy| policy.automated.as_ref());
    automated.is_some_and(|automated| automated.enabled != Some(false))
}

/// Waits for the running operation, prints how it ended, and fails when it did not end well.
pub(super) async fn follow_operation(
    client: &Client,
    app: &AppName,
    timeout: u64,
    dry_run: bool,
    format: Format,
) -> Result<(), Error> {
    let goal = Goal { operation: true, ..Goal::default() };
    let mut application = until(client, app, &goal, timeout, format == Format::Wide).await?;
    if !dry_run {
        application = fetch(client, app, "normal").await?;
    }
    match format {
        Format::Wide => get::print_outcome(client, &application).await,
        Format::Json | Format::Yaml => output::print_as(&application, format == Format::Json),
    }
    judge(&application, dry_run)
}

/// Whether an operation ended well.
fn judge(application: &Application, dry_run: bool) -> Result<(), Error> {
    let Some(state) = &application.status.operation_state else { return Ok(()) };
    if state.phase != "Succeeded" {
        return Err(Error::Operation(format!("operation has completed with phase: {}", state.phase)));
    }
    let pruning = state
        .sync_result
        .as_ref()
        .map(|result| result.resources.iter().filter(|resource| resource.status == "PruneSkipped").count())
        .unwrap_or_default();
    if !dry_run && pruning > 0 && application.status.sync.status == "OutOfSync" {
        return Err(Error::Operation(format!("{pruning} resources require pruning")));
    }
    Ok(())
}

fn request(options: &SyncOptions, application: &Application) -> Result<Value, Error> {
    let mut body = json!({
        "name": application.metadata.name,
        "appNamespace": application.metadata.namespace,
        "project": application.spec.project_name(),
        "revision": options.revision.revision,
        "prune": options.prune,
        "dryRun": options.dry_run,
        "strategy": match options.strategy {
            Some(Strategy::Apply) => json!({"apply": {"force": options.force}}),
            Some(Strategy::Hook) | None => json!({"hook": {"force": options.force}}),
        },
    });
    if !options.revision.revisions.is_empty() {
        body["revisions"] = json!(options.revision.revisions);
        body["sourcePositions"] = json!(options.revision.positions(application)?);
    }
    let mut items = Vec::new();
    for (flag, item) in [
        (options.replace, "Replace=true"),
        (options.server_side, "ServerSideApply=true"),
        (options.apply_out_of_sync_only, "ApplyOutOfSyncOnly=true"),
    ] {
        if flag {
            items.push(item);
        }
    }
    if !items.is_empty() {
        body["syncOptions"] = json!({"items": items});
    }
    if !options.info.is_empty() {
        let infos: Result<Vec<Value>, Error> = options
            .info
            .iter()
            .map(|info| {
                let (name, value) = info
                    .split_once('=')
                    .ok_or_else(|| Error::Usage(format!("--info {info:?}: expected KEY=VALUE")))?;
                Ok(json!({"name": name, "value": value}))
            })
            .collect();
        body["infos"] = infos?.into();
    }
    if options.retry_limit != 0 {
        body["retryStrategy"] = json!({"limit": options.retry_limit, "backoff": {
            "duration": options.retry_backoff_duration,
            "factor": options.retry_backoff_factor,
            "maxDuration": options.retry_backoff_max_duration,
        }, "refresh": options.retry_refresh});
    }
    Ok(body)
}

/// The objects that the sync is about; `None` for all.
async fn resources(
    options: &SyncOptions,
    client: &Client,
    app: &AppName,
    application: &Application,
    local: Option<&[String]>,
) -> Result<Option<Vec<Value>>, Error> {
    let (found, flag) = if !options.label.is_empty() {
        let found = match local {
            Some(manifests) => labeled(manifests, &options.label)?,
            None => {
                let manifests = options.revision.manifests(client, app, application).await?;
                labeled(&manifests, &options.label)?
            }
        };
        (found, "--label")
    } else if !options.resource.is_empty() {
        (selected_for_sync(&options.resource, application)?, "--resource")
    } else {
        return Ok(None);
    };
    if found.is_empty() {
        return Err(Error::Usage(format!("no object of application '{}' matches {flag}", app.name)));
    }
    Ok(Some(found))
}

/// Shows what a sync would change, and asks whether to go on.
async fn preview(
    options: &SyncOptions,
    client: &Client,
    app: &AppName,
    application: &Application,
    local: Option<Vec<String>>,
) -> Result<bool, Error> {
    if !print_differences(client, app, application, &options.revision, local).await? {
        println!("====== No Differences found ======");
        return Ok(true);
    }
    if options.assume_yes {
        return Ok(true);
    }
    println!();
    confirm("Please review changes to application shown above. Do you want to continue the sync process?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_judged_by_its_phase_and_by_what_was_left() {
        let mut application: Application =
            serde_json::from_value(json!({"status": {"sync": {"status": "OutOfSync"}}})).unwrap();
        let mut state = |phase: &str, status: &str| {
            application.status.operation_state = serde_json::from_value(
                json!({"phase": phase, "syncResult": {"resources": [{"kind": "Pod", "name": "x", "status": status}]}}),
            )
            .unwrap();
            judge(&application, false).map_err(|error| error.to_string())
        };
        assert_eq!(state("Succeeded", "Synced"), Ok(()));
        assert_eq!(state("Failed", "SyncFailed"), Err("operation has completed with phase: Failed".into()));
        assert_eq!(state("Succeeded", "PruneSkipped"), Err("1 resources require pruning".into()));
    }
}
