//! Images set in a kustomization, written as `kustomize edit set image` takes them: `[old=]new[:tag][@digest]`.

use serde_json::{Map, Value};

use crate::error::Failure;

/// What one text sets.
#[derive(Debug, PartialEq, Eq)]
struct Image {
    name: String,
    new_name: String,
    new_tag: String,
    digest: String,
}

/// Splits a name from its tag and digest; a colon before the first slash belongs to a registry's port.
fn split(text: &str) -> (&str, &str, &str) {
    let (rest, digest) = text.split_once('@').unwrap_or((text, ""));
    let slash = rest.find('/').unwrap_or(0);
    match rest[slash..].find(':') {
        Some(at) => (&rest[..slash + at], &rest[slash + at + 1..], digest),
        None => (rest, "", digest),
    }
}

fn parse(text: &str) -> Result<Image, Failure> {
    let invalid = || {
        Failure::Specification(format!(
            "invalid image {text:?}: expected <image>=<newimage>:<newtag>, <image>:<newtag> or <image>@<digest>"
        ))
    };
    if !text.contains(['=', ':', '@']) {
        return Err(invalid());
    }
    let (name, value) = match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => (Some(name), value),
        Some(_) => return Err(invalid()),
        None => (None, text),
    };
    let (new_name, new_tag, digest) = split(value);
    if new_name.is_empty() {
        return Err(invalid());
    }
    Ok(Image {
        name: name.unwrap_or(new_name).to_owned(),
        // Without an old name the image keeps its own.
        new_name: if name.is_some() { new_name.to_owned() } else { String::new() },
        new_tag: new_tag.to_owned(),
        digest: digest.to_owned(),
    })
}

/// Sets the images in the kustomization's list, which ends up sorted by name. An entry of the same name is replaced; `*`
/// keeps what it said.
pub(crate) fn set(list: &mut Vec<Value>, texts: &[String]) -> Result<(), Failure> {
    let name_of = |entry: &Value| entry.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    for text in texts {
        let image = parse(text)?;
        let old = list.iter().find(|entry| name_of(entry) == image.name).cloned().unwrap_or_default();
        let mut entry = Map::new();
        entry.insert("name".into(), image.name.as_str().into());
        for (key, value) in
            [("newName", &image.new_name), ("newTag", &image.new_tag), ("digest", &image.digest)]
        {
            let kept = if value == "*" { old.get(key).cloned() } else { None };
            match kept {
                Some(kept) => entry.insert(key.into(), kept),
                None if !value.is_empty() && value != "*" => entry.insert(key.into(), value.as_str().into()),
                None => None,
            };
        }
        list.retain(|entry| name_of(entry) != image.name);
        list.push(Value::Object(entry));
    }
    list.sort_by_key(name_of);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn images_are_set_as_kustomize_does() {
        let before = json!([
            {"name": "web", "newTag": "1", "digest": "sha256:old"},
            {"name": "api", "newName": "mirror/api", "newTag": "7"},
        ]);
        for (text, expected) in [
            ("web:2", json!({"name": "web", "newTag": "2"})),
            ("web=other/web:3", json!({"name": "web", "newName": "other/web", "newTag": "3"})),
            ("web=web", json!({"name": "web", "newName": "web"})),
            ("web@sha256:new", json!({"name": "web", "digest": "sha256:new"})),
            ("api=*:8", json!({"name": "api", "newName": "mirror/api", "newTag": "8"})),
            ("api=new:*", json!({"name": "api", "newName": "new", "newTag": "7"})),
            ("localhost:5000/db:1", json!({"name": "localhost:5000/db", "newTag": "1"})),
            ("a=localhost:5000/a", json!({"name": "a", "newName": "localhost:5000/a"})),
        ] {
            let mut list = before.as_array().unwrap().clone();
            set(&mut list, &[text.to_owned()]).unwrap();
            assert!(list.contains(&expected), "{text}: {list:?}");
            assert!(list.is_sorted_by_key(|entry| entry["name"].as_str().unwrap().to_owned()));
        }
        for text in ["web", "=x", "x=", ":1"] {
            assert!(set(&mut Vec::new(), &[text.to_owned()]).is_err(), "{text}");
        }
    }
}
