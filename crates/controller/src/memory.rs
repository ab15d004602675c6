//! What the loop remembers of an application between two looks at it. All of it can be lost: the next look makes it anew.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use object::{Object, ObjectKey};
use parking_lot::Mutex;
use tokio::sync::watch;
use types::{AppKey, SyncPolicy};

use crate::diffing::{Judgement, Shown};
use crate::ports::{LiveEvent, LiveItem, Target};

/// A judgement, and what it was made of.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    /// The hash of the rendered object; 0 without one.
    pub(crate) hash: u64,
    /// The version of the live object; empty without one.
    pub(crate) resource_version: String,
    /// The hash of the rules.
    pub(crate) rules: u64,
    /// The judgement.
    pub(crate) judgement: Judgement,
    /// What clients can be shown.
    pub(crate) shown: Shown,
}

/// How long the answer to an apply is believed against a cache that does not show it. An object that somebody deleted
/// right after it was applied may never show.
pub(crate) const TRUSTED: Duration = Duration::from_secs(5);

/// An object as an apply left it.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    /// The object.
    pub(crate) object: Arc<Object>,
    /// When.
    pub(crate) at: Instant,
}

/// What is remembered of one application.
#[derive(Default)]
pub(crate) struct Known {
    /// Judgements of pairs.
    pub(crate) judgements: BTreeMap<ObjectKey, Remembered>,
    /// The application's live objects, for the tree.
    pub(crate) roots: Vec<ObjectKey>,
    /// Its objects that are not there, with their versions.
    pub(crate) missing: Vec<(ObjectKey, String)>,
    /// When it was last compared with its target revision.
    pub(crate) last_compared: Option<Timestamp>,
    /// Objects that were applied and that the cluster's cache may not show yet.
    pub(crate) applied: HashMap<ObjectKey, Applied>,
    /// The next step of its operation is not before this time.
    pub(crate) operation_not_before: Option<Instant>,
    /// Since when its repository cannot be read.
    pub(crate) repository_trouble: Option<Timestamp>,
    /// The sync policy as it was seen last.
    pub(crate) policy: Option<Option<SyncPolicy>>,
    /// Whether the last comparison found nothing new but the revision's name, which is not written down yet.
    pub(crate) renamed: bool,
    /// How often in a row it was not possible to work on it.
    pub(crate) failures: u32,
}

impl Known {
    /// The newer of a cache's view and what was applied; forgets what the cache has caught up with.
    pub(crate) fn freshest(&mut self, cached: Option<LiveItem>, key: &ObjectKey) -> Option<Fresh> {
        let Some(applied) = self.applied.get(key) else { return cached.map(Fresh::Cached) };
        // Versions grow over all objects of a cluster, so that they also order an object and its namesake before it.
        let behind = cached.as_ref().is_none_or(|cached| {
            version(&cached.resource_version) < version(applied.object.resource_version())
        });
        if behind && applied.at.elapsed() < TRUSTED {
            return Some(Fresh::Applied(Arc::clone(&applied.object)));
        }
        self.applied.remove(key);
        cached.map(Fresh::Cached)
    }
}

impl Known {
    /// [`Known::freshest`] as an item.
    pub(crate) fn freshest_item(
        &mut self,
        cached: Option<LiveItem>,
        key: &ObjectKey,
        target: &dyn Target,
    ) -> Option<LiveItem> {
        match self.freshest(cached, key)? {
            Fresh::Cached(item) => Some(item),
            Fresh::Applied(object) => Some(LiveItem {
                key: object.key(),
                uid: object.uid().to_owned(),
                resource_version: object.resource_version().to_owned(),
                health: target.health(&object),
                content: Arc::new(move || Some(Object::clone(&object))),
            }),
        }
    }

    /// Remembers what an apply answered.
    pub(crate) fn remember(known: &Mutex<Self>, object: Option<Object>) {
        if let Some(object) = object {
            let applied = Applied { object: Arc::new(object), at: Instant::now() };
            known.lock().applied.insert(applied.object.key(), applied);
        }
    }
}

