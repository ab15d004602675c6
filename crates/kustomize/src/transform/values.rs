//! The built-in ValueAddTransformer: one text put into fields, or into the paths of files that they hold.

use serde::Deserialize;
use serde_json::Value;

use crate::fieldpath::{self, Make};
use crate::file::{Selector, scalar_text};
use crate::resource::Resource;
use crate::selector::Compiled;
use crate::transform::namespace::{SubjectRule, set_in};

/// Where a value goes.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ValueTarget {
    selector: Option<Selector>,
    field_path: String,
    /// Not 0 when the field holds a path, in which the value becomes the name at this place.
    file_path_position: i64,
}

/// Puts the value into all targets.
pub(crate) fn add_values(list: &mut [Resource], value: &str, targets: &[ValueTarget]) -> Result<(), String> {
    if targets.is_empty() {
        return Err("must specify at least one target".to_owned());
    }
    for target in targets {
        if target.field_path.is_empty() {
            return Err("fieldPath cannot be empty".to_owned());
        }
        let position = usize::try_from(target.file_path_position).map_err(|_| {
            format!("value of FilePathPosition ({}) cannot be negative", target.file_path_position)
        })?;
        let selector = target.selector.as_ref().map(Compiled::new).transpose()?;
        for resource in list.iter_mut() {
            if selector.as_ref().is_some_and(|selector| !selector.targets(resource)) {
                continue;
            }
            if target.field_path == "metadata/namespace" {
                set_in(resource, value, &[], SubjectRule::default(), false)?;
                continue;
            }
            fieldpath::visit(&mut resource.value, &steps(&target.field_path), Make::Scalar, &mut |spot| {
                if spot.value.is_object() || spot.value.is_array() {
                    return Err("wrong node kind: expected ScalarNode".to_owned());
                }
                *spot.value = if position > 0 {
                    Value::String(with_name(&scalar_text(spot.value), position - 1, value))
                } else {
                    value.into()
                };
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Splits at `/`; `\/` is one in a name.
fn steps(path: &str) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for part in path.split('/') {
        match steps.last_mut().filter(|last| last.ends_with('\\')) {
            Some(last) => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            None => steps.push(part.to_owned()),
        }
    }
    steps.retain(|step| !step.is_empty());
    steps
}

/// A path with one more name at a place, or at its end.
fn with_name(path: &str, place: usize, name: &str) -> String {
    let mut names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    names.insert(place.min(names.len()), name);
    let root = if path.starts_with('/') { "/" } else { "" };
    format!("{root}{}", names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_put_into_paths() {
        for (path, place, expected) in [
            ("", 0, "PEACH"),
            ("/", 3, "/PEACH"),
            ("pie", 0, "PEACH/pie"),
            ("/pie", 0, "/PEACH/pie"),
            ("raw", 1, "raw/PEACH"),
            ("a/nice/warm/pie", 3, "a/nice/warm/PEACH/pie"),
            ("/a", 99, "/a/PEACH"),
        ] {
            assert_eq!(with_name(path, place, "PEACH"), expected, "{path}");
        }
        assert_eq!(steps("metadata/annotations/a\\/b"), ["metadata", "annotations", "a/b"]);
    }
}
