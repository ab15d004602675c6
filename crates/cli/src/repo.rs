//! `repo`: the repositories that sources come from.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value, json};

use crate::client::{Client, escape};
use crate::error::Error;
use crate::output::{self, Table};

// A verb of repositories. (A documentation comment would be what help says of `repo`.)
#[derive(Debug, Subcommand)]
pub enum RepoVerb {
    /// List repositories, with how the connections to them stand.
    List(ListOptions),
    /// Show a repository.
    Get(GetOptions),
    /// Add a repository, or change one with --upsert.
    Add(Box<AddOptions>),
    /// Remove repositories.
    Rm(RemoveOptions),
}

/// What `repo list` takes.
#[derive(Debug, Args)]
pub struct ListOptions {
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
    /// `hard` tries the connections again.
    #[arg(long, default_value = "")]
    refresh: String,
}

/// What `repo get` takes.
#[derive(Debug, Args)]
pub struct GetOptions {
    /// The repository's URL.
    #[arg(value_name = "REPO")]
    repo: String,
    /// The project that the repository is bound to.
    #[arg(long, default_value = "")]
    project: String,
    /// How to print.
    #[arg(short, long, default_value = "wide")]
    output: Format,
    /// `hard` tries the connection again.
    #[arg(long, default_value = "")]
    refresh: String,
}

/// What `repo add` takes.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  argosy repo add https://git.example/apps.git --username me\n  argosy repo add git@git.example:apps.git --ssh-private-key-path ~/.ssh/id_ed25519\n  argosy repo add https://charts.example --type helm --name charts"
)]
pub struct AddOptions {
    /// The repository's URL.
    #[arg(value_name = "REPOURL")]
    repo: String,
    /// The name of a Helm repository.
    #[arg(long, default_value = "")]
    name: String,
    /// The project that the repository is bound to.
    #[arg(long, default_value = "")]
    project: String,
    /// Do not check the server's certificate or host key.
    #[arg(long)]
    insecure_skip_server_verification: bool,
    /// Do not check the host key.
    #[arg(long, hide = true)]
    insecure_ignore_host_key: bool,
    /// Fetch the files of Git LFS.
    #[arg(long)]
    enable_lfs: bool,
    /// Hosts that are not reached through the proxy.
    #[arg(long, default_value = "")]
    no_proxy: String,
    /// The proxy to reach the repository through.
    #[arg(long, default_value = "")]
    proxy: String,
    /// How many commits are fetched; 0 for all.
    #[arg(long, default_value_t = 0)]
    depth: i64,
    /// Change the repository when it is there already.
    #[arg(long)]
    upsert: bool,
    #[command(flatten)]
    credentials: CredentialFlags,
}

/// How to get into repositories.
#[derive(Debug, Args)]
pub(crate) struct CredentialFlags {
    /// `git`, `helm` or `oci`.
    #[arg(long = "type", default_value = "git")]
    kind: String,
    /// The user's name.
    #[arg(long, default_value = "")]
    username: String,
    /// The user's password or token; asked for when a name is given without it.
    #[arg(long)]
    password: Option<String>,
    /// A token that is sent as it is.
    #[arg(long, default_value = "")]
    bearer_token: String,
    /// The file with the private key for SSH.
    #[arg(long, value_name = "FILE")]
    ssh_private_key_path: Option<PathBuf>,
    /// The file with the client's certificate.
    #[arg(long, value_name = "FILE")]
    tls_client_cert_path: Option<PathBuf>,
    /// The file with the certificate's key.
    #[arg(long, value_name = "FILE")]
    tls_client_cert_key_path: Option<PathBuf>,
    /// The id of a GitHub App.
    #[arg(long, default_value_t = 0)]
    github_app_id: i64,
    /// The id of the app's installation; found out when not given.
    #[arg(long, default_value_t = 0)]
    github_app_installation_id: i64,
    /// The file with the app's private key.
    #[arg(long, value_name = "FILE")]
    github_app_private_key_path: Option<PathBuf>,
    /// The API of GitHub Enterprise.
    #[arg(long, default_value = "")]
    github_app_enterprise_base_url: String,
    /// The file with the key of a Google service account.
    #[arg(long, value_name = "FILE")]
    gcp_service_account_key_path: Option<PathBuf>,
    /// The id of an Azure service principal.
    #[arg(long, default_value = "")]
    azure_service_principal_client_id: String,
    /// The principal's secret.
    #[arg(long, default_value = "")]
    azure_service_principal_client_secret: String,
    /// The principal's tenant.
    #[arg(long, default_value = "")]
    azure_service_principal_tenant_id: String,
    /// The endpoint of Azure Active Directory.
    #[arg(long, default_value = "")]
    azure_active_directory_endpoint: String,
    /// Use the Azure identity of the workload.
    #[arg(long)]
    use_azure_workload_identity: bool,
    /// Send name and password without being asked.
    #[arg(long)]
    force_http_basic_auth: bool,
    /// The Helm repository is a registry.
    #[arg(long)]
    enable_oci: bool,
    /// Talk plain HTTP to a registry.
    #[arg(long)]
    insecure_oci_force_http: bool,
}

