//! OCI registries: tags, digests, and the one content layer of an artifact.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::errors::OciErrorCode;
use oci_client::manifest::{OciDescriptor, OciImageManifest, OciManifest};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference, RegistryOperation};
use parking_lot::Mutex;

use crate::access::Access;
use crate::archive::{self, ArchiveCache, Top};
use crate::fresh::{Fresh, Freshness, Lifetime, Shelf};
use crate::tokens::Tokens;
use crate::{Error, Opened, Options, http, url, version};

/// Layers that an artifact may have.
const MAX_LAYERS: usize = 10;
/// Pages of tags that are read.
const MAX_TAG_PAGES: usize = 1000;
/// The configuration's media type of a Helm chart.
const HELM_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The content's media type of a Helm chart.
const HELM_CONTENT: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// Content that is taken when nobody says otherwise ([`Options::layer_media_types`]).
pub(crate) const ALLOWED_LAYERS: [&str; 3] =
    ["application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip", HELM_CONTENT];

/// All OCI registries in use.
#[derive(Clone)]
pub struct Oci {
    shared: Arc<Shared>,
}

struct Shared {
    options: Arc<Options>,
    tokens: Arc<Tokens>,
    archives: Arc<ArchiveCache>,
    tags: Shelf<Vec<String>>,
    digests: Shelf<String>,
    content: Shelf<Opened>,
}

fn fresh<T: Send + Sync + 'static>(shelf: &Shelf<T>, name: &str, access: &Access) -> Arc<Fresh<T>> {
    let key = (name.to_owned(), access.identity());
    shelf.lock().entry(key).or_insert_with(|| Arc::new(Fresh::new())).clone()
}

