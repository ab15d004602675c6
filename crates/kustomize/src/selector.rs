//! Choosing objects: anchored regular expressions for names and kinds, selectors for labels and annotations.

use regex::Regex;
use serde_json::{Map, Value};

use crate::file::Selector;
use crate::file::scalar_text;
use crate::identity::Id;
use crate::resource::Resource;

/// A selector with its expressions compiled.
pub(crate) struct Compiled {
    group: Pattern,
    version: Pattern,
    kind: Pattern,
    name: Pattern,
    namespace: Pattern,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
    is_empty: bool,
}

/// What a text has to be.
enum Pattern {
    Anything,
    /// An expression that is only itself.
    Exactly(String),
    Matching(Regex),
}

/// The most memory that one expression may take when compiled, in bytes.
const REGEX_SIZE: usize = 1 << 20;

/// Compiles an expression within its budget.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let regex = regex::RegexBuilder::new(pattern).size_limit(REGEX_SIZE).build();
    regex.map_err(|error| format!("{pattern:?} is not a regular expression: {error}"))
}

impl Pattern {
    fn new(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::Anything);
        }
        // A dot matches itself in nearly all names, but others, too: only texts without any are compared.
        if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'/') {
            return Ok(Self::Exactly(text.to_owned()));
        }
        compile(&format!("^(?:{text})$")).map(Self::Matching)
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Exactly(wanted) => wanted == text,
            Self::Matching(regex) => regex.is_match(text),
        }
    }
}

impl Compiled {
    pub(crate) fn new(selector: &Selector) -> Result<Self, String> {
        let Selector { group, version, kind, name, namespace, label_selector, annotation_selector } =
            selector;
        Ok(Self {
            group: Pattern::new(group)?,
            version: Pattern::new(version)?,
            kind: Pattern::new(kind)?,
            name: Pattern::new(name)?,
            namespace: Pattern::new(namespace)?,
            labels: parse_requirements(label_selector)?,
            annotations: parse_requirements(annotation_selector)?,
            is_empty: [group, version, kind, name, namespace].iter().all(|text| text.is_empty()),
        })
    }

    fn fits_kind(&self, id: &Id) -> bool {
        self.kind.fits(&id.kind) && self.group.fits(&id.group) && self.version.fits(&id.version)
    }

    fn fits_metadata(&self, resource: &Resource) -> bool {
        satisfied(&self.labels, resource.labels()) && satisfied(&self.annotations, resource.annotations())
    }

    /// Whether a patch's target means an object: by its first or its present name.
    pub(crate) fn targets(&self, resource: &Resource) -> bool {
        let (now, original) = (resource.id(), resource.original_id());
        let original_namespace = match resource.earlier.first() {
            Some(earlier) => earlier.namespace.as_str(),
            None => now.effective_namespace(),
        };
        self.fits_kind(&now)
            && (self.name.fits(&now.name) || self.name.fits(&original.name))
            && (self.namespace.fits(now.effective_namespace()) || self.namespace.fits(original_namespace))
            && self.fits_metadata(resource)
    }

    /// Whether a replacement's selector means an object: by any name that it ever had.
    pub(crate) fn selects(&self, resource: &Resource) -> bool {
        self.fits_metadata(resource) && self.fits_any(resource)
    }

    fn fits_any(&self, resource: &Resource) -> bool {
        resource
            .all_ids()
            .iter()
            .any(|id| self.fits_kind(id) && self.name.fits(&id.name) && self.namespace.fits(&id.namespace))
    }

    /// Whether a replacement leaves an object out: by a name that it ever had, or by its labels and annotations.
    pub(crate) fn rejects(&self, resource: &Resource) -> bool {
        let has_metadata = !self.labels.is_empty() || !self.annotations.is_empty();
        (has_metadata && self.fits_metadata(resource)) || (!self.is_empty && self.fits_any(resource))
    }
}

