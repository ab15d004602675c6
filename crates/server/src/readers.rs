//! What is read of foreign bytes, reachable by itself: for fuzzing, which asserts what must hold of any answer.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use types::{AppKey, Application};

use crate::api::{self, Api};
use crate::http::{gateway, grpc};
use crate::session::Presented;
use crate::{Error, services, webhook};

/// The headers of these names and values; those that cannot be headers are left out.
fn header_map(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(*name), HeaderValue::try_from(*value)) {
            map.append(name, value);
        }
    }
    map
}

/// The applications that a webhook touches. `secret` looks up the keys of `argocd-secret`.
///
/// # Errors
/// When the webhook is refused, with the reason.
pub fn webhook(
    headers: &[(&str, &str)],
    body: &[u8],
    secret: &dyn Fn(&str) -> Option<String>,
    applications: &[Arc<Application>],
) -> Result<Vec<AppKey>, String> {
    webhook::touched(&header_map(headers), body, secret, applications)
}

/// The token that a request with these headers presents.
pub fn presented_token(headers: &[(&str, &str)]) -> Option<String> {
    Presented::of(&header_map(headers)).token
}

/// Whether a label selector, as the API takes it, selects these labels.
///
/// # Errors
/// When it cannot be read.
pub fn label_selector(
    text: &str,
    labels: &std::collections::BTreeMap<String, String>,
) -> Result<bool, String> {
    services::selector::parse(text).map(|selector| selector.matches(labels)).map_err(|status| status.message)
}

/// The requests of the API, read by its definition.
pub struct Requests {
    api: Api,
}

impl Requests {
    /// Reads the definition.
    ///
    /// # Errors
    /// When the built-in definition is broken.
    pub fn new() -> Result<Self, Error> {
        Ok(Self { api: Api::load()? })
    }

    /// The names of all methods, as gRPC's paths have them.
    pub fn methods(&self) -> Vec<String> {
        self.api.methods.iter().map(api::Method::full_name).collect()
    }

    /// The request of a method in a body of gRPC: frames of a flag, a length and a message. `None` for a method that
    /// there isn't.
    ///
    /// # Errors
    /// When the body holds no such message.
    pub fn grpc(&self, method: &str, body: &[u8]) -> Option<Result<Value, String>> {
        let method = self.api.method(method)?;
        let messages = grpc::request_messages(&self.api, method, Bytes::copy_from_slice(body));
        Some(messages.map(|(request, _)| request).map_err(|status| status.message))
    }

    /// Writes the request of a method as gRPC's body; the reverse of [`Requests::grpc`].
    pub fn to_grpc(&self, method: &str, request: &Value) -> Option<Bytes> {
        let method = self.api.method(method)?;
        Some(grpc::frame(0, &api::encode(&self.api, method.request, request)))
    }

    /// The request of REST in a verb, a path, a query string and a body. `None` when there is no such route.
    ///
    /// # Errors
    /// When they are no request of the route's method.
    pub fn rest(&self, verb: &str, path: &str, query: &str, body: &[u8]) -> Option<Result<Value, String>> {
        let verb = Method::from_bytes(verb.as_bytes()).ok()?;
        let gateway::Found::Route { method, binding, variables } = gateway::find(&self.api, &verb, path)
        else {
            return None;
        };
        let query = api::query_pairs(query);
        let messages = gateway::request_messages(&self.api, method, binding, &variables, &query, body);
        Some(messages.map(|(request, _)| request).map_err(|status| status.message))
    }

    /// What is left of a value by the parameter `fields`.
    pub fn selected(&self, fields: &str, value: Value) -> Value {
        match api::Selection::parse(fields) {
            Some(selection) => selection.apply(value),
            None => value,
        }
    }
}
