//! Changing an existing object: optimistic concurrency, what a subresource may touch, generation, ownership, and
//! the removal of a deleting object whose last finalizer went away.

use std::sync::Arc;

use serde_json::Value;

use super::meta::{self, edit_metadata, meta_text};
use super::write::{ATTEMPTS, check_type, drop_empty};
use super::{Engine, WriteOptions, Written};
use crate::kinds::Kind;
use crate::ownership;
use crate::status::{ApiError, ApiResult};
use crate::store::{Expect, Record, Refused};
use crate::{convert, defaults, typed, validation};

/// What a change makes of the current object.
#[derive(Debug)]
pub(super) struct Change {
    pub(super) value: Value,
    /// Field ownership is already part of `value`, as after a server-side apply.
    pub(super) owned: bool,
    pub(super) warnings: Vec<String>,
}

/// Metadata that only the API writes.
const KEPT: &[&str] = &[
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
];

impl Engine {
    /// `PUT`: replaces the object, or its status.
    pub(crate) fn update(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        mut body: Value,
        options: &WriteOptions,
    ) -> ApiResult<Written> {
        check_type(kind, &body)?;
        let warnings = typed::check_fields(kind, &body, options.validation)?;
        self.fit_namespace(kind, namespace, &mut body)?;
        match meta_text(&body, "name") {
            "" => {
                return Err(ApiError::bad_request(format!(
                    "the name of the object () does not match the name on the URL ({name})"
                )));
            }
            given if given != name => {
                return Err(ApiError::bad_request(format!(
                    "the name of the object ({given}) does not match the name on the URL ({name})"
                )));
            }
            _ => {}
        }
        typed::prune(kind, &mut body);
        if creates_on_update(kind)
            && meta_text(&body, "resourceVersion").is_empty()
            && self.store.get(&kind.collection, &kind.key(namespace, name)).is_none()
        {
            return self.create(kind, namespace, body, options);
        }
        let mut written = self.modify(kind, namespace, name, options, |_| {
            Ok(Change { value: body.clone(), owned: false, warnings: Vec::new() })
        })?;
        written.warnings.extend(warnings);
        Ok(written)
    }

    /// Computes a change of the current object with `change` and stores it, again if another write came between.
    pub(super) fn modify(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        options: &WriteOptions,
        change: impl Fn(&Value) -> ApiResult<Change>,
    ) -> ApiResult<Written> {
        for _ in 0..ATTEMPTS {
            let record = self.find(kind, namespace, name)?;
            let current = self.value_as(kind, &record);
            let Change { mut value, owned, mut warnings } = change(&current)?;
            check_preconditions(kind, name, &record, &value)?;
            keep_what_is_not_written(kind, &current, &mut value, &options.subresource);
            defaults::apply(kind, &mut value);
            if meta::has_generation(kind) && options.subresource != "status" {
                bump_generation(kind, &current, &mut value);
            }
            if !owned {
                ownership::track(kind, &current, &mut value, options);
            }
            self.admit_change(kind, &current, &mut value);
            let errors = self.problems(kind, &value, Some(&current));
            if !errors.is_empty() {
                return Err(ApiError::invalid(kind, name, &errors));
            }
            warnings.extend(validation::warnings(kind, &value));
            if current == value {
                return Ok(Written { value: current, created: false, warnings });
            }
            if options.dry_run {
                return Ok(Written { value, created: false, warnings });
            }
            match self.store_change(kind, &record, &mut value) {
                Ok(()) => return Ok(Written { value, created: false, warnings }),
                Err(Refused::Missing) => return Err(ApiError::not_found(kind, name)),
                Err(_) => {}
            }
        }
        Err(ApiError::modified(kind, name))
    }

