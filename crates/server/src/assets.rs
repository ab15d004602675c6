//! The web page: files that npm built into `ui/dist`, which become part of the program.
//!
//! Hashed names below `assets/` are kept by browsers for good; everything else is asked for again, by its ETag. A path
//! that is no file is the page's own business and gets `index.html`.

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::http::gateway::plain;
use crate::options::ServerOptions;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

/// What is shown when the page was not built.
const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Argosy</title>\
<h1>Argosy</h1><p>The API server is running, but this build has no web page. Build it with \
<code>npm ci &amp;&amp; npm run build</code> in <code>ui/</code>, then build the program again. \
The API is described at <a href=\"swagger.json\">swagger.json</a>.</p></html>";

/// Answers a GET or HEAD of a path that belongs to no other route.
pub(crate) fn answer(options: &ServerOptions, path: &str, request: &Request<Body>) -> Response<Body> {
    let name = path.trim_start_matches('/');
    let mut response = match Some(name).filter(|name| !name.is_empty() && *name != "index.html") {
        Some(name) => match file(name, request.headers()) {
            Some(response) => response,
            None if wants_page(request.headers()) => page(options, request.headers()),
            None => plain(StatusCode::NOT_FOUND, "Not Found"),
        },
        None => page(options, request.headers()),
    };
    if request.method() == http::Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    secure(response.headers_mut());
    response
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.split(',').any(|kind| kind.split(';').next().map(str::trim) == Some("text/html"))
}

/// A file, compressed if it was built so and the client takes it.
fn file(name: &str, headers: &HeaderMap) -> Option<Response<Body>> {
    let plain = Files::get(name)?;
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes =
        |coding: &str| accepted.split(',').any(|part| part.split(';').next().map(str::trim) == Some(coding));
    let compressed = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(coding, _)| takes(coding))
        .find_map(|(coding, suffix)| Some((coding, Files::get(&format!("{name}.{suffix}"))?)));
    let (coding, chosen) = match compressed {
        Some((coding, file)) => (Some(coding), file),
        None => (None, plain),
    };
    let tag = etag(&chosen);
    let mut response = unless_known(headers, &tag, chosen.data.into_owned());
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Some(coding) = coding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    let keep = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    Some(response)
}

fn etag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hex}\"")
}

/// The body with its tag, or nothing when the client has it already.
fn unless_known(headers: &HeaderMap, tag: &str, body: Vec<u8>) -> Response<Body> {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let same = known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = Response::new(if same { Body::empty() } else { Body::from(body) });
    if same {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// The page itself, with its links below the base path.
fn page(options: &ServerOptions, headers: &HeaderMap) -> Response<Body> {
    let mut response = match Files::get("index.html") {
        None => Response::new(Body::from(NOT_BUILT)),
        Some(index) => {
            let tag = etag(&index);
            let base = options.base();
            let text = String::from_utf8_lossy(&index.data).into_owned();
            let text = if base == "/" {
                text
            } else {
                text.replace("href=\"/", &format!("href=\"{base}"))
                    .replace("src=\"/", &format!("src=\"{base}"))
            };
            unless_known(headers, &tag, text.into_bytes())
        }
    };
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private, max-age=0"));
    response
}

/// What keeps the page out of other pages' frames, and other kinds of content out of scripts.
fn secure(headers: &mut HeaderMap) {
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("sameorigin"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'self';"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(HeaderName::from_static("x-xss-protection"), HeaderValue::from_static("1"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow"));
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
