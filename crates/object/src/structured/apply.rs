//! Server-side apply, and the ownership that other writes take.

use serde_json::Value;

use super::conflict::Conflict;
use super::managers::{ManagedFields, Manager, ManagerId, Operation};
use super::merge::{merge, remove};
use super::path::PathElement;
use super::set::FieldSet;
use super::typed::{check, compare, field_set};
use crate::schema::Schema;
use crate::{Error, Object};

/// The owner that fields get when an object is applied for the first time and nobody was recorded before.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Who writes, through what, and when.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The field manager.
    pub manager: &'a str,
    /// The subresource written through, empty for the object itself.
    pub subresource: &'a str,
    /// Now, RFC 3339; empty leaves times out.
    pub time: &'a str,
    /// Fields that this endpoint does not let the writer change, such as `status` outside the status subresource.
    pub reset: &'a FieldSet,
}

/// What an apply comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The object to store, with its `managedFields`.
    pub object: Object,
    /// Whether it differs from the live object in more than `managedFields`.
    pub changed: bool,
}

/// Applies a configuration to the live object (`None` creates it).
///
/// Fields that others own with another value are conflicts ([`Error::Conflicts`]) unless `force` takes them over. Fields
/// that this manager applied before and no longer applies are removed when nobody else owns them.
pub fn apply(
    live: Option<&Object>,
    configuration: &Object,
    schema: Option<Schema<'_>>,
    writer: Writer<'_>,
    force: bool,
) -> Result<Applied, Error> {
    check(configuration.as_value(), schema)?;
    let api_version = configuration.api_version();
    let id = ManagerId::new(writer.manager, Operation::Apply, writer.subresource, api_version);
    let live_value = live.map_or_else(|| identity_of(configuration), without_managed_fields);
    let mut managed = match live {
        Some(live) => reconciled(ManagedFields::read(live)?, schema),
        None => ManagedFields::default(),
    };
    if let Some(live) = live.filter(|_| managed.is_empty()) {
        let fields = stripped(&field_set(&live_value, schema));
        let id = ManagerId::new(BEFORE_FIRST_APPLY, Operation::Update, "", live.api_version());
        managed.set(Manager {
            id,
            api_version: live.api_version().to_owned(),
            time: writer.time.to_owned(),
            fields,
        });
    }
    let configuration_value = without_managed_fields(configuration);
    let applied = field_set(&configuration_value, schema).recursive_difference(writer.reset);
    let previous = managed.get(&id).cloned();
    let mut merged = merge(&live_value, &configuration_value, schema);
    keep_reset_fields(&mut merged, &live_value, writer.reset);
    let time = match &previous {
        Some(previous) if previous.fields == stripped(&applied) && previous.api_version == api_version => {
            previous.time.clone()
        }
        _ => writer.time.to_owned(),
    };
    managed.set(Manager { id: id.clone(), api_version: api_version.to_owned(), time, fields: applied });
    if let Some(previous) = previous.filter(|previous| !previous.fields.is_empty()) {
        merged = prune(&merged, &managed, &previous.fields, schema);
    }
    take_over(&live_value, &merged, &mut managed, &id, schema, writer.reset, force)?;
    // Only now: while pruning, the name that the configuration has is what keeps the metadata.
    if let Some(manager) = managed.get_mut(&id) {
        manager.fields = stripped(&manager.fields);
    }
    managed.drop_empty();
    let changed = live.is_none() || merged != live_value;
    let mut object = Object::from_value(merged)?;
    managed.write(&mut object);
    Ok(Applied { object, changed })
}

/// Records in `new` who owns what after a write that is no apply: a create (`live` is `None`), an update or a patch.
///
/// `managedFields` that the writer sent replace the recorded ones; a single empty entry drops them all.
pub fn update(
    live: Option<&Object>,
    new: &mut Object,
    schema: Option<Schema<'_>>,
    writer: Writer<'_>,
) -> Result<(), Error> {
    let sent = new.get(&["metadata", "managedFields"]).and_then(Value::as_array).cloned().unwrap_or_default();
    if let [only] = sent.as_slice()
        && only.as_object().is_some_and(serde_json::Map::is_empty)
    {
        new.remove(&["metadata", "managedFields"]);
        return Ok(());
    }
    let recorded = match (sent.is_empty(), live) {
        (false, _) => ManagedFields::read(new)?,
        (true, Some(live)) => ManagedFields::read(live)?,
        (true, None) => ManagedFields::default(),
    };
    // Objects from before ownership was recorded stay without until somebody applies them.
    if live.is_some() && recorded.is_empty() {
        new.remove(&["metadata", "managedFields"]);
        return Ok(());
    }
    let mut managed = reconciled(recorded, schema);
    let id = ManagerId::new(writer.manager, Operation::Update, writer.subresource, new.api_version());
    let new_value = without_managed_fields(new);
    let live_value = live.map_or_else(|| nothing(schema), without_managed_fields);
    let comparison = compare(&live_value, &new_value, schema).without(writer.reset);
    let taken = comparison.modified.union(&comparison.added);
    let before = managed.get(&id).cloned();
    for manager in managed.iter_mut() {
        manager.fields = manager.fields.difference(&taken).difference(&comparison.removed);
    }
    let taken = stripped(&taken);
    if !taken.is_empty() {
        let own = managed.get(&id).map(|manager| manager.fields.clone()).unwrap_or_default();
        let fields = own.union(&taken);
        let time = match before {
            Some(before) if before.fields == fields => before.time,
            _ => writer.time.to_owned(),
        };
        managed.set(Manager { id, api_version: new.api_version().to_owned(), time, fields });
    }
    managed.drop_empty();
    managed.cap();
    managed.write(new);
    Ok(())
}

