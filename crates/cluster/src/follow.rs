//! Following one collection of objects: list it completely, then watch it, and never lose or invent anything.
//!
//! ```text
//!            ┌──────────── version expired (410), or refused repeatedly ────────────┐
//!            ▼                                                                      │
//!   list ─ pages or a stream of initial events ─▶ complete ─▶ watch from its version ┤
//!            │ broken: start over, nothing is forgotten             │ broken, ended:  │
//!            └──────────────◀───────────────┘                       └─ resume at the last version seen
//! ```
//!
//! A [`Sink`] is told what is there. Only after a *complete* list is it told so, and only then may it drop what the
//! list did not name; a partial list thus never deletes. Both the control plane's own records (`control`) and the
//! cache of a live cluster (`live`) are fed from here.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use http::Method;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::Error;
use crate::request::{Api, Call};
use crate::resource::segment;

/// What is told about a collection.
pub(crate) trait Sink: Send {
    /// A complete list begins; what was told before stays valid until [`Sink::complete`].
    fn begin(&mut self);
    /// An object is there, as JSON. Answers its resourceVersion.
    fn present(&mut self, object: &[u8]) -> Result<String, serde_json::Error>;
    /// An object, as JSON in its last state, is gone. Answers its resourceVersion.
    fn deleted(&mut self, object: &[u8]) -> Result<String, serde_json::Error>;
    /// The list that began is complete, at this resourceVersion: what it did not name is gone.
    fn complete(&mut self, version: &str);
    /// The collection cannot be read just now (`Some`), or can be again (`None`).
    fn trouble(&mut self, error: Option<&Error>);
    /// The collection may not be listed, and is left out for a long while. What was told before stays: a refusal does
    /// not say that anything is gone.
    fn left_out(&mut self, error: &Error) {
        self.trouble(Some(error));
    }
}

/// What is done when a collection may not be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Forbidden {
    /// It is tried again like after any failure.
    Retry,
    /// It is left out.
    LeaveOut,
    /// It is left out if the API server confirms that the user may not list it.
    Review(Attributes),
}

/// What an access review is about: the resource of a collection, in one namespace or in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Attributes {
    pub(crate) verb: &'static str,
    pub(crate) group: String,
    pub(crate) resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
}

/// What to follow.
pub(crate) struct Follow {
    pub(crate) api: Api,
    /// The collection for errors: `apps/Deployment`.
    pub(crate) name: String,
    /// The path of the collection.
    pub(crate) path: String,
    /// Limits how many lists run at the same time.
    pub(crate) lists: Arc<Semaphore>,
    /// Whether the server sends initial events on watches; turned off when it turns out that it does not.
    pub(crate) streaming: Arc<AtomicBool>,
    pub(crate) forbidden: Forbidden,
    pub(crate) timing: Timing,
}

/// The delays of following; tests make them short.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// The first delay after a failure; doubles with each.
    pub(crate) backoff: Duration,
    /// The longest delay after failures.
    pub(crate) backoff_cap: Duration,
    /// The shortest time after which a watch is renewed; up to twice as long by chance.
    pub(crate) watch: Duration,
    /// How long a stream of initial events may be silent.
    pub(crate) initial_silence: Duration,
    /// After how long a collection that was left out is tried again.
    pub(crate) left_out: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            backoff: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(30),
            watch: Duration::from_secs(290),
            initial_silence: Duration::from_secs(30),
            left_out: Duration::from_secs(600),
        }
    }
}

/// The first page asks for so many objects.
const PAGE: usize = 500;
/// Pages above this size are asked for with fewer objects.
const PAGE_BYTES: usize = 8 * 1024 * 1024;
/// A watch that is refused so often in a row, for whatever reason, is started over with a list.
const REFUSALS: u32 = 5;

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(default)]
    metadata: types::ListMeta,
    #[serde(default, borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Bookmark {
    metadata: types::ObjectMeta,
}

/// How a watch ended.
enum Ended {
    /// It can be resumed at the last version seen.
    Resume,
    /// The version is too old.
    Expired,
}

impl Follow {
    /// Follows for ever; drop the future to stop.
    pub(crate) async fn run(self, mut sink: impl Sink) {
        let mut failures = 0_u32;
        loop {
            let listed = self.list(&mut sink).await;
            match listed {
                Ok(version) => {
                    failures = 0;
                    self.watch(version, &mut sink).await;
                }
                Err(error) if error.is_forbidden() && self.is_really_forbidden().await => {
                    sink.left_out(&error);
                    tokio::time::sleep(self.timing.left_out).await;
                }
                Err(error) => {
                    sink.trouble(Some(&error));
                    tokio::time::sleep(self.delay(failures)).await;
                    failures = failures.saturating_add(1);
                }
            }
        }
    }