impl CredentialFlags {
    /// The flags as the API's records have them; nothing for what is not given.
    pub(crate) fn record(&self) -> Result<Map<String, Value>, Error> {
        let password = match &self.password {
            Some(password) => password.clone(),
            None if self.username.is_empty() => String::new(),
            None => rpassword::prompt_password("Password: ").map_err(|error| {
                Error::Usage(format!("the password cannot be read: {error}; give --password"))
            })?,
        };
        let texts = [
            ("type", self.kind.clone()),
            ("username", self.username.clone()),
            ("password", password),
            ("bearerToken", self.bearer_token.clone()),
            ("sshPrivateKey", content(self.ssh_private_key_path.as_deref())?),
            ("tlsClientCertData", content(self.tls_client_cert_path.as_deref())?),
            ("tlsClientCertKey", content(self.tls_client_cert_key_path.as_deref())?),
            ("githubAppPrivateKey", content(self.github_app_private_key_path.as_deref())?),
            ("githubAppEnterpriseBaseUrl", self.github_app_enterprise_base_url.clone()),
            ("gcpServiceAccountKey", content(self.gcp_service_account_key_path.as_deref())?),
            ("azureServicePrincipalClientId", self.azure_service_principal_client_id.clone()),
            ("azureServicePrincipalClientSecret", self.azure_service_principal_client_secret.clone()),
            ("azureServicePrincipalTenantId", self.azure_service_principal_tenant_id.clone()),
            ("azureActiveDirectoryEndpoint", self.azure_active_directory_endpoint.clone()),
        ];
        let flags = [
            ("useAzureWorkloadIdentity", self.use_azure_workload_identity),
            ("forceHttpBasicAuth", self.force_http_basic_auth),
            ("enableOCI", self.enable_oci),
            ("insecureOCIForceHttp", self.insecure_oci_force_http),
        ];
        let numbers = [
            ("githubAppID", self.github_app_id),
            ("githubAppInstallationID", self.github_app_installation_id),
        ];
        let texts = texts.into_iter().filter(|(_, text)| !text.is_empty());
        let flags = flags.into_iter().filter(|(_, flag)| *flag);
        let numbers = numbers.into_iter().filter(|(_, number)| *number != 0);
        Ok(texts
            .map(|(key, text)| (key.to_owned(), Value::from(text)))
            .chain(flags.map(|(key, flag)| (key.to_owned(), flag.into())))
            .chain(numbers.map(|(key, number)| (key.to_owned(), number.into())))
            .collect())
    }
}

/// What is in a file; nothing when none is named.
fn content(path: Option<&Path>) -> Result<String, Error> {
    let Some(path) = path else { return Ok(String::new()) };
    std::fs::read_to_string(path).map_err(|error| Error::Usage(format!("{}: {error}", path.display())))
}

