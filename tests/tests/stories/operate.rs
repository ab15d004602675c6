//! The command line: sync, wait, history, rollback, resources, manifests, delete.

use serde_json::Value;
use tests::{Argosy, GitHost, World};

use crate::{application, config_map, manual, stories};

stories![an_application_is_operated_from_the_command_line];

async fn an_application_is_operated_from_the_command_line(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "one"))]).await;
    let argosy = Argosy::start(world, "argocd-verbs").await;
    world.apply(&application(argosy.namespace(), "verbs", &git, "app", &manual())).await;
    argosy
        .until(world, "verbs", "compared", |application| application.status.sync.status == "OutOfSync")
        .await;

    let listed = argosy.command(&["app", "list", "-o", "name"]).ok();
    assert_eq!(listed.stdout, format!("{}/verbs\n", argosy.namespace()));
    let shown = argosy.command(&["app", "get", "verbs"]).ok();
    assert!(shown.stdout.contains("Sync Status:        OutOfSync from HEAD"), "{}", shown.stdout);

    let synced = argosy.waiting_command(&["app", "sync", "verbs", "--timeout", "60"]).await.ok();
    assert!(synced.stdout.contains("Phase:              Succeeded"), "{}", synced.stdout);
    argosy.waiting_command(&["app", "wait", "verbs", "--timeout", "60"]).await.ok();

    git.commit(&[("app/map.yaml", &config_map("map", "two"))]);
    argosy.waiting_command(&["app", "get", "verbs", "--refresh"]).await.ok();
    argosy.waiting_command(&["app", "sync", "verbs", "--timeout", "60"]).await.ok();
    let history = argosy.command(&["app", "history", "verbs", "-o", "id"]).ok();
    assert_eq!(history.stdout, "0\n1\n");
    let map = world.get("v1", "ConfigMap", "verbs", "map").await.unwrap();
    assert_eq!(map["data"]["value"], "two");

    argosy.waiting_command(&["app", "rollback", "verbs", "0", "--timeout", "60"]).await.ok();
    let map = world.get("v1", "ConfigMap", "verbs", "map").await.unwrap();
    assert_eq!(map["data"]["value"], "one");
    let difference = argosy.command(&["app", "diff", "verbs"]);
    assert_eq!(difference.code, 1, "Git says something else than what was rolled back to: {difference:?}");

    let first = history_revision(&argosy);
    let at_first = argosy.command(&["app", "diff", "verbs", "--revision", &first]).ok();
    assert_eq!(at_first.stdout, "", "what was rolled back to is what is live");
    let manifests = argosy.command(&["app", "manifests", "verbs", "--revision", &first]).ok();
    assert!(
        manifests.stdout.contains("value: \"one\"") || manifests.stdout.contains("value: one"),
        "{manifests:?}"
    );

    let resources = argosy.command(&["app", "resources", "verbs"]).ok();
    assert!(resources.stdout.contains("ConfigMap"), "{}", resources.stdout);
    let manifests = argosy.command(&["app", "manifests", "verbs"]).ok();
    assert!(manifests.stdout.contains("kind: ConfigMap"), "{}", manifests.stdout);
    let json = argosy.command(&["app", "get", "verbs", "-o", "json"]).ok();
    let parsed: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(parsed["metadata"]["name"], "verbs");

    argosy.waiting_command(&["app", "delete", "verbs", "--yes", "--wait"]).await.ok();
    assert!(world.get("v1", "ConfigMap", "verbs", "map").await.is_none());
    let absent = argosy.command(&["app", "get", "verbs"]);
    assert_eq!(absent.code, 20, "{absent:?}");
}

/// The commit of the first sync in the history.
fn history_revision(argosy: &Argosy) -> String {
    let json = argosy.command(&["app", "get", "verbs", "-o", "json"]).ok();
    let parsed: Value = serde_json::from_str(&json.stdout).unwrap();
    parsed["status"]["history"][0]["revision"].as_str().unwrap().to_owned()
}
