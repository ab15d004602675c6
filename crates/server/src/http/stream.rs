//! Streams over REST: one JSON line per reply, or server-sent events for those who ask for them.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, Response, header};
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior};

use crate::call::Replies;
use crate::status::Status;

/// How often an idle stream of events says that it lives, so that proxies keep it open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answers with a stream; `line` makes a line of a reply.
pub(super) fn respond(
    headers: &HeaderMap,
    replies: Replies,
    line: impl Fn(Value) -> Value + Send + 'static,
) -> Response<Body> {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let events = accepted == "text/event-stream";
    let body = if events { Body::from_stream(events_of(replies, line)) } else { lines_of(replies, line) };
    let mut response = Response::new(body);
    let kind = if events { "text/event-stream" } else { "application/json" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn lines_of(replies: Replies, line: impl Fn(Value) -> Value + Send + 'static) -> Body {
    Body::from_stream(replies.map(move |reply| {
        let mut text = record(reply, &line).to_string();
        text.push('\n');
        Ok::<_, std::convert::Infallible>(Bytes::from(text))
    }))
}

fn record(reply: Result<Value, Status>, line: &impl Fn(Value) -> Value) -> Value {
    match reply {
        Ok(value) => line(value),
        Err(status) => {
            let http = status.code.http();
            json!({"error": {
                "grpc_code": status.code.number(),
                "http_code": http.as_u16(),
                "message": status.message,
                "http_status": http.canonical_reason().unwrap_or_default(),
            }})
        }
    }
}

/// The replies as events, and a comment whenever nothing happened for a while.
fn events_of(
    replies: Replies,
    line: impl Fn(Value) -> Value + Send + 'static,
) -> impl futures::Stream<Item = Result<Bytes, std::convert::Infallible>> {
    let mut ticks = tokio::time::interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    futures::stream::unfold((replies, ticks, line), |(mut replies, mut ticks, line)| async move {
        let text = tokio::select! {
            reply = replies.next() => format!("data: {} \n\n\n", record(reply?, &line)),
            _ = ticks.tick() => ":\n".to_owned(),
        };
        Some((Ok(Bytes::from(text)), (replies, ticks, line)))
    })
}

/// Logs as a file.
pub(super) fn download(replies: Replies, query: &[(String, String)]) -> Response<Body> {
    let find = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let name = match (find("namespace"), find("podName"), find("container")) {
        (Some(namespace), Some(pod), Some(container)) => format!("{namespace}-{pod}-{container}.log"),
        _ => "log.log".to_owned(),
    };
    let lines = replies.filter_map(|reply| async move {
        let reply = reply.ok()?;
        if reply.get("last").and_then(Value::as_bool) == Some(true) {
            return None;
        }
        let content = reply.get("content").and_then(Value::as_str)?;
        Some(Ok::<_, std::convert::Infallible>(Bytes::from(format!("{content}\n"))))
    });
    let mut response = Response::new(Body::from_stream(lines));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    let safe =
        name.replace(|character: char| !character.is_ascii_alphanumeric() && !"-._".contains(character), "_");
    if let Ok(value) = HeaderValue::from_str(&format!("attachment;filename=\"{safe}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
