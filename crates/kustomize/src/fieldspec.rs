//! Which field of which kinds a transformer touches, and how it is reached. The sets of them are in `specs`.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::resource::Resource;

/// A field of a kind: `path` is split at `/` and goes through lists by itself.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub(crate) struct FieldSpec {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) path: String,
    pub(crate) create: bool,
    /// The path's steps.
    steps: Vec<Step>,
}

/// A field spec as configuration files have it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    group: String,
    version: String,
    kind: String,
    path: String,
    create: bool,
}

impl From<Written> for FieldSpec {
    fn from(written: Written) -> Self {
        let Written { group, version, kind, path, create } = written;
        Self { steps: steps(&path), group, version, kind, path, create }
    }
}

/// One step of a path. `[]` says that there is a list, which is then not made where it is missing: there would be no
/// element to go on in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Step {
    name: String,
    is_list: bool,
}

/// What is made where `create` finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Map,
    Scalar,
    /// Nothing is ever made.
    None,
}

/// Splits at `/`, where `\/` stands for itself; a `/` at the start counts for nothing.
fn steps(path: &str) -> Vec<Step> {
    let mut names: Vec<String> = Vec::new();
    let mut continues = false;
    for part in path.strip_prefix('/').unwrap_or(path).split('/') {
        let (part, escapes) = part.strip_suffix('\\').map_or((part, false), |part| (part, true));
        match names.last_mut().filter(|_| continues) {
            Some(last) => last.push_str(part),
            None => names.push(part.to_owned()),
        }
        continues = escapes;
        if let Some(last) = names.last_mut().filter(|_| escapes) {
            last.push('/');
        }
    }
    let step = |name: String| match name.strip_suffix("[]") {
        Some(list) => Step { name: list.to_owned(), is_list: true },
        None => Step { name, is_list: false },
    };
    names.into_iter().map(step).collect()
}

impl FieldSpec {
    /// A spec for a kind (with group and version; empty ones mean all).
    pub(crate) fn new((group, version, kind): (&str, &str, &str), path: &str, create: bool) -> Self {
        let [group, version, kind, path] = [group, version, kind, path].map(str::to_owned);
        Written { group, version, kind, path, create }.into()
    }

    /// Whether the spec is about objects of this kind; empty parts are about all.
    pub(crate) fn is_for(&self, group: &str, version: &str, kind: &str) -> bool {
        (self.kind.is_empty() || self.kind == kind)
            && (self.group.is_empty() || self.group == group)
            && (self.version.is_empty() || self.version == version)
    }

    /// Whether a spec that is merged to this one says the same: the other's empty parts mean all.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.path == other.path && other.is_for(&self.group, &self.version, &self.kind)
    }

    /// Calls `change` on every place that the spec means in an object of its kind.
    pub(crate) fn visit(
        &self,
        resource: &mut Resource,
        leaf: Leaf,
        change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        if !self.is_for(resource.group(), resource.version(), resource.kind()) {
            return Ok(());
        }
        self.visit_any(resource, leaf, change)
    }

    /// The same, whatever the object's kind.
    pub(crate) fn visit_any(
        &self,
        resource: &mut Resource,
        leaf: Leaf,
        change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
    ) -> Result<(), String> {
        let leaf = if self.create { leaf } else { Leaf::None };
        visit(&mut resource.value, &self.steps, leaf, change).map_err(|reason| {
            let id = resource.id();
            format!("considering field '{}' of object {id}: {reason}", self.path)
        })
    }
}

fn visit(
    node: &mut Value,
    steps: &[Step],
    leaf: Leaf,
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some((step, rest)) = steps.split_first() else { return change(node) };
    match node {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| visit(item, steps, leaf, change)),
        Value::Object(map) => {
            if step.name.is_empty() {
                return Err("cannot set or create an empty field name".to_owned());
            }
            let creates = leaf != Leaf::None && !step.is_list;
            let make = || {
                if rest.is_empty() && leaf == Leaf::Scalar { Value::Null } else { Value::Object(Map::new()) }
            };
            match map.get_mut(&step.name) {
                Some(child) => {
                    if child.is_null() && step.is_list {
                        *child = Value::Array(Vec::new());
                    } else if child.is_null() && creates {
                        *child = make();
                    }
                    visit(child, rest, leaf, change)
                }
                None if creates => {
                    visit(map.entry(step.name.clone()).or_insert_with(make), rest, leaf, change)
                }
                None => Ok(()),
            }
        }
        _ => Err("expected sequence or mapping node".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(value: Value, spec: &FieldSpec) -> Result<Value, String> {
        let mut resource = Resource::new(value, "x".into());
        spec.visit(&mut resource, Leaf::Scalar, &mut |place| {
            *place = json!("new");
            Ok(())
        })?;
        Ok(resource.value)
    }

    #[test]
    fn paths_go_through_lists_and_make_what_is_missing() {
        let all = ("", "", "");
        let list = FieldSpec::new(all, "spec/containers[]/image", true);
        assert_eq!(
            set(json!({"spec": {"containers": [{"image": "a"}, {"name": "x"}]}}), &list).unwrap(),
            json!({"spec": {"containers": [{"image": "new"}, {"image": "new", "name": "x"}]}})
        );
        assert_eq!(set(json!({"spec": {}}), &list).unwrap(), json!({"spec": {}}));
        assert_eq!(
            set(json!({"spec": {"containers": null}}), &list).unwrap(),
            json!({"spec": {"containers": []}})
        );
        let made = FieldSpec::new(all, "/metadata/a/b", true);
        assert_eq!(set(json!({}), &made).unwrap(), json!({"metadata": {"a": {"b": "new"}}}));
        assert_eq!(set(json!({"metadata": null}), &made).unwrap(), json!({"metadata": {"a": {"b": "new"}}}));
        assert!(
            set(json!({"metadata": 1}), &made).unwrap_err().contains("expected sequence or mapping node")
        );
        let only = FieldSpec::new(("apps", "", "Deployment"), "spec/a", true);
        assert_eq!(set(json!({"kind": "Service"}), &only).unwrap(), json!({"kind": "Service"}));
        let escaped = FieldSpec::new(all, "metadata/annotations/a\\/b", false);
        assert_eq!(
            set(json!({"metadata": {"annotations": {"a/b": "x"}}}), &escaped).unwrap(),
            json!({"metadata": {"annotations": {"a/b": "new"}}})
        );
    }
}
