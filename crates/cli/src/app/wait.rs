//! `app wait`, and waiting for an operation to end.

use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use types::Application;

use super::progress::{Progress, operation_is_over};
use super::{AppName, NamespaceOption, fetch, get, progress, select};
use crate::client::Client;
use crate::error::Error;

/// What `app wait` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app wait guestbook\n  argosy app wait -l team=web --health --timeout 300"
)]
pub struct WaitOptions {
    /// The applications, as NAME or NAMESPACE/NAME.
    #[arg(value_name = "APPNAME")]
    names: Vec<String>,
    /// Applications with these labels.
    #[arg(short = 'l', long, default_value = "")]
    selector: String,
    /// Wait until they are synced.
    #[arg(long)]
    sync: bool,
    /// Wait until they are healthy.
    #[arg(long)]
    health: bool,
    /// Wait until they are suspended.
    #[arg(long)]
    suspended: bool,
    /// Wait until they are degraded.
    #[arg(long)]
    degraded: bool,
    /// Wait until their operations are over.
    #[arg(long)]
    operation: bool,
    /// Wait until they are deleted.
    #[arg(long)]
    delete: bool,
    /// The longest time to wait, in seconds; 0 for ever.
    #[arg(long, default_value_t = 0)]
    timeout: u64,
    #[command(flatten)]
    namespace: NamespaceOption,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) sync: bool,
    pub(super) health: bool,
    pub(super) suspended: bool,
    pub(super) degraded: bool,
    pub(super) operation: bool,
}

impl Goal {
    /// Whether an application is where it should be.
    pub(super) fn is_reached(self, application: &Application) -> bool {
        let health = application.status.health.status.as_str();
        let any_health = self.health || self.suspended || self.degraded;
        let health_reached = !any_health
            || (self.health && health == "Healthy")
            || (self.suspended && health == "Suspended")
            || (self.degraded && health == "Degraded");
        health_reached
            && (!self.sync || application.status.sync.status == "Synced")
            && (!self.operation || operation_is_over(application))
    }
}

/// A change of a watched application.
#[derive(Debug, Deserialize)]
pub(super) struct WatchEvent {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) application: Application,
}

pub(crate) async fn wait(options: &WaitOptions, client: &Client) -> Result<(), Error> {
    let mut goal = Goal {
        sync: options.sync,
        health: options.health,
        suspended: options.suspended,
        degraded: options.degraded,
        operation: options.operation,
    };
    if goal == Goal::default() {
        goal = Goal { sync: true, health: true, operation: true, ..goal };
    }
    let mut apps: Vec<AppName> =
        options.names.iter().map(|name| AppName::parse(name, &options.namespace)).collect();
    if !options.selector.is_empty() {
        let selected = select(client, &options.selector, &[], &options.namespace).await?;
        apps.extend(selected.iter().map(AppName::of));
    }
    if apps.is_empty() {
        return Err(Error::Usage("name an application, or select some with -l".into()));
    }
    for app in &apps {
        if options.delete {
            until_deleted(client, app, options.timeout).await?;
        } else {
            let application = until(client, app, goal, options.timeout).await?;
            print!("\n{}", get::summary(&application));
            print!("{}", progress::operation_summary(&application));
            print!("{}", progress::resource_table(&application));
        }
    }
    Ok(())
}

/// Follows an application, printing what changes, until the goal is reached.
///
/// # Errors
/// [`Error::Timeout`] after `timeout` seconds (0 for never), with the state printed; [`Error::Degraded`] when health
/// is waited for and the application becomes Degraded.
pub(super) async fn until(
    client: &Client,
    app: &AppName,
    goal: Goal,
    timeout: u64,
) -> Result<Application, Error> {
    let mut progress = Progress::default();
    let mut last = None;
    let mut query = app.query();
    query.push(("name", app.name.clone()));
    let follow = client.follow("/api/v1/stream/applications", &query, |event: WatchEvent| {
        if event.kind == "DELETED" {
            return Some(Err(Error::Operation(format!("application '{}' was deleted", app.name))));
        }
        progress.show(&event.application);
        let reached = goal.is_reached(&event.application);
        let degraded = goal.health && !goal.degraded && event.application.status.health.status == "Degraded";
        // While an operation runs, Degraded may be what it is about to mend.
        let settled = operation_is_over(&event.application);
        last = Some(event.application.clone());
        if reached {
            return Some(Ok(event.application));
        }
        (degraded && settled).then(|| {
            let message = &event.application.status.health.message;
            Err(Error::Degraded(format!(
                "application '{}' health state has transitioned to Degraded: {message}",
                app.name
            )))
        })
    });
    let result = if timeout == 0 {
        follow.await
    } else {
        match tokio::time::timeout(Duration::from_secs(timeout), follow).await {
            Ok(result) => result,
            Err(_) => {
                if let Some(application) = &last {
                    print!("\n{}", get::summary(application));
                    print!("{}", progress::operation_summary(application));
                    print!("{}", progress::resource_table(application));
                }
                return Err(Error::Timeout(format!(
                    "timed out after {timeout}s waiting for application '{}' to reach the wanted state",
                    app.name
                )));
            }
        }
    };
    result?
}

/// Waits until an application is gone.
pub(super) async fn until_deleted(client: &Client, app: &AppName, timeout: u64) -> Result<(), Error> {
    if fetch(client, app, "").await.is_err_and(|error| error.is_absent()) {
        return Ok(());
    }
    let mut query = app.query();
    query.push(("name", app.name.clone()));
    let follow = client.follow("/api/v1/stream/applications", &query, |event: WatchEvent| {
        (event.kind == "DELETED").then_some(())
    });
    if timeout == 0 {
        return follow.await;
    }
    tokio::time::timeout(Duration::from_secs(timeout), follow).await.unwrap_or_else(|_| {
        Err(Error::Timeout(format!(
            "timed out after {timeout}s waiting for application '{}' to be deleted",
            app.name
        )))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn health_goals_are_alternatives_and_the_rest_must_all_hold() {
        let application = |sync: &str, health: &str| -> Application {
            serde_json::from_value(
                json!({"status": {"sync": {"status": sync}, "health": {"status": health}}}),
            )
            .unwrap()
        };
        let all = Goal { sync: true, health: true, operation: true, ..Goal::default() };
        assert!(all.is_reached(&application("Synced", "Healthy")));
        assert!(!all.is_reached(&application("OutOfSync", "Healthy")));
        assert!(!all.is_reached(&application("Synced", "Progressing")));
        let either = Goal { health: true, suspended: true, ..Goal::default() };
        assert!(either.is_reached(&application("OutOfSync", "Suspended")));
        assert!(!either.is_reached(&application("Synced", "Degraded")));
    }
}