impl Known {
    /// Takes an event for what it says of applied objects. Answers whether it only shows what an apply answered, which
    /// has been compared already.
    pub(crate) fn confirm(&mut self, event: &LiveEvent) -> bool {
        let Some(applied) = self.applied.get(&event.key) else { return false };
        let seen = version(&event.resource_version);
        if !event.deleted && seen < version(applied.object.resource_version()) {
            // An older state on its way here; what was applied is still to come.
            return true;
        }
        let same = !event.deleted && event.resource_version == applied.object.resource_version();
        self.applied.remove(&event.key);
        same
    }

    /// Whether an answer to an apply is older than it can be trusted without the cache having shown it.
    pub(crate) fn has_unconfirmed(&self) -> bool {
        self.applied.values().any(|applied| applied.at.elapsed() >= TRUSTED)
    }
}

/// Where the newest state of an object comes from.
#[expect(
    clippy::large_enum_variant,
    reason = "it lives for a moment, and the large variant is the usual one"
)]
pub(crate) enum Fresh {
    /// From the cluster's cache.
    Cached(LiveItem),
    /// From the answer to an apply.
    Applied(Arc<Object>),
}

fn version(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

/// What is remembered of all applications.
#[derive(Default)]
pub(crate) struct Memory {
    known: Mutex<HashMap<AppKey, Arc<Mutex<Known>>>>,
    versions: Mutex<HashMap<AppKey, watch::Sender<u64>>>,
}

impl Memory {
    /// What is known of an application.
    pub(crate) fn of(&self, key: &AppKey) -> Arc<Mutex<Known>> {
        Arc::clone(self.known.lock().entry(key.clone()).or_default())
    }

    /// What is known of an application, if anything.
    pub(crate) fn get(&self, key: &AppKey) -> Option<Arc<Mutex<Known>>> {
        self.known.lock().get(key).cloned()
    }

    /// Forgets an application.
    pub(crate) fn forget(&self, key: &AppKey) {
        self.known.lock().remove(key);
        self.versions.lock().remove(key);
    }

    /// Tells of every change of an application's tree or comparisons by a growing number.
    pub(crate) fn subscribe(&self, key: &AppKey) -> watch::Receiver<u64> {
        self.versions.lock().entry(key.clone()).or_insert_with(|| watch::channel(0).0).subscribe()
    }

    /// Tells subscribers that something changed.
    pub(crate) fn changed(&self, key: &AppKey) {
        let mut versions = self.versions.lock();
        if let Some(sender) = versions.get(key) {
            if sender.receiver_count() == 0 {
                versions.remove(key);
            } else {
                sender.send_modify(|version| *version += 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_cache_wins_once_it_has_caught_up() {
        let key = ObjectKey::new("", "ConfigMap", "prod", "a");
        let item = |uid: &str, version: &str| LiveItem {
            key: key.clone(),
            uid: uid.into(),
            resource_version: version.into(),
            health: Ok(None),
            content: Arc::new(|| None),
        };
        let applied = || {
            let metadata = json!({"name": "a", "namespace": "prod", "uid": "u", "resourceVersion": "10"});
            Arc::new(Object::from_value(json!({"kind": "ConfigMap", "metadata": metadata})).unwrap())
        };
        for (cached, from_apply, kept) in [
            (None, true, true),
            (Some(item("u", "9")), true, true),
            (Some(item("u", "10")), false, false),
            (Some(item("u", "11")), false, false),
            (Some(item("other", "9")), true, true),
            (Some(item("other", "12")), false, false),
        ] {
            let mut known = Known::default();
            known.applied.insert(key.clone(), Applied { object: applied(), at: Instant::now() });
            let fresh = known.freshest(cached, &key);
            assert_eq!(matches!(fresh, Some(Fresh::Applied(_))), from_apply);
            assert_eq!(known.applied.contains_key(&key), kept);
        }
    }
}
