//! Applying objects, in every way, on the sandbox and on a real API server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::large_futures,
    reason = "a test may fail and need not be small"
)]

mod support;

use cluster::{Applied, ApplyOptions, DryRun, LogOptions};
use futures::TryStreamExt as _;
use object::Object;
use serde_json::{Value, json};
use support::{World, key};

fn object(value: Value) -> Object {
    Object::from_value(value).unwrap()
}

async fn apply(world: &World, value: Value, options: &ApplyOptions) -> Applied {
    world.live.apply(&object(value), options).await.unwrap()
}

fn deployment(namespace: &str, image: &str, extra: bool) -> Value {
    let mut containers = json!([{"name": "web", "image": image}]);
    if extra {
        containers[0]["env"] = json!([{"name": "A", "value": "1"}]);
        containers.as_array_mut().unwrap().push(json!({"name": "side", "image": "side:1"}));
    }
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}},
    })
}

fn containers(applied: &Applied) -> Vec<(String, String)> {
    let list = applied.object.pointer("/spec/template/spec/containers").and_then(Value::as_array).unwrap();
    let text = |container: &Value, field: &str| container[field].as_str().unwrap_or_default().to_owned();
    list.iter().map(|container| (text(container, "name"), text(container, "image"))).collect()
}

async fn three_ways(world: &World) {
    let namespace = world.namespace("three").await;
    let options = ApplyOptions::default();
    let dry = ApplyOptions { dry_run: DryRun::Client, ..ApplyOptions::default() };
    let web = key("apps/Deployment", &namespace, "web");
    let first = deployment(&namespace, "web:1", true);
    assert_eq!(apply(world, first.clone(), &dry).await.message, "deployment.apps/web created (dry run)");
    assert_eq!(world.live.get(&web, None).await.unwrap(), None);
    assert_eq!(apply(world, first.clone(), &options).await.message, "deployment.apps/web created");
    assert_eq!(apply(world, first.clone(), &options).await.message, "deployment.apps/web unchanged");

    // Somebody else changes what the manifest does not say, and something that it does.
    let foreign = json!({"metadata": {"labels": {"foreign": "kept"}}, "spec": {"replicas": 5}});
    world.live.patch(&web, &cluster::Patch::Merge(foreign), "").await.unwrap();
    let second = apply(world, deployment(&namespace, "web:2", false), &options).await;
    assert_eq!(second.message, "deployment.apps/web configured");
    assert_eq!(containers(&second), [("web".to_owned(), "web:2".to_owned())], "what was dropped is gone");
    assert_eq!(second.object.pointer("/spec/template/spec/containers/0/env"), None);
    assert_eq!(second.object.label("foreign"), Some("kept"));
    assert_eq!(
        second.object.get(&["spec", "replicas"]),
        Some(&json!(1)),
        "what the manifest says is taken back"
    );
    let managers = second.object.get(&["metadata", "managedFields"]).and_then(Value::as_array).unwrap();
    assert!(managers.iter().any(|entry| entry["manager"] == "argocd-controller"), "{managers:?}");

    let server_dry = ApplyOptions { dry_run: DryRun::Server, ..ApplyOptions::default() };
    let asked = apply(world, deployment(&namespace, "web:3", false), &server_dry).await;
    assert_eq!(asked.message, "deployment.apps/web configured (server dry run)");
    assert_eq!(containers(&asked)[0].1, "web:3");
    let live = world.live.get(&web, None).await.unwrap().unwrap();
    assert_eq!(live.pointer("/spec/template/spec/containers/0/image"), Some(&json!("web:2")));
}

async fn unknown_fields_are_refused(world: &World) {
    let namespace = world.namespace("strict").await;
    let mut wrong = deployment(&namespace, "web:1", false);
    wrong["spec"]["replica"] = json!(1);
    let error = world.live.apply(&object(wrong.clone()), &ApplyOptions::default()).await.unwrap_err();
    assert!(error.to_string().contains("replica"), "{error}");
    let lenient = ApplyOptions { validate: false, ..ApplyOptions::default() };
    assert_eq!(apply(world, wrong, &lenient).await.message, "deployment.apps/web created");
}

async fn server_side(world: &World) {
    let namespace = world.namespace("ssa").await;
    // What kubectl applied before the move to server-side apply.
    let kubectl = ApplyOptions { manager: "kubectl-client-side-apply".to_owned(), ..ApplyOptions::default() };
    apply(world, deployment(&namespace, "web:1", true), &kubectl).await;
    let options = ApplyOptions { server_side: true, ..ApplyOptions::default() };
    let applied = apply(world, deployment(&namespace, "web:2", false), &options).await;
    assert_eq!(applied.message, "deployment.apps/web serverside-applied");
    assert_eq!(
        containers(&applied),
        [("web".to_owned(), "web:2".to_owned())],
        "fields of the old manager are dropped"
    );

    let kubernetes = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "shared", "namespace": namespace}, "data": {"a": "1"}});
    let other = ApplyOptions { manager: "other".to_owned(), ..options.clone() };
    apply(world, kubernetes.clone(), &other).await;
    let mut ours = kubernetes;
    ours["data"]["a"] = json!("2");
    let applied = apply(world, ours, &options).await;
    assert_eq!(applied.object.pointer("/data/a"), Some(&json!("2")), "conflicts are forced");
}