    fn store_change(&self, kind: &Kind, record: &Arc<Record>, value: &mut Value) -> Result<(), Refused> {
        let finished = record.deleting
            && value["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty)
            && value["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) == 0
            && value["spec"]["finalizers"].as_array().is_none_or(Vec::is_empty);
        if !finished {
            return self.put(kind, &record.key, value, Expect::Version(record.version)).map(|_| ());
        }
        let mut stored = value.clone();
        convert::to_storage(kind, &mut stored);
        self.remove_record(kind, record, stored)?;
        Ok(())
    }

    /// A change by a simulated controller. `Ok(false)` when the object is gone.
    pub(crate) fn control(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        options: &WriteOptions,
        change: impl Fn(&mut Value),
    ) -> ApiResult<bool> {
        let changed = self.modify(kind, namespace, name, options, |current| {
            let mut value = current.clone();
            change(&mut value);
            Ok(Change { value, owned: false, warnings: Vec::new() })
        });
        match changed {
            Ok(_) => Ok(true),
            Err(error) if error.code == 404 => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Kinds of which a `PUT` to a free name creates the object.
fn creates_on_update(kind: &Kind) -> bool {
    matches!(
        kind.collection.as_ref(),
        "coordination.k8s.io/leases"
            | "/endpoints"
            | "/services"
            | "/events"
            | "/limitranges"
            | "rbac.authorization.k8s.io/roles"
            | "rbac.authorization.k8s.io/rolebindings"
            | "rbac.authorization.k8s.io/clusterroles"
            | "rbac.authorization.k8s.io/clusterrolebindings"
    )
}

fn check_preconditions(kind: &Kind, name: &str, record: &Record, value: &Value) -> ApiResult<()> {
    let uid = meta_text(value, "uid");
    if !uid.is_empty() && uid != &*record.uid {
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            kind.plural, record.key, record.uid
        );
        return Err(ApiError::conflict(kind, name, &why));
    }
    let version = meta_text(value, "resourceVersion");
    if version.is_empty() {
        if kind.custom.is_some() {
            return Err(ApiError::version_required(kind, name));
        }
        return Ok(());
    }
    if version.parse::<u64>() != Ok(record.version) {
        return Err(ApiError::modified(kind, name));
    }
    Ok(())
}

/// Restores what this write may not touch.
fn keep_what_is_not_written(kind: &Kind, current: &Value, value: &mut Value, subresource: &str) {
    if subresource == "status" {
        let status = value["status"].take();
        let managed = value["metadata"]["managedFields"].take();
        // A status write may carry labels and annotations for built-in kinds; custom kinds keep all metadata.
        let annotations = value["metadata"].get("annotations").cloned();
        let finalizers = value["metadata"].get("finalizers").cloned();
        *value = current.clone();
        if let Some(map) = value.as_object_mut() {
            match status {
                Value::Null => map.remove("status"),
                status => map.insert("status".into(), status),
            };
        }
        edit_metadata(value, |metadata| {
            if !managed.is_null() {
                metadata.insert("managedFields".into(), managed);
            }
            if kind.custom.is_none() {
                for (name, part) in [("annotations", annotations), ("finalizers", finalizers)] {
                    match part {
                        Some(part) => metadata.insert(name.into(), part),
                        None => metadata.remove(name),
                    };
                }
                drop_empty(metadata);
            }
        });
        return;
    }
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".into(), kind.api_version().into());
        map.insert("kind".into(), kind.kind.clone().into());
        if kind.has_status_subresource() && subresource != "*" {
            match current.get("status") {
                Some(status) => map.insert("status".into(), status.clone()),
                None => map.remove("status"),
            };
        }
        if kind.is("", "Namespace") && subresource.is_empty() {
            // The finalizers of a namespace are changed only through its finalize subresource.
            let finalizers = current["spec"]["finalizers"].clone();
            if !finalizers.is_null() {
                map.insert("spec".into(), serde_json::json!({ "finalizers": finalizers }));
            }
        }
    }
    edit_metadata(value, |metadata| {
        for name in KEPT {
            match current["metadata"].get(*name) {
                Some(kept) => metadata.insert((*name).to_owned(), kept.clone()),
                None => metadata.remove(*name),
            };
        }
        metadata.insert("resourceVersion".into(), current["metadata"]["resourceVersion"].clone());
        metadata.insert("name".into(), current["metadata"]["name"].clone());
        if let Some(namespace) = current["metadata"].get("namespace") {
            metadata.insert("namespace".into(), namespace.clone());
        }
        drop_empty(metadata);
    });
}

fn bump_generation(kind: &Kind, current: &Value, value: &mut Value) {
    if meta::wanted_part_differs(kind, current, value) {
        let generation = current["metadata"]["generation"].as_i64().unwrap_or(0) + 1;
        edit_metadata(value, |metadata| metadata.insert("generation".into(), generation.into()));
    }
}
