//! `app confirm-deletion`: the answer to objects that are pruned or deleted only when somebody has confirmed it.

use clap::Args;
use serde_json::{Value, json};
use types::names::ANNOTATION_DELETION_APPROVED;

use super::{Target, fetch};
use crate::client::Client;
use crate::error::Error;

/// What `app confirm-deletion` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy app confirm-deletion guestbook")]
pub(super) struct ConfirmDeletionOptions {
    #[command(flatten)]
    target: Target,
}

/// Writes the time of the confirmation onto the application, where the controller looks for it.
pub(crate) async fn confirm(options: &ConfirmDeletionOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    fetch(client, &app, "").await?;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let patch = json!({"metadata": {"annotations": {ANNOTATION_DELETION_APPROVED: now}}}).to_string();
    let body = json!({
        "name": app.name, "appNamespace": app.namespace, "patchType": "merge", "patch": patch,
    });
    let _: Value = client.call(reqwest::Method::PATCH, &app.path(""), &[], Some(&body)).await?;
    println!("Application '{}' updated successfully", app.name);
    Ok(())
}
