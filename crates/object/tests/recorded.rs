//! Replays what a real API server was asked and compares with what it answered.
//!
//! `tests/recorded/*.json` hold, per case, the requests (verb, field manager, body) and the server's object or error
//! message, without times and identifiers. The recordings were made against kube-apiserver v1.36.3 with admission
//! plugins off; a new recording needs nothing but an HTTP client that sends the same bodies.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test may panic")]

use object::defaults::fill_builtin_defaults;
use object::schema::{Schema, Schemas, builtin, canonical_scalars, fill_defaults, prune, validate};
use object::structured::{self, FieldSet, Writer};
use object::{Error, GroupVersionKind, Object, json_patch, merge_patch, strategic};
use serde_json::{Value, json};

const OWNERSHIP: &str = include_str!("recorded/ownership_and_patches.json");
const DEFAULTS: &str = include_str!("recorded/defaults.json");

struct Server {
    widgets: Schemas,
}

impl Server {
    fn new(recording: &Value) -> Self {
        let schema = recording.pointer("/setup/0/body/spec/versions/0/schema/openAPIV3Schema").unwrap();
        let gvk = GroupVersionKind::new("example.com", "v1", "Widget");
        Server { widgets: Schemas::from_custom_resource(&gvk, schema).unwrap() }
    }

    fn schema(&self, gvk: &GroupVersionKind) -> Option<Schema<'_>> {
        self.widgets.kind(gvk).or_else(|| builtin().kind(gvk))
    }

    /// What the server would answer to one step.
    fn run(&self, live: Option<&Object>, step: &Value) -> Result<Object, String> {
        let text = |field: &str| step[field].as_str().unwrap_or_default();
        let body = &step["body"];
        let gvk = match live {
            Some(live) => live.gvk(),
            None => {
                GroupVersionKind::from(body["apiVersion"].as_str().unwrap(), body["kind"].as_str().unwrap())
            }
        };
        let schema = self.schema(&gvk);
        let reset = match text("subresource") {
            "status" => FieldSet::of_fields(&[&["spec"]]),
            _ => FieldSet::of_fields(&[&["status"]]),
        };
        let writer =
            Writer { manager: text("manager"), subresource: text("subresource"), time: "", reset: &reset };
        let live_value = live.map(Object::as_value).unwrap_or(&Value::Null);
        let words = |error: Error| error.to_string();
        if text("verb") == "apply" {
            let configuration = Object::from_value(body.clone()).map_err(words)?;
            let applied = structured::apply(live, &configuration, schema, writer, step["force"] == true);
            return applied.map(|applied| self.stored(applied.object)).map_err(words);
        }
        let new = match text("verb") {
            "create" | "update" => body.clone(),
            "merge" => merge_patch::apply(live_value, body),
            "strategic" => strategic::apply(live_value, body, schema).map_err(words)?,
            "json" => {
                let patch = json_patch::parse(body).map_err(words)?;
                json_patch::apply(live_value, &patch, json_patch::Options::default()).map_err(words)?
            }
            other => panic!("unknown verb {other}"),
        };
        let mut new = self.stored(Object::from_value(new).map_err(words)?);
        if text("subresource").is_empty() && self.widgets.kind(&gvk).is_some() {
            new.remove(&["status"]);
        }
        if let Some(live) = live
            && text("verb") != "update"
        {
            // A patch sends the recorded ownership back unchanged, which counts as not sending any.
            assert_eq!(new.get(&["metadata", "managedFields"]), live.get(&["metadata", "managedFields"]));
        }
        structured::update(live, &mut new, schema, writer).map_err(words)?;
        Ok(new)
    }

    fn stored(&self, object: Object) -> Object {
        let Some(schema) = self.widgets.kind(&object.gvk()) else {
            let mut object = object;
            fill_builtin_defaults(&mut object);
            add_zero_values(&mut object);
            return object;
        };
        let mut value = object.into_value();
        prune(&mut value, schema);
        fill_defaults(&mut value, schema);
        Object::from_value(value).unwrap()
    }
}

/// Go's encoder writes structures that it holds by value even if they are empty; only this one gets into ownership.
fn add_zero_values(object: &mut Object) {
    let containers =
        object.get_mut(&["spec", "template", "spec", "containers"]).and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten().filter_map(Value::as_object_mut) {
        container.entry("resources").or_insert_with(|| json!({}));
    }
}

/// Without what Go's encoder and the server's strategies add.
fn comparable(object: &Object) -> Value {
    let mut value = object.as_value().clone();
    if object.group() != "example.com" {
        value.as_object_mut().unwrap().remove("status");
    }
    // The server's encoder names the type of claim templates.
    for template in
        value.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut).into_iter().flatten()
    {
        template.as_object_mut().unwrap().retain(|name, _| name != "apiVersion" && name != "kind");
    }
    if let Some(metadata) = value["metadata"].as_object_mut() {
        metadata.remove("namespace");
    }
    drop_empty(&mut value);
    value
}

