//! Variables: `$(NAME)` in fields that may hold them.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::budget;
use crate::fieldpath;
use crate::fieldspec::{FieldSpec, Leaf, Text};
use crate::file::{Variable, scalar_text};
use crate::identity::{Id, or};
use crate::resource::Resource;

/// The fields that may hold variables.
pub(crate) fn builtin() -> Vec<FieldSpec> {
    let mut specs = Vec::new();
    let mut add = |kind: &'static str, path: Text| specs.push(FieldSpec::new(("", "", kind), path, false));
    for (kind, pod) in [
        ("CronJob", "spec/jobTemplate/spec/template/spec"),
        ("DaemonSet", "spec/template/spec"),
        ("Deployment", "spec/template/spec"),
        ("Job", "spec/template/spec"),
        ("Pod", "spec"),
        ("ReplicaSet", "spec/template/spec"),
        ("StatefulSet", "spec/template/spec"),
    ] {
        for containers in ["containers", "initContainers"] {
            for field in ["args", "command", "env/value", "volumeMounts/mountPath"] {
                add(kind, format!("{pod}/{containers}/{field}").into());
            }
        }
        match kind {
            // Two of the paths lead nowhere in the reference tool, too.
            "CronJob" => add(kind, "spec/jobTemplate/spec/template/volumes/nfs/server".into()),
            "StatefulSet" => add(kind, "spec/volumeClaimTemplates/spec/nfs/server".into()),
            _ => add(kind, format!("{pod}/volumes/nfs/server").into()),
        }
    }
    add("PersistentVolume", "spec/nfs/server".into());
    add("Deployment", "spec/template/metadata/annotations".into());
    for path in ["spec/rules/host", "spec/tls/hosts", "spec/tls/secretName"] {
        add("Ingress", path.into());
    }
    for path in ["spec/ports/port", "spec/ports/targetPort"] {
        add("Service", path.into());
    }
    for path in ["metadata/labels", "metadata/annotations"] {
        add("", path.into());
    }
    specs
}

/// Ties variables to the objects that they mean where they are declared: further up, others may have the same name.
pub(crate) fn bind(list: &mut [Resource], variables: &[Variable]) -> Result<(), String> {
    for variable in variables {
        let wanted = target_of(variable);
        let is_meant = |id: &Id| {
            let everywhere = wanted.namespace.is_empty() && !wanted.is_cluster_scoped();
            id.is_same_but_namespace(&wanted)
                && (everywhere
                    || or(&id.namespace, "default") == wanted.effective_namespace()
                    || id.is_same(&wanted))
        };
        let places: Vec<usize> =
            (0..list.len()).filter(|&place| list[place].all_ids().iter().any(is_meant)).collect();
        match places[..] {
            [] => {}
            [place] => list[place].variables.push(variable.name.clone()),
            _ => {
                return Err(format!(
                    "found {} resId matches for var {} (unable to disambiguate)",
                    places.len(),
                    described(variable)
                ));
            }
        }
    }
    Ok(())
}

fn target_of(variable: &Variable) -> Id {
    let reference = &variable.objref;
    let (group, version) = match reference.api_version.split('/').collect::<Vec<_>>()[..] {
        [group, version] => (group, version),
        [version] if !version.is_empty() => (reference.group.as_str(), version),
        _ => (reference.group.as_str(), reference.version.as_str()),
    };
    let parts = [group, version, &reference.kind, &reference.namespace, &reference.name];
    let [group, version, kind, namespace, name] = parts.map(str::to_owned);
    Id { group, version, kind, namespace, name }
}

fn described(variable: &Variable) -> String {
    let id = target_of(variable);
    let kind =
        format!("{}.{}.{}", or(&id.kind, "[noKind]"), or(&id.version, "[noVer]"), or(&id.group, "[noGrp]"));
    format!("'{}' ({kind} {}, field {})", variable.name, id.name, field_of(variable))
}

fn field_of(variable: &Variable) -> &str {
    or(&variable.fieldref.field_path, "metadata.name")
}

