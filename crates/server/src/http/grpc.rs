//! gRPC and gRPC-web: frames of a flag, a length and a message, around the same handlers as REST.
//!
//! Argo CD's client reads a gRPC-web error from the *headers* of the HTTP response, and takes the trailer frame only
//! as the end of a stream; so unary errors go into the headers.

use std::sync::Arc;

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::Value;

use crate::api::{self, Api, Method};
use crate::call::{Answer, Reply, dispatch};
use crate::core::Core;
use crate::session::Presented;
use crate::status::{Code, Status};

/// The longest message, and the longest of somebody without a token.
const MAX_MESSAGE: usize = 200 << 20;
const MAX_STRANGER_MESSAGE: usize = 1 << 20;
/// The content type of gRPC-web that is understood.
const WEB: &str = "application/grpc-web+proto";
/// Clients older than this don't understand the answers.
const OLDEST_CLIENT: [u64; 3] = [1, 4, 0];
/// A frame that holds trailers.
const TRAILER_FRAME: u8 = 0x80;

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The two ways of framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// HTTP/2 with trailers.
    Native,
    /// Any HTTP, with the trailers as the last frame of the body.
    Web,
}

impl Framing {
    /// Whether a request speaks gRPC, and which kind.
    pub(crate) fn of<B>(request: &Request<B>) -> Option<Self> {
        let kind = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
        if kind == WEB {
            return Some(Self::Web);
        }
        let native = kind == "application/grpc" || kind.starts_with("application/grpc+");
        (native && request.version() == http::Version::HTTP_2).then_some(Self::Native)
    }

    const fn content_type(self) -> HeaderValue {
        match self {
            Self::Native => HeaderValue::from_static("application/grpc"),
            Self::Web => HeaderValue::from_static(WEB),
        }
    }
}

/// Answers a request whose path (without the root path) names a method.
pub(crate) async fn answer(
    core: &Arc<Core>,
    framing: Framing,
    path: &str,
    request: Request<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let result = match path {
        "/grpc.health.v1.Health/Check" => Ok(Outcome::Raw(Bytes::from_static(&[0x08, 0x01]))),
        _ => respond(core, path, &parts.headers, body).await,
    };
    match result {
        Ok(outcome) => success(core, framing, outcome),
        Err(status) => failure(framing, &status),
    }
}

enum Outcome<'a> {
    Raw(Bytes),
    Reply(&'a Method, Reply),
}

async fn respond<'a>(
    core: &'a Arc<Core>,
    path: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Outcome<'a>, Status> {
    check_client(headers)?;
    let method = core.api.method(path).ok_or_else(|| {
        Status::new(
            Code::Unimplemented,
            format!("unknown method {path}; is the client newer than the server?"),
        )
    })?;
    let limit = if Presented::of(headers).token.is_some() { MAX_MESSAGE } else { MAX_STRANGER_MESSAGE };
    let bytes = read(body, limit).await?;
    let (request, further) = request_messages(&core.api, method, bytes)
        .map_err(|status| Status { message: format!("{path}: {}", status.message), ..status })?;
    Ok(Outcome::Reply(method, dispatch(core, method, headers, request, further).await?))
}

