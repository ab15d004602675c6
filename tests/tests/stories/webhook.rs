//! A push event is answered by a sync at once.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::{Argosy, GitHost, World, eventually};

use crate::{application, automated, config_map, stories};

stories![a_push_is_answered_by_a_sync_within_a_second];

/// How often it is tried: a machine that is busy with other tests may be slow, but not every time.
const ROUNDS: u32 = 10;

async fn a_push_is_answered_by_a_sync_within_a_second(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "first"))]).await;
    let argosy = Argosy::start(world, "argocd-push").await;
    world.apply(&application(argosy.namespace(), "push", &git, "app", &automated())).await;
    argosy.until_good(world, "push").await;
    let mut fastest = Duration::MAX;
    for round in 0..ROUNDS {
        let value = format!("round {round}");
        let commit = git.commit(&[("app/map.yaml", &config_map("map", &value))]);
        let start = Instant::now();
        argosy.push_event(&git.url(), &commit, &["app/map.yaml"]).await;
        eventually("the pushed commit is live", async || {
            let map = world.get("v1", "ConfigMap", "push", "map").await.unwrap_or_default();
            if map["data"]["value"] == json!(value) { Ok(()) } else { Err(map["data"].to_string()) }
        })
        .await;
        fastest = fastest.min(start.elapsed());
        if fastest < Duration::from_secs(1) {
            return;
        }
        argosy.until_good(world, "push").await;
    }
    panic!("from the push to the changed object it took {fastest:?} at best, in {ROUNDS} rounds");
}
