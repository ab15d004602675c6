//! Names, tags and digests of images.

use regex::Regex;
use serde_json::Value;

use crate::fieldspec::{FieldSpec, Leaf};
use crate::file::Image;
use crate::resource::Resource;
use crate::selector::compile;

/// Changes the images that an entry names, wherever containers are.
pub(crate) fn set_images(list: &mut [Resource], image: &Image, specs: &[FieldSpec]) -> Result<(), String> {
    let Some(name) = Name::new(&image.name) else { return Ok(()) };
    for resource in list.iter_mut().filter(|resource| resource.kind() != "CustomResourceDefinition") {
        change_containers(&mut resource.value, image, &name)?;
        for spec in specs {
            spec.visit(resource, Leaf::None, &mut |place| change(place, image, &name))?;
        }
    }
    Ok(())
}

/// The name of an entry. It is a regular expression, as it stands.
enum Name<'a> {
    /// Nothing special but dots, which stand for any character.
    Plain(&'a str),
    Pattern(Regex),
}

impl<'a> Name<'a> {
    /// `None` for a name that is no expression: it matches nothing.
    fn new(name: &'a str) -> Option<Self> {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'/' | b':' | b'.');
        if name.bytes().all(is_plain) {
            return Some(Self::Plain(name));
        }
        let tag = "(:[a-zA-Z0-9_.{}-]*)?";
        let digest = "(@[a-zA-Z0-9]+([.+_-][a-zA-Z0-9]+)*:[a-zA-Z0-9_.{}-]*)?";
        compile(&format!("^{name}{tag}{digest}$")).ok().map(Self::Pattern)
    }

    fn fits(&self, image: &str) -> bool {
        let name = match self {
            Self::Pattern(regex) => return regex.is_match(image),
            Self::Plain(name) => name,
        };
        let Some((head, rest)) = image.split_at_checked(name.len()) else { return false };
        let is_same = |(one, other): (u8, u8)| one == other || (one == b'.' && other != b'\n');
        let is_tag = |text: &str| {
            text.bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'{' | b'}' | b'-'))
        };
        let is_digest = |text: &str| match text.split_once(':') {
            Some((algorithm, digits)) => {
                let mut parts = algorithm.split(['.', '+', '_', '-']);
                is_tag(digits)
                    && parts
                        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
            }
            None => false,
        };
        let (tag, digest) = match rest.split_once('@') {
            Some((tag, digest)) => (tag, Some(digest)),
            None => (rest, None),
        };
        name.bytes().zip(head.bytes()).all(is_same)
            && (tag.is_empty() || tag.strip_prefix(':').is_some_and(is_tag))
            && digest.is_none_or(is_digest)
    }
}

/// Every list called `containers` or `initContainers`, however deep.
fn change_containers(value: &mut Value, image: &Image, name: &Name<'_>) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter_mut().try_for_each(|item| change_containers(item, image, name)),
        Value::Object(map) => map.iter_mut().try_for_each(|(key, child)| {
            change_containers(child, image, name)?;
            let ("containers" | "initContainers", Value::Array(items)) = (key.as_str(), child) else {
                return Ok(());
            };
            items.iter_mut().try_for_each(|item| match item {
                Value::Object(map) => map.get_mut("image").map_or(Ok(()), |place| change(place, image, name)),
                Value::Null => Ok(()),
                _ => Err(format!("wrong node kind: expected MappingNode in the list {key}")),
            })
        }),
        _ => Ok(()),
    }
}

fn change(place: &mut Value, image: &Image, name: &Name<'_>) -> Result<(), String> {
    match place {
        Value::String(text) if name.fits(text) => *text = changed(text, image),
        Value::Object(_) | Value::Array(_) => {
            return Err("wrong node kind: expected ScalarNode for an image".to_owned());
        }
        _ => {}
    }
    Ok(())
}

/// Splits `name:tag@digest`; a `:` before the first `/` is a port.
fn split(text: &str) -> (&str, &str, &str) {
    let start = text.find('/').unwrap_or(0);
    let (rest, digest) = match text[start..].find('@') {
        Some(at) => (&text[..start + at], &text[start + at + 1..]),
        None => (text, ""),
    };
    match rest[start..].find(':') {
        Some(colon) => (&rest[..start + colon], &rest[start + colon + 1..], digest),
        None => (rest, "", digest),
    }
}

fn changed(text: &str, image: &Image) -> String {
    let (old_name, old_tag, old_digest) = split(text);
    let name = if image.new_name.is_empty() { old_name } else { &image.new_name };
    let (tag, digest) = match (image.new_tag.is_empty(), image.digest.is_empty()) {
        (false, _) => (image.new_tag.clone(), image.digest.as_str()),
        (true, false) => (String::new(), image.digest.as_str()),
        (true, true) if !image.tag_suffix.is_empty() => (format!("{old_tag}{}", image.tag_suffix), ""),
        (true, true) => (old_tag.to_owned(), old_digest),
    };
    let mut result = name.to_owned();
    if !tag.is_empty() {
        result.push(':');
        result.push_str(&tag);
    }
    if !digest.is_empty() {
        result.push('@');
        result.push_str(digest);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_digests_are_replaced_as_kustomize_does() {
        let image = |new_name: &str, new_tag: &str, digest: &str, suffix: &str| Image {
            name: "nginx".into(),
            new_name: new_name.into(),
            new_tag: new_tag.into(),
            digest: digest.into(),
            tag_suffix: suffix.into(),
        };
        for (text, image, wanted) in [
            ("nginx:1", image("", "2", "", ""), "nginx:2"),
            ("nginx:1@sha256:a", image("", "2", "", ""), "nginx:2"),
            ("nginx:1", image("", "", "sha256:b", ""), "nginx@sha256:b"),
            ("nginx:1", image("", "2", "sha256:b", ""), "nginx:2@sha256:b"),
            ("nginx:1@sha256:a", image("", "", "", "-x"), "nginx:1-x"),
            ("nginx:1@sha256:a", image("host:5000/n", "", "", ""), "host:5000/n:1@sha256:a"),
        ] {
            assert_eq!(changed(text, &image), wanted, "{text}");
        }
        assert_eq!(split("host:5000/a/b"), ("host:5000/a/b", "", ""));
    }

    #[test]
    fn names_match_as_expressions() {
        for (name, image, fits) in [
            ("nginx", "nginx", true),
            ("nginx", "nginx:1.2@sha256:abc", true),
            ("nginx", "nginx-unprivileged", false),
            ("nginx", "a/nginx", false),
            ("a.b/c", "axb/c:1", true),
            ("a.b/c", "a.b/c:{{tag}}", true),
            ("a.*", "abc", true),
            ("[", "[", false),
            ("nginx", "nginx@sha256", false),
        ] {
            assert_eq!(Name::new(name).is_some_and(|name| name.fits(image)), fits, "{name} {image}");
        }
    }
}
