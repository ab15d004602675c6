//! Streams of changes of records.
//!
//! All streams read from the one queue of the control plane, which holds records that are shared, not copies; a client
//! that falls behind the queue is told to watch again. A client that gives the `resourceVersion` of its list misses nothing
//! of what happens after that list.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use cluster::{Change, ControlEvent, Record};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use types::AppKey;

use crate::call::{Call, Replies};
use crate::status::Status;

/// What a stream begins with.
pub(super) enum Start {
    /// All records that are seen.
    Present,
    /// What has changed since the list that the client has, if it names one.
    Changes,
}

/// Which records a client wants and may see.
pub(super) type Sight<T> = Box<dyn Fn(&Call, &T) -> bool + Send>;

/// Streams the changes of the records in sight, with each record under `name`.
pub(super) fn watch<T: Record>(call: Call, start: Start, name: &'static str, sight: Sight<T>) -> Replies {
    let control = &call.core.control;
    // First the subscription, then the state: whatever happens between them is seen twice rather than never.
    let events = control.subscribe();
    let listed = call.text("resourceVersion");
    let since = listed.parse().unwrap_or_default();
    let mut replay = VecDeque::new();
    if !listed.is_empty() {
        replay.extend(control.changes_after::<T>(since));
    }
    if matches!(start, Start::Present) {
        replay.retain(|(change, _)| *change == Change::Deleted);
        replay.extend(control.list::<T>().0.into_iter().map(|record| (Change::Added, record)));
    }
    let watch = Watch { call, name, sight, since, replay, events, sent: HashMap::new(), ended: false };
    Box::pin(futures::stream::unfold(watch, |mut watch| async move {
        if watch.ended {
            return None;
        }
        let reply = watch.next().await?;
        watch.ended = reply.is_err();
        Some((reply, watch))
    }))
}

struct Watch<T> {
    call: Call,
    name: &'static str,
    sight: Sight<T>,
    /// Changes before this version are known to the client.
    since: u64,
    /// What the client has not been told of the time before the subscription.
    replay: VecDeque<(Change, Arc<T>)>,
    events: Receiver<ControlEvent>,
    /// The version that was last sent of each record, or of its deletion.
    sent: HashMap<AppKey, u64>,
    ended: bool,
}

impl<T: Record> Watch<T> {
    async fn next(&mut self) -> Option<Result<Value, Status>> {
        while let Some((change, record)) = self.replay.pop_front() {
            if self.is_news(&record, 0) {
                return Some(self.event(change, &record));
            }
        }
        loop {
            match self.events.recv().await {
                Ok(event) => {
                    if let Some((change, record)) = T::of_event(&event)
                        && self.is_news(record, self.since)
                    {
                        return Some(self.event(change, record));
                    }
                }
                Err(RecvError::Lagged(missed)) => {
                    let message = format!("the watch fell behind by {missed} changes; list and watch again");
                    return Some(Err(Status::unavailable(message)));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Whether the client has to be told. What it has been told of a record is never taken back by something older.
    fn is_news(&mut self, record: &T, since: u64) -> bool {
        // A version that is no number has no order, and is always told.
        let version = record.metadata().resource_version.parse().unwrap_or(u64::MAX);
        if version < since || !(self.sight)(&self.call, record) {
            return false;
        }
        let key = AppKey::new(&record.metadata().namespace, &record.metadata().name);
        let sent = self.sent.entry(key).or_default();
        let is_newer = *sent < version || version == u64::MAX;
        *sent = version.max(*sent);
        is_newer
    }

    fn event(&self, change: Change, record: &T) -> Result<Value, Status> {
        let kind = match change {
            Change::Added => "ADDED",
            Change::Modified => "MODIFIED",
            Change::Deleted => "DELETED",
        };
        let record = serde_json::to_value(record)
            .map_err(|error| Status::internal(format!("cannot write a record: {error}")))?;
        Ok(json!({"type": kind, self.name: record}))
    }
}
