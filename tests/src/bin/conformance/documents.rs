//! An output as documents with keys, its random parts blanked, and the first difference between two of them.

use serde_json::{Map, Number, Value};

use ::tests::corpus::RandomPart;

/// What stands in place of a random value.
const BLANK: &str = "<random>";

/// The documents of an output that are not empty, by `apiVersion/kind/namespace/name`, repeats with `#2`, `#3`.
pub(crate) fn keyed(text: &str, random: &[RandomPart]) -> Result<Vec<(String, Value)>, String> {
    let patterns: Vec<&str> =
        random.iter().map(|part| part.document.as_str()).filter(|key| key.contains('*')).collect();
    let mut seen = std::collections::HashMap::new();
    let mut found = Vec::new();
    for document in read(text)? {
        let mut key = key_of(&document);
        if let Some(pattern) = patterns.iter().find(|pattern| matches(pattern, &key)) {
            key = (*pattern).to_owned();
        }
        let count: &mut usize = seen.entry(key.clone()).or_default();
        *count += 1;
        if *count > 1 {
            key = format!("{key}#{count}");
        }
        found.push((key, document));
    }
    for part in random {
        let is_pattern = part.document.contains('*');
        for (key, document) in &mut found {
            if *key == part.document || is_pattern && without_count(key) == without_count(&part.document) {
                blank(document, part);
            }
        }
    }
    Ok(found)
}

fn without_count(key: &str) -> &str {
    key.split('#').next().unwrap_or(key)
}

/// The documents, as Go's library for Kubernetes reads each.
fn read(text: &str) -> Result<Vec<Value>, String> {
    let text = text.replace("\r\n", "\n");
    let mut documents = Vec::new();
    for part in parts(&text) {
        for document in goyaml::documents(&part).map_err(|error| error.to_string())? {
            let is_empty = document.value.is_null() || document.value.as_object().is_some_and(Map::is_empty);
            if !is_empty {
                documents.push(document.value);
            }
        }
    }
    Ok(documents)
}

/// The texts between separators. A separator may carry a comment, or the beginning of a document.
fn parts(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for line in text.split_inclusive('\n') {
        let rest =
            line.strip_prefix("---").filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\n']));
        let Some(rest) = rest else {
            if let Some(part) = parts.last_mut() {
                part.push_str(line);
            }
            continue;
        };
        let is_content = !rest.trim().is_empty() && !rest.trim_start().starts_with('#');
        parts.push(if is_content { rest.to_owned() } else { String::new() });
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn key_of(document: &Value) -> String {
    if !document.is_object() {
        return "?/?/?/?".to_owned();
    }
    let said = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let metadata = &document["metadata"];
    let name = match said(&metadata["name"]) {
        name if name.is_empty() => said(&metadata["generateName"]),
        name => name,
    };
    [said(&document["apiVersion"]), said(&document["kind"]), said(&metadata["namespace"]), name].join("/")
}

/// Whether a text is of a pattern in which `*` is any text.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(last)
}

fn blank(document: &mut Value, part: &RandomPart) {
    let Some(value) = document.pointer_mut(&part.path) else { return };
    *value = match value {
        Value::String(text) if !part.lines.is_empty() => Value::from(without_lines(text, &part.lines)),
        _ => Value::from(BLANK),
    };
}

/// The text with some of its lines, counted from 1, blanked.
pub(crate) fn without_lines(text: &str, lines: &[usize]) -> String {
    let kept = text.split('\n').zip(1..);
    kept.map(|(line, number)| if lines.contains(&number) { BLANK } else { line })
        .collect::<Vec<_>>()
        .join("\n")
}

/// Where two values differ first: a JSON pointer and what stands there in each.
pub(crate) struct Difference {
    pub(crate) path: String,
    pub(crate) expected: String,
    pub(crate) actual: String,
}

/// The first difference; numbers compare by value.
pub(crate) fn difference(expected: &Value, actual: &Value) -> Option<Difference> {
    let mut found = Vec::new();
    differences(expected, actual, &mut String::new(), 1, &mut found);
    found.pop()
}

/// All differences in the order of the document, as far as `most`.
pub(crate) fn differences(
    expected: &Value,
    actual: &Value,
    path: &mut String,
    most: usize,
    found: &mut Vec<Difference>,
) {
    if found.len() >= most {
        return;
    }
    let length = path.len();
    match (expected, actual) {
        (Value::Object(left), Value::Object(right)) => {
            let new = right.keys().filter(|key| !left.contains_key(*key));
            for key in left.keys().chain(new) {
                path.push('/');
                path.push_str(&key.replace('~', "~0").replace('/', "~1"));
                child(left.get(key), right.get(key), path, most, found);
                path.truncate(length);
            }
        }
        (Value::Array(left), Value::Array(right)) => {
            for index in 0..left.len().max(right.len()) {
                path.push_str(&format!("/{index}"));
                child(left.get(index), right.get(index), path, most, found);
                path.truncate(length);
            }
        }
        (Value::Number(left), Value::Number(right)) if same_number(left, right) => {}
        _ if expected == actual => {}
        _ => found.push(Difference {
            path: path.clone(),
            expected: short(&expected.to_string()),
            actual: short(&actual.to_string()),
        }),
    }
}

fn child(
    expected: Option<&Value>,
    actual: Option<&Value>,
    path: &mut String,
    most: usize,
    found: &mut Vec<Difference>,
) {
    let said = |value: Option<&Value>| value.map_or("<absent>".to_owned(), |value| short(&value.to_string()));
    match (expected, actual) {
        (Some(expected), Some(actual)) => differences(expected, actual, path, most, found),
        _ if found.len() >= most => {}
        _ => found.push(Difference { path: path.clone(), expected: said(expected), actual: said(actual) }),
    }
}

fn same_number(left: &Number, right: &Number) -> bool {
    let whole = |number: &Number| {
        number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)).or_else(|| {
            // A float of a whole value that an integer can say as well.
            let value = number.as_f64()?;
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the bound is far inside the integer's range"
            )]
            (value.fract() == 0.0 && value.abs() < 1e30).then_some(value as i128)
        })
    };
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => left == right,
        (None, None) => left.as_f64() == right.as_f64(),
        _ => false,
    }
}

