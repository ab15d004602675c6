//! Argo CD's own client against the server. It is built from `tests/argocd-client` in the repository's root; without
//! it (in `~/.cache/argosy/argocd`, or where `ARGOSY_ARGOCD` says) the tests are skipped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests may fail loudly"
)]

mod common;

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use cluster::{ControlEvent, ControlPlane, Patch};
use common::{PASSWORD, World, application};
use reqwest::Method;
use serde_json::{Value, json};
use server::ServerOptions;
use types::names;

fn client() -> Option<PathBuf> {
    let home = || std::env::home_dir().map(|home| home.join(".cache/argosy/argocd"));
    let path = std::env::var_os("ARGOSY_ARGOCD").map(PathBuf::from).or_else(home)?;
    path.exists().then_some(path)
}

/// The client with a configuration file of its own.
struct Client {
    program: PathBuf,
    config: tempfile::TempDir,
    flags: Vec<&'static str>,
}

impl Client {
    fn new(flags: &[&'static str]) -> Option<Self> {
        let Some(program) = client() else {
            println!("skipped: Argo CD's client is not built; see tests/argocd-client/go.mod");
            return None;
        };
        Some(Self { program, config: tempfile::tempdir().unwrap(), flags: flags.to_vec() })
    }

    /// Runs the client; gives its exit code and what it printed.
    async fn run(&self, arguments: &[&str]) -> (i32, String) {
        let output = tokio::process::Command::new(&self.program)
            .args(arguments)
            .args(&self.flags)
            .arg("--config")
            .arg(self.config.path().join("config"))
            .env("HOME", self.config.path())
            .stdin(Stdio::null())
            .output();
        let output = tokio::time::timeout(Duration::from_secs(60), output)
            .await
            .unwrap_or_else(|_| panic!("argocd {arguments:?} does not end"))
            .unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (output.status.code().unwrap_or(-1), text)
    }

    async fn succeed(&self, arguments: &[&str]) -> String {
        let (code, text) = self.run(arguments).await;
        assert_eq!(code, 0, "argocd {arguments:?}: {text}");
        text
    }
}

/// The commit that everything is synced to.
const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";

/// A stand-in for the application controller: answers refreshes and ends operations at once.
async fn control_loop(control: ControlPlane) {
    let mut events = control.subscribe();
    while let Ok(event) = events.recv().await {
        let ControlEvent::Application(_, application) = event else { continue };
        let key = application.key();
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        if application.metadata.annotations.contains_key(names::ANNOTATION_REFRESH) {
            let patch = json!({
                "metadata": {"annotations": {names::ANNOTATION_REFRESH: null}},
                "status": {"reconciledAt": now, "sync": {"status": "Synced", "revision": REVISION}, "health": {"status": "Healthy"}},
            });
            let _ = control.patch_application(&key, &Patch::Merge(patch)).await;
        } else if let Some(operation) = &application.operation {
            let sync = operation.sync.clone().unwrap_or_default();
            let patch = json!({
                "operation": null,
                "status": {
                    "reconciledAt": now,
                    "operationState": {
                        "operation": operation, "phase": "Succeeded", "message": "successfully synced",
                        "startedAt": now, "finishedAt": now,
                        "syncResult": {"revision": REVISION, "source": sync.source, "resources": []},
                    },
                },
            });
            let _ = control.patch_application(&key, &Patch::Merge(patch)).await;
        }
    }
}

async fn story(world: &World, client: &Client) {
    let server = world.server.address().to_string();
    let loops = tokio::spawn(control_loop(world.control.clone()));
    let login = client.succeed(&["login", &server, "--username", "admin", "--password", PASSWORD]).await;
    assert!(login.contains("'admin:login' logged in successfully"), "{login}");
    let version = client.succeed(&["version", "--short"]).await;
    assert!(version.contains("argocd-server: v3.6.0+argosy"), "{version}");
    let who = client.succeed(&["account", "get-user-info"]).await;
    assert!(who.contains("Username: admin"), "{who}");

    let create = [
        "app",
        "create",
        "guestbook",
        "--repo",
        "https://example.com/a.git",
        "--path",
        "guestbook",
        "--dest-server",
        "https://kubernetes.default.svc",
        "--dest-namespace",
        "default",
        "--label",
        "team=a",
    ];
    assert!(client.succeed(&create).await.contains("application 'guestbook' created"));
    let (code, text) = client
        .run(&[
            "app",
            "create",
            "guestbook",
            "--repo",
            "https://example.com/b.git",
            "--path",
            "x",
            "--dest-server",
            "https://kubernetes.default.svc",
        ])
        .await;
    assert_eq!(code, 20, "{text}");
    assert!(text.contains("use upsert flag"), "{text}");

    let list: Value = serde_json::from_str(&client.succeed(&["app", "list", "-o", "json"]).await).unwrap();
    assert_eq!(list[0]["metadata"]["name"], "guestbook");
    assert_eq!(list[0]["spec"]["source"]["path"], "guestbook");
    assert!(client.succeed(&["app", "list", "-l", "team=b", "-o", "name"]).await.is_empty());

    let get: Value =
        serde_json::from_str(&client.succeed(&["app", "get", "guestbook", "-o", "json", "--refresh"]).await)
            .unwrap();
    assert_eq!(get["status"]["sync"]["revision"], REVISION);
    client.succeed(&["app", "set", "guestbook", "--revision", "v2"]).await;
    let sync = client.succeed(&["app", "sync", "guestbook", "--timeout", "30"]).await;
    assert!(sync.contains("Phase:              Succeeded"), "{sync}");
    client.succeed(&["app", "wait", "guestbook", "--timeout", "30"]).await;
    let wide = client.succeed(&["app", "get", "guestbook"]).await;
    assert!(wide.contains("Sync Status:        Synced to v2 (0123456)"), "{wide}");
    assert!(wide.contains("SyncWindow:         Sync Allowed"), "{wide}");

    let (code, diff) = client.run(&["app", "diff", "guestbook"]).await;
    assert_eq!(code, 1, "{diff}");
    assert!(diff.contains("<   color: red") && diff.contains(">   color: green"), "{diff}");
    let tree = client.succeed(&["app", "get", "guestbook", "-o", "tree"]).await;
    assert!(tree.contains("ConfigMap/settings"), "{tree}");

    for (arguments, wanted) in [
        (&["app", "manifests", "guestbook"][..], "color: green"),
        (&["proj", "list"], "default"),
        (&["proj", "get", "default"], "Allowed Cluster Resources"),
        (&["cluster", "list"], "in-cluster"),
        (&["repo", "list"], "TYPE"),
        (&["appset", "list"], "NAME"),
        (&["cert", "list"], "HOSTNAME"),
        (&["gpg", "list"], "KEYID"),
        (&["account", "list"], "alice"),
        (&["account", "can-i", "sync", "applications", "default/guestbook"], "yes"),
    ] {
        let text = client.succeed(arguments).await;
        assert!(text.contains(wanted), "argocd {arguments:?}: {text}");
    }
    let (code, text) = client.run(&["app", "get", "missing"]).await;
    assert_eq!(code, 20, "{text}");
    assert!(text.contains("PermissionDenied"), "{text}");
    let (code, text) = client.run(&["repo", "add", "https://example.com/x.git"]).await;
    assert_eq!(code, 20, "{text}");
    assert!(text.contains("Unimplemented"), "{text}");
    let deleted = client.succeed(&["app", "delete", "guestbook", "--yes", "--cascade=false"]).await;
    assert!(deleted.contains("deleted"), "{deleted}");
    loops.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn by_plain_grpc() {
    if let Some(client) = Client::new(&["--plaintext"]) {
        story(&World::start().await, &client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_grpc_web() {
    if let Some(client) = Client::new(&["--plaintext", "--grpc-web"]) {
        story(&World::start().await, &client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_tls() {
    if let Some(client) = Client::new(&["--insecure"]) {
        let mut world = World::start().await;
        world.secure().await;
        story(&world, &client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn below_a_root_path() {
    if let Some(client) = Client::new(&["--plaintext", "--grpc-web", "--grpc-web-root-path", "/argo"]) {
        let options = ServerOptions { root_path: "/argo".to_owned(), ..ServerOptions::default() };
        let world = World::start_with(json!({"accounts.alice": "login"}), json!({}), options).await;
        story(&world, &client).await;
        let (status, _) =
            world.call(&world.token, Method::POST, "/api/v1/applications", Some(application("a"))).await;
        assert_eq!(status, 200);
    }
}
