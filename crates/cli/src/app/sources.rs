//! `app add-source` and `app remove-source`: applications with several sources.

use clap::Args;
use types::ApplicationSource;

use super::set::store_spec;
use super::spec_flags::{Chosen, SpecFlags, choose};
use super::{Target, fetch};
use crate::client::Client;
use crate::error::Error;

/// What `app add-source` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app add-source guestbook --repo https://git.example/values --ref values"
)]
pub(super) struct AddSourceOptions {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    spec: SpecFlags,
}

/// What `app remove-source` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy app remove-source guestbook --source-position 2")]
pub(super) struct RemoveSourceOptions {
    #[command(flatten)]
    target: Target,
    /// The position of the source, counted from 1.
    #[arg(long, allow_negative_numbers = true)]
    source_position: Option<i64>,
    /// The name of the source.
    #[arg(long)]
    source_name: Option<String>,
}

pub(crate) async fn add(options: &AddSourceOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let mut spec = fetch(client, &app, "").await?.spec;
    if spec.sources.is_empty() {
        return Err(Error::Usage(format!(
            "application '{}' has a single `source`: sources can be added only where there are `sources`",
            app.name
        )));
    }
    let mut source = ApplicationSource::default();
    options.spec.source().apply(&mut source).await?;
    if source.repo_url.is_empty() {
        return Err(Error::Usage("a source needs --repo".into()));
    }
    spec.sources.push(source);
    store_spec(client, &app, &spec, true).await?;
    println!("Application '{}' updated successfully", app.name);
    Ok(())
}

pub(crate) async fn remove(options: &RemoveSourceOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    let mut spec = fetch(client, &app, "").await?.spec;
    let chosen = choose(&spec, options.source_position, options.source_name.as_deref())?;
    match chosen {
        Chosen::At(index) if spec.sources.len() > 1 => {
            spec.sources.remove(index);
        }
        _ => return Err(Error::Usage("the last source cannot be removed".into())),
    }
    store_spec(client, &app, &spec, true).await?;
    println!("Application '{}' updated successfully", app.name);
    Ok(())
}
