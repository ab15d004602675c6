//! The versioned store: every write gets the next resourceVersion of one counter, each collection keeps its objects
//! in key order and a window of its latest changes. Watches read the window from where they are (`crate::watch`),
//! paged lists rebuild the state of their first page from it ([`Store::snapshot_at`]). `record.rs` is one object.
//!
//! The store knows nothing of Kubernetes' rules beyond versions and ownership; the engine decides what to write.

mod record;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use parking_lot::RwLock;
use serde_json::Value;
use tokio::sync::{mpsc, watch};

pub(crate) use record::{Owner, Record};

use crate::selector::selectable_fields;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeType {
    Added,
    Modified,
    Deleted,
}

/// One entry of a collection's history.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) change: ChangeType,
    /// The new state; of a deleted object its last state at the version of the deletion.
    pub(crate) record: Arc<Record>,
    pub(crate) previous: Option<Arc<Record>>,
}

/// A committed change, told to the simulated controllers.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    pub(crate) collection: Arc<str>,
    pub(crate) change: ChangeType,
    pub(crate) record: Arc<Record>,
}

/// Why a write didn't happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Exists,
    Missing,
    /// Another write came first.
    Stale,
}

/// What a write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    Absent,
    Version(u64),
}

/// An object's place: collection and key.
pub(crate) type Place = (Arc<str>, Arc<str>);

#[derive(Debug)]
pub(crate) struct Store {
    inner: RwLock<Inner>,
    window: usize,
    notices: mpsc::UnboundedSender<Notice>,
}

#[derive(Debug, Default)]
struct Inner {
    version: u64,
    collections: HashMap<Arc<str>, Collection>,
    by_uid: HashMap<Box<str>, Place>,
    dependents: HashMap<Box<str>, HashSet<Place>>,
}

#[derive(Debug)]
struct Collection {
    objects: BTreeMap<Arc<str>, Arc<Record>>,
    history: VecDeque<Arc<Change>>,
    /// Changes up to here are forgotten.
    forgotten: u64,
    wake: watch::Sender<u64>,
}

impl Collection {
    fn new(forgotten: u64) -> Self {
        let (wake, _) = watch::channel(forgotten);
        Collection { objects: BTreeMap::new(), history: VecDeque::new(), forgotten, wake }
    }
}

/// Objects of one collection at one version.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) version: u64,
    pub(crate) records: Vec<Arc<Record>>,
}

/// What a watcher finds when it looks.
#[derive(Debug)]
pub(crate) enum Since {
    /// Changes after the asked version, oldest first, and the version they reach to.
    Changes(Vec<Arc<Change>>, u64),
    /// The asked version is older than the window; the current version is told.
    TooOld(u64),
}

impl Store {
    /// A store that keeps at least `window` changes a collection.
    pub(crate) fn new(window: usize, notices: mpsc::UnboundedSender<Notice>) -> Self {
        // Version 0 means "any" to clients, so the first state of an empty store is 1.
        let inner = Inner { version: 1, ..Inner::default() };
        Store { inner: RwLock::new(inner), window: window.max(1), notices }
    }

    pub(crate) fn version(&self) -> u64 {
        self.inner.read().version
    }

    pub(crate) fn get(&self, collection: &str, key: &str) -> Option<Arc<Record>> {
        self.inner.read().collections.get(collection)?.objects.get(key).cloned()
    }

    pub(crate) fn by_uid(&self, uid: &str) -> Option<(Arc<str>, Arc<Record>)> {
        let inner = self.inner.read();
        let (collection, key) = inner.by_uid.get(uid)?;
        let record = inner.collections.get(collection)?.objects.get(key)?;
        Some((collection.clone(), record.clone()))
    }

