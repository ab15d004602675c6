//! The server-side method: the prediction is the server's own dry run. The request is the caller's; this prepares the
//! object to send and judges the answer.

use object::schema::{ListKind, Schema};
use object::structured::{self, FieldSet, ManagedFields, PathElement};
use object::{LAST_APPLIED_ANNOTATION, Object};

use crate::normalize::{Normalizer, prepare, remarshal};
use crate::{Comparison, Error, Options};

/// The object to apply in a dry run and the live object to compare its answer with: both normalized, yet with the fields
/// that ignore rules would remove.
pub fn prepare_dry_run(target: &Object, live: &Object, options: &Options<'_>) -> (Object, Object) {
    let (mut target, mut live) = (target.clone(), live.clone());
    prepare(Some(&mut target), Some(&mut live), options);
    let normalizer = Normalizer { rules: None, ignore_aggregated_roles: options.ignore_aggregated_roles };
    for object in [&mut target, &mut live] {
        remarshal(object);
        normalizer.normalize(object);
    }
    (target, live)
}

/// Compares the live object (as [`prepare_dry_run`] returned it) with the answer of the dry run.
///
/// Unless `include_webhooks`, what admission webhooks and other managers changed in the dry run is disregarded: only
/// fields that `manager` owns count.
pub fn compare_dry_run(
    live: &Object,
    dry_run: &Object,
    options: &Options<'_>,
    manager: &str,
    include_webhooks: bool,
) -> Result<Comparison, Error> {
    let mut predicted =
        if include_webhooks { dry_run.clone() } else { own_changes(live, dry_run, options, manager)? };
    let mut live = live.clone();
    remarshal(&mut predicted);
    for object in [&mut predicted, &mut live] {
        options.normalizer().normalize(object);
        object.remove(&["metadata", "managedFields"]);
        object.remove(&["metadata", "resourceVersion"]);
        object.remove_annotation(LAST_APPLIED_ANNOTATION);
    }
    Ok(Comparison::of(live.into_value(), predicted.into_value()))
}

fn own_changes(
    live: &Object,
    dry_run: &Object,
    options: &Options<'_>,
    manager: &str,
) -> Result<Object, Error> {
    let unmanaged = || Error::NotManaged { object: dry_run.key().to_string(), manager: manager.to_owned() };
    let schema = options
        .schema(&dry_run.gvk())
        .ok_or_else(|| Error::NoSchema { object: dry_run.key().to_string() })?;
    let owned = ManagedFields::read(dry_run).map_err(Error::of(dry_run))?.fields_of(manager);
    if owned.is_empty() {
        return Err(unmanaged());
    }
    let schema = Some(schema);
    let all = structured::field_set(dry_run.as_value(), schema);
    let mut foreign = all.difference(&owned).difference(&ancestors(&owned));
    foreign = without_composite_keys(&foreign, schema);
    let kept = structured::remove(dry_run.as_value(), &foreign, schema);
    let merged = structured::merge(live.as_value(), &kept, schema);
    // The merge brought back what the dry run had removed.
    let removed =
        structured::compare(live.as_value(), dry_run.as_value(), schema).removed.difference(&foreign);
    let predicted = structured::remove(&merged, &removed, schema);
    Object::from_value(predicted).map_err(Error::of(dry_run))
}

/// The paths on the way to the paths of a set.
fn ancestors(set: &FieldSet) -> FieldSet {
    let mut ancestors = FieldSet::new();
    for path in set.paths() {
        for length in 1..path.len() {
            ancestors.insert(&path[..length]);
        }
    }
    ancestors
}

/// Without the fields that name a list item together with others: removing one would make another item of it.
fn without_composite_keys(set: &FieldSet, schema: Option<Schema<'_>>) -> FieldSet {
    let mut kept = FieldSet::new();
    for path in set.paths() {
        if !is_composite_key(&path, schema) {
            kept.insert(&path);
        }
    }
    kept
}

fn is_composite_key(path: &[PathElement], schema: Option<Schema<'_>>) -> bool {
    let [.., PathElement::Key(keys), PathElement::Field(name)] = path else { return false };
    let list = path[..path.len() - 2].iter().try_fold(schema, |schema, element| match element {
        PathElement::Field(name) => schema.map(|schema| schema.field(name)),
        _ => schema.map(Schema::items),
    });
    let by_schema = list.flatten().is_some_and(|list| match &list.node().list {
        ListKind::Map(keys) => keys.len() > 1 && keys.contains(name),
        _ => false,
    });
    by_schema || (keys.len() > 1 && keys.iter().any(|(key, _)| key == name))
}
