//! Charts that are not on this machine: out of a Helm repository (`--repo`) or an OCI registry.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use source::{Credentials, Freshness, Options, Sources};
use tree::Tree;
use types::{Repository, Secret};

/// Where a chart is fetched from, in Helm's words.
#[derive(Debug, Args)]
#[command(next_help_heading = "Fetching a chart")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own in Helm")]
pub(super) struct RemoteOptions {
    /// The URL of the chart repository that CHART is in.
    #[arg(long, value_name = "URL")]
    pub(super) repo: Option<String>,
    /// The chart's version, or a constraint such as ^2.0.0; the latest by default.
    #[arg(long = "version", value_name = "VERSION")]
    chart_version: Option<String>,
    /// Take pre-releases, too, when no version is given.
    #[arg(long)]
    devel: bool,
    /// The user to name to the repository.
    #[arg(long)]
    username: Option<String>,
    /// The user's password.
    #[arg(long)]
    password: Option<String>,
    /// Send the password to other hosts that the repository refers to, as well.
    #[arg(long, hide = true)]
    pass_credentials: bool,
    /// Trust only these certificates (PEM).
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The client's certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// The client certificate's key (PEM).
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
    /// Do not check the server's certificate.
    #[arg(long)]
    insecure_skip_tls_verify: bool,
    /// Reach a registry over plain HTTP.
    #[arg(long)]
    plain_http: bool,
}

/// A chart that has been fetched.
pub(super) struct Fetched {
    /// Where it came from, for messages.
    pub(super) name: String,
    pub(super) tree: Arc<dyn Tree>,
}

/// The directory of this machine for what is fetched and may be lost.
pub(super) fn cache_directory() -> PathBuf {
    let base = std::env::var_os("ARGOSY_CACHE").map(PathBuf::from).or_else(|| {
        let caches = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let caches = caches.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        Some(caches?.join("argosy"))
    });
    base.unwrap_or_else(std::env::temp_dir).join("render")
}

/// Fetches a chart.
pub(super) async fn fetch(chart: &str, options: &RemoteOptions) -> Result<Fetched> {
    let (repository, name) = match (&options.repo, chart.strip_prefix("oci://")) {
        (Some(_), Some(_)) => bail!("{chart} says by itself where it is; --repo must be left out"),
        (Some(repo), None) => (repo.trim_end_matches('/').to_owned(), chart.to_owned()),
        (None, Some(place)) => match place.trim_end_matches('/').rsplit_once('/') {
            Some((registry, name)) => (registry.to_owned(), name.to_owned()),
            None => bail!("{chart} names no chart: oci://REGISTRY/CHART is wanted"),
        },
        (None, None) => bail!(
            "{chart}: charts are not fetched from plain URLs; download it and name the file, or use --repo or oci://"
        ),
    };
    let (name, tagged) = match name.split_once(':') {
        Some((name, tag)) if options.repo.is_none() => (name.to_owned(), Some(tag.to_owned())),
        _ => (name, None),
    };
    let read = |path: &Option<PathBuf>| path.as_deref().map(text_of).transpose();
    let url = if repository.contains("://") { repository.clone() } else { format!("oci://{repository}") };
    let host = source::url::host(&url);
    let record = Repository {
        repo: repository.clone(),
        username: options.username.clone().unwrap_or_default(),
        password: Secret::new(options.password.clone().unwrap_or_default()),
        tls_client_cert_data: read(&options.cert_file)?.unwrap_or_default(),
        tls_client_cert_key: Secret::new(read(&options.key_file)?.unwrap_or_default()),
        insecure: options.insecure_skip_tls_verify,
        enable_oci: options.repo.is_none(),
        insecure_oci_force_http: options.plain_http,
        r#type: "helm".to_owned(),
        ..Repository::default()
    };
    let certificates = read(&options.ca_file)?.map(|certificates| (host, certificates));
    let credentials = Credentials {
        repositories: Arc::new(vec![record]),
        certificates: Arc::new(certificates.into_iter().collect()),
        ..Credentials::default()
    };
    let access = credentials.access(&repository, "");
    let sources = Sources::new(Options::new(cache_directory()))?;
    let default = if options.devel { ">=0.0.0-0" } else { "*" };
    let wanted = options.chart_version.clone().or(tagged).unwrap_or_else(|| default.to_owned());
    let version = sources
        .helm()
        .resolve(&repository, &name, &wanted, &access, Freshness::Now)
        .await
        .with_context(|| format!("cannot find chart {name}"))?;
    let opened = sources
        .helm()
        .open(&repository, &name, &version, &access)
        .await
        .with_context(|| format!("cannot fetch chart {name} {version}"))?;
    Ok(Fetched { name: format!("{chart} {version}"), tree: opened.tree })
}

fn text_of(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
