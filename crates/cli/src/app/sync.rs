//! `app sync` and `app terminate-op`.

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use types::Application;

use super::wait::{Goal, until};
use super::{AppName, NamespaceOption, Target, fetch, get, progress, select};
use crate::client::Client;
use crate::error::Error;
use crate::output;

/// What `app sync` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app sync guestbook\n  argosy app sync guestbook --prune --timeout 300\n  argosy app sync guestbook --resource apps:Deployment:web\n  argosy app sync -l team=web --async"
)]
pub struct SyncOptions {
    /// The applications, as NAME or NAMESPACE/NAME.
    #[arg(value_name = "APPNAME")]
    names: Vec<String>,
    /// Applications with these labels.
    #[arg(short = 'l', long, default_value = "")]
    selector: String,
    /// Applications of this project (may be repeated).
    #[arg(long)]
    project: Vec<String>,
    /// A revision other than the target revision.
    #[arg(long, default_value = "")]
    revision: String,
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
pub struct TerminateOptions {
    #[command(flatten)]
    target: Target,
}

pub(crate) async fn terminate(options: &TerminateOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let _: Value =
        client.call(reqwest::Method::DELETE, &app.path("/operation"), &app.query(), None::<&()>).await?;
    println!("Application '{}' operation terminating", app.name);
    Ok(())
}

pub(crate) async fn sync(options: &SyncOptions, client: &Client) -> Result<(), Error> {
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
        sync_one(options, client, app).await?;
    }
    Ok(())
}

async fn sync_one(options: &SyncOptions, client: &Client, app: &AppName) -> Result<(), Error> {
    let application = fetch(client, app, "").await?;
    let body = request(options, &application)?;
    let _: Application = client.post(&app.path("/sync"), &body).await?;
    if options.detached {
        return Ok(());
    }
    follow_operation(client, app, options.timeout, options.dry_run, options.output).await
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
    let mut application = until(client, app, goal, timeout).await?;
    if !dry_run {
        application = fetch(client, app, "normal").await?;
    }
    match format {
        Format::Wide => {
            print!("\n{}", get::summary(&application));
            print!("{}", progress::operation_summary(&application));
            print!("{}", progress::resource_table(&application));
        }
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
        "revision": options.revision,
        "prune": options.prune,
        "dryRun": options.dry_run,
        "strategy": match options.strategy {
            Some(Strategy::Apply) => json!({"apply": {"force": options.force}}),
            Some(Strategy::Hook) | None => json!({"hook": {"force": options.force}}),
        },
    });
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
    if !options.resource.is_empty() {
        let resources = selected_resources(&options.resource, application)?;
        if resources.is_empty() {
            return Err(Error::Usage("no object of the application matches --resource".into()));
        }
        body["resources"] = resources.into();
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
        }});
    }
    Ok(body)
}

/// A `--resource` filter: GROUP:KIND:[NAMESPACE/]NAME.
struct ResourceFilter<'a> {
    negated: bool,
    group: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

impl<'a> ResourceFilter<'a> {
    fn parse(text: &'a str) -> Result<Self, Error> {
        let (negated, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let parts: Vec<&str> = rest.split(':').collect();
        let [group, kind, name] = parts[..] else {
            let message =
                format!("--resource {text:?}: expected GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME");
            return Err(Error::Usage(message));
        };
        let (namespace, name) =
            name.split_once('/').map_or((None, name), |(namespace, name)| (Some(namespace), name));
        Ok(Self { negated, group, kind, namespace, name })
    }

    fn matches(&self, resource: &types::ResourceStatus) -> bool {
        let fits = |pattern: &str, value: &str| types::glob::matches(pattern, value);
        fits(self.group, &resource.group)
            && fits(self.kind, &resource.kind)
            && fits(self.name, &resource.name)
            && self.namespace.is_none_or(|namespace| fits(namespace, &resource.namespace))
    }
}

fn selected_resources(filters: &[String], application: &Application) -> Result<Vec<Value>, Error> {
    let filters: Vec<ResourceFilter<'_>> =
        filters.iter().map(|filter| ResourceFilter::parse(filter)).collect::<Result<_, _>>()?;
    let positive = filters.iter().any(|filter| !filter.negated);
    Ok(application
        .status
        .resources
        .iter()
        .filter(|resource| {
            let wanted =
                !positive || filters.iter().any(|filter| !filter.negated && filter.matches(resource));
            wanted && !filters.iter().any(|filter| filter.negated && filter.matches(resource))
        })
        .map(|resource| {
            json!({"group": resource.group, "kind": resource.kind, "name": resource.name,
                "namespace": resource.namespace})
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application() -> Application {
        serde_json::from_value(json!({"status": {"sync": {"status": "OutOfSync"}, "resources": [
            {"group": "apps", "kind": "Deployment", "namespace": "a", "name": "web"},
            {"group": "apps", "kind": "Deployment", "namespace": "b", "name": "web"},
            {"kind": "Service", "namespace": "a", "name": "web"},
        ]}}))
        .unwrap()
    }

    #[test]
    fn resources_are_chosen_by_filters() {
        let count = |filters: &[&str]| {
            let filters: Vec<String> = filters.iter().map(|filter| (*filter).to_owned()).collect();
            selected_resources(&filters, &application()).map(|resources| resources.len())
        };
        assert_eq!(count(&["apps:Deployment:web"]).unwrap(), 2);
        assert_eq!(count(&["apps:Deployment:a/web"]).unwrap(), 1);
        assert_eq!(count(&["*:Service:*"]).unwrap(), 1);
        assert_eq!(count(&["!*:Service:*"]).unwrap(), 2);
        assert_eq!(count(&["*:*:*", "!apps:*:b/*"]).unwrap(), 2);
        assert!(count(&["Deployment"]).is_err());
    }

    #[test]
    fn an_operation_is_judged_by_its_phase_and_by_what_was_left() {
        let mut application = application();
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
