//! Getting one object and listing many: selectors, pages, resourceVersion rules, and the three forms of an answer.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Engine, Reply, Request};
use crate::http::accept::Form;
use crate::http::query::Query;
use crate::kinds::Kind;
use crate::selector::{FieldSelector, LabelSelector, indexed_fields};
use crate::status::{ApiError, ApiResult};
use crate::store::{Record, Snapshot};
use crate::table;

/// Which objects of a collection a request means.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) namespace: String,
    /// From the path; empty for all.
    pub(crate) name: String,
    pub(crate) labels: LabelSelector,
    pub(crate) fields: FieldSelector,
}

impl Selection {
    pub(crate) fn new(kind: &Kind, namespace: &str, name: &str, query: &Query) -> ApiResult<Self> {
        let known = indexed_fields(&kind.collection);
        let custom = kind.custom.as_deref();
        let fields = FieldSelector::parse(&query.field_selector, |field| {
            known.contains(&field)
                || custom.is_some_and(|custom| custom.selectable.iter().any(|path| path == field))
        })?;
        let labels = LabelSelector::parse(&query.label_selector)?;
        Ok(Selection { namespace: namespace.to_owned(), name: name.to_owned(), labels, fields })
    }

    pub(crate) fn matches(&self, record: &Record) -> bool {
        (self.namespace.is_empty() || record.namespace() == self.namespace)
            && (self.name.is_empty() || record.name() == self.name)
            && (self.labels.is_empty() || self.labels.matches(record))
            && (self.fields.is_empty() || self.fields.matches(record))
    }

    fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }
}

impl Engine {
    /// The stored object, or 404.
    pub(crate) fn find(&self, kind: &Kind, namespace: &str, name: &str) -> ApiResult<Arc<Record>> {
        self.store
            .get(&kind.collection, &kind.key(namespace, name))
            .ok_or_else(|| ApiError::not_found(kind, name))
    }

    pub(super) fn get(
        &self,
        kind: &Kind,
        namespace: &str,
        name: &str,
        request: &Request,
        form: Form,
    ) -> ApiResult<Reply> {
        let record = self.find(kind, namespace, name)?;
        if let Some(asked) = parse_version(&request.query.resource_version)?
            && asked > self.store.version()
        {
            return Err(ApiError::too_large_resource_version(asked, self.store.version()));
        }
        Ok(match form {
            Form::Table => {
                let value = self.value_as(kind, &record);
                let include = request.query.include_object.as_deref();
                Reply::json(
                    200,
                    &table::render(
                        kind,
                        &[value],
                        include,
                        &json!({"resourceVersion": record.version.to_string()}),
                    ),
                )
            }
            Form::Metadata => Reply::json(200, &partial(&self.value_as(kind, &record))),
            _ => Reply::bytes(200, self.render(kind, &record)),
        })
    }

