//! Killed processes and lost servers.

use serde_json::json;
use tests::{Argosy, GitHost, World, eventually};

use crate::{application, automated, config_map, deployment, stories};

stories![a_killed_process_goes_on_where_it_was, a_lost_git_server_is_waited_out];

/// Killed at many moments of the same work, it always ends in the same state.
async fn a_killed_process_goes_on_where_it_was(world: &World) {
    let git = GitHost::start(&[
        ("app/map.yaml", &config_map("map", "0")),
        ("app/first.yaml", &deployment("first", 1)),
        (
            "app/second.yaml",
            &deployment("second", 1).replace(
                "  name: second\nspec",
                "  name: second\n  annotations: {argocd.argoproj.io/sync-wave: \"1\"}\nspec",
            ),
        ),
    ])
    .await;
    let mut argosy = Argosy::start(world, "argocd-killed").await;
    world.apply(&application(argosy.namespace(), "killed", &git, "app", &automated())).await;
    for round in 0..4_u64 {
        let value = round.to_string();
        git.commit(&[
            ("app/map.yaml", &config_map("map", &value)),
            ("app/first.yaml", &deployment("first", 1 + round as u32)),
        ]);
        tokio::time::sleep(std::time::Duration::from_millis(150 * (round + 1))).await;
        argosy.kill();
        argosy.restart().await;
        argosy.waiting_command(&["app", "get", "killed", "--refresh"]).await;
        eventually("the last commit arrives", async || {
            let map = world.get("v1", "ConfigMap", "killed", "map").await.unwrap_or_default();
            if map.pointer("/data/value") == Some(&json!(value)) {
                return Ok(());
            }
            let application = argosy.application(world, "killed").await;
            Err(format!(
                "{}; {}",
                map["data"],
                application.map(|found| tests::describe(&found)).unwrap_or_default()
            ))
        })
        .await;
        argosy.until_good(world, "killed").await;
    }
}

/// While the cluster does not answer nothing is lost, and afterwards the work goes on by itself.
#[test]
fn a_lost_api_server_is_waited_out() {
    crate::tell(tests::Kind::Real, async |world| {
        let git = GitHost::start(&[("app/map.yaml", &config_map("map", "before"))]).await;
        let argosy = Argosy::start(&world, "argocd-outage").await;
        world.apply(&application(argosy.namespace(), "outage", &git, "app", &automated())).await;
        argosy.until_good(&world, "outage").await;

        world.pause();
        let commit = git.commit(&[("app/map.yaml", &config_map("map", "after"))]);
        argosy.push_event(&git.url(), &commit, &["app/map.yaml"]).await;
        tokio::time::sleep(std::time::Duration::from_secs(8)).await;
        world.resume();
        eventually("the commit made during the outage arrives", async || {
            let map = world.get("v1", "ConfigMap", "outage", "map").await.unwrap_or_default();
            if map.pointer("/data/value") == Some(&json!("after")) {
                Ok(())
            } else {
                Err(map["data"].to_string())
            }
        })
        .await;
        argosy.until_good(&world, "outage").await;
    });
}

/// While Git cannot be reached the status says so, and nothing is touched.
async fn a_lost_git_server_is_waited_out(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "x"))]).await;
    let argosy = Argosy::start(world, "argocd-lost").await;
    world.apply(&application(argosy.namespace(), "lost", &git, "app", &automated())).await;
    argosy.until_good(world, "lost").await;

    // The repository is moved away and back: to the client that is a server that fails.
    let repository = git.repository().git_directory();
    let hidden = repository.with_extension("hidden");
    std::fs::rename(&repository, &hidden).unwrap();
    argosy.waiting_command(&["app", "get", "lost", "--hard-refresh"]).await;
    let failing = argosy
        .until(world, "lost", "the error is in the status", |application| {
            application.status.conditions.iter().any(|condition| condition.r#type == "ComparisonError")
        })
        .await;
    assert_eq!(failing.status.sync.status, "Unknown");
    assert!(world.get("v1", "ConfigMap", "lost", "map").await.is_some(), "nothing is deleted on doubt");

    std::fs::rename(&hidden, &repository).unwrap();
    argosy.waiting_command(&["app", "get", "lost", "--refresh"]).await;
    let good = argosy.until_good(world, "lost").await;
    assert!(good.status.conditions.is_empty(), "{:?}", good.status.conditions);
}
