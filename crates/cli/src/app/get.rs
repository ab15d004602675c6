//! `app get`, and the summary that other verbs print too.

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::Value;
use types::{Application, ApplicationTree};

use super::spec_flags::{Chosen, choose};
use super::{AppName, Target, fetch, progress};
use crate::client::Client;
use crate::error::Error;
use crate::output::{self, Table, short_revision, tree_lines};

/// What `app get` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy app get guestbook\n  argosy app get guestbook --refresh -o tree")]
pub(super) struct GetOptions {
    #[command(flatten)]
    target: Target,
    /// Compare with Git first.
    #[arg(long)]
    refresh: bool,
    /// Compare with Git first, without any cache.
    #[arg(long)]
    hard_refresh: bool,
    /// Show the last operation too.
    #[arg(long)]
    show_operation: bool,
    /// Show the Helm parameters too.
    #[arg(long)]
    show_params: bool,
    /// The position of the source whose parameters are shown, counted from 1.
    #[arg(long, allow_negative_numbers = true)]
    source_position: Option<i64>,
    /// The name of the source whose parameters are shown.
    #[arg(long)]
    source_name: Option<String>,
    /// The longest time to wait, in seconds; 0 for ever.
    #[arg(long, default_value_t = 0)]
    timeout: u64,
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Json,
    Yaml,
    Tree,
    #[value(name = "tree=detailed")]
    TreeDetailed,
}

pub(crate) async fn get(options: &GetOptions, client: &Client) -> Result<(), Error> {
    let refresh = match (options.hard_refresh, options.refresh) {
        (true, _) => "hard",
        (false, true) => "normal",
        (false, false) => "",
    };
    let app = options.target.app();
    let application =
        within(options.timeout, "getting the application", fetch(client, &app, refresh)).await?;
    match options.output {
        Format::Json | Format::Yaml => output::print_as(&application, options.output == Format::Json),
        Format::Wide => {
            print!("{}", summary(&application, &Facts::of(client, &application).await));
            if options.show_operation {
                print!("{}", progress::operation_summary(&application));
            }
            print!("{}", conditions(&application));
            print!("{}", progress::resource_table(&application));
            if options.show_params {
                let name = options.source_name.as_deref();
                print!("{}", parameters(&application, options.source_position, name)?);
            }
        }
        Format::Tree | Format::TreeDetailed => {
            print!("{}", summary(&application, &Facts::of(client, &application).await));
            print!("{}", conditions(&application));
            println!();
            print!("{}", tree(client, &application, options.output == Format::TreeDetailed).await?);
        }
    }
    Ok(())
}

/// Does something within so many seconds; 0 for ever.
pub(super) async fn within<T>(
    seconds: u64,
    what: &str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    if seconds == 0 {
        return work.await;
    }
    let limited = tokio::time::timeout(Duration::from_secs(seconds), work).await;
    limited.unwrap_or_else(|_| Err(Error::Timeout(format!("{what} took longer than {seconds}s"))))
}

/// What a summary tells beyond the application itself.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Where the page shows the application; empty when nobody said.
    url: String,
    windows: Windows,
}

/// The windows of the project that apply to an application, as the API tells them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Windows {
    assigned_windows: Option<Vec<Window>>,
    active_windows: Option<Vec<Window>>,
    can_sync: bool,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Window {
    kind: String,
    schedule: String,
    duration: String,
}

impl Facts {
    /// Asks for them. Whoever may not know them gets a summary without.
    pub(super) async fn of(client: &Client, application: &Application) -> Self {
        let app = AppName::of(application);
        let (path, query) = (app.path("/syncwindows"), app.query());
        let (settings, windows) =
            tokio::join!(client.get::<Value>("/api/v1/settings", &[]), client.get::<Windows>(&path, &query),);
        let settings = settings.unwrap_or_default();
        let base = match settings["url"].as_str().filter(|url| !url.is_empty()) {
            Some(url) => url.trim_end_matches('/').to_owned(),
            // A server of this process is gone before anybody could look.
            None if client.core_namespace().is_some() => String::new(),
            None => client.base().to_owned(),
        };
        let url = if base.is_empty() { base } else { format!("{base}/applications/{}", app.name) };
        let all = Windows { can_sync: true, ..Windows::default() };
        Self { url, windows: windows.unwrap_or(all) }
    }
}

impl Windows {
    fn assigned(&self) -> &[Window] {
        self.assigned_windows.as_deref().unwrap_or_default()
    }

