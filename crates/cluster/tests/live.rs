//! The cache of a live cluster: tracking, trees, new kinds, and that no fault loses or invents anything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::large_futures,
    reason = "a test may fail and need not be small"
)]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use cluster::{DeleteOptions, LiveObject, Patch};
use object::GroupKind;
use sandbox::{Fault, FaultRule, Options};
use serde_json::{Value, json};
use support::{World, config_map, eventually, key, within};

/// The names of the ConfigMaps of a namespace that the cache knows.
fn names(world: &World, namespace: &str) -> BTreeSet<String> {
    let objects = world.live.live_of_kind(&GroupKind::new("", "ConfigMap"));
    let own = objects
        .iter()
        .filter(|object| object.namespace() == namespace && object.name() != "kube-root-ca.crt");
    own.map(|object| object.name().to_owned()).collect()
}

async fn tracked_objects_are_kept_in_full(world: &World) {
    let namespace = world.namespace("tracked").await;
    world.create(config_map(&namespace, "mine", Some("guestbook"))).await;
    world.create(config_map(&namespace, "other", None)).await;
    let mine = world.known(&key("ConfigMap", &namespace, "mine")).await;
    let other = world.known(&key("ConfigMap", &namespace, "other")).await;
    assert_eq!(mine.instance(), Some("guestbook"));
    let full = mine.full().expect("content of a tracked object");
    assert_eq!(full.get_str(&["data", "key"]), Some("value"));
    assert_eq!((full.api_version(), full.kind()), ("v1", "ConfigMap"));
    assert!(full.get(&["metadata", "managedFields"]).is_none(), "managedFields cost memory");
    assert!(!other.has_content());
    let managed: Vec<String> =
        world.live.managed("guestbook").iter().map(|object| object.key().to_string()).collect();
    assert!(managed.contains(&format!("ConfigMap:{namespace}/mine")), "{managed:?}");
    let definitions = key("apiextensions.k8s.io/CustomResourceDefinition", "", "applications.argoproj.io");
    assert!(
        !world.known(&definitions).await.has_content(),
        "definitions are large, and nobody looks at them"
    );
}

async fn owners_lead_to_the_application(world: &World) {
    let namespace = world.namespace("tree").await;
    let mut changes = world.live.subscribe();
    let root = world.create(config_map(&namespace, "root", Some("shop"))).await;
    let owned = |name: &str, owner: &object::Object| {
        let mut value = config_map(&namespace, name, None);
        value["metadata"]["ownerReferences"] = json!([
            {"apiVersion": "v1", "kind": "ConfigMap", "name": owner.name(), "uid": owner.uid()}
        ]);
        value
    };
    let child = world.create(owned("child", &root)).await;
    world.create(owned("grandchild", &child)).await;
    world.known(&key("ConfigMap", &namespace, "grandchild")).await;
    let tree = world.live.tree(&[key("ConfigMap", &namespace, "root")]);
    let shape: Vec<(&str, Vec<&str>)> = tree
        .iter()
        .map(|node| {
            let parents = node.parent_refs.iter().map(|parent| parent.name.as_str()).collect();
            (node.resource_ref.name.as_str(), parents)
        })
        .collect();
    assert_eq!(shape, [("root", vec![]), ("child", vec!["root"]), ("grandchild", vec!["child"])]);
    assert_eq!(tree[1].parent_refs[0].uid, root.uid());
    let change = within(10, async {
        loop {
            let change = changes.recv().await.unwrap();
            if change.key.name == "grandchild" {
                return change;
            }
        }
    })
    .await;
    assert_eq!((change.instance.as_deref(), change.is_root, change.deleted), (Some("shop"), false, false));

    let only_root = |object: &LiveObject| object.name() != "child";
    let cut = world.live.tree_where(&[key("ConfigMap", &namespace, "root")], &only_root);
    assert_eq!(cut.len(), 1, "what a forbidden object owns is cut off with it");
}