/// Refuses clients that say they are too old.
fn check_client(headers: &HeaderMap) -> Result<(), Status> {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let Some(rest) = agent.strip_prefix("argocd-client/") else { return Ok(()) };
    let text = rest.split_whitespace().next().unwrap_or_default();
    let number = text.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<u64> = number.split('.').map_while(|part| part.parse().ok()).collect();
    match parts.as_slice() {
        [major, minor, patch] if [*major, *minor, *patch] >= OLDEST_CLIENT => Ok(()),
        [_, _, _] => Err(Status::precondition(format!(
            "unsatisfied client version {text}: clients must be at least 1.4.0"
        ))),
        _ => Err(Status::invalid(format!("could not parse the client's version {text:?}"))),
    }
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Status> {
    let collected = http_body_util::Limited::new(body, limit).collect().await;
    let collected = collected
        .map_err(|error| Status::new(Code::ResourceExhausted, format!("cannot read the request: {error}")))?;
    Ok(collected.to_bytes())
}

/// The messages of a request: the first, and what follows it in methods that take several.
pub(crate) fn request_messages(
    definition: &Api,
    method: &Method,
    mut bytes: Bytes,
) -> Result<(Value, Vec<Value>), Status> {
    let mut next = || -> Result<(Value, bool), Status> {
        let message = next_message(&mut bytes)?;
        let decoded = api::decode(definition, method.request, &message);
        let decoded =
            decoded.map_err(|error| Status::internal(format!("cannot read the request: {error}")))?;
        Ok((decoded, bytes.is_empty()))
    };
    let (request, mut is_last) = next()?;
    let mut further = Vec::new();
    while method.client_streaming && !is_last {
        let message;
        (message, is_last) = next()?;
        further.push(message);
    }
    Ok((request, further))
}

/// Takes the next message off a body.
fn next_message(bytes: &mut Bytes) -> Result<Bytes, Status> {
    let malformed = || Status::internal("the request's frame is cut off");
    let head = bytes.split_to_checked(5).ok_or_else(malformed)?;
    let [flag, a, b, c, d] = head[..] else { return Err(malformed()) };
    if flag & 1 != 0 {
        return Err(Status::new(Code::Unimplemented, "compressed requests are not supported"));
    }
    let length = u32::from_be_bytes([a, b, c, d]) as usize;
    bytes.split_to_checked(length).ok_or_else(malformed)
}

/// `Bytes::split_to` that doesn't panic.
trait SplitToChecked {
    fn split_to_checked(&mut self, length: usize) -> Option<Bytes>;
}

impl SplitToChecked for Bytes {
    fn split_to_checked(&mut self, length: usize) -> Option<Bytes> {
        (length <= self.len()).then(|| self.split_to(length))
    }
}

pub(crate) fn frame(flag: u8, message: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(message.len() + 5);
    out.put_u8(flag);
    out.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    out.put_slice(message);
    out.freeze()
}

fn success(core: &Arc<Core>, framing: Framing, outcome: Outcome<'_>) -> Response<Body> {
    let mut token = None;
    let body = match outcome {
        Outcome::Raw(message) => framed(framing, futures::stream::iter([Ok(message)])),
        Outcome::Reply(method, reply) => {
            token = reply.token.filter(|_| reply.renewed);
            let (core, response) = (core.clone(), method.response);
            let encode = move |value| Bytes::from(api::encode(&core.api, response, &value));
            match reply.answer {
                Answer::One(value) => framed(framing, futures::stream::iter([Ok(encode(value))])),
                Answer::Many(replies) => framed(framing, replies.map(move |reply| reply.map(&encode))),
            }
        }
    };
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, framing.content_type());
    if let Some(token) = token.and_then(|token| HeaderValue::from_str(&token).ok()) {
        response.headers_mut().insert("renew-token", token);
    }
    response
}

/// The messages in frames, and how it ended.
fn framed(
    framing: Framing,
    messages: impl futures::Stream<Item = Result<Bytes, Status>> + Send + 'static,
) -> Body {
    let frames = futures::stream::unfold(Some(Box::pin(messages)), move |state| async move {
        let mut messages = state?;
        let (frame, rest) = match messages.next().await {
            Some(Ok(message)) => (Frame::data(frame(0, &message)), Some(messages)),
            Some(Err(status)) => (end(framing, Some(&status)), None),
            None => (end(framing, None), None),
        };
        Some((Ok::<_, std::convert::Infallible>(frame), rest))
    });
    Body::new(StreamBody::new(frames))
}

fn end(framing: Framing, status: Option<&Status>) -> Frame<Bytes> {
    let mut trailers = HeaderMap::new();
    put_status(&mut trailers, status);
    match framing {
        Framing::Native => Frame::trailers(trailers),
        Framing::Web => {
            let mut text = Vec::new();
            for (name, value) in &trailers {
                text.extend_from_slice(name.as_str().as_bytes());
                text.extend_from_slice(b": ");
                text.extend_from_slice(value.as_bytes());
                text.extend_from_slice(b"\r\n");
            }
            Frame::data(frame(TRAILER_FRAME, &text))
        }
    }
}

/// An error before any message: in the headers, with an empty body.
fn failure(framing: Framing, status: &Status) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert(header::CONTENT_TYPE, framing.content_type());
    put_status(response.headers_mut(), Some(status));
    response
}

fn put_status(headers: &mut HeaderMap, status: Option<&Status>) {
    let code = status.map_or(0, |status| status.code.number());
    headers.insert(GRPC_STATUS, HeaderValue::from(u16::from(code)));
    if let Some(status) = status
        && let Ok(message) = HeaderValue::from_str(&percent_encode(&status.message))
    {
        headers.insert(GRPC_MESSAGE, message);
    }
}

/// Messages travel as ASCII; everything else is escaped.
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if (b' '..=b'~').contains(&byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
