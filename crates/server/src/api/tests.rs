//! The definition loads, and messages survive the wire.

use expect_test::expect;
use serde_json::{Value, json};

use super::definition::Api;
use super::{Selection, decode, describe, encode, query_parameter, reply, request};

fn api() -> Api {
    Api::load().unwrap()
}

fn message(api: &Api, name: &str) -> usize {
    api.messages.iter().position(|message| message.name == name).unwrap()
}

#[test]
fn the_definition_is_whole() {
    let api = api();
    assert_eq!(api.methods.len(), 109);
    let bindings: usize = api.methods.iter().map(|method| method.bindings.len()).sum();
    assert_eq!(bindings, 110);
    assert!(api.method("/cluster.SettingsService/Get").is_some());
    let described = describe(&api);
    assert!(described["paths"]["/api/v1/applications/{name}/sync"]["post"].is_object());
}

#[test]
fn messages_survive_the_wire() {
    let api = api();
    let cases = [
        (
            "v1alpha1.Application",
            json!({
                "metadata": {
                    "name": "guestbook", "generation": 3, "creationTimestamp": "2026-01-02T03:04:05Z",
                    "labels": {"team": "a"},
                    "managedFields": [{"manager": "x", "fieldsV1": {"f:spec": {}}}],
                },
                "spec": {
                    "destination": {"server": "https://kubernetes.default.svc"},
                    "project": "default",
                    "source": {
                        "repoURL": "https://example.com/a.git",
                        "plugin": {"parameters": [
                            {"name": "a", "map": {"k": "v"}}, {"name": "b", "array": []},
                        ]},
                        "helm": {"valuesObject": {"replicas": 2, "name": null}},
                        "kustomize": {"replicas": [{"name": "x", "count": 3}, {"name": "y", "count": "50%"}]},
                    },
                    "revisionHistoryLimit": 0,
                    "syncPolicy": {"syncOptions": ["CreateNamespace=true"]},
                },
                "status": {"sync": {"status": "Synced"}},
            }),
        ),
        (
            "application.ApplicationSyncRequest",
            json!({"name": "a", "prune": false, "sourcePositions": [1, -2]}),
        ),
        (
            "v1alpha1.ResourceNode",
            json!({"kind": "Pod", "name": "x", "parentRefs": [{"kind": "ReplicaSet", "name": "y"}]}),
        ),
        ("events.Event", json!({"eventTime": "2026-01-02T03:04:05.000006Z", "count": 2})),
        ("v1alpha1.TLSClientConfig", json!({"caData": "aGVsbG8=", "insecure": true})),
    ];
    for (name, value) in cases {
        let index = message(&api, name);
        let decoded = decode(&api, index, &encode(&api, index, &value)).unwrap();
        let lost = Selection::parse("-x").unwrap().apply(decoded.clone());
        for (key, member) in value.as_object().unwrap() {
            assert_eq!(lost.get(key), Some(member), "{name}.{key} of {decoded}");
        }
    }
}

#[test]
fn malformed_bytes_are_refused() {
    let api = api();
    let index = message(&api, "v1alpha1.Application");
    for bytes in [&b"\x0a\x05a"[..], b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x08\x01", b"\x0b"] {
        assert!(decode(&api, index, bytes).is_err(), "{bytes:?}");
    }
    // An ApplicationSet's generators may hold generators, without end.
    let generators = message(&api, "v1alpha1.MatrixGenerator");
    assert!(decode(&api, generators, &b"\x0a\x02".repeat(3)).is_err());
}

#[test]
fn required_fields_are_always_on_the_wire() {
    let api = api();
    let index = message(&api, "application.LogEntry");
    let bytes = encode(&api, index, &json!({"content": "x"}));
    assert_eq!(bytes, b"\x0a\x01x\x12\x00\x18\x00\x22\x00\x2a\x00");
}