    /// Whether the project's windows let the application be synced now.
    fn text(&self) -> &'static str {
        let assigned = self.assigned();
        let active = self.active_windows.as_deref().unwrap_or_default();
        let is_active = |kind: &str| active.iter().any(|window| window.kind == kind);
        let waits = assigned.iter().any(|window| window.kind == "allow" && !active.contains(window));
        let (denied, allowed) = (is_active("deny"), is_active("allow"));
        match (denied || (!allowed && waits), self.can_sync) {
            (false, _) => "Sync Allowed",
            (true, true) => "Manual Allowed",
            (true, false) => "Sync Denied",
        }
    }
}

/// The resource tree of an application, as a table.
pub(super) async fn tree(
    client: &Client,
    application: &Application,
    detailed: bool,
) -> Result<String, Error> {
    let app = AppName::of(application);
    let tree: ApplicationTree = client.get(&app.path("/resource-tree"), &app.query()).await?;
    let header: &[&str] = if detailed {
        &["KIND/NAME", "AGE", "HEALTH", "REASON"]
    } else {
        &["KIND/NAME", "STATUS", "HEALTH", "MESSAGE"]
    };
    let mut table = Table::new(header);
    for row in tree_lines(&tree.nodes) {
        let health = row.node.health.clone().unwrap_or_default();
        if detailed {
            let age = row.node.created_at.map(|time| age(time.0)).unwrap_or_default();
            table.push([row.text, age, health.status, health.message]);
        } else {
            let reference = &row.node.resource_ref;
            // Only the application's own objects are compared; what they brought forth has no sync status.
            let own = application.status.resources.iter().find(|resource| {
                (&resource.group, &resource.kind, &resource.namespace, &resource.name)
                    == (&reference.group, &reference.kind, &reference.namespace, &reference.name)
            });
            let status = own.map(|resource| resource.status.clone()).unwrap_or_default();
            table.push([row.text, status, health.status, health.message]);
        }
    }
    Ok(table.to_string())
}

fn age(time: jiff::Timestamp) -> String {
    let seconds = (jiff::Timestamp::now().as_second() - time.as_second()).max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7_200 => format!("{}m", seconds / 60),
        7_200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// The facts of an application, one a line.
pub(super) fn summary(application: &Application, facts: &Facts) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name:<20}{value}\n"));
    let spec = &application.spec;
    line("Name:", &application.key().to_string());
    line("Project:", spec.project_name());
    line("Server:", spec.destination.cluster_text());
    line("Namespace:", &spec.destination.namespace);
    if !facts.url.is_empty() {
        line("URL:", &facts.url);
    }
    let sources = spec.effective_sources();
    line(if sources.len() > 1 { "Sources:" } else { "Source:" }, "");
    for source in &sources {
        line("- Repo:", &source.repo_url);
        line("  Target:", &source.target_revision);
        if !source.chart.is_empty() {
            line("  Chart:", &source.chart);
        }
        line("  Path:", &source.path);
        if !source.r#ref.is_empty() {
            line("  Ref:", &source.r#ref);
        }
        if let Some(helm) = &source.helm
            && !helm.value_files.is_empty()
        {
            line("  Helm Values:", &helm.value_files.join(","));
        }
        if let Some(kustomize) = &source.kustomize
            && !kustomize.name_prefix.is_empty()
        {
            line("  Name Prefix:", &kustomize.name_prefix);
        }
    }
    line("SyncWindow:", facts.windows.text());
    let windows: Vec<String> = facts
        .windows
        .assigned()
        .iter()
        .map(|window| format!("{}:{}:{}", window.kind, window.schedule, window.duration))
        .collect();
    if !windows.is_empty() {
        line("Assigned Windows:", &windows.join(","));
    }
    let automated = spec.sync_policy.as_ref().and_then(|policy| policy.automated.as_ref());
    let policy = match automated {
        Some(automated) if automated.enabled != Some(false) => {
            if automated.prune == Some(true) {
                "Automated (Prune)"
            } else {
                "Automated"
            }
        }
        _ => "Manual",
    };
    line("Sync Policy:", policy);
    line("Sync Status:", &sync_text(application));
    let health = &application.status.health;
    let health_text = if health.message.is_empty() {
        health.status.clone()
    } else {
        format!("{} ({})", health.status, health.message)
    };
    line("Health Status:", &health_text);
    text
}

