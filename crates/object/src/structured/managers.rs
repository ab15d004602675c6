//! `metadata.managedFields`: who owns which fields.

use serde_json::{Map, Value, json};

use super::set::FieldSet;
use crate::{Error, Object};

/// Update managers beyond this number are folded into one.
const MAX_UPDATE_MANAGERS: usize = 10;
const ANCIENT_CHANGES: &str = "ancient-changes";

/// How a manager took its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// Server-side apply: what it no longer applies is removed.
    Apply,
    /// Anything else that writes.
    Update,
}

impl Operation {
    /// As `managedFields` writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        }
    }
}

/// What tells one manager from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManagerId {
    /// The name, such as `kubectl` or `argocd-controller`.
    pub name: String,
    /// How it took the fields.
    pub operation: Operation,
    /// The subresource it wrote through, empty for the object itself.
    pub subresource: String,
    /// The version it wrote in. Appliers are the same whatever version they use, so theirs is empty here.
    pub api_version: String,
}

impl ManagerId {
    /// The identity of a manager that writes now.
    pub fn new(name: &str, operation: Operation, subresource: &str, api_version: &str) -> Self {
        ManagerId {
            name: name.to_owned(),
            operation,
            subresource: subresource.to_owned(),
            api_version: if operation == Operation::Update { api_version.to_owned() } else { String::new() },
        }
    }

    /// As conflict messages name it.
    pub(crate) fn describe(&self) -> String {
        let mut text = format!("{:?}", self.name);
        if !self.subresource.is_empty() {
            text.push_str(&format!(" with subresource {:?}", self.subresource));
        }
        if self.operation == Operation::Update {
            text.push_str(&format!(" using {}", self.api_version));
        }
        text
    }
}

/// One entry of `managedFields`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manager {
    /// Who.
    pub id: ManagerId,
    /// In which version the fields are named.
    pub api_version: String,
    /// When the fields last changed hands, RFC 3339; empty when unknown.
    pub time: String,
    /// Which fields.
    pub fields: FieldSet,
}

/// All entries of `managedFields`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManagedFields {
    managers: Vec<Manager>,
}

