//! Answers without what differs each time: uids, times, versions, addresses.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

static UID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap());
static TIME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z").unwrap());
static AGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b\d+(ms|s|m|h)\b").unwrap());
static NUMBER: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b\d{2,}\b").unwrap());
static GENERATED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bgenerated-[a-z0-9]{5}\b").unwrap());
static BLANKS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[ \t]+").unwrap());

/// A JSON body, or its text.
pub(crate) fn body(text: &str) -> Value {
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            walk("", &mut value);
            value
        }
        Err(_) => Value::String(text.to_owned()),
    }
}

/// The events of a watch, without bookmarks other than the end of the initial events.
pub(crate) fn events(text: &str) -> Value {
    let events = text.lines().map(body).filter(|event| {
        event["type"] != "BOOKMARK"
            || event["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"
    });
    let events = events.map(|mut event| {
        if event["type"] == "BOOKMARK" {
            // A real server writes out the zero value of the type; only the metadata says something.
            event["object"] = serde_json::json!({
                "kind": event["object"]["kind"], "annotations": event["object"]["metadata"]["annotations"],
            });
        }
        event
    });
    Value::Array(events.collect())
}

/// What kubectl prints: times, ages and column widths go.
pub(crate) fn text(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with("WARNING: version difference"))
        .map(|line| {
            let line = message(line);
            let line = AGE.replace_all(&line, "AGE");
            BLANKS.replace_all(&line, " ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

fn message(text: &str) -> String {
    let text = UID.replace_all(text, "UID");
    let text = TIME.replace_all(&text, "TIME");
    let text = GENERATED.replace_all(&text, "generated-XXXXX");
    text.into_owned()
}

/// Removes the value at a pointer; a `*` step is every element.
pub(crate) fn remove(value: &mut Value, pointer: &str) {
    let steps: Vec<&str> = pointer.trim_start_matches('/').split('/').collect();
    remove_at(value, &steps);
}

fn remove_at(value: &mut Value, steps: &[&str]) {
    let [step, rest @ ..] = steps else { return };
    let step = step.replace("~1", "/");
    match value {
        Value::Object(map) if rest.is_empty() => {
            map.remove(&step);
        }
        Value::Object(map) => {
            if let Some(child) = map.get_mut(&step) {
                remove_at(child, rest);
            }
        }
        Value::Array(list) if step == "*" => list.iter_mut().for_each(|item| remove_at(item, rest)),
        Value::Array(list) if rest.is_empty() => {
            if let Some(child) = step.parse::<usize>().ok().and_then(|index| list.get_mut(index)) {
                *child = Value::Null;
            }
        }
        Value::Array(list) => {
            if let Some(child) = step.parse::<usize>().ok().and_then(|index| list.get_mut(index)) {
                remove_at(child, rest);
            }
        }
        _ => {}
    }
}

fn walk(key: &str, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, child) in map.iter_mut() {
                walk(key, child);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|child| walk("", child)),
        Value::String(text) => {
            *text = match key {
                "uid" | "resourceVersion" | "continue" | "storageVersionHash" | "clusterIP" => "X".to_owned(),
                "message" => NUMBER.replace_all(&message(text), "N").into_owned(),
                _ => message(text),
            }
        }
        _ => {}
    }
}