async fn kinds_come_and_go(world: &World) {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "kites.sky.example.com"},
        "spec": {
            "group": "sky.example.com", "scope": "Namespaced",
            "names": {"kind": "Kite", "plural": "kites", "singular": "kite", "listKind": "KiteList"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    });
    let crd = key("apiextensions.k8s.io/CustomResourceDefinition", "", "kites.sky.example.com");
    let _ = world.live.delete(&crd, &DeleteOptions::background()).await;
    world.forgotten(&crd).await;
    world.create(definition).await;
    let kite = GroupKind::new("sky.example.com", "Kite");
    eventually("the new kind is known", || world.live.resource(&kite)).await;
    let namespace = world.namespace("kites").await;
    world
        .create(json!({"apiVersion": "sky.example.com/v1", "kind": "Kite",
            "metadata": {"name": "red", "namespace": namespace}}))
        .await;
    let red = key("sky.example.com/Kite", &namespace, "red");
    world.known(&red).await;
    assert!(world.live.api_versions().iter().any(|version| version == "sky.example.com/v1/Kite"));
    world.live.delete(&crd, &DeleteOptions::background()).await.unwrap();
    world.forgotten(&red).await;
    eventually("the kind is gone", || world.live.resource(&kite).is_none().then_some(())).await;
}

async fn objects_change_and_go(world: &World) {
    let namespace = world.namespace("changes").await;
    world.create(config_map(&namespace, "one", Some("app"))).await;
    let one = key("ConfigMap", &namespace, "one");
    let before = world.known(&one).await;
    world.live.patch(&one, &Patch::Merge(json!({"data": {"key": "new"}})), "").await.unwrap();
    let after = eventually("the change", || {
        world.live.live(&one).filter(|object| object.resource_version() != before.resource_version())
    })
    .await;
    assert_eq!(after.full().unwrap().get_str(&["data", "key"]), Some("new"));
    let untracked = json!({"metadata": {"annotations": null}});
    world.live.patch(&one, &Patch::Merge(untracked), "").await.unwrap();
    eventually("it leaves the application", || {
        world.live.managed("app").iter().all(|object| object.key() != one).then_some(())
    })
    .await;
    world.live.delete(&one, &DeleteOptions::background()).await.unwrap();
    world.forgotten(&one).await;
}

async fn all(world: &World) {
    tracked_objects_are_kept_in_full(world).await;
    owners_lead_to_the_application(world).await;
    objects_change_and_go(world).await;
    kinds_come_and_go(world).await;
    assert!(world.live.state().is_current(), "{:?}", world.live.state());
    assert!(world.live.version().starts_with("v1."), "{}", world.live.version());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_follows_the_sandbox() {
    all(&World::sandbox().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_follows_a_real_api_server() {
    if let Some(world) = World::real().await {
        all(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_becomes_a_tree_with_pods() {
    let world = World::sandbox().await;
    let namespace = world.namespace("web").await;
    let labels = json!({"app": "web"});
    world
        .create(json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": namespace, "annotations": {
                "argocd.argoproj.io/tracking-id": format!("web:apps/Deployment:{namespace}/web")}},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "nginx:1", "resources": {
                    "requests": {"cpu": "100m", "memory": "1Mi"}}}]}}},
        }))
        .await;
    let root = key("apps/Deployment", &namespace, "web");
    let tree = eventually("two running pods", || {
        let tree = world.live.tree(std::slice::from_ref(&root));
        let ready = tree.iter().filter(|node| {
            node.resource_ref.kind == "Pod"
                && node.health.as_ref().is_some_and(|health| health.status == "Healthy")
                && node.info.iter().any(|item| item.name == "Containers" && item.value == "1/1")
        });
        (ready.count() == 2).then_some(tree)
    })
    .await;
    let kinds: Vec<&str> = tree.iter().map(|node| node.resource_ref.kind.as_str()).collect();
    assert_eq!(kinds, ["Deployment", "ReplicaSet", "Pod", "Pod"]);
    assert_eq!(tree[2].images, ["nginx:1"]);
    let shown =
        |name: &str| tree[2].info.iter().find(|item| item.name == name).map(|item| item.value.as_str());
    assert_eq!(shown("Status Reason"), Some("Running"));
    assert_eq!((shown("cpu"), shown("memory")), (Some("100"), Some("1048576000")));
    let hosts = world.live.hosts(&tree);
    let requested: i64 = hosts
        .iter()
        .flat_map(|host| &host.resources_info)
        .filter(|resource| resource.resource_name == "cpu")
        .map(|resource| resource.requested_by_app)
        .sum();
    assert_eq!(requested, 200, "{hosts:?}");
}

