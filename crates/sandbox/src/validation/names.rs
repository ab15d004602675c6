//! What names, labels and data keys may look like, with the words Kubernetes has for it.

use serde_json::Value;

use crate::kinds::Kind;
use crate::status::FieldError;

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const DATA_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

fn is_label(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.chars().all(|c| edge(c) || c == '-') && text.starts_with(edge) && text.ends_with(edge)
}

fn is_subdomain(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(is_label)
}

/// What is wrong with the name of an object.
pub(super) fn name_problem(kind: &Kind, name: &str) -> Option<&'static str> {
    let longest = if matches!(kind.collection.as_ref(), "/namespaces" | "/services") { 63 } else { 253 };
    if name.len() > longest {
        return Some(if longest == 63 {
            "must be no more than 63 characters"
        } else {
            "must be no more than 253 characters"
        });
    }
    match kind.collection.as_ref() {
        "/namespaces" | "/services" if !is_label(name) => Some(LABEL),
        collection if collection.starts_with("rbac.authorization.k8s.io/") => match name {
            "." => Some("may not be '.'"),
            ".." => Some("may not be '..'"),
            _ if name.contains('/') => Some("may not contain '/'"),
            _ if name.contains('%') => Some("may not contain '%'"),
            _ => None,
        },
        "/namespaces" | "/services" => None,
        // Addresses are names here.
        "networking.k8s.io/ipaddresses" => None,
        _ if !is_subdomain(name) => Some(SUBDOMAIN),
        _ => None,
    }
}

fn is_name_part(text: &str) -> bool {
    let edge = |c: char| c.is_ascii_alphanumeric();
    text.chars().all(|c| edge(c) || "-_.".contains(c)) && text.starts_with(edge) && text.ends_with(edge)
}

/// What is wrong with the key of a label or annotation.
pub(super) fn label_key_problem(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((_, name)) if name.contains('/') => {
            return Some("a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')".into());
        }
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    if prefix == Some("") {
        return Some("prefix part must be non-empty".into());
    }
    if prefix.is_some_and(|prefix| !is_subdomain(&prefix.to_lowercase())) {
        return Some(format!("prefix part {SUBDOMAIN}"));
    }
    if name.is_empty() {
        return Some("name part must be non-empty".into());
    }
    if name.len() > 63 {
        return Some("name part must be no more than 63 bytes".into());
    }
    (!is_name_part(name)).then(|| NAME_PART.into())
}

/// What is wrong with the value of a label.
pub(super) fn label_value_problem(value: &str) -> Option<String> {
    if value.len() > 63 {
        return Some("must be no more than 63 bytes".into());
    }
    (!value.is_empty() && !is_name_part(value)).then(|| LABEL_VALUE.into())
}

/// The keys of a ConfigMap's or Secret's data.
pub(super) fn data_keys(value: &Value) -> Vec<FieldError> {
    let legal =
        |key: &str| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    ["data", "binaryData"]
        .into_iter()
        .flat_map(|field| value[field].as_object().into_iter().flatten().map(move |(key, _)| (field, key)))
        .filter(|(_, key)| !legal(key))
        .map(|(field, key)| {
            FieldError::invalid(format!("{field}[{key}]"), &Value::from(key.as_str()), DATA_KEY)
        })
        .collect()
}

/// What is wrong with the name of a container.
pub(super) fn container_name_problem(name: &str) -> Option<&'static str> {
    (!is_label(name)).then_some(LABEL)
}
