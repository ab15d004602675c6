//! `--core`: the command line with a kubeconfig and no API server, with and without a controller in the cluster.

use serde_json::Value;
use tests::{Argosy, CoreCommandLine, GitHost, World};

use crate::{config_map, stories};

stories![
    an_application_is_operated_without_an_api_server,
    without_a_controller_everything_is_shown_and_a_sync_waits_for_one,
];

fn create<'a>(name: &'a str, url: &'a str) -> Vec<&'a str> {
    vec![
        "app",
        "create",
        name,
        "--repo",
        url,
        "--path",
        "app",
        "--revision",
        "HEAD",
        "--dest-server",
        "https://kubernetes.default.svc",
        "--dest-namespace",
        name,
        "--sync-option",
        "CreateNamespace=true",
    ]
}

async fn an_application_is_operated_without_an_api_server(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "one"))]).await;
    let argosy = Argosy::start(world, "argocd-core").await;
    let core = CoreCommandLine::new(world, argosy.namespace());

    // Nobody has logged in: the flag alone is enough, and a login only saves typing it.
    let listed = core.run(&["app", "list", "--core", "-o", "name"]).await.ok();
    assert_eq!(listed.stdout, "");
    let elsewhere = CoreCommandLine::new(world, "default").run(&["app", "list", "--core"]).await;
    assert_eq!(elsewhere.code, 1, "{elsewhere:?}");
    assert!(elsewhere.stderr.contains("namespace default holds no control plane"), "{elsewhere:?}");
    let login = core.run(&["login", "--core"]).await.ok();
    assert!(login.stdout.contains("Context 'kubernetes' updated"), "{login:?}");

    let url = git.url();
    let created = core.run(&create("core", &url)).await.ok();
    assert_eq!(created.stdout, "application 'core' created\n");
    let synced = core.run(&["app", "sync", "core", "--timeout", "60"]).await.ok();
    assert!(synced.stdout.contains("Phase:              Succeeded"), "{}", synced.stdout);
    core.run(&["app", "wait", "core", "--timeout", "60"]).await.ok();
    assert_eq!(core.run(&["app", "diff", "core"]).await.ok().stdout, "");
    let tree = core.run(&["app", "get", "core", "-o", "tree"]).await.ok();
    assert!(tree.stdout.contains("ConfigMap/map"), "{}", tree.stdout);
    let resources = core.run(&["app", "resources", "core"]).await.ok();
    assert!(resources.stdout.contains("ConfigMap"), "{}", resources.stdout);

    git.commit(&[("app/map.yaml", &config_map("map", "two"))]);
    let difference = core.run(&["app", "diff", "core", "--refresh"]).await;
    assert_eq!(difference.code, 1, "{difference:?}");
    assert!(difference.stdout.contains("<   value: one\n---\n>   value: two"), "{difference:?}");
    let manifests = core.run(&["app", "manifests", "core"]).await.ok();
    assert!(manifests.stdout.contains("value: two"), "{}", manifests.stdout);
    core.run(&["app", "sync", "core", "--timeout", "60"]).await.ok();
    assert_eq!(core.run(&["app", "history", "core", "-o", "id"]).await.ok().stdout, "0\n1\n");
    core.run(&["app", "rollback", "core", "0", "--timeout", "60"]).await.ok();
    let map = world.get("v1", "ConfigMap", "core", "map").await.unwrap();
    assert_eq!(map["data"]["value"], "one");

    core.run(&["app", "delete", "core", "--yes", "--wait"]).await.ok();
    assert!(world.get("v1", "ConfigMap", "core", "map").await.is_none());
    let absent = core.run(&["app", "get", "core"]).await;
    assert_eq!(absent.code, 20, "{absent:?}");
}

/// What only a controller does is waited for in so many words; everything else is found out here.
async fn without_a_controller_everything_is_shown_and_a_sync_waits_for_one(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "one"))]).await;
    let mut argosy = Argosy::start(world, "argocd-alone").await;
    argosy.kill();
    let core = CoreCommandLine::new(world, argosy.namespace());

    let url = git.url();
    core.run(&[create("alone", &url), vec!["--core"]].concat()).await.ok();
    let found = core.run(&["app", "get", "alone", "--core", "--refresh", "-o", "json"]).await.ok();
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!(found["status"]["sync"]["status"], "OutOfSync");
    assert_eq!(found["status"]["health"]["status"], "Missing");
    let difference = core.run(&["app", "diff", "alone", "--core"]).await;
    assert_eq!(difference.code, 1, "{difference:?}");
    assert!(difference.stdout.contains(">   value: one"), "{difference:?}");
    let manifests = core.run(&["app", "manifests", "alone", "--core"]).await.ok();
    assert!(manifests.stdout.contains("value: one"), "{}", manifests.stdout);
    let resources = core.run(&["app", "resources", "alone", "--core"]).await.ok();
    assert!(resources.stdout.contains("ConfigMap"), "{}", resources.stdout);

    let waited = core.run(&["app", "sync", "alone", "--core", "--timeout", "7"]).await;
    assert_eq!(waited.code, 20, "{waited:?}");
    assert!(waited.stderr.contains("waits for a controller"), "{waited:?}");
    assert!(world.get("v1", "ConfigMap", "alone", "map").await.is_none());

    argosy.restart().await;
    core.run(&["app", "wait", "alone", "--core", "--timeout", "60"]).await.ok();
    let map = world.get("v1", "ConfigMap", "alone", "map").await.unwrap();
    assert_eq!(map["data"]["value"], "one");
}
