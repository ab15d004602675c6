//! Variables: `$(NAME)` in fields that may hold them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fieldspec::{FieldSpec, Leaf};
use crate::file::Variable;
use crate::resource::Resource;

/// The fields that may hold variables.
pub(crate) fn builtin() -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    for (kind, pod) in [
        ("Pod", "spec"),
        ("Deployment", "spec/template/spec"),
        ("ReplicaSet", "spec/template/spec"),
        ("DaemonSet", "spec/template/spec"),
        ("StatefulSet", "spec/template/spec"),
        ("Job", "spec/template/spec"),
        ("CronJob", "spec/jobTemplate/spec/template/spec"),
    ] {
        for containers in ["containers", "initContainers"] {
            for field in ["command", "args", "env/value", "volumeMounts/mountPath"] {
                specs.push(FieldSpec::new(kind, &format!("{pod}/{containers}/{field}"), false));
            }
        }
        specs.push(FieldSpec::new(kind, &format!("{pod}/volumes/nfs/server"), false));
    }
    specs.push(FieldSpec::new("PersistentVolume", "spec/nfs/server", false));
    specs.push(FieldSpec::new("Deployment", "spec/template/metadata/annotations", false));
    for path in ["spec/rules/host", "spec/tls/hosts", "spec/tls/secretName"] {
        specs.push(FieldSpec::new("Ingress", path, false));
    }
    for path in ["spec/ports/port", "spec/ports/targetPort"] {
        specs.push(FieldSpec::new("Service", path, false));
    }
    for path in ["metadata/labels", "metadata/annotations"] {
        specs.push(FieldSpec::new("", path, false));
    }
    specs
}

/// Reads the variables from the finished objects and puts them in.
pub(crate) fn substitute(
    list: &mut [Resource],
    variables: &[Variable],
    specs: &[FieldSpec],
) -> Result<(), String> {
    if variables.is_empty() {
        return Ok(());
    }
    let mut values = BTreeMap::new();
    for variable in variables {
        values.insert(variable.name.clone(), read(list, variable)?);
    }
    for resource in list.iter_mut() {
        for spec in specs {
            spec.visit(resource, Leaf::Scalar, &mut |place| {
                expand_all(place, &values);
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn is_meant(resource: &Resource, variable: &Variable) -> bool {
    let reference = &variable.objref;
    let (group, version) = match reference.api_version.split_once('/') {
        Some((group, version)) => (group, version),
        None if reference.api_version.is_empty() => (reference.group.as_str(), reference.version.as_str()),
        None => ("", reference.api_version.as_str()),
    };
    resource.all_ids().iter().any(|id| {
        id.kind == reference.kind
            && id.name == reference.name
            && (group.is_empty() || id.group == group)
            && (version.is_empty() || id.version == version)
            && (reference.namespace.is_empty() || id.effective_namespace() == reference.namespace)
    })
}

fn read(list: &[Resource], variable: &Variable) -> Result<Value, String> {
    let found: Vec<&Resource> = list.iter().filter(|resource| is_meant(resource, variable)).collect();
    let name = &variable.name;
    let resource = match found[..] {
        [resource] => resource,
        [] => return Err(format!("var '{name}' cannot be mapped to a field in the set of known resources")),
        _ => {
            return Err(format!(
                "found {} resId matches for var {name} (unable to disambiguate)",
                found.len()
            ));
        }
    };
    let path =
        if variable.fieldref.field_path.is_empty() { "metadata.name" } else { &variable.fieldref.field_path };
    let mut value = &resource.value;
    for part in split_field_path(path) {
        let next = match value {
            Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get(index)),
            other => other.get(&part),
        };
        value = next.ok_or_else(|| {
            format!(
                "field specified in var '{name}' ({path}) not found in corresponding resource {}",
                resource.id()
            )
        })?;
    }
    Ok(value.clone())
}

/// Splits `a.b[0].c` and `a.b[c.d]`.
fn split_field_path(path: &str) -> Vec<String> {
    let (mut parts, mut part, mut bracket) = (Vec::new(), String::new(), false);
    for character in path.chars() {
        match character {
            '[' => {
                bracket = true;
                if !part.is_empty() {
                    parts.push(std::mem::take(&mut part));
                }
            }
            ']' => {
                bracket = false;
                parts.push(std::mem::take(&mut part));
            }
            '.' if !bracket => {
                if !part.is_empty() {
                    parts.push(std::mem::take(&mut part));
                }
            }
            other => part.push(other),
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

fn expand_all(place: &mut Value, values: &BTreeMap<String, Value>) {
    match place {
        Value::String(text) => {
            if let Some(expanded) = expand(text, values) {
                *place = expanded;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| expand_all(item, values)),
        Value::Object(map) => {
            map.values_mut().filter(|value| value.is_string()).for_each(|value| expand_all(value, values));
        }
        _ => {}
    }
}

/// The text with its variables put in, or `None` when it has none. A text that is one variable takes its type.
fn expand(text: &str, values: &BTreeMap<String, Value>) -> Option<Value> {
    if !text.contains('$') {
        return None;
    }
    if let Some(value) =
        text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')')).and_then(|name| values.get(name))
    {
        return Some(value.clone());
    }
    let (mut result, mut rest) = (String::new(), text);
    while let Some(place) = rest.find('$') {
        result.push_str(&rest[..place]);
        let after = &rest[place + 1..];
        if let Some(escaped) = after.strip_prefix('$') {
            result.push('$');
            rest = escaped;
            continue;
        }
        let variable = after.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        match variable {
            Some((name, behind)) => {
                match values.get(name) {
                    Some(value) => result.push_str(&crate::file::scalar_text(value)),
                    None => result.push_str(&format!("$({name})")),
                }
                rest = behind;
            }
            None => {
                result.push('$');
                rest = after;
            }
        }
    }
    result.push_str(rest);
    Some(Value::String(result))
}

/// Ties variables to the objects that they mean where they are declared: further up, others may have the same name.
pub(crate) fn bind(list: &[Resource], variables: &[Variable]) -> Vec<Variable> {
    let bound = |variable: &Variable| {
        let mut variable = variable.clone();
        if variable.objref.namespace.is_empty() {
            let found: Vec<&Resource> =
                list.iter().filter(|resource| is_meant(resource, &variable)).collect();
            if let [resource] = found[..] {
                variable.objref.namespace = resource.id().effective_namespace().to_owned();
            }
        }
        variable
    };
    variables.iter().map(bound).collect()
}

/// Refuses a variable that is declared twice.
pub(crate) fn add(known: &mut Vec<Variable>, more: Vec<Variable>) -> Result<(), String> {
    for variable in more {
        let same = known.iter().find(|other| other.name == variable.name);
        match same {
            Some(_) => return Err(format!("var '{}' already encountered", variable.name)),
            None => known.push(variable),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_put_in() {
        let values = BTreeMap::from([("NAME".to_owned(), json!("web")), ("PORT".to_owned(), json!(80))]);
        for (text, wanted) in [
            ("$(NAME)-x", Some(json!("web-x"))),
            ("$(PORT)", Some(json!(80))),
            ("p$(PORT)", Some(json!("p80"))),
            ("$$(NAME)", Some(json!("$(NAME)"))),
            ("$(OTHER)", Some(json!("$(OTHER)"))),
            ("plain", None),
        ] {
            assert_eq!(expand(text, &values), wanted, "{text}");
        }
        assert_eq!(split_field_path("a.b[0].c[d.e]"), ["a", "b", "0", "c", "d.e"]);
    }
}