    /// The objects that name `uid` as an owner.
    pub(crate) fn dependents(&self, uid: &str) -> Vec<(Arc<str>, Arc<Record>)> {
        let inner = self.inner.read();
        let Some(places) = inner.dependents.get(uid) else { return Vec::new() };
        let mut found: Vec<_> = places
            .iter()
            .filter_map(|(collection, key)| {
                let record = inner.collections.get(collection)?.objects.get(key)?;
                Some((collection.clone(), record.clone()))
            })
            .collect();
        found.sort_by(|a, b| (&a.0, &a.1.key).cmp(&(&b.0, &b.1.key)));
        found
    }

    /// The objects of a collection, of one namespace unless that is empty, in key order.
    pub(crate) fn snapshot(&self, collection: &str, namespace: &str) -> Snapshot {
        let inner = self.inner.read();
        let records = match inner.collections.get(collection) {
            None => Vec::new(),
            Some(found) => in_namespace(found, namespace).cloned().collect(),
        };
        Snapshot { version: inner.version, records }
    }

    /// How many objects a collection has.
    pub(crate) fn count(&self, collection: &str) -> usize {
        self.inner.read().collections.get(collection).map_or(0, |found| found.objects.len())
    }

    /// The state at an earlier version, or `None` when the window no longer reaches back to it.
    pub(crate) fn snapshot_at(&self, collection: &str, namespace: &str, version: u64) -> Option<Snapshot> {
        let inner = self.inner.read();
        let Some(found) = inner.collections.get(collection) else {
            return Some(Snapshot { version, records: Vec::new() });
        };
        if version < found.forgotten {
            return None;
        }
        let mut earlier: BTreeMap<&Arc<str>, Option<&Arc<Record>>> = BTreeMap::new();
        for change in changes_after(found, version) {
            earlier.entry(&change.record.key).or_insert(change.previous.as_ref());
        }
        let prefix = namespace_prefix(namespace);
        let mut records: BTreeMap<&Arc<str>, &Arc<Record>> =
            in_namespace(found, namespace).map(|record| (&record.key, record)).collect();
        for (key, previous) in earlier.into_iter().filter(|(key, _)| key.starts_with(&prefix)) {
            match previous {
                Some(record) => records.insert(key, record),
                None => records.remove(key),
            };
        }
        Some(Snapshot { version, records: records.into_values().cloned().collect() })
    }

    /// The changes of a collection after `version`, at most `limit`.
    pub(crate) fn since(&self, collection: &str, version: u64, limit: usize) -> Since {
        let inner = self.inner.read();
        let Some(found) = inner.collections.get(collection) else {
            return Since::Changes(Vec::new(), inner.version);
        };
        if version < found.forgotten {
            return Since::TooOld(inner.version);
        }
        let changes: Vec<_> = changes_after(found, version).take(limit).cloned().collect();
        let reached = match changes.last() {
            Some(last) if changes.len() == limit => last.version,
            _ => inner.version.max(version),
        };
        Since::Changes(changes, reached)
    }

    /// A receiver that is woken by every change of the collection.
    pub(crate) fn subscribe(&self, collection: &str) -> watch::Receiver<u64> {
        let mut inner = self.inner.write();
        inner.collection(collection).wake.subscribe()
    }

    /// Forgets a collection's history, as after a compaction.
    pub(crate) fn compact(&self, collection: &str) {
        let mut inner = self.inner.write();
        let version = inner.version;
        let found = inner.collection(collection);
        found.history.clear();
        found.forgotten = version;
        found.wake.send_replace(version);
    }

    /// Writes an object whose `metadata` is complete but for the resourceVersion.
    pub(crate) fn put(
        &self,
        collection: &str,
        key: &str,
        value: &mut Value,
        expect: Expect,
    ) -> Result<Arc<Record>, Refused> {
        let fields = selectable_fields(collection, value);
        let mut inner = self.inner.write();
        let found = inner.collections.get(collection);
        let previous = found.and_then(|found| found.objects.get(key)).cloned();
        match (expect, &previous) {
            (Expect::Absent, Some(_)) => return Err(Refused::Exists),
            (Expect::Version(_), None) => return Err(Refused::Missing),
            (Expect::Version(version), Some(record)) if record.version != version => {
                return Err(Refused::Stale);
            }
            _ => {}
        }
        inner.version += 1;
        let version = inner.version;
        let record = Arc::new(Record::encode(key, value, version, fields));
        let change = if previous.is_some() { ChangeType::Modified } else { ChangeType::Added };
        inner.collection(collection).objects.insert(record.key.clone(), record.clone());
        self.commit(&mut inner, collection, change, record.clone(), previous);
        Ok(record)
    }