/// Refuses a variable that is declared twice.
pub(crate) fn add(known: &mut Vec<Variable>, more: Vec<Variable>) -> Result<(), String> {
    for variable in more {
        if known.iter().any(|other| other.name == variable.name) {
            return Err(format!("var '{}' already encountered", variable.name));
        }
        known.push(variable);
    }
    Ok(())
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
    let mut written = 0;
    for variable in variables {
        let value = read(list, variable)?;
        written += budget::memory(value);
        budget::copies(written, 1)?;
        values.insert(variable.name.clone(), value.clone());
    }
    for resource in list.iter_mut() {
        for spec in specs {
            spec.visit(resource, Leaf::None, &mut |place| {
                expand_all(place, &values)?;
                written += budget::memory(place);
                budget::copies(written, 1)
            })?;
        }
    }
    Ok(())
}

fn read<'a>(list: &'a [Resource], variable: &Variable) -> Result<&'a Value, String> {
    let resource =
        list.iter().find(|resource| resource.variables.contains(&variable.name)).ok_or_else(|| {
            format!("var {} cannot be mapped to a field in the set of known resources", described(variable))
        })?;
    let steps: Vec<String> = fieldpath::split(field_of(variable)).into_iter().flat_map(with_index).collect();
    let found = fieldpath::lookup(&resource.value, &steps).ok().flatten();
    found.ok_or_else(|| {
        format!("field specified in var {} not found in corresponding resource", described(variable))
    })
}

/// `name[0]` as two steps.
fn with_index(step: String) -> Vec<String> {
    let parts = step.strip_suffix(']').and_then(|rest| rest.rsplit_once('['));
    match parts.filter(|(_, index)| !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit())) {
        Some(("", index)) => vec![index.to_owned()],
        Some((name, index)) => vec![name.to_owned(), index.to_owned()],
        None => vec![step],
    }
}

fn expand_all(place: &mut Value, values: &BTreeMap<String, Value>) -> Result<(), String> {
    match place {
        Value::String(text) => {
            if let Some(expanded) = expand(text, values)? {
                *place = expanded;
            }
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| match item {
            Value::String(_) => expand_all(item, values),
            _ => Err("invalid value type expect a string".to_owned()),
        }),
        Value::Object(map) => {
            map.values_mut().filter(|value| value.is_string()).try_for_each(|value| expand_all(value, values))
        }
        _ => Ok(()),
    }
}

/// The text with its variables put in, or `None` when it has none. A text that is one variable takes its type.
fn expand(text: &str, values: &BTreeMap<String, Value>) -> Result<Option<Value>, String> {
    if !text.contains('$') {
        return Ok(None);
    }
    let value_of = |name: &str| values.get(name).filter(|value| !value.is_object() && !value.is_array());
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
                match value_of(name) {
                    Some(value) if text.len() == name.len() + "$()".len() => return Ok(Some(value.clone())),
                    Some(value) => {
                        result.push_str(&scalar_text(value));
                        budget::copies(result.len(), 1)?;
                    }
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
    Ok(Some(Value::String(result)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn variables_are_put_in() {
        let values = BTreeMap::from([
            ("NAME".to_owned(), json!("web")),
            ("PORT".to_owned(), json!(80)),
            ("MAP".to_owned(), json!({})),
        ]);
        for (text, wanted) in [
            ("$(NAME)-x", Some(json!("web-x"))),
            ("$(PORT)", Some(json!(80))),
            ("p$(PORT)", Some(json!("p80"))),
            ("$$(NAME)", Some(json!("$(NAME)"))),
            ("$(OTHER)", Some(json!("$(OTHER)"))),
            ("$(MAP) $(open", Some(json!("$(MAP) $(open"))),
            ("plain", None),
        ] {
            assert_eq!(expand(text, &values).unwrap(), wanted, "{text}");
        }
        let steps: Vec<String> = fieldpath::split("a.b[0].c").into_iter().flat_map(with_index).collect();
        assert_eq!(steps, ["a", "b", "0", "c"]);
    }
}
