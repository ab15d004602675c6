//! Watches: a stream of changes of one collection from a resourceVersion on, or from the present state.
//!
//! A watcher keeps no queue. It remembers the version it has reached and, woken by the store, reads the window of
//! changes from there; so a slow client costs nothing, and one that falls out of the window gets 410 as from a real
//! API server. Neighbors: `crate::store` keeps the window, `engine::read` selects objects.

use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use crate::engine::{Engine, Reply, Selection, parse_version, partial};
use crate::error::SandboxError;
use crate::faults::Fault;
use crate::http::accept::Form;
use crate::http::body::ResponseBody;
use crate::http::query::Query;
use crate::kinds::Kind;
use crate::status::{ApiError, ApiResult};
use crate::store::{Change, ChangeType, Record, Since};
use crate::table;

/// Changes read from the store at once.
const BATCH: usize = 256;
/// Initial objects put into one piece of the stream.
const PIECE_BYTES: usize = 256 * 1024;

struct Watcher {
    engine: Arc<Engine>,
    kind: Arc<Kind>,
    selection: Selection,
    form: Form,
    include_object: Option<String>,
    bookmarks: bool,
    /// Objects still to be told before changes.
    initial: std::vec::IntoIter<Arc<Record>>,
    /// The version whose state `initial` is, while its end must be announced.
    announce_end: bool,
    reached: u64,
    wake: tokio::sync::watch::Receiver<u64>,
    disconnects: tokio::sync::watch::Receiver<u64>,
    deadline: Instant,
    next_bookmark: Instant,
    columns_sent: bool,
    ended: bool,
}

/// Starts a watch of a collection or, with a name, of one object.
pub(crate) fn start(
    engine: &Arc<Engine>,
    kind: &Arc<Kind>,
    namespace: &str,
    name: &str,
    query: &Query,
    form: Form,
) -> ApiResult<Reply> {
    let selection = Selection::new(kind, namespace, name, query)?;
    check_options(query)?;
    let asked = parse_version(&query.resource_version)?.unwrap_or(0);
    let wake = engine.store.subscribe(&kind.collection);
    let streams_list = query.send_initial_events == Some(true);
    let from_now = asked == 0 && query.send_initial_events != Some(false);
    let (initial, reached) = if streams_list || from_now {
        let current = engine.store.version();
        if asked > current {
            return Err(ApiError::too_large_resource_version(asked, current));
        }
        let snapshot = engine.store.snapshot(&kind.collection, namespace);
        (snapshot.records, snapshot.version)
    } else if asked == 0 {
        (Vec::new(), engine.store.version())
    } else {
        (Vec::new(), asked)
    };
    let now = Instant::now();
    let timeout = query.timeout_seconds.map_or(engine.options.watch_timeout, Duration::from_secs);
    let watcher = Watcher {
        selection,
        form,
        include_object: query.include_object.clone(),
        bookmarks: query.allow_watch_bookmarks,
        initial: initial.into_iter(),
        announce_end: streams_list,
        reached,
        wake,
        disconnects: engine.disconnects.subscribe(),
        deadline: now + timeout,
        next_bookmark: now + engine.options.bookmark_interval,
        columns_sent: false,
        ended: false,
        engine: engine.clone(),
        kind: kind.clone(),
    };
    let pieces = stream::unfold(watcher, |mut watcher| async move {
        let piece = watcher.next().await?;
        Some((piece, watcher))
    });
    Ok(Reply {
        code: 200,
        content_type: "application/json",
        body: ResponseBody::stream(pieces),
        warnings: Vec::new(),
    })
}

