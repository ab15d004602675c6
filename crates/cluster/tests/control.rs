//! The control plane's records: read by watches, written through, settings derived.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::needless_pass_by_value,
    clippy::large_futures,
    reason = "a test may fail and need not be small"
)]

mod support;

use cluster::{Change, ControlEvent, ControlOptions, ControlPlane, DeleteOptions, Patch, install};
use object::Object;
use sandbox::{Fault, FaultRule, Options, Sandbox};
use serde_json::json;
use support::{NAMESPACE, World, eventually, within};
use tokio::sync::broadcast::Receiver;
use types::{AppKey, Application};

fn application(name: &str) -> Application {
    serde_json::from_value(json!({
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"project": "default", "destination": {"namespace": "default", "server": "https://kubernetes.default.svc"},
            "source": {"repoURL": "https://example.com/repo", "path": "."}},
    }))
    .unwrap()
}

/// The next changes of an application, until it has had `count`.
async fn changes(events: &mut Receiver<ControlEvent>, name: &str, count: usize) -> Vec<Change> {
    let mut seen = Vec::new();
    while seen.len() < count {
        if let ControlEvent::Application(change, record) = within(20, events.recv()).await.unwrap()
            && record.metadata.name == name
        {
            seen.push(change);
        }
    }
    seen
}

async fn records_are_written_through(world: &World) {
    let control = &world.control;
    let key = AppKey::new(NAMESPACE, "through");
    let _ = control.delete_application(&key, &DeleteOptions::background()).await;
    eventually("no leftover", || control.application(&key).is_none().then_some(())).await;
    let mut events = control.subscribe();

    let created = control.create_application(&application("through")).await.unwrap();
    let known = control.application(&key).expect("a reader sees its own writes");
    assert_eq!(known, created);
    let error = control.create_application(&application("through")).await.unwrap_err();
    assert!(error.is_already_exists(), "{error}");
    assert!(error.to_string().contains("create Application:argocd/through"), "{error}");

    let stale = (*created).clone();
    let patch = Patch::Merge(json!({"status": {"sync": {"status": "Synced"}}}));
    let patched = control.patch_application(&key, &patch).await.unwrap();
    assert_eq!(patched.status.sync.status, "Synced");
    assert_eq!(control.application(&key).unwrap().status.sync.status, "Synced");
    let error = control.replace_application(&stale).await.unwrap_err();
    assert!(error.is_conflict(), "{error}");

    let test = json!({"op": "test", "path": "/metadata/name", "value": "other"});
    let error = control.patch_application(&key, &Patch::Json(vec![test])).await.unwrap_err();
    assert!(error.is_failed_test() && !error.is_transient() && !error.is_conflict(), "{error}");
    let invalid = Patch::Merge(json!({"spec": {"sources": 1}}));
    let error = control.patch_application(&key, &invalid).await.unwrap_err();
    assert!(!error.is_failed_test(), "{error}");

    let (listed, version) = control.list::<Application>();
    assert!(listed.contains(&patched), "{listed:?}");
    control.delete_application(&key, &DeleteOptions::background()).await.unwrap();
    eventually("it is gone", || control.application(&key).is_none().then_some(())).await;
    let [(Change::Deleted, last)] = &control.changes_after::<Application>(version)[..] else {
        panic!(
            "whoever listed before learns of the deletion: {:?}",
            control.changes_after::<Application>(version)
        );
    };
    assert_eq!(last.metadata.uid, patched.metadata.uid);
    let (listed, version) = control.list::<Application>();
    assert!(!listed.iter().any(|record| record.key() == key));
    assert_eq!(version.to_string(), last.metadata.resource_version, "whoever lists now does not");
    let seen = changes(&mut events, "through", 3).await;
    assert_eq!(seen, [Change::Added, Change::Modified, Change::Deleted], "each change is told once");
}

async fn finalizers_hold_a_record(world: &World) {
    let key = AppKey::new(NAMESPACE, "held");
    let mut record = application("held");
    record.metadata.finalizers = vec!["resources-finalizer.argocd.argoproj.io".to_owned()];
    world.control.create_application(&record).await.unwrap();
    world.control.delete_application(&key, &DeleteOptions::background()).await.unwrap();
    let held = world.control.application(&key).expect("held by its finalizer");
    assert!(held.metadata.deletion_timestamp.is_some(), "known at once");
    let free = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    world.control.patch_application(&key, &free).await.unwrap();
    eventually("it is gone", || world.control.application(&key).is_none().then_some(())).await;
}

async fn settings_follow_their_objects(world: &World) {
    let control = &world.control;
    let patch =
        Patch::Merge(json!({"data": {"url": "https://cd.example.com", "users.anonymous.enabled": "maybe"}}));
    control.patch_config_map("argocd-cm", &patch).await.unwrap();
    assert_eq!(control.settings().url, "https://cd.example.com", "current when the write returns");

    let _ = control.delete_secret("edge").await;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "edge", "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
        "stringData": {"name": "edge", "server": "https://edge.example.com:6443", "config": "{\"bearerToken\":\"t\"}"},
    });
    control.create_secret(&Object::from_value(secret).unwrap()).await.unwrap();
    let names: Vec<String> = control.clusters().iter().map(|cluster| cluster.name.clone()).collect();
    assert_eq!(names, ["edge", "in-cluster"]);
    let destination = |server: &str, name: &str| types::ApplicationDestination {
        server: server.to_owned(),
        name: name.to_owned(),
        ..Default::default()
    };
    let record = world.clusters.record(&destination("https://edge.example.com:6443/", "")).unwrap();
    assert_eq!(record.name, "edge");
    for (server, name, words) in [
        ("", "", "names no cluster"),
        ("https://a", "b", "both a server"),
        ("https://a", "", "no cluster with server https://a"),
        ("", "a", "no cluster named a"),
    ] {
        let error = world.clusters.record(&destination(server, name)).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    control.delete_secret("edge").await.unwrap();
    assert_eq!(control.clusters().len(), 1);
    assert!(
        world.live.state().phase == cluster::Phase::Synced,
        "unrelated settings do not disturb a cluster"
    );

    let tracking = Patch::Merge(json!({"data": {"application.resourceTrackingMethod": "label"}}));
    control.patch_config_map("argocd-cm", &tracking).await.unwrap();
    eventually("the cluster is closed", || {
        (world.live.state().phase == cluster::Phase::Closed).then_some(())
    })
    .await;
    let again = world.clusters.in_cluster().unwrap();
    within(20, again.wait_synced()).await.unwrap();
    let back = Patch::Merge(json!({"data": {"application.resourceTrackingMethod": null}}));
    control.patch_config_map("argocd-cm", &back).await.unwrap();
}

