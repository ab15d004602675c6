//! Replica counts.

use crate::fieldspec::{FieldSpec, Leaf};
use crate::file::Replica;
use crate::resource::Resource;

/// Sets the count of the workloads with this name.
pub(crate) fn set_replicas(
    list: &mut [Resource],
    replica: &Replica,
    specs: &[FieldSpec],
) -> Result<(), String> {
    let mut found = false;
    for resource in list.iter_mut() {
        if !resource.all_ids().iter().any(|id| id.name == replica.name) {
            continue;
        }
        for spec in specs {
            if spec.is_for(resource.group(), resource.version(), resource.kind()) {
                found = true;
                spec.visit(resource, Leaf::Scalar, &mut |place| {
                    *place = replica.count.into();
                    Ok(())
                })?;
            }
        }
    }
    if found {
        return Ok(());
    }
    let kinds: Vec<&str> = specs.iter().map(|spec| spec.kind.as_str()).collect();
    Err(format!(
        "resource with name {} does not match a config with the following GVK {kinds:?}",
        replica.name
    ))
}
