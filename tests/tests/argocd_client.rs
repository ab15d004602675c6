//! Argo CD's own command line does its daily work against Argosy: by gRPC and by gRPC-web, with its exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that fails ends at once")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "tests tell what they skip")]

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Argosy, GitHost, Output, World};

/// The namespace of the control plane and of the application in it.
const NAMESPACE: &str = "argocd-client";

/// The stock client with a configuration of its own.
struct Client {
    program: PathBuf,
    home: tempfile::TempDir,
    flags: &'static [&'static str],
}

impl Client {
    /// The client, or `None` after telling why there is none.
    async fn new(flags: &'static [&'static str]) -> Option<Self> {
        if !xtask::argocd_client::is_available() {
            println!("skipped: Argo CD's client is not built, and Go is not installed to build it");
            return None;
        }
        let program = tokio::task::spawn_blocking(xtask::argocd_client::binary).await.unwrap().unwrap();
        Some(Self { program, home: tempfile::tempdir().unwrap(), flags })
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let output = tokio::process::Command::new(&self.program)
            .args(arguments)
            .args(self.flags)
            .env("HOME", self.home.path())
            .env("ARGOCD_CONFIG_DIR", self.home.path())
            .env_remove("ARGOCD_SERVER")
            .env_remove("ARGOCD_AUTH_TOKEN")
            .env_remove("ARGOCD_OPTS")
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(120), output).await;
        Output::of(&output.unwrap_or_else(|_| panic!("argocd {arguments:?} does not end")).unwrap())
    }

    /// Runs a command that must end with this exit code; gives what it printed.
    async fn ends(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let text = output.stdout + &output.stderr;
        assert_eq!(output.code, code, "argocd {arguments:?} {:?}: {text}", self.flags);
        text
    }

    /// As [`Client::ends`], and all of these words must be in the text.
    async fn tells(&self, code: i32, arguments: &[&str], words: &[&str]) -> String {
        let text = self.ends(code, arguments).await;
        for word in words {
            assert!(text.contains(word), "argocd {arguments:?} {:?} lacks {word:?}: {text}", self.flags);
        }
        text
    }
}

/// An Application that is synced only when asked.
fn guestbook(git: &GitHost) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "guestbook", "namespace": NAMESPACE, "labels": {"team": "web"}},
        "spec": {
            "project": "default",
            "source": {"repoURL": git.url(), "path": "guestbook", "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "guestbook"},
            "syncPolicy": {"syncOptions": ["CreateNamespace=true"]},
        },
    })
}

fn files() -> [(&'static str, String); 2] {
    let deployment = json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "guestbook"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "guestbook"}},
            "template": {
                "metadata": {"labels": {"app": "guestbook"}},
                "spec": {"containers": [{"name": "main", "image": "nginx:1.29"}]},
            },
        },
    });
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "green"}});
    [("guestbook/deployment.yaml", deployment.to_string()), ("guestbook/settings.yaml", map.to_string())]
}