/// Changes objects while the given fault is on, and expects the cache to be exactly the cluster in the end, without
/// ever having dropped an object that was there all the time.
async fn survives(world: &World, disturb: impl Fn(&World)) {
    let sandbox = world.sandbox.as_ref().unwrap();
    let namespace = world.namespace("faults").await;
    for number in 0..30 {
        world.create(config_map(&namespace, &format!("stays-{number}"), Some("app"))).await;
    }
    eventually("all objects are known", || (names(world, &namespace).len() == 30).then_some(())).await;
    let mut changes = world.live.subscribe();
    disturb(world);
    for number in 0..10 {
        world.create(config_map(&namespace, &format!("new-{number}"), None)).await;
        let old = key("ConfigMap", &namespace, &format!("stays-{}", number + 20));
        world.live.delete(&old, &DeleteOptions::background()).await.unwrap();
        if number == 5 {
            sandbox.disconnect_watches();
        }
    }
    let wanted: BTreeSet<String> = (0..20)
        .map(|number| format!("stays-{number}"))
        .chain((0..10).map(|number| format!("new-{number}")))
        .collect();
    eventually("the cache is what the cluster is", || (names(world, &namespace) == wanted).then_some(()))
        .await;
    let (mut deleted, mut added) = (BTreeSet::new(), BTreeSet::new());
    while let Ok(change) = changes.try_recv() {
        if change.key.namespace == namespace
            && change.key.kind == "ConfigMap"
            && change.key.name != "kube-root-ca.crt"
        {
            assert!(
                !(change.deleted && wanted.contains(&change.key.name)),
                "{} was never deleted",
                change.key
            );
            if change.deleted { &mut deleted } else { &mut added }.insert(change.key.name);
        }
    }
    assert_eq!(deleted.len(), 10, "each deletion is told once the cache knows it");
    assert_eq!(added.len(), 10, "each new object is told");
}