    pub(super) fn list(
        &self,
        kind: &Kind,
        namespace: &str,
        request: &Request,
        form: Form,
    ) -> ApiResult<Reply> {
        let query = &request.query;
        let selection = Selection::new(kind, namespace, "", query)?;
        let (snapshot, start) = self.list_snapshot(kind, namespace, query)?;
        let from = match &start {
            Some(start) => snapshot.records.partition_point(|record| record.key.as_ref() < start.as_str()),
            None => 0,
        };
        let rest = snapshot.records.get(from..).unwrap_or_default();
        let limit = query.limit.unwrap_or(usize::MAX);
        let mut page: Vec<&Arc<Record>> = Vec::with_capacity(rest.len().min(limit));
        let mut next = None;
        let mut remaining = 0;
        for (index, record) in rest.iter().enumerate() {
            if page.len() == limit {
                if rest.get(index..).unwrap_or_default().iter().any(|record| selection.matches(record)) {
                    next = Some(record.key.clone());
                    remaining = rest.len() - index;
                }
                break;
            }
            if selection.matches(record) {
                page.push(record);
            }
        }
        let mut metadata = json!({"resourceVersion": snapshot.version.to_string()});
        if kind.custom.is_some() && form == Form::Json {
            metadata["continue"] = "".into();
        }
        if let Some(key) = next {
            metadata["continue"] = continue_token(snapshot.version, &key).into();
            if selection.is_everything() {
                metadata["remainingItemCount"] = remaining.into();
            }
        }
        Ok(match form {
            Form::Table => {
                let values: Vec<Value> = page.iter().map(|record| self.value_as(kind, record)).collect();
                Reply::json(200, &table::render(kind, &values, query.include_object.as_deref(), &metadata))
            }
            Form::Metadata => {
                let items: Vec<Value> =
                    page.iter().map(|record| partial(&self.value_as(kind, record))).collect();
                Reply::json(
                    200,
                    &json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                            "metadata": metadata, "items": items}),
                )
            }
            _ => Reply::bytes(200, self.list_bytes(kind, &page, &metadata)),
        })
    }

    /// Joins the stored bytes; items of built-in lists carry no `apiVersion` and `kind`, those of custom ones do.
    fn list_bytes(&self, kind: &Kind, page: &[&Arc<Record>], metadata: &Value) -> Vec<u8> {
        let same_version = kind.api_version() == kind.storage_api_version;
        let head = format!(
            "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{metadata},\"items\":[",
            Value::from(kind.list_kind.as_str()),
            Value::from(kind.api_version()),
        );
        let size: usize = page.iter().map(|record| record.json.len() + 1).sum();
        let mut bytes = Vec::with_capacity(head.len() + size + 2);
        bytes.extend_from_slice(head.as_bytes());
        for (index, record) in page.iter().enumerate() {
            if index > 0 {
                bytes.push(b',');
            }
            match (kind.custom.is_some(), same_version) {
                (false, true) => {
                    bytes.push(b'{');
                    bytes.extend_from_slice(record.body());
                }
                (true, _) => bytes.extend_from_slice(&self.render(kind, record)),
                (false, false) => {
                    let mut value = self.value_as(kind, record);
                    if let Some(map) = value.as_object_mut() {
                        map.remove("apiVersion");
                        map.remove("kind");
                    }
                    bytes.extend_from_slice(value.to_string().as_bytes());
                }
            }
        }
        bytes.extend_from_slice(b"]}");
        bytes
    }

    /// The objects to list and the key to start from, by the rules of `continue` and `resourceVersion`.
    fn list_snapshot(
        &self,
        kind: &Kind,
        namespace: &str,
        query: &Query,
    ) -> ApiResult<(Snapshot, Option<String>)> {
        let latest = || self.store.snapshot(&kind.collection, namespace);
        if !query.continue_token.is_empty() {
            let (version, start) = read_continue(&query.continue_token)?;
            let snapshot =
                self.store.snapshot_at(&kind.collection, namespace, version).ok_or_else(|| {
                    ApiError::expired(
                        "The provided continue parameter is too old to display a consistent list result. You can \
                         start a new list without the continue parameter, or use the continue token in this \
                         response to retrieve the remainder of the results. Continuing with the provided token \
                         results in an inconsistent list - objects that were created, modified, or deleted \
                         between the time the first chunk was returned and now may show up in the list.",
                    )
                })?;
            return Ok((snapshot, Some(start)));
        }
        let asked = parse_version(&query.resource_version)?;
        match query.resource_version_match.as_str() {
            "" | "NotOlderThan" => {}
            "Exact" => {}
            other => {
                return Err(ApiError::bad_request(format!(
                    "resourceVersionMatch: Unsupported value: {other:?}: supported values: \"Exact\", \"NotOlderThan\""
                )));
            }
        }
        if !query.resource_version_match.is_empty() && query.resource_version.is_empty() {
            return Err(ApiError::bad_request(
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            ));
        }
        let Some(asked) = asked.filter(|version| *version > 0) else { return Ok((latest(), None)) };
        let current = self.store.version();
        if asked > current {
            return Err(ApiError::too_large_resource_version(asked, current));
        }
        if query.resource_version_match == "Exact" {
            return self
                .store
                .snapshot_at(&kind.collection, namespace, asked)
                .map(|snapshot| (snapshot, None))
                .ok_or_else(|| ApiError::expired("The resourceVersion for the provided list is too old."));
        }
        Ok((latest(), None))
    }
}

/// Reads a resourceVersion parameter; `None` when it is empty.
pub(crate) fn parse_version(text: &str) -> ApiResult<Option<u64>> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        ApiError::bad_request(format!(
            "invalid resource version: resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
        ))
    })
}

fn continue_token(version: u64, start: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": version, "start": start}).to_string())
}

fn read_continue(token: &str) -> ApiResult<(u64, String)> {
    let refused = || ApiError::bad_request("continue key is not valid: encoded start key doesn't parse");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| refused())?;
    match (value["rv"].as_u64(), value["start"].as_str()) {
        (Some(version), Some(start)) => Ok((version, start.to_owned())),
        _ => Err(refused()),
    }
}

/// The object as `PartialObjectMetadata`.
pub(crate) fn partial(value: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value["metadata"]})
}
