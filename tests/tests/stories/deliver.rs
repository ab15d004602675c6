//! From a commit to running objects, and back when they drift.

use serde_json::json;
use tests::{Argosy, GitHost, World, eventually};

use crate::{application, automated, config_map, deployment, stories};

stories![
    a_commit_becomes_running_objects,
    drift_is_healed_when_told_to_and_shown_when_not,
    removed_files_are_pruned_only_when_told_to,
    deleting_an_application_takes_its_objects_along,
    waves_and_hooks_run_in_order,
];

/// `kubectl apply -f application.yaml` is enough; a push is answered by a sync.
async fn a_commit_becomes_running_objects(world: &World) {
    let git = GitHost::start(&[
        ("web/deployment.yaml", &deployment("web", 2)),
        ("web/map.yaml", &config_map("map", "one")),
    ])
    .await;
    let argosy = Argosy::start(world, "argocd-commit").await;
    world.apply(&application(argosy.namespace(), "commit-web", &git, "web", &automated())).await;

    let first = argosy.until_good(world, "commit-web").await;
    assert_eq!(first.status.source_type, "Directory");
    assert_eq!(first.status.history.len(), 1);
    let live = world.get("apps/v1", "Deployment", "commit-web", "web").await.unwrap();
    assert_eq!(live.pointer("/status/readyReplicas"), Some(&json!(2)));

    let commit = git.commit(&[("web/map.yaml", &config_map("map", "two"))]);
    argosy.push_event(&git.url(), &commit, &["web/map.yaml"]).await;
    let second = argosy
        .until(world, "commit-web", "synced to the new commit", |application| {
            application.status.sync.revision == commit
                && application.status.sync.status == "Synced"
                && application.operation.is_none()
        })
        .await;
    let map = world.get("v1", "ConfigMap", "commit-web", "map").await.unwrap();
    assert_eq!(map.pointer("/data/value"), Some(&json!("two")));
    assert_eq!(second.status.history.last().map(|entry| entry.revision.clone()), Some(commit));
}

async fn drift_is_healed_when_told_to_and_shown_when_not(world: &World) {
    let files = [("a/map.yaml", config_map("map", "git")), ("b/map.yaml", config_map("map", "git"))];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let git = GitHost::start(&files).await;
    let argosy = Argosy::start(world, "argocd-drift").await;
    let without_heal = json!({"automated": {}, "syncOptions": ["CreateNamespace=true"]});
    world.apply(&application(argosy.namespace(), "drift-healed", &git, "a", &automated())).await;
    world.apply(&application(argosy.namespace(), "drift-shown", &git, "b", &without_heal)).await;
    argosy.until_good(world, "drift-healed").await;
    argosy.until_good(world, "drift-shown").await;

    let by_hand = json!({"data": {"value": "by hand"}});
    world.merge("v1", "ConfigMap", "drift-healed", "map", &by_hand).await;
    world.merge("v1", "ConfigMap", "drift-shown", "map", &by_hand).await;
    eventually("the drift is undone", async || {
        let map = world.get("v1", "ConfigMap", "drift-healed", "map").await.unwrap_or_default();
        if map.pointer("/data/value") == Some(&json!("git")) { Ok(()) } else { Err(map["data"].to_string()) }
    })
    .await;
    argosy.until_good(world, "drift-healed").await;
    let shown = argosy
        .until(world, "drift-shown", "OutOfSync", |application| application.status.sync.status == "OutOfSync")
        .await;
    assert_eq!(shown.status.resources.iter().filter(|resource| resource.status == "OutOfSync").count(), 1);
    let difference = argosy.command(&["app", "diff", "drift-shown"]);
    assert_eq!(difference.code, 1, "{difference:?}");
    assert!(difference.stdout.contains("<   value: by hand\n---\n>   value: git"), "{}", difference.stdout);
    assert_eq!(argosy.command(&["app", "diff", "drift-healed"]).ok().stdout, "");
}

