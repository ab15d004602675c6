//! Charts that are not on this machine: out of a Helm repository (`--repo`), an OCI registry, or behind a URL.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use helm::{Budget, Chart};
use source::{Access, Credentials, Freshness};
use tree::TreePath;
use types::{Repository, Secret};

use super::network::Network;

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

/// Fetches a chart.
pub(super) fn fetch(chart: &str, options: &RemoteOptions, network: &Network) -> Result<Arc<Chart>> {
    let budget = Budget::default();
    let repository = match (&options.repo, chart.strip_prefix("oci://")) {
        (Some(_), Some(_)) => bail!("{chart} says by itself where it is; --repo must be left out"),
        (None, None) => {
            let access = options.access(chart)?;
            let limit = budget.chart_bytes;
            let bytes = network.run(|sources| async move {
                sources.helm().bytes(chart, &access, limit).await.context("cannot fetch the chart")
            })?;
            return Ok(Chart::from_archive(&source::url::without_credentials(chart), &bytes, &budget)?);
        }
        (Some(repo), None) => repo.trim_end_matches('/'),
        (None, Some(place)) => place.trim_end_matches('/'),
    };
    let place = if options.repo.is_some() {
        Wanted { repository, name: chart, version: String::new(), digest: None }
    } else {
        Wanted::in_registry(repository)
            .with_context(|| format!("{chart} names no chart: oci://REGISTRY/CHART is wanted"))?
    };
    let Wanted { repository, name, version: tag, digest } = place;
    let access = options.access(repository)?;
    let given = options.chart_version.as_deref().unwrap_or(&tag);
    let wanted = source::helm::wanted_version(given, options.devel);
    let hint = if options.plain_http || options.repo.is_some() {
        String::new()
    } else {
        " (a registry without TLS needs --plain-http)".to_owned()
    };
    let tree = network.run(|sources| async move {
        let helm = sources.helm();
        let version = match digest {
            Some(digest) => digest.to_owned(),
            None => helm
                .resolve(repository, name, &wanted, &access, Freshness::Now)
                .await
                .with_context(|| format!("cannot find chart {name}{hint}"))?,
        };
        let opened = helm.open(repository, name, &version, &access).await;
        Ok(opened.with_context(|| format!("cannot fetch chart {name} {version}"))?.tree)
    })?;
    Ok(Chart::load(&*tree, &TreePath::root(), &budget)?)
}

/// A chart in a repository or registry.
struct Wanted<'a> {
    repository: &'a str,
    name: &'a str,
    /// The version, or empty.
    version: String,
    digest: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// Reads `HOST/PATH/CHART[:TAG][@DIGEST]`.
    fn in_registry(place: &'a str) -> Option<Self> {
        let (place, digest) = match place.split_once('@') {
            Some((place, digest)) => (place, Some(digest)),
            None => (place, None),
        };
        let (repository, name) = place.rsplit_once('/')?;
        let (name, tag) = name.split_once(':').unwrap_or((name, ""));
        // A tag cannot have the sign that stands before the build in a version.
        Some(Self { repository, name, version: tag.replace('_', "+"), digest })
    }
}

impl RemoteOptions {
    /// How a repository, or the server that a plain URL names, is reached.
    fn access(&self, repository: &str) -> Result<Access> {
        let read = |path: &Option<PathBuf>| path.as_deref().map(text_of).transpose();
        let url =
            if repository.contains("://") { repository.to_owned() } else { format!("oci://{repository}") };
        let record = Repository {
            repo: repository.to_owned(),
            username: self.username.clone().unwrap_or_default(),
            password: Secret::new(self.password.clone().unwrap_or_default()),
            tls_client_cert_data: read(&self.cert_file)?.unwrap_or_default(),
            tls_client_cert_key: Secret::new(read(&self.key_file)?.unwrap_or_default()),
            insecure: self.insecure_skip_tls_verify,
            enable_oci: url.starts_with("oci://"),
            insecure_oci_force_http: self.plain_http,
            r#type: "helm".to_owned(),
            ..Repository::default()
        };
        let certificates = read(&self.ca_file)?.map(|pem| (source::url::host(&url), pem));
        let credentials = Credentials {
            repositories: Arc::new(vec![record]),
            certificates: Arc::new(certificates.into_iter().collect()),
            ..Credentials::default()
        };
        Ok(Access { pass_credentials: self.pass_credentials, ..credentials.access(repository, "") })
    }
}

fn text_of(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
