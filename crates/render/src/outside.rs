//! What a kustomization needs from outside its repository: other repositories, files behind URLs, charts. The builder
//! (crate `kustomize`) asks for it as data; here it is fetched.
//!
//! As in Argo CD, only the credentials of the application's own repository are used; here only for the same host, so
//! that a kustomization cannot have them sent elsewhere.

use std::sync::Arc;

use kustomize::{Answer, Need};
use sha2::{Digest as _, Sha256};
use source::{Access, Error, Freshness, Sources, Target};

/// The most bytes of a file behind a URL.
const MAX_FILE: u64 = 8 << 20;

/// Fetches for one application.
pub(crate) struct Fetcher<'a> {
    pub(crate) sources: &'a Sources,
    /// The application's own repository.
    pub(crate) repository: &'a str,
    /// How that one is reached.
    pub(crate) access: Access,
    /// Whether repositories have to be asked again for what a branch is.
    pub(crate) freshness: Freshness,
}

/// What was fetched, and what is told of it.
pub(crate) struct Fetched {
    pub(crate) answer: Answer,
    /// What it is known by, without credentials.
    pub(crate) name: String,
    /// The exact content.
    pub(crate) digest: String,
}

impl Fetcher<'_> {
    fn access(&self, url: &str) -> Access {
        let is_own_host = source::url::host(url) == source::url::host(self.repository);
        let is_in_clear = url.starts_with("http://") && !self.repository.starts_with("http://");
        if is_own_host && !is_in_clear { self.access.clone() } else { Access::default() }
    }

    /// Fetches what a build needs. A file that is not to be had is an answer, too: its URL may be a repository.
    pub(crate) async fn fetch(&self, need: &Need) -> Result<Fetched, Error> {
        match need {
            Need::Repository { url, reference, .. } => self.repository(url, reference).await,
            Need::File { url } => Ok(self.file(url).await),
            Need::Chart { repository, name, version, .. } => self.chart(repository, name, version).await,
        }
    }

    async fn repository(&self, url: &str, reference: &str) -> Result<Fetched, Error> {
        let name = source::url::without_credentials(url);
        // A server's own disk is nobody's business, unless the application itself lies there.
        if url.starts_with("file://") && !self.repository.starts_with("file://") {
            let answer = Answer::Failed("repositories on the disk of the server cannot be used".to_owned());
            return Ok(Fetched { answer, name, digest: String::new() });
        }
        let target = Target {
            repository: url.to_owned(),
            chart: String::new(),
            revision: reference.to_owned(),
            tag_prefix: String::new(),
            pass_credentials: false,
        };
        let access = self.access(url);
        let commit = self.sources.resolve(&target, &access, self.freshness).await?;
        let opened = self.sources.open(&target, &commit, &access).await?;
        Ok(Fetched { answer: Answer::Tree(opened.tree), name, digest: commit })
    }

    async fn file(&self, url: &str) -> Fetched {
        let name = source::url::without_credentials(url);
        match self.sources.helm().file(url, &self.access(url), MAX_FILE).await {
            Ok(text) => {
                let digits = Sha256::digest(text.as_bytes());
                let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
                let answer = Answer::Bytes(Arc::from(text.into_bytes()));
                Fetched { answer, name, digest: format!("sha256:{digits}") }
            }
            Err(error) => Fetched { answer: Answer::Failed(error.to_string()), name, digest: String::new() },
        }
    }

    async fn chart(&self, repository: &str, chart: &str, version: &str) -> Result<Fetched, Error> {
        let access = self.access(repository);
        let helm = self.sources.helm();
        // A registry is told by having no scheme.
        let place = repository.strip_prefix("oci://").unwrap_or(repository);
        let version = helm.resolve(place, chart, version, &access, self.freshness).await?;
        let opened = helm.open(place, chart, &version, &access).await?;
        let name = format!("{}/{chart}@{version}", source::url::without_credentials(place));
        Ok(Fetched { answer: Answer::Tree(opened.tree), name, digest: opened.digest.unwrap_or_default() })
    }
}
