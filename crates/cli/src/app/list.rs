//! `app list`.

use clap::{Args, ValueEnum};
use types::{Application, SyncPolicy};

use super::{NamespaceOption, select};
use crate::client::Client;
use crate::error::Error;
use crate::output::{self, Table};

/// What `app list` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy app list\n  argosy app list -l team=web -o name")]
pub(super) struct ListOptions {
    /// Only applications with these labels.
    #[arg(short = 'l', long, default_value = "")]
    selector: String,
    /// Only applications of this project (may be repeated).
    #[arg(short, long)]
    project: Vec<String>,
    /// Only applications of this repository.
    #[arg(short, long)]
    repo: Option<String>,
    /// Only applications of this cluster, by name or server.
    #[arg(short, long)]
    cluster: Option<String>,
    /// Only applications of this path.
    #[arg(short = 'P', long)]
    path: Option<String>,
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
    #[command(flatten)]
    namespace: NamespaceOption,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Name,
    Json,
    Yaml,
}

pub(crate) async fn list(options: &ListOptions, client: &Client) -> Result<(), Error> {
    let mut applications = select(client, &options.selector, &options.project, &options.namespace).await?;
    applications.retain(|application| matches(application, options));
    match options.output {
        Format::Name => {
            for application in &applications {
                println!("{}", application.key());
            }
        }
        Format::Json | Format::Yaml => output::print_as(&applications, options.output == Format::Json),
        Format::Wide => print!("{}", table(&applications)),
    }
    Ok(())
}

fn matches(application: &Application, options: &ListOptions) -> bool {
    let sources = application.spec.effective_sources();
    let destination = &application.spec.destination;
    options.repo.as_ref().is_none_or(|repo| {
        let wanted = types::normalize_repository_url(repo);
        sources.iter().any(|source| types::normalize_repository_url(&source.repo_url) == wanted)
    }) && options
        .cluster
        .as_ref()
        .is_none_or(|cluster| *cluster == destination.name || *cluster == destination.server)
        && options.path.as_ref().is_none_or(|path| sources.iter().any(|source| source.path == *path))
}

fn table(applications: &[Application]) -> Table {
    let mut table = Table::new(&[
        "NAME",
        "CLUSTER",
        "NAMESPACE",
        "PROJECT",
        "STATUS",
        "HEALTH",
        "SYNCPOLICY",
        "CONDITIONS",
        "REPO",
        "PATH",
        "TARGET",
    ]);
    for application in applications {
        let source = application.spec.effective_sources().into_iter().next().unwrap_or_default();
        let destination = &application.spec.destination;
        table.push([
            application.key().to_string(),
            destination.cluster_text().to_owned(),
            destination.namespace.clone(),
            application.spec.project_name().to_owned(),
            application.status.sync.status.clone(),
            application.status.health.status.clone(),
            policy_text(application.spec.sync_policy.as_ref()).to_owned(),
            conditions_text(application),
            source.repo_url,
            source.path,
            source.target_revision,
        ]);
    }
    table
}

/// `Auto`, `Auto-Prune` or `Manual`.
fn policy_text(policy: Option<&SyncPolicy>) -> &'static str {
    match policy.and_then(|policy| policy.automated.as_ref()) {
        Some(automated) if automated.enabled != Some(false) => {
            if automated.prune == Some(true) {
                "Auto-Prune"
            } else {
                "Auto"
            }
        }
        _ => "Manual",
    }
}

/// The types of the conditions, each with its count when there are several.
fn conditions_text(application: &Application) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for condition in &application.status.conditions {
        match counts.iter_mut().find(|(name, _)| *name == condition.r#type) {
            Some((_, count)) => *count += 1,
            None => counts.push((&condition.r#type, 1)),
        }
    }
    if counts.is_empty() {
        return "<none>".to_owned();
    }
    let texts: Vec<String> = counts
        .into_iter()
        .map(|(name, count)| if count > 1 { format!("{name}({count})") } else { name.to_owned() })
        .collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;
    use serde_json::json;

    #[test]
    fn the_table_has_the_columns_of_argocd() {
        let application: Application = serde_json::from_value(json!({
            "metadata": {"name": "guestbook", "namespace": "argocd"},
            "spec": {
                "source": {"repoURL": "https://git.example/apps", "path": "guestbook", "targetRevision": "HEAD"},
                "destination": {"server": "https://kubernetes.default.svc", "namespace": "web"},
                "project": "default",
                "syncPolicy": {"automated": {"prune": true}},
            },
            "status": {"sync": {"status": "Synced"}, "health": {"status": "Healthy"},
                "conditions": [{"type": "SyncError", "message": "a"}, {"type": "SyncError", "message": "b"}]},
        }))
        .unwrap();
        expect![[r#"
            NAME              CLUSTER                         NAMESPACE  PROJECT  STATUS  HEALTH   SYNCPOLICY  CONDITIONS    REPO                      PATH       TARGET
            argocd/guestbook  https://kubernetes.default.svc  web        default  Synced  Healthy  Auto-Prune  SyncError(2)  https://git.example/apps  guestbook  HEAD
        "#]]
        .assert_eq(&table(&[application]).to_string());
    }
}
