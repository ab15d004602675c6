//! `repocreds`: credentials for all repositories below a URL.

use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;

use crate::client::{Client, escape};
use crate::error::Error;
use crate::output::{self, Table};
use crate::repo::CredentialFlags;

// A verb of credentials. (A documentation comment would be what help says of `repocreds`.)
#[derive(Debug, Subcommand)]
pub enum RepoCredsVerb {
    /// List credentials.
    List(ListOptions),
    /// Add credentials, or change them with --upsert.
    Add(Box<AddOptions>),
    /// Remove credentials.
    Rm(RemoveOptions),
}

/// What `repocreds list` takes.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Url,
    Json,
    Yaml,
}

/// What `repocreds add` takes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  argosy repocreds add https://git.example/team/ --username me")]
pub struct AddOptions {
    /// What the URLs of the repositories begin with.
    #[arg(value_name = "REPOURL")]
    url: String,
    /// The proxy to reach the repositories through.
    #[arg(long = "proxy-url", default_value = "")]
    proxy: String,
    /// Change the credentials when they are there already.
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    credentials: CredentialFlags,
}

/// What `repocreds rm` takes.
#[derive(Debug, Args)]
pub struct RemoveOptions {
    /// What the URLs of the repositories begin with.
    #[arg(value_name = "CREDSURL")]
    url: String,
}

pub(crate) async fn run(verb: RepoCredsVerb, client: &Client) -> Result<(), Error> {
    match verb {
        RepoCredsVerb::List(options) => {
            let items = client.list("/api/v1/repocreds", &[]).await?;
            print(&items, options.output);
        }
        RepoCredsVerb::Add(options) => {
            let mut record = options.credentials.record()?;
            record.insert("url".to_owned(), options.url.as_str().into());
            record.insert("proxy".to_owned(), options.proxy.as_str().into());
            let query = [("upsert", options.upsert.to_string())];
            let _: Value =
                client.call(reqwest::Method::POST, "/api/v1/repocreds", &query, Some(&record)).await?;
            println!("Repository credentials for '{}' added", options.url);
        }
        RepoCredsVerb::Rm(options) => {
            let path = format!("/api/v1/repocreds/{}", escape(&options.url));
            client.delete(&path, &[]).await?;
            println!("Repository credentials for '{}' removed", options.url);
        }
    }
    Ok(())
}

fn print(items: &[Value], format: Format) {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    match format {
        Format::Json | Format::Yaml => output::print_as(&items, format == Format::Json),
        Format::Url => items.iter().for_each(|item| println!("{}", text(item, "url"))),
        Format::Wide => {
            let mut table = Table::new(&["URL PATTERN", "USERNAME", "SSH_CREDS", "TLS_CREDS"]);
            for item in items {
                // What is secret is never told, so whether it is there is not known here.
                let has = |key: &str| (!text(item, key).is_empty()).to_string();
                table.push([
                    text(item, "url"),
                    text(item, "username"),
                    has("sshPrivateKey"),
                    has("tlsClientCertData"),
                ]);
            }
            print!("{table}");
        }
    }
}
