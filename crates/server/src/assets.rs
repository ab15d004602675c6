//! The web page.

use axum::body::Body;
use http::{Request, Response, StatusCode};

use crate::http::gateway::plain;
use crate::options::ServerOptions;

pub(crate) fn answer(_options: &ServerOptions, _path: &str, _request: &Request<Body>) -> Response<Body> {
    plain(StatusCode::NOT_FOUND, "Not Found")
}
