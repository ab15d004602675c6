//! A plugin's sidecar for tests: gRPC on a Unix socket as the CMP v2 protocol has it, written against the protocol's
//! description and not against the code that is tested. It unpacks what it is sent into a folder and hands that to
//! a handler, or to a shell script run in the application's directory, as Argo CD's own sidecar does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unreachable_pub, missing_docs)]

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sha2::{Digest, Sha256};
use tokio::net::UnixListener;

/// What a plugin does.
#[derive(Clone, Default)]
pub struct Plugin {
    /// Whether it can tell what is its own, and by what: a script that prints something then.
    pub discover: Option<&'static str>,
    /// A script that prints the manifests.
    pub generate: &'static str,
    pub wants_credentials: bool,
    /// Whether it answers at all.
    pub hangs: bool,
}

/// Counts of calls.
#[derive(Default)]
pub struct Calls {
    pub check: AtomicUsize,
    pub matched: AtomicUsize,
    pub generate: AtomicUsize,
}

/// A sidecar that runs until it is dropped.
pub struct Sidecar {
    pub calls: Arc<Calls>,
    task: tokio::task::JoinHandle<()>,
    socket: PathBuf,
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// What a stream has brought.
struct Sent {
    application: String,
    path: String,
    environment: BTreeMap<String, String>,
    folder: tempfile::TempDir,
}

impl Sidecar {
    /// Starts a plugin under a name in a folder of plugins.
    pub fn start(folder: &Path, name: &str, plugin: Plugin) -> Self {
        let socket = folder.join(format!("{name}.sock"));
        let listener = UnixListener::bind(&socket).unwrap();
        let calls = Arc::new(Calls::default());
        let counted = calls.clone();
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (plugin, calls) = (plugin.clone(), counted.clone());
                tokio::spawn(async move {
                    let service = hyper::service::service_fn(move |request| {
                        let (plugin, calls) = (plugin.clone(), calls.clone());
                        async move { Ok::<_, Infallible>(answer(&plugin, &calls, request).await) }
                    });
                    let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { calls, task, socket }
    }
}

type Body = StreamBody<futures::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

async fn answer(plugin: &Plugin, calls: &Calls, request: Request<Incoming>) -> Response<Body> {
    assert_eq!(request.headers()["content-type"], "application/grpc");
    assert_eq!(request.headers()["te"], "trailers");
    let path = request.uri().path().to_owned();
    let method = path.strip_prefix("/plugin.ConfigManagementPluginService/").expect("the service").to_owned();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    if plugin.hangs {
        std::future::pending::<()>().await;
    }
    let result = match method.as_str() {
        "CheckPluginConfiguration" => {
            calls.check.fetch_add(1, Ordering::Relaxed);
            assert_eq!(messages(&body), [Bytes::new()], "an empty message");
            Ok(flags(&[(1, plugin.discover.is_some()), (2, plugin.wants_credentials)]))
        }
        "MatchRepository" => {
            calls.matched.fetch_add(1, Ordering::Relaxed);
            let sent = receive(&body);
            let found = plugin.discover.map(|script| run(script, &sent));
            match found {
                Some(Ok(output)) => Ok(flags(&[(1, !output.trim().is_empty()), (2, true)])),
                Some(Err(error)) => Err(error),
                None => Ok(flags(&[])),
            }
        }
        "GenerateManifest" => {
            calls.generate.fetch_add(1, Ordering::Relaxed);
            run(plugin.generate, &receive(&body)).map(|output| {
                let mut message = BytesMut::new();
                output.split("---\n").for_each(|manifest| field(&mut message, 1, manifest.as_bytes()));
                message.freeze()
            })
        }
        "GetParametersAnnouncement" => {
            receive(&body);
            let mut parameter = BytesMut::new();
            field(&mut parameter, 1, b"color");
            let mut message = BytesMut::new();
            field(&mut message, 1, &parameter);
            Ok(message.freeze())
        }
        other => panic!("unknown method {other}"),
    };
    let mut trailers = HeaderMap::new();
    let mut frames = Vec::new();
    match result {
        Ok(message) => {
            let mut framed = BytesMut::new();
            framed.put_u8(0);
            framed.put_u32(message.len().try_into().unwrap());
            framed.put_slice(&message);
            frames.push(Ok(Frame::data(framed.freeze())));
            trailers.insert("grpc-status", "0".parse().unwrap());
        }
        Err(error) => {
            trailers.insert("grpc-status", "2".parse().unwrap());
            let escaped: String = error
                .bytes()
                .map(|byte| match byte {
                    b' '..=b'$' | b'&'..=b'~' => char::from(byte).to_string(),
                    byte => format!("%{byte:02X}"),
                })
                .collect();
            trailers.insert("grpc-message", escaped.parse().unwrap());
        }
    }
    frames.push(Ok(Frame::trailers(trailers)));
    let mut response = Response::new(StreamBody::new(futures::stream::iter(frames)));
    response.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    response
}

/// The messages of a stream of frames.
fn messages(mut body: &[u8]) -> Vec<Bytes> {
    let mut found = Vec::new();
    while !body.is_empty() {
        assert_eq!(body[0], 0, "not compressed");
        let length = u32::from_be_bytes(body[1..5].try_into().unwrap()) as usize;
        found.push(Bytes::copy_from_slice(&body[5..5 + length]));
        body = &body[5 + length..];
    }
    found
}

/// The fields of a message that has texts and numbers only.
fn fields(mut message: &[u8]) -> Vec<(u64, Vec<u8>, u64)> {
    fn varint(message: &mut &[u8]) -> u64 {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = message[0];
            *message = &message[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }
    let mut found = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let value = varint(&mut message);
        if tag & 7 == 2 {
            let (text, rest) = message.split_at(value as usize);
            found.push((tag >> 3, text.to_vec(), 0));
            message = rest;
        } else {
            found.push((tag >> 3, Vec::new(), value));
        }
    }
    found
}

fn receive(body: &[u8]) -> Sent {
    let messages = messages(body);
    let (first, rest) = messages.split_first().unwrap();
    let first = fields(first);
    assert_eq!(first[0].0, 1, "metadata comes first");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (mut application, mut path, mut checksum, mut size) = Default::default();
    let mut environment = BTreeMap::new();
    for (number, bytes, value) in fields(&first[0].1) {
        match number {
            1 => application = text(&bytes),
            2 => path = text(&bytes),
            3 => checksum = text(&bytes),
            4 => size = value,
            5 => {
                let entry: BTreeMap<u64, Vec<u8>> =
                    fields(&bytes).into_iter().map(|(number, bytes, _)| (number, bytes)).collect();
                let value = entry.get(&2).map(|value| text(value)).unwrap_or_default();
                environment.insert(text(&entry[&1]), value);
            }
            other => panic!("unknown field {other}"),
        }
    }
    let mut archive = Vec::new();
    for message in rest {
        let message = fields(message);
        assert_eq!(message[0].0, 2, "then only files");
        archive.extend_from_slice(&fields(&message[0].1)[0].1);
    }
    assert_eq!(archive.len() as u64, size);
    let digest: String = Sha256::digest(&archive).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, checksum);
    let folder = tempfile::tempdir().unwrap();
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(&archive[..]));
    tar.set_preserve_permissions(true);
    tar.unpack(folder.path()).unwrap();
    Sent { application, path, environment, folder }
}

fn run(script: &str, sent: &Sent) -> Result<String, String> {
    let output = Command::new("sh")
        .args(["-c", script])
        .current_dir(sent.folder.path().join(&sent.path))
        .envs(&sent.environment)
        .env("TOLD_APPLICATION", &sent.application)
        .output()
        .unwrap();
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout).unwrap());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("`sh -c {script}` failed {}: {}", output.status, errors.trim()))
}

fn field(message: &mut BytesMut, number: u8, content: &[u8]) {
    message.put_u8(number << 3 | 2);
    let mut length = content.len();
    while length >= 0x80 {
        message.put_u8((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    message.put_u8(length as u8);
    message.put_slice(content);
}

fn flags(flags: &[(u8, bool)]) -> Bytes {
    let mut message = BytesMut::new();
    for (number, _) in flags.iter().filter(|(_, set)| *set) {
        message.put_slice(&[number << 3, 1]);
    }
    message.freeze()
}