async fn story(client: &Client) {
    let files = files();
    let git = GitHost::start(&files.each_ref().map(|(path, text)| (*path, text.as_str()))).await;
    let world = World::sandbox().await;
    let argosy = if client.flags.contains(&"--plaintext") {
        Argosy::start(&world, NAMESPACE).await
    } else {
        Argosy::start_with_tls(&world, NAMESPACE).await
    };
    let address = argosy.address();

    let wrong = ["login", address, "--username", "admin", "--password", "wrong"];
    client.tells(20, &wrong, &["Invalid username or password"]).await;
    let right = ["login", address, "--username", "admin", "--password", argosy.password()];
    client.tells(0, &right, &["'admin:login' logged in successfully"]).await;

    world.apply(&guestbook(&git)).await;
    argosy
        .until(&world, "guestbook", "compared", |application| application.status.sync.status == "OutOfSync")
        .await;
    let name = format!("{NAMESPACE}/guestbook");
    assert_eq!(client.ends(0, &["app", "list", "-o", "name"]).await.trim(), name);
    client.tells(0, &["app", "list"], &["Manual", "OutOfSync", "Missing", &git.url()]).await;
    assert_eq!(client.ends(0, &["app", "list", "-l", "team=other", "-o", "name"]).await.trim(), "");
    client.tells(0, &["app", "get", "guestbook"], &["Health Status:      Missing", "ConfigMap"]).await;
    client.tells(20, &["app", "get", "missing"], &["PermissionDenied"]).await;
    client.ends(1, &["app", "get"]).await;
    client.ends(2, &["app", "diff"]).await;

    // What is not there yet is a difference; waiting for a sync that nobody starts ends by its timeout.
    client.tells(1, &["app", "diff", "guestbook"], &["===== /ConfigMap guestbook/settings ======"]).await;
    client.ends(20, &["app", "wait", "guestbook", "--sync", "--timeout", "2"]).await;

    let synced = client.ends(0, &["app", "sync", "guestbook", "--timeout", "60"]).await;
    assert!(synced.contains("Phase:              Succeeded"), "{synced}");
    client.tells(0, &["app", "wait", "guestbook", "--timeout", "60"], &["Health Status:      Healthy"]).await;
    assert_eq!(client.ends(0, &["app", "diff", "guestbook"]).await.trim(), "");
    let live = world.get("apps/v1", "Deployment", "guestbook", "guestbook").await.unwrap();
    assert_eq!(live.pointer("/status/readyReplicas"), Some(&json!(1)));
    client
        .tells(0, &["app", "get", "guestbook", "-o", "tree"], &["Deployment/guestbook", "Pod/guestbook-"])
        .await;

    world.merge("v1", "ConfigMap", "guestbook", "settings", &json!({"data": {"color": "red"}})).await;
    argosy
        .until(&world, "guestbook", "OutOfSync", |application| application.status.sync.status == "OutOfSync")
        .await;
    client.tells(1, &["app", "diff", "guestbook"], &["<   color: red", ">   color: green"]).await;
    client.tells(0, &["app", "diff", "guestbook", "--exit-code=false"], &["<   color: red"]).await;
    client.tells(7, &["app", "diff", "guestbook", "--diff-exit-code", "7"], &[">   color: green"]).await;
    let only = ["app", "sync", "guestbook", "--resource", ":ConfigMap:settings", "--timeout", "60"];
    client.ends(0, &only).await;
    client.ends(0, &["app", "diff", "guestbook", "--refresh"]).await;

    let get = client.run(&["app", "get", "guestbook", "-o", "json", "--refresh"]).await.ok().stdout;
    let get: Value = serde_json::from_str(&get).unwrap();
    assert_eq!(get["status"]["sync"]["status"], "Synced");
    assert_eq!(get["status"]["operationState"]["operation"]["initiatedBy"]["username"], "admin");
    client.tells(0, &["app", "manifests", "guestbook"], &["color: green", "image: nginx:1.29"]).await;
    client.tells(0, &["app", "history", "guestbook"], &["ID", "main ("]).await;

    local_files(client, &world).await;

    client
        .tells(0, &["app", "delete", "guestbook", "--yes", "--wait"], &["application 'guestbook' deleted"])
        .await;
    assert!(world.get("v1", "ConfigMap", "guestbook", "settings").await.is_none(), "the objects go along");
    client.tells(0, &["logout", address], &["Logged out from"]).await;
    client.tells(20, &["app", "list"], &["no session information"]).await;
}

/// Files that are not pushed: the client renders them, or sends them to be rendered.
async fn local_files(client: &Client, world: &World) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("guestbook")).unwrap();
    for (path, text) in files() {
        std::fs::write(folder.path().join(path), text.replace("green", "blue")).unwrap();
    }
    let root = folder.path().display().to_string();
    let app = folder.path().join("guestbook").display().to_string();
    let difference = ["<   color: green", ">   color: blue"];
    client.tells(1, &["app", "diff", "guestbook", "--local", &app], &difference).await;
    // The client's proxy for gRPC-web cannot send a stream of messages.
    if !client.flags.contains(&"--grpc-web") {
        let sent = ["app", "diff", "guestbook", "--local", &root, "--server-side-generate"];
        client.tells(1, &sent, &difference).await;
    }
    let manifests = ["app", "manifests", "guestbook", "--local", &app, "--local-repo-root", &root];
    client.tells(0, &manifests, &["color: blue"]).await;
    client.ends(0, &["app", "sync", "guestbook", "--local", &app, "--timeout", "60"]).await;
    let live = world.get("v1", "ConfigMap", "guestbook", "settings").await.unwrap();
    assert_eq!(live.pointer("/data/color"), Some(&json!("blue")));
    // The client warns that it renders by itself; a difference would be on its standard output.
    let same = client.run(&["app", "diff", "guestbook", "--local", &app]).await.ok();
    assert_eq!(same.stdout.trim(), "");
    client.ends(0, &["app", "sync", "guestbook", "--timeout", "60"]).await;
    client.ends(0, &["app", "wait", "guestbook", "--timeout", "60"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_the_stock_client_by_grpc() {
    if let Some(client) = Client::new(&["--plaintext"]).await {
        Box::pin(story(&client)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_the_stock_client_by_grpc_web() {
    if let Some(client) = Client::new(&["--plaintext", "--grpc-web"]).await {
        Box::pin(story(&client)).await;
    }
}

/// Over TLS the client's first question is whether the server selects HTTP/2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_with_the_stock_client_over_tls() {
    if let Some(client) = Client::new(&["--insecure"]).await {
        Box::pin(story(&client)).await;
    }
}
