//! Replica counts.

use serde_json::Value;

use crate::fieldspec::{FieldSpec, Leaf};
use crate::file::Replica;
use crate::resource::Resource;

/// Sets the count of the workloads that have, or had, this name.
pub(crate) fn set_replicas(
    list: &mut [Resource],
    replica: &Replica,
    specs: &[FieldSpec],
) -> Result<(), String> {
    let mut found = false;
    for spec in specs {
        let is_meant = |resource: &Resource| {
            let mut ids = resource.all_ids().into_iter();
            ids.any(|id| id.name == replica.name && id.is_kind(&spec.group, &spec.version, &spec.kind))
        };
        for resource in list.iter_mut().filter(|resource| is_meant(resource)) {
            found = true;
            spec.visit(resource, Leaf::Scalar, &mut |place| match place {
                Value::Object(_) | Value::Array(_) => Err("wrong node kind: expected ScalarNode".to_owned()),
                place => {
                    *place = replica.count.into();
                    Ok(())
                }
            })?;
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<&str> = specs.iter().map(|spec| &*spec.kind).collect();
    Err(format!(
        "resource with name {} does not match a config with the following GVK {kinds:?}",
        replica.name
    ))
}
