//! Helm repositories: an index over HTTP, and chart archives.
//!
//! A chart in a registry is found by `oci`, which this module asks when the repository is one: [`Helm`] is the one
//! place that knows both.

mod index;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

pub use index::{ChartVersion, Index};

use crate::access::{Access, Auth};
use crate::archive::{self, ArchiveCache, Top};
use crate::fresh::{Fresh, Freshness, Lifetime, Shelf};
use crate::oci::Oci;
use crate::tokens::Tokens;
use crate::{Error, Opened, Options, http, url, version};

/// How long a chart of one version is taken for unchanged.
const ARCHIVE_LIFETIME: std::time::Duration = std::time::Duration::from_secs(24 * 3600);

/// All Helm repositories in use.
#[derive(Clone)]
pub struct Helm {
    shared: Arc<Shared>,
}

struct Shared {
    options: Arc<Options>,
    tokens: Arc<Tokens>,
    oci: Oci,
    indexes: Shelf<Index>,
    archives: Arc<ArchiveCache>,
    /// One download of a chart at a time; the others wait and find it in the cache.
    downloads: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl Helm {
    pub(crate) fn new(
        options: Arc<Options>,
        tokens: Arc<Tokens>,
        oci: Oci,
        archives: Arc<ArchiveCache>,
    ) -> Self {
        let (indexes, downloads) = (Mutex::default(), Mutex::default());
        Self { shared: Arc::new(Shared { options, tokens, oci, indexes, archives, downloads }) }
    }

    /// Whether charts of this repository are in an OCI registry.
    fn is_registry(repository: &str, access: &Access) -> bool {
        access.enable_oci || !repository.contains("://")
    }

    /// The index of a repository over HTTP.
    ///
    /// # Errors
    /// When it cannot be fetched or read.
    pub async fn index(
        &self,
        repository: &str,
        access: &Access,
        freshness: Freshness,
    ) -> Result<Arc<Index>, Error> {
        let key = (repository.to_owned(), access.identity());
        let fresh = self.shared.indexes.lock().entry(key).or_insert_with(|| Arc::new(Fresh::new())).clone();
        let options = &self.shared.options;
        let lifetime = Lifetime { value: options.reference_lifetime, error: options.error_lifetime };
        let (repository, access, options) = (repository.to_owned(), access.clone(), options.clone());
        let tokens = self.shared.tokens.clone();
        fresh
            .get(lifetime, freshness, move || async move {
                let place = index_place(&repository);
                let access = tokens.ready(&repository, &access).await?;
                let data = download(&repository, &place, &access, &options, options.max_index_bytes).await?;
                let name = url::without_credentials(&repository);
                let broken = move |reason: String| Error::Content { repository: name.clone(), reason };
                let text =
                    String::from_utf8(data).map_err(|_| broken("index.yaml is not UTF-8 text".into()))?;
                // Indexes of old repositories have many megabytes.
                tokio::task::spawn_blocking(move || Index::parse(&text))
                    .await
                    .map_err(|error| broken(error.to_string()))?
                    .map_err(broken)
            })
            .await
    }

    /// The versions of a chart, as the repository lists them.
    ///
    /// # Errors
    /// When the repository cannot be asked, or has no such chart.
    pub async fn versions(
        &self,
        repository: &str,
        chart: &str,
        access: &Access,
        freshness: Freshness,
    ) -> Result<Vec<String>, Error> {
        if Self::is_registry(repository, access) {
            let tags = self.shared.oci.tags(&registry_url(repository, chart), access, freshness).await?;
            return Ok(tags.iter().map(|tag| tag.replace('_', "+")).collect());
        }
        let index = self.index(repository, access, freshness).await?;
        let versions = index.versions(chart).ok_or_else(|| Error::ChartNotFound {
            repository: url::without_credentials(repository),
            chart: chart.to_owned(),
            version: "*".into(),
            reason: format!("chart '{chart}' not found in index"),
        })?;
        Ok(versions.iter().map(|version| version.version.clone()).collect())
    }

    /// The version that a target revision means: itself when it is one, else the highest that satisfies it.
    ///
    /// # Errors
    /// As [`Helm::versions`], and when no version fits.
    pub async fn resolve(
        &self,
        repository: &str,
        chart: &str,
        revision: &str,
        access: &Access,
        freshness: Freshness,
    ) -> Result<String, Error> {
        if version::is_version(revision) {
            return Ok(revision.to_owned());
        }
        let versions = self.versions(repository, chart, access, freshness).await?;
        let literal = || versions.iter().map(String::as_str).find(|version| *version == revision);
        version::highest(revision, versions.iter().map(String::as_str))
            .or_else(literal)
            .map(str::to_owned)
            .ok_or_else(|| Error::ChartNotFound {
                repository: url::without_credentials(repository),
                chart: chart.to_owned(),
                version: revision.to_owned(),
                reason: format!("invalid revision: none of its {} versions fits", versions.len()),
            })
    }

    /// The files of a chart in an exact version; the root of the tree is the chart.
    ///
    /// # Errors
    /// When it cannot be fetched, unpacked, or is not what the index says.
    pub async fn open(
        &self,
        repository: &str,
        chart: &str,
        version: &str,
        access: &Access,
    ) -> Result<Opened, Error> {
        let name = format!("{repository} {chart} {version} {:x}", access.identity());
        if let Some(opened) = self.shared.archives.get(&name, ARCHIVE_LIFETIME) {
            return Ok(opened);
        }
        let turn = self.shared.downloads.lock().entry(name.clone()).or_default().clone();
        let waiting = turn.lock().await;
        if let Some(opened) = self.shared.archives.get(&name, ARCHIVE_LIFETIME) {
            return Ok(opened);
        }
        let result = self.fetch(&name, repository, chart, version, access).await;
        drop(waiting);
        self.shared.downloads.lock().remove(&name);
        result
    }

    async fn fetch(
        &self,
        name: &str,
        repository: &str,
        chart: &str,
        version: &str,
        access: &Access,
    ) -> Result<Opened, Error> {
        if Self::is_registry(repository, access) {
            let place = registry_url(repository, chart);
            let digest = self
                .shared
                .oci
                .resolve(&place, &version.replace('+', "_"), access, Freshness::Cached)
                .await?;
            return self.shared.oci.open(&place, &digest, access).await;
        }
        let missing = |reason: String| Error::ChartNotFound {
            repository: url::without_credentials(repository),
            chart: chart.to_owned(),
            version: version.to_owned(),
            reason,
        };
        let index = self.index(repository, access, Freshness::Cached).await?;
        let versions =
            index.versions(chart).ok_or_else(|| missing(format!("chart '{chart}' not found in index")))?;
        let without_v = |text: &str| text.trim_start_matches('v').to_owned();
        let entry = versions
            .iter()
            .find(|entry| entry.version == version)
            .or_else(|| versions.iter().find(|entry| without_v(&entry.version) == without_v(version)))
            .ok_or_else(|| missing(format!("not among its {} versions", versions.len())))?;
        let place = entry.urls.first().ok_or_else(|| missing("the index tells no URL".to_owned()))?;
        let place = absolute(repository, place);
        // Credentials are for the repository's own server, as with Helm, unless the source passes them on.
        let trusted = access.pass_credentials || url::same_origin(&place, repository);
        let access = if trusted {
            self.shared.tokens.ready(repository, access).await?
        } else {
            access.anonymous(&place)
        };
        let options = &self.shared.options;
        let data = download(repository, &place, &access, options, options.max_archive_bytes).await?;
        let digest = archive::digest(&data);
        let name_of_repository = url::without_credentials(repository);
        let broken = move |reason: String| Error::Content { repository: name_of_repository.clone(), reason };
        if !entry.digest.is_empty() && digest.trim_start_matches("sha256:") != entry.digest {
            return Err(broken(format!(
                "chart '{chart}' version '{version}' has digest {digest}, but the index says sha256:{}",
                entry.digest
            )));
        }
        let limit = options.max_archive_bytes;
        let top = Top::Named(chart.rsplit('/').next().unwrap_or_default().to_owned());
        let tree = tokio::task::spawn_blocking(move || archive::unpack(&data, limit, &top))
            .await
            .map_err(|error| broken(error.to_string()))?
            .map_err(broken)?;
        Ok(self.shared.archives.put(name.to_owned(), tree, digest))
    }

    /// A file at a URL, such as a chart's archive.
    ///
    /// # Errors
    /// When it cannot be fetched or is larger than `limit` bytes.
    pub async fn bytes(&self, place: &str, access: &Access, limit: u64) -> Result<Vec<u8>, Error> {
        download(place, place, access, &self.shared.options, limit).await
    }

    /// A text file at a URL, such as a remote value file.
    ///
    /// # Errors
    /// As [`Helm::bytes`], and when it is not UTF-8.
    pub async fn file(&self, place: &str, access: &Access, limit: u64) -> Result<String, Error> {
        let data = self.bytes(place, access, limit).await?;
        String::from_utf8(data).map_err(|_| Error::Content {
            repository: url::without_credentials(place),
            reason: "the file is not UTF-8 text".to_owned(),
        })
    }

    /// Makes the known index of a repository too old.
    pub(crate) fn invalidate(&self, repository: &str) {
        let wanted = url::normalize(repository);
        for ((known, _), index) in self.shared.indexes.lock().iter() {
            if url::normalize(known) == wanted {
                index.invalidate();
            }
        }
    }
}

/// The constraint that the `helm` program makes of its `--version`: without one the latest that is released, or with
/// `devel` the latest of all; for a part of a version the latest that begins with it. Anything else stands for itself.
pub fn wanted_version(version: &str, devel: bool) -> String {
    let is_part = {
        let numbers = version.trim_start_matches('v');
        numbers.split('.').count() < 3 && numbers.split('.').all(|number| number.parse::<u64>().is_ok())
    };
    match version {
        "" if devel => ">=0.0.0-0".to_owned(),
        "" => "*".to_owned(),
        part if is_part => format!("~{part}"),
        version => version.to_owned(),
    }
}

fn registry_url(repository: &str, chart: &str) -> String {
    let host = repository.split_once("://").map_or(repository, |(_, rest)| rest);
    format!("oci://{}/{chart}", host.trim_end_matches('/'))
}

/// Where a repository's index is; a query of the repository's URL stays behind it.
fn index_place(repository: &str) -> String {
    let (path, query) =
        repository.split_once('?').map_or((repository, None), |(path, query)| (path, Some(query)));
    let place = format!("{}/index.yaml", path.trim_end_matches('/'));
    query.map_or_else(|| place.clone(), |query| format!("{place}?{query}"))
}

/// An archive's URL, which may be relative to the repository's.
fn absolute(repository: &str, place: &str) -> String {
    if place.contains("://") {
        return place.to_owned();
    }
    let base = format!("{}/", repository.trim_end_matches('/'));
    match reqwest::Url::parse(&base).and_then(|base| base.join(place)) {
        Ok(joined) => joined.to_string(),
        Err(_) => format!("{base}{place}"),
    }
}

async fn download(
    repository: &str,
    place: &str,
    access: &Access,
    options: &Options,
    limit: u64,
) -> Result<Vec<u8>, Error> {
    let name = url::without_credentials(repository);
    let is_file = repository == place;
    let action = if is_file { "download the file" } else { "download from the Helm repository" };
    let failed = |error: reqwest::Error| {
        if error.is_timeout() {
            return Error::Deadline {
                repository: name.clone(),
                action,
                seconds: options.fetch_deadline.as_secs(),
            };
        }
        Error::Remote { repository: name.clone(), action, reason: access.redact(&http::explain(error)) }
    };
    if let Some(reason) = http::forbidden_url(place) {
        return Err(Error::Configuration { repository: name, reason });
    }
    let redirects = http::Redirects::Followed;
    let client = http::client(repository, access, options.list_deadline, options.fetch_deadline, redirects)?;
    let mut request = client.get(place);
    request = match &access.auth {
        Auth::Basic { username, password, .. } => request.basic_auth(username, Some(password.expose())),
        Auth::Bearer(token) => request.bearer_auth(token.expose()),
        _ => request,
    };
    let mut response = request.send().await.map_err(failed)?;
    let status = response.status();
    if !status.is_success() {
        let reason = format!("failed to get {}: {status}", file_name(place));
        let repository = name;
        return Err(match status.as_u16() {
            401 | 403 => Error::Denied { repository, action, reason },
            404 | 410 if is_file => Error::Content { repository, reason: status.to_string() },
            404 | 410 => Error::RepositoryNotFound { repository, action, reason },
            _ => Error::Remote { repository, action, reason },
        });
    }
    http::body(&mut response, limit).await.map_err(failed)?.ok_or_else(|| Error::Content {
        repository: url::without_credentials(repository),
        reason: format!("{} is larger than {limit} bytes", file_name(place)),
    })
}

/// The last segment of a URL's path, for messages: queries may hold signatures.
fn file_name(place: &str) -> &str {
    let path = place.split(['?', '#']).next().unwrap_or_default();
    path.rsplit('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::wanted_version;

    #[test]
    fn versions_are_wanted_as_helm_wants_them() {
        for (version, devel, expected) in [
            ("", false, "*"),
            ("", true, ">=0.0.0-0"),
            ("1.2.3", false, "1.2.3"),
            ("v1.2", false, "~v1.2"),
            ("1", true, "~1"),
            ("^1.2", false, "^1.2"),
            ("1.x", false, "1.x"),
            ("1.2-rc1", false, "1.2-rc1"),
        ] {
            assert_eq!(wanted_version(version, devel), expected, "{version}");
        }
    }
}
