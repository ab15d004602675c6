//! Prefixes and suffixes of names.

use serde_json::Value;

use crate::fieldspec::{FieldSpec, Leaf};
use crate::resource::Resource;

/// Kinds whose names mean something elsewhere.
fn is_skipped(resource: &Resource) -> bool {
    let id = resource.original_id();
    match id.kind.as_str() {
        "CustomResourceDefinition" | "Namespace" => true,
        "APIService" => id.group == "apiregistration.k8s.io",
        _ => false,
    }
}

/// Puts a prefix before names.
pub(crate) fn add_prefix(list: &mut [Resource], prefix: &str, specs: &[FieldSpec]) -> Result<(), String> {
    change(list, specs, &|resource| resource.prefixes.push(prefix.to_owned()), &|name| {
        format!("{prefix}{name}")
    })
}

/// Puts a suffix behind names.
pub(crate) fn add_suffix(list: &mut [Resource], suffix: &str, specs: &[FieldSpec]) -> Result<(), String> {
    change(list, specs, &|resource| resource.suffixes.push(suffix.to_owned()), &|name| {
        format!("{name}{suffix}")
    })
}

fn change(
    list: &mut [Resource],
    specs: &[FieldSpec],
    note: &dyn Fn(&mut Resource),
    renamed: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    for resource in list.iter_mut().filter(|resource| !is_skipped(resource)) {
        for spec in specs {
            if spec.path.trim_start_matches('/') == "metadata/name"
                && spec.is_for(resource.group(), resource.version(), resource.kind())
            {
                // Noted even for an empty text, as upstream does: references are told apart by it.
                resource.remember();
                note(resource);
            }
            spec.visit(resource, Leaf::Scalar, &mut |place| {
                if let Value::String(name) = place {
                    *name = renamed(name);
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}