impl Oci {
    pub(crate) fn new(options: Arc<Options>, tokens: Arc<Tokens>, archives: Arc<ArchiveCache>) -> Self {
        let shared = Shared {
            options,
            tokens,
            archives,
            tags: Mutex::default(),
            digests: Mutex::default(),
            content: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    fn lifetime(&self) -> Lifetime {
        let options = &self.shared.options;
        Lifetime { value: options.reference_lifetime, error: options.error_lifetime }
    }

    /// A client for one artifact's registry, made when it is needed.
    fn connect(
        &self,
        place: &str,
        access: &Access,
    ) -> impl Future<Output = Result<Registry, Error>> + Send + use<> {
        let (shared, place, access) = (self.shared.clone(), place.to_owned(), access.clone());
        async move {
            let host = place.trim_start_matches("oci://").split('/').next().unwrap_or_default();
            let access = shared.tokens.ready_for_registry(host, &access).await?;
            Registry::new(&place, &access, shared.options.clone())
        }
    }

    /// All tags of the artifact at `place` (`oci://host/path`).
    ///
    /// # Errors
    /// When the registry cannot be asked.
    pub async fn tags(
        &self,
        place: &str,
        access: &Access,
        freshness: Freshness,
    ) -> Result<Arc<Vec<String>>, Error> {
        let connect = self.connect(place, access);
        fresh(&self.shared.tags, place, access)
            .get(self.lifetime(), freshness, move || async move { connect.await?.tags().await })
            .await
    }

    /// The digest that a tag, a digest or a version constraint means.
    ///
    /// # Errors
    /// When the registry cannot be asked, or knows no such tag.
    pub async fn resolve(
        &self,
        place: &str,
        revision: &str,
        access: &Access,
        freshness: Freshness,
    ) -> Result<String, Error> {
        if revision.starts_with("sha256:") {
            return Ok(revision.to_owned());
        }
        let first = match self.digest(place, revision, access, freshness).await {
            Ok(digest) => return Ok(digest),
            Err(error) => error,
        };
        let Ok(tags) = self.tags(place, access, freshness).await else { return Err(first) };
        let versions: Vec<_> = tags.iter().map(|tag| tag.replace('_', "+")).collect();
        match version::highest(revision, versions.iter().map(String::as_str)) {
            Some(best) => self.digest(place, &best.replace('+', "_"), access, freshness).await,
            None => Err(first),
        }
    }

    async fn digest(
        &self,
        place: &str,
        tag: &str,
        access: &Access,
        freshness: Freshness,
    ) -> Result<String, Error> {
        let (connect, wanted) = (self.connect(place, access), tag.to_owned());
        let digest = fresh(&self.shared.digests, &format!("{place}:{tag}"), access)
            .get(self.lifetime(), freshness, move || async move {
                let registry = connect.await?;
                registry.digest(&registry.tagged(&wanted)?).await
            })
            .await?;
        Ok(digest.to_string())
    }

    /// The files of an artifact with this digest.
    ///
    /// # Errors
    /// When it cannot be fetched, or is not made as an artifact with one content layer.
    pub async fn open(&self, place: &str, digest: &str, access: &Access) -> Result<Opened, Error> {
        // By credentials too: who may not read the registry may not read what others fetched from it.
        let name = format!("{place}@{digest} {:x}", access.identity());
        let forever = std::time::Duration::MAX;
        if let Some(opened) = self.shared.archives.get(&name, forever) {
            return Ok(opened);
        }
        let connect = self.connect(place, access);
        let (shared, wanted) = (self.shared.clone(), digest.to_owned());
        let lifetime =
            Lifetime { value: std::time::Duration::ZERO, error: self.shared.options.error_lifetime };
        let opened = fresh(&self.shared.content, &name, access)
            .get(lifetime, Freshness::Cached, move || async move {
                let tree = connect.await?.content(&wanted).await?;
                Ok(shared.archives.put(name, tree, wanted))
            })
            .await?;
        Ok(Opened::clone(&opened))
    }

    /// The annotations of an artifact's manifest.
    pub(crate) async fn annotations(
        &self,
        place: &str,
        digest: &str,
        access: &Access,
    ) -> Result<BTreeMap<String, String>, Error> {
        let registry = self.connect(place, access).await?;
        let manifest = registry.manifest("look up an artifact", digest).await?;
        Ok(manifest.annotations.unwrap_or_default())
    }

    /// Asks a registry whether it takes the credentials.
    ///
    /// # Errors
    /// When it cannot be asked, or does not.
    pub(crate) async fn ping(&self, place: &str, access: &Access) -> Result<(), Error> {
        self.connect(place, access).await?.ping().await
    }

    /// Makes everything known of an artifact too old.
    pub(crate) fn invalidate(&self, place: &str) {
        let place = place.trim_start_matches("oci://");
        let known = |name: &str| name.trim_start_matches("oci://").starts_with(place);
        for ((name, _), tags) in self.shared.tags.lock().iter() {
            if known(name) {
                tags.invalidate();
            }
        }
        for ((name, _), digest) in self.shared.digests.lock().iter() {
            if known(name) {
                digest.invalidate();
            }
        }
    }
}

/// One artifact in one registry, with the client to reach it.
struct Registry {
    client: Client,
    auth: RegistryAuth,
    /// Whose secrets are kept out of what the registry says.
    access: Access,
    place: String,
    options: Arc<Options>,
    deadline: std::time::Duration,
}

impl Registry {
    fn new(place: &str, access: &Access, options: Arc<Options>) -> Result<Self, Error> {
        let auth = match (access.basic(), &access.auth) {
            (Some((username, password)), _) => {
                RegistryAuth::Basic(username.to_owned(), password.expose().clone())
            }
            (None, crate::Auth::Bearer(token)) => RegistryAuth::Bearer(token.expose().clone()),
            _ => RegistryAuth::Anonymous,
        };
        let authority = access.certificate_authority.iter().map(|pem| oci_client::client::Certificate {
            encoding: oci_client::client::CertificateEncoding::Pem,
            data: pem.clone().into_bytes(),
        });
        let proxy = Some(access.proxy.expose().clone()).filter(|proxy| !proxy.is_empty());
        let config = ClientConfig {
            protocol: if access.plain_http { ClientProtocol::Http } else { ClientProtocol::Https },
            accept_invalid_certificates: access.insecure,
            tls_certs_only: authority.collect(),
            connect_timeout: Some(options.list_deadline),
            read_timeout: Some(options.list_deadline),
            user_agent: crate::USER_AGENT,
            https_proxy: proxy.clone(),
            http_proxy: proxy,
            no_proxy: Some(access.no_proxy.clone()).filter(|hosts| !hosts.is_empty()),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| Error::Configuration {
            repository: url::without_credentials(place),
            reason: format!("no registry client can be made: {error}"),
        })?;
        let place = place.trim_start_matches("oci://").trim_end_matches('/').to_owned();
        let deadline = options.fetch_deadline;
        Ok(Self { client, auth, access: access.clone(), place, options, deadline })
    }

    fn name(&self) -> String {
        format!("oci://{}", self.place)
    }

    fn reference(&self, text: &str) -> Result<Reference, Error> {
        text.parse().map_err(|error| Error::Configuration {
            repository: self.name(),
            reason: format!("{text:?} is no OCI reference: {error}"),
        })
    }

    fn tagged(&self, tag: &str) -> Result<Reference, Error> {
        let tag = if tag.is_empty() { "latest" } else { tag };
        self.reference(&format!("{}:{tag}", self.place))
    }

    async fn within<T>(
        &self,
        action: &'static str,
        call: impl Future<Output = Result<T, oci_client::errors::OciDistributionError>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(self.deadline, call).await {
            Ok(result) => result.map_err(|error| {
                let reason = self.access.redact(&http::with_causes(&error));
                explain(self.name(), action, reason, &error)
            }),
            Err(_) => {
                Err(Error::Deadline { repository: self.name(), action, seconds: self.deadline.as_secs() })
            }
        }
    }

    async fn tags(&self) -> Result<Vec<String>, Error> {
        const ACTION: &str = "list the tags";
        let reference = self.tagged("latest")?;
        self.client.store_auth_if_needed(reference.resolve_registry(), &self.auth).await;
        let mut tags: Vec<String> = Vec::new();
        let mut known = HashSet::new();
        for _ in 0..MAX_TAG_PAGES {
            let last = tags.last().cloned();
            let page = self
                .within(ACTION, self.client.list_tags(&reference, &self.auth, Some(1000), last.as_deref()))
                .await?;
            // Registries give fewer at a time than they are asked for, and those without pages give all again: only a
            // page without anything new is the end.
            let before = tags.len();
            tags.extend(page.tags.into_iter().filter(|tag| known.insert(tag.clone())));
            if tags.len() == before {
                return Ok(tags);
            }
        }
        Err(Error::Content {
            repository: self.name(),
            reason: format!("the artifact has more than {MAX_TAG_PAGES} pages of tags; name an exact tag"),
        })
    }

    async fn ping(&self) -> Result<(), Error> {
        // A registry by itself is no artifact, but its login is asked for one.
        let place = if self.place.contains('/') { self.place.clone() } else { format!("{}/v2", self.place) };
        let reference = self.reference(&format!("{place}:latest"))?;
        let call = self.client.auth(&reference, &self.auth, RegistryOperation::Pull);
        self.within("reach the registry", call).await.map(|_| ())
    }

    async fn digest(&self, reference: &Reference) -> Result<String, Error> {
        self.within("look up a tag", self.client.fetch_manifest_digest(reference, &self.auth)).await
    }

    fn exactly(&self, digest: &str) -> Result<Reference, Error> {
        self.reference(&format!("{}@{digest}", self.place))
    }

    async fn manifest(&self, action: &'static str, digest: &str) -> Result<OciImageManifest, Error> {
        let reference = self.exactly(digest)?;
        self.within(action, self.client.auth(&reference, &self.auth, RegistryOperation::Pull)).await?;
        let (manifest, _) = self.within(action, self.client.pull_manifest(&reference, &self.auth)).await?;
        match manifest {
            OciManifest::Image(manifest) => Ok(manifest),
            OciManifest::ImageIndex(_) => Err(Error::Content {
                repository: self.name(),
                reason: "the artifact is an index of several images, not one".to_owned(),
            }),
        }
    }

    async fn content(&self, digest: &str) -> Result<tree::MemoryTree, Error> {
        const ACTION: &str = "fetch an artifact";
        let broken = |reason: String| Error::Content { repository: self.name(), reason };
        let manifest = self.manifest(ACTION, digest).await?;
        let reference = self.exactly(digest)?;
        let chart = manifest.config.media_type == HELM_CONFIG;
        let allowed = &self.options.layer_media_types;
        let layer = content_layer(&manifest.layers, chart, allowed).map_err(broken)?;
        let limit = if chart { self.options.max_archive_bytes } else { self.options.max_artifact_bytes };
        if u64::try_from(layer.size).unwrap_or(u64::MAX) > limit {
            return Err(broken(format!("the content layer is larger than {limit} bytes")));
        }
        let mut data = Vec::new();
        self.within(ACTION, self.client.pull_blob(&reference, layer, &mut data)).await?;
        let top = if chart { Top::Single } else { Top::Kept };
        tokio::task::spawn_blocking(move || archive::unpack(&data, limit, &top))
            .await
            .map_err(|error| broken(error.to_string()))?
            .map_err(broken)
    }
}

/// The one layer that holds the files.
fn content_layer<'a>(
    layers: &'a [OciDescriptor],
    chart: bool,
    allowed: &[String],
) -> Result<&'a OciDescriptor, String> {
    if layers.len() > MAX_LAYERS {
        return Err(format!("expected no more than {MAX_LAYERS} oci layers, got {}", layers.len()));
    }
    let counts = |layer: &&OciDescriptor| {
        let media_type = layer.media_type.as_str();
        if chart {
            media_type == HELM_CONTENT
        } else {
            ["tar", "tar+gzip", "tar.gzip"].iter().any(|suffix| media_type.ends_with(suffix))
        }
    };
    let content: Vec<_> = layers.iter().filter(counts).collect();
    let [layer] = content[..] else {
        return Err(format!("expected only a single oci content layer, got {}", content.len()));
    };
    if !allowed.contains(&layer.media_type) {
        return Err(format!(
            "oci layer media type {} is not in the list of allowed media types",
            layer.media_type
        ));
    }
    Ok(layer)
}