    /// Whether a refusal to list the collection is to be taken for good.
    async fn is_really_forbidden(&self) -> bool {
        #[derive(Deserialize)]
        struct Review {
            status: Status,
        }
        #[derive(Deserialize)]
        struct Status {
            allowed: bool,
        }
        let attributes = match &self.forbidden {
            Forbidden::Retry => return false,
            Forbidden::LeaveOut => return true,
            Forbidden::Review(attributes) => attributes,
        };
        let action = format!("ask whether {} may be listed", self.name);
        let body = serde_json::json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let call = Call::with_body(Method::POST, &action, path, body.to_string().into_bytes());
        match self.api.json::<Review>(call).await {
            Ok(review) => !review.status.allowed,
            Err(error) => {
                // In doubt it is tried again.
                tracing::warn!(collection = self.name, %error, "a refusal cannot be confirmed");
                false
            }
        }
    }

    /// Exponential with a cap, and by chance between half and one and a half of that.
    fn delay(&self, failures: u32) -> Duration {
        let base = self.timing.backoff.saturating_mul(1 << failures.min(16)).min(self.timing.backoff_cap);
        base.mul_f64(rand::rng().random_range(0.5..1.5))
    }

    async fn list(&self, sink: &mut impl Sink) -> Result<String, Error> {
        let permit = self.lists.acquire().await;
        let result = if self.streaming.load(Ordering::Relaxed) {
            match self.list_streaming(sink).await {
                Ok(version) => Ok(version),
                // Servers without the feature refuse the parameter, or ignore it and never mark the end.
                Err(error)
                    if matches!(error.code(), 400 | 405 | 422) || matches!(error, Error::Deadline { .. }) =>
                {
                    tracing::debug!(collection = self.name, %error, "lists by watch are not possible, using pages");
                    self.streaming.store(false, Ordering::Relaxed);
                    self.list_pages(sink).await
                }
                Err(error) => Err(error),
            }
        } else {
            self.list_pages(sink).await
        };
        drop(permit);
        if let Ok(version) = &result {
            sink.complete(version);
            sink.trouble(None);
        }
        result
    }

    async fn list_pages(&self, sink: &mut impl Sink) -> Result<String, Error> {
        let action = format!("list {}", self.name);
        sink.begin();
        let (mut continue_token, mut limit) = (String::new(), PAGE);
        loop {
            let mut path = format!("{}?limit={limit}", self.path);
            if !continue_token.is_empty() {
                path.push_str("&continue=");
                path.push_str(&segment(&continue_token));
            }
            let bytes = self.api.bytes(Call::get(&action, &path)).await?;
            if bytes.len() > PAGE_BYTES {
                limit = (limit / 2).max(10);
            }
            let page: Page<'_> = serde_json::from_slice(&bytes)
                .map_err(|error| self.api.answer(&action, &error.to_string()))?;
            for item in page.items.unwrap_or_default() {
                self.tell(sink.present(item.get().as_bytes()));
            }
            if page.metadata.continue_token.is_empty() {
                return Ok(page.metadata.resource_version);
            }
            continue_token = page.metadata.continue_token;
        }
    }

    async fn list_streaming(&self, sink: &mut impl Sink) -> Result<String, Error> {
        let action = format!("list {}", self.name);
        let path = format!(
            "{}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
            self.path
        );
        sink.begin();
        let lines = self.api.lines(Call::get(&action, &path)).await?;
        futures::pin_mut!(lines);
        loop {
            let silence = self.timing.initial_silence;
            let line = tokio::time::timeout(silence, lines.next()).await.map_err(|_| Error::Deadline {
                action: action.clone(),
                server: self.api.server().to_owned(),
                after: silence,
            })?;
            let Some(line) = line.transpose()? else {
                return Err(Error::Unreachable {
                    action,
                    server: self.api.server().to_owned(),
                    message: "the list ended before it was complete".to_owned(),
                });
            };
            let event = self.event(&action, &line)?;
            match event.kind.as_ref() {
                "ADDED" | "MODIFIED" => self.tell(sink.present(event.object.get().as_bytes())),
                "DELETED" => self.tell(sink.deleted(event.object.get().as_bytes())),
                "BOOKMARK" => {
                    let bookmark: Bookmark = self.decode(&action, event.object)?;
                    let ends = bookmark.metadata.annotations.get("k8s.io/initial-events-end");
                    if ends.is_some_and(|value| value == "true") {
                        return Ok(bookmark.metadata.resource_version);
                    }
                }
                "ERROR" => return Err(self.api.refusal(&action, 500, event.object.get().as_bytes())),
                _ => {}
            }
        }
    }

