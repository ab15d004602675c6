//! From a commit to a healthy application, and back after somebody meddled.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::world::{World, annotated, automated, config_map, deployment, is_idle, job};

#[tokio::test(flavor = "multi_thread")]
async fn a_manual_sync() {
    let world = World::start().await;
    world.repository.commit("guestbook", &[config_map("settings", "1"), deployment("web")]);
    let controller = world.controller();
    let key = world.application("guestbook", |_| {}).await;
    let app = world.until(&key, "OutOfSync", |app| app.status.sync.status == "OutOfSync").await;
    assert_eq!((app.status.health.status.as_str(), app.status.sync.revision.as_str()), ("Missing", "r1"));
    let statuses: Vec<_> = app.status.resources.iter().map(|found| (&*found.kind, &*found.status)).collect();
    assert_eq!(statuses, [("ConfigMap", "OutOfSync"), ("Deployment", "OutOfSync")]);
    world.sync(&key, false).await;
    let app = world.until_synced(&key).await;
    let state = app.status.operation_state.as_ref().unwrap();
    assert_eq!(
        (state.phase.as_str(), state.message.as_str()),
        ("Succeeded", "successfully synced (all tasks run)")
    );
    assert!(app.status.reconciled_at >= state.finished_at);
    let history: Vec<_> =
        app.status.history.iter().map(|entry| (entry.id, entry.revision.as_str())).collect();
    assert_eq!(history, [(0, "r1")]);
    assert_eq!(app.status.summary.images, ["nginx:1"]);
    assert_eq!(app.status.source_type, "Directory");
    let tree = controller.views.tree(&key).unwrap();
    let kinds: Vec<&str> = tree.nodes.iter().map(|node| node.resource_ref.kind.as_str()).collect();
    assert!(kinds.contains(&"ReplicaSet") && kinds.contains(&"Pod"), "{kinds:?}");
    let managed = controller.views.managed(&key).unwrap();
    assert_eq!(managed.iter().map(|diff| diff.modified).collect::<Vec<_>>(), [false, false]);
    assert!(managed[0].live_state.contains("\"key\":\"1\""));
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_arrives_in_a_moment() {
    let world = World::start().await;
    world.repository.commit("guestbook", &[config_map("settings", "1")]);
    let controller = world.controller();
    let key = world.application("guestbook", automated).await;
    world.until_synced(&key).await;
    let revision = world.repository.commit("guestbook", &[config_map("settings", "2")]);
    let started = Instant::now();
    world.refresh(&key).await;
    let app = world
        .until(&key, "the new revision", |app| {
            app.status.sync.revision == revision && app.status.sync.status == "Synced" && is_idle(app)
        })
        .await;
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(!app.metadata.annotations.contains_key("argocd.argoproj.io/refresh"));
    assert_eq!(world.get("ConfigMap", "settings").await.unwrap().get_str(&["data", "key"]), Some("2"));
    assert_eq!(app.status.history.len(), 2);
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_is_seen_and_healed_only_when_wanted() {
    let world = World::start().await;
    world.repository.commit("guestbook", &[config_map("settings", "1")]);
    let controller = world.controller();
    let key = world.application("guestbook", automated).await;
    world.until_synced(&key).await;
    world.write("ConfigMap", "settings", json!({"data": {"key": "meddled"}})).await;
    world.until(&key, "OutOfSync", |app| app.status.sync.status == "OutOfSync").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.get("ConfigMap", "settings").await.unwrap().get_str(&["data", "key"]), Some("meddled"));
    world.patch(&key, json!({"spec": {"syncPolicy": {"automated": {"selfHeal": true}}}})).await;
    let app = world.until_synced(&key).await;
    let sync = app.status.operation_state.as_ref().unwrap().operation.sync.as_ref().unwrap();
    assert_eq!((sync.auto_heal_attempts_count, sync.resources.len()), (1, 1));
    assert_eq!(app.status.history.len(), 1, "healing is no deployment");
    assert_eq!(world.get("ConfigMap", "settings").await.unwrap().get_str(&["data", "key"]), Some("1"));
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pruning_only_when_on() {
    let world = World::start().await;
    world.repository.commit("guestbook", &[config_map("a", "1"), config_map("b", "1")]);
    let controller = world.controller();
    let key = world.application("guestbook", automated).await;
    world.until_synced(&key).await;
    world.repository.commit("guestbook", &[config_map("a", "1")]);
    world.refresh(&key).await;
    let app = world.until(&key, "OutOfSync", |app| app.status.sync.status == "OutOfSync").await;
    let pruned: Vec<_> = app
        .status
        .resources
        .iter()
        .filter(|found| found.requires_pruning)
        .map(|found| &*found.name)
        .collect();
    assert_eq!(pruned, ["b"]);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(world.live_names("ConfigMap"), ["a", "b"]);
    world.patch(&key, json!({"spec": {"syncPolicy": {"automated": {"prune": true}}}})).await;
    world.until_synced(&key).await;
    assert!(world.get("ConfigMap", "b").await.is_none());
    // What would remove everything is refused.
    world.repository.commit("guestbook", &[]);
    world.refresh(&key).await;
    let app = world.until(&key, "the guard", |app| !app.status.conditions.is_empty()).await;
    assert_eq!(
        app.status.conditions[0].message,
        "Skipping sync attempt to [r3]: auto-sync will wipe out all resources"
    );
    assert_eq!(world.live_names("ConfigMap"), ["a"]);
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hooks_and_waves() {
    let world = World::start().await;
    let hook = |phase: &str| json!({"argocd.argoproj.io/hook": phase, "argocd.argoproj.io/hook-delete-policy": "HookSucceeded"});
    world.repository.commit(
        "guestbook",
        &[
            job("before", hook("PreSync")),
            deployment("web"),
            annotated(config_map("late", "1"), json!({"argocd.argoproj.io/sync-wave": "2"})),
            job("after", hook("PostSync")),
            job("never", hook("SyncFail")),
        ],
    );
    let controller = world.controller();
    let key = world.application("guestbook", automated).await;
    let app = world.until_synced(&key).await;
    let state = app.status.operation_state.as_ref().unwrap();
    assert_eq!(state.phase, "Succeeded", "{}", state.message);
    let results: Vec<String> = state
        .sync_result
        .as_ref()
        .unwrap()
        .resources
        .iter()
        .map(|result| format!("{} {} {}", result.name, result.sync_phase, result.hook_phase))
        .collect();
    assert_eq!(
        results,
        ["before PreSync Succeeded", "web Sync Succeeded", "late Sync Succeeded", "after PostSync Succeeded"]
    );
    let jobs = || world.live.live_of_kind(&object::GroupKind::new("batch", "Job")).len();
    for _ in 0..100 {
        if jobs() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(jobs(), 0, "hooks that succeeded are deleted");
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_and_rendered_when_nothing_happens() {
    let world = World::start().await;
    world.repository.commit("guestbook", &[config_map("settings", "1")]);
    let controller = world.controller();
    let key = world.application("guestbook", automated).await;
    let app = world.until_synced(&key).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let renders = world.repository.renders.load(Ordering::SeqCst);
    let settled = world.app(&key).metadata.resource_version.clone();
    // Somebody else's object in the same namespace concerns nobody.
    world.create(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "other", "namespace": "prod"}})).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.repository.renders.load(Ordering::SeqCst), renders);
    assert_eq!(world.app(&key).metadata.resource_version, settled);
    assert!(app.status.history.len() == 1);
    controller.shutdown().await;
}