impl ManagedFields {
    /// Reads the entries of an object; entries of one manager are united.
    pub fn read(object: &Object) -> Result<Self, Error> {
        let mut managed = ManagedFields::default();
        let entries = match object.get(&["metadata", "managedFields"]) {
            Some(Value::Array(entries)) => entries.as_slice(),
            _ => &[],
        };
        for entry in entries {
            let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
            let operation = match text("operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                other => {
                    return Err(Error::ManagedFields {
                        reason: format!("the operation {other:?} is unknown"),
                    });
                }
            };
            let fields = match entry.get("fieldsV1") {
                Some(fields) => FieldSet::from_fields_v1(fields)?,
                None => FieldSet::new(),
            };
            let id = ManagerId::new(text("manager"), operation, text("subresource"), text("apiVersion"));
            match managed.get_mut(&id) {
                Some(known) => known.fields = known.fields.union(&fields),
                None => managed.managers.push(Manager {
                    id,
                    api_version: text("apiVersion").to_owned(),
                    time: text("time").to_owned(),
                    fields,
                }),
            }
        }
        Ok(managed)
    }

    /// Writes the entries into an object, sorted as the API server sorts them; without entries the field is removed.
    pub fn write(&self, object: &mut Object) {
        let mut managers: Vec<&Manager> =
            self.managers.iter().filter(|manager| !manager.fields.is_empty()).collect();
        if managers.is_empty() {
            object.remove(&["metadata", "managedFields"]);
            return;
        }
        managers.sort_by(|a, b| {
            let key = |m: &Manager| {
                (
                    m.id.operation,
                    m.time.clone(),
                    m.id.name.clone(),
                    m.api_version.clone(),
                    m.id.subresource.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        let entries: Vec<Value> = managers.into_iter().map(entry).collect();
        object.set(&["metadata", "managedFields"], Value::Array(entries));
    }

    /// All managers.
    pub fn iter(&self) -> impl Iterator<Item = &Manager> {
        self.managers.iter()
    }

    /// Whether nobody owns anything.
    pub fn is_empty(&self) -> bool {
        self.managers.iter().all(|manager| manager.fields.is_empty())
    }

    /// One manager.
    pub fn get(&self, id: &ManagerId) -> Option<&Manager> {
        self.managers.iter().find(|manager| manager.id == *id)
    }

    /// All fields that managers of this name own, whatever their operation and subresource.
    pub fn fields_of(&self, name: &str) -> FieldSet {
        let own = self.managers.iter().filter(|manager| manager.id.name == name);
        own.fold(FieldSet::new(), |fields, manager| fields.union(&manager.fields))
    }

    pub(crate) fn get_mut(&mut self, id: &ManagerId) -> Option<&mut Manager> {
        self.managers.iter_mut().find(|manager| manager.id == *id)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Manager> {
        self.managers.iter_mut()
    }

    /// Replaces or adds a manager.
    pub fn set(&mut self, manager: Manager) {
        match self.get_mut(&manager.id) {
            Some(known) => *known = manager,
            None => self.managers.push(manager),
        }
    }

    /// Removes a manager and answers it.
    pub fn remove(&mut self, id: &ManagerId) -> Option<Manager> {
        let position = self.managers.iter().position(|manager| manager.id == *id)?;
        Some(self.managers.remove(position))
    }

    /// Hands the fields that client-side apply recorded under these names to a server-side applier, so that fields which
    /// it no longer applies are removed like its own. Answers whether anything changed.
    ///
    /// Fields that were recorded in another API version than the applier's are only given up, as `kubectl` does it.
    pub fn migrate_client_side(&mut self, client_managers: &[&str], applier: &str) -> bool {
        let mut changed = false;
        for name in client_managers {
            let is_client = |manager: &Manager| {
                manager.id.name == *name
                    && manager.id.operation == Operation::Update
                    && manager.id.subresource.is_empty()
            };
            let (clients, others) = std::mem::take(&mut self.managers).into_iter().partition(is_client);
            let clients: Vec<Manager> = clients;
            self.managers = others;
            let Some(first) = clients.first() else { continue };
            changed = true;
            let id = ManagerId::new(applier, Operation::Apply, "", "");
            let mut target = self.remove(&id).unwrap_or_else(|| Manager { id, ..first.clone() });
            for client in clients.iter().filter(|client| client.api_version == target.api_version) {
                target.fields = target.fields.union(&client.fields);
            }
            self.managers.push(target);
        }
        changed
    }

    pub(crate) fn drop_empty(&mut self) {
        self.managers.retain(|manager| !manager.fields.is_empty());
    }

    /// Folds the oldest update managers into one, so that objects which thousands of clients write stay small.
    pub(crate) fn cap(&mut self) {
        let mut updaters: Vec<ManagerId> = {
            let mut updaters: Vec<&Manager> =
                self.managers.iter().filter(|manager| manager.id.operation == Operation::Update).collect();
            updaters.sort_by(|a, b| (&a.time, &a.id.name).cmp(&(&b.time, &b.id.name)));
            updaters.into_iter().map(|manager| manager.id.clone()).collect()
        };
        let surplus = updaters.len().saturating_sub(MAX_UPDATE_MANAGERS);
        if surplus == 0 {
            return;
        }
        // One more, because the fold itself is a manager too.
        updaters.truncate(surplus + 1);
        for id in updaters {
            let Some(manager) = self.remove(&id) else { continue };
            let bucket = ManagerId { name: ANCIENT_CHANGES.to_owned(), subresource: String::new(), ..id };
            match self.get_mut(&bucket) {
                Some(known) => {
                    known.fields = known.fields.union(&manager.fields);
                    known.time = manager.time;
                }
                None => self.managers.push(Manager { id: bucket, ..manager }),
            }
        }
    }
}

fn entry(manager: &Manager) -> Value {
    let mut entry = Map::new();
    entry.insert("manager".to_owned(), json!(manager.id.name));
    entry.insert("operation".to_owned(), json!(manager.id.operation.as_str()));
    entry.insert("apiVersion".to_owned(), json!(manager.api_version));
    if !manager.time.is_empty() {
        entry.insert("time".to_owned(), json!(manager.time));
    }
    entry.insert("fieldsType".to_owned(), json!("FieldsV1"));
    entry.insert("fieldsV1".to_owned(), manager.fields.to_fields_v1());
    if !manager.id.subresource.is_empty() {
        entry.insert("subresource".to_owned(), json!(manager.id.subresource));
    }
    Value::Object(entry)
}
