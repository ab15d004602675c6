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

#[derive(Default)]
struct State {
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
        let mut state = State::default();
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
                 \"digest\":\"{content_digest}\",\"size\":{size}}}]}}"
            );
            let digest = crate::archive::digest(manifest.as_bytes());
            let (name, tag) = (format!("charts/{name}"), version.replace('+', "_"));
            state.manifests.insert(format!("{name}:{tag}"), (digest.clone(), manifest.clone()));
            state.manifests.insert(format!("{name}:{digest}"), (digest, manifest));
            state.tags.entry(name).or_default().push(tag);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(state);
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
                        let response = state.answer(request.method(), request.uri().path());
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
    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
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
            let tags: Vec<_> = tags.iter().map(|tag| format!("\"{tag}\"")).collect();
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
                respond(StatusCode::OK, "application/octet-stream", digest, content.clone())
            }
            None => missing("BLOB_UNKNOWN"),
        }
    }
}
