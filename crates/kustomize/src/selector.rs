//! Choosing objects: anchored regular expressions for names and kinds, selectors for labels and annotations.

use regex::Regex;
use serde_json::{Map, Value};

use crate::file::Selector;
use crate::resource::{CLUSTER, Id, Resource};

/// A selector with its expressions compiled.
pub(crate) struct Compiled {
    group: Option<Regex>,
    version: Option<Regex>,
    kind: Option<Regex>,
    name: Option<Regex>,
    namespace: Option<Regex>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

/// The most memory that one expression may take when compiled, in bytes.
const REGEX_SIZE: usize = 1 << 20;

fn anchored(pattern: &str) -> Result<Option<Regex>, String> {
    if pattern.is_empty() {
        return Ok(None);
    }
    let text = format!("^(?:{pattern})$");
    let regex = regex::RegexBuilder::new(&text).size_limit(REGEX_SIZE).build();
    regex.map(Some).map_err(|error| format!("{pattern:?}: {error}"))
}

fn fits(regex: Option<&Regex>, text: &str) -> bool {
    regex.is_none_or(|regex| regex.is_match(text))
}

impl Compiled {
    pub(crate) fn new(selector: &Selector) -> Result<Self, String> {
        Ok(Self {
            group: anchored(&selector.group)?,
            version: anchored(&selector.version)?,
            kind: anchored(&selector.kind)?,
            name: anchored(&selector.name)?,
            namespace: anchored(&selector.namespace)?,
            labels: parse_requirements(&selector.label_selector)?,
            annotations: parse_requirements(&selector.annotation_selector)?,
        })
    }

    fn fits_kind(&self, id: &Id) -> bool {
        fits(self.group.as_ref(), &id.group)
            && fits(self.version.as_ref(), &id.version)
            && fits(self.kind.as_ref(), &id.kind)
    }

    fn fits_namespace(&self, id: &Id) -> bool {
        let namespace = id.effective_namespace();
        self.namespace.is_none()
            || fits(self.namespace.as_ref(), if namespace == CLUSTER { CLUSTER } else { namespace })
    }

    fn fits_metadata(&self, resource: &Resource) -> bool {
        satisfied(&self.labels, resource.labels()) && satisfied(&self.annotations, resource.annotations())
    }

    /// Whether a patch's target means an object: by its first or its present name.
    pub(crate) fn targets(&self, resource: &Resource) -> bool {
        let (now, original) = (resource.id(), resource.original_id());
        self.fits_kind(&now)
            && (fits(self.name.as_ref(), &now.name) || fits(self.name.as_ref(), &original.name))
            && (self.fits_namespace(&now) || self.fits_namespace(&original))
            && self.fits_metadata(resource)
    }

    /// Whether a replacement's selector means an object: by any name that it ever had.
    pub(crate) fn selects(&self, resource: &Resource) -> bool {
        let any = resource.all_ids().iter().any(|id| {
            self.fits_kind(id)
                && fits(self.name.as_ref(), &id.name)
                && (self.namespace.is_none()
                    || fits(self.namespace.as_ref(), &id.namespace)
                    || self.fits_namespace(id))
        });
        any && self.fits_metadata(resource)
    }
}

/// One condition on a label or annotation.
enum Requirement {
    Exists(String),
    Absent(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
}

fn satisfied(requirements: &[Requirement], map: Option<&Map<String, Value>>) -> bool {
    let value = |key: &str| map.and_then(|map| map.get(key)).and_then(Value::as_str);
    requirements.iter().all(|requirement| match requirement {
        Requirement::Exists(key) => value(key).is_some(),
        Requirement::Absent(key) => value(key).is_none(),
        Requirement::In(key, values) => {
            value(key).is_some_and(|value| values.iter().any(|wanted| wanted == value))
        }
        Requirement::NotIn(key, values) => {
            !value(key).is_some_and(|value| values.iter().any(|wanted| wanted == value))
        }
    })
}

/// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
fn parse_requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut requirements = Vec::new();
    for part in split_outside_parentheses(text) {
        let part = part.trim();
        if part.is_empty() {
            continue;
        }
        let values = |list: &str| -> Result<Vec<String>, String> {
            let inner = list
                .trim()
                .strip_prefix('(')
                .and_then(|list| list.strip_suffix(')'))
                .ok_or_else(|| format!("selector {text:?}: expected (VALUE, …) in {part:?}"))?;
            Ok(inner.split(',').map(|value| value.trim().to_owned()).collect())
        };
        let key = |key: &str| key.trim().to_owned();
        requirements.push(if let Some((name, list)) = part.split_once(" notin ") {
            Requirement::NotIn(key(name), values(list)?)
        } else if let Some((name, list)) = part.split_once(" in ") {
            Requirement::In(key(name), values(list)?)
        } else if let Some((name, value)) = part.split_once("!=") {
            Requirement::NotIn(key(name), vec![value.trim().to_owned()])
        } else if let Some((name, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
            Requirement::In(key(name), vec![value.trim().to_owned()])
        } else if let Some(name) = part.strip_prefix('!') {
            Requirement::Absent(key(name))
        } else {
            Requirement::Exists(key(part))
        });
    }
    Ok(requirements)
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_usize);
    for (place, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_are_anchored_and_know_labels() {
        let value = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web-1", "labels": {"app": "web", "tier": "front"}}});
        let resource = Resource::new(value, "x".into());
        let hits = |selector: Selector| Compiled::new(&selector).unwrap().targets(&resource);
        assert!(hits(Selector { kind: "Deployment".into(), name: "web-.*".into(), ..Selector::default() }));
        assert!(!hits(Selector { name: "web".into(), ..Selector::default() }));
        assert!(hits(Selector { namespace: "default".into(), ..Selector::default() }));
        for (labels, hit) in [
            ("app=web", true),
            ("app!=web", false),
            ("app in (shop, web),tier", true),
            ("tier notin (front)", false),
            ("!missing", true),
            ("missing", false),
        ] {
            assert_eq!(
                hits(Selector { label_selector: labels.into(), ..Selector::default() }),
                hit,
                "{labels}"
            );
        }
        assert!(Compiled::new(&Selector { name: "(".into(), ..Selector::default() }).is_err());
    }
}