/// A text of at most 160 characters.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(160) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_by_their_keys_and_empty_ones_left_out() {
        let text = "kind: A\nmetadata: {name: x}\n--- # words\n---\n{}\n--- {kind: B, apiVersion: v1}\n---\nkind: A\n\
                    metadata: {name: x, namespace: }\n---\nmetadata: {generateName: g-}\n";
        let keys: Vec<_> = keyed(text, &[]).unwrap().into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["/A//x", "v1/B//", "/A//x#2", "///g-"]);
    }

    #[test]
    fn values_are_read_as_go_reads_them() {
        let found = keyed("kind: A\na: yes\nb: 0777\nc: 1e3\nd: 2020-01-01\n5: x\n", &[]).unwrap();
        let expected = serde_json::json!({
            "kind": "A", "a": true, "b": 511, "c": 1000, "d": "2020-01-01", "5": "x"
        });
        assert!(difference(&expected, &found[0].1).is_none(), "{:?}", found[0].1);
    }

    #[test]
    fn random_parts_are_blanked_and_nothing_else() {
        let part = |document: &str, path: &str, lines: &[usize]| RandomPart {
            document: document.into(),
            path: path.into(),
            lines: lines.to_vec(),
        };
        let random = [
            part("v1/Pod//x-*", "/metadata/name", &[]),
            part("/S//s", "/data/a~1b", &[2]),
            part("/S//s", "/list/0", &[]),
        ];
        let text = |name: &str, line: &str| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: x-{name}}}\n---\nkind: S\nmetadata: {{name: s}}\n\
                 list: [{line}, same]\ndata:\n  a/b: \"one\\n{line}\\nthree\"\n"
            )
        };
        let (left, right) =
            (keyed(&text("1", "a"), &random).unwrap(), keyed(&text("2", "b"), &random).unwrap());
        assert_eq!(left, right);
        assert_eq!(left[0].0, "v1/Pod//x-*");
        assert_eq!(left[1].1["data"]["a/b"], "one\n<random>\nthree");
    }

    #[test]
    fn differences_name_their_place() {
        let difference = |left: serde_json::Value, right: serde_json::Value| {
            difference(&left, &right)
                .map(|found| format!("{} {} {}", found.path, found.expected, found.actual))
        };
        use serde_json::json;
        assert_eq!(difference(json!({"a": [1, 2.0]}), json!({"a": [1.0, 2]})), None);
        assert_eq!(difference(json!({"a": [1]}), json!({"a": [1, 2]})).unwrap(), "/a/1 <absent> 2");
        assert_eq!(difference(json!({"a/b": 1}), json!({"a/b": "1"})).unwrap(), "/a~1b 1 \"1\"");
        assert_eq!(difference(json!({"a": null}), json!({})).unwrap(), "/a null <absent>");
        assert!(difference(json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992.0)).is_some());
        assert_eq!(difference(json!(true), json!(1)).unwrap(), " true 1");
    }

    #[test]
    fn stars_are_any_text() {
        for (pattern, text, expected) in [
            ("a*", "abc", true),
            ("a*c", "abc", true),
            ("*b*", "abc", true),
            ("a*b", "abc", false),
            ("a?c", "abc", false),
            ("a", "a", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
