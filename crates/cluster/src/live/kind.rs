//! One watched kind: what it is told goes into the store, and what changed to the subscribers.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use object::GroupKind;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use types::settings::RespectRbac;

use super::{Inner, LiveChange};
use crate::Error;
use crate::cache::{Decoder, Identity, LiveKind, LiveObject};
use crate::follow::{Attributes, Follow, Forbidden, Sink};
use crate::live::state::Phase;
use crate::resource::ApiResource;

/// A kind that is watched.
pub(super) struct KindState {
    pub(super) resource: ApiResource,
    tasks: Vec<AbortHandle>,
    /// Watches (one a namespace, if there are namespaces) whose first list is not complete.
    pending: usize,
    /// Why it cannot be read just now.
    trouble: Option<Trouble>,
}

struct Trouble {
    message: String,
    since: Instant,
    /// The server answers, but will not list the objects: a refusal by RBAC, a broken conversion, an aggregated API
    /// that is down for long. The cluster as a whole does not wait for this.
    refused: bool,
}

/// A server that answers, but only that it cannot now, is given so long.
const PATIENCE: Duration = Duration::from_secs(20);

impl Trouble {
    fn new(error: &Error, before: Option<&Trouble>) -> Self {
        let since = before.map_or_else(Instant::now, |before| before.since);
        let can_pass = matches!(error.code(), 429 | 502..=504) && since.elapsed() < PATIENCE;
        Trouble { message: error.to_string(), since, refused: error.code() != 0 && !can_pass }
    }
}

impl Drop for KindState {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl KindState {
    pub(super) fn problem(&self) -> Option<String> {
        let reason = match &self.trouble {
            Some(trouble) if trouble.refused || self.pending > 0 => &trouble.message,
            None if self.pending > 0 => "they are being read for the first time",
            _ => return None,
        };
        Some(format!("the objects of {} are not known: {reason}", self.resource.group_kind()))
    }

    /// Whether the cluster counts as synced as far as this kind is concerned.
    pub(super) fn is_settled(&self) -> bool {
        self.pending == 0 || self.trouble.as_ref().is_some_and(|trouble| trouble.refused)
    }

    pub(super) fn lost(&self) -> Option<&str> {
        self.trouble.as_ref().filter(|trouble| !trouble.refused).map(|trouble| trouble.message.as_str())
    }
}

impl Inner {
    /// Starts watching a kind.
    pub(super) fn start_kind(self: &Arc<Self>, resource: &ApiResource) {
        let Some(api) = self.api.borrow().clone() else { return };
        let namespaces: Vec<Option<String>> = if resource.namespaced && !self.blueprint.namespaces.is_empty()
        {
            self.blueprint.namespaces.iter().cloned().map(Some).collect()
        } else {
            vec![None]
        };
        let kind = resource.group_kind();
        let mut state = KindState {
            resource: resource.clone(),
            tasks: Vec::new(),
            pending: namespaces.len(),
            trouble: None,
        };
        // The lock is held until the state is in its place: the watches change it as soon as they run.
        let mut kinds = self.kinds.lock();
        for namespace in namespaces {
            let follow = Follow {
                api: api.clone(),
                forbidden: self.on_refusal(resource, namespace.clone()),
                name: kind.to_string(),
                path: resource.collection_path(namespace.as_deref()),
                lists: self.lists.clone(),
                // Not every server behind an API server can begin watches with lists.
                streaming: Arc::new(AtomicBool::new(self.streaming.load(Ordering::Relaxed))),
                timing: self.blueprint.timing,
            };
            let live_kind = LiveKind {
                group: resource.group.as_str().into(),
                version: resource.version.as_str().into(),
                kind: resource.kind.as_str().into(),
            };
            let sink = KindSink {
                inner: Arc::downgrade(self),
                kind: kind.clone(),
                decoder: Decoder::new(live_kind, self.blueprint.rules.clone(), self.interner.clone()),
                namespace,
                listed: None,
                damaged: false,
                ready: false,
                troubled: false,
            };
            state.tasks.push(tokio::spawn(follow.run(sink)).abort_handle());
        }
        kinds.insert(kind, state);
    }

    /// What is done when the API server refuses to list a resource.
    fn on_refusal(&self, resource: &ApiResource, namespace: Option<String>) -> Forbidden {
        match self.blueprint.rules.resources.respect_rbac {
            RespectRbac::Off => Forbidden::Retry,
            RespectRbac::Normal => Forbidden::LeaveOut,
            RespectRbac::Strict => Forbidden::Review(Attributes {
                verb: "list",
                group: resource.group.clone(),
                resource: resource.plural.clone(),
                namespace,
            }),
        }
    }

    /// Stops watching a kind that is no longer served; its objects are gone with it.
    pub(super) fn stop_kind(&self, kind: &GroupKind) {
        self.kinds.lock().remove(kind);
        self.drop_where(kind, |_| true);
    }

    fn upsert(&self, object: LiveObject) {
        let object = Arc::new(object);
        let (before, instance, instance_before) = {
            let mut store = self.store.write();
            let known = store.get(&object.key());
            if known.is_some_and(|known| {
                known.resource_version() == object.resource_version()
                    && known.uid() == object.uid()
                    && known.version() == object.version()
            }) {
                return;
            }
            let instance_before = known.cloned().and_then(|known| store.instance_of(&known));
            let before = store.insert(&object);
            (before, store.instance_of(&object), instance_before)
        };
        // An object that went over to another application is news for both.
        if instance_before.is_some() && instance_before != instance {
            self.tell(&object, before.clone(), instance_before.map(|instance| instance.to_string()), false);
        }
        self.tell(&object, before, instance.map(|instance| instance.to_string()), false);
    }

