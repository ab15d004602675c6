//! [`Table`]: the records of one kind of custom resource, fed by watches and by the answers of writes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::marker::PhantomData;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;
use types::{AppKey, AppProject, Application, ApplicationSet, ObjectMeta};

use super::order::{Order, number};
use super::scope::Scope;
use super::{Change, ControlEvent, Shared};
use crate::Error;
use crate::follow::Sink;
use crate::resource::ApiResource;

/// A custom resource of the control plane. Implemented by [`Application`], [`AppProject`] and [`ApplicationSet`].
pub trait Record:
    sealed::Stored + Serialize + DeserializeOwned + Clone + PartialEq + Send + Sync + 'static
{
    /// Its kind.
    const KIND: &'static str;
    /// Its name in paths.
    const PLURAL: &'static str;
    /// Its metadata.
    fn metadata(&self) -> &ObjectMeta;
    /// Its metadata, to change.
    fn metadata_mut(&mut self) -> &mut ObjectMeta;
    /// Sets `apiVersion` and `kind`, which the API server demands, and drops what nobody looks at: `managedFields` take
    /// more memory than all else, and a replacement without them leaves them as they are.
    fn normalize(&mut self);
    /// The event that tells of a change.
    fn event(change: Change, record: Arc<Self>) -> ControlEvent;
    /// The change that an event tells of, if it is of this kind.
    fn of_event(event: &ControlEvent) -> Option<(Change, &Arc<Self>)>;
}

mod sealed {
    /// Where the records of a kind are kept; also keeps others from implementing [`super::Record`].
    pub trait Stored: Sized {
        #[expect(private_interfaces, reason = "the trait is sealed: nobody outside can name it")]
        fn table(shared: &super::Shared) -> &super::Table<Self>;
    }
}

macro_rules! record {
    ($type:ty, $plural:literal, $kind:literal, $event:path, $field:ident) => {
        impl Record for $type {
            const KIND: &'static str = $kind;
            const PLURAL: &'static str = $plural;

            fn metadata(&self) -> &ObjectMeta {
                &self.metadata
            }

            fn metadata_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }

            fn normalize(&mut self) {
                types::names::API_VERSION.clone_into(&mut self.api_version);
                Self::KIND.clone_into(&mut self.kind);
                self.metadata.other.remove("managedFields");
            }

            fn event(change: Change, record: Arc<Self>) -> ControlEvent {
                $event(change, record)
            }

            fn of_event(event: &ControlEvent) -> Option<(Change, &Arc<Self>)> {
                match event {
                    $event(change, record) => Some((*change, record)),
                    _ => None,
                }
            }
        }

        impl sealed::Stored for $type {
            #[expect(private_interfaces, reason = "the trait is sealed: nobody outside can name it")]
            fn table(shared: &Shared) -> &Table<Self> {
                &shared.$field
            }
        }
    };
}

record!(Application, "applications", "Application", ControlEvent::Application, applications);
record!(AppProject, "appprojects", "AppProject", ControlEvent::Project, projects);
record!(ApplicationSet, "applicationsets", "ApplicationSet", ControlEvent::ApplicationSet, application_sets);

/// The resource of a kind of record.
pub(super) fn resource<T: Record>() -> ApiResource {
    ApiResource::argo(T::KIND, T::PLURAL)
}

fn key_of(metadata: &ObjectMeta) -> AppKey {
    AppKey::new(&metadata.namespace, &metadata.name)
}

/// Deletions that are remembered for whoever listed before them and watches after them.
const DELETIONS: usize = 1000;

/// Records by namespace and name. Changes are told while the records are locked, so that they are told in their order.
pub(super) struct Table<T> {
    records: RwLock<HashMap<AppKey, Arc<T>>>,
    /// Locked after the records, by whoever changes them.
    past: Mutex<Past<T>>,
    events: broadcast::Sender<ControlEvent>,
}

/// What is known besides the present records.
struct Past<T> {
    order: Order<AppKey>,
    /// The last states of the records that have gone last, with the versions of their deletions.
    deleted: VecDeque<Arc<T>>,
}

impl<T: Record> Table<T> {
    pub(super) fn new(events: broadcast::Sender<ControlEvent>) -> Self {
        let past = Past { order: Order::default(), deleted: VecDeque::new() };
        Table { records: RwLock::default(), past: Mutex::new(past), events }
    }

    pub(super) fn all(&self) -> Vec<Arc<T>> {
        sorted(self.records.read().values().cloned().collect())
    }

    pub(super) fn get(&self, key: &AppKey) -> Option<Arc<T>> {
        self.records.read().get(key).cloned()
    }

    /// All records, and the latest version that they or their deletions have.
    pub(super) fn list(&self) -> (Vec<Arc<T>>, u64) {
        let records = self.records.read();
        let deleted = self.past.lock().deleted.back().map(|record| version_of(record));
        let latest = records.values().map(|record| version_of(record)).chain(deleted).max();
        (sorted(records.values().cloned().collect()), latest.unwrap_or_default())
    }

    /// What has changed after a version: deletions first, then what is there.
    pub(super) fn changes_after(&self, version: u64) -> Vec<(Change, Arc<T>)> {
        let is_later = |record: &&Arc<T>| version_of(record) > version;
        let records = self.records.read();
        let past = self.past.lock();
        let deleted = past.deleted.iter().filter(is_later).map(|record| (Change::Deleted, record.clone()));
        let there = sorted(records.values().filter(is_later).cloned().collect());
        deleted.chain(there.into_iter().map(|record| (Change::Added, record))).collect()
    }

