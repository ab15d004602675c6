//! Which field of which kinds a transformer touches, and how it is reached. The sets of them are in `specs`.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::resource::Resource;

/// Text that is known beforehand, in the built-in sets, or comes from a file.
pub(crate) type Text = Cow<'static, str>;

/// A field of a kind: `path` is split at `/` and goes through lists by itself.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub(crate) struct FieldSpec {
    pub(crate) group: Text,
    pub(crate) version: Text,
    pub(crate) kind: Text,
    pub(crate) path: Text,
    pub(crate) create: bool,
}

/// What is made where `create` finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    Map,
    Scalar,
    /// Nothing is ever made.
    None,
}

/// One step of a path.
struct Step<'a> {
    name: Cow<'a, str>,
    /// Whether `[]` says that there is a list, which is then not made where it is missing: there would be no element to
    /// go on in.
    is_list: bool,
}

/// The first step of a path and the rest of it. Steps end at `/`, where `\/` stands for itself.
fn first_step(path: &str) -> (Step<'_>, Option<&str>) {
    let (mut name, mut rest) = (Cow::Borrowed(""), Some(path));
    while let Some(path) = rest {
        let (part, after) = path.split_once('/').map_or((path, None), |(part, after)| (part, Some(after)));
        rest = after;
        let (part, escapes) = part.strip_suffix('\\').map_or((part, false), |part| (part, true));
        name = if name.is_empty() { Cow::Borrowed(part) } else { name + part };
        if !escapes {
            break;
        }
        name += "/";
    }
    let is_list = name.ends_with("[]");
    let name = match name {
        Cow::Borrowed(name) => Cow::Borrowed(name.strip_suffix("[]").unwrap_or(name)),
        Cow::Owned(name) => Cow::Owned(name.strip_suffix("[]").map(str::to_owned).unwrap_or(name)),
    };
    (Step { name, is_list }, rest)
}

impl FieldSpec {
    /// A spec for a kind (with group and version; empty ones mean all).
    pub(crate) fn new(
        (group, version, kind): (&'static str, &'static str, &'static str),
        path: impl Into<Text>,
        create: bool,
    ) -> Self {
        let [group, version, kind] = [group, version, kind].map(Cow::Borrowed);
        Self { group, version, kind, path: path.into(), create }
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
        // A `/` at the start counts for nothing.
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        visit(&mut resource.value, Some(path), leaf, change).map_err(|reason| {
            let id = resource.id();
            format!("considering field '{}' of object {id}: {reason}", self.path)
        })
    }
}

fn visit(
    node: &mut Value,
    path: Option<&str>,
    leaf: Leaf,
    change: &mut dyn FnMut(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let Some(path) = path else { return change(node) };
    match node {
        Value::Null => Ok(()),
        Value::Array(items) => items.iter_mut().try_for_each(|item| visit(item, Some(path), leaf, change)),
        Value::Object(map) => {
            let (step, rest) = first_step(path);
            if step.name.is_empty() {
                return Err("cannot set or create an empty field name".to_owned());
            }
            let creates = leaf != Leaf::None && !step.is_list;
            let make = || {
                if rest.is_none() && leaf == Leaf::Scalar { Value::Null } else { Value::Object(Map::new()) }
            };
            match map.get_mut(&*step.name) {
                Some(child) => {
                    if child.is_null() && step.is_list {
                        *child = Value::Array(Vec::new());
                    } else if child.is_null() && creates {
                        *child = make();
                    }
                    visit(child, rest, leaf, change)
                }
                None if creates => visit(map.entry(step.name).or_insert_with(make), rest, leaf, change),
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
        let twice = FieldSpec::new(all, "a\\/b\\/c[]/d", true);
        assert_eq!(set(json!({"a/b/c": [{}]}), &twice).unwrap(), json!({"a/b/c": [{"d": "new"}]}));
        assert_eq!(set(json!({}), &twice).unwrap(), json!({}));
    }
}
