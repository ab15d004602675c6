//! Webhooks.
use std::sync::Arc;

use axum::body::Body;
use http::{Request, Response, StatusCode};

use crate::core::Core;
use crate::http::gateway::plain;

pub(crate) async fn answer(_core: &Arc<Core>, _request: Request<Body>) -> Response<Body> {
    plain(StatusCode::BAD_REQUEST, "Unknown webhook event")
}
