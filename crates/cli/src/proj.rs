//! `proj`: projects, which say what applications may use.
//!
//! Deliberately absent, for now: the verbs that change one rule of a project, its roles and its windows; `proj create
//! --upsert -f FILE` writes all of it.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use types::AppProject;

use crate::client::{Client, escape};
use crate::error::Error;
use crate::output::{self, Table};

// A verb of projects. (A documentation comment would be what help says of `proj`.)
#[derive(Debug, Subcommand)]
pub enum ProjVerb {
    /// List projects.
    List(ListOptions),
    /// Show a project.
    Get(GetOptions),
    /// Create a project, or replace what it says with --upsert.
    Create(Box<CreateOptions>),
    /// Delete projects that no application uses.
    Delete(DeleteOptions),
}

/// What `proj list` takes.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
}

/// What `proj get` takes.
#[derive(Debug, Args)]
pub struct GetOptions {
    /// The project's name.
    #[arg(value_name = "PROJECT")]
    project: String,
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
}

/// What `proj create` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy proj create team -d https://kubernetes.default.svc,team-* -s 'https://git.example/team/*'\n  argosy proj create -f project.yaml --upsert"
)]
pub struct CreateOptions {
    /// The project's name.
    #[arg(value_name = "PROJECT", required_unless_present = "file")]
    project: Option<String>,
    /// A file or URL with the project, in YAML or JSON; `-` for standard input. Flags are added to what it says.
    #[arg(short, long)]
    file: Option<String>,
    /// Replace what the project says when it is there already.
    #[arg(long)]
    upsert: bool,
    /// What the project is for.
    #[arg(long)]
    description: Option<String>,
    /// A permitted destination, as SERVER,NAMESPACE (may be repeated).
    #[arg(short, long)]
    dest: Vec<String>,
    /// A permitted repository (may be repeated).
    #[arg(short, long)]
    src: Vec<String>,
    /// A namespace whose Applications may use the project.
    #[arg(long, value_delimiter = ',')]
    source_namespaces: Vec<String>,
    /// A permitted cluster-scoped kind, as GROUP/KIND (may be repeated).
    #[arg(long)]
    allow_cluster_resource: Vec<String>,
    /// A forbidden cluster-scoped kind, as GROUP/KIND (may be repeated).
    #[arg(long)]
    deny_cluster_resource: Vec<String>,
    /// A permitted namespaced kind, as GROUP/KIND (may be repeated).
    #[arg(long)]
    allow_namespaced_resource: Vec<String>,
    /// A forbidden namespaced kind, as GROUP/KIND (may be repeated).
    #[arg(long)]
    deny_namespaced_resource: Vec<String>,
    /// Watch for objects that belong to no application.
    #[arg(long)]
    orphaned_resources: bool,
    /// Warn about such objects.
    #[arg(long)]
    orphaned_resources_warn: bool,
}

/// What `proj delete` takes.
#[derive(Debug, Args)]
pub struct DeleteOptions {
    /// The projects' names.
    #[arg(value_name = "PROJECT", required = true)]
    projects: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Name,
    Json,
    Yaml,
}

fn path(project: &str) -> String {
    format!("/api/v1/projects/{}", escape(project))
}

pub(crate) async fn run(verb: ProjVerb, client: &Client) -> Result<(), Error> {
    match verb {
        ProjVerb::List(options) => {
            let list: types::List<AppProject> = client.get("/api/v1/projects", &[]).await?;
            print(&list.items, &json!(list.items), options.output);
            Ok(())
        }
        ProjVerb::Get(options) => {
            let project: AppProject = client.get(&path(&options.project), &[]).await?;
            print(std::slice::from_ref(&project), &json!(project), options.output);
            Ok(())
        }
        ProjVerb::Create(options) => create(&options, client).await,
        ProjVerb::Delete(options) => {
            for project in &options.projects {
                client.delete(&path(project), &[]).await?;
            }
            Ok(())
        }
    }
}

