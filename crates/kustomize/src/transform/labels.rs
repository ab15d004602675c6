//! Labels and annotations for all objects.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::budget;
use crate::fieldspec::{FieldSpec, Leaf};
use crate::resource::Resource;

/// Sets labels or annotations at all places that the specs mean.
pub(crate) fn add_entries(
    list: &mut [Resource],
    entries: &BTreeMap<String, String>,
    specs: &[FieldSpec],
) -> Result<(), String> {
    if entries.is_empty() {
        return Ok(());
    }
    let bytes = entries.iter().map(|(key, value)| key.len() + value.len()).sum();
    budget::copies(bytes, list.len())?;
    for resource in list.iter_mut() {
        for spec in specs {
            spec.visit(resource, Leaf::Map, &mut |place| match place {
                Value::Object(map) => {
                    map.extend(entries.iter().map(|(key, value)| (key.clone(), value.as_str().into())));
                    Ok(())
                }
                Value::Null => Ok(()),
                _ => Err("wrong node kind: expected MappingNode".to_owned()),
            })?;
        }
    }
    Ok(())
}
