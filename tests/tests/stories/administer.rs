//! What administrators keep with the command line: repositories, credentials, clusters and projects. All of it is in
//! Secrets and records of Argo CD's form.

use serde_json::{Value, json};
use tests::{Argosy, GitHost, World};

use crate::{config_map, stories};

stories![
    repositories_are_tried_before_they_are_kept,
    credentials_are_kept_and_never_told,
    clusters_are_listed_changed_and_removed,
    projects_come_and_go,
];

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

async fn repositories_are_tried_before_they_are_kept(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "one"))]).await;
    let argosy = Argosy::start(world, "argocd-repositories").await;
    let url = git.url();

    let added = argosy.waiting_command(&["repo", "add", &url]).await.ok();
    assert_eq!(added.stdout, format!("Repository '{url}' added\n"));
    let listed = argosy.waiting_command(&["repo", "list"]).await.ok();
    let line = listed.stdout.lines().find(|line| line.contains(&url)).expect("it is listed");
    assert!(line.starts_with("git") && line.contains("Successful"), "{line}");
    assert_eq!(argosy.command(&["repo", "list", "-o", "url"]).ok().stdout, format!("{url}\n"));
    let shown = argosy.waiting_command(&["repo", "get", &url, "-o", "json"]).await.ok();
    assert_eq!(parsed(&shown.stdout)["repo"], json!(url));

    let other = argosy.waiting_command(&["repo", "add", &url, "--enable-lfs"]).await;
    assert_eq!(other.code, 20, "{other:?}");
    assert!(other.stderr.contains("upsert"), "{other:?}");
    argosy.waiting_command(&["repo", "add", &url, "--enable-lfs", "--upsert"]).await.ok();
    let shown = argosy.waiting_command(&["repo", "get", &url, "-o", "json"]).await.ok();
    assert_eq!(parsed(&shown.stdout)["enableLfs"], true);

    // Nothing is kept that cannot be reached.
    let nowhere = "http://127.0.0.1:1/none.git";
    let refused = argosy.waiting_command(&["repo", "add", nowhere]).await;
    assert_eq!(refused.code, 20, "{refused:?}");
    assert!(refused.stderr.contains(nowhere), "{refused:?}");
    let charts = argosy.command(&["repo", "add", "https://charts.example.com", "--type", "helm"]);
    assert!(charts.code == 1 && charts.stderr.contains("--name"), "{charts:?}");

    argosy.command(&["repo", "rm", &url]).ok();
    assert_eq!(argosy.command(&["repo", "list", "-o", "url"]).ok().stdout, "");
    let gone = argosy.command(&["repo", "get", &url]);
    assert_eq!(gone.code, 20, "{gone:?}");
}

async fn credentials_are_kept_and_never_told(world: &World) {
    let argosy = Argosy::start(world, "argocd-credentials").await;
    let url = "https://git.example.com/team/";
    let add = ["repocreds", "add", url, "--username", "me", "--password", "hunter2"];
    assert!(argosy.command(&add).ok().stdout.contains(url));
    let listed = argosy.command(&["repocreds", "list"]).ok();
    assert!(listed.stdout.contains(url) && listed.stdout.contains("me"), "{listed:?}");
    for format in ["json", "yaml", "wide", "url"] {
        let told = argosy.command(&["repocreds", "list", "-o", format]).ok();
        assert!(!told.stdout.contains("hunter2"), "{told:?}");
    }
    let secrets = world.list("v1", "Secret", argosy.namespace()).await;
    let kept = secrets.iter().find(|secret| {
        secret.pointer("/metadata/labels/argocd.argoproj.io~1secret-type") == Some(&json!("repo-creds"))
    });
    assert_eq!(kept.unwrap().pointer("/data/password"), Some(&json!("aHVudGVyMg==")));

    let other = argosy.command(&["repocreds", "add", url, "--username", "you", "--password", "x"]);
    assert!(other.code == 20 && other.stderr.contains("upsert"), "{other:?}");
    argosy.command(&["repocreds", "rm", url]).ok();
    assert_eq!(argosy.command(&["repocreds", "list", "-o", "url"]).ok().stdout, "");
}

