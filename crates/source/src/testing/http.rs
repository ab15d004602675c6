//! `git http-backend`, the real server side of Git over HTTP, behind a small HTTP server.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

/// A Git server on this machine. It stops with this value.
pub struct GitServer {
    address: std::net::SocketAddr,
    state: Arc<State>,
    task: tokio::task::JoinHandle<()>,
}

struct State {
    root: PathBuf,
    authorization: Option<String>,
    listings: AtomicUsize,
    packs: AtomicUsize,
}

impl Drop for GitServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl GitServer {
    /// Serves all repositories below `root`.
    pub async fn start(root: &Path) -> Self {
        Self::start_with(root, None).await
    }

    /// Serves them to those who send this user name and password only.
    pub async fn start_with_password(root: &Path, username: &str, password: &str) -> Self {
        use base64::Engine as _;
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
        Self::start_with(root, Some(format!("Basic {pair}"))).await
    }

    /// Serves them to those who send this `Authorization` header only.
    pub async fn start_with(root: &Path, authorization: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            root: root.to_owned(),
            authorization,
            listings: AtomicUsize::new(0),
            packs: AtomicUsize::new(0),
        });
        let shared = state.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = shared.clone();
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(move |request| {
                        let state = state.clone();
                        async move { Ok::<_, Infallible>(answer(&state, request).await) }
                    });
                    let connection = hyper::server::conn::http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, state, task }
    }

    /// The URL of the repository in this directory below the root.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// How often references were listed (`ls-refs`).
    pub fn listings(&self) -> usize {
        self.state.listings.load(Ordering::SeqCst)
    }

    /// How often packs were asked for (`fetch`).
    pub fn packs(&self) -> usize {
        self.state.packs.load(Ordering::SeqCst)
    }
}

fn plain(status: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(text.to_owned())));
    *response.status_mut() = status;
    response
}

async fn answer(state: &State, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if state.authorization.is_some() && header("authorization") != state.authorization {
        let mut response = plain(StatusCode::UNAUTHORIZED, "who are you?");
        let challenge = hyper::header::HeaderValue::from_static("Basic realm=\"git\"");
        response.headers_mut().insert(hyper::header::WWW_AUTHENTICATE, challenge);
        return response;
    }
    let (content_type, protocol, encoding) =
        (header("content-type"), header("git-protocol"), header("content-encoding"));
    let (parts, body) = request.into_parts();
    let Ok(body) = body.collect().await else { return plain(StatusCode::BAD_REQUEST, "no body") };
    let body = body.to_bytes();
    let has = |text: &[u8]| body.windows(text.len()).any(|window| window == text);
    if has(b"command=ls-refs") {
        state.listings.fetch_add(1, Ordering::SeqCst);
    }
    if has(b"command=fetch") {
        state.packs.fetch_add(1, Ordering::SeqCst);
    }
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &state.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "safe.directory")
        .env("GIT_CONFIG_VALUE_0", "*")
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("CONTENT_TYPE", content_type.unwrap_or_default())
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", protocol.unwrap_or_default())
        .env("HTTP_CONTENT_ENCODING", encoding.unwrap_or_default())
        .env("REMOTE_ADDR", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut child = command.spawn().expect("git http-backend");
    let mut input = child.stdin.take().expect("stdin");
    tokio::spawn(async move {
        let _ = input.write_all(&body).await;
    });
    let output = child.wait_with_output().await.expect("git http-backend").stdout;
    response_of(&output)
}

/// Reads what a CGI program printed: headers, an empty line, the body.
fn response_of(output: &[u8]) -> Response<Full<Bytes>> {
    let Some(end) = output.windows(4).position(|window| window == b"\r\n\r\n") else {
        return plain(StatusCode::BAD_GATEWAY, "git http-backend said nothing");
    };
    let mut response = Response::builder();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("status") => {
                response = response.status(value.trim().split(' ').next().unwrap_or("500"));
            }
            Some((name, value)) => response = response.header(name, value.trim()),
            None => {}
        }
    }
    response.body(Full::new(Bytes::copy_from_slice(&output[end + 4..]))).expect("a response")
}
