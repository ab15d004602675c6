//! Strategic merge patches as tables: what is applied to what, and what comes out.

use serde_json::{Value, json};

use super::*;
use crate::GroupVersionKind;
use crate::schema::builtin;

fn pod_spec() -> Option<Schema<'static>> {
    builtin().definition("io.k8s.api.core.v1.PodSpec")
}

fn kind(api_version: &str, kind: &str) -> Option<Schema<'static>> {
    builtin().kind(&GroupVersionKind::from(api_version, kind))
}

#[allow(clippy::needless_pass_by_value, reason = "the cases read better without borrows")]
fn check_apply(document: Value, patch: Value, expected: Value) {
    match apply(&document, &patch, pod_spec()) {
        Ok(result) => assert_eq!(result, expected, "{patch}"),
        Err(error) => assert_eq!(Value::from(error.to_string()), expected, "{patch}"),
    }
}

#[test]
fn merges_lists_by_key() {
    check_apply(
        json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}]}),
        json!({"containers": [{"name": "b", "image": "2"}, {"name": "c", "image": "3"}]}),
        json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}, {"name": "c", "image": "3"}]}),
    );
    // A new item goes before the server's items that the patch does not name.
    check_apply(
        json!({"containers": [{"name": "a"}]}),
        json!({"containers": [{"name": "b"}]}),
        json!({"containers": [{"name": "b"}, {"name": "a"}]}),
    );
    // Tolerations have no merge key: the list is replaced.
    check_apply(
        json!({"tolerations": [{"key": "a"}], "nodeSelector": {"a": "1"}}),
        json!({"tolerations": [{"key": "b"}], "nodeSelector": {"b": "2"}}),
        json!({"tolerations": [{"key": "b"}], "nodeSelector": {"a": "1", "b": "2"}}),
    );
    check_apply(
        json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "x"}]}]}),
        json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "UDP"}]}]}),
        json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "x", "protocol": "UDP"}]}]}),
    );
    check_apply(
        json!({"containers": [{"name": "a"}]}),
        json!({"containers": [{"image": "x"}]}),
        json!(
            "strategic merge patch does not apply at .containers: an item does not contain the merge key \"name\""
        ),
    );
}

