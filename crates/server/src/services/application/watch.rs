//! Streams of changes of applications.
//!
//! All streams read from the one queue of the control plane, which holds records that are shared, not copies; a client
//! that falls behind the queue is told to watch again.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use cluster::{Change, ControlEvent};
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use types::{AppKey, Application};

use super::query::{Filter, version, visible};
use super::to_json;
use crate::call::{Call, Handlers, Replies};
use crate::status::Status;

pub(super) fn register(handlers: &mut Handlers) {
    handlers.stream("application.ApplicationService/Watch", |call| async move { watch(call) });
}

struct Watch {
    call: Call,
    filter: Filter,
    /// Changes before this version are known to the client.
    since: u64,
    replay: VecDeque<Arc<Application>>,
    events: Receiver<ControlEvent>,
    /// The version that was last sent of each application.
    sent: HashMap<AppKey, String>,
    ended: bool,
}

fn watch(call: Call) -> Result<Replies, Status> {
    let filter = Filter::of(&call)?;
    // First the subscription, then the state: whatever happens between them is seen twice rather than never.
    let events = call.core.control.subscribe();
    let since = call.text("resourceVersion").parse().unwrap_or_default();
    let replay = if filter.names_one() || call.text("resourceVersion").is_empty() {
        visible(&call, &filter).into()
    } else {
        VecDeque::new()
    };
    let watch = Watch { call, filter, since, replay, events, sent: HashMap::new(), ended: false };
    Ok(Box::pin(futures::stream::unfold(watch, |mut watch| async move {
        if watch.ended {
            return None;
        }
        let reply = watch.next().await?;
        watch.ended = reply.is_err();
        Some((reply, watch))
    })))
}

impl Watch {
    async fn next(&mut self) -> Option<Result<Value, Status>> {
        if let Some(application) = self.replay.pop_front() {
            self.sent.insert(application.key(), application.metadata.resource_version.clone());
            return Some(event("ADDED", &application));
        }
        loop {
            match self.events.recv().await {
                Ok(ControlEvent::Application(change, application)) => {
                    if self.is_news(change, &application) {
                        let kind = match change {
                            Change::Added => "ADDED",
                            Change::Modified => "MODIFIED",
                            Change::Deleted => "DELETED",
                        };
                        return Some(event(kind, &application));
                    }
                }
                Ok(_) => {}
                Err(RecvError::Lagged(missed)) => {
                    let message = format!("the watch fell behind by {missed} changes; list and watch again");
                    return Some(Err(Status::unavailable(message)));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// Whether the client has to be told.
    fn is_news(&mut self, change: Change, application: &Application) -> bool {
        if !self.filter.matches(application)
            || version(application) < self.since
            || !self.call.caller.allows_application("get", application)
        {
            return false;
        }
        let current = application.metadata.resource_version.clone();
        if change == Change::Deleted {
            self.sent.remove(&application.key());
            return true;
        }
        self.sent.insert(application.key(), current.clone()) != Some(current)
    }
}

fn event(kind: &str, application: &Application) -> Result<Value, Status> {
    Ok(json!({"type": kind, "application": to_json(application)?}))
}
