//! One way to send a request to an API server: with a deadline, through the rate limiter, and with errors that name
//! what was attempted. Paths of objects are made in `resource.rs`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use futures::StreamExt as _;
use http::Method;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use kube::client::Body;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Error;
use crate::limiter::Limiter;

/// The largest answer that is taken into memory. The API server itself limits objects to a few MiB; lists are paged.
const MAX_ANSWER: usize = 256 * 1024 * 1024;

/// How requests to one cluster are limited.
#[derive(Debug, Clone)]
pub struct RequestLimits {
    /// How long an ordinary call may take.
    pub deadline: Duration,
    /// Requests in a second in the long run.
    pub per_second: f64,
    /// Requests at once.
    pub burst: f64,
}

impl Default for RequestLimits {
    fn default() -> Self {
        RequestLimits { deadline: Duration::from_secs(60), per_second: 400.0, burst: 800.0 }
    }
}

/// A client for one API server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    client: kube::Client,
    server: Arc<str>,
    limiter: Arc<Limiter>,
    deadline: Duration,
    /// Whom requests are made as; ourselves if nobody.
    user: Option<Arc<str>>,
}

/// A request before it is sent.
pub(crate) struct Call<'a> {
    /// What is attempted, for errors: `get Secret:argocd/argocd-secret`.
    pub(crate) action: &'a str,
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) path: &'a str,
    pub(crate) accept: &'a str,
    pub(crate) content_type: &'a str,
    pub(crate) body: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(crate) fn get(action: &'a str, path: &'a str) -> Self {
        Call { action, method: Method::GET, path, accept: JSON, content_type: JSON, body: Vec::new() }
    }

    pub(crate) fn with_body(method: Method, action: &'a str, path: &'a str, body: Vec<u8>) -> Self {
        Call { action, method, path, accept: JSON, content_type: JSON, body }
    }
}

/// The media type of everything that is not a patch.
pub(crate) const JSON: &str = "application/json";

impl Api {
    pub(crate) fn new(client: kube::Client, server: &str, limits: &RequestLimits) -> Self {
        Api {
            client,
            server: server.into(),
            limiter: Arc::new(Limiter::new(limits.per_second, limits.burst)),
            deadline: limits.deadline,
            user: None,
        }
    }

    /// The same client making its requests as another user, which the API server allows by RBAC (verb `impersonate`).
    /// An empty user is ourselves.
    #[must_use]
    pub(crate) fn acting_as(&self, user: &str) -> Self {
        Api { user: (!user.is_empty()).then(|| user.into()), ..self.clone() }
    }

    pub(crate) fn client(&self) -> &kube::Client {
        &self.client
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Sends and reads the whole answer.
    pub(crate) async fn bytes(&self, call: Call<'_>) -> Result<Bytes, Error> {
        let action = call.action;
        let deadline = self.deadline;
        let work = async {
            let response = self.open(call).await?;
            self.collect(action, response.into_body()).await
        };
        tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| {
            Err(Error::Deadline {
                action: action.to_owned(),
                server: self.server.to_string(),
                after: deadline,
            })
        })
    }

    /// Sends and decodes the answer.
    pub(crate) async fn json<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T, Error> {
        let action = call.action;
        let bytes = self.bytes(call).await?;
        serde_json::from_slice(&bytes).map_err(|error| self.answer(action, &error.to_string()))
    }

    /// Sends and reads lines as they come. Opening has the ordinary deadline; how long a stream may be silent is the
    /// caller's business. A line without its end at the end of the stream is not delivered: it may be cut.
    pub(crate) async fn lines(
        &self,
        call: Call<'_>,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let action = call.action.to_owned();
        let server = self.server.to_string();
        let response = tokio::time::timeout(self.deadline, self.open(call)).await.map_err(|_| {
            Error::Deadline { action: action.clone(), server: server.clone(), after: self.deadline }
        })??;
        let chunks = response.into_body().into_data_stream();
        Ok(futures::stream::try_unfold(
            (Box::pin(chunks), Lines::default()),
            move |(mut chunks, mut lines)| {
                let (action, server) = (action.clone(), server.clone());
                async move {
                    loop {
                        if let Some(line) = lines.next() {
                            return Ok(Some((line, (chunks, lines))));
                        }
                        match chunks.next().await {
                            None => return Ok(None),
                            Some(Ok(chunk)) => {
                                lines.push(&chunk);
                                if lines.pending() > MAX_ANSWER {
                                    let message = format!("a line is longer than {MAX_ANSWER} bytes");
                                    return Err(Error::Answer { action, server, message });
                                }
                            }
                            Some(Err(error)) => {
                                return Err(Error::Unreachable { action, server, message: describe(&error) });
                            }
                        }
                    }
                }
            },
        ))
    }

