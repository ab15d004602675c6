//! One request on its way through the server, whatever protocol it came by, and the table of handlers.
//!
//! ```text
//! gateway (REST) ─┐                                        ┌─ services/*
//! grpc ───────────┴─▶ dispatch: who calls? ─▶ handler ─────┴─▶ Reply: one value, or a stream of them
//! ```

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::Stream;
use http::HeaderMap;
use serde_json::Value;

use crate::access::Caller;
use crate::api::Method;
use crate::core::Core;
use crate::session::Presented;
use crate::status::{Code, Status};

/// A stream of replies.
pub(crate) type Replies = Pin<Box<dyn Stream<Item = Result<Value, Status>> + Send>>;

/// What a handler answers.
pub(crate) enum Answer {
    /// One reply.
    One(Value),
    /// Replies until the client or the server ends it.
    Many(Replies),
}

/// An answer, and what the protocol has to tell beside it.
pub(crate) struct Reply {
    pub(crate) answer: Answer,
    /// A token that the client is to use from now on, as a cookie for browsers; empty to forget the one it has.
    pub(crate) token: Option<String>,
    /// Whether the token replaces one that is about to expire.
    pub(crate) renewed: bool,
}

/// A request as handlers see it.
pub(crate) struct Call {
    pub(crate) core: Arc<Core>,
    /// Who calls, and what they may do.
    pub(crate) caller: Caller,
    /// The request message, with the keys of the definition.
    pub(crate) request: Value,
    /// What follows it in the methods that take a stream of messages.
    pub(crate) further: Vec<Value>,
}

impl Call {
    /// A text of the request; empty when it is absent.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.request.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// A boolean of the request, if it is there.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.request.get(key).and_then(Value::as_bool)
    }

    /// An integer of the request, if it is there.
    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        self.request.get(key).and_then(Value::as_i64)
    }

    /// The texts of a list of the request.
    pub(crate) fn texts(&self, key: &str) -> Vec<&str> {
        let list = self.request.get(key).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).filter(|text| !text.is_empty()).collect()
    }

    /// A part of the request as a record.
    pub(crate) fn record<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<T, Status> {
        let value = self.request.get(key).cloned().unwrap_or(Value::Null);
        serde_json::from_value(value).map_err(|error| Status::invalid(format!("{key}: {error}")))
    }
}

/// Who may call a method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// Anybody; a broken or missing token only means that nobody is known.
    Open,
    /// Those with a valid session. What they may do there is the handler's question.
    Session,
}

type Function = Box<dyn Fn(Call) -> BoxFuture<'static, Result<Reply, Status>> + Send + Sync>;

/// The handlers by `service/method`.
#[derive(Default)]
pub(crate) struct Handlers {
    table: HashMap<&'static str, (Door, Function)>,
}

impl Handlers {
    /// Registers a handler that gives one value.
    pub(crate) fn unary<F, R>(&mut self, method: &'static str, handler: F)
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Value, Status>> + Send + 'static,
    {
        self.add(method, Door::Session, move |call| {
            let answer = handler(call);
            async move { Ok(Reply { answer: Answer::One(answer.await?), token: None, renewed: false }) }
        });
    }

    /// Registers a handler that gives a stream.
    pub(crate) fn stream<F, R>(&mut self, method: &'static str, handler: F)
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Replies, Status>> + Send + 'static,
    {
        self.add(method, Door::Session, move |call| {
            let answer = handler(call);
            async move { Ok(Reply { answer: Answer::Many(answer.await?), token: None, renewed: false }) }
        });
    }

    /// Registers any handler.
    pub(crate) fn add<F, R>(&mut self, method: &'static str, door: Door, handler: F)
    where
        F: Fn(Call) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Reply, Status>> + Send + 'static,
    {
        self.table.insert(method, (door, Box::new(move |call| Box::pin(handler(call)))));
    }

    /// The registered methods.
    #[cfg(test)]
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.table.keys().copied()
    }
}

/// Finds out who calls, and has the method's handler answer. `further` are the messages after the request in methods that
/// take a stream of them.
pub(crate) async fn dispatch(
    core: &Arc<Core>,
    method: &Method,
    headers: &HeaderMap,
    request: Value,
    further: Vec<Value>,
) -> Result<Reply, Status> {
    let name = method.full_name();
    let Some((door, handler)) = core.handlers.table.get(name.as_str()) else {
        return Err(Status::new(
            Code::Unimplemented,
            format!(
                "{name} is not served by this version of Argosy; see its release notes for what is, or change the record with kubectl"
            ),
        ));
    };
    let presented = Presented::of(headers);
    let session = core.sessions.authenticate(&presented, &core.control);
    let (identity, renewed) = match (session, door) {
        (Ok(session), _) => (session.identity, session.renewed),
        (Err(_), Door::Open) => (None, None),
        (Err(status), Door::Session) => return Err(status),
    };
    let caller = Caller::new(core.clone(), identity);
    let mut reply = handler(Call { core: core.clone(), caller, request, further }).await?;
    if let (None, Some(token)) = (&reply.token, renewed) {
        reply.token = Some(token);
        reply.renewed = true;
    }
    Ok(reply)
}
