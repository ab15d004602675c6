//! `app resources` and `app manifests`.

use clap::{Args, ValueEnum};
use serde::Deserialize;
use types::{ApplicationTree, ResourceDiff, ResourceNode};

use super::local::{LocalFlags, parse, rendered_here};
use super::revision::RevisionFlags;
use super::{Target, fetch, get};
use crate::client::Client;
use crate::error::Error;
use crate::local_files::LocalFiles;
use crate::output::Table;

/// What `app resources` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app resources guestbook\n  argosy app resources guestbook --output tree=detailed"
)]
pub(super) struct ResourcesOptions {
    #[command(flatten)]
    target: Target,
    /// Only objects that belong to no application.
    #[arg(long)]
    orphaned: bool,
    /// Accepted for scripts written for argocd.
    #[arg(long, hide = true)]
    project: Option<String>,
    /// How to print; a table when not given.
    #[arg(short, long)]
    output: Option<TreeFormat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TreeFormat {
    Tree,
    #[value(name = "tree=detailed")]
    Detailed,
}

/// What `app manifests` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy app manifests guestbook\n  argosy app manifests guestbook --source live\n  argosy app manifests guestbook --local ./guestbook --local-repo-root ."
)]
pub(super) struct ManifestsOptions {
    #[command(flatten)]
    target: Target,
    /// What Git says, or what is there.
    #[arg(long, default_value = "git")]
    source: ManifestSource,
    #[command(flatten)]
    revision: RevisionFlags,
    #[command(flatten)]
    local: LocalFlags,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ManifestSource {
    Git,
    Live,
}

/// The objects of an application, as the API lists them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ManagedResources {
    pub(super) items: Option<Vec<ResourceDiff>>,
}

pub(crate) async fn resources(options: &ResourcesOptions, client: &Client) -> Result<(), Error> {
    let app = options.target.app();
    if let Some(format) = options.output {
        let application = fetch(client, &app, "").await?;
        print!("{}", get::tree(client, &application, format == TreeFormat::Detailed).await?);
        return Ok(());
    }
    let tree: ApplicationTree = client.get(&app.path("/resource-tree"), &app.query()).await?;
    let mut table = Table::new(&["GROUP", "KIND", "NAMESPACE", "NAME", "ORPHANED"]);
    let mut push = |node: &ResourceNode, orphaned: &str| {
        let reference = &node.resource_ref;
        table.push([&reference.group, &reference.kind, &reference.namespace, &reference.name, orphaned]);
    };
    if !options.orphaned {
        tree.nodes.iter().filter(|node| node.parent_refs.is_empty()).for_each(|node| push(node, "No"));
    }
    tree.orphaned_nodes.iter().for_each(|node| push(node, "Yes"));
    print!("{table}");
    Ok(())
}

pub(crate) async fn manifests(
    options: &ManifestsOptions,
    client: &Client,
    files: &dyn LocalFiles,
) -> Result<(), Error> {
    let app = options.target.app();
    let texts: Vec<String> = match options.source {
        ManifestSource::Git => {
            let application = fetch(client, &app, "").await?;
            match rendered_here(&options.local, ".", files, client, &application).await? {
                Some(manifests) => manifests,
                None => options.revision.manifests(client, &app, &application).await?,
            }
        }
        ManifestSource::Live => {
            fetch(client, &app, "").await?;
            let answer: ManagedResources = client.get(&app.path("/managed-resources"), &app.query()).await?;
            let live = answer.items.unwrap_or_default().into_iter().map(|resource| resource.live_state);
            live.filter(|text| !text.is_empty() && text != "null").collect()
        }
    };
    for text in texts {
        print!("---\n{}", goyaml::to_string(&parse(&text)?));
    }
    Ok(())
}