fn explain(
    repository: String,
    action: &'static str,
    reason: String,
    error: &oci_client::errors::OciDistributionError,
) -> Error {
    use oci_client::errors::OciDistributionError as Cause;
    let codes: Vec<_> = match error {
        Cause::RegistryError { envelope, .. } => envelope.errors.iter().map(|error| &error.code).collect(),
        _ => Vec::new(),
    };
    let says = |wanted: &[OciErrorCode]| codes.iter().any(|code| wanted.contains(code));
    match error {
        Cause::AuthenticationFailure(_) | Cause::UnauthorizedError { .. } => {
            Error::Denied { repository, action, reason }
        }
        _ if says(&[OciErrorCode::Denied, OciErrorCode::Unauthorized]) => {
            Error::Denied { repository, action, reason }
        }
        Cause::ImageManifestNotFoundError(_) => Error::RepositoryNotFound { repository, action, reason },
        Cause::ServerError { code: 404, .. } => Error::RepositoryNotFound { repository, action, reason },
        _ if says(&[
            OciErrorCode::ManifestUnknown,
            OciErrorCode::NameUnknown,
            OciErrorCode::BlobUnknown,
            OciErrorCode::NotFound,
        ]) =>
        {
            Error::RepositoryNotFound { repository, action, reason }
        }
        _ => Error::Remote { repository, action, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(media_type: &str) -> OciDescriptor {
        OciDescriptor { media_type: media_type.into(), ..OciDescriptor::default() }
    }

    #[test]
    fn exactly_one_layer_is_content() {
        let tar = "application/vnd.oci.image.layer.v1.tar+gzip";
        for (layers, chart, expected) in [
            (vec![tar], false, Ok(tar)),
            (vec![tar, "application/json"], false, Ok(tar)),
            (
                vec![HELM_CONTENT, "application/vnd.cncf.helm.chart.provenance.v1.prov"],
                true,
                Ok(HELM_CONTENT),
            ),
            (vec![tar], true, Err("expected only a single oci content layer, got 0")),
            (vec![tar, tar], false, Err("expected only a single oci content layer, got 2")),
            (vec![tar; 11], false, Err("expected no more than 10 oci layers, got 11")),
            (
                vec!["application/x.tar"],
                false,
                Err("oci layer media type application/x.tar is not in the list of allowed media types"),
            ),
        ] {
            let layers: Vec<_> = layers.into_iter().map(layer).collect();
            let allowed: Vec<String> = ALLOWED_LAYERS.iter().map(|kind| (*kind).to_owned()).collect();
            let found = content_layer(&layers, chart, &allowed).map(|layer| layer.media_type.as_str());
            assert_eq!(
                found,
                expected.map_err(str::to_owned).as_ref().map(|text| *text).map_err(Clone::clone)
            );
        }
    }
}
