//! `app get`, and the summary that other verbs print too.

use clap::{Args, ValueEnum};
use types::{Application, ApplicationTree};

use super::{AppName, Target, fetch, progress};
use crate::client::Client;
use crate::error::Error;
use crate::output::{self, Table, short_revision, tree_lines};

/// What `app get` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy app get guestbook\n  argosy app get guestbook --refresh -o tree")]
pub struct GetOptions {
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
    let application = fetch(client, &app, refresh).await?;
    match options.output {
        Format::Json | Format::Yaml => output::print_as(&application, options.output == Format::Json),
        Format::Wide => {
            print!("{}", summary(&application));
            if options.show_operation {
                print!("{}", progress::operation_summary(&application));
            }
            print!("{}", conditions(&application));
            print!("{}", progress::resource_table(&application));
        }
        Format::Tree | Format::TreeDetailed => {
            print!("{}", summary(&application));
            println!();
            print!("{}", tree(client, &application, options.output == Format::TreeDetailed).await?);
        }
    }
    Ok(())
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
pub(super) fn summary(application: &Application) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| text.push_str(&format!("{name:<20}{value}\n"));
    let spec = &application.spec;
    line("Name:", &application.key().to_string());
    line("Project:", spec.project_name());
    line("Server:", spec.destination.cluster_text());
    line("Namespace:", &spec.destination.namespace);
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