fn drop_empty(value: &mut Value) {
    const BY_VALUE: [&str; 4] = ["resources", "strategy", "updateStrategy", "metadata"];
    match value {
        Value::Object(map) => {
            map.retain(|name, value| {
                let empty = value.as_object().is_some_and(serde_json::Map::is_empty);
                !(value.is_null() || (empty && BY_VALUE.contains(&name.as_str())))
            });
            map.remove("creationTimestamp");
            map.iter_mut()
                .filter(|(name, _)| *name != "managedFields")
                .for_each(|(_, value)| drop_empty(value));
        }
        Value::Array(list) => list.iter_mut().for_each(drop_empty),
        _ => {}
    }
}

#[test]
fn ownership_and_patches() {
    let recording: Value = serde_json::from_str(OWNERSHIP).unwrap();
    let server = Server::new(&recording);
    let (mut steps, mut wrong) = (0, Vec::new());
    for case in recording["cases"].as_array().unwrap() {
        let mut live: Option<Object> = None;
        for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let place = format!("{} step {index}", case["title"]);
            if case["title"] == "custom resource validation" {
                continue;
            }
            let answer = server.run(live.as_ref(), step);
            match (&step["object"], &step["error"]) {
                (expected @ Value::Object(_), _) => {
                    let expected = Object::from_value(expected.clone()).unwrap();
                    live = Some(expected.clone());
                    let Ok(object) = answer else {
                        wrong.push(format!("{place}: {answer:?}"));
                        continue;
                    };
                    let (ours, theirs) = (comparable(&object), comparable(&expected));
                    let repair = json_patch::create(&ours, &theirs);
                    wrong.extend(repair.iter().map(|operation| format!("{place}: {operation:?}")));
                }
                (_, Value::String(message)) => {
                    if !answer.as_ref().is_err_and(|error| message.ends_with(error)) {
                        wrong.push(format!("{place}: {answer:?} instead of {message}"));
                    }
                }
                _ => panic!("{place}: nothing was recorded"),
            }
            steps += 1;
        }
    }
    // Addresses are allocated, not defaulted.
    wrong.retain(|line| {
        !["/spec/clusterIPs", "/spec/ipFamilies", "/spec/ipFamilyPolicy"]
            .iter()
            .any(|path| line.contains(path))
    });
    assert_eq!(wrong, Vec::<String>::new());
    assert!(steps > 40, "{steps}");
}

#[test]
fn custom_resource_validation() {
    let recording: Value = serde_json::from_str(OWNERSHIP).unwrap();
    let server = Server::new(&recording);
    let cases = recording["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["title"] == "custom resource validation").unwrap();
    for step in case["steps"].as_array().unwrap().iter().filter(|step| step["verb"] == "create") {
        let mut object = step["body"].clone();
        let schema = server.widgets.kinds().next().and_then(|gvk| server.widgets.kind(gvk)).unwrap();
        prune(&mut object, schema);
        fill_defaults(&mut object, schema);
        let violations: Vec<String> = validate(&object, schema).iter().map(ToString::to_string).collect();
        match step["error"].as_str() {
            Some(message) => {
                assert!(
                    violations.iter().any(|violation| message.ends_with(violation)),
                    "{violations:?}\n{message}"
                );
            }
            None => {
                assert_eq!(violations, Vec::<String>::new());
                assert_eq!(object["spec"], step["object"]["spec"]);
            }
        }
    }
}

#[test]
fn defaults() {
    let recording: Value = serde_json::from_str(DEFAULTS).unwrap();
    let mut wrong = Vec::new();
    for case in recording["cases"].as_array().unwrap() {
        let step = &case["steps"][0];
        let mut ours = Object::from_value(step["body"].clone()).unwrap();
        let gvk = ours.gvk();
        assert!(fill_builtin_defaults(&mut ours), "{}", case["title"]);
        let mut value = ours.into_value();
        assert!(canonical_scalars(&mut value, builtin().kind(&gvk).unwrap()));
        let ours = Object::from_value(value).unwrap();
        let theirs = Object::from_value(step["object"].clone()).unwrap();
        for operation in json_patch::create(&comparable(&ours), &comparable(&theirs)) {
            wrong.push(format!("{}: {operation:?}", case["title"]));
        }
    }
    // What the server's strategies and admission set is no default.
    wrong.retain(|line| !ALLOWED.iter().any(|allowed| line.contains(allowed)));
    assert_eq!(wrong, Vec::<String>::new());
}

const ALLOWED: &[&str] = &[
    "/spec/preemptionPolicy",
    "/spec/priority",
    "/spec/serviceAccount",
    "/spec/tolerations",
    "deprecated.daemonset.template.generation",
    "controller-uid",
    "/spec/clusterIPs",
    "/spec/ipFamilies",
    "/spec/ipFamilyPolicy",
    "-protection",
    "[String(\"kubernetes\")]",
];
