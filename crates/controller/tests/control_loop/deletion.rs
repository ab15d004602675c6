//! Applications that go, with and without what they made.

use serde_json::json;

use cluster::DeleteOptions;
use types::AppKey;

use crate::world::{World, annotated, automated, config_map, job};

async fn until_gone(world: &World, key: &AppKey) {
    for _ in 0..500 {
        if world.control.application(key).is_none() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{key} is still there: {:?}", world.control.application(key));
}

fn cascading(value: &mut serde_json::Value) {
    automated(value);
    value["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cascade_takes_the_objects_along() {
    let world = World::start().await;
    world.repository.commit(
        "guestbook",
        &[
            config_map("a", "1"),
            annotated(config_map("b", "1"), json!({"argocd.argoproj.io/sync-wave": "1"})),
            annotated(config_map("kept", "1"), json!({"argocd.argoproj.io/sync-options": "Delete=false"})),
        ],
    );
    let controller = world.controller();
    let key = world.application("guestbook", cascading).await;
    world.until_synced(&key).await;
    world.control.delete_application(&key, &DeleteOptions::background()).await.unwrap();
    until_gone(&world, &key).await;
    assert_eq!(world.live_names("ConfigMap"), ["kept"]);
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_to_be_confirmed_is_said_and_waited_for() {
    let world = World::start().await;
    let careful = json!({"argocd.argoproj.io/sync-options": "Delete=confirm"});
    world.repository.commit("guestbook", &[annotated(config_map("careful", "1"), careful)]);
    let controller = world.controller();
    let key = world.application("guestbook", cascading).await;
    world.until_synced(&key).await;
    world.control.delete_application(&key, &DeleteOptions::background()).await.unwrap();
    let waiting = world
        .until(&key, "it says that it waits", |application| !application.status.conditions.is_empty())
        .await;
    let said = &waiting.status.conditions;
    assert!(said[0].message.contains("ConfigMap:prod/careful"), "{said:?}");
    assert_eq!(world.live_names("ConfigMap"), ["careful"]);
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let patch = json!({"metadata": {"annotations": {types::names::ANNOTATION_DELETION_APPROVED: now}}});
    world.control.patch_application(&key, &cluster::Patch::Merge(patch)).await.unwrap();
    until_gone(&world, &key).await;
    assert!(world.live_names("ConfigMap").is_empty());
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_finalizer_the_objects_stay() {
    let world = World::start().await;
    world.repository.commit("guestbook", &[config_map("a", "1")]);
    let controller = world.controller();
    let key = world.application("guestbook", automated).await;
    world.until_synced(&key).await;
    world.control.delete_application(&key, &DeleteOptions::background()).await.unwrap();
    until_gone(&world, &key).await;
    assert_eq!(world.live_names("ConfigMap"), ["a"]);
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_hooks_run_before_and_after() {
    let world = World::start().await;
    let hook = |phase: &str| json!({"argocd.argoproj.io/hook": phase, "argocd.argoproj.io/hook-delete-policy": "HookSucceeded"});
    world.repository.commit(
        "guestbook",
        &[config_map("a", "1"), job("farewell", hook("PreDelete")), job("memorial", hook("PostDelete"))],
    );
    let controller = world.controller();
    let key = world.application("guestbook", cascading).await;
    let app = world.until_synced(&key).await;
    assert_eq!(app.metadata.finalizers.len(), 5, "{:?}", app.metadata.finalizers);
    let mut changes = world.live.subscribe();
    world.control.delete_application(&key, &DeleteOptions::background()).await.unwrap();
    until_gone(&world, &key).await;
    let mut made = Vec::new();
    while let Ok(change) = changes.try_recv() {
        if change.key.kind == "Job" && change.before.is_none() {
            made.push(format!("{} made", change.key.name));
        } else if change.deleted && change.key.name == "a" {
            made.push("a gone".to_owned());
        }
    }
    assert_eq!(made, ["farewell made", "a gone", "memorial made"]);
    controller.shutdown().await;
}
