//! An OCI registry that gives out artifacts: as much of the distribution API as pulling needs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::charts::{ChartFiles, archive};

/// A registry on this machine, reached over plain HTTP. It stops with this value.
pub struct Registry {
    address: std::net::SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

/// How a registry behaves.
#[derive(Debug, Clone, Default)]
pub struct RegistryRules {
    /// Tags given out at a time, however many are asked for; 0 for all.
    pub page: usize,
    /// User name and password for which the registry gives a token, without which it gives nothing.
    pub login: Option<(String, String)>,
    /// Whether layers are given out with another content than their digest says.
    pub tampered: bool,
}

/// The token that a login gets.
const TOKEN: &str = "registry-t0ken";

#[derive(Default)]
struct State {
    host: String,
    rules: RegistryRules,
    tags: BTreeMap<String, Vec<String>>,
    /// Manifests by `name:tag` and `name@digest`, with their digests.
    manifests: BTreeMap<String, (String, String)>,
    blobs: BTreeMap<String, Vec<u8>>,
    pulls: AtomicUsize,
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Registry {
    /// Serves these Helm charts, each below `charts/` under its version as the tag.
    pub async fn start(charts: &[ChartFiles<'_>]) -> Self {
        Self::start_with(charts, RegistryRules::default()).await
    }

    /// Serves them by other rules than that everybody gets everything.
    pub async fn start_with(charts: &[ChartFiles<'_>], rules: RegistryRules) -> Self {
        let mut state = State { rules, ..State::default() };
        for (name, version, files) in charts {
            let content = archive(name, files);
            let (content_digest, size) = (crate::archive::digest(&content), content.len());
            let config_digest = crate::archive::digest(b"{}");
            state.blobs.insert(content_digest.clone(), content);
            state.blobs.insert(config_digest.clone(), b"{}".to_vec());
            let manifest = format!(
                "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\
                 \"config\":{{\"mediaType\":\"application/vnd.cncf.helm.config.v1+json\",\"digest\":\"{config_digest}\",\"size\":2}},\
                 \"layers\":[{{\"mediaType\":\"application/vnd.cncf.helm.chart.content.v1.tar+gzip\",\
                 \"digest\":\"{content_digest}\",\"size\":{size}}}],\
                 \"annotations\":{{\"org.opencontainers.image.version\":\"{version}\"}}}}"
            );
            let digest = crate::archive::digest(manifest.as_bytes());
            let (name, tag) = (format!("charts/{name}"), version.replace('+', "_"));
            state.manifests.insert(format!("{name}:{tag}"), (digest.clone(), manifest.clone()));
            state.manifests.insert(format!("{name}:{digest}"), (digest, manifest));
            state.tags.entry(name).or_default().push(tag);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        state.host = address.to_string();
        let state = Arc::new(state);
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
                        let authorization = request.headers().get("authorization");
                        let authorization = authorization.and_then(|value| value.to_str().ok());
                        let response =
                            state.answer(request.method(), request.uri(), authorization.unwrap_or_default());
                        async move { Ok::<_, Infallible>(response) }
                    });
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection::<_, _>(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, state, task }
    }

    /// Host and port.
    pub fn host(&self) -> String {
        self.address.to_string()
    }

    /// How many layers and configurations were pulled.
    pub fn pulls(&self) -> usize {
        self.state.pulls.load(Ordering::SeqCst)
    }
}

impl State {
    /// What those get who are not who they must be; `None` for the others.
    fn refuse(&self, path: &str, authorization: &str) -> Option<Response<Full<Bytes>>> {
        use base64::Engine as _;
        let (user, password) = self.rules.login.as_ref()?;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        let response = Response::builder();
        let response = if path == "/token" && authorization == format!("Basic {pair}") {
            response.body(Full::new(Bytes::from(format!("{{\"token\":\"{TOKEN}\"}}"))))
        } else if authorization == format!("Bearer {TOKEN}") {
            return None;
        } else {
            let challenge = format!("Bearer realm=\"http://{}/token\",service=\"test\"", self.host);
            let body = "{\"errors\":[{\"code\":\"UNAUTHORIZED\",\"message\":\"log in first\"}]}";
            response
                .status(StatusCode::UNAUTHORIZED)
                .header("www-authenticate", challenge)
                .body(Full::new(Bytes::from(body)))
        };
        Some(response.expect("a response"))
    }

    fn answer(&self, method: &Method, uri: &hyper::Uri, authorization: &str) -> Response<Full<Bytes>> {
        let path = uri.path();
        if let Some(refusal) = self.refuse(path, authorization) {
            return refusal;
        }
        let respond = |status: StatusCode, kind: &'static str, digest: &str, content: Vec<u8>| {
            let content = if method == Method::HEAD { Vec::new() } else { content };
            Response::builder()
                .status(status)
                .header("content-type", kind)
                .header("docker-content-digest", digest)
                .body(Full::new(Bytes::from(content)))
                .expect("a response")
        };
        let missing = |code: &str| {
            let body = format!("{{\"errors\":[{{\"code\":\"{code}\",\"message\":\"it is not there\"}}]}}");
            respond(StatusCode::NOT_FOUND, "application/json", "", body.into_bytes())
        };
        let Some(rest) = path.strip_prefix("/v2/") else { return missing("UNSUPPORTED") };
        if rest.is_empty() {
            return respond(StatusCode::OK, "application/json", "", b"{}".to_vec());
        }
        if let Some(name) = rest.strip_suffix("/tags/list") {
            let Some(tags) = self.tags.get(name) else { return missing("NAME_UNKNOWN") };
            let last = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("last="));
            let after =
                last.and_then(|last| tags.iter().position(|tag| tag == last)).map_or(0, |found| found + 1);
            let page = if self.rules.page == 0 { usize::MAX } else { self.rules.page };
            let tags: Vec<_> = tags.iter().skip(after).take(page).map(|tag| format!("\"{tag}\"")).collect();
            let body = format!("{{\"name\":\"{name}\",\"tags\":[{}]}}", tags.join(","));
            return respond(StatusCode::OK, "application/json", "", body.into_bytes());
        }
        if let Some((name, reference)) = rest.split_once("/manifests/") {
            let Some((digest, manifest)) = self.manifests.get(&format!("{name}:{reference}")) else {
                return missing("MANIFEST_UNKNOWN");
            };
            let kind = "application/vnd.oci.image.manifest.v1+json";
            return respond(StatusCode::OK, kind, digest, manifest.clone().into_bytes());
        }
        match rest.split_once("/blobs/").and_then(|(_, digest)| Some((digest, self.blobs.get(digest)?))) {
            Some((digest, content)) => {
                self.pulls.fetch_add(1, Ordering::SeqCst);
                let mut content = content.clone();
                if self.rules.tampered {
                    content.iter_mut().for_each(|byte| *byte = !*byte);
                }
                respond(StatusCode::OK, "application/octet-stream", digest, content)
            }
            None => missing("BLOB_UNKNOWN"),
        }
    }
}
