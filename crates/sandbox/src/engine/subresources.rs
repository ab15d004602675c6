//! Subresources: status, scale, a namespace's finalize, a Pod's log, binding and eviction; and the kinds that are
//! only asked, never kept (access reviews). Everything else is refused by name.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::delete::DeleteOptions;
use super::dispatch::{any_body, write_options, written_reply};
use super::meta::meta_text;
use super::modify::Change;
use super::patch::parse_body;
use super::{Engine, Reply, Request};
use crate::http::path::ResourcePath;
use crate::kinds::Kind;
use crate::logs;
use crate::scale;
use crate::status::{ApiError, ApiResult};

impl Engine {
    pub(super) fn subresource(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        path: &ResourcePath,
        request: &Request,
    ) -> ApiResult<Reply> {
        let Some(found) = kind.subresource(&path.subresource) else {
            return Ok(Reply::text(404, "404 page not found\n"));
        };
        let verb = match request.method {
            Method::GET => "get",
            Method::PUT => "update",
            Method::PATCH => "patch",
            Method::POST => "create",
            Method::DELETE => "delete",
            _ => return Err(ApiError::method_not_allowed()),
        };
        if !found.verbs.iter().any(|known| known == verb) {
            return Err(ApiError::method_not_allowed());
        }
        match path.subresource.as_str() {
            "status" | "finalize" | "approval" | "resize" | "ephemeralcontainers" => {
                self.part(kind, path, request, verb)
            }
            "scale" => self.scale(kind, path, request, verb),
            "log" => logs::read(self, &path.namespace, &path.name, &request.query),
            "binding" => self.bind(&path.namespace, &path.name, request),
            "eviction" => self.evict(kind, path, request),
            "exec" | "attach" | "portforward" | "proxy" => {
                Err(ApiError::not_in_sandbox(&format!("{} of {}", path.subresource, path.plural)))
            }
            other => Err(ApiError::not_in_sandbox(&format!("the subresource {other} of {}", path.plural))),
        }
    }

    /// A subresource that is the object itself, of which a write may change only a part.
    fn part(&self, kind: &Arc<Kind>, path: &ResourcePath, request: &Request, verb: &str) -> ApiResult<Reply> {
        let mut options = write_options(request);
        options.subresource = match path.subresource.as_str() {
            "status" | "approval" => "status".into(),
            other => other.to_owned(),
        };
        match verb {
            "get" => self.get(kind, &path.namespace, &path.name, request, super::dispatch::form(request)?),
            "update" => {
                let body = any_body(request)?;
                let written = self.update(kind, &path.namespace, &path.name, body, &options)?;
                Ok(written_reply(kind, written, request))
            }
            _ => {
                let written = self.patch(kind, &path.namespace, &path.name, request, options)?;
                Ok(written_reply(kind, written, request))
            }
        }
    }

    fn scale(
        &self,
        kind: &Arc<Kind>,
        path: &ResourcePath,
        request: &Request,
        verb: &str,
    ) -> ApiResult<Reply> {
        let paths = scale::paths(kind).ok_or_else(ApiError::no_such_resource)?;
        let record = self.find(kind, &path.namespace, &path.name)?;
        let current = scale::of(&self.value_as(kind, &record), &paths);
        if verb == "get" {
            return Ok(Reply::json(200, &current));
        }
        let wanted = if verb == "update" {
            any_body(request)?
        } else {
            scale::patch(&current, &request.content_type, &parse_body(&request.body)?)?
        };
        let replicas = wanted["spec"]["replicas"].as_i64().unwrap_or(0);
        if replicas < 0 {
            return Err(ApiError::bad_request("spec.replicas: must be greater than or equal to 0"));
        }
        let version = meta_text(&wanted, "resourceVersion").to_owned();
        let mut options = write_options(request);
        options.subresource = "scale".into();
        let written = self.modify(kind, &path.namespace, &path.name, &options, |object| {
            let current = meta_text(object, "resourceVersion");
            if !version.is_empty() && version != current {
                return Err(ApiError::modified(kind, &path.name));
            }
            let mut value = object.clone();
            scale::set_replicas(&mut value, &paths, replicas);
            Ok(Change { value, owned: false, warnings: Vec::new() })
        })?;
        Ok(Reply::json(200, &scale::of(&written.value, &paths)))
    }

    /// A scheduler's decision.
    fn bind(&self, namespace: &str, name: &str, request: &Request) -> ApiResult<Reply> {
        let body = any_body(request)?;
        let node = body["target"]["name"].as_str().unwrap_or_default().to_owned();
        let pods = self.builtin("", "pods")?;
        let mut options = write_options(request);
        options.subresource = "binding".into();
        self.modify(&pods, namespace, name, &options, |pod| {
            let bound = pod["spec"]["nodeName"].as_str().unwrap_or_default();
            if !bound.is_empty() {
                let why = format!("pod {name} is already assigned to node {bound:?}");
                return Err(ApiError::conflict(&pods, name, &why));
            }
            let mut value = pod.clone();
            value["spec"]["nodeName"] = node.clone().into();
            Ok(Change { value, owned: false, warnings: Vec::new() })
        })?;
        Ok(Reply::json(201, &success()))
    }

    fn evict(&self, kind: &Arc<Kind>, path: &ResourcePath, request: &Request) -> ApiResult<Reply> {
        let body = any_body(request)?;
        let options = DeleteOptions {
            grace_period: body["deleteOptions"]["gracePeriodSeconds"].as_i64(),
            dry_run: request.query.dry_run,
            ..DeleteOptions::default()
        };
        self.delete(kind, &path.namespace, &path.name, &options)?;
        Ok(Reply::json(201, &success()))
    }

    /// Kinds that are questions: the answer is the object with its status filled in.
    pub(super) fn create_virtual(&self, kind: &Kind, namespace: &str, request: &Request) -> ApiResult<Reply> {
        let mut value = any_body(request)?;
        super::write::check_type(kind, &value)?;
        let user = json!({"username": "sandbox:admin", "groups": ["system:masters", "system:authenticated"]});
        let status = match kind.kind.as_str() {
            "SelfSubjectAccessReview" | "SubjectAccessReview" | "LocalSubjectAccessReview" => {
                json!({"allowed": true, "reason": "the sandbox allows everything"})
            }
            "SelfSubjectRulesReview" => json!({
                "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
                "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
                "incomplete": false,
            }),
            "SelfSubjectReview" => json!({ "userInfo": user }),
            "Binding" => {
                let name = meta_text(&value, "name").to_owned();
                return self.bind(namespace, &name, request);
            }
            other => return Err(ApiError::not_in_sandbox(other)),
        };
        if let Some(map) = value.as_object_mut() {
            map.insert("kind".into(), kind.kind.clone().into());
            map.insert("apiVersion".into(), kind.api_version().into());
            map.entry("metadata").or_insert_with(|| json!({}));
            map.insert("status".into(), status);
        }
        Ok(Reply::json(201, &value))
    }
}

fn success() -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201})
}