    /// Removes an object that is at `version`, with `value` as its last state.
    pub(crate) fn remove(
        &self,
        collection: &str,
        key: &str,
        value: &mut Value,
        version: u64,
    ) -> Result<Arc<Record>, Refused> {
        let fields = selectable_fields(collection, value);
        let mut inner = self.inner.write();
        let objects = &mut inner.collection(collection).objects;
        let previous = match objects.get(key) {
            None => return Err(Refused::Missing),
            Some(record) if record.version != version => return Err(Refused::Stale),
            Some(record) => record.clone(),
        };
        objects.remove(key);
        inner.version += 1;
        let record = Arc::new(Record::encode(key, value, inner.version, fields));
        self.commit(&mut inner, collection, ChangeType::Deleted, record.clone(), Some(previous));
        Ok(record)
    }

    fn commit(
        &self,
        inner: &mut Inner,
        collection: &str,
        change: ChangeType,
        record: Arc<Record>,
        previous: Option<Arc<Record>>,
    ) {
        let name: Arc<str> = inner.collection_name(collection);
        inner.index(&name, change, &record, previous.as_deref());
        let version = record.version;
        let found = inner.collection(collection);
        found.history.push_back(Arc::new(Change { version, change, record: record.clone(), previous }));
        if found.history.len() > self.window
            && let Some(oldest) = found.history.pop_front()
        {
            found.forgotten = oldest.version;
        }
        found.wake.send_replace(version);
        // Nobody listens once the controllers have been shut down; the API goes on without them.
        let _ = self.notices.send(Notice { collection: name, change, record });
    }
}

impl Inner {
    fn collection(&mut self, name: &str) -> &mut Collection {
        // What happened before a collection was first used is known: nothing.
        self.collections.entry(Arc::from(name)).or_insert_with(|| Collection::new(0))
    }

    fn collection_name(&self, name: &str) -> Arc<str> {
        self.collections.get_key_value(name).map_or_else(|| Arc::from(name), |(name, _)| name.clone())
    }

    fn index(
        &mut self,
        collection: &Arc<str>,
        change: ChangeType,
        record: &Record,
        previous: Option<&Record>,
    ) {
        let place = (collection.clone(), record.key.clone());
        for owner in previous.iter().flat_map(|record| &record.owners) {
            if let Some(places) = self.dependents.get_mut(&owner.uid) {
                places.remove(&place);
                if places.is_empty() {
                    self.dependents.remove(&owner.uid);
                }
            }
        }
        if change == ChangeType::Deleted {
            self.by_uid.remove(&record.uid);
            return;
        }
        for owner in &record.owners {
            self.dependents.entry(owner.uid.clone()).or_default().insert(place.clone());
        }
        if previous.is_none() {
            self.by_uid.insert(record.uid.clone(), place);
        }
    }
}

fn namespace_prefix(namespace: &str) -> String {
    if namespace.is_empty() { String::new() } else { format!("{namespace}/") }
}

fn in_namespace<'a>(collection: &'a Collection, namespace: &str) -> impl Iterator<Item = &'a Arc<Record>> {
    let prefix = namespace_prefix(namespace);
    collection
        .objects
        .range::<str, _>((std::ops::Bound::Included(prefix.as_str()), std::ops::Bound::Unbounded))
        .map(|(_, record)| record)
        .take_while(move |record| record.key.starts_with(&prefix))
}

fn changes_after(collection: &Collection, version: u64) -> impl Iterator<Item = &Arc<Change>> {
    let start = collection.history.partition_point(|change| change.version <= version);
    collection.history.range(start..)
}

#[cfg(test)]
mod tests;
