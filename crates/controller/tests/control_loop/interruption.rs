//! A process that dies anywhere is followed by one that ends in the same state.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use sandbox::{Fault, FaultRule};
use serde_json::json;

use controller::Controller;

use crate::world::{World, annotated, config_map, fast, job};

/// Runs a sync with hooks, waves and a prune whose process dies at its `deadly`-th writing request; 0 for never.
/// Answers how many writing requests there were, and what is there in the end.
async fn story(deadly: usize) -> (usize, String) {
    let world = World::start().await;
    let hook = |phase: &str| json!({"argocd.argoproj.io/hook": phase, "argocd.argoproj.io/hook-delete-policy": "HookSucceeded"});
    world.repository.commit("guestbook", &[config_map("old", "1")]);
    let controller = world.controller();
    let key = world
        .application("guestbook", |value| {
            value["spec"]["syncPolicy"] = json!({"automated": {"prune": true}, "retry": {"limit": -1,
                "backoff": {"duration": "10ms", "factor": 1}}});
        })
        .await;
    world.until_synced(&key).await;
    controller.shutdown().await;
    let revision = world.repository.commit(
        "guestbook",
        &[
            job("before", hook("PreSync")),
            config_map("a", "1"),
            annotated(config_map("late", "1"), json!({"argocd.argoproj.io/sync-wave": "2"})),
            job("after", hook("PostSync")),
        ],
    );
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    world.refresh(&key).await;
    // From the deadly request on nothing of this process reaches the cluster.
    world.sandbox.faults().add(FaultRule::new(Fault::Drop, move |request| {
        let writing = matches!(request.method, "POST" | "PATCH" | "PUT" | "DELETE")
            && !request.path.ends_with("/events")
            && !request.user_agent.contains("sandbox");
        let number = if writing { counted.fetch_add(1, Ordering::SeqCst) + 1 } else { 0 };
        deadly > 0 && number >= deadly
    }));
    let doomed = Controller::start_with(world.outside(), fast());
    if deadly > 0 {
        for _ in 0..500 {
            if writes.load(Ordering::SeqCst) >= deadly {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        doomed.abort();
        world.sandbox.faults().clear();
        let next = world.controller();
        finish(&world, &key, &revision).await;
        next.shutdown().await;
    } else {
        finish(&world, &key, &revision).await;
        doomed.shutdown().await;
    }
    let app = world.app(&key);
    let state = app.status.operation_state.as_ref().unwrap();
    let history: Vec<&str> = app.status.history.iter().map(|entry| entry.revision.as_str()).collect();
    let text = format!(
        "{} {} {:?} {:?} {:?}",
        app.status.sync.status,
        state.phase,
        history,
        world.live_names("ConfigMap"),
        world.live.live_of_kind(&object::GroupKind::new("batch", "Job")).len(),
    );
    (writes.load(Ordering::SeqCst), text)
}

async fn finish(world: &World, key: &types::AppKey, revision: &str) {
    world
        .until(key, "the new revision", |app| {
            app.status.sync.revision == revision
                && app.status.sync.status == "Synced"
                && app.operation.is_none()
                && app.status.operation_state.as_ref().is_some_and(|state| {
                    state.phase == "Succeeded"
                        && state.sync_result.as_ref().is_some_and(|result| result.revision == revision)
                })
                && app.status.health.status == "Healthy"
        })
        .await;
    for _ in 0..100 {
        if world.live.live_of_kind(&object::GroupKind::new("batch", "Job")).is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_it_dies_it_ends_the_same() {
    let (writes, wanted) = story(0).await;
    assert_eq!(wanted, "Synced Succeeded [\"r1\", \"r2\"] [\"a\", \"late\"] 0");
    assert!(writes >= 8, "{writes}");
    for deadly in 1..=writes {
        let (_, ended) = story(deadly).await;
        assert_eq!(ended, wanted, "after its process died at request {deadly} of {writes}");
    }
}
