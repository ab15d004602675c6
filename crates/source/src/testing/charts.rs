//! A Helm repository: an index and chart archives over HTTP.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A Helm repository on this machine. It stops with this value.
pub struct ChartServer {
    address: std::net::SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    files: BTreeMap<String, Vec<u8>>,
    downloads: AtomicUsize,
}

impl Drop for ChartServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A chart: its name, its version, and its files by path inside the chart.
pub type ChartFiles<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)]);

impl ChartServer {
    /// Serves these charts.
    pub async fn start(charts: &[ChartFiles<'_>]) -> Self {
        let mut files = BTreeMap::new();
        let mut entries: BTreeMap<&str, String> = BTreeMap::new();
        for (name, version, content) in charts {
            let archive = archive(name, content);
            let digest = crate::archive::digest(&archive);
            let file = format!("charts/{name}-{version}.tgz");
            entries.entry(name).or_default().push_str(&format!(
                "  - {{name: {name}, version: {version}, digest: {}, urls: [{file}]}}\n",
                digest.trim_start_matches("sha256:")
            ));
            files.insert(format!("/{file}"), archive);
        }
        let entries: String =
            entries.iter().map(|(name, versions)| format!("  {name}:\n{versions}")).collect();
        files.insert("/index.yaml".to_owned(), format!("apiVersion: v1\nentries:\n{entries}").into_bytes());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State { files, downloads: AtomicUsize::new(0) });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(move |request: hyper::Request<_>| {
                        let response = state.answer(request.uri().path());
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

    /// The repository's URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many archives were downloaded.
    pub fn downloads(&self) -> usize {
        self.state.downloads.load(Ordering::SeqCst)
    }
}

impl State {
    fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        if path.ends_with(".tgz") {
            self.downloads.fetch_add(1, Ordering::SeqCst);
        }
        let (status, content) = match self.files.get(path) {
            Some(content) => (StatusCode::OK, content.clone()),
            None => (StatusCode::NOT_FOUND, Vec::new()),
        };
        let mut response = Response::new(Full::new(Bytes::from(content)));
        *response.status_mut() = status;
        response
    }
}

pub(super) fn archive(name: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut builder = tar::Builder::new(encoder);
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append_data(&mut header, format!("{name}/{path}"), content.as_bytes()).expect("an entry");
    }
    builder.into_inner().and_then(flate2::write::GzEncoder::finish).expect("an archive")
}
