//! What goes wrong outside, and what the loop makes of it.

use std::time::Duration;

use controller::ports::TroubleKind;
use sandbox::{Fault, FaultRule};
use serde_json::json;

use crate::world::{World, annotated, automated, config_map, is_idle};

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_away_changes_nothing() {
    let world = World::start().await;
    world.repository.commit("guestbook", &[config_map("a", "1")]);
    let controller = world.controller();
    let key = world
        .application("guestbook", |value| {
            value["spec"]["syncPolicy"] = json!({"automated": {"prune": true, "selfHeal": true}});
        })
        .await;
    world.until_synced(&key).await;
    world.repository.fail(Some(TroubleKind::Transient));
    // Somebody asks, and is told.
    world.refresh(&key).await;
    let app = world.until(&key, "a condition", |app| !app.status.conditions.is_empty()).await;
    assert_eq!(app.status.conditions[0].r#type, "ComparisonError");
    assert_eq!(
        app.status.conditions[0].message,
        "Failed to load target state: the repository does not answer"
    );
    assert_eq!(app.status.sync.status, "Unknown");
    assert_eq!(world.live_names("ConfigMap"), ["a"]);
    world.repository.fail(None);
    let app = world.until_synced(&key).await;
    assert!(app.status.conditions.is_empty());
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_specs_are_named() {
    let world = World::start().await;
    let controller = world.controller();
    for (name, project, server, message) in [
        (
            "a",
            "nowhere",
            "https://kubernetes.default.svc",
            "Application referencing project nowhere which does not exist",
        ),
        (
            "b",
            "default",
            "https://unknown.example.com",
            "there is no cluster with server https://unknown.example.com",
        ),
    ] {
        let key = world
            .application(name, |value| {
                value["spec"]["project"] = json!(project);
                value["spec"]["destination"]["server"] = json!(server);
            })
            .await;
        let app = world.until(&key, "a condition", |app| !app.status.conditions.is_empty()).await;
        let found = &app.status.conditions[0];
        assert_eq!(found.r#type, "InvalidSpecError");
        assert!(found.message.starts_with(message), "{}", found.message);
        assert_eq!((&*app.status.sync.status, &*app.status.health.status), ("Unknown", "Unknown"));
    }
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_objects_fail_the_operation_and_are_retried_by_a_new_commit_only() {
    let world = World::start().await;
    let faults = FaultRule::new(Fault::Status(403), |request| {
        request.method != "GET" && request.path.contains("/configmaps")
    });
    world.repository.commit("guestbook", &[config_map("a", "1")]);
    let controller = world.controller();
    world.sandbox.faults().add(faults);
    let key = world
        .application("guestbook", |value| {
            automated(value);
            value["spec"]["syncPolicy"]["retry"] =
                json!({"limit": 1, "backoff": {"duration": "10ms", "factor": 2}});
        })
        .await;
    let app = world
        .until(&key, "a failed operation", |app| {
            app.status.operation_state.as_ref().is_some_and(|state| state.phase == "Failed")
        })
        .await;
    let state = app.status.operation_state.as_ref().unwrap();
    assert_eq!(state.retry_count, 1);
    assert!(state.message.ends_with("(retried 1 times)."), "{}", state.message);
    let app = world.until(&key, "the reason", |app| !app.status.conditions.is_empty()).await;
    assert_eq!(app.status.conditions[0].r#type, "SyncError");
    world.sandbox.faults().clear();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(world.live_names("ConfigMap").is_empty(), "the same revision is not tried for ever");
    world.repository.commit("guestbook", &[config_map("a", "2")]);
    world.refresh(&key).await;
    world.until_synced(&key).await;
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_operation_can_be_ended() {
    let world = World::start().await;
    let asks = json!({"argocd.argoproj.io/sync-options": "Prune=confirm"});
    world.repository.commit("guestbook", &[config_map("a", "1"), annotated(config_map("b", "1"), asks)]);
    let controller = world.controller();
    let key = world.application("guestbook", |_| {}).await;
    world.until(&key, "OutOfSync", |app| app.status.sync.status == "OutOfSync").await;
    world.sync(&key, true).await;
    world.until_synced(&key).await;
    world.repository.commit("guestbook", &[config_map("a", "1")]);
    world.sync(&key, true).await;
    world
        .until(&key, "a question", |app| {
            app.status.operation_state.as_ref().is_some_and(|state| {
                state.phase == "Running"
                    && state.message == "waiting for pruning confirmation of /ConfigMap/b"
            })
        })
        .await;
    world.patch(&key, json!({"status": {"operationState": {"phase": "Terminating"}}})).await;
    let app = world.until(&key, "the end", is_idle).await;
    let state = app.status.operation_state.as_ref().unwrap();
    assert_eq!((state.phase.as_str(), state.message.as_str()), ("Failed", "Operation terminated"));
    assert_eq!(world.live_names("ConfigMap"), ["a", "b"]);
    // Asked again and confirmed, the object goes.
    world.sync(&key, true).await;
    world.until(&key, "the operation", |app| !is_idle(app)).await;
    let now = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(2)).to_string();
    let approved = json!({"metadata": {"annotations": {"argocd.argoproj.io/deletion-approved": now}}});
    world.patch(&key, approved).await;
    world.until_synced(&key).await;
    assert!(world.get("ConfigMap", "b").await.is_none());
    controller.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_server_that_is_away_for_a_while() {
    let world = World::start().await;
    world.repository.commit("guestbook", &[config_map("a", "1")]);
    let controller = world.controller();
    let key = world
        .application("guestbook", |value| {
            value["spec"]["syncPolicy"] = json!({"automated": {"prune": true, "selfHeal": true},
                "retry": {"limit": -1, "backoff": {"duration": "50ms", "factor": 1}}});
        })
        .await;
    world.until_synced(&key).await;
    let revision = world.repository.commit("guestbook", &[config_map("a", "2"), config_map("b", "1")]);
    world.refresh(&key).await;
    world.sandbox.faults().add(FaultRule::new(Fault::Status(503), |_| true));
    world.sandbox.disconnect_watches();
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(
        world.live_names("ConfigMap").first().map(String::as_str),
        Some("a"),
        "nothing is lost meanwhile"
    );
    world.sandbox.faults().clear();
    let app = world
        .until(&key, "the new revision", |app| {
            app.status.sync.revision == revision && app.status.sync.status == "Synced" && is_idle(app)
        })
        .await;
    assert_eq!(app.status.operation_state.as_ref().unwrap().phase, "Succeeded");
    assert!(world.get("ConfigMap", "b").await.is_some());
    controller.shutdown().await;
}