    /// Sends and reads chunks as they come, for logs.
    pub(crate) async fn chunks(
        &self,
        call: Call<'_>,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let (action, server) = (call.action.to_owned(), self.server.to_string());
        let response = tokio::time::timeout(self.deadline, self.open(call)).await.map_err(|_| {
            Error::Deadline { action: action.clone(), server: server.clone(), after: self.deadline }
        })??;
        Ok(response.into_body().into_data_stream().map(move |chunk| {
            chunk.map_err(|error| Error::Unreachable {
                action: action.clone(),
                server: server.clone(),
                message: describe(&error),
            })
        }))
    }

    async fn open(&self, call: Call<'_>) -> Result<http::Response<Body>, Error> {
        self.limiter.admit().await;
        let mut request = http::Request::builder();
        if let Some(user) = &self.user {
            request = request.header("Impersonate-User", &**user);
        }
        let request = request
            .method(call.method)
            .uri(call.path)
            .header(http::header::ACCEPT, call.accept)
            .header(http::header::CONTENT_TYPE, call.content_type)
            // Compressed watches are cut into members that the client's decoder does not take.
            .header(http::header::ACCEPT_ENCODING, "identity")
            .body(Body::from(call.body))
            .map_err(|error| Error::Invalid { action: call.action.to_owned(), message: error.to_string() })?;
        let response =
            self.client.send(request).await.map_err(|error| self.unreachable(call.action, &error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.collect(call.action, response.into_body()).await?;
        Err(self.refusal(call.action, status.as_u16(), &body))
    }

    async fn collect(&self, action: &str, body: Body) -> Result<Bytes, Error> {
        match Limited::new(body, MAX_ANSWER).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(self.answer(action, &format!("it is longer than {MAX_ANSWER} bytes")))
            }
            Err(error) => Err(self.unreachable(action, error.as_ref())),
        }
    }

    /// The error of a `Status` object, or of any other body that came with a bad status.
    pub(crate) fn refusal(&self, action: &str, code: u16, body: &[u8]) -> Error {
        let status: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |field: &str| status.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut message = text("message");
        if message.is_empty() {
            message = String::from_utf8_lossy(&body[..body.len().min(400)]).trim().to_owned();
        }
        let stated = status.get("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
        Error::Api {
            action: action.to_owned(),
            server: self.server.to_string(),
            code: stated.filter(|stated| *stated != 0).unwrap_or(code),
            reason: text("reason"),
            message,
        }
    }

    pub(crate) fn answer(&self, action: &str, message: &str) -> Error {
        Error::Answer {
            action: action.to_owned(),
            server: self.server.to_string(),
            message: message.to_owned(),
        }
    }

    fn unreachable(&self, action: &str, error: &(dyn std::error::Error + 'static)) -> Error {
        Error::Unreachable {
            action: action.to_owned(),
            server: self.server.to_string(),
            message: describe(error),
        }
    }
}

/// An error with its causes, as far as they add something: transports put the interesting part last.
pub(crate) fn describe(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    for _ in 0..8 {
        let Some(error) = cause else { break };
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

/// Cuts chunks into lines.
#[derive(Default)]
struct Lines {
    buffer: Vec<u8>,
    /// Up to here the buffer has been delivered.
    start: usize,
    /// Up to here the buffer has no line end.
    searched: usize,
}

impl Lines {
    fn push(&mut self, chunk: &[u8]) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(chunk);
    }

    fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn next(&mut self) -> Option<Bytes> {
        loop {
            let Some(offset) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') else {
                self.searched = self.buffer.len();
                return None;
            };
            let line = Bytes::copy_from_slice(&self.buffer[self.start..self.searched + offset]);
            self.start = self.searched + offset + 1;
            self.searched = self.start;
            if !line.iter().all(u8::is_ascii_whitespace) {
                return Some(line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_chunks_end() {
        for size in 1..12 {
            let mut lines = Lines::default();
            let mut found = Vec::new();
            for chunk in b"one\ntwo\n\nthree\ncut".chunks(size) {
                lines.push(chunk);
                while let Some(line) = lines.next() {
                    found.push(String::from_utf8(line.to_vec()).unwrap());
                }
            }
            assert_eq!(found, ["one", "two", "three"], "chunks of {size}");
        }
    }
}