#[test]
fn replies_have_the_keys_that_clients_expect() {
    let api = api();
    let shaped = |name: &str, value: Value| reply(&api, message(&api, name), value).to_string();
    expect![[r#"{"metadata":{},"spec":{"destination":{},"project":"default"},"status":{"controllerNamespace":"argocd","health":{},"sourceHydrator":{},"summary":{},"sync":{"comparedTo":{"destination":{},"source":{"repoURL":""}},"status":""}}}"#]]
        .assert_eq(&shaped(
            "v1alpha1.Application",
            json!({"kind": "Application", "spec": {"project": "default"}, "status": {"controllerNamespace": "argocd", "resources": []}}),
        ));
    expect![[r#"{"items":null,"metadata":{}}"#]].assert_eq(&shaped("v1alpha1.ApplicationList", json!({})));
    expect![[r#"{"canSync":false}"#]]
        .assert_eq(&shaped("application.ApplicationSyncWindowsResponse", json!({})));
    expect![[r#"{"kind":"Pod","name":"x"}"#]]
        .assert_eq(&shaped("v1alpha1.ResourceNode", json!({"kind": "Pod", "name": "x", "group": ""})));
}

#[test]
fn requests_are_read_whatever_the_case() {
    let api = api();
    let index = message(&api, "application.ApplicationSyncRequest");
    let value = request(
        &api,
        index,
        json!({"NAME": "a", "dryrun": true, "unknown": 1, "strategy": {"hook": {"Force": true}}}),
    );
    assert_eq!(value.unwrap(), json!({"name": "a", "dryRun": true, "strategy": {"hook": {"force": true}}}));
    let error = |value| request(&api, index, value).unwrap_err().to_string();
    assert_eq!(error(json!({"name": 1})), "cannot read a number as a string at request.name");
    assert_eq!(error(json!({})), "required field \"name\" is not set");
}

#[test]
fn query_parameters_reach_their_fields() {
    let api = api();
    let set = |name: &str, pairs: &[(&str, &str)]| {
        let mut request = serde_json::Map::new();
        for (key, value) in pairs {
            if let Err(error) = query_parameter(&api, message(&api, name), &mut request, key, value) {
                return error.to_string();
            }
        }
        Value::Object(request).to_string()
    };
    expect![[r#"{"name":"a","projects":["x","y"]}"#]].assert_eq(&set(
        "application.ApplicationQuery",
        &[("name", "a"), ("name", "b"), ("projects", "x"), ("projects", "y"), ("nonsense", "1")],
    ));
    expect![[r#"{"id":{"type":"name","value":"in-cluster"}}"#]]
        .assert_eq(&set("cluster.ClusterQuery", &[("id.value", "in-cluster"), ("id.type", "name")]));
    expect![[r#"query parameter follow: "maybe" is no boolean"#]]
        .assert_eq(&set("application.ApplicationPodLogsQuery", &[("follow", "maybe")]));
}

#[test]
fn paths_match_as_the_gateway_does() {
    let api = api();
    let find = |verb: &str, path: &str| {
        api.methods.iter().find_map(|method| {
            method.bindings.iter().filter(|binding| binding.verb.as_str() == verb).find_map(|binding| {
                binding.template.matches(path).map(|variables| format!("{} {variables:?}", method.name))
            })
        })
    };
    let cases = [
        ("GET", "/api/v1/applications/guestbook", Some(r#"Get [("name", "guestbook")]"#)),
        ("GET", "/api/v1/applications/a%2Fb", None),
        ("GET", "/api/v1/applications/a:b", None),
        (
            "GET",
            "/api/v1/clusters/https%3A%2F%2Fkubernetes.default.svc",
            Some(r#"Get [("id.value", "https://kubernetes.default.svc")]"#),
        ),
        (
            "GET",
            "/api/v1/account/can-i/applications/sync/default/a",
            Some(r#"CanI [("resource", "applications"), ("action", "sync"), ("subresource", "default/a")]"#),
        ),
        ("GET", "/api/v1/applications/a/pods/p/logs", Some(r#"PodLogs [("name", "a"), ("podName", "p")]"#)),
    ];
    for (verb, path, expected) in cases {
        assert_eq!(find(verb, path).as_deref(), expected, "{verb} {path}");
    }
}

#[test]
fn fields_are_selected() {
    let value = json!({"metadata": {"resourceVersion": "1"}, "items": [{"metadata": {"name": "a", "uid": "u"}, "spec": {"x": 1}}]});
    let select = |fields: &str| Selection::parse(fields).unwrap().apply(value.clone()).to_string();
    expect![[r#"{"items":[{"metadata":{"name":"a"}}],"metadata":{"resourceVersion":"1"}}"#]]
        .assert_eq(&select("items.metadata.name"));
    expect![[r#"{"items":[{"metadata":{"name":"a"},"spec":{"x":1}}],"metadata":{"resourceVersion":"1"}}"#]]
        .assert_eq(&select("-items.metadata.uid"));
}
