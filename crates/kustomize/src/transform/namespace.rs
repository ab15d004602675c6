//! The namespace of everything that has one.

use serde_json::Value;

use crate::fieldspec::{FieldSpec, Leaf};
use crate::resource::{Resource, is_cluster_scoped};

/// Which subjects of role bindings get the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum SubjectRule {
    #[default]
    DefaultOnly,
    AllServiceAccounts,
    None,
}

/// Sets the namespace of all objects that are not known to have none.
pub(crate) fn set_namespace(
    list: &mut [Resource],
    namespace: &str,
    specs: &[FieldSpec],
    subjects: SubjectRule,
    unset_only: bool,
) -> Result<(), String> {
    for resource in list.iter_mut() {
        resource.remember();
        let id = resource.id();
        let is_wanted = !unset_only || id.namespace.is_empty();
        if is_wanted && !is_cluster_scoped(&id.group, &id.version, &id.kind) {
            resource.metadata().insert("namespace".to_owned(), namespace.into());
        }
        let is_binding = matches!(id.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if is_binding {
            set_subjects(&mut resource.value, namespace, subjects);
        }
        for spec in specs.iter().filter(|spec| spec.path != "metadata/namespace") {
            spec.visit(resource, Leaf::Scalar, &mut |place| {
                if !(unset_only && place.as_str().is_some_and(|text| !text.is_empty())) {
                    *place = namespace.into();
                }
                Ok(())
            })?;
        }
    }
    for (place, resource) in list.iter().enumerate() {
        let id = resource.id();
        if list[..place].iter().any(|other| other.id().is_same(&id)) {
            return Err(format!("namespace transformation produces ID conflict: {id}"));
        }
    }
    Ok(())
}

fn set_subjects(binding: &mut Value, namespace: &str, rule: SubjectRule) {
    let Some(subjects) = binding.get_mut("subjects").and_then(Value::as_array_mut) else { return };
    for subject in subjects.iter_mut().filter_map(Value::as_object_mut) {
        let text = |name: &str| subject.get(name).and_then(Value::as_str).unwrap_or_default();
        let is_meant = match rule {
            SubjectRule::None => false,
            SubjectRule::DefaultOnly => text("name") == "default",
            SubjectRule::AllServiceAccounts => text("kind") == "ServiceAccount",
        };
        if is_meant {
            subject.insert("namespace".to_owned(), namespace.into());
        }
    }
}