async fn all(world: &World) {
    records_are_written_through(world).await;
    finalizers_hold_a_record(world).await;
    settings_follow_their_objects(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_follow_the_sandbox() {
    all(&World::sandbox().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_follow_a_real_api_server() {
    if let Some(world) = World::real().await {
        all(&world).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_definitions_are_waited_for() {
    let sandbox = Sandbox::start(Options::fast());
    let client = kube::Client::new(sandbox.service(), "default");
    let start = tokio::spawn(ControlPlane::start(client.clone(), ControlOptions::default()));
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!start.is_finished(), "there is nothing to read yet");
    install::apply_all(client, "argocd", None).await.unwrap();
    let control = within(20, start).await.unwrap().unwrap();
    // The control plane may have started between the definitions and the project.
    let installed = async {
        while control.project("default").is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    within(20, installed).await;
    assert_eq!(control.troubles(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lost_events_are_made_up_for() {
    let world = World::sandbox().await;
    let sandbox = world.sandbox.as_ref().unwrap();
    world.control.create_application(&application("stays")).await.unwrap();
    world.control.create_application(&application("goes")).await.unwrap();
    let mut events = world.control.subscribe();
    let is_applications = |path: &str| path.ends_with("/applications");
    sandbox.faults().add(
        FaultRule::new(Fault::WatchError(410), move |request| request.watch && is_applications(request.path))
            .times(1),
    );
    sandbox.disconnect_watches();
    // Behind the back of the tables.
    let key = object::ObjectKey::new("argoproj.io", "Application", NAMESPACE, "goes");
    world.live.delete(&key, &DeleteOptions::background()).await.unwrap();
    assert_eq!(changes(&mut events, "goes", 1).await, [Change::Deleted]);
    assert!(world.control.application(&AppKey::new(NAMESPACE, "stays")).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn installing_twice_overwrites_nothing() {
    let sandbox = Sandbox::start(Options::fast());
    let client = kube::Client::new(sandbox.service(), "default");
    let first = install::apply_all(client.clone(), "cd", None).await.unwrap();
    assert!(first.created.iter().any(|key| key.name == "argocd-initial-admin-secret"), "{first:?}");
    let options = ControlOptions { namespace: "cd".to_owned(), ..ControlOptions::default() };
    let control = within(20, ControlPlane::start(client.clone(), options)).await.unwrap();
    let secret = |key: &str| {
        let value = control.secret_value("argocd-secret", key).expect(key);
        String::from_utf8(value.expose().clone()).unwrap()
    };
    let initial = control.secret_value("argocd-initial-admin-secret", "password").unwrap();
    let initial = String::from_utf8(initial.expose().clone()).unwrap();
    assert_eq!(initial.len(), 16);
    assert!(bcrypt::verify(&initial, &secret("admin.password")).unwrap());
    let (key, password) = (secret("server.secretkey"), secret("admin.password"));
    control
        .patch_config_map(
            "argocd-rbac-cm",
            &Patch::Merge(json!({"data": {"policy.default": "role:readonly"}})),
        )
        .await
        .unwrap();
    let second = install::apply_all(client, "cd", Some("other")).await.unwrap();
    assert_eq!(second.created, []);
    assert_eq!(second.updated.len(), 3);
    assert_eq!((secret("server.secretkey"), secret("admin.password")), (key, password));
    assert_eq!(control.settings().policy.default_role, "role:readonly");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_leads() {
    use cluster::lease::{Election, LeaseOptions};
    let world = World::sandbox().await;
    let options = |identity: &str| LeaseOptions {
        duration: std::time::Duration::from_secs(2),
        renew: std::time::Duration::from_millis(100),
        ..LeaseOptions::new("leader", identity)
    };
    let first = Election::start(&world.control, options("first"));
    eventually("the first leads", || first.leads().then_some(())).await;
    let second = Election::start(&world.control, options("second"));
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert!(first.leads() && !second.leads(), "a renewed lease is not taken");
    first.release().await;
    eventually("the second takes over", || second.leads().then_some(())).await;
    // One that is lost without being given up runs out.
    drop(second);
    let third = Election::start(&world.control, options("third"));
    assert!(!third.leads());
    eventually("the third takes over", || third.leads().then_some(())).await;
    // A leader that cannot renew stops before the lease runs out for others.
    world
        .sandbox
        .as_ref()
        .unwrap()
        .faults()
        .add(FaultRule::new(Fault::Drop, |request| request.path.contains("/leases")));
    let mut watch = third.watch();
    within(3, watch.wait_for(|leads| !leads)).await.unwrap();
}
