//! From a request to an operation: which document, resource or subresource, and which verb. Neighbors: `read.rs`,
//! `write.rs`, `modify.rs`, `patch.rs`, `delete.rs` and `subresources.rs` do the operations.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::patch::parse_body;
use super::{Engine, Reply, Request, WriteOptions, Written};
use crate::discovery;
use crate::http::accept::{Form, negotiate};
use crate::http::path::{ResourcePath, Target, parse};
use crate::http::protobuf;
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult};
use crate::{openapi, table, watch};

const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

impl Engine {
    /// Answers a request.
    pub(crate) fn handle(self: &Arc<Self>, request: &Request) -> ApiResult<Reply> {
        match parse(&request.path) {
            Target::Resource(path) => self.resource(&path, request),
            Target::Unknown => Ok(Reply::text(404, "404 page not found\n")),
            target if request.method == Method::GET || request.method == Method::HEAD => {
                self.document(&target, request)
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }

    fn document(&self, target: &Target, request: &Request) -> ApiResult<Reply> {
        let table = self.kinds();
        let form = negotiate(&request.accept, true);
        let not_found = || Reply::text(404, "404 page not found\n");
        let aggregated = |core: bool| {
            let api = match form {
                Some(Form::DiscoveryV2) => "v2",
                Some(Form::DiscoveryV2Beta1) => "v2beta1",
                _ => return None,
            };
            let mut reply = Reply::json(200, &discovery::aggregated(&table, core, api));
            reply.content_type = match api {
                "v2" => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
                _ => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
            };
            Some(reply)
        };
        Ok(match target {
            Target::Version => Reply::json(200, &discovery::version()),
            Target::Health => Reply::text(200, "ok"),
            Target::CoreVersions => {
                aggregated(true).unwrap_or_else(|| Reply::json(200, &discovery::core_versions()))
            }
            Target::Groups => {
                aggregated(false).unwrap_or_else(|| Reply::json(200, &discovery::groups(&table)))
            }
            Target::Group(name) => {
                discovery::group(&table, name).map_or_else(not_found, |group| Reply::json(200, &group))
            }
            Target::Resources { group, version } => discovery::resources(&table, group, version)
                .map_or_else(not_found, |list| Reply::json(200, &list)),
            Target::OpenApiV3Index => Reply::json(200, &openapi::index(&table)),
            Target::OpenApiV3(path) => {
                openapi::document(&table, path).map_or_else(not_found, |document| Reply::json(200, &document))
            }
            Target::OpenApiV2 => return Err(ApiError::not_in_sandbox("OpenAPI v2; use /openapi/v3")),
            Target::Resource(_) | Target::Unknown => not_found(),
        })
    }

    fn resource(self: &Arc<Self>, path: &ResourcePath, request: &Request) -> ApiResult<Reply> {
        let Some(kind) = self.kinds().find(&path.group, &path.version, &path.plural) else {
            let known = self.kinds().resources_of(&path.group, &path.version).is_some();
            return if known {
                Err(ApiError::no_such_resource())
            } else {
                Ok(Reply::text(404, "404 page not found\n"))
            };
        };
        if kind.custom.as_ref().is_some_and(|custom| custom.webhook)
            && kind.api_version() != kind.storage_api_version
        {
            return Err(ApiError::not_in_sandbox(&format!(
                "conversion webhooks, so {} is served only as {}",
                kind.qualified(),
                kind.storage_api_version
            )));
        }
        if kind.namespaced && path.namespace.is_empty() && !path.name.is_empty() {
            return Err(ApiError::no_such_resource());
        }
        if !path.subresource.is_empty() {
            return self.subresource(&kind, path, request);
        }
        if path.name.is_empty() {
            self.collection(&kind, path, request)
        } else {
            self.object(&kind, path, request)
        }
    }

    fn collection(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        path: &ResourcePath,
        request: &Request,
    ) -> ApiResult<Reply> {
        let namespace = path.namespace.as_str();
        match request.method {
            Method::GET if request.query.watch || path.legacy_watch => {
                allowed(kind, "watch")?;
                watch::start(self, kind, namespace, "", &request.query, form(request)?)
            }
            Method::GET => {
                allowed(kind, "list")?;
                self.list(kind, namespace, request, form(request)?)
            }
            Method::POST => {
                allowed(kind, "create")?;
                if kind.verbs.len() == 1 {
                    return self.create_virtual(kind, namespace, request);
                }
                let body = any_body(request)?;
                let written = self.create(kind, namespace, body, &write_options(request))?;
                Ok(written_reply(kind, written, request))
            }
            Method::DELETE => {
                allowed(kind, "deletecollection")?;
                self.delete_collection(kind, namespace, request, form(request)?)
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }

    fn object(
        self: &Arc<Self>,
        kind: &Arc<Kind>,
        path: &ResourcePath,
        request: &Request,
    ) -> ApiResult<Reply> {
        let (namespace, name) = (path.namespace.as_str(), path.name.as_str());
        match request.method {
            Method::GET if request.query.watch || path.legacy_watch => {
                allowed(kind, "watch")?;
                watch::start(self, kind, namespace, name, &request.query, form(request)?)
            }
            Method::GET => {
                allowed(kind, "get")?;
                self.get(kind, namespace, name, request, form(request)?)
            }
            Method::PUT => {
                allowed(kind, "update")?;
                let body = any_body(request)?;
                let written = self.update(kind, namespace, name, body, &write_options(request))?;
                Ok(written_reply(kind, written, request))
            }
            Method::PATCH => {
                allowed(kind, "patch")?;
                let written = self.patch(kind, namespace, name, request, write_options(request))?;
                Ok(written_reply(kind, written, request))
            }
            Method::DELETE => {
                allowed(kind, "delete")?;
                self.delete_reply(kind, namespace, name, request)
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }
}

/// The body of a request in any format that is read.
pub(super) fn any_body(request: &Request) -> ApiResult<serde_json::Value> {
    let media = request.content_type.split(';').next().unwrap_or_default().trim();
    match media {
        "" | "application/json" => parse_body(&request.body),
        protobuf::MEDIA_TYPE => protobuf::read(&request.body),
        "application/yaml" => crate::typed::parse_yaml(&request.body),
        _ => Err(ApiError::unsupported_media_type(ACCEPTED)),
    }
}

fn allowed(kind: &Kind, verb: &str) -> ApiResult<()> {
    if kind.has_verb(verb) { Ok(()) } else { Err(ApiError::method_not_allowed()) }
}

pub(super) fn form(request: &Request) -> ApiResult<Form> {
    negotiate(&request.accept, false).ok_or_else(|| ApiError::not_acceptable(ACCEPTED))
}

/// The query and the client's name, as a write needs them.
pub(super) fn write_options(request: &Request) -> WriteOptions {
    let manager = if request.query.field_manager.is_empty() {
        let name = request.user_agent.split('/').next().unwrap_or_default();
        if name.is_empty() { "unknown" } else { name }
    } else {
        request.query.field_manager.as_str()
    };
    WriteOptions {
        dry_run: request.query.dry_run,
        manager: manager.chars().take(128).collect(),
        validation: request.query.field_validation,
        subresource: String::new(),
        force: false,
        owned: None,
    }
}

/// A write answers with the object, in the form the client asked for.
pub(super) fn written_reply(kind: &Kind, written: Written, request: &Request) -> Reply {
    let code = if written.created { 201 } else { 200 };
    let mut reply = match negotiate(&request.accept, false) {
        Some(Form::Table) => {
            let version = written.value["metadata"]["resourceVersion"].clone();
            let include = request.query.include_object.as_deref();
            Reply::json(
                code,
                &table::render(kind, &[written.value], include, &json!({"resourceVersion": version})),
            )
        }
        Some(Form::Metadata) => Reply::json(code, &super::read::partial(&written.value)),
        _ => Reply::json(code, &written.value),
    };
    reply.warnings = written.warnings;
    reply
}
