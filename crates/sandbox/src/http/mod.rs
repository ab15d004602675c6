//! HTTP around the engine: a tower service over any body, and a plain server on a listener. Neighbors: `path.rs`,
//! `query.rs`, `accept.rs` and `protobuf.rs` read requests, `body.rs` is the answer's body, `serve.rs` the server.

pub(crate) mod accept;
pub(crate) mod body;
pub(crate) mod path;
pub(crate) mod protobuf;
pub(crate) mod query;
mod serve;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body_util::{BodyExt, Limited};

use crate::engine::{Engine, Reply, Request};
use crate::error::SandboxError;
use crate::faults::{Fault, FaultRequest};
use crate::status::{ApiError, ApiResult};
use crate::watch;
use body::ResponseBody;
use query::Query;

pub use serve::ServerHandle;
pub(crate) use serve::serve;

/// The sandbox as a tower service: hand it to `kube::Client::new`, no socket needed. Clones are cheap.
#[derive(Debug, Clone)]
pub struct SandboxService {
    pub(crate) engine: Arc<Engine>,
}

impl<B> tower::Service<http::Request<B>> for SandboxService
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<ResponseBody>;
    type Error = SandboxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, SandboxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), SandboxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let engine = self.engine.clone();
        Box::pin(async move { answer(&engine, request).await })
    }
}

/// Answers one request; an error means that the connection breaks.
pub(crate) async fn answer<B>(
    engine: &Arc<Engine>,
    request: http::Request<B>,
) -> Result<Response<ResponseBody>, SandboxError>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let text = |name: header::HeaderName| header_text(&parts.headers, &name);
    let raw_query = parts.uri.query().unwrap_or_default();
    let query = Query::parse(raw_query);
    let user_agent = text(header::USER_AGENT);
    let faults = engine.faults.of(FaultRequest {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: raw_query,
        user_agent: &user_agent,
        watch: query.as_ref().is_ok_and(|query| query.watch),
        number: 0,
    });
    for fault in &faults {
        match fault {
            Fault::Drop => return Err(SandboxError::Dropped),
            Fault::Delay(delay) => tokio::time::sleep(*delay).await,
            Fault::Status(code) => return Ok(response(Err(ApiError::injected(*code)))),
            Fault::WatchError(_) | Fault::WatchBreak(_) => {}
        }
    }
    let body = match collect(body, engine.options.max_body_bytes).await? {
        Some(body) => body,
        None => return Ok(response(Err(ApiError::too_large(engine.options.max_body_bytes)))),
    };
    let result = query.and_then(|query| {
        engine.handle(&Request {
            path: parts.uri.path().to_owned(),
            query,
            accept: text(header::ACCEPT),
            content_type: text(header::CONTENT_TYPE),
            user_agent,
            body,
            method: parts.method.clone(),
        })
    });
    let result = result.map(|mut reply| {
        watch::inject(&mut reply, &faults);
        reply
    });
    Ok(response(result))
}

/// The whole body, or `None` when it is larger than `limit`.
async fn collect<B>(body: B, limit: usize) -> Result<Option<Bytes>, SandboxError>
where
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    match Limited::new(body, limit).collect().await {
        Ok(collected) => Ok(Some(collected.to_bytes())),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Ok(None),
        Err(error) => Err(SandboxError::RequestBody(error.to_string())),
    }
}

fn header_text(headers: &HeaderMap, name: &header::HeaderName) -> String {
    let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(",")
}

fn response(result: ApiResult<Reply>) -> Response<ResponseBody> {
    let reply = result.unwrap_or_else(|error| Reply::json(error.code, &error.to_value()));
    let mut response = Response::new(reply.body);
    *response.status_mut() =
        http::StatusCode::from_u16(reply.code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    for warning in reply.warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ");
        if let Ok(value) = HeaderValue::try_from(format!("299 - \"{quoted}\"")) {
            headers.append(header::WARNING, value);
        }
    }
    response
}