    /// Watches and resumes until only a new list helps.
    async fn watch(&self, mut version: String, sink: &mut impl Sink) {
        let (mut failures, mut refusals) = (0_u32, 0_u32);
        loop {
            let (before, started) = (version.clone(), Instant::now());
            match self.watch_once(&mut version, sink).await {
                Ok(Ended::Expired) => return,
                Ok(Ended::Resume) => {
                    sink.trouble(None);
                    refusals = 0;
                    // A server that ends watches at once must not be asked in a busy loop.
                    if version != before || started.elapsed() > Duration::from_secs(5) {
                        failures = 0;
                        continue;
                    }
                }
                Err(error) => {
                    tracing::debug!(collection = self.name, %error, "watch broke");
                    sink.trouble(Some(&error));
                    if version != before {
                        (failures, refusals) = (0, 0);
                    }
                    if !matches!(error, Error::Unreachable { .. } | Error::Deadline { .. }) {
                        refusals += 1;
                        if refusals >= REFUSALS {
                            return;
                        }
                    }
                }
            }
            tokio::time::sleep(self.delay(failures)).await;
            failures = failures.saturating_add(1);
        }
    }

    async fn watch_once(&self, version: &mut String, sink: &mut impl Sink) -> Result<Ended, Error> {
        let action = format!("watch {}", self.name);
        let lasts = self.timing.watch.mul_f64(rand::rng().random_range(1.0..2.0));
        let path = format!(
            "{}?watch=true&allowWatchBookmarks=true&resourceVersion={}&timeoutSeconds={}",
            self.path,
            segment(version),
            lasts.as_secs().max(1)
        );
        let opened = self.api.lines(Call::get(&action, &path)).await;
        let lines = match opened {
            Ok(lines) => lines,
            Err(error) if error.is_gone() => return Ok(Ended::Expired),
            Err(error) => return Err(error),
        };
        sink.trouble(None);
        futures::pin_mut!(lines);
        // The server ends the watch in time; a connection that has died silently is given up a little later.
        let end = Instant::now() + lasts + Duration::from_secs(15);
        loop {
            let Ok(line) = tokio::time::timeout_at(end, lines.next()).await else { return Ok(Ended::Resume) };
            let Some(line) = line.transpose()? else { return Ok(Ended::Resume) };
            let event = self.event(&action, &line)?;
            let told = match event.kind.as_ref() {
                "ADDED" | "MODIFIED" => sink.present(event.object.get().as_bytes()),
                "DELETED" => sink.deleted(event.object.get().as_bytes()),
                "BOOKMARK" => {
                    self.decode::<Bookmark>(&action, event.object).map(|bookmark| {
                        version.clone_from(&bookmark.metadata.resource_version);
                    })?;
                    continue;
                }
                "ERROR" => {
                    let error = self.api.refusal(&action, 500, event.object.get().as_bytes());
                    return if error.is_gone() { Ok(Ended::Expired) } else { Err(error) };
                }
                _ => continue,
            };
            match told {
                Ok(seen) if !seen.is_empty() => *version = seen,
                Ok(_) => {}
                Err(error) => self.tell(Err(error)),
            }
        }
    }

    fn event<'a>(&self, action: &str, line: &'a [u8]) -> Result<Event<'a>, Error> {
        serde_json::from_slice(line).map_err(|error| self.api.answer(action, &error.to_string()))
    }

    fn decode<'a, T: Deserialize<'a>>(&self, action: &str, object: &'a RawValue) -> Result<T, Error> {
        serde_json::from_str(object.get()).map_err(|error| self.api.answer(action, &error.to_string()))
    }

    /// One object that cannot be read must not hide the others.
    fn tell(&self, told: Result<String, serde_json::Error>) {
        if let Err(error) = told {
            tracing::warn!(collection = self.name, %error, "an object cannot be read and is left out");
        }
    }
}
