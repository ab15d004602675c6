//! `app delete`.

use clap::{ArgAction, Args};

use super::wait::until_deleted;
use super::{AppName, NamespaceOption, select};
use crate::client::Client;
use crate::error::Error;
use crate::login::confirm;

/// What `app delete` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app delete guestbook --wait\n  argosy app delete guestbook --cascade=false"
)]
pub(super) struct DeleteOptions {
    /// The applications, as NAME or NAMESPACE/NAME.
    #[arg(value_name = "APPNAME")]
    names: Vec<String>,
    /// Applications with these labels.
    #[arg(short = 'l', long, default_value = "")]
    selector: String,
    /// Delete their objects too (the default).
    #[arg(long, action = ArgAction::Set, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    cascade: Option<bool>,
    /// `foreground` or `background`.
    #[arg(short, long)]
    propagation_policy: Option<String>,
    /// Wait until they are gone.
    #[arg(long)]
    wait: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    namespace: NamespaceOption,
}

pub(crate) async fn delete(options: &DeleteOptions, client: &Client) -> Result<(), Error> {
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
        let cascade = options.cascade.unwrap_or(true);
        let question = format!("Delete application '{}' and all its objects?", app.name);
        if cascade && !options.yes && !confirm(&question)? {
            println!("The command to delete '{}' was cancelled.", app.name);
            continue;
        }
        let mut query = app.query();
        // Only what was said is sent: the server has its own defaults.
        if let Some(cascade) = options.cascade {
            query.push(("cascade", cascade.to_string()));
        }
        if let Some(policy) = &options.propagation_policy {
            query.push(("propagationPolicy", policy.clone()));
        }
        client.delete(&app.path(""), &query).await?;
        if options.wait {
            until_deleted(client, app, 0).await?;
        }
        println!("application '{}' deleted", app.name);
    }
    Ok(())
}