/// What `repo rm` takes.
#[derive(Debug, Args)]
pub struct RemoveOptions {
    /// The repositories' URLs.
    #[arg(value_name = "REPO", required = true)]
    repos: Vec<String>,
    /// The project that the repositories are bound to.
    #[arg(long, default_value = "")]
    project: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Wide,
    Url,
    Json,
    Yaml,
}

pub(crate) async fn run(verb: RepoVerb, client: &Client) -> Result<(), Error> {
    match verb {
        RepoVerb::List(options) => {
            let query = [("forceRefresh", refresh(&options.refresh)?)];
            let items = client.list("/api/v1/repositories", &query).await?;
            print(&items, &Value::from(items.clone()), options.output);
            Ok(())
        }
        RepoVerb::Get(options) => {
            let query =
                [("forceRefresh", refresh(&options.refresh)?), ("appProject", options.project.clone())];
            let repository: Value = client.get(&path(&options.repo), &query).await?;
            print(std::slice::from_ref(&repository), &repository, options.output);
            Ok(())
        }
        RepoVerb::Add(options) => add(&options, client).await,
        RepoVerb::Rm(options) => {
            for repo in &options.repos {
                let query = [("appProject", options.project.clone())];
                client.delete(&path(repo), &query).await?;
                println!("Repository '{repo}' removed");
            }
            Ok(())
        }
    }
}

fn path(repo: &str) -> String {
    format!("/api/v1/repositories/{}", escape(repo))
}

fn refresh(word: &str) -> Result<String, Error> {
    match word {
        "" => Ok(String::new()),
        "hard" => Ok("true".to_owned()),
        other => Err(Error::Usage(format!("--refresh {other:?}: only `hard` is known"))),
    }
}

async fn add(options: &AddOptions, client: &Client) -> Result<(), Error> {
    let credentials = &options.credentials;
    if credentials.kind == "helm" && options.name.is_empty() {
        return Err(Error::Usage("a repository of type helm needs --name".to_owned()));
    }
    let mut record = credentials.record()?;
    let further = json!({
        "repo": options.repo,
        "name": options.name,
        "project": options.project,
        "insecure": options.insecure_skip_server_verification,
        "insecureIgnoreHostKey": options.insecure_ignore_host_key,
        "enableLfs": options.enable_lfs,
        "proxy": options.proxy,
        "noProxy": options.no_proxy,
        "depth": options.depth,
    });
    record.extend(further.as_object().cloned().unwrap_or_default());
    let query = [("upsert", options.upsert.to_string())];
    // The server tries the connection before it keeps the record.
    let _: Value = client.call(reqwest::Method::POST, "/api/v1/repositories", &query, Some(&record)).await?;
    println!("Repository '{}' added", options.repo);
    Ok(())
}

fn print(items: &[Value], value: &Value, format: Format) {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let flag = |item: &Value, key: &str| item[key].as_bool().unwrap_or_default();
    match format {
        Format::Json | Format::Yaml => output::print_value(value, format == Format::Json),
        Format::Url => items.iter().for_each(|item| println!("{}", text(item, "repo"))),
        Format::Wide => {
            let mut table = Table::new(&[
                "TYPE", "NAME", "REPO", "INSECURE", "OCI", "LFS", "CREDS", "STATUS", "MESSAGE", "PROJECT",
            ]);
            for item in items {
                let has_own = !text(item, "username").is_empty();
                let credentials = match (has_own, flag(item, "inheritedCreds")) {
                    (true, _) => "true",
                    (false, true) => "inherited",
                    (false, false) => "false",
                };
                table.push([
                    text(item, "type"),
                    text(item, "name"),
                    text(item, "repo"),
                    (flag(item, "insecure") || flag(item, "insecureIgnoreHostKey")).to_string(),
                    flag(item, "enableOCI").to_string(),
                    flag(item, "enableLfs").to_string(),
                    credentials.to_owned(),
                    text(&item["connectionState"], "status"),
                    text(&item["connectionState"], "message"),
                    text(item, "project"),
                ]);
            }
            print!("{table}");
        }
    }
}
