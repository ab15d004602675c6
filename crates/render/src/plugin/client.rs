//! Calls of a plugin's sidecar: gRPC over HTTP/2 on a Unix socket, one connection for each call.

use std::convert::Infallible;
use std::path::Path;
use std::time::Duration;

use bytes::{Buf as _, Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use http::{HeaderMap, Request, header};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixStream;

/// The time in which a sidecar has to accept a connection.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Characters of a plugin's message that are passed on.
const MAX_MESSAGE: usize = 8 << 10;

/// A method of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    CheckPluginConfiguration,
    MatchRepository,
    GenerateManifest,
    GetParametersAnnouncement,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CheckPluginConfiguration => "CheckPluginConfiguration",
            Self::MatchRepository => "MatchRepository",
            Self::GenerateManifest => "GenerateManifest",
            Self::GetParametersAnnouncement => "GetParametersAnnouncement",
        }
    }
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallError {
    pub(crate) reason: String,
    /// Whether the same call may succeed later.
    pub(crate) is_transient: bool,
}

impl CallError {
    pub(crate) fn transient(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_transient: true }
    }

    pub(crate) fn lasting(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_transient: false }
    }
}

/// Calls a method with a stream of messages that are in their frames already; answers with its one message.
///
/// `deadline` is told to the sidecar, too, which then ends the plugin's processes; `limit` is in bytes of the answer.
pub(crate) async fn call(
    socket: &Path,
    method: Method,
    messages: impl Stream<Item = Bytes> + Send + 'static,
    deadline: Duration,
    limit: usize,
) -> Result<Bytes, CallError> {
    let late = || CallError::transient(format!("no answer within {} seconds", deadline.as_secs_f32()));
    tokio::time::timeout(deadline, exchange(socket, method, messages, deadline, limit))
        .await
        .map_err(|_| late())?
}

/// Ends a task when it goes out of scope.
struct Ended(tokio::task::JoinHandle<()>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn exchange(
    socket: &Path,
    method: Method,
    messages: impl Stream<Item = Bytes> + Send + 'static,
    deadline: Duration,
    limit: usize,
) -> Result<Bytes, CallError> {
    let broken = |what: &str, error: &dyn std::fmt::Display| CallError::transient(format!("{what}: {error}"));
    let stream = tokio::time::timeout(CONNECT_DEADLINE, UnixStream::connect(socket))
        .await
        .map_err(|_| CallError::transient("its sidecar does not accept the connection"))?
        .map_err(|error| broken("its sidecar cannot be reached", &error))?;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .map_err(|error| broken("its sidecar does not speak HTTP/2", &error))?;
    let _connection = Ended(tokio::spawn(async move {
        // What breaks the connection is told by the call that it breaks.
        let _ = connection.await;
    }));
    let frames = messages.map(|message| Ok::<_, Infallible>(Frame::data(message))).boxed();
    let request =
        Request::post(format!("http://localhost/plugin.ConfigManagementPluginService/{}", method.name()))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .header(header::USER_AGENT, concat!("argosy/", env!("CARGO_PKG_VERSION")))
            .header("grpc-timeout", format!("{}m", deadline.as_millis().min(99_999_999)))
            .body(StreamBody::new(frames))
            .map_err(|error| CallError::lasting(error.to_string()))?;
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| broken("its sidecar broke off the call", &error))?;
    if response.status() != http::StatusCode::OK {
        return Err(CallError::transient(format!(
            "its sidecar answered with HTTP status {}",
            response.status()
        )));
    }
    // An error before any message has its status in the headers.
    outcome(response.headers())?;
    let mut body = response.into_body();
    let mut received = BytesMut::new();
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken("its sidecar broke off the answer", &error))?;
        match frame.into_data() {
            Ok(data) => {
                if received.len() + data.len() > limit.saturating_add(5) {
                    return Err(CallError::lasting(format!("its output is larger than {limit} bytes")));
                }
                received.extend_from_slice(&data);
            }
            Err(frame) => trailers = frame.into_trailers().unwrap_or_default(),
        }
    }
    outcome(&trailers)?;
    message(received.freeze())
}

/// The one message of an answer whose headers or trailers have these fields and whose stream has these bytes.
pub(super) fn read(status: &[(&str, &str)], bytes: &[u8]) -> Result<Bytes, CallError> {
    let mut headers = HeaderMap::new();
    for (name, value) in status {
        if let (Ok(name), Ok(value)) =
            (http::HeaderName::try_from(*name), http::HeaderValue::try_from(*value))
        {
            headers.insert(name, value);
        }
    }
    outcome(&headers)?;
    message(Bytes::copy_from_slice(bytes))
}

/// The status that headers or trailers tell, if they do.
fn outcome(headers: &HeaderMap) -> Result<(), CallError> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(status) = text("grpc-status") else { return Ok(()) };
    let message = percent_decoded(text("grpc-message").unwrap_or_default());
    match status {
        "0" => Ok(()),
        // Canceled, DeadlineExceeded, ResourceExhausted, Aborted, Unavailable.
        "1" | "4" | "8" | "10" | "14" => Err(CallError::transient(message)),
        "12" => Err(CallError::lasting(format!("its sidecar is too old for this call: {message}"))),
        _ => Err(CallError::lasting(message)),
    }
}

/// The message of the only frame.
fn message(mut bytes: Bytes) -> Result<Bytes, CallError> {
    let cut_off = || CallError::transient("its sidecar's answer is cut off");
    if bytes.len() < 5 {
        return Err(cut_off());
    }
    if bytes.get_u8() != 0 {
        return Err(CallError::lasting("its sidecar's answer is compressed, which was not asked for"));
    }
    let length = bytes.get_u32() as usize;
    if length > bytes.len() {
        return Err(cut_off());
    }
    Ok(bytes.split_to(length))
}

/// A message as gRPC escapes it, shortened when it is very long: the end of an output tells more than its beginning.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    let message = String::from_utf8_lossy(&bytes).into_owned();
    match message.char_indices().rev().nth(MAX_MESSAGE) {
        Some((at, _)) => format!("…{}", &message[at..]),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_and_messages_are_read() {
        let headers = |status: &str, message: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-status", status.parse().unwrap());
            headers.insert("grpc-message", message.parse().unwrap());
            headers
        };
        assert_eq!(outcome(&HeaderMap::new()), Ok(()));
        assert_eq!(outcome(&headers("0", "")), Ok(()));
        assert_eq!(outcome(&headers("2", "a%0Ab %C3%A4 100%")), Err(CallError::lasting("a\nb ä 100%")));
        assert_eq!(outcome(&headers("14", "gone")), Err(CallError::transient("gone")));
        let long = outcome(&headers("2", &"x".repeat(3 * MAX_MESSAGE))).unwrap_err().reason;
        assert!(long.len() < 2 * MAX_MESSAGE && long.starts_with('…'));
        assert_eq!(message(Bytes::from_static(b"\0\0\0\0\x02ab")), Ok(Bytes::from_static(b"ab")));
        for bytes in [&b"\0\0\0"[..], b"\0\0\0\0\x09ab", b"\x01\0\0\0\0"] {
            assert!(message(Bytes::copy_from_slice(bytes)).is_err());
        }
    }
}
