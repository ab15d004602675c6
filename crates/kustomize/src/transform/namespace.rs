//! The namespace of everything that has one.

use serde_json::{Map, Value};

use crate::fieldspec::{FieldSpec, Leaf};
use crate::resource::{Resource, refuse_conflicts};

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
    list: &mut Vec<Resource>,
    namespace: &str,
    specs: &[FieldSpec],
    subjects: SubjectRule,
    unset_only: bool,
) -> Result<(), String> {
    if namespace.is_empty() {
        return Ok(());
    }
    for resource in list.iter_mut().filter(|resource| !resource.from_helm) {
        resource.remember();
        set_in(resource, namespace, specs, subjects, unset_only)?;
    }
    refuse_conflicts(list).map_err(|message| {
        let id = message.rsplit(": ").next().unwrap_or_default();
        format!("namespace transformation produces ID conflict: {id}")
    })
}

/// Sets the namespace in one object.
pub(crate) fn set_in(
    resource: &mut Resource,
    namespace: &str,
    specs: &[FieldSpec],
    subjects: SubjectRule,
    unset_only: bool,
) -> Result<(), String> {
    let is_set = |place: &Value| place.as_str().is_some_and(|text| !text.is_empty());
    if !resource.is_cluster_scoped() && (!unset_only || resource.namespace().is_empty()) {
        resource.set_namespace(namespace);
    }
    let is_core = resource.api_version() == "v1";
    let is_binding = matches!(resource.kind(), "RoleBinding" | "ClusterRoleBinding");
    if is_binding {
        set_subjects(&mut resource.value, namespace, subjects, unset_only)?;
    }
    for spec in specs {
        let is_done = match &*spec.path {
            "metadata/namespace" => true,
            // Other groups have kinds called Namespace, too.
            "metadata/name" => !is_core,
            "subjects/namespace" => is_binding && matches!(&*spec.kind, "RoleBinding" | "ClusterRoleBinding"),
            _ => false,
        };
        if is_done {
            continue;
        }
        spec.visit(resource, Leaf::Scalar, &mut |place| match place {
            Value::Object(_) | Value::Array(_) => {
                Err("namespace field specs must target scalar nodes".to_owned())
            }
            place => {
                if !unset_only || !is_set(place) {
                    *place = namespace.into();
                }
                Ok(())
            }
        })?;
    }
    Ok(())
}

fn set_subjects(
    binding: &mut Value,
    namespace: &str,
    rule: SubjectRule,
    unset_only: bool,
) -> Result<(), String> {
    let subjects = match binding.get_mut("subjects") {
        None | Some(Value::Null) => return Ok(()),
        Some(Value::Array(subjects)) => subjects,
        Some(_) if rule == SubjectRule::None => return Ok(()),
        Some(_) => {
            return Err("setting namespace on (cluster)role binding subjects: expected a list".to_owned());
        }
    };
    for subject in subjects.iter_mut().filter_map(Value::as_object_mut) {
        let text = |subject: &Map<String, Value>, name: &str| {
            subject.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let is_meant = match rule {
            SubjectRule::None => false,
            SubjectRule::DefaultOnly => text(subject, "name") == "default",
            SubjectRule::AllServiceAccounts => text(subject, "kind") == "ServiceAccount",
        };
        if is_meant && (!unset_only || text(subject, "namespace").is_empty()) {
            subject.insert("namespace".to_owned(), namespace.into());
        }
    }
    Ok(())
}
