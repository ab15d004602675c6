//! `app history` and `app rollback`.

use clap::{Args, ValueEnum};
use serde_json::json;
use types::{Application, RevisionHistory};

use super::{Target, fetch, sync};
use crate::client::Client;
use crate::error::Error;
use crate::output::{Table, short_revision};

/// What `app history` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy app history guestbook\n  argosy app history guestbook -o id")]
pub(super) struct HistoryOptions {
    #[command(flatten)]
    target: Target,
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Id,
}

/// What `app rollback` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy app history guestbook\n  argosy app rollback guestbook 3")]
pub(super) struct RollbackOptions {
    #[command(flatten)]
    target: Target,
    /// The id in the history; the one before the last when not given.
    id: Option<i64>,
    /// Delete what was not there then.
    #[arg(long)]
    prune: bool,
    /// The longest time to wait, in seconds; 0 for ever.
    #[arg(long, default_value_t = 0)]
    timeout: u64,
    /// How to print the result.
    #[arg(short, long, default_value = "wide")]
    output: sync::Format,
}

pub(crate) async fn history(options: &HistoryOptions, client: &Client) -> Result<(), Error> {
    let application = fetch(client, &options.target.app(), "").await?;
    match options.output {
        Format::Id => {
            for entry in &application.status.history {
                println!("{}", entry.id);
            }
        }
        Format::Wide => print!("{}", tables(&application.status.history)),
    }
    Ok(())
}

/// One table for each repository that the history knows.
fn tables(history: &[RevisionHistory]) -> String {
    let mut by_source: Vec<(String, Table)> = Vec::new();
    for entry in history {
        let sources: Vec<(&types::ApplicationSource, &str)> = if entry.sources.is_empty() {
            vec![(&entry.source, entry.revision.as_str())]
        } else {
            let revisions = entry.revisions.iter().map(String::as_str).chain(std::iter::repeat(""));
            entry.sources.iter().zip(revisions).collect()
        };
        for (source, revision) in sources {
            let place = by_source.iter().position(|(url, _)| *url == source.repo_url).unwrap_or_else(|| {
                by_source.push((source.repo_url.clone(), Table::new(&["ID", "DATE", "REVISION"])));
                by_source.len() - 1
            });
            let target = if source.target_revision.is_empty() { "HEAD" } else { &source.target_revision };
            let date = entry.deployed_at.map(|time| time.to_string()).unwrap_or_default();
            by_source[place].1.push([
                entry.id.to_string(),
                date,
                format!("{target} ({})", short_revision(revision)),
            ]);
        }
    }
    let texts: Vec<String> =
        by_source.into_iter().map(|(url, table)| format!("SOURCE  {url}\n{table}")).collect();
    texts.join("\n")
}

pub(crate) async fn rollback(options: &RollbackOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let application = fetch(client, &app, "").await?;
    let id = match options.id {
        Some(id) => id,
        None => previous(&application)?,
    };
    let body = json!({"name": app.name, "appNamespace": application.metadata.namespace, "id": id,
        "prune": options.prune});
    let _: Application = client.post(&app.path("/rollback"), &body).await?;
    Box::pin(sync::follow_operation(client, &app, options.timeout, false, options.output)).await
}

fn previous(application: &Application) -> Result<i64, Error> {
    let history = &application.status.history;
    match history.len() {
        0 | 1 => Err(Error::Usage(format!(
            "application '{}' has {} entries in its history; there is nothing to roll back to",
            application.metadata.name,
            history.len()
        ))),
        length => Ok(history[length - 2].id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn the_history_is_one_table_for_each_source() {
        let history: Vec<RevisionHistory> = serde_json::from_value(json!([
            {"id": 0, "revision": "a".repeat(40), "deployedAt": "2026-01-01T00:00:00Z",
             "source": {"repoURL": "https://git.example/a", "targetRevision": "main"}},
            {"id": 1, "revision": "b".repeat(40), "deployedAt": "2026-01-02T00:00:00Z",
             "source": {"repoURL": "https://git.example/a"}},
        ]))
        .unwrap();
        expect![[r#"
            SOURCE  https://git.example/a
            ID  DATE                  REVISION
            0   2026-01-01T00:00:00Z  main (aaaaaaa)
            1   2026-01-02T00:00:00Z  HEAD (bbbbbbb)
        "#]]
        .assert_eq(&tables(&history));
        let mut application = Application::default();
        assert!(previous(&application).is_err());
        application.status.history = history;
        assert_eq!(previous(&application).unwrap(), 0);
    }
}