#[test]
fn directives() {
    let two =
        json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "1"}], "hostname": "h"});
    check_apply(
        two.clone(),
        json!({"containers": [{"name": "a", "$patch": "delete"}], "hostname": null}),
        json!({"containers": [{"name": "b", "image": "1"}]}),
    );
    check_apply(
        two.clone(),
        json!({"containers": [{"$patch": "replace"}, {"name": "c"}]}),
        json!({"containers": [{"name": "c"}], "hostname": "h"}),
    );
    check_apply(two.clone(), json!({"$patch": "replace", "hostname": "x"}), json!({"hostname": "x"}));
    check_apply(two.clone(), json!({"$patch": "delete"}), json!({}));
    check_apply(
        two.clone(),
        json!({"$patch": "odd"}),
        json!("strategic merge patch does not apply at .: unknown patch type \"odd\""),
    );
    check_apply(
        two,
        json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}], "containers": [{"name": "c"}]}),
        json!({"containers": [{"name": "b", "image": "1"}, {"name": "c"}, {"name": "a", "image": "1"}], "hostname": "h"}),
    );
    check_apply(
        json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
        json!({"volumes": [{"name": "v", "hostPath": {"path": "/x"}, "$retainKeys": ["name", "hostPath"]}]}),
        json!({"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}),
    );
    // What only the server has keeps its place between what the patch orders.
    check_apply(
        json!({"containers": [{"name": "a"}, {"name": "server"}, {"name": "b"}]}),
        json!({"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}], "containers": [{"name": "b", "image": "2"}]}),
        json!({"containers": [{"name": "a"}, {"name": "server"}, {"name": "b", "image": "2"}]}),
    );
}

#[test]
fn primitive_lists() {
    let pod = kind("v1", "Pod");
    let document = json!({"metadata": {"finalizers": ["a", "b"]}});
    for (patch, expected) in [
        (json!({"metadata": {"finalizers": ["c", "a"]}}), json!(["c", "a", "b"])),
        (json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}), json!(["b"])),
        (
            json!({"metadata": {"$setElementOrder/finalizers": ["c", "b"], "$deleteFromPrimitiveList/finalizers": ["a"], "finalizers": ["c"]}}),
            json!(["c", "b"]),
        ),
    ] {
        let result = apply(&document, &patch, pod).unwrap();
        assert_eq!(result["metadata"]["finalizers"], expected, "{patch}");
    }
}

#[test]
fn nothing_of_a_directive_is_stored() {
    check_apply(
        json!({}),
        json!({"containers": [{"name": "a", "$patch": "delete"}, {"name": "b", "image": null, "resources": {"limits": null}}],
               "securityContext": {"$patch": "replace", "runAsUser": 1}}),
        json!({"containers": [{"name": "b", "resources": {}}], "securityContext": {"runAsUser": 1}}),
    );
}

#[test]
fn two_way_patches_apply() {
    let schema = kind("apps/v1", "Deployment");
    let from = json!({"spec": {"replicas": 1, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {"spec": {"containers": [{"name": "a", "image": "1", "env": [{"name": "X", "value": "1"}]}, {"name": "b"}],
            "volumes": [{"name": "v", "emptyDir": {}}]}}}});
    let to = json!({"spec": {"strategy": {"type": "Recreate"},
        "template": {"spec": {"containers": [{"name": "c"}, {"name": "a", "image": "2", "env": [{"name": "X", "value": "1"}]}],
            "volumes": [{"name": "v", "hostPath": {"path": "/"}}]}}}});
    let patch = create_two_way(&from, &to, schema).unwrap();
    assert_eq!(
        patch,
        json!({"spec": {"replicas": null,
        "strategy": {"$retainKeys": ["type"], "rollingUpdate": null, "type": "Recreate"},
        "template": {"spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [{"name": "c"}, {"image": "2", "name": "a"}, {"$patch": "delete", "name": "b"}],
            "$setElementOrder/volumes": [{"name": "v"}],
            "volumes": [{"$retainKeys": ["hostPath", "name"], "emptyDir": null, "hostPath": {"path": "/"}, "name": "v"}],
        }}}})
    );
    assert_eq!(apply(&from, &patch, schema).unwrap(), to);
    assert_eq!(create_two_way(&to, &to, schema).unwrap(), json!({}));
}

#[test]
fn three_way_patches() {
    let schema = kind("apps/v1", "Deployment");
    let spec = |containers: Value, replicas: Value| json!({"spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}}});
    let original = spec(json!([{"name": "a", "image": "1", "workingDir": "/x"}, {"name": "gone"}]), json!(1));
    let modified = spec(json!([{"name": "a", "image": "2"}, {"name": "new"}]), json!(1));
    let current = spec(
        json!([{"name": "a", "image": "1", "workingDir": "/x", "imagePullPolicy": "Always"}, {"name": "gone"}, {"name": "sidecar"}]),
        json!(5),
    );
    let patch = create_three_way(&original, &modified, &current, schema).unwrap();
    let result = apply(&current, &patch, schema).unwrap();
    assert_eq!(
        result,
        spec(
            json!([{"name": "a", "image": "2", "imagePullPolicy": "Always"}, {"name": "new"}, {"name": "sidecar"}]),
            json!(1)
        ),
        "{patch}"
    );
    let again = create_three_way(&modified, &modified, &result, schema).unwrap();
    assert_eq!(apply(&result, &again, schema).unwrap(), result, "a second apply changes nothing");
}

#[test]
fn three_way_deletes_scalars() {
    let schema = kind("v1", "Pod");
    let with = |list: Value| json!({"metadata": {"finalizers": list}});
    let patch = create_three_way(
        &with(json!(["a", "b"])),
        &with(json!(["b"])),
        &with(json!(["a", "b", "c"])),
        schema,
    )
    .unwrap();
    assert_eq!(
        patch,
        json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"], "$setElementOrder/finalizers": ["b"]}})
    );
    assert_eq!(apply(&with(json!(["a", "b", "c"])), &patch, schema).unwrap(), with(json!(["b", "c"])));
}

#[test]
fn items_that_share_a_merge_key() {
    let schema = builtin().definition("io.k8s.api.core.v1.Container");
    let both = json!({"ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]});
    assert_eq!(create_two_way(&both, &both, schema).unwrap(), json!({}));
    assert_eq!(create_three_way(&both, &both, &both, schema).unwrap(), json!({}));
}
