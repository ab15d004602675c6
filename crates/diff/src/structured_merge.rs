//! The structured-merge method: server-side apply computed here, with the live object's own field ownership.

use object::defaults::fill_builtin_defaults;
use object::structured::{self, FieldSet, Writer};
use object::{LAST_APPLIED_ANNOTATION, Object};

use crate::normalize::remarshal;
use crate::schemas::typed_schema;
use crate::{Comparison, Error, Options};

pub(crate) fn compare(
    target: &Object,
    live: &Object,
    options: &Options<'_>,
    manager: &str,
) -> Result<Comparison, Error> {
    let gvk = target.gvk();
    let schema = options.schema(&gvk).ok_or_else(|| Error::NoSchema { object: target.key().to_string() })?;
    let nothing = FieldSet::new();
    let writer = Writer { manager, subresource: "", time: "", reset: &nothing };
    let mut target = target.clone();
    target.remove(&["metadata", "managedFields"]);
    let applied =
        structured::apply(Some(live), &target, Some(schema), writer, true).map_err(Error::of(&target))?;
    let (mut live, mut predicted) = (live.clone(), applied.object);
    if !applied.changed {
        predicted = live.clone();
    }
    for object in [&mut live, &mut predicted] {
        // What the merge has emptied is null until the kind's own type has written it.
        remarshal(object);
        object.remove(&["metadata", "managedFields"]);
        object.remove_annotation(LAST_APPLIED_ANNOTATION);
        if typed_schema(&gvk).is_some() {
            fill_builtin_defaults(object);
        }
    }
    Ok(Comparison::of(live.into_value(), predicted.into_value()))
}
