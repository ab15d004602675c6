//! What counts as an object, and lists of objects taken apart.

use std::collections::VecDeque;

use serde_json::Value;

use crate::yaml::{Document, Way};

/// The objects of documents.
pub(crate) fn read(documents: Vec<Document>) -> Result<Vec<Document>, String> {
    let is_only = documents.len() == 1;
    let mut ahead: VecDeque<Document> = VecDeque::with_capacity(documents.len());
    for document in documents {
        let is_plain_list = matches!(kind_of(&document.value), Some("List" | "ResourceList"));
        if is_only && is_plain_list && document.value.get("items").is_some() {
            ahead.extend(items_of(document, true));
        } else {
            ahead.push_back(document);
        }
    }
    let mut found = Vec::new();
    while let Some(document) = ahead.pop_front() {
        if is_nothing(&document.value) {
            continue;
        }
        check(&document.value)?;
        let kind = kind_of(&document.value).unwrap_or_default();
        match document.value.get("items") {
            // Lists' items come behind everything else.
            Some(Value::Array(_)) if kind.ends_with("List") => ahead.extend(items_of(document, false)),
            Some(Value::Null) if kind.ends_with("List") => {}
            Some(_) if kind.ends_with("List") => {
                return Err(format!("expected array in {kind}/items"));
            }
            _ => found.push(document),
        }
    }
    Ok(found)
}

fn kind_of(value: &Value) -> Option<&str> {
    value.get("kind").and_then(Value::as_str)
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The items of a list; in lists of a kind, blank fields are nulls like others.
fn items_of(list: Document, keeps_blanks: bool) -> Vec<Document> {
    let Document { value: Value::Object(mut map), blanks, .. } = list else { return Vec::new() };
    let Some(Value::Array(items)) = map.remove("items") else { return Vec::new() };
    let mut documents: Vec<Document> = items
        .into_iter()
        .map(|value| Document { value, blanks: Vec::new(), respelled: Vec::new() })
        .collect();
    for blank in blanks.into_iter().filter(|_| keeps_blanks) {
        let [items, place, rest @ ..] = &blank[..] else { continue };
        let place = place.parse().ok().filter(|_| &**items == "items");
        if let Some(document) = place.and_then(|place: usize| documents.get_mut(place)) {
            document.blanks.push(Way::from(rest));
        }
    }
    documents
}

/// Every object says what it is and what it is called.
fn check(value: &Value) -> Result<(), String> {
    if !value.is_object() {
        return Err(
            "missing Resource metadata: expected an object with apiVersion, kind and metadata".to_owned()
        );
    }
    let kind = kind_of(value).unwrap_or_default();
    if kind.is_empty() {
        return Err(format!("missing kind in object {}", shortened(value)));
    }
    let name = value.get("metadata").and_then(|metadata| metadata.get("name")).and_then(Value::as_str);
    if name.unwrap_or_default().is_empty() && !kind.ends_with("List") {
        return Err(format!("missing metadata.name in object of kind {kind}: {}", shortened(value)));
    }
    Ok(())
}

/// The beginning of an object, enough to find it.
fn shortened(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(120) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::documents;

    fn names(text: &str) -> Result<Vec<String>, String> {
        let found = read(documents(text)?)?;
        Ok(found.iter().map(|object| object.value["metadata"]["name"].as_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn lists_are_taken_apart_and_come_last() {
        let item = |name: &str| format!("{{kind: A, metadata: {{name: {name}}}}}");
        let (a, b, c) = (item("a"), item("b"), item("c"));
        assert_eq!(names(&format!("kind: List\nitems: [{a}, {b}]\n")).unwrap(), ["a", "b"]);
        assert_eq!(
            names(&format!("kind: AList\nitems: [{a}]\n---\n{b}\n---\n# nothing\n---\n{c}\n")).unwrap(),
            ["b", "c", "a"]
        );
        assert!(names("kind: AList\nitems:\n").unwrap().is_empty());
        assert!(names("kind: AList\nitems: x\n").is_err());
    }

    #[test]
    fn nameless_objects_are_refused() {
        for (text, message) in [
            ("a: 1\n", "missing kind"),
            ("kind: A\n", "missing metadata.name in object of kind A"),
            ("- a\n", "missing Resource metadata"),
        ] {
            let error = names(text).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
    }
}