fn is_config_maps(path: &str) -> bool {
    path.ends_with("/configmaps")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broken_watches_resume() {
    let world = World::sandbox().await;
    survives(&world, |world| world.sandbox.as_ref().unwrap().disconnect_watches()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watches_that_keep_breaking_resume() {
    let world = World::sandbox().await;
    survives(&world, |world| {
        let sandbox = world.sandbox.as_ref().unwrap();
        let rule =
            FaultRule::new(Fault::WatchBreak(2), |request| request.watch && is_config_maps(request.path));
        sandbox.faults().add(rule.times(4));
        sandbox.disconnect_watches();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_versions_are_listed_again() {
    let world = World::sandbox().await;
    survives(&world, |world| {
        let sandbox = world.sandbox.as_ref().unwrap();
        let refuse =
            FaultRule::new(Fault::Status(503), |request| request.watch && is_config_maps(request.path));
        sandbox.faults().add(refuse.times(1));
        let expire = FaultRule::new(Fault::WatchError(410), |request| {
            request.watch && is_config_maps(request.path) && !request.query.contains("sendInitialEvents")
        });
        sandbox.faults().add(expire.times(2));
        sandbox.disconnect_watches();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partial_lists_delete_nothing() {
    let world = World::sandbox().await;
    survives(&world, |world| {
        let sandbox = world.sandbox.as_ref().unwrap();
        let expire = FaultRule::new(Fault::WatchError(410), |request| {
            request.watch && is_config_maps(request.path) && !request.query.contains("sendInitialEvents")
        });
        sandbox.faults().add(expire.times(1));
        // The lists that follow break in the middle, in either form, a few times.
        let cut = FaultRule::new(Fault::WatchBreak(3), |request| {
            is_config_maps(request.path) && request.query.contains("sendInitialEvents")
        });
        sandbox.faults().add(cut.times(2));
        let drop = FaultRule::new(Fault::Drop, |request| {
            is_config_maps(request.path) && request.query.contains("limit=")
        });
        sandbox.faults().add(drop.times(1));
        sandbox.disconnect_watches();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_api_server_is_waited_out_and_named() {
    let world = World::sandbox_with(Options::fast()).await;
    let sandbox = world.sandbox.as_ref().unwrap();
    let namespace = world.namespace("lost").await;
    world.create(config_map(&namespace, "kept", Some("app"))).await;
    world.known(&key("ConfigMap", &namespace, "kept")).await;
    sandbox.faults().add(FaultRule::new(Fault::Drop, |_| true));
    sandbox.disconnect_watches();
    let trouble = eventually("the state tells of the loss", || world.live.state().trouble).await;
    assert!(trouble.contains("https://kubernetes.default.svc"), "{trouble}");
    assert_eq!(world.live.state().connection_state().status, "Failed");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(names(&world, &namespace).len(), 1, "a lost server deletes nothing");
    sandbox.faults().clear();
    eventually("the state is well again", || world.live.state().is_current().then_some(())).await;
    world.create(config_map(&namespace, "later", None)).await;
    world.known(&key("ConfigMap", &namespace, "later")).await;
}

/// A sandbox that refuses to list LimitRanges, read under these settings.
async fn refusing(config: Value) -> (sandbox::Sandbox, Arc<cluster::LiveCluster>, cluster::Clusters) {
    let sandbox = sandbox::Sandbox::start(Options::fast());
    sandbox
        .faults()
        .add(FaultRule::new(Fault::Status(403), |request| request.path.ends_with("/limitranges")));
    let client = kube::Client::new(sandbox.service(), "default");
    cluster::install::apply_all(client.clone(), "argocd", Some("password")).await.unwrap();
    let maps: kube::Api<k8s_openapi::api::core::v1::ConfigMap> =
        kube::Api::namespaced(client.clone(), "argocd");
    let patch = kube::api::Patch::Merge(json!({"data": config}));
    maps.patch("argocd-cm", &kube::api::PatchParams::default(), &patch).await.unwrap();
    let control = cluster::ControlPlane::start(client, cluster::ControlOptions::default()).await.unwrap();
    let clusters = cluster::Clusters::new(control, cluster::ClusterOptions::default());
    let live = clusters.in_cluster().unwrap();
    within(20, live.wait_synced()).await.unwrap();
    (sandbox, live, clusters)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kinds_that_are_refused_hold_nobody_up() {
    let (_sandbox, live, _clusters) = refusing(json!({})).await;
    let problem = live.kind_problem(&GroupKind::new("", "LimitRange")).expect("its objects are not known");
    assert!(problem.contains("LimitRange"), "{problem}");
    assert_eq!(live.kind_problem(&GroupKind::new("", "ConfigMap")), None);
    let excluded =
        live.kind_problem(&GroupKind::new("", "Endpoints")).expect("excluded by the shipped settings");
    assert!(excluded.contains("resource.exclusions"), "{excluded}");
}

/// `normal` takes a refusal for good; `strict` asks, and the sandbox says that everything is allowed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_respected_as_the_settings_say() {
    let limits = GroupKind::new("", "LimitRange");
    for (setting, is_left_out) in [("normal", true), ("strict", false)] {
        let (sandbox, live, _clusters) = refusing(json!({"resource.respectRBAC": setting})).await;
        assert!(live.kind_problem(&limits).is_some(), "{setting}");
        sandbox.faults().clear();
        if is_left_out {
            tokio::time::sleep(Duration::from_secs(3)).await;
            assert!(live.kind_problem(&limits).is_some(), "it is not tried again soon");
            assert!(live.state().is_current());
        } else {
            eventually("it is read", || live.kind_problem(&limits).is_none().then_some(())).await;
        }
    }
}
