//! Which request goes where, on one port: gRPC by its content type, REST below `/api/`, a few routes of their own, and
//! the web page for everything else.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri, header};

use super::gateway::{self, plain};
use super::grpc::{self, Framing};
use crate::access::Caller;
use crate::core::Core;
use crate::options::Admission;
use crate::session::{Presented, clear_cookies};
use crate::{api, assets, metrics, webhook};

/// The routes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Routes {
    core: Arc<Core>,
    /// The root path, without a slash at the end.
    prefix: Arc<str>,
    /// Whether only metrics are served.
    only_metrics: bool,
}

impl Routes {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let prefix = core.options.prefix().into();
        Self { core, prefix, only_metrics: false }
    }

    /// The routes of the port for metrics.
    pub(crate) fn metrics(core: Arc<Core>) -> Self {
        Self { only_metrics: true, ..Self::new(core) }
    }

    /// Answers any request.
    pub(crate) async fn answer(&self, mut request: Request<Body>) -> Response<Body> {
        let path = request.uri().path();
        if self.only_metrics {
            return match path {
                "/metrics" => plain_text(metrics::text(&self.core)),
                "/healthz" => plain(StatusCode::OK, "ok"),
                _ => plain(StatusCode::NOT_FOUND, "Not Found"),
            };
        }
        if let Admission::Bearer(_) = self.core.options.admission
            && let Err(status) =
                self.core.sessions.authenticate(&Presented::of(request.headers()), &self.core.control)
        {
            return gateway::failure(&status);
        }
        if path == "/healthz" {
            return self.health(request.uri()).await;
        }
        let Some(rest) =
            path.strip_prefix(&*self.prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
        else {
            return plain(StatusCode::NOT_FOUND, "Not Found");
        };
        let path = if rest.is_empty() { "/".to_owned() } else { rest.to_owned() };
        if let Some(framing) = Framing::of(&request) {
            return grpc::answer(&self.core, framing, &path, request).await;
        }
        if !self.prefix.is_empty() {
            let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
            match format!("{path}{query}").parse::<Uri>() {
                Ok(uri) => *request.uri_mut() = uri,
                Err(_) => return plain(StatusCode::BAD_REQUEST, "Bad Request"),
            }
        }
        match path.as_str() {
            "/healthz" => self.health(request.uri()).await,
            "/metrics" => self.metrics_for(&request),
            "/api/webhook" => webhook::answer(&self.core, request).await,
            "/auth/logout" => self.log_out(&request),
            "/swagger.json" => describe(&self.core),
            _ if path.starts_with("/api/") => gateway::answer(&self.core, request).await,
            _ if matches!(*request.method(), Method::GET | Method::HEAD) => {
                assets::answer(&self.core.options, &path, &request)
            }
            _ => plain(StatusCode::NOT_FOUND, "Not Found"),
        }
    }

    /// `ok` while the server answers; with `full=true` only if the control plane's records are current as well.
    async fn health(&self, uri: &Uri) -> Response<Body> {
        let full = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "full=true"));
        if full {
            let troubles = self.core.control.troubles();
            if !troubles.is_empty() || self.core.control.client().apiserver_version().await.is_err() {
                tracing::warn!("the health check failed: {}", troubles.join("; "));
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                return response;
            }
        }
        plain(StatusCode::OK, "ok")
    }

    /// Metrics name every application, so that on this port they are for those who may see every application. The port
    /// of their own is for those who can reach it.
    fn metrics_for(&self, request: &Request<Body>) -> Response<Body> {
        let presented = Presented::of(request.headers());
        match self.core.sessions.authenticate(&presented, &self.core.control) {
            Err(status) => gateway::failure(&status),
            Ok(session) => {
                let caller = Caller::new(self.core.clone(), session.identity);
                match caller.enforce("applications", "get", "*/*") {
                    Ok(()) => plain_text(metrics::text(&self.core)),
                    Err(status) => gateway::failure(&status),
                }
            }
        }
    }

    fn log_out(&self, request: &Request<Body>) -> Response<Body> {
        let Some(token) = Presented::of(request.headers()).token else {
            return plain(StatusCode::BAD_REQUEST, "no token in the cookie argocd.token");
        };
        if let Some(claims) = self.core.sessions.claims(&token, &self.core.control) {
            self.core.sessions.revoke(&claims);
        }
        let base = self.core.options.base();
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SEE_OTHER;
        for cookie in clear_cookies(request.headers(), &base) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        if let Ok(location) = HeaderValue::from_str(&base) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}

fn plain_text(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn describe(core: &Core) -> Response<Body> {
    let mut response = Response::new(Body::from(api::describe(&core.api).to_string()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'none'"));
    response
}
