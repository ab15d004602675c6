//! Creating objects, and what creating and changing have in common: reading a body, names and namespaces, the
//! side effects of a write. Neighbors: `modify.rs` changes existing objects, `patch.rs` computes changes.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::meta::{self, edit_metadata, meta_text};
use super::{Engine, WriteOptions, Written};
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult, FieldError};
use crate::store::{Expect, Record, Refused};
use crate::{convert, defaults, ownership, typed, validation};

/// How often a write that lost a race is tried again on the newer object.
pub(super) const ATTEMPTS: usize = 8;

impl Engine {
    /// Creates an object of `kind`. `value` is in the version of `kind`.
    pub(crate) fn create(
        &self,
        kind: &Kind,
        namespace: &str,
        mut value: Value,
        options: &WriteOptions,
    ) -> ApiResult<Written> {
        check_type(kind, &value)?;
        let mut warnings = typed::check_fields(kind, &value, options.validation)?;
        self.fit_namespace(kind, namespace, &mut value)?;
        if !meta_text(&value, "resourceVersion").is_empty() {
            return Err(ApiError::internal_exact(
                "resourceVersion should not be set on objects to be created",
            ));
        }
        typed::prune(kind, &mut value);
        let prefix = meta_text(&value, "generateName").to_owned();
        let generated = meta_text(&value, "name").is_empty() && !prefix.is_empty();
        for _ in 0..ATTEMPTS {
            let mut value = value.clone();
            if generated {
                let kept: String = prefix.chars().take(58).collect();
                let name = format!("{kept}{}", meta::random_suffix(5));
                edit_metadata(&mut value, |metadata| metadata.insert("name".into(), name.into()));
            }
            let name = meta_text(&value, "name").to_owned();
            prepare_new(kind, &mut value);
            defaults::apply(kind, &mut value);
            match &options.owned {
                Some(owned) => value["metadata"]["managedFields"] = owned.clone(),
                None => ownership::track(kind, &Value::Null, &mut value, options),
            }
            // What admission writes belongs to nobody.
            self.admit(kind, &mut value);
            let errors = self.problems(kind, &value, None);
            if !errors.is_empty() {
                return Err(ApiError::invalid(kind, &name, &errors));
            }
            self.check_namespace(kind, namespace, &name)?;
            warnings.extend(validation::warnings(kind, &value));
            match self.insert(kind, namespace, &name, &mut value, options) {
                Ok(()) => return Ok(Written { value, created: true, warnings }),
                // Somebody has the generated name: draw another.
                Err(Refused::Exists) if generated => {}
                Err(_) => return Err(ApiError::already_exists(kind, &name)),
            }
        }
        Err(ApiError::already_exists(kind, &prefix))
    }

    fn insert(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        value: &mut Value,
        options: &WriteOptions,
    ) -> Result<(), Refused> {
        let key = kind.key(namespace, name);
        if options.dry_run {
            return match self.store.get(&kind.collection, &key) {
                Some(_) => Err(Refused::Exists),
                None => Ok(()),
            };
        }
        self.put(kind, &key, value, Expect::Absent).map(|_| ())
    }

    /// Stores `value`, given in the version of `kind`, and lets it know its new resourceVersion.
    pub(super) fn put(
        &self,
        kind: &Kind,
        key: &str,
        value: &mut Value,
        expect: Expect,
    ) -> Result<Arc<Record>, Refused> {
        let record = if kind.api_version() == kind.storage_api_version {
            self.store.put(&kind.collection, key, value, expect)?
        } else {
            let mut stored = value.clone();
            convert::to_storage(kind, &mut stored);
            self.store.put(&kind.collection, key, &mut stored, expect)?
        };
        self.wrote(kind, &record, value);
        Ok(record)
    }

    /// What follows a write at once.
    fn wrote(&self, kind: &Kind, record: &Record, value: &mut Value) {
        edit_metadata(value, |metadata| {
            metadata.insert("resourceVersion".into(), record.version.to_string().into());
        });
        if is_definition(kind) {
            self.refresh_definitions();
        }
    }