/// How an operation or a wait ended: summary, operation and objects.
pub(super) async fn print_outcome(client: &Client, application: &Application) {
    print!("\n{}", summary(application, &Facts::of(client, application).await));
    print!("{}", progress::operation_summary(application));
    print!("{}", progress::resource_table(application));
}

/// The Helm parameters of a source as a table after a blank line.
fn parameters(application: &Application, position: Option<i64>, name: Option<&str>) -> Result<String, Error> {
    let source = match choose(&application.spec, position, name)? {
        Chosen::Only => application.spec.effective_sources().into_iter().next(),
        Chosen::At(index) => application.spec.sources.get(index).cloned(),
    };
    let mut table = Table::new(&["NAME", "VALUE"]);
    for parameter in source.and_then(|source| source.helm).unwrap_or_default().parameters {
        table.push([parameter.name, parameter.value]);
    }
    Ok(format!("\n{table}"))
}

fn sync_text(application: &Application) -> String {
    let target = application
        .spec
        .effective_sources()
        .first()
        .map(|source| source.target_revision.clone())
        .filter(|target| !target.is_empty())
        .unwrap_or_else(|| "HEAD".to_owned());
    let sync = &application.status.sync;
    let revision = if sync.revision.is_empty() { sync.revisions.join(", ") } else { sync.revision.clone() };
    let short = short_revision(&revision);
    let compared = if short.is_empty() { target } else { format!("{target} ({short})") };
    match sync.status.as_str() {
        "Synced" => format!("Synced to {compared}"),
        "OutOfSync" => format!("OutOfSync from {compared}"),
        other => other.to_owned(),
    }
}

/// The conditions as a table after a blank line; nothing when there are none.
fn conditions(application: &Application) -> String {
    if application.status.conditions.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&["CONDITION", "MESSAGE", "LAST TRANSITION"]);
    for condition in &application.status.conditions {
        let time = condition.last_transition_time.map(|time| time.to_string()).unwrap_or_default();
        table.push([condition.r#type.clone(), condition.message.clone(), time]);
    }
    format!("\n{table}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn a_summary_tells_where_it_is_and_when_it_may_be_synced() {
        let application: Application = serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "argocd"},
            "spec": {
                "project": "team",
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "web"},
                "source": {"repoURL": "https://git.example/apps", "path": "web", "targetRevision": "main",
                    "kustomize": {"namePrefix": "p-"}},
                "syncPolicy": {"automated": {}},
            },
            "status": {"sync": {"status": "Synced", "revision": "a".repeat(40)}, "health": {"status": "Healthy"}},
        }))
        .unwrap();
        let windows = json!({"assignedWindows": [{"kind": "deny", "schedule": "0 0 * * *", "duration": "1h"}],
            "activeWindows": [{"kind": "deny", "schedule": "0 0 * * *", "duration": "1h"}], "canSync": false});
        let facts = Facts {
            url: "https://cd.example/applications/web".into(),
            windows: serde_json::from_value(windows).unwrap(),
        };
        expect![[r#"
            Name:               argocd/web
            Project:            team
            Server:             https://kubernetes.default.svc
            Namespace:          web
            URL:                https://cd.example/applications/web
            Source:             
            - Repo:             https://git.example/apps
              Target:           main
              Path:             web
              Name Prefix:      p-
            SyncWindow:         Sync Denied
            Assigned Windows:   deny:0 0 * * *:1h
            Sync Policy:        Automated
            Sync Status:        Synced to main (aaaaaaa)
            Health Status:      Healthy
        "#]]
        .assert_eq(&summary(&application, &facts));
    }

    #[test]
    fn windows_allow_or_deny() {
        let window = |kind: &str| json!({"kind": kind, "schedule": "* * * * *", "duration": "1h"});
        for (assigned, active, can_sync, text) in [
            (json!([]), json!([]), true, "Sync Allowed"),
            (json!([window("allow")]), json!([window("allow")]), true, "Sync Allowed"),
            (json!([window("allow")]), json!([]), false, "Sync Denied"),
            (json!([window("allow")]), json!([]), true, "Manual Allowed"),
            (json!([window("deny")]), json!([]), true, "Sync Allowed"),
            (json!([window("deny")]), json!([window("deny")]), false, "Sync Denied"),
        ] {
            let windows = json!({"assignedWindows": assigned, "activeWindows": active, "canSync": can_sync});
            let windows: Windows = serde_json::from_value(windows).unwrap();
            assert_eq!(windows.text(), text, "{windows:?}");
        }
    }
}