async fn clusters_are_listed_changed_and_removed(world: &World) {
    let argosy = Argosy::start(world, "argocd-clusters").await;
    let server = "https://edge.example.com:6443";
    world
        .apply(&json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {
                "name": "edge", "namespace": argosy.namespace(),
                "labels": {"argocd.argoproj.io/secret-type": "cluster"},
            },
            "stringData": {"name": "edge", "server": server, "config": "{\"bearerToken\": \"hunter2\"}"},
        }))
        .await;
    let listed = tests::eventually("the new cluster is listed", async || {
        let listed = argosy.command(&["cluster", "list", "-o", "server"]).ok().stdout;
        if listed.contains(server) { Ok(listed) } else { Err(listed) }
    })
    .await;
    assert!(listed.contains("https://kubernetes.default.svc"), "{listed}");
    assert!(argosy.command(&["cluster", "list"]).ok().stdout.contains("in-cluster"));

    let set = ["cluster", "set", "edge", "--label", "team=a", "--namespace", "one", "--namespace", "two"];
    assert!(argosy.command(&set).ok().stdout.contains("'edge' updated"));
    let shown = argosy.command(&["cluster", "get", "edge", "-o", "json"]).ok();
    assert!(!shown.stdout.contains("hunter2"), "{shown:?}");
    let shown = parsed(&shown.stdout);
    assert_eq!((&shown["namespaces"], &shown["labels"]["team"]), (&json!(["one", "two"]), &json!("a")));
    let wide = argosy.command(&["cluster", "list"]).ok().stdout;
    assert!(wide.contains(&format!("{server} (2 namespaces)")), "{wide}");
    // The credentials are still there.
    let secret = world.get("v1", "Secret", argosy.namespace(), "edge").await.unwrap();
    assert!(secret.pointer("/data/config").is_some(), "{secret}");

    argosy.command(&["cluster", "rm", server, "--yes"]).ok();
    assert!(!argosy.command(&["cluster", "list", "-o", "server"]).ok().stdout.contains(server));
    // Somebody else made the Secret: it is no cluster any more, and stays.
    let secret = world.get("v1", "Secret", argosy.namespace(), "edge").await.unwrap();
    let kind = "/metadata/labels/argocd.argoproj.io~1secret-type";
    assert_eq!((secret.pointer(kind), secret.pointer("/metadata/name")), (None, Some(&json!("edge"))));
    assert_eq!(argosy.command(&["cluster", "get", "edge"]).code, 20);
}

async fn projects_come_and_go(world: &World) {
    let git = GitHost::start(&[("app/map.yaml", &config_map("map", "one"))]).await;
    let argosy = Argosy::start(world, "argocd-projects").await;
    let own = "https://kubernetes.default.svc";
    let destination = format!("{own},team-*");
    let url = git.url();
    let create = ["proj", "create", "team", "--description", "The team's", "-d", &destination, "-s", &url];
    argosy.command(&create).ok();
    assert_eq!(argosy.command(&["proj", "list", "-o", "name"]).ok().stdout, "default\nteam\n");
    let wide = argosy.command(&["proj", "get", "team"]).ok().stdout;
    assert!(wide.contains("The team's") && wide.contains(&destination), "{wide}");
    let again = argosy.command(&["proj", "create", "team", "-s", "*"]);
    assert!(again.code == 20 && again.stderr.contains("upsert"), "{again:?}");

    let app = |name: &'static str, namespace: &'static str| {
        let app = ["app", "create", name, "--repo", &url, "--path", "app", "--project", "team"];
        let to = ["--dest-server", own, "--dest-namespace", namespace];
        argosy.command(&[&app[..], &to[..]].concat())
    };
    let outside = app("outside", "kube-system");
    assert!(outside.code == 20 && outside.stderr.contains("kube-system"), "{outside:?}");
    app("inside", "team-a").ok();
    let used = argosy.command(&["proj", "delete", "team"]);
    assert!(used.code == 20 && used.stderr.contains("inside"), "{used:?}");
    argosy.waiting_command(&["app", "delete", "inside", "--yes", "--wait"]).await.ok();
    argosy.command(&["proj", "delete", "team"]).ok();
    assert_eq!(argosy.command(&["proj", "list", "-o", "name"]).ok().stdout, "default\n");

    // From a file, with a flag on top.
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    let text = "metadata: {name: filed}\nspec:\n  sourceRepos: ['*']\n  destinations: [{server: '*', namespace: '*'}]\n";
    std::fs::write(file.path(), text).unwrap();
    let path = file.path().to_str().unwrap();
    argosy.command(&["proj", "create", "-f", path, "--allow-cluster-resource", "/Namespace"]).ok();
    let shown = parsed(&argosy.command(&["proj", "get", "filed", "-o", "json"]).ok().stdout);
    assert_eq!(shown["spec"]["clusterResourceWhitelist"][0]["kind"], "Namespace");
}
