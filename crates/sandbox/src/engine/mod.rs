//! The one resource engine: every kind, built-in or custom, goes through the same reading (`read.rs`), writing
//! (`write.rs`, `modify.rs`), deleting (`delete.rs`) and patching (`patch.rs`). What differs between kinds is data
//! ([`Kind`]) or a small table (`crate::defaults`, `crate::validation`). `dispatch.rs` maps requests to operations.

mod admit;
mod delete;
mod dispatch;
mod meta;
mod modify;
mod patch;
mod read;
mod subresources;
mod write;

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::crd;
use crate::faults::Faults;
use crate::http::body::ResponseBody;
use crate::http::query::{FieldValidation, Query};
use crate::kinds::{Kind, KindTable};
use crate::options::Options;
use crate::status::{ApiError, ApiResult};
use crate::store::{Expect, Record, Store};

pub(crate) use delete::{DEFINITION_CLEANUP, DeleteOptions, FOREGROUND, ORPHAN};
pub(crate) use meta::{edit_metadata, now, safe_hash};
pub(crate) use read::{Selection, parse_version, partial};

/// Everything a sandbox is, shared by requests and controllers.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Store,
    pub(crate) options: Options,
    pub(crate) faults: Arc<Faults>,
    kinds: RwLock<Arc<KindTable>>,
    /// The kinds of each definition as last read, by its name, with the uid and generation they were read from.
    definitions: Mutex<HashMap<Box<str>, ReadDefinition>>,
    pub(crate) shutdown: CancellationToken,
    /// Counts up each time all watches are to break.
    pub(crate) disconnects: watch::Sender<u64>,
}

/// What a definition was when it was read, and what it serves.
type ReadDefinition = (String, Vec<Arc<Kind>>);

/// A request, read from HTTP.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: http::Method,
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) accept: String,
    pub(crate) content_type: String,
    pub(crate) user_agent: String,
    pub(crate) body: Bytes,
}

/// An answer on its way to HTTP.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) code: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: ResponseBody,
    pub(crate) warnings: Vec<String>,
}

impl Reply {
    pub(crate) fn json(code: u16, value: &Value) -> Self {
        Reply::bytes(code, value.to_string())
    }

    pub(crate) fn bytes(code: u16, bytes: impl Into<Bytes>) -> Self {
        Reply {
            code,
            content_type: "application/json",
            body: ResponseBody::full(bytes),
            warnings: Vec::new(),
        }
    }

    pub(crate) fn text(code: u16, text: &'static str) -> Self {
        Reply {
            code,
            content_type: "text/plain; charset=utf-8",
            body: ResponseBody::full(text),
            warnings: Vec::new(),
        }
    }
}

/// How to write: what the query and the client say about it.
#[derive(Debug, Clone, Default)]
pub(crate) struct WriteOptions {
    pub(crate) dry_run: bool,
    /// The field manager.
    pub(crate) manager: String,
    pub(crate) validation: FieldValidation,
    /// `status` when only that may change, empty for the object.
    pub(crate) subresource: String,
    /// Server-side apply takes fields from other managers.
    pub(crate) force: bool,
    /// The field ownership of an object that server-side apply makes.
    pub(crate) owned: Option<Value>,
}

impl WriteOptions {
    /// For the simulated controllers.
    pub(crate) fn controller(manager: &str, subresource: &str) -> Self {
        WriteOptions {
            manager: manager.to_owned(),
            subresource: subresource.to_owned(),
            validation: FieldValidation::Ignore,
            ..WriteOptions::default()
        }
    }
}

/// The outcome of a write.
#[derive(Debug)]
pub(crate) struct Written {
    /// The object in the version that was asked for.
    pub(crate) value: Value,
    pub(crate) created: bool,
    pub(crate) warnings: Vec<String>,
}

impl Engine {
    pub(crate) fn new(store: Store, options: Options) -> Self {
        let (disconnects, _) = watch::channel(0);
        Engine {
            store,
            options,
            faults: Arc::new(Faults::default()),
            kinds: RwLock::new(Arc::new(KindTable::builtin())),
            definitions: Mutex::default(),
            shutdown: CancellationToken::new(),
            disconnects,
        }
    }

    /// What is served now.
    pub(crate) fn kinds(&self) -> Arc<KindTable> {
        self.kinds.read().clone()
    }

    /// A built-in kind by group and plural, in its preferred version.
    pub(crate) fn builtin(&self, group: &str, plural: &str) -> ApiResult<Arc<Kind>> {
        let table = self.kinds();
        table
            .group(group)
            .and_then(|versions| versions.iter().find_map(|version| version.kinds.get(plural).cloned()))
            .ok_or_else(ApiError::no_such_resource)
    }

    /// The preferred kind whose objects live in a collection.
    pub(crate) fn kind_of_collection(&self, collection: &str) -> Option<Arc<Kind>> {
        let (group, plural) = collection.split_once('/')?;
        let table = self.kinds();
        table.group(group)?.iter().find_map(|version| version.kinds.get(plural).cloned())
    }

    /// Reads the definitions again and gives new ones their conditions. Called after every write to one, so that
    /// a client can use a custom kind as soon as the answer is there.
    pub(crate) fn refresh_definitions(&self) {
        let Ok(definitions) = self.builtin("apiextensions.k8s.io", "customresourcedefinitions") else {
            return;
        };
        let mut known = self.definitions.lock();
        let mut current = HashMap::new();
        let mut table = KindTable::builtin();
        for record in self.store.snapshot(&definitions.collection, "").records {
            let mut value = record.value();
            let mark = format!("{}/{}", record.uid, value["metadata"]["generation"]);
            let kinds = match known.remove(record.name()) {
                Some((seen, kinds)) if seen == mark => kinds,
                _ => crd::kinds(&value).into_iter().map(Arc::new).collect(),
            };
            for kind in &kinds {
                table.insert(kind.clone());
            }
            current.insert(record.name().into(), (mark, kinds));
            if record.deleting {
                continue;
            }
            let status = crd::established_status(&value, &meta::now());
            if value["status"] != status
                && let Some(map) = value.as_object_mut()
            {
                map.insert("status".into(), status);
                // Losing the race means that another refresh follows.
                let _ = self.store.put(
                    &definitions.collection,
                    &record.key,
                    &mut value,
                    Expect::Version(record.version),
                );
            }
        }
        *known = current;
        *self.kinds.write() = Arc::new(table);
    }

    /// The JSON of a stored object in the version of `kind`.
    pub(crate) fn render(&self, kind: &Kind, record: &Record) -> Bytes {
        if kind.api_version() == kind.storage_api_version {
            return record.json.clone();
        }
        Bytes::from(self.value_as(kind, record).to_string())
    }

    /// A stored object in the version of `kind`.
    pub(crate) fn value_as(&self, kind: &Kind, record: &Record) -> Value {
        let mut value = record.value();
        if kind.api_version() != kind.storage_api_version {
            crate::convert::from_storage(kind, &mut value);
        }
        value
    }
}
