//! `POST /api/webhook`: a repository or registry tells that something was pushed, and the applications that read it
//! are refreshed at once.
//!
//! - `provider`: who sends, and what a payload says. `signature`: whether to believe it.
//! - `affected`: which applications are touched.
//!
//! Deliberately absent: asking Bitbucket Cloud's API for the changed files, and refresh jitter: a refresh costs a look
//! at what the push touched, so that many of them need not be spread.

mod affected;
mod provider;
mod signature;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::body::Body;
use cluster::Patch;
use futures::StreamExt;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use types::{AppKey, Application, names};

use crate::core::Core;
use crate::http::gateway::plain;

/// The largest payload in MiB, unless `webhook.maxPayloadSizeMB` says otherwise.
const MAX_PAYLOAD: usize = 50;
/// Refreshes that are asked for at the same time.
const PARALLEL: usize = 20;

/// Something that was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Event {
    /// Commits to a Git repository.
    Push(Push),
    /// A chart or image to a registry.
    Registry {
        /// The repository, as `oci://host/path`.
        url: String,
        /// The tag.
        tag: String,
    },
    /// Nothing that concerns applications, such as a ping.
    Nothing,
}

/// Commits that were pushed to a Git repository.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Push {
    /// Where the repository is, as a person would open it.
    urls: Vec<String>,
    /// The branch or tag, without `refs/heads/`.
    revision: String,
    /// Whether it is the default branch.
    head: bool,
    /// The files that were touched; empty when unknown.
    files: Vec<String>,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// No provider sends this.
    Unknown,
    /// The payload cannot be read.
    Unreadable,
    /// The signature or secret is wrong.
    Untrusted,
    /// The signature of a registry's event is wrong.
    UntrustedRegistry,
    /// The provider's kind of event isn't understood.
    Unsupported,
}

/// Answers a webhook.
pub(crate) async fn answer(core: &Arc<Core>, request: Request<Body>) -> Response<Body> {
    if request.method() != Method::POST {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    }
    let settings = core.control.settings();
    let megabytes = settings.config("webhook.maxPayloadSizeMB").and_then(|text| text.parse().ok());
    let megabytes: usize = megabytes.filter(|size| *size > 0).unwrap_or(MAX_PAYLOAD);
    let (parts, body) = request.into_parts();
    let too_large = || {
        let text = format!("Webhook processing failed: payload must be valid JSON under {megabytes} MB\n");
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response
    };
    let Ok(body) = http_body_util::Limited::new(body, megabytes << 20).collect().await else {
        return too_large();
    };
    let secret = |key: &str| {
        settings
            .secret(key)
            .map(|secret| secret.expose().trim().to_owned())
            .filter(|secret| !secret.is_empty())
    };
    match provider::read(&parts.headers, &body.to_bytes(), &secret) {
        Ok(event) => {
            let applications = affected::by(&event, &core.control.applications());
            if !applications.is_empty() {
                tracing::info!("a webhook refreshes {} application(s)", applications.len());
            }
            refresh(core, applications);
            plain(StatusCode::OK, "ok")
        }
        Err(Refusal::Unknown) => plain(StatusCode::BAD_REQUEST, "Unknown webhook event"),
        Err(Refusal::Unreadable) => too_large(),
        Err(Refusal::UntrustedRegistry) => plain(StatusCode::UNAUTHORIZED, "Webhook processing failed"),
        Err(refusal @ (Refusal::Untrusted | Refusal::Unsupported)) => {
            tracing::warn!("a webhook was refused: {refusal:?}");
            plain(StatusCode::BAD_REQUEST, "Webhook processing failed")
        }
    }
}

/// The applications that a webhook touches. The error says why it is refused.
pub(crate) fn touched(
    headers: &HeaderMap,
    body: &[u8],
    secret: &dyn Fn(&str) -> Option<String>,
    applications: &[Arc<Application>],
) -> Result<Vec<AppKey>, String> {
    let event = provider::read(headers, body, secret).map_err(|refusal| format!("{refusal:?}"))?;
    Ok(affected::by(&event, applications))
}

/// Has applications compared now: by the loop of this process, or by whichever controller sees the annotation.
fn refresh(core: &Arc<Core>, applications: Vec<AppKey>) {
    let elsewhere: Vec<AppKey> = applications
        .into_iter()
        .filter(|key| !core.controller.as_ref().is_some_and(|controller| controller.refresh(key)))
        .collect();
    if elsewhere.is_empty() {
        return;
    }
    let core = core.clone();
    tokio::spawn(async move {
        let patch: Value = json!({"metadata": {"annotations": {names::ANNOTATION_REFRESH: "normal"}}});
        let patch = Patch::Merge(patch);
        futures::stream::iter(elsewhere)
            .for_each_concurrent(PARALLEL, |key| {
                let (core, patch) = (&core, &patch);
                async move {
                    if let Err(error) = core.control.patch_application(&key, patch).await {
                        tracing::warn!("a webhook could not refresh {key}: {error}");
                    }
                }
            })
            .await;
    });
}
