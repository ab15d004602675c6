//! Names, tags and digests of images.

use regex::Regex;
use serde_json::Value;

use crate::fieldspec::{FieldSpec, Leaf};
use crate::file::Image;
use crate::resource::Resource;

/// Changes the images that an entry names, wherever containers are.
pub(crate) fn set_images(list: &mut [Resource], image: &Image, specs: &[FieldSpec]) -> Result<(), String> {
    // The name is an expression, as it stands; one that is none matches nothing.
    let pattern = format!(r"^{}(:[a-zA-Z0-9_.{{}}-]*)?(@[A-Za-z0-9]+:[a-zA-Z0-9_.{{}}-]*)?$", image.name);
    let Ok(matcher) = regex::RegexBuilder::new(&pattern).size_limit(1 << 20).build() else { return Ok(()) };
    for resource in list.iter_mut().filter(|resource| resource.kind() != "CustomResourceDefinition") {
        change_containers(&mut resource.value, image, &matcher);
        for spec in specs {
            spec.visit(resource, Leaf::Scalar, &mut |place| {
                change(place, image, &matcher);
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// Every list called `containers` or `initContainers`, however deep.
fn change_containers(value: &mut Value, image: &Image, matcher: &Regex) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| change_containers(item, image, matcher)),
        Value::Object(map) => {
            for (name, child) in map.iter_mut() {
                if let ("containers" | "initContainers", Value::Array(items)) = (name.as_str(), &mut *child) {
                    for place in items.iter_mut().filter_map(|item| item.get_mut("image")) {
                        change(place, image, matcher);
                    }
                }
                change_containers(child, image, matcher);
            }
        }
        _ => {}
    }
}

fn change(place: &mut Value, image: &Image, matcher: &Regex) {
    if let Value::String(text) = place
        && matcher.is_match(text)
    {
        *text = changed(text, image);
    }
}

/// Splits `name:tag@digest`; a `:` before the last `/` is a port.
fn split(text: &str) -> (&str, &str, &str) {
    let (rest, digest) = text.split_once('@').unwrap_or((text, ""));
    let start = rest.rfind('/').map_or(0, |slash| slash + 1);
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
}