    /// Puts the request's namespace into the object, or refuses another one.
    pub(super) fn fit_namespace(&self, kind: &Kind, namespace: &str, value: &mut Value) -> ApiResult<()> {
        let given = meta_text(value, "namespace").to_owned();
        if !kind.namespaced {
            if !given.is_empty() && kind.custom.is_none() && !given.eq(namespace) {
                edit_metadata(value, |metadata| metadata.remove("namespace"));
            }
            return Ok(());
        }
        if namespace.is_empty() {
            return Err(ApiError::bad_request("an empty namespace may not be set during creation"));
        }
        if !given.is_empty() && given != namespace {
            return Err(ApiError::bad_request(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        edit_metadata(value, |metadata| metadata.insert("namespace".into(), namespace.into()));
        Ok(())
    }

    /// New objects need a living namespace.
    fn check_namespace(&self, kind: &Kind, namespace: &str, name: &str) -> ApiResult<()> {
        if !kind.namespaced {
            return Ok(());
        }
        let namespaces = self.builtin("", "namespaces")?;
        let record = self.find(&namespaces, "", namespace)?;
        if record.deleting {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            return Err(ApiError::forbidden(kind, name, &why).with_cause(
                "NamespaceTerminating",
                &format!("namespace {namespace} is being terminated"),
                "metadata.namespace",
            ));
        }
        Ok(())
    }

    /// All problems of an object; `old` is what it replaces.
    pub(super) fn problems(&self, kind: &Kind, value: &Value, old: Option<&Value>) -> Vec<FieldError> {
        let mut errors = validation::metadata(kind, value, old);
        errors.extend(typed::validate(kind, value));
        if errors.is_empty() {
            errors.extend(validation::object(kind, value, old));
        }
        errors
    }
}

/// True for `CustomResourceDefinition`.
pub(super) fn is_definition(kind: &Kind) -> bool {
    kind.is("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// The body must be an object of the kind that the path names.
pub(super) fn check_type(kind: &Kind, value: &Value) -> ApiResult<()> {
    let api_version = value["apiVersion"].as_str().unwrap_or_default();
    let given = value["kind"].as_str().unwrap_or_default();
    let wanted = kind.api_version();
    if given.is_empty() && kind.custom.is_some() || !value.is_object() {
        let text = value.to_string();
        let start: String = text.chars().take(30).collect();
        return Err(ApiError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): Object 'Kind' is missing in '{text}' ({start} ...)",
            kind.kind
        )));
    }
    if !api_version.is_empty() && api_version != wanted {
        return Err(ApiError::bad_request(if kind.custom.is_some() {
            format!(
                "the API version in the data ({api_version}) does not match the expected API version ({wanted})"
            )
        } else {
            format!(
                "{given} in version {:?} cannot be handled as a {}: no kind {given:?} is registered for version {api_version:?} in scheme \"pkg/runtime/scheme.go:110\"",
                api_version.rsplit('/').next().unwrap_or_default(),
                kind.kind
            )
        }));
    }
    if !given.is_empty() && given != kind.kind {
        return Err(ApiError::bad_request(if kind.custom.is_some() {
            format!("{given} in version {:?} cannot be handled as a {}", kind.version, kind.kind)
        } else {
            let internal = if kind.group.is_empty() { "core" } else { kind.group.as_str() };
            format!(
                "{given} in version {:?} cannot be handled as a {}: converting (v1.{given}) to ({internal}.{}): unknown conversion",
                kind.version, kind.kind, kind.kind
            )
        }));
    }
    if !value["metadata"].is_null() && !value["metadata"].is_object() {
        return Err(ApiError::bad_request("metadata must be an object"));
    }
    Ok(())
}

/// What the API itself writes into a new object.
fn prepare_new(kind: &Kind, value: &mut Value) {
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".into(), kind.api_version().into());
        map.insert("kind".into(), kind.kind.clone().into());
        if kind.has_status_subresource() {
            map.remove("status");
        }
    }
    edit_metadata(value, |metadata| {
        for name in
            ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generation", "managedFields"]
        {
            metadata.remove(name);
        }
        drop_empty(metadata);
        metadata.insert("uid".into(), meta::new_uid().into());
        metadata.insert("creationTimestamp".into(), meta::now().into());
        if meta::has_generation(kind) {
            metadata.insert("generation".into(), 1.into());
        }
    });
}

/// Kubernetes writes no empty strings, maps and lists into metadata.
pub(super) fn drop_empty(metadata: &mut Map<String, Value>) {
    metadata.retain(|_, value| match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    });
}