async fn removed_files_are_pruned_only_when_told_to(world: &World) {
    let (kept, gone) = (config_map("kept", "x"), config_map("gone", "x"));
    let git = GitHost::start(&[("app/kept.yaml", &kept), ("app/gone.yaml", &gone)]).await;
    let argosy = Argosy::start(world, "argocd-prune").await;
    let without_prune = json!({"automated": {}, "syncOptions": ["CreateNamespace=true"]});
    world.apply(&application(argosy.namespace(), "prune-on", &git, "app", &automated())).await;
    world.apply(&application(argosy.namespace(), "prune-off", &git, "app", &without_prune)).await;
    argosy.until_good(world, "prune-on").await;
    argosy.until_good(world, "prune-off").await;

    let commit = git.remove("app/gone.yaml");
    argosy.push_event(&git.url(), &commit, &["app/gone.yaml"]).await;
    eventually("the object is pruned", async || {
        match world.get("v1", "ConfigMap", "prune-on", "gone").await {
            None => Ok(()),
            Some(_) => Err("it is still there".into()),
        }
    })
    .await;
    argosy.until_good(world, "prune-on").await;
    let off = argosy
        .until(world, "prune-off", "OutOfSync", |application| {
            application.status.sync.status == "OutOfSync" && application.status.sync.revision == commit
        })
        .await;
    assert!(off.status.resources.iter().any(|resource| resource.name == "gone" && resource.requires_pruning));
    assert!(world.get("v1", "ConfigMap", "prune-off", "gone").await.is_some());

    let refused = argosy.waiting_command(&["app", "sync", "prune-off"]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("1 resources require pruning"), "{refused:?}");
    argosy.waiting_command(&["app", "sync", "prune-off", "--prune"]).await.ok();
    assert!(world.get("v1", "ConfigMap", "prune-off", "gone").await.is_none());
}

async fn deleting_an_application_takes_its_objects_along(world: &World) {
    let git = GitHost::start(&[
        ("app/deployment.yaml", &deployment("web", 1)),
        ("app/map.yaml", &config_map("map", "x")),
    ])
    .await;
    let argosy = Argosy::start(world, "argocd-delete").await;
    let mut with_finalizer = application(argosy.namespace(), "delete-all", &git, "app", &automated());
    with_finalizer["metadata"]["finalizers"] = json!(["resources-finalizer.argocd.argoproj.io"]);
    world.apply(&with_finalizer).await;
    world.apply(&application(argosy.namespace(), "delete-none", &git, "app", &automated())).await;
    argosy.until_good(world, "delete-all").await;
    argosy.until_good(world, "delete-none").await;

    world.delete("argoproj.io/v1alpha1", "Application", argosy.namespace(), "delete-all").await;
    world.delete("argoproj.io/v1alpha1", "Application", argosy.namespace(), "delete-none").await;
    eventually("the application is gone", async || match argosy.application(world, "delete-all").await {
        None => Ok(()),
        Some(application) => Err(format!("finalizers: {:?}", application.metadata.finalizers)),
    })
    .await;
    for (api_version, kind, name) in [("apps/v1", "Deployment", "web"), ("v1", "ConfigMap", "map")] {
        assert!(world.get(api_version, kind, "delete-all", name).await.is_none(), "{kind} {name} is left");
        assert!(
            world.get(api_version, kind, "delete-none", name).await.is_some(),
            "{kind} {name} was not to be touched"
        );
    }
}

async fn waves_and_hooks_run_in_order(world: &World) {
    let job = |name: &str, hook: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n  annotations:\n    \
             argocd.argoproj.io/hook: {hook}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n      \
             containers:\n        - name: main\n          image: busybox\n"
        )
    };
    let wave = |name: &str, wave: u32| {
        deployment(name, 1).replace(
            &format!("  name: {name}\nspec"),
            &format!("  name: {name}\n  annotations:\n    argocd.argoproj.io/sync-wave: \"{wave}\"\nspec"),
        )
    };
    let git = GitHost::start(&[
        ("app/before.yaml", &job("before", "PreSync")),
        ("app/after.yaml", &job("after", "PostSync")),
        ("app/first.yaml", &wave("first", 0)),
        ("app/second.yaml", &wave("second", 1)),
    ])
    .await;
    let argosy = Argosy::start(world, "argocd-waves").await;
    world.apply(&application(argosy.namespace(), "waves", &git, "app", &automated())).await;
    let application = argosy.until_good(world, "waves").await;
    let state = application.status.operation_state.unwrap();
    let phases: Vec<(String, String)> = state
        .sync_result
        .unwrap()
        .resources
        .iter()
        .filter(|result| result.kind != "Namespace")
        .map(|result| (result.sync_phase.clone(), result.name.clone()))
        .collect();
    let wanted = [("PreSync", "before"), ("Sync", "first"), ("Sync", "second"), ("PostSync", "after")];
    let wanted: Vec<(String, String)> =
        wanted.iter().map(|(phase, name)| ((*phase).into(), (*name).into())).collect();
    assert_eq!(phases, wanted);
    // What was created is the witness: each came after the one before it.
    let mut times = Vec::new();
    for (api_version, kind, name) in [
        ("batch/v1", "Job", "before"),
        ("apps/v1", "Deployment", "first"),
        ("apps/v1", "Deployment", "second"),
        ("batch/v1", "Job", "after"),
    ] {
        let object = world.get(api_version, kind, "waves", name).await.unwrap();
        times.push(object["metadata"]["creationTimestamp"].as_str().unwrap().to_owned());
    }
    assert!(times.is_sorted(), "{times:?}");
}
