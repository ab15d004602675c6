//! What a kustomization needs from outside its repository: other repositories, files behind URLs, charts. The builder
//! (crate `kustomize`) asks for it as data; here it is fetched.
//!
//! As in Argo CD, only the credentials of the application's own repository are used; here only for the same host, so
//! that a kustomization cannot have them sent elsewhere.

use std::sync::Arc;

use kustomize::{Answer, Need};
use sha2::{Digest as _, Sha256};
use source::{Access, Error, ErrorKind, Freshness, Sources};

/// The most bytes of a file behind a URL.
const MAX_FILE: u64 = 8 << 20;

/// Fetches for one application, or for a kustomization of this machine.
pub struct Fetcher<'a> {
    /// Where things are fetched from.
    pub sources: &'a Sources,
    /// The repository that the kustomization is in: `file://…` for one of this machine.
    pub repository: &'a str,
    /// How that one is reached.
    pub access: Access,
    /// Whether repositories have to be asked again for what a branch is.
    pub freshness: Freshness,
}

/// What was fetched, and what is told of it.
pub struct Fetched {
    /// The content, or that it is not to be had.
    pub answer: Answer,
    /// What it is known by, without credentials.
    pub name: String,
    /// The exact content: a commit or a digest; empty when nothing was fetched.
    pub digest: String,
}

impl Fetcher<'_> {
    fn access(&self, url: &str) -> Access {
        let is_own_host = source::url::host(url) == source::url::host(self.repository);
        let is_in_clear = url.starts_with("http://") && !self.repository.starts_with("http://");
        if is_own_host && !is_in_clear {
            return self.access.clone();
        }
        // Which keys servers have is no secret.
        Access { known_hosts: self.access.known_hosts.clone(), ..Access::default() }
    }

    /// Fetches what a build needs. That something is not there is an answer, too: what is no file may be a repository,
    /// and the builder knows who asks for it.
    ///
    /// # Errors
    /// When a repository or a chart cannot be fetched.
    pub async fn fetch(&self, need: &Need) -> Result<Fetched, Error> {
        match need {
            Need::Repository { url, reference, submodules } => {
                let name = source::url::without_credentials(url);
                absent(name, self.repository(url, reference, *submodules).await)
            }
            Need::File { url } => Ok(self.file(url).await),
            Need::Chart { repository, name, version, devel } => {
                let place = format!("{}/{name}", source::url::without_credentials(repository));
                let version = source::helm::wanted_version(version, *devel);
                absent(place, self.chart(repository, name, &version).await)
            }
        }
    }

    async fn repository(&self, url: &str, reference: &str, submodules: bool) -> Result<Fetched, Error> {
        let name = source::url::without_credentials(url);
        // A server's own disk is nobody's business, unless the application itself lies there.
        if url.starts_with("file://") && !self.repository.starts_with("file://") {
            let answer = Answer::Failed("repositories on the disk of the server cannot be used".to_owned());
            return Ok(Fetched { answer, name, digest: String::new() });
        }
        let access = self.access(url);
        let git = self.sources.git();
        // A name is meant here as Git means it, before it may be what a revision of an application is.
        let is_commit = reference.len() == 40 && reference.bytes().all(|byte| byte.is_ascii_hexdigit());
        let named = if is_commit {
            None
        } else {
            let references = git.references(url, &access, self.freshness).await?;
            references.named(reference).map(str::to_owned)
        };
        let commit = match named {
            Some(commit) => commit,
            None => git.resolve(url, reference, "", &access, Freshness::Cached).await?,
        };
        let tree = if submodules {
            git.open(url, &commit, &access).await?
        } else {
            git.open_alone(url, &commit, &access).await?
        };
        Ok(Fetched { answer: Answer::Tree(tree), name, digest: commit })
    }

    async fn file(&self, url: &str) -> Fetched {
        let name = source::url::without_credentials(url);
        match self.sources.helm().bytes(url, &self.access(url), MAX_FILE).await {
            Ok(content) => {
                let digits = Sha256::digest(&content);
                let digits: String = digits.iter().map(|byte| format!("{byte:02x}")).collect();
                let answer = Answer::Bytes(Arc::from(content));
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

/// What is not there as an answer.
fn absent(name: String, result: Result<Fetched, Error>) -> Result<Fetched, Error> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(Fetched { answer: Answer::Failed(error.to_string()), name, digest: String::new() })
        }
        result => result,
    }
}