    fn tell(&self, change: Change, record: Arc<T>) {
        // Nobody may be listening.
        let _ = self.events.send(T::event(change, record));
    }

    fn tell_deleted(&self, past: &mut Past<T>, mut record: Arc<T>, version: &str) {
        version.clone_into(&mut Arc::make_mut(&mut record).metadata_mut().resource_version);
        if past.deleted.len() == DELETIONS {
            past.deleted.pop_front();
        }
        past.deleted.push_back(record.clone());
        self.tell(Change::Deleted, record);
    }

    /// Takes what the watch delivers.
    fn watched(&self, record: T) {
        let key = key_of(record.metadata());
        let version = &record.metadata().resource_version;
        let mut records = self.records.write();
        if !self.past.lock().order.watched(&key, version) {
            return;
        }
        let change = match records.get(&key) {
            // The answer of a write, which has come here through the watch, too.
            Some(known) if known.metadata().resource_version == *version => return,
            Some(_) => Change::Modified,
            None => Change::Added,
        };
        let record = Arc::new(record);
        records.insert(key, record.clone());
        self.tell(change, record);
    }

    /// Takes the answer of a write, unless the watch has delivered something newer.
    pub(super) fn written(&self, record: T) -> Arc<T> {
        let key = key_of(record.metadata());
        let record = Arc::new(record);
        let mut records = self.records.write();
        let known = records.get(&key).map(|known| known.metadata().resource_version.as_str());
        let change = if known.is_some() { Change::Modified } else { Change::Added };
        if self.past.lock().order.written(key.clone(), &record.metadata().resource_version, known) {
            records.insert(key, record.clone());
            self.tell(change, record.clone());
        }
        record
    }

    /// Takes the last state of an object that is gone.
    fn gone(&self, metadata: &ObjectMeta) {
        let key = key_of(metadata);
        let mut records = self.records.write();
        let mut past = self.past.lock();
        if past.order.watched(&key, &metadata.resource_version)
            && let Some(record) = records.remove(&key)
        {
            self.tell_deleted(&mut past, record, &metadata.resource_version);
        }
    }

    /// Takes that a complete list begins.
    fn begin(&self, scope: &Scope) {
        self.past.lock().order.begin(|key| scope.covers(&key.namespace));
    }

    /// Takes that a complete list of this version has named all that is there.
    fn listed(&self, listed: &HashSet<AppKey>, scope: &Scope, version: &str) {
        let mut records = self.records.write();
        let mut past = self.past.lock();
        let gone = records.extract_if(|key, _| {
            scope.covers(&key.namespace) && !listed.contains(key) && past.order.absent(key, version)
        });
        let gone: Vec<_> = gone.map(|(_, record)| record).collect();
        for record in gone {
            self.tell_deleted(&mut past, record, version);
        }
    }
}

fn version_of<T: Record>(record: &Arc<T>) -> u64 {
    number(&record.metadata().resource_version)
}

fn sorted<T: Record>(mut records: Vec<Arc<T>>) -> Vec<Arc<T>> {
    records.sort_by(|left, right| {
        let (left, right) = (left.metadata(), right.metadata());
        (&left.namespace, &left.name).cmp(&(&right.namespace, &right.name))
    });
    records
}

impl Shared {
    pub(super) fn follow<T: Record>(self: Arc<Self>, scope: Scope) -> AbortHandle {
        let (follow, name) = self.start_following(&resource::<T>(), scope.path_namespace());
        let kind = PhantomData::<T>;
        let sink = TableSink { shared: self, kind, scope, name, listed: None, damaged: false, ready: false };
        tokio::spawn(follow.run(sink)).abort_handle()
    }
}

struct TableSink<T> {
    shared: Arc<Shared>,
    kind: PhantomData<T>,
    scope: Scope,
    name: String,
    /// What the running list has named.
    listed: Option<HashSet<AppKey>>,
    /// The running list had records that could not be read, so that absence proves nothing.
    damaged: bool,
    ready: bool,
}

impl<T: Record> TableSink<T> {
    fn records(&self) -> &Table<T> {
        T::table(&self.shared)
    }
}

impl<T: Record> Sink for TableSink<T> {
    fn begin(&mut self) {
        self.records().begin(&self.scope);
        self.listed = Some(HashSet::new());
        self.damaged = false;
    }

    fn present(&mut self, object: &[u8]) -> Result<String, serde_json::Error> {
        let mut record: T = serde_json::from_slice(object).inspect_err(|_| self.damaged = true)?;
        record.normalize();
        let metadata = record.metadata();
        let version = metadata.resource_version.clone();
        if self.scope.covers(&metadata.namespace) {
            if let Some(listed) = &mut self.listed {
                listed.insert(key_of(metadata));
            }
            self.records().watched(record);
        }
        Ok(version)
    }

    fn deleted(&mut self, object: &[u8]) -> Result<String, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Head {
            metadata: ObjectMeta,
        }
        let Head { metadata } = serde_json::from_slice(object)?;
        self.records().gone(&metadata);
        Ok(metadata.resource_version)
    }

    fn complete(&mut self, version: &str) {
        let listed = self.listed.take().unwrap_or_default();
        if !self.damaged {
            self.records().listed(&listed, &self.scope, version);
        }
        if !std::mem::replace(&mut self.ready, true) {
            self.shared.pending.send_modify(|pending| *pending -= 1);
        }
    }

    fn trouble(&mut self, error: Option<&Error>) {
        self.shared.trouble(&self.name, error);
    }
}
