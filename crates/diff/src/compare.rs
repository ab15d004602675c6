//! One comparison from end to end: prepares both objects, picks the method and judges the result.

use object::{LAST_APPLIED_ANNOTATION, Object};
use serde_json::Value;

use crate::comparison::Comparison;
use crate::normalize::{prepare, remarshal};
use crate::options::Options;
use crate::{Error, FIELD_MANAGER, structured_merge, three_way};

const SYNC_OPTIONS: &str = "argocd.argoproj.io/sync-options";

/// Compares a desired object with the live one without asking the server.
pub fn compare(
    target: Option<&Object>,
    live: Option<&Object>,
    options: &Options<'_>,
) -> Result<Comparison, Error> {
    let (mut target, mut live) = (target.cloned(), live.cloned());
    for object in target.iter_mut().chain(live.iter_mut()) {
        go_numbers(object);
    }
    prepare(target.as_mut(), live.as_mut(), options);
    let normalizer = options.normalizer();
    for object in target.iter_mut().chain(live.iter_mut()) {
        remarshal(object);
        normalizer.normalize(object);
    }
    let (target, live) = match (target, live) {
        (Some(target), Some(live)) => (target, live),
        (Some(target), None) => {
            return Ok(Comparison {
                modified: true,
                normalized_live: Value::Null,
                predicted_live: target.into_value(),
            });
        }
        (None, Some(live)) => {
            return Ok(Comparison {
                modified: false,
                normalized_live: live.into_value(),
                predicted_live: Value::Null,
            });
        }
        (None, None) => return Ok(Comparison::default()),
    };
    if options.server_side_apply || has_option(&target, SYNC_OPTIONS, "ServerSideApply=true") {
        return structured_merge::compare(&target, &live, options, FIELD_MANAGER);
    }
    if let Some(mut original) = last_applied(&live) {
        normalizer.normalize(&mut original);
        if let Ok(comparison) = three_way::compare(&original, &target, &live) {
            return Ok(comparison);
        }
    }
    three_way::compare(&target, &target, &live).map_err(Error::of(&target))
}

/// The object that was last applied, if the annotation can be read.
pub(crate) fn last_applied(live: &Object) -> Option<Object> {
    serde_json::from_str(live.annotation(LAST_APPLIED_ANNOTATION)?).ok()
}

/// Whether a comma-separated annotation has an option.
pub(crate) fn has_option(object: &Object, annotation: &str, option: &str) -> bool {
    object.annotation(annotation).is_some_and(|options| options.split(',').any(|part| part.trim() == option))
}

/// Go writes a whole float as an integer, so `1.0` in a manifest and `1` in the cluster are one value.
fn go_numbers(object: &mut Object) {
    fn walk(value: &mut Value) {
        match value {
            Value::Number(number) => {
                if let Some(float) = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0)
                    && float.abs() < 9e15
                {
                    *value = Value::from(float as i64);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(walk),
            Value::Object(map) => map.values_mut().for_each(walk),
            _ => {}
        }
    }
    object.as_map_mut().values_mut().for_each(walk);
}