/// One condition on a label or annotation.
enum Requirement {
    Exists(String),
    Absent(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Above(String, i64),
    Below(String, i64),
}

fn satisfied(requirements: &[Requirement], map: Option<&Map<String, Value>>) -> bool {
    let value = |key: &str| map.and_then(|map| map.get(key)).map(scalar_text);
    let number = |key: &str| value(key).and_then(|value| value.parse::<i64>().ok());
    requirements.iter().all(|requirement| match requirement {
        Requirement::Exists(key) => value(key).is_some(),
        Requirement::Absent(key) => value(key).is_none(),
        Requirement::In(key, values) => value(key).is_some_and(|value| values.contains(&value)),
        Requirement::NotIn(key, values) => !value(key).is_some_and(|value| values.contains(&value)),
        Requirement::Above(key, least) => number(key).is_some_and(|value| value > *least),
        Requirement::Below(key, most) => number(key).is_some_and(|value| value < *most),
    })
}

/// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1,m<2`.
fn parse_requirements(text: &str) -> Result<Vec<Requirement>, String> {
    let mut requirements = Vec::new();
    for part in split_outside_parentheses(text) {
        let part = part.trim();
        if part.is_empty() {
            if text.trim().is_empty() {
                continue;
            }
            return Err(format!("unable to parse requirement: found ',' without one in {text:?}"));
        }
        requirements.push(parse_requirement(part)?);
    }
    Ok(requirements)
}

fn parse_requirement(part: &str) -> Result<Requirement, String> {
    let failed = || format!("unable to parse requirement {part:?}");
    let key = |text: &str| {
        let text = text.trim();
        let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        if text.is_empty() || !text.chars().all(is_valid) { Err(failed()) } else { Ok(text.to_owned()) }
    };
    let value = |text: &str| {
        let text = text.trim();
        let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if text.chars().all(is_valid) && text.len() <= 63 { Ok(text.to_owned()) } else { Err(failed()) }
    };
    let values = |list: &str| -> Result<Vec<String>, String> {
        let inner =
            list.trim().strip_prefix('(').and_then(|list| list.strip_suffix(')')).ok_or_else(failed)?;
        inner.split(',').map(value).collect()
    };
    let number = |text: &str| text.trim().parse().map_err(|_| failed());
    if let Some((name, list)) = split_word(part, "notin") {
        return Ok(Requirement::NotIn(key(name)?, values(list)?));
    }
    if let Some((name, list)) = split_word(part, "in") {
        return Ok(Requirement::In(key(name)?, values(list)?));
    }
    if let Some((name, text)) = part.split_once("!=") {
        return Ok(Requirement::NotIn(key(name)?, vec![value(text)?]));
    }
    if let Some((name, text)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return Ok(Requirement::In(key(name)?, vec![value(text)?]));
    }
    if let Some((name, text)) = part.split_once('>') {
        return Ok(Requirement::Above(key(name)?, number(text)?));
    }
    if let Some((name, text)) = part.split_once('<') {
        return Ok(Requirement::Below(key(name)?, number(text)?));
    }
    match part.strip_prefix('!') {
        Some(name) => Ok(Requirement::Absent(key(name)?)),
        None => Ok(Requirement::Exists(key(part)?)),
    }
}

/// Splits `key WORD (…)`.
fn split_word<'a>(part: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let (head, list) = part.split_at(part.find('(')?);
    let name = head.trim_end().strip_suffix(word)?;
    name.ends_with(char::is_whitespace).then_some((name, list))
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

    fn object() -> Resource {
        let value = json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"app": "web", "tier": "front", "rank": "3"}},
        });
        Resource::new(value, "x".into())
    }

    #[test]
    fn labels_are_selected_as_kubectl_does() {
        for (selector, wanted) in [
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app in (api, web)", true),
            ("app in(api)", false),
            ("tier notin (back)", true),
            ("none", false),
            ("!none,app", true),
            ("rank>2,rank<4", true),
        ] {
            let selector = Selector { label_selector: selector.into(), ..Selector::default() };
            assert_eq!(Compiled::new(&selector).unwrap().selects(&object()), wanted, "{selector:?}");
        }
        for text in ["a=b,,c", "a in b", "a b=c", "rank>x"] {
            let selector = Selector { label_selector: text.into(), ..Selector::default() };
            assert!(Compiled::new(&selector).is_err(), "{text}");
        }
    }

    #[test]
    fn expressions_are_anchored_and_namespaces_default() {
        for (name, namespace, wanted) in
            [("w.b", "", true), ("we", "", false), ("web|api", "default", true), (".*", "other", false)]
        {
            let selector = Selector { name: name.into(), namespace: namespace.into(), ..Selector::default() };
            assert_eq!(Compiled::new(&selector).unwrap().targets(&object()), wanted, "{name} {namespace}");
        }
    }
}
