//! `PATCH` in its four content types. What a patch means for lists of a kind comes from `crate::typed`; ownership of
//! applied fields from `crate::ownership`. Neighbor: `modify.rs` stores the outcome.

use serde_json::Value;

use super::meta::{edit_metadata, meta_text};
use super::modify::Change;
use super::write::check_type;
use super::{Engine, Request, WriteOptions, Written};
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult};
use crate::{ownership, typed};

const JSON: &str = "application/json-patch+json";
const MERGE: &str = "application/merge-patch+json";
const STRATEGIC: &str = "application/strategic-merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

impl Engine {
    pub(super) fn patch(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        request: &Request,
        mut options: WriteOptions,
    ) -> ApiResult<Written> {
        let patch_type = request.content_type.split(';').next().unwrap_or_default().trim();
        let patch = || parse_body(&request.body);
        match patch_type {
            JSON => {
                let operations = typed::json_patch(&patch()?)?;
                self.patch_with(kind, namespace, name, &options, |current| {
                    typed::apply_json_patch(current, &operations)
                })
            }
            MERGE => {
                let patch = patch()?;
                self.patch_with(kind, namespace, name, &options, |current| {
                    Ok(object::merge_patch::apply(current, &patch))
                })
            }
            STRATEGIC if kind.custom.is_some() => Err(ApiError::unsupported_media_type(
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
            )),
            STRATEGIC => {
                let patch = patch()?;
                self.patch_with(kind, namespace, name, &options, |current| {
                    typed::strategic_merge(kind, current, &patch)
                })
            }
            APPLY => {
                if request.query.field_manager.is_empty() {
                    return Err(ApiError::invalid_options("fieldManager", "is required for apply patch"));
                }
                options.force = request.query.force;
                self.apply(kind, namespace, name, &apply_body(&request.body)?, &options)
            }
            _ => Err(ApiError::unknown_patch_type()),
        }
    }

    fn patch_with(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        options: &WriteOptions,
        patch: impl Fn(&Value) -> ApiResult<Value>,
    ) -> ApiResult<Written> {
        self.modify(kind, namespace, name, options, |current| {
            let mut value = patch(current)?;
            if meta_text(&value, "name") != name {
                return Err(ApiError::bad_request(format!(
                    "the name of the object ({}) does not match the name on the URL ({name})",
                    meta_text(&value, "name")
                )));
            }
            check_type(kind, &value)?;
            let warnings = typed::check_fields(kind, &value, options.validation)?;
            typed::prune(kind, &mut value);
            Ok(Change { value, owned: false, warnings })
        })
    }

    /// Server-side apply: creates the object, or merges it into the existing one by field ownership.
    pub(crate) fn apply(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        body: &Value,
        options: &WriteOptions,
    ) -> ApiResult<Written> {
        check_type(kind, body)?;
        if body["metadata"].get("managedFields").is_some_and(|fields| !fields.is_null()) {
            return Err(ApiError::bad_request("metadata.managedFields must be nil"));
        }
        let mut applied = body.clone();
        self.fit_namespace(kind, namespace, &mut applied)?;
        match meta_text(&applied, "name") {
            "" => {
                edit_metadata(&mut applied, |metadata| metadata.insert("name".into(), name.into()));
            }
            given if given != name => {
                return Err(ApiError::bad_request(format!(
                    "the name of the object ({given}) does not match the name on the URL ({name})"
                )));
            }
            _ => {}
        }
        typed::check_applied_fields(kind, body)?;
        let warnings = typed::check_fields(kind, body, options.validation)?;
        typed::prune_unknown(kind, &mut applied);
        let key = kind.key(namespace, name);
        if self.store.get(&kind.collection, &key).is_none() {
            if !options.subresource.is_empty() {
                return Err(ApiError::not_found(kind, name));
            }
            let uid = meta_text(&applied, "uid");
            if !uid.is_empty() {
                let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: ");
                return Err(ApiError::conflict(kind, name, &why));
            }
            let mut options = options.clone();
            options.validation = crate::http::query::FieldValidation::Ignore;
            match self.create_applied(kind, namespace, applied.clone(), &options) {
                Ok(mut written) => {
                    written.warnings.extend(warnings);
                    return Ok(written);
                }
                // Somebody created it in between: apply to theirs.
                Err(error) if error.reason == "AlreadyExists" => {}
                Err(error) => return Err(error),
            }
        }
        self.modify(kind, namespace, name, options, |current| {
            let mut value = ownership::apply(kind, current, &applied, options)?;
            typed::prune(kind, &mut value);
            Ok(Change { value, owned: true, warnings: warnings.clone() })
        })
    }

    fn create_applied(
        &self,
        kind: &Kind,
        namespace: &str,
        applied: Value,
        options: &WriteOptions,
    ) -> ApiResult<Written> {
        let mut options = options.clone();
        let owned = ownership::apply(kind, &Value::Null, &applied, &options)?;
        options.owned = Some(owned["metadata"]["managedFields"].clone());
        self.create(kind, namespace, applied, &options)
    }
}

/// Parses a JSON body.
pub(super) fn parse_body(body: &[u8]) -> ApiResult<Value> {
    serde_json::from_slice(body).map_err(|error| {
        ApiError::bad_request(format!("error decoding the body of the request as JSON: {error}"))
    })
}

/// Applied configurations are YAML by their content type; clients nearly always send the JSON subset.
fn apply_body(body: &[u8]) -> ApiResult<Value> {
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    typed::parse_yaml(body)
}
