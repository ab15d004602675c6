//! `app wait`, and waiting for an operation to end.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use types::Application;

use super::progress::{Progress, operation_is_over};
use super::selection::selected;
use super::{AppName, NamespaceOption, fetch, get, select, sync};
use crate::client::Client;
use crate::error::Error;
use crate::output;

/// How often it is looked whether an application that was deleted is gone.
const LOOK: Duration = Duration::from_secs(1);

/// What `app wait` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app wait guestbook\n  argosy app wait -l team=web --health --timeout 300"
)]
pub(super) struct WaitOptions {
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
    /// Wait until their sources are hydrated.
    #[arg(long)]
    hydrated: bool,
    /// Only for this object, as GROUP:KIND:[NAMESPACE/]NAME; `*` for any, a leading `!` for all but it.
    #[arg(long)]
    resource: Vec<String>,
    /// The longest time to wait, in seconds; 0 for ever.
    #[arg(long, default_value_t = 0)]
    timeout: u64,
    /// How to print the result.
    #[arg(short, long, default_value = "wide")]
    output: sync::Format,
    #[command(flatten)]
    namespace: NamespaceOption,
}

/// What is waited for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) sync: bool,
    pub(super) health: bool,
    pub(super) suspended: bool,
    pub(super) degraded: bool,
    pub(super) operation: bool,
    pub(super) hydrated: bool,
    /// Filters of objects whose sync and health are asked for, instead of the application's.
    pub(super) resources: Vec<String>,
}

impl Goal {
    /// Whether an application is where it should be.
    ///
    /// # Errors
    /// When a filter of objects cannot be read, or none is left by the filters.
    pub(super) fn is_reached(&self, application: &Application) -> Result<bool, Error> {
        let status = &application.status;
        let over = !self.operation || operation_is_over(application);
        let hydrated = !self.hydrated
            || status
                .source_hydrator
                .current_operation
                .as_ref()
                .is_some_and(|operation| operation.phase == "Hydrated");
        if self.resources.is_empty() {
            let reached = self.suits(&status.sync.status, &status.health.status);
            return Ok(reached && over && hydrated);
        }
        let selected = selected(&self.resources, application)?;
        if selected.is_empty() && !status.resources.is_empty() {
            return Err(Error::Usage("no object of the application matches --resource".into()));
        }
        let all = selected.iter().all(|resource| {
            // What has no health of its own is not waited for.
            let health = resource.health.as_ref().map_or("Healthy", |health| health.status.as_str());
            self.suits(&resource.status, health)
        });
        Ok(all && !selected.is_empty() && over && hydrated)
    }

    /// Whether a sync status and a health are as wanted; wanted healths are alternatives.
    fn suits(&self, sync: &str, health: &str) -> bool {
        let any_health = self.health || self.suspended || self.degraded;
        let healthy = !any_health
            || (self.health && health == "Healthy")
            || (self.suspended && health == "Suspended")
            || (self.degraded && health == "Degraded");
        healthy && (!self.sync || sync == "Synced")
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
        hydrated: options.hydrated,
        resources: Vec::new(),
    };
    if goal == Goal::default() {
        goal = Goal { sync: true, health: true, operation: true, ..goal };
    }
    goal.resources.clone_from(&options.resource);
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
            let application =
                until(client, app, &goal, options.timeout, options.output == sync::Format::Wide).await?;
            match options.output {
                sync::Format::Wide => get::print_outcome(client, &application).await,
                format => output::print_as(&application, format == sync::Format::Json),
            }
        }
    }
    Ok(())
}

/// Follows an application until the goal is reached; with `shows`, prints what changes.
///
/// # Errors
/// [`Error::Timeout`] after `timeout` seconds (0 for never), with the state printed; [`Error::Degraded`] when health
/// is waited for and the application becomes Degraded.
pub(super) async fn until(
    client: &Client,
    app: &AppName,
    goal: &Goal,
    timeout: u64,
    shows: bool,
) -> Result<Application, Error> {
    let mut progress = Progress::default();
    let mut last = None;
    let idle = AtomicBool::new(false);
    let mut query = app.query();
    query.push(("name", app.name.clone()));
    let follow = client.follow("/api/v1/stream/applications", &query, |event: WatchEvent| {
        if event.kind == "DELETED" {
            return Some(Err(Error::Operation(format!("application '{}' was deleted", app.name))));
        }
        if shows {
            progress.show(&event.application);
        }
        idle.store(waits_for_controller(&event.application), Ordering::Relaxed);
        let reached = match goal.is_reached(&event.application) {
            Ok(reached) => reached,
            Err(error) => return Some(Err(error)),
        };
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
    let follow = async {
        tokio::select! {
            result = follow => result,
            never = tell_of_missing_controller(client, app, &idle) => match never {},
        }
    };
    let result = if timeout == 0 {
        follow.await
    } else {
        match tokio::time::timeout(Duration::from_secs(timeout), follow).await {
            Ok(result) => result,
            Err(_) => {
                if let Some(application) = last.as_ref().filter(|_| shows) {
                    get::print_outcome(client, application).await;
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

/// Whether an operation is set that no controller has begun.
fn waits_for_controller(application: &Application) -> bool {
    application.operation.is_some() && application.status.operation_state.is_none()
}

/// How long a controller may take to begin an operation before people are told what is waited for.
const NOTICE: Duration = Duration::from_secs(5);

/// Says once what is waited for when nobody begins an operation.
async fn tell_of_missing_controller(client: &Client, app: &AppName, idle: &AtomicBool) -> Infallible {
    loop {
        tokio::time::sleep(NOTICE).await;
        if idle.load(Ordering::Relaxed) {
            let place =
                client.core_namespace().map(|name| format!(" in namespace {name}")).unwrap_or_default();
            eprintln!(
                "application '{}' waits for a controller to begin its operation; is `argosy run` (or Argo CD's \
                 application controller) running{place}?",
                app.name
            );
            return std::future::pending().await;
        }
    }
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
    // A stream tells nothing of what was gone before it began.
    let look = async {
        loop {
            tokio::time::sleep(LOOK).await;
            if fetch(client, app, "").await.is_err_and(|error| error.is_absent()) {
                return Ok(());
            }
        }
    };
    let gone = async {
        tokio::select! {
            told = follow => told,
            seen = look => seen,
        }
    };
    if timeout == 0 {
        return gone.await;
    }
    tokio::time::timeout(Duration::from_secs(timeout), gone).await.unwrap_or_else(|_| {
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
        assert!(all.is_reached(&application("Synced", "Healthy")).unwrap());
        assert!(!all.is_reached(&application("OutOfSync", "Healthy")).unwrap());
        assert!(!all.is_reached(&application("Synced", "Progressing")).unwrap());
        let either = Goal { health: true, suspended: true, ..Goal::default() };
        assert!(either.is_reached(&application("OutOfSync", "Suspended")).unwrap());
        assert!(!either.is_reached(&application("Synced", "Degraded")).unwrap());
    }
}
