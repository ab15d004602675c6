//! The verbs of applications.
//!
//! Neighbors: `list` and `get` show; `create`, `set`, `unset` and `sources` write, by the flags of `spec_flags` and
//! `source_flags`; `sync`, `wait` and `progress` follow operations; `diff` and
//! `comparison` compare, with `revision` or `local` files; `resources`,
//! `objects`, `actions` and `logs` are about objects.

mod actions;
mod comparison;
mod confirm;
mod create;
mod delete;
mod diff;
mod facts;
mod get;
mod history;
mod list;
mod local;
mod logs;
mod objects;
mod progress;
mod resources;
mod revision;
mod selection;
mod set;
mod source_flags;
mod sources;
mod spec_flags;
mod sync;
mod unset;
mod wait;

use clap::{Args, Subcommand};
use types::Application;

use crate::client::{Client, application_path};
use crate::error::Error;
use crate::local_files::LocalFiles;

/// The verb of `argosy app`.
#[derive(Debug, Args)]
pub struct AppOptions {
    #[command(subcommand)]
    verb: AppVerb,
}

// A verb of applications. (A documentation comment would be what help says of `app`.)
#[derive(Debug, Subcommand)]
enum AppVerb {
    /// List applications.
    List(list::ListOptions),
    /// Show an application.
    Get(get::GetOptions),
    /// Create an application.
    Create(create::CreateOptions),
    /// Change what an application says, by flags.
    Set(set::SetOptions),
    /// Take out of an application what was set.
    Unset(unset::UnsetOptions),
    /// Change an application's spec in an editor.
    Edit(set::EditOptions),
    /// Patch an application.
    Patch(set::PatchOptions),
    /// Add a source to an application with several.
    AddSource(sources::AddSourceOptions),
    /// Remove a source from an application with several.
    RemoveSource(sources::RemoveSourceOptions),
    /// Show how live objects differ from Git.
    Diff(diff::DiffOptions),
    /// Make the cluster equal to Git.
    Sync(sync::SyncOptions),
    /// Wait until applications are synced and healthy.
    Wait(wait::WaitOptions),
    /// Show the syncs of an application.
    History(history::HistoryOptions),
    /// Sync an application to what it was.
    Rollback(history::RollbackOptions),
    /// Delete applications, with their objects unless told otherwise.
    Delete(delete::DeleteOptions),
    /// List the objects of an application.
    Resources(resources::ResourcesOptions),
    /// Print the manifests of an application.
    Manifests(resources::ManifestsOptions),
    /// List and run the actions of objects.
    #[command(subcommand)]
    Actions(actions::ActionsVerb),
    /// Print what the containers of an application print.
    Logs(logs::LogsOptions),
    /// Show live objects of an application.
    GetResource(objects::GetResourceOptions),
    /// Patch a live object of an application.
    PatchResource(objects::PatchResourceOptions),
    /// Delete a live object of an application.
    DeleteResource(objects::DeleteResourceOptions),
    /// Confirm that objects which wait for it may be pruned or deleted.
    ConfirmDeletion(confirm::ConfirmDeletionOptions),
    /// End the running operation of an application.
    #[command(name = "terminate-op")]
    TerminateOperation(sync::TerminateOptions),
}

pub(crate) async fn run(options: AppOptions, client: &Client, files: &dyn LocalFiles) -> Result<(), Error> {
    match options.verb {
        AppVerb::List(options) => list::list(&options, client).await,
        AppVerb::Get(options) => get::get(&options, client).await,
        AppVerb::Create(options) => create::create(&options, client).await,
        AppVerb::Set(options) => set::set(&options, client).await,
        AppVerb::Unset(options) => unset::unset(&options, client).await,
        AppVerb::Edit(options) => set::edit(&options, client).await,
        AppVerb::Patch(options) => set::patch(&options, client).await,
        AppVerb::AddSource(options) => sources::add(&options, client).await,
        AppVerb::RemoveSource(options) => sources::remove(&options, client).await,
        AppVerb::Diff(options) => diff::diff(&options, client, files).await,
        AppVerb::Sync(options) => sync::sync(&options, client, files).await,
        AppVerb::Wait(options) => wait::wait(&options, client).await,
        AppVerb::History(options) => history::history(&options, client).await,
        AppVerb::Rollback(options) => history::rollback(&options, client).await,
        AppVerb::Delete(options) => delete::delete(&options, client).await,
        AppVerb::Resources(options) => resources::resources(&options, client).await,
        AppVerb::Manifests(options) => resources::manifests(&options, client, files).await,
        AppVerb::Actions(verb) => actions::run(verb, client).await,
        AppVerb::Logs(options) => logs::logs(&options, client).await,
        AppVerb::GetResource(options) => objects::get(&options, client).await,
        AppVerb::PatchResource(options) => objects::patch(&options, client).await,
        AppVerb::DeleteResource(options) => objects::delete(&options, client).await,
        AppVerb::ConfirmDeletion(options) => confirm::confirm(&options, client).await,
        AppVerb::TerminateOperation(options) => sync::terminate(&options, client).await,
    }
}

/// The application that a verb is about.
#[derive(Debug, Clone, Args)]
pub(crate) struct Target {
    /// The application, as NAME or NAMESPACE/NAME.
    #[arg(value_name = "APPNAME")]
    name: String,
    #[command(flatten)]
    namespace: NamespaceOption,
}

/// The namespace of applications.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct NamespaceOption {
    /// The namespace that holds the Application.
    #[arg(short = 'N', long)]
    app_namespace: Option<String>,
}

/// The name and namespace of an application; an empty namespace is the server's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppName {
    pub(crate) name: String,
    pub(crate) namespace: String,
}

impl AppName {
    pub(crate) fn parse(text: &str, namespace: &NamespaceOption) -> Self {
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (namespace.to_owned(), name),
            None => (namespace.app_namespace.clone().unwrap_or_default(), text),
        };
        Self { name: name.to_owned(), namespace }
    }

    pub(crate) fn of(application: &Application) -> Self {
        Self { name: application.metadata.name.clone(), namespace: application.metadata.namespace.clone() }
    }

    /// The path of the application, or of something below it.
    pub(crate) fn path(&self, rest: &str) -> String {
        application_path(&self.name, rest)
    }

    /// The query that names the namespace.
    pub(crate) fn query(&self) -> Vec<(&'static str, String)> {
        vec![("appNamespace", self.namespace.clone())]
    }
}

impl Target {
    pub(crate) fn app(&self) -> AppName {
        AppName::parse(&self.name, &self.namespace)
    }
}

/// Reads an application; `refresh` is `normal`, `hard` or empty.
pub(crate) async fn fetch(client: &Client, app: &AppName, refresh: &str) -> Result<Application, Error> {
    let mut query = app.query();
    query.push(("refresh", refresh.to_owned()));
    client.get(&app.path(""), &query).await
}

/// The applications that a label selector, and projects, name.
pub(crate) async fn select(
    client: &Client,
    selector: &str,
    projects: &[String],
    namespace: &NamespaceOption,
) -> Result<Vec<Application>, Error> {
    let query = [
        ("selector", selector.to_owned()),
        ("appNamespace", namespace.app_namespace.clone().unwrap_or_default()),
    ];
    let list: types::List<Application> = client.get("/api/v1/applications", &query).await?;
    Ok(list
        .items
        .into_iter()
        .filter(|application| {
            projects.is_empty() || projects.iter().any(|project| project == application.spec.project_name())
        })
        .collect())
}