async fn replaced_and_forced(world: &World) {
    let namespace = world.namespace("replace").await;
    let replace = ApplyOptions { replace: true, ..ApplyOptions::default() };
    let map = |value: &str, immutable: bool| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": namespace},
            "immutable": immutable, "data": {value: value}})
    };
    let created = apply(world, map("a", false), &replace).await;
    assert_eq!(created.message, "configmap/m created");
    assert_eq!(created.object.annotation(object::LAST_APPLIED_ANNOTATION), None);
    let replaced = apply(world, map("b", false), &replace).await;
    assert_eq!(
        (replaced.message.as_str(), replaced.object.pointer("/data/a")),
        ("configmap/m replaced", None)
    );
    let forced = apply(world, map("c", true), &ApplyOptions { force: true, ..replace.clone() }).await;
    assert_eq!(forced.message, "configmap/m replaced");
    assert_ne!(forced.object.uid(), replaced.object.uid(), "it was deleted and created");

    // An immutable object cannot be patched, but deleted and created. The sandbox lets it be patched.
    if world.sandbox.is_none() {
        let error = world.live.apply(&object(map("d", true)), &ApplyOptions::default()).await.unwrap_err();
        assert_eq!(error.code(), 422, "{error}");
    }
    let forced = apply(world, map("d", true), &ApplyOptions { force: true, ..ApplyOptions::default() }).await;
    assert_eq!(forced.object.pointer("/data/d"), Some(&json!("d")));

    let space = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": {"x": "y"}}});
    let updated = apply(world, space, &replace).await;
    assert_eq!(updated.message, format!("Namespace/{namespace} updated"));
}

async fn roles_and_scopes(world: &World) {
    let namespace = world.namespace("roles").await;
    let binding = |role: &str| {
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "b", "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"}]})
    };
    let options = ApplyOptions::default();
    apply(world, binding("view"), &options).await;
    let changed = apply(world, binding("edit"), &options).await;
    assert_eq!(changed.object.pointer("/roleRef/name"), Some(&json!("edit")));

    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": format!("{namespace}-r"), "namespace": namespace}, "rules": []});
    assert_eq!(apply(world, role, &options).await.object.namespace(), None, "the kind has no namespaces");
    let homeless = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}});
    let error = world.live.apply(&object(homeless), &options).await.unwrap_err();
    assert!(error.to_string().contains("need a namespace"), "{error}");
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Nothing", "metadata": {"name": "m"}});
    let error = world.live.apply(&object(unknown), &options).await.unwrap_err();
    assert!(matches!(error, cluster::Error::UnknownKind { .. }), "{error}");
}

async fn all(world: &World) {
    three_ways(world).await;
    unknown_fields_are_refused(world).await;
    server_side(world).await;
    replaced_and_forced(world).await;
    roles_and_scopes(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_applied_to_the_sandbox() {
    all(&World::sandbox().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects_are_applied_to_a_real_api_server() {
    if let Some(world) = World::real().await {
        all(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn syncs_act_as_somebody_else() {
    let Some(world) = World::real().await else { return };
    let namespace = world.namespace("as").await;
    let options = ApplyOptions {
        impersonate: format!("system:serviceaccount:{namespace}:nobody"),
        ..ApplyOptions::default()
    };
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m", "namespace": namespace}});
    let error = world.live.apply(&object(map), &options).await.unwrap_err();
    assert!(error.is_forbidden() && error.to_string().contains("nobody"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logs_and_events_are_read() {
    let world = World::sandbox().await;
    let namespace = world.namespace("logs").await;
    apply(&world, deployment(&namespace, "web:1", false), &ApplyOptions::default()).await;
    let root = key("apps/Deployment", &namespace, "web");
    let pod = support::eventually("a running Pod", || {
        let nodes = world.live.tree(std::slice::from_ref(&root));
        let mut pods = nodes.into_iter().filter(|node| {
            node.resource_ref.kind == "Pod"
                && node.health.as_ref().is_some_and(|health| health.status == "Healthy")
        });
        pods.next().map(|node| node.resource_ref)
    })
    .await;
    let options = LogOptions { tail_lines: Some(10), ..LogOptions::default() };
    let stream = world.live.logs(&namespace, &pod.name, &options).await.unwrap();
    let chunks: Vec<bytes::Bytes> = stream.try_collect().await.unwrap();
    assert!(chunks.iter().map(bytes::Bytes::len).sum::<usize>() > 0);
    let events = world.live.events(&root, "").await.unwrap();
    assert!(events.iter().all(|event| event.get_str(&["involvedObject", "name"]) == Some("web")));
    let error = world.live.logs(&namespace, "nobody", &options).await.err().unwrap();
    assert!(error.is_not_found(), "{error}");
}
