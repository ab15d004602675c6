//! The suffix that names generated objects by their content.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::resource::Resource;

/// Ten letters and digits for the content of a ConfigMap or Secret; other kinds are hashed as a whole.
pub(crate) fn suffix(resource: &Resource) -> String {
    let field = |name: &str| resource.value.get(name);
    let map_or_empty = |name: &str| match field(name) {
        Some(Value::Object(map)) => Value::Object(map.clone()),
        _ => Value::String(String::new()),
    };
    let mut hashed = Map::new();
    match resource.kind() {
        "ConfigMap" => {
            hashed.insert("data".into(), map_or_empty("data"));
            if let Some(Value::Object(binary)) = field("binaryData") {
                hashed.insert("binaryData".into(), Value::Object(binary.clone()));
            }
        }
        "Secret" => {
            hashed.insert("data".into(), map_or_empty("data"));
            hashed.insert("type".into(), field("type").cloned().unwrap_or_else(|| "".into()));
            if let Some(Value::Object(texts)) = field("stringData") {
                hashed.insert("stringData".into(), Value::Object(texts.clone()));
            }
        }
        _ => return encode(&go_json(&resource.value)),
    }
    hashed.insert("kind".into(), resource.kind().into());
    // The name is looked up where it never is, so that prefixes and suffixes do not count.
    hashed.insert("name".into(), "".into());
    encode(&go_json(&Value::Object(hashed)))
}

fn go_json(value: &Value) -> String {
    escaped_as_go(&value.to_string())
}

/// JSON with the escapes of Go's encoder.
pub(crate) fn escaped_as_go(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                escaped.push_str(&format!("\\u{:04x}", character as u32));
            }
            other => escaped.push(other),
        }
    }
    escaped
}

fn encode(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    // Letters and digits that could spell words, or be misread, are swapped for others.
    hex.chars()
        .take(10)
        .map(|character| match character {
            '0' => 'g',
            '1' => 'h',
            '3' => 'k',
            'a' => 'm',
            'e' => 't',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hashes_are_those_of_kustomize() {
        for (value, hash) in [
            (json!({"kind": "ConfigMap"}), "6ct58987ht"),
            (json!({"kind": "ConfigMap", "data": {"one": ""}}), "9g67k2htb6"),
            (json!({"kind": "ConfigMap", "data": {"VAR1": "100", "VAR2": "200"}}), "hdghb5ddkg"),
        ] {
            assert_eq!(suffix(&Resource::new(value, "x".into())), hash);
        }
    }
}
