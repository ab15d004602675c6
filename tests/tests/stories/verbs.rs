//! Verbs that are used now and then: logs, an editor for the spec, sources added and removed, and deletions that wait for
//! somebody to confirm them; with an API server and with `--core`.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;
use tests::{Argosy, GitHost, World, eventually, finish};

use crate::{application, both_ways, config_map, deployment, manual, stories};

stories![
    logs_are_read_and_specs_are_edited,
    sources_come_and_go,
    what_waits_for_a_confirmation_is_deleted_after_it,
];

async fn logs_are_read_and_specs_are_edited(world: &World) {
    let git = GitHost::start(&[
        ("app/web.yaml", &deployment("web", 2)),
        ("with/map.yaml", &config_map("map", "with")),
        ("without/map.yaml", &config_map("map", "without")),
    ])
    .await;
    let argosy = Argosy::start(world, "argocd-logs").await;
    world.apply(&application(argosy.namespace(), "logs", &git, "app", &manual())).await;
    argosy.waiting_command(&["app", "sync", "logs", "--timeout", "60"]).await.ok();
    argosy.waiting_command(&["app", "wait", "logs", "--timeout", "60"]).await.ok();
    // Only the sandbox has a kubelet.
    let has_logs = world.as_sandbox().is_some();
    let editor = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    both_ways(world, &argosy, async |command, way| {
        if has_logs {
            let read = |further: &[&str]| finish(command(&[&["app", "logs", "logs"], further].concat()));
            let all = read(&[]).await.ok();
            let lines = all.stdout.lines().count();
            assert!(lines >= 2, "{all:?}");
            assert_eq!(read(&["--tail", "1"]).await.ok().stdout.lines().count(), 2, "one of each pod");
            let named = ["--group", "apps", "--kind", "Deployment", "--name", "web", "--container", "main"];
            assert_eq!(read(&named).await.ok().stdout.lines().count(), lines);
            assert_eq!(read(&["--kind", "ConfigMap"]).await.ok().stdout, "");
            assert_eq!(read(&["--filter", "no such text"]).await.ok().stdout, "");
            assert_eq!(read(&["--until-time", "2000-01-01T00:00:00Z"]).await.ok().stdout, "");
        }
        let edit = async |script: &str| {
            std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
            std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
            let mut command = command(&["app", "edit", "logs"]);
            command.env("EDITOR", &*editor);
            finish(command).await
        };
        let path = async || {
            let application = argosy.application(world, "logs").await.unwrap();
            application.spec.effective_sources()[0].path.clone()
        };
        let before = path().await;
        assert!(edit("true").await.ok().stdout.contains("no changes made"));
        let wrong = edit("echo 'project: [' > \"$1\"").await;
        assert_eq!(wrong.code, 1, "{wrong:?}");
        assert!(wrong.stderr.contains("the spec was not stored"), "{wrong:?}");
        assert_eq!(edit("exit 3").await.code, 1);
        assert_eq!(path().await, before);
        edit(&format!("sed -i 's/path: .*/path: {way}/' \"$1\"")).await.ok();
        assert_eq!(path().await, way);
        edit("sed -i 's/path: .*/path: app/' \"$1\"").await.ok();
        assert_eq!(path().await, "app");
    })
    .await;
}

async fn sources_come_and_go(world: &World) {
    let git = GitHost::start(&[
        ("one/map.yaml", &config_map("one", "1")),
        ("two/map.yaml", &config_map("two", "2")),
    ])
    .await;
    let argosy = Argosy::start(world, "argocd-sources").await;
    let mut several = application(argosy.namespace(), "several", &git, "one", &manual());
    let source = several["spec"].as_object_mut().unwrap().remove("source").unwrap();
    several["spec"]["sources"] = json!([source]);
    world.apply(&several).await;
    world.apply(&application(argosy.namespace(), "single", &git, "one", &manual())).await;
    let url = git.url();
    both_ways(world, &argosy, async |command, _| {
        let sources = async || {
            let application = argosy.application(world, "several").await.unwrap();
            let sources = application.spec.effective_sources();
            sources.iter().map(|source| format!("{}{}", source.path, source.name)).collect::<Vec<_>>()
        };
        let add = |app: &'static str, further: &'static [&'static str]| {
            finish(command(&[&["app", "add-source", app, "--repo", &url], further].concat()))
        };
        let added =
            add("several", &["--path", "two", "--revision", "HEAD", "--source-name", "extra"]).await.ok();
        assert_eq!(added.stdout, "Application 'several' updated successfully\n");
        add("several", &["--path", "two"]).await.ok();
        assert_eq!(sources().await, ["one", "twoextra", "two"]);
        let refused = add("single", &["--path", "two"]).await;
        assert_eq!(refused.code, 1, "{refused:?}");
        assert!(refused.stderr.contains("has a single `source`"), "{refused:?}");

        let remove = |further: &'static [&'static str]| {
            finish(command(&[&["app", "remove-source", "several"], further].concat()))
        };
        assert_ne!(remove(&["--source-position", "4"]).await.code, 0);
        assert_ne!(remove(&["--source-name", "none"]).await.code, 0);
        assert_ne!(remove(&[]).await.code, 0, "which one is not said");
        remove(&["--source-position", "3"]).await.ok();
        assert_eq!(sources().await, ["one", "twoextra"]);
        remove(&["--source-name", "extra"]).await.ok();
        let last = remove(&["--source-position", "1"]).await;
        assert_eq!(last.code, 1, "{last:?}");
        assert!(last.stderr.contains("the last source cannot be removed"), "{last:?}");
        assert_eq!(sources().await, ["one"]);
    })
    .await;
}

async fn what_waits_for_a_confirmation_is_deleted_after_it(world: &World) {
    let careful = config_map("careful", "1").replace(
        "  name: careful\n",
        "  name: careful\n  annotations:\n    argocd.argoproj.io/sync-options: Delete=confirm\n",
    );
    let git = GitHost::start(&[("app/map.yaml", &careful)]).await;
    let argosy = Argosy::start(world, "argocd-confirm").await;
    both_ways(world, &argosy, async |command, way| {
        world.apply(&application(argosy.namespace(), way, &git, "app", &manual())).await;
        argosy.waiting_command(&["app", "sync", way, "--timeout", "60"]).await.ok();
        finish(command(&["app", "delete", way, "--yes"])).await.ok();
        argosy
            .until(world, way, "waits for a confirmation", |application| {
                let conditions = &application.status.conditions;
                conditions.iter().any(|condition| condition.message.contains("confirm"))
            })
            .await;
        assert!(world.get("v1", "ConfigMap", way, "careful").await.is_some());
        let confirmed = finish(command(&["app", "confirm-deletion", way])).await.ok();
        assert_eq!(confirmed.stdout, format!("Application '{way}' updated successfully\n"));
        eventually("it is deleted", async || match argosy.application(world, way).await {
            None => Ok(()),
            Some(_) => Err("it is still there".into()),
        })
        .await;
        assert!(world.get("v1", "ConfigMap", way, "careful").await.is_none());
    })
    .await;
    let absent = argosy.command(&["app", "confirm-deletion", "none"]);
    assert_eq!(absent.code, 20, "{absent:?}");
}
