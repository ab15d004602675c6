//! Differences as a reviewer sees them.

use std::sync::Arc;

use object::Object;
use serde_json::json;

use super::{Change, Objects, Part, differences, print};

fn objects(values: &[serde_json::Value]) -> Objects {
    let objects = values.iter().map(|value| Arc::new(Object::from_value(value.clone()).unwrap()));
    objects
        .map(|object| {
            let key = object.key();
            ((key.namespace, key.kind, key.group, key.name, 0), object)
        })
        .collect()
}

fn map(name: &str, value: &str) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"a": value}})
}

fn part(old: &[serde_json::Value], new: &[serde_json::Value]) -> Part {
    let outcome = Ok(differences(&objects(old), &objects(new)));
    let change = Change::Changed;
    Part { namespace: String::new(), name: "web".into(), file: "web.yaml".into(), change, outcome }
}

#[test]
fn what_was_added_changed_and_removed_is_told() {
    let part = part(
        &[map("old", "1"), map("same", "1"), map("edit", "1")],
        &[map("same", "1"), map("edit", "2"), map("new", "1")],
    );
    let text = print::text(std::slice::from_ref(&part));
    for line in [
        "===== web: ConfigMap edit changed\n",
        "-  a: \"1\"\n+  a: \"2\"\n",
        "ConfigMap old removed",
        "ConfigMap new added",
        "1 application, 1 different\n",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    assert!(!text.contains("same"), "{text}");
    let markdown = print::markdown(std::slice::from_ref(&part), "main", "HEAD");
    assert!(markdown.contains("| web | 1 | 1 | 1 |"), "{markdown}");
    assert!(markdown.contains("```diff\n"), "{markdown}");
    let json: serde_json::Value =
        serde_json::from_str(&print::json(&[part], ("main", "1"), ("HEAD", "2"))).unwrap();
    assert_eq!(json["applications"][0]["objects"].as_array().unwrap().len(), 3);
    assert_eq!(json["to"]["commit"], "2");
}

#[test]
fn values_of_secrets_are_not_shown() {
    let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"password": value}});
    let text = print::text(&[part(&[secret("hunter2")], &[secret("hunter3")])]);
    assert!(text.contains("Secret s changed") && text.contains("++++++++"), "{text}");
    assert!(!text.contains("hunter") && !text.contains("aHVudGVy"), "{text}");
}

#[test]
fn a_failure_is_shown_beside_the_rest() {
    let failed = Part {
        namespace: "team".into(),
        name: "x".into(),
        file: "x.yaml".into(),
        change: Change::Removed,
        outcome: Err("at main: no <such> path".into()),
    };
    let markdown = print::markdown(&[failed], "main", "HEAD");
    let row = "| team/x (the Application is removed) | cannot be rendered | | |";
    assert!(markdown.contains(row), "{markdown}");
    assert!(markdown.contains("no <such> path"), "{markdown}");
}
