//! Prefixes and suffixes of names.

use serde_json::Value;

use crate::budget;
use crate::fieldspec::{FieldSpec, Leaf};
use crate::file::scalar_text;
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
    let note = |resource: &mut Resource| resource.prefixes.push(prefix.to_owned());
    change(list, specs, prefix, &note, &|name| format!("{prefix}{name}"))
}

/// Puts a suffix behind names.
pub(crate) fn add_suffix(list: &mut [Resource], suffix: &str, specs: &[FieldSpec]) -> Result<(), String> {
    let note = |resource: &mut Resource| resource.suffixes.push(suffix.to_owned());
    change(list, specs, suffix, &note, &|name| format!("{name}{suffix}"))
}

fn change(
    list: &mut [Resource],
    specs: &[FieldSpec],
    added: &str,
    note: &dyn Fn(&mut Resource),
    renamed: &dyn Fn(&str) -> String,
) -> Result<(), String> {
    budget::copies(added.len(), list.len())?;
    for resource in list.iter_mut().filter(|resource| !is_skipped(resource)) {
        let id = resource.original_id();
        for spec in specs.iter().filter(|spec| spec.is_for(&id.group, &id.version, &id.kind)) {
            if spec.path == "metadata/name" && !added.is_empty() {
                note(resource);
                resource.remember();
            }
            spec.visit(resource, Leaf::Scalar, &mut |place| match place {
                Value::Object(_) | Value::Array(_) => Err("wrong node kind: expected ScalarNode".to_owned()),
                scalar => {
                    *scalar = renamed(&scalar_text(scalar)).into();
                    Ok(())
                }
            })?;
        }
    }
    Ok(())
}