/// What other managers lose to a write, or the conflicts that forbid it.
fn take_over(
    live: &Value,
    merged: &Value,
    managed: &mut ManagedFields,
    writer: &ManagerId,
    schema: Option<Schema<'_>>,
    reset: &FieldSet,
    force: bool,
) -> Result<(), Error> {
    let comparison = compare(live, merged, schema).without(reset);
    let changed = comparison.modified.union(&comparison.added);
    if !force {
        let conflicts = conflicts(managed, writer, &changed);
        if !conflicts.is_empty() {
            return Err(Error::Conflicts(conflicts));
        }
    }
    for manager in managed.iter_mut().filter(|manager| manager.id != *writer) {
        manager.fields = manager.fields.difference(&changed).difference(&comparison.removed);
    }
    Ok(())
}

fn conflicts(managed: &ManagedFields, writer: &ManagerId, changed: &FieldSet) -> Vec<Conflict> {
    let mut conflicts = Vec::new();
    for manager in managed.iter().filter(|manager| manager.id != *writer) {
        for path in manager.fields.intersection(changed).paths() {
            let field: String = path.iter().map(PathElement::to_string).collect();
            conflicts.push(Conflict { manager: manager.id.describe(), field });
        }
    }
    conflicts.sort();
    conflicts
}

/// Removes what the manager applied last time, not this time, and nobody else owns.
fn prune(merged: &Value, managed: &ManagedFields, last: &FieldSet, schema: Option<Schema<'_>>) -> Value {
    let last = last.with_named_fields(schema);
    let pruned = remove(merged, &last, schema);
    let of = |value: &Value| field_set(value, schema).with_named_fields(schema);
    // Whatever anybody owns, or the new configuration names, comes back.
    let owned = managed.iter().fold(FieldSet::new(), |owned, manager| owned.union(&manager.fields));
    let keep = of(&pruned).union(&owned.with_named_fields(schema));
    let all = of(merged);
    let pruned = remove(merged, &all.difference(&keep), schema);
    // And whatever was never this manager's.
    remove(merged, &all.difference(&of(&pruned)).intersection(&last), schema)
}

/// Fields that an endpoint resets keep their live values whatever was sent.
fn keep_reset_fields(merged: &mut Value, live: &Value, reset: &FieldSet) {
    let Value::Object(map) = merged else { return };
    for (element, below) in reset.children() {
        let PathElement::Field(name) = element else { continue };
        let live = live.get(name);
        if below.is_member() {
            match live {
                Some(live) => map.insert(name.clone(), live.clone()),
                None => map.remove(name),
            };
        } else if let Some(entry) = map.get_mut(name) {
            keep_reset_fields(entry, live.unwrap_or(&Value::Null), below);
        }
    }
}

fn reconciled(mut managed: ManagedFields, schema: Option<Schema<'_>>) -> ManagedFields {
    for manager in managed.iter_mut() {
        manager.fields = manager.fields.reconciled(schema);
    }
    managed
}

fn without_managed_fields(object: &Object) -> Value {
    let mut object = object.clone();
    object.remove(&["metadata", "managedFields"]);
    object.into_value()
}

/// What a created object is compared with: what the server's own types hold before anything is decoded into them.
fn nothing(schema: Option<Schema<'_>>) -> Value {
    let built_in = schema.filter(|schema| schema.node().name.starts_with("io.k8s."));
    built_in.map_or_else(|| Value::Object(serde_json::Map::new()), Schema::zero_value)
}

/// What the first configuration of an object is merged into.
fn identity_of(object: &Object) -> Value {
    let mut empty = Object::default();
    for path in [&["apiVersion"][..], &["kind"], &["metadata", "name"], &["metadata", "namespace"]] {
        if let Some(value) = object.get(path) {
            empty.set(path, value.clone());
        }
    }
    empty.into_value()
}

/// Without the fields that nobody can own because they identify the object or belong to the server.
fn stripped(fields: &FieldSet) -> FieldSet {
    let nobody = FieldSet::of_fields(&[
        &["apiVersion"],
        &["kind"],
        &["metadata"],
        &["metadata", "name"],
        &["metadata", "namespace"],
        &["metadata", "creationTimestamp"],
        &["metadata", "selfLink"],
        &["metadata", "uid"],
        &["metadata", "clusterName"],
        &["metadata", "generation"],
        &["metadata", "managedFields"],
        &["metadata", "resourceVersion"],
    ]);
    fields.difference(&nobody)
}
