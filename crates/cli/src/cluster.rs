//! `cluster`: the clusters that applications are deployed to.
//!
//! Deliberately absent: adding a cluster out of a kubeconfig, which makes an account in it.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use crate::client::{Client, Query, escape};
use crate::error::Error;
use crate::login::confirm;
use crate::output::{self, Table};

// A verb of clusters. (A documentation comment would be what help says of `cluster`.)
#[derive(Debug, Subcommand)]
pub enum ClusterVerb {
    /// List clusters.
    List(ListOptions),
    /// Show a cluster.
    Get(GetOptions),
    /// Change the name, namespaces, labels or annotations of a cluster.
    Set(SetOptions),
    /// Remove clusters; their objects stay.
    Rm(RemoveOptions),
}

/// What `cluster list` takes.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
}

/// What `cluster get` takes.
#[derive(Debug, Args)]
pub struct GetOptions {
    /// The URL of the API server, or the cluster's name.
    #[arg(value_name = "SERVER/NAME")]
    cluster: String,
    /// How to print.
    #[arg(short, long, default_value = "yaml")]
    output: Format,
}

/// What `cluster set` takes.
#[derive(Debug, Args)]
pub struct SetOptions {
    /// The cluster's name.
    #[arg(value_name = "NAME")]
    cluster: String,
    /// Its new name.
    #[arg(long)]
    name: Option<String>,
    /// A namespace that it is restricted to (may be repeated); `*` for all.
    #[arg(long)]
    namespace: Vec<String>,
    /// A label, as KEY=VALUE (may be repeated).
    #[arg(long)]
    label: Vec<String>,
    /// An annotation, as KEY=VALUE (may be repeated).
    #[arg(long)]
    annotation: Vec<String>,
}

/// What `cluster rm` takes.
#[derive(Debug, Args)]
pub struct RemoveOptions {
    /// URLs of API servers, or names of clusters.
    #[arg(value_name = "SERVER/NAME", required = true)]
    clusters: Vec<String>,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Server,
    Json,
    Yaml,
}

/// The path of a cluster and the query that says what it is named by.
fn place(cluster: &str) -> (String, [(&'static str, String); 1]) {
    let kind = if cluster.contains("://") { "server" } else { "name" };
    (format!("/api/v1/clusters/{}", escape(cluster)), [("id.type", kind.to_owned())])
}

pub(crate) async fn run(verb: ClusterVerb, client: &Client) -> Result<(), Error> {
    match verb {
        ClusterVerb::List(options) => {
            let items = client.list("/api/v1/clusters", &[]).await?;
            print(&items, options.output);
            Ok(())
        }
        ClusterVerb::Get(options) => {
            let (path, query) = place(&options.cluster);
            let cluster: Value = client.get(&path, &query).await?;
            match options.output {
                Format::Json | Format::Yaml => {
                    output::print_value(&cluster, options.output == Format::Json);
                }
                Format::Wide | Format::Server => print(std::slice::from_ref(&cluster), options.output),
            }
            Ok(())
        }
        ClusterVerb::Set(options) => set(&options, client).await,
        ClusterVerb::Rm(options) => {
            for cluster in &options.clusters {
                if !options.yes && !confirm(&format!("Are you sure you want to remove '{cluster}'?"))? {
                    println!("The command to remove '{cluster}' was cancelled.");
                    continue;
                }
                let (path, query) = place(cluster);
                client.delete(&path, &query).await?;
                println!("Cluster '{cluster}' removed");
            }
            Ok(())
        }
    }
}

async fn set(options: &SetOptions, client: &Client) -> Result<(), Error> {
    let pairs = |kind: &str, texts: &[String]| -> Result<Value, Error> {
        texts
            .iter()
            .map(|text| match text.split_once('=') {
                Some((key, value)) => Ok((key.to_owned(), Value::from(value))),
                None => Err(Error::Usage(format!("--{kind} {text:?}: expected KEY=VALUE"))),
            })
            .collect()
    };
    let mut cluster = json!({});
    let mut fields = Vec::new();
    if let Some(name) = &options.name {
        cluster["name"] = name.as_str().into();
        fields.push("name");
    }
    if !options.namespace.is_empty() {
        let all = options.namespace.iter().any(|namespace| namespace == "*");
        cluster["namespaces"] = if all { json!([]) } else { json!(options.namespace) };
        fields.push("namespaces");
    }
    if !options.label.is_empty() {
        cluster["labels"] = pairs("label", &options.label)?;
        fields.push("labels");
    }
    if !options.annotation.is_empty() {
        cluster["annotations"] = pairs("annotation", &options.annotation)?;
        fields.push("annotations");
    }
    if fields.is_empty() {
        println!("Specify the cluster field to be updated.");
        return Ok(());
    }
    let (path, kind) = place(&options.cluster);
    let query: Vec<(&str, String)> =
        kind.into_iter().chain(fields.iter().map(|field| ("updatedFields", (*field).to_owned()))).collect();
    let query: Query<'_> = &query;
    let _: Value = client.call(reqwest::Method::PUT, &path, query, Some(&cluster)).await?;
    println!("Cluster '{}' updated.", options.cluster);
    Ok(())
}

fn print(items: &[Value], format: Format) {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    match format {
        Format::Json | Format::Yaml => output::print_as(&items, format == Format::Json),
        Format::Server => items.iter().for_each(|item| println!("{}", text(item, "server"))),
        Format::Wide => {
            let mut table = Table::new(&["SERVER", "NAME", "VERSION", "STATUS", "MESSAGE", "PROJECT"]);
            for item in items {
                let server = match item["namespaces"].as_array().map(Vec::len) {
                    None | Some(0) => text(item, "server"),
                    Some(count) => format!("{} ({count} namespaces)", text(item, "server")),
                };
                table.push([
                    server,
                    text(item, "name"),
                    text(item, "serverVersion"),
                    text(&item["connectionState"], "status"),
                    text(&item["connectionState"], "message"),
                    text(item, "project"),
                ]);
            }
            print!("{table}");
        }
    }
}
