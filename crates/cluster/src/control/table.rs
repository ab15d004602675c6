//! [`Table`]: the records of one kind of custom resource, fed by watches and by the answers of writes.

use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::task::AbortHandle;
use types::{AppKey, AppProject, Application, ApplicationSet, ObjectMeta};

use super::order::Order;
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
    /// Sets `apiVersion` and `kind`, which the API server demands, and drops what nobody looks at: `managedFields` take
    /// more memory than all else, and a replacement without them leaves them as they are.
    fn normalize(&mut self);
    /// The event that tells of a change.
    fn event(change: Change, record: Arc<Self>) -> ControlEvent;
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

            fn normalize(&mut self) {
                types::names::API_VERSION.clone_into(&mut self.api_version);
                Self::KIND.clone_into(&mut self.kind);
                self.metadata.other.remove("managedFields");
            }

            fn event(change: Change, record: Arc<Self>) -> ControlEvent {
                $event(change, record)
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

/// Records by namespace and name.
pub(super) struct Table<T> {
    records: RwLock<HashMap<AppKey, Arc<T>>>,
    /// Locked after the records, by whoever changes them.
    order: Mutex<Order<AppKey>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { records: RwLock::default(), order: Mutex::default() }
    }
}

impl<T: Record> Table<T> {
    pub(super) fn all(&self) -> Vec<Arc<T>> {
        let mut all: Vec<_> = self.records.read().values().cloned().collect();
        all.sort_by(|left, right| {
            let (left, right) = (left.metadata(), right.metadata());
            (&left.namespace, &left.name).cmp(&(&right.namespace, &right.name))
        });
        all
    }

    pub(super) fn get(&self, key: &AppKey) -> Option<Arc<T>> {
        self.records.read().get(key).cloned()
    }

    /// Takes what the watch delivers.
    fn watched(&self, record: T) -> Option<(Change, Arc<T>)> {
        let key = key_of(record.metadata());
        let version = &record.metadata().resource_version;
        let mut records = self.records.write();
        if !self.order.lock().watched(&key, version) {
            return None;
        }
        let change = match records.get(&key) {
            // The answer of a write, which has come here through the watch, too.
            Some(known) if known.metadata().resource_version == *version => return None,
            Some(_) => Change::Modified,
            None => Change::Added,
        };
        let record = Arc::new(record);
        records.insert(key, record.clone());
        Some((change, record))
    }

    /// Takes the answer of a write, unless the watch has delivered something newer.
    fn written(&self, record: T) -> (Option<Change>, Arc<T>) {
        let key = key_of(record.metadata());
        let record = Arc::new(record);
        let mut records = self.records.write();
        let known = records.get(&key).map(|known| known.metadata().resource_version.as_str());
        let change = if known.is_some() { Change::Modified } else { Change::Added };
        if !self.order.lock().written(key.clone(), &record.metadata().resource_version, known) {
            return (None, record);
        }
        records.insert(key, record.clone());
        (Some(change), record)
    }

    /// Takes the last state of an object that is gone. What is known by the same uid is gone whatever the versions say.
    fn gone(&self, metadata: &ObjectMeta) -> Option<Arc<T>> {
        let key = key_of(metadata);
        let mut records = self.records.write();
        let is_same = records.get(&key).is_some_and(|known| known.metadata().uid == metadata.uid);
        let reaches = self.order.lock().watched(&key, &metadata.resource_version);
        (is_same || reaches).then(|| records.remove(&key)).flatten()
    }

    /// Takes that a complete list of this version has named all that is there, and answers what is gone.
    fn listed(&self, listed: &HashSet<AppKey>, scope: &Scope, version: &str) -> Vec<Arc<T>> {
        let mut records = self.records.write();
        let mut order = self.order.lock();
        let gone = records.extract_if(|key, _| {
            scope.covers(&key.namespace) && !listed.contains(key) && order.absent(key, version)
        });
        gone.map(|(_, record)| record).collect()
    }
}

impl Shared {
    pub(super) fn follow<T: Record>(self: Arc<Self>, scope: Scope) -> AbortHandle {
        let (follow, name) = self.start_following(&resource::<T>(), scope.path_namespace());
        let kind = PhantomData::<T>;
        let sink = TableSink { shared: self, kind, scope, name, listed: None, damaged: false, ready: false };
        tokio::spawn(follow.run(sink)).abort_handle()
    }

    pub(super) fn take_written<T: Record>(&self, record: T) -> Arc<T> {
        let (change, record) = T::table(self).written(record);
        if let Some(change) = change {
            let _ = self.events.send(T::event(change, record.clone()));
        }
        record
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

    fn tell(&self, change: Change, record: Arc<T>) {
        let _ = self.shared.events.send(T::event(change, record));
    }
}

impl<T: Record> Sink for TableSink<T> {
    fn begin(&mut self) {
        self.records().order.lock().begin(|key| self.scope.covers(&key.namespace));
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
            if let Some((change, record)) = self.records().watched(record) {
                self.tell(change, record);
            }
        }
        Ok(version)
    }

    fn deleted(&mut self, object: &[u8]) -> Result<String, serde_json::Error> {
        #[derive(serde::Deserialize)]
        struct Head {
            metadata: ObjectMeta,
        }
        let Head { metadata } = serde_json::from_slice(object)?;
        if let Some(record) = self.records().gone(&metadata) {
            self.tell(Change::Deleted, record);
        }
        Ok(metadata.resource_version)
    }

    fn complete(&mut self, version: &str) {
        let listed = self.listed.take().unwrap_or_default();
        if !self.damaged {
            for record in self.records().listed(&listed, &self.scope, version) {
                self.tell(Change::Deleted, record);
            }
        }
        if !std::mem::replace(&mut self.ready, true) {
            self.shared.pending.send_modify(|pending| *pending -= 1);
        }
    }

    fn trouble(&mut self, error: Option<&Error>) {
        self.shared.trouble(&self.name, error);
    }
}