fn check_options(query: &Query) -> ApiResult<()> {
    let refused =
        |field: &str, why: &str| Err(ApiError::invalid_list_options(field, &format!("Forbidden: {why}")));
    match (query.send_initial_events.is_some(), query.resource_version_match.as_str()) {
        (false, "") => Ok(()),
        (false, _) => refused(
            "resourceVersionMatch",
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (true, "NotOlderThan") => Ok(()),
        (true, "") => refused(
            "resourceVersionMatch",
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (true, other) => Err(ApiError::invalid_list_options(
            "resourceVersionMatch",
            &format!("Unsupported value: {other:?}: supported values: \"NotOlderThan\""),
        )),
    }
}

impl Watcher {
    /// The next piece of the stream; `None` at its end.
    async fn next(&mut self) -> Option<Result<Bytes, SandboxError>> {
        loop {
            if self.ended {
                return None;
            }
            let mut piece = BytesMut::new();
            if self.initial.len() > 0 || self.announce_end {
                self.tell_initial(&mut piece);
            } else {
                self.tell_changes(&mut piece);
            }
            if !piece.is_empty() {
                return Some(Ok(piece.freeze()));
            }
            if self.ended {
                return None;
            }
            // Marked as seen first, so that no change between the look and the sleep is missed.
            if self.wake.has_changed().unwrap_or(false) && *self.wake.borrow_and_update() > self.reached {
                continue;
            }
            tokio::select! {
                changed = self.wake.changed() => if changed.is_err() { return None },
                () = sleep_until(self.deadline) => {
                    self.ended = true;
                    return self.bookmarks.then(|| Ok(self.bookmark(false)));
                }
                () = sleep_until(self.next_bookmark), if self.bookmarks => {
                    self.next_bookmark = Instant::now() + self.engine.options.bookmark_interval;
                    let mut piece = BytesMut::new();
                    self.tell_changes(&mut piece);
                    piece.put(self.bookmark(false));
                    return Some(Ok(piece.freeze()));
                }
                _ = self.disconnects.changed() => {
                    self.ended = true;
                    return Some(Err(SandboxError::Dropped));
                }
                () = self.engine.shutdown.cancelled() => return None,
            }
        }
    }

    fn tell_initial(&mut self, piece: &mut BytesMut) {
        while piece.len() < PIECE_BYTES {
            let Some(record) = self.initial.next() else {
                if std::mem::take(&mut self.announce_end) && self.bookmarks {
                    piece.put(self.bookmark(true));
                }
                return;
            };
            if self.selection.matches(&record) {
                self.event(piece, "ADDED", &record, None);
            }
        }
    }

    fn tell_changes(&mut self, piece: &mut BytesMut) {
        loop {
            match self.engine.store.since(&self.kind.collection, self.reached, BATCH) {
                Since::TooOld(current) => {
                    let message = format!("too old resource version: {} ({current})", self.reached);
                    error_event(piece, &ApiError::expired(message));
                    self.ended = true;
                    return;
                }
                Since::Changes(changes, reached) => {
                    for change in &changes {
                        self.change(piece, change);
                    }
                    self.reached = self.reached.max(reached);
                    if changes.len() < BATCH || piece.len() >= PIECE_BYTES {
                        return;
                    }
                }
            }
        }
    }

    /// An object that begins or ceases to match is added or deleted as far as this watch can tell.
    fn change(&mut self, piece: &mut BytesMut, change: &Change) {
        let before = change.previous.as_ref().filter(|record| self.selection.matches(record));
        let now = change.change != ChangeType::Deleted && self.selection.matches(&change.record);
        match (before, now) {
            (None, true) => self.event(piece, "ADDED", &change.record, None),
            (Some(_), true) => self.event(piece, "MODIFIED", &change.record, None),
            (Some(_), false) if change.change == ChangeType::Deleted => {
                self.event(piece, "DELETED", &change.record, None);
            }
            (Some(before), false) => self.event(piece, "DELETED", &before.clone(), Some(change.version)),
            (None, false) => {}
        }
    }

    fn event(&mut self, piece: &mut BytesMut, event: &str, record: &Record, version: Option<u64>) {
        piece.put_slice(b"{\"type\":\"");
        piece.put_slice(event.as_bytes());
        piece.put_slice(b"\",\"object\":");
        if self.form == Form::Json && version.is_none() {
            piece.put(self.engine.render(&self.kind, record));
        } else {
            let mut value = self.engine.value_as(&self.kind, record);
            if let Some(version) = version {
                value["metadata"]["resourceVersion"] = version.to_string().into();
            }
            let shown = match self.form {
                Form::Table => {
                    let metadata = json!({"resourceVersion": value["metadata"]["resourceVersion"]});
                    let mut shown =
                        table::render(&self.kind, &[value], self.include_object.as_deref(), &metadata);
                    if std::mem::replace(&mut self.columns_sent, true) {
                        shown["columnDefinitions"] = Value::Null;
                    }
                    shown
                }
                Form::Metadata => partial(&value),
                _ => value,
            };
            piece.put_slice(shown.to_string().as_bytes());
        }
        piece.put_slice(b"}\n");
    }

    fn bookmark(&self, initial_events_end: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": self.reached.to_string()});
        if initial_events_end {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = match self.form {
            Form::Metadata => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
            }
            Form::Table => json!({
                "kind": "Table", "apiVersion": "meta.k8s.io/v1",
                "metadata": {"resourceVersion": self.reached.to_string()},
                "columnDefinitions": null,
                "rows": [{"cells": null, "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}}],
            }),
            _ => json!({"kind": self.kind.kind, "apiVersion": self.kind.api_version(), "metadata": metadata}),
        };
        Bytes::from(format!("{}\n", json!({"type": "BOOKMARK", "object": object})))
    }
}

fn error_event(piece: &mut BytesMut, error: &ApiError) {
    piece.put_slice(format!("{}\n", json!({"type": "ERROR", "object": error.to_value()})).as_bytes());
}

/// Makes the faults of open watches part of an answer.
pub(crate) fn inject(reply: &mut Reply, faults: &[Fault]) {
    use futures::StreamExt as _;
    for fault in faults {
        match fault {
            Fault::WatchError(code) => {
                let mut piece = BytesMut::new();
                error_event(&mut piece, &ApiError::injected(*code));
                reply.body = ResponseBody::stream(stream::iter([Ok(piece.freeze())]));
            }
            Fault::WatchBreak(events) => {
                let body = std::mem::replace(&mut reply.body, ResponseBody::full(Bytes::new()));
                let lines = body.into_pieces().flat_map(|piece| {
                    let lines: Vec<Result<Bytes, SandboxError>> = match piece {
                        Ok(bytes) => bytes
                            .split_inclusive(|byte| *byte == b'\n')
                            .map(|line| Ok(bytes.slice_ref(line)))
                            .collect(),
                        Err(error) => vec![Err(error)],
                    };
                    stream::iter(lines)
                });
                let broken = stream::iter([Err(SandboxError::Dropped)]);
                reply.body = ResponseBody::stream(lines.take(*events).chain(broken));
            }
            _ => {}
        }
    }
}