async fn create(options: &CreateOptions, client: &Client) -> Result<(), Error> {
    let mut project = match &options.file {
        Some(file) => goyaml::from_str(&crate::read::text(file).await?)
            .map_err(|error| Error::Usage(format!("{file}: {error}")))?,
        None => json!({"metadata": {}, "spec": {}}),
    };
    if let Some(name) = &options.project {
        project["metadata"]["name"] = name.as_str().into();
    }
    let mut project: AppProject =
        serde_json::from_value(project).map_err(|error| Error::Usage(format!("the project: {error}")))?;
    let spec = &mut project.spec;
    if let Some(description) = &options.description {
        spec.description.clone_from(description);
    }
    for text in &options.dest {
        let (server, namespace) = text
            .split_once(',')
            .ok_or_else(|| Error::Usage(format!("--dest {text:?}: expected SERVER,NAMESPACE")))?;
        spec.destinations.push(types::ApplicationDestination {
            server: server.to_owned(),
            namespace: namespace.to_owned(),
            ..types::ApplicationDestination::default()
        });
    }
    spec.source_repos.extend(options.src.iter().cloned());
    spec.source_namespaces.extend(options.source_namespaces.iter().cloned());
    for text in &options.allow_cluster_resource {
        let (group, kind) = group_kind(text)?;
        spec.cluster_resource_whitelist.push(cluster_kind(group, kind));
    }
    for text in &options.deny_cluster_resource {
        let (group, kind) = group_kind(text)?;
        spec.cluster_resource_blacklist.push(cluster_kind(group, kind));
    }
    for text in &options.allow_namespaced_resource {
        let (group, kind) = group_kind(text)?;
        let list = spec.namespace_resource_whitelist.get_or_insert_default();
        list.push(types::meta::GroupKindItem { group, kind });
    }
    for text in &options.deny_namespaced_resource {
        let (group, kind) = group_kind(text)?;
        spec.namespace_resource_blacklist.push(types::meta::GroupKindItem { group, kind });
    }
    if options.orphaned_resources || options.orphaned_resources_warn {
        let settings = spec.orphaned_resources.get_or_insert_default();
        if options.orphaned_resources_warn {
            settings.warn = Some(true);
        }
    }
    let body = json!({"project": project, "upsert": options.upsert});
    let _: Value = client.post("/api/v1/projects", &body).await?;
    Ok(())
}

fn cluster_kind(group: String, kind: String) -> types::ClusterResourceRestrictionItem {
    types::ClusterResourceRestrictionItem { group, kind, ..Default::default() }
}

/// GROUP/KIND; a kind alone is one of the core group.
fn group_kind(text: &str) -> Result<(String, String), Error> {
    let (group, kind) = text.split_once('/').unwrap_or(("", text));
    if kind.is_empty() {
        return Err(Error::Usage(format!("{text:?}: expected GROUP/KIND")));
    }
    Ok((group.to_owned(), kind.to_owned()))
}

/// One value as it is, several by their number.
fn shown(values: Vec<String>, what: &str) -> String {
    match &values[..] {
        [] => "<none>".to_owned(),
        [one] => one.clone(),
        _ => format!("{} {what}", values.len()),
    }
}

fn print(projects: &[AppProject], value: &Value, format: Format) {
    match format {
        Format::Json | Format::Yaml => output::print_value(value, format == Format::Json),
        Format::Name => projects.iter().for_each(|project| println!("{}", project.metadata.name)),
        Format::Wide => {
            let mut table = Table::new(&[
                "NAME",
                "DESCRIPTION",
                "DESTINATIONS",
                "SOURCES",
                "CLUSTER-RESOURCE-WHITELIST",
                "NAMESPACE-RESOURCE-BLACKLIST",
                "SIGNATURE-KEYS",
                "ORPHANED-RESOURCES",
                "DESTINATION-SERVICE-ACCOUNTS",
            ]);
            for project in projects {
                let spec = &project.spec;
                let destinations = spec
                    .destinations
                    .iter()
                    .map(|destination| format!("{},{}", destination.cluster_text(), destination.namespace));
                let whitelist = spec
                    .cluster_resource_whitelist
                    .iter()
                    .map(|item| format!("{}/{}", item.group, item.kind));
                let blacklist = spec
                    .namespace_resource_blacklist
                    .iter()
                    .map(|item| format!("{}/{}", item.group, item.kind));
                let keys = spec.signature_keys.iter().map(|key| key.key_id.clone());
                let accounts = spec
                    .destination_service_accounts
                    .iter()
                    .map(|account| account.default_service_account.clone());
                let orphans = match &spec.orphaned_resources {
                    None => "disabled".to_owned(),
                    Some(settings) => {
                        format!("enabled (warn={})", settings.warn.unwrap_or_default())
                    }
                };
                table.push([
                    project.metadata.name.clone(),
                    spec.description.clone(),
                    shown(destinations.collect(), "destinations"),
                    shown(spec.source_repos.clone(), "repos"),
                    shown(whitelist.collect(), "resources"),
                    shown(blacklist.collect(), "resources"),
                    shown(keys.collect(), "key(s)"),
                    orphans,
                    shown(accounts.collect(), "accounts"),
                ]);
            }
            print!("{table}");
        }
    }
}
