//! The API over HTTP: one request, one answer; or a stream of results.

use std::time::Duration;

use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::Secret;

use crate::core::CoreServer;
use crate::error::Error;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(120);

/// Where the server is and how to talk to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Connection {
    /// `HOST[:PORT]`.
    pub(crate) server: String,
    pub(crate) token: Option<Secret<String>>,
    pub(crate) insecure: bool,
    pub(crate) plaintext: bool,
    pub(crate) root_path: String,
    /// Further certificates to trust, in PEM.
    pub(crate) certificates: Vec<u8>,
}

/// A client of one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    server: String,
    token: Option<Secret<String>>,
    /// The server of this process, when it is that.
    core: Option<CoreServer>,
}

/// Query parameters; empty values are left out.
pub(crate) type Query<'a> = &'a [(&'a str, String)];

impl Client {
    pub(crate) fn new(connection: Connection) -> Result<Self, Error> {
        // Only the first call in a process installs it; later ones find it there.
        rustls::crypto::ring::default_provider().install_default().ok();
        let connect_error = |reason: String| Error::Connect { server: connection.server.clone(), reason };
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("argosy/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(15))
            .tls_danger_accept_invalid_certs(connection.insecure);
        if !connection.certificates.is_empty() {
            let certificates = reqwest::Certificate::from_pem_bundle(&connection.certificates)
                .map_err(|error| connect_error(format!("--server-crt: {error}")))?;
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let http = builder.build().map_err(|error| connect_error(error.to_string()))?;
        let scheme = if connection.plaintext { "http" } else { "https" };
        let root = connection.root_path.trim_matches('/');
        let separator = if root.is_empty() { "" } else { "/" };
        let base = format!("{scheme}://{}{separator}{root}", connection.server);
        Ok(Self { http, base, server: connection.server, token: connection.token, core: None })
    }

    /// Keeps the server of this process while the client is there.
    pub(crate) fn with_core(self, server: CoreServer) -> Self {
        Self { core: Some(server), ..self }
    }

    /// The server's URL with its root path.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// The namespace of the control plane, when the server is one of this process.
    pub(crate) fn core_namespace(&self) -> Option<&str> {
        self.core.as_ref().map(|server| server.namespace.as_str())
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: Query<'_>) -> Result<T, Error> {
        self.call(reqwest::Method::GET, path, query, None::<&()>).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, Error> {
        self.call(reqwest::Method::POST, path, &[], Some(body)).await
    }

    /// The records of a collection.
    pub(crate) async fn list(&self, path: &str, query: Query<'_>) -> Result<Vec<Value>, Error> {
        #[derive(Deserialize)]
        struct List {
            // Empty collections are sent as null.
            items: Option<Vec<Value>>,
        }
        let list: List = self.get(path, query).await?;
        Ok(list.items.unwrap_or_default())
    }

    /// Deletes a record.
    pub(crate) async fn delete(&self, path: &str, query: Query<'_>) -> Result<(), Error> {
        self.call::<Value>(reqwest::Method::DELETE, path, query, None::<&()>).await.map(drop)
    }

    /// Posts a body that is several JSON documents, one after the other.
    pub(crate) async fn post_text<T: DeserializeOwned>(&self, path: &str, body: String) -> Result<T, Error> {
        let request = self
            .request(reqwest::Method::POST, path, &[])
            .header("Content-Type", "application/json")
            .body(body)
            .timeout(DEADLINE);
        self.answer(path, request).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        method: reqwest::Method,
        path: &str,
        query: Query<'_>,
        body: Option<&impl Serialize>,
    ) -> Result<T, Error> {
        let is_get = method == reqwest::Method::GET;
        let mut request = self.request(method, path, query).timeout(DEADLINE);
        request = match body {
            Some(body) => request.json(body),
            None if is_get => request,
            // The server takes nothing but JSON from anything that changes something, even without a body.
            None => request.header("Content-Type", "application/json"),
        };
        self.answer(path, request).await
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        path: &str,
        request: reqwest::RequestBuilder,
    ) -> Result<T, Error> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        if status.is_success() {
            return serde_json::from_slice(&bytes)
                .map_err(|error| Error::Format(format!("the answer of {path} could not be read: {error}")));
        }
        Err(api_error(status.as_u16(), &bytes))
    }

    /// Opens a stream and calls `each` with every result until it answers `Some`.
    ///
    /// A stream that ends or breaks is opened again after a second; the server then replays the current state.
    pub(crate) async fn follow<T, R>(
        &self,
        path: &str,
        query: Query<'_>,
        mut each: impl FnMut(T) -> Option<R>,
    ) -> Result<R, Error>
    where
        T: DeserializeOwned,
    {
        loop {
            if let Some(result) = self.follow_once(path, query, &mut each).await? {
                return Ok(result);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// As [`Client::follow`], with the stream opened only once: `None` when it ended or broke before the answer.
    pub(crate) async fn follow_once<T, R>(
        &self,
        path: &str,
        query: Query<'_>,
        mut each: impl FnMut(T) -> Option<R>,
    ) -> Result<Option<R>, Error>
    where
        T: DeserializeOwned,
    {
        let request = self.request(reqwest::Method::GET, path, query);
        let Ok(response) = request.send().await else { return Ok(None) };
        let status = response.status();
        if !status.is_success() {
            let bytes = response.bytes().await.unwrap_or_default();
            return match status.as_u16() {
                429 | 502..=504 => Ok(None),
                other => Err(api_error(other, &bytes)),
            };
        }
        let mut lines = Lines::default();
        let mut chunks = response.bytes_stream();
        while let Some(Ok(chunk)) = chunks.next().await {
            for line in lines.push(&chunk) {
                let message: Value = serde_json::from_slice(&line).map_err(|error| {
                    Error::Format(format!("the stream {path} could not be read: {error}"))
                })?;
                let Some(result) = message.get("result") else {
                    // The server's own word for why the stream ends; what follows tells whether it matters.
                    return Ok(None);
                };
                let result = T::deserialize(result).map_err(|error| {
                    Error::Format(format!("the stream {path} could not be read: {error}"))
                })?;
                if let Some(answer) = each(result) {
                    return Ok(Some(answer));
                }
            }
        }
        Ok(None)
    }

    fn request(&self, method: reqwest::Method, path: &str, query: Query<'_>) -> reqwest::RequestBuilder {
        let mut url = format!("{}{path}", self.base);
        let mut separator = if path.contains('?') { '&' } else { '?' };
        for (name, value) in query.iter().filter(|(_, value)| !value.is_empty()) {
            url.push(separator);
            url.push_str(&format!("{name}={}", escape(value)));
            separator = '&';
        }
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let mut reasons = vec![error.to_string()];
        let mut source = std::error::Error::source(error);
        while let Some(inner) = source {
            reasons.push(inner.to_string());
            source = inner.source();
        }
        let reason = reasons.pop().unwrap_or_default();
        let hint = if reasons.iter().chain([&reason]).any(|text| text.to_lowercase().contains("certificate"))
        {
            "; if you trust the server, give --insecure or --server-crt FILE"
        } else if reason.contains("InvalidContentType") || reason.contains("corrupt message") {
            "; the server seems to speak plain HTTP: give --plaintext"
        } else {
            ""
        };
        Error::Connect { server: self.server.clone(), reason: format!("{reason}{hint}") }
    }
}

/// The path of an application, or of something below it.
pub(crate) fn application_path(name: &str, rest: &str) -> String {
    format!("/api/v1/applications/{}{rest}", escape(name))
}

/// Escapes a text for a path segment or query value.
pub(crate) fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => (byte as char).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

fn api_error(status: u16, body: &[u8]) -> Error {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let message = answer["message"].as_str().or_else(|| answer["error"].as_str()).map_or_else(
        || format!("the server answered with status {status}: {}", String::from_utf8_lossy(body).trim()),
        str::to_owned,
    );
    let code = answer["code"].as_i64().unwrap_or(match status {
        401 => 16,
        403 => 7,
        404 => 5,
        _ => 2,
    });
    let hint = if code == 16 { " (log in with `argosy login SERVER`)" } else { "" };
    Error::Api { code, message: format!("{message}{hint}") }
}

/// Cuts a stream of bytes into lines; blank lines are left out.
#[derive(Default)]
struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    fn push(&mut self, chunk: &[u8]) -> Vec<Vec<u8>> {
        self.rest.extend_from_slice(chunk);
        let mut lines = Vec::new();
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            if !line.trim_ascii().is_empty() {
                lines.push(line);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_wherever_chunks_end() {
        let mut lines = Lines::default();
        assert!(lines.push(b"{\"a\":").is_empty());
        assert_eq!(lines.push(b"1}\n\n{\"b\":2}\n{"), [b"{\"a\":1}\n".to_vec(), b"{\"b\":2}\n".to_vec()]);
    }

    #[test]
    fn errors_carry_the_servers_words() {
        let error =
            api_error(403, br#"{"error":"permission denied","code":7,"message":"permission denied"}"#);
        assert!(error.is_absent());
        assert_eq!((error.exit_code(), error.to_string().as_str()), (20, "permission denied"));
        assert!(api_error(401, b"").to_string().contains("argosy login"));
    }

    #[test]
    fn texts_are_escaped_for_urls() {
        assert_eq!(escape("a b/c=d"), "a%20b%2Fc%3Dd");
        assert_eq!(application_path("web", "/sync"), "/api/v1/applications/web/sync");
    }
}
