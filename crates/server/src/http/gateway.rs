//! REST: routes, path variables, query parameters and bodies, all by the API's definition.

use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method as Verb, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use super::{gzip, stream};
use crate::api::{self, Api, Binding, Method, Selection};
use crate::call::{Answer, dispatch};
use crate::core::Core;
use crate::session::{Presented, set_cookies};
use crate::status::{Code, Status};

/// The longest body of somebody with a token, and of somebody without.
const MAX_BODY: usize = 200 << 20;
const MAX_STRANGER_BODY: usize = 1 << 20;

/// Answers a request below `/api/`.
pub(crate) async fn answer(core: &Arc<Core>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let found = find(&core.api, &parts.method, parts.uri.path());
    let (method, binding, variables) = match found {
        Found::Route { method, binding, variables } => (method, binding, variables),
        Found::OtherVerb => return plain(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
        Found::Nothing => return plain(StatusCode::NOT_FOUND, "Not Found"),
    };
    if parts.method != Verb::GET && !is_json(&parts.headers) {
        return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Invalid content type");
    }
    match respond(core, &parts, body, method, binding, &variables).await {
        Ok(response) => response,
        Err(status) => failure(&status),
    }
}

async fn respond(
    core: &Arc<Core>,
    parts: &Parts,
    body: Body,
    method: &Method,
    binding: &Binding,
    variables: &[(String, String)],
) -> Result<Response<Body>, Status> {
    let query = api::query_pairs(parts.uri.query().unwrap_or_default());
    let bytes = read(body, &parts.headers).await?;
    let (message, further) = request_messages(&core.api, method, binding, variables, &query, &bytes)?;
    let selection =
        query.iter().find(|(key, _)| key == "fields").and_then(|(_, value)| Selection::parse(value));
    let download = query.iter().any(|(key, value)| key == "download" && value == "true");
    let reply = dispatch(core, method, &parts.headers, message, further).await?;
    let mut response = match reply.answer {
        Answer::One(value) => {
            let mut value = api::reply(&core.api, method.response, value);
            if let Some(selection) = selection {
                value = selection.apply(value);
            }
            one(&parts.headers, &value)
        }
        Answer::Many(replies) if download && method.name == "PodLogs" => stream::download(replies, &query),
        Answer::Many(replies) => {
            let core = core.clone();
            let response = method.response;
            stream::respond(&parts.headers, replies, move |value| {
                let line = json!({"result": api::reply(&core.api, response, value)});
                match &selection {
                    Some(selection) => selection.apply(line),
                    None => line,
                }
            })
        }
    };
    add_token(core, &mut response, reply.token.as_deref());
    Ok(response)
}

/// What a path is, for a verb.
pub(crate) enum Found<'a> {
    /// A method, bound as it says, with the path's variables.
    Route { method: &'a Method, binding: &'a Binding, variables: Vec<(String, String)> },
    /// Something for other verbs only.
    OtherVerb,
    /// Nothing.
    Nothing,
}

/// The first route that matches; routes are tried in the definition's order.
pub(crate) fn find<'a>(api: &'a Api, verb: &Verb, path: &str) -> Found<'a> {
    let mut other_verb = false;
    for method in &api.methods {
        for binding in &method.bindings {
            if let Some(variables) = binding.template.matches(path) {
                if binding.verb == *verb {
                    return Found::Route { method, binding, variables };
                }
                other_verb = true;
            }
        }
    }
    if other_verb { Found::OtherVerb } else { Found::Nothing }
}

/// Pages of other sites can send forms, but not this content type: the guard against forged requests.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
}

async fn read(body: Body, headers: &HeaderMap) -> Result<Bytes, Status> {
    let limit = if Presented::of(headers).token.is_some() { MAX_BODY } else { MAX_STRANGER_BODY };
    let collected = http_body_util::Limited::new(body, limit).collect().await;
    collected.map(http_body_util::Collected::to_bytes).map_err(|error| {
        Status::invalid(format!("cannot read the body (at most {} MiB are taken): {error}", limit >> 20))
    })
}

/// The messages of a request: the first, and what follows it in the body in methods that take several.
pub(crate) fn request_messages(
    definition: &Api,
    method: &Method,
    binding: &Binding,
    variables: &[(String, String)],
    query: &[(String, String)],
    body: &[u8],
) -> Result<(Value, Vec<Value>), Status> {
    let mut documents = serde_json::Deserializer::from_slice(body)
        .into_iter::<Value>()
        .map(|document| document.map_err(|error| Status::invalid(format!("the body is no JSON: {error}"))));
    let first = documents.next().transpose()?;
    let message = request_message(definition, method, binding, variables, query, first)?;
    let mut further = Vec::new();
    if method.client_streaming {
        for document in documents {
            further.push(api::request(definition, method.request, document?).map_err(invalid)?);
        }
    }
    Ok((message, further))
}

/// Puts a request message together: the path wins over the body, and the body over the query.
fn request_message(
    definition: &Api,
    method: &Method,
    binding: &Binding,
    variables: &[(String, String)],
    query: &[(String, String)],
    sent: Option<Value>,
) -> Result<Value, Status> {
    let mut message = match (&binding.body, sent) {
        (None, _) | (_, None) => Map::new(),
        (Some(api::Body::Whole), Some(Value::Object(members))) => members,
        (Some(api::Body::Whole), Some(Value::Null)) => Map::new(),
        (Some(api::Body::Whole), Some(_)) => return Err(Status::invalid("the body is no JSON object")),
        (Some(api::Body::Field(name)), Some(value)) => Map::from_iter([(name.clone(), value)]),
    };
    let mut bound = Map::new();
    for (name, value) in variables {
        api::query_parameter(definition, method.request, &mut bound, name, value).map_err(invalid)?;
    }
    merge(&mut message, bound);
    if binding.body != Some(api::Body::Whole) {
        for (name, value) in query {
            api::query_parameter(definition, method.request, &mut message, name, value).map_err(invalid)?;
        }
    }
    api::request(definition, method.request, Value::Object(message)).map_err(|error| match error {
        api::ShapeError::Missing(_) => Status::internal(error.to_string()),
        other => invalid(other),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
fn invalid(error: api::ShapeError) -> Status {
    Status::invalid(error.to_string())
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(into)), Value::Object(from)) => merge(into, from),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn one(headers: &HeaderMap, value: &Value) -> Response<Body> {
    let body = value.to_string().into_bytes();
    let compressed = gzip::compress(headers, &body);
    let mut response = Response::new(Body::empty());
    if compressed.is_some() {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = Body::from(compressed.unwrap_or(body));
    response
}

fn add_token(core: &Core, response: &mut Response<Body>, token: Option<&str>) {
    let Some(token) = token else { return };
    match set_cookies(token, &core.options.base(), !core.options.insecure) {
        Some(cookies) => {
            for cookie in cookies {
                response.headers_mut().append(header::SET_COOKIE, cookie);
            }
        }
        None => tracing::warn!("a session token is too long for cookies and was not set"),
    }
}

/// An error as JSON, with the HTTP status that stands for its code.
pub(crate) fn failure(status: &Status) -> Response<Body> {
    let body = json!({"error": status.message, "code": status.code.number(), "message": status.message});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status.code.http();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if status.code == Code::Unauthenticated {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// A short text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
