//! What is done to a pair before each object is normalized by itself.

use object::Object;
use object::structured::{self, FieldSet, ManagedFields};

use crate::Options;

const TRACKING_ANNOTATION: &str = "argocd.argoproj.io/tracking-id";

/// Evens out what differs only because tracking was switched, and what trusted managers changed.
pub(crate) fn prepare(target: Option<&mut Object>, live: Option<&mut Object>, options: &Options<'_>) {
    let (Some(target), Some(live)) = (target, live) else { return };
    migrate_tracking(target, live, options);
    let managers = options.rules.managers_for(target);
    if !managers.is_empty() {
        remove_trusted(target, live, &managers, options);
    }
}

/// An application that changes from labels to annotations must not show all its objects as different.
fn migrate_tracking(target: &Object, live: &mut Object, options: &Options<'_>) {
    let label = options.tracking.label;
    let is_definition = live.kind() == "CustomResourceDefinition" && live.group() == "apiextensions.k8s.io";
    if options.tracking.by_label_only || label.is_empty() || is_definition || live.label(label).is_none() {
        return;
    }
    if live.annotation(TRACKING_ANNOTATION).is_none()
        && let Some(annotation) = target.annotation(TRACKING_ANNOTATION)
    {
        live.set_annotation(TRACKING_ANNOTATION, annotation);
    }
    if target.label(label).is_none() {
        live.remove_label(label);
    }
}

/// Removes from both objects what differs and a trusted manager owns. Objects that cannot be read are left.
fn remove_trusted(target: &mut Object, live: &mut Object, managers: &[&str], options: &Options<'_>) {
    let schema = options.schema(&live.gvk());
    let Ok(managed) = ManagedFields::read(live) else { return };
    let modified = structured::compare(live.as_value(), target.as_value(), schema).modified;
    let mut trusted = FieldSet::new();
    for manager in managed.iter().filter(|manager| managers.contains(&manager.id.name.as_str())) {
        trusted = trusted.union(&manager.fields.intersection(&modified));
    }
    if trusted.is_empty() {
        return;
    }
    for object in [target, live] {
        if let Ok(reduced) = Object::from_value(structured::remove(object.as_value(), &trusted, schema)) {
            *object = reduced;
        }
    }
}
