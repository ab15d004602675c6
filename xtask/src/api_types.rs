//! TypeScript types of the API, generated from the server's description of itself.
//!
//! The page reads what the server says it sends: `ui/src/api/types.gen.ts` holds the messages that the page uses and
//! all that they contain. A test of the stories compares the file with the server's description, and writes it anew
//! when `UPDATE_EXPECT` is set.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Where the types are written, from the root of the repository.
pub const FILE: &str = "ui/src/api/types.gen.ts";

/// The messages that the page sends and reads.
const ROOTS: &[&str] = &[
    "application.ApplicationResourceResponse",
    "application.ApplicationRollbackRequest",
    "application.ApplicationSyncRequest",
    "application.ManagedResourcesResponse",
    "session.GetUserInfoResponse",
    "session.SessionCreateRequest",
    "session.SessionResponse",
    "v1alpha1.ApplicationList",
    "v1alpha1.ApplicationTree",
    "v1alpha1.ApplicationWatchEvent",
    "version.VersionMessage",
];

/// The page's types, from a description in the language of OpenAPI 2.
///
/// # Errors
/// When the description lacks a message that the page needs, or two messages would have the same name.
pub fn generate(description: &Value) -> Result<String> {
    let definitions = &description["definitions"];
    let mut needed = BTreeSet::new();
    let mut ahead: Vec<String> = ROOTS.iter().map(|name| (*name).to_owned()).collect();
    while let Some(name) = ahead.pop() {
        if !needed.insert(name.clone()) {
            continue;
        }
        let schema = definitions.get(&name).with_context(|| format!("the API has no message {name}"))?;
        references(schema, &mut ahead);
    }
    let mut by_short_name = BTreeMap::new();
    for name in &needed {
        if let Some(other) = by_short_name.insert(short(name), name) {
            bail!("{other} and {name} would both be {}", short(name));
        }
    }
    let mut text = String::from(
        "// Generated from the server's description of its API: do not edit. See xtask/src/api_types.rs.\n",
    );
    for (name, full_name) in by_short_name {
        interface(&mut text, name, &definitions[full_name.as_str()])?;
    }
    Ok(text)
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Collects the names of all messages that a schema refers to.
fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(fields) => {
            if let Some(name) = reference(schema) {
                found.push(name.to_owned());
            }
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn reference(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.strip_prefix("#/definitions/")
}

fn interface(text: &mut String, name: &str, schema: &Value) -> Result<()> {
    let required: BTreeSet<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    writeln!(text, "\nexport interface {name} {{")?;
    for (field, schema) in schema["properties"].as_object().into_iter().flatten() {
        let mark = if required.contains(field.as_str()) { "" } else { "?" };
        let is_word = field.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
        let quote = if is_word { "" } else { "\"" };
        writeln!(text, "  {quote}{field}{quote}{mark}: {};", type_of(schema))?;
    }
    text.push_str("}\n");
    Ok(())
}

/// The type of a field. Lists and maps may be null, as Go writes those that were never made.
fn type_of(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return short(name).to_owned();
    }
    if schema.get("x-int-or-string").is_some() {
        return "number | string".to_owned();
    }
    match schema["type"].as_str() {
        Some("string") => "string".to_owned(),
        Some("boolean") => "boolean".to_owned(),
        Some("integer" | "number") => "number".to_owned(),
        Some("array") => match type_of(&schema["items"]) {
            item if item.contains(' ') => format!("({item})[] | null"),
            item => format!("{item}[] | null"),
        },
        Some("object") if schema.get("additionalProperties").is_some() => {
            format!("Record<string, {}> | null", type_of(&schema["additionalProperties"]))
        }
        _ => "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_have_the_types_that_json_gives_them() {
        let schema = json!({
            "required": ["name"],
            "properties": {
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "name": {"type": "string"},
                "port": {"x-int-or-string": true},
                "ports": {"type": "array", "items": {"x-int-or-string": true}},
                "spec": {"$ref": "#/definitions/v1alpha1.ApplicationSpec"},
                "a-b": {"type": "object"},
            },
        });
        let mut text = String::new();
        interface(&mut text, "Thing", &schema).unwrap();
        let expected = "
export interface Thing {
  \"a-b\"?: unknown;
  labels?: Record<string, string> | null;
  name: string;
  port?: number | string;
  ports?: (number | string)[] | null;
  spec?: ApplicationSpec;
}
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_missing_message_is_named() {
        let error = generate(&json!({"definitions": {}})).unwrap_err();
        assert!(error.to_string().contains("the API has no message"), "{error}");
    }
}
