//! The command line on single objects and on what an application says: set, logs, actions, get, patch and delete.

use serde_json::{Value, json};
use tests::{Argosy, GitHost, World, eventually};

use crate::{application, automated, deployment, manual, stories};

stories![objects_are_looked_at_and_changed, what_an_application_says_is_changed_by_flags];

async fn objects_are_looked_at_and_changed(world: &World) {
    let git = GitHost::start(&[("app/web.yaml", &deployment("web", 1))]).await;
    let argosy = Argosy::start(world, "argocd-objects").await;
    world.apply(&application(argosy.namespace(), "objects", &git, "app", &manual())).await;
    argosy.waiting_command(&["app", "sync", "objects", "--timeout", "60"]).await.ok();
    argosy.waiting_command(&["app", "wait", "objects", "--timeout", "60"]).await.ok();

    let web = ["objects", "--kind", "Deployment", "--resource-name", "web"];
    let with =
        |verb: &[&str], further: &[&str]| argosy.command(&[&["app"], verb, &web[..], further].concat());
    let shown = with(&["get-resource"], &["--filter-fields", "spec.replicas", "-o", "json"]).ok();
    assert_eq!(serde_json::from_str::<Value>(&shown.stdout).unwrap(), json!({"spec": {"replicas": 1}}));
    let listed = argosy.command(&["app", "actions", "list", "objects", "--kind", "Deployment"]).ok();
    assert!(listed.stdout.contains("apps   Deployment  web   restart  false"), "{}", listed.stdout);
    argosy
        .command(&[
            "app",
            "actions",
            "run",
            "objects",
            "restart",
            "--kind",
            "Deployment",
            "--resource-name",
            "web",
        ])
        .ok();
    let live = world.get("apps/v1", "Deployment", "objects", "web").await.unwrap();
    let restarted = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";
    assert!(live.pointer(restarted).is_some(), "{live}");

    let patched = with(&["patch-resource"], &["--patch", r#"{"spec": {"replicas": 2}}"#]).ok();
    assert!(patched.stderr.contains("Resource 'web' patched"), "{patched:?}");
    let live = world.get("apps/v1", "Deployment", "objects", "web").await.unwrap();
    assert_eq!(live.pointer("/spec/replicas"), Some(&json!(2)));
    let refused = argosy.command(&["app", "delete-resource", "objects", "--kind", "Pod"]);
    if refused.code != 0 {
        assert!(refused.stderr.contains("--all"), "{refused:?}");
    }
    with(&["delete-resource"], &[]).ok();
    eventually("the deployment is gone", async || {
        match world.get("apps/v1", "Deployment", "objects", "web").await {
            None => Ok(()),
            Some(_) => Err("it is still there".into()),
        }
    })
    .await;
}

async fn what_an_application_says_is_changed_by_flags(world: &World) {
    let git =
        GitHost::start(&[("one/web.yaml", &deployment("web", 1)), ("two/web.yaml", &deployment("web", 2))])
            .await;
    let argosy = Argosy::start(world, "argocd-flags").await;
    world.apply(&application(argosy.namespace(), "flags", &git, "one", &automated())).await;
    argosy.until_good(world, "flags").await;

    argosy.command(&["app", "set", "flags", "--path", "two", "--sync-option", "ServerSideApply=true"]).ok();
    argosy
        .until(world, "flags", "synced from the other folder", |application| {
            application.spec.effective_sources()[0].path == "two"
                && application.status.sync.status == "Synced"
        })
        .await;
    eventually("the other folder's replicas", async || {
        let live = world.get("apps/v1", "Deployment", "flags", "web").await.unwrap_or_default();
        if live.pointer("/spec/replicas") == Some(&json!(2)) { Ok(()) } else { Err(live["spec"].to_string()) }
    })
    .await;
    let nothing = argosy.command(&["app", "set", "flags"]);
    assert_eq!(nothing.code, 1, "{nothing:?}");

    argosy.command(&["app", "set", "flags", "--kustomize-image", "nginx:1", "--sync-policy", "none"]).ok();
    argosy.command(&["app", "unset", "flags", "--kustomize-image", "nginx"]).ok();
    let patch = r#"[{"op": "replace", "path": "/spec/source/path", "value": "one"}]"#;
    let patched = argosy.command(&["app", "patch", "flags", "--patch", patch]).ok();
    assert!(patched.stdout.contains("path: one"), "{}", patched.stdout);
    let found = argosy.application(world, "flags").await.unwrap();
    assert_eq!(found.spec.source.as_ref().map(|source| source.kustomize.is_some()), Some(false));
    assert!(found.spec.sync_policy.is_some_and(|policy| policy.automated.is_none()));

    // A preview shows what a sync would do, and asks; `--assumeYes` is the answer of scripts.
    let preview = ["app", "sync", "flags", "--preview-changes", "--assumeYes", "--timeout", "60"];
    argosy.waiting_command(&["app", "get", "flags", "--refresh"]).await.ok();
    let synced = argosy.waiting_command(&preview).await.ok();
    assert!(synced.stdout.contains("===== apps/Deployment flags/web ======"), "{}", synced.stdout);
    let tree = argosy.command(&["app", "get", "flags", "-o", "tree=detailed"]).ok();
    assert!(tree.stdout.contains("AGE") && tree.stdout.contains("Deployment/web"), "{}", tree.stdout);
    assert!(tree.stdout.contains("SyncWindow:         Sync Allowed"), "{}", tree.stdout);
}
