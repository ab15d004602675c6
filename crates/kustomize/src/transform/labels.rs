//! Labels and annotations for all objects.

use std::collections::BTreeMap;

use crate::fieldspec::{FieldSpec, Leaf};
use crate::resource::Resource;

/// Sets labels at all places that the specs mean.
pub(crate) fn add_labels(
    list: &mut [Resource],
    labels: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<(), String> {
    add(list, labels, specs)
}

/// Sets annotations at all places that the specs mean.
pub(crate) fn add_annotations(
    list: &mut [Resource],
    annotations: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<(), String> {
    add(list, annotations, specs)
}

fn add(list: &mut [Resource], entries: &BTreeMap<String, String>, specs: &[FieldSpec]) -> Result<(), String> {
    if entries.is_empty() {
        return Ok(());
    }
    for resource in list.iter_mut() {
        for spec in specs {
            spec.visit(resource, Leaf::Map, &mut |place| {
                let Some(map) = place.as_object_mut() else {
                    return Err("expected a map".to_owned());
                };
                map.extend(entries.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
                Ok(())
            })?;
        }
    }
    Ok(())
}