    fn remove(&self, kind: &GroupKind, namespace: &str, name: &str) {
        let (object, instance) = {
            let mut store = self.store.write();
            let key = object::ObjectKey::new(&kind.group, &kind.kind, namespace, name);
            // The owners are looked for before the object goes.
            let instance = store.get(&key).cloned().and_then(|object| store.instance_of(&object));
            let Some(object) = store.remove(kind, namespace, name) else { return };
            (object, instance)
        };
        self.tell(&object, Some(object.clone()), instance.map(|instance| instance.to_string()), true);
    }

    fn drop_where(&self, kind: &GroupKind, gone: impl Fn(&LiveObject) -> bool) {
        let names: Vec<(String, String)> = self
            .store
            .read()
            .of_kind(kind)
            .filter(|object| gone(object))
            .map(|object| (object.namespace().to_owned(), object.name().to_owned()))
            .collect();
        for (namespace, name) in names {
            self.remove(kind, &namespace, &name);
        }
    }

    fn tell(
        &self,
        object: &Arc<LiveObject>,
        before: Option<Arc<LiveObject>>,
        instance: Option<String>,
        deleted: bool,
    ) {
        // Nobody can use the thousands of changes of the first lists: they wait for the sync.
        if self.changes.receiver_count() == 0 || self.state.borrow().phase != Phase::Synced {
            return;
        }
        let _ = self.changes.send(LiveChange {
            key: object.key(),
            is_root: instance.is_some() && object.instance() == instance.as_deref(),
            instance,
            resource_version: object.resource_version().to_owned(),
            deleted,
            object: object.clone(),
            before,
        });
    }
}

struct KindSink {
    inner: Weak<Inner>,
    kind: GroupKind,
    decoder: Decoder,
    /// The namespace that this watch covers; `None` for all.
    namespace: Option<String>,
    /// What the running list has named.
    listed: Option<HashSet<(String, String)>>,
    /// The running list had objects that could not be read, so that absence proves nothing.
    damaged: bool,
    ready: bool,
    troubled: bool,
}

impl KindSink {
    /// CRDs and APIServices decide which kinds there are.
    fn announce(&self, inner: &Inner) {
        if matches!(self.kind.kind.as_str(), "CustomResourceDefinition" | "APIService")
            && self.listed.is_none()
        {
            inner.rediscover.notify_one();
        }
    }
}

impl Sink for KindSink {
    fn begin(&mut self) {
        self.listed = Some(HashSet::new());
        self.damaged = false;
    }

    fn present(&mut self, object: &[u8]) -> Result<String, serde_json::Error> {
        let object = self.decoder.decode(object).inspect_err(|_| self.damaged = true)?;
        let version = object.resource_version().to_owned();
        if let Some(listed) = &mut self.listed {
            listed.insert((object.namespace().to_owned(), object.name().to_owned()));
        }
        if let Some(inner) = self.inner.upgrade() {
            inner.upsert(object);
            self.announce(&inner);
        }
        Ok(version)
    }

    fn deleted(&mut self, object: &[u8]) -> Result<String, serde_json::Error> {
        let Identity { metadata } = serde_json::from_slice(object)?;
        if let Some(listed) = &mut self.listed {
            listed.remove(&(metadata.namespace.clone(), metadata.name.clone()));
        }
        if let Some(inner) = self.inner.upgrade() {
            inner.remove(&self.kind, &metadata.namespace, &metadata.name);
            self.announce(&inner);
        }
        Ok(metadata.resource_version)
    }

    fn complete(&mut self, _version: &str) {
        let listed = self.listed.take().unwrap_or_default();
        let Some(inner) = self.inner.upgrade() else { return };
        if !self.damaged {
            inner.drop_where(&self.kind, |object| {
                self.namespace.as_deref().is_none_or(|namespace| namespace == object.namespace())
                    && !listed.contains(&(object.namespace().to_owned(), object.name().to_owned()))
            });
        }
        if !std::mem::replace(&mut self.ready, true) {
            if let Some(state) = inner.kinds.lock().get_mut(&self.kind) {
                state.pending = state.pending.saturating_sub(1);
            }
            inner.assess();
        } else {
            self.announce(&inner);
        }
    }

    fn trouble(&mut self, error: Option<&Error>) {
        if error.is_none() && !std::mem::replace(&mut self.troubled, error.is_some()) {
            return;
        }
        self.troubled = error.is_some();
        let Some(inner) = self.inner.upgrade() else { return };
        if let Some(state) = inner.kinds.lock().get_mut(&self.kind) {
            state.trouble = error.map(|error| Trouble::new(error, state.trouble.as_ref()));
        }
        if error.is_some_and(Error::is_not_found) {
            inner.rediscover.notify_one();
        }
        inner.assess();
    }

    fn left_out(&mut self, error: &Error) {
        if let Some(inner) = self.inner.upgrade() {
            tracing::info!(server = inner.blueprint.server, kind = %self.kind, "may not be listed, and is left out");
        }
        self.trouble(Some(error));
    }
}
