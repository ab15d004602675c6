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
    records(world, client).await;
    let deleted = client.succeed(&["app", "delete", "guestbook", "--yes", "--cascade=false"]).await;
    assert!(deleted.contains("deleted"), "{deleted}");
    loops.abort();
}

/// Repositories, credentials and projects come and go, in Secrets of Argo CD's form.
async fn records(world: &World, client: &Client) {
    let url = "https://example.com/x.git";
    let add = ["repo", "add", url, "--username", "me", "--password", "hunter2"];
    assert!(client.succeed(&add).await.contains("Repository 'https://example.com/x.git' added"));
    let listed = client.succeed(&["repo", "list"]).await;
    assert!(listed.contains(url) && listed.contains("Successful") && !listed.contains("hunter2"), "{listed}");
    let (code, text) = client.run(&["repo", "add", url, "--username", "other", "--password", "x"]).await;
    assert_eq!(code, 20, "{text}");
    assert!(text.contains("use upsert flag"), "{text}");
    client.succeed(&["repo", "add", url, "--username", "other", "--password", "x", "--upsert"]).await;
    let repositories = world.control.repositories();
    let known = repositories.iter().find(|known| known.repo == url).unwrap();
    assert_eq!((known.username.as_str(), known.password.expose().as_str()), ("other", "x"));
    let (code, text) = client.run(&["repo", "add", "https://nowhere.example/x.git"]).await;
    assert_eq!(code, 20, "{text}");
    assert!(text.contains("there is no such host"), "{text}");
    assert!(client.succeed(&["repo", "rm", url]).await.contains("removed"));
    assert!(!client.succeed(&["repo", "list"]).await.contains(url));

    let prefix = "https://example.com/team/";
    let add = ["repocreds", "add", prefix, "--username", "me", "--password", "hunter2"];
    assert!(
        client.succeed(&add).await.contains("Repository credentials for 'https://example.com/team/' added")
    );
    assert!(client.succeed(&["repocreds", "list"]).await.contains(prefix));
    client.succeed(&["repocreds", "rm", prefix]).await;
    assert!(world.control.repository_credentials().is_empty());

    let create = [
        "proj",
        "create",
        "team",
        "-d",
        "https://kubernetes.default.svc,team",
        "-s",
        "https://example.com/apps",
    ];
    client.succeed(&create).await;
    client.succeed(&["proj", "add-source", "team", "https://example.com/more"]).await;
    client.succeed(&["proj", "role", "create", "team", "ci"]).await;
    client.succeed(&["proj", "role", "add-policy", "team", "ci", "-a", "get", "-o", "*"]).await;
    let token = client.succeed(&["proj", "role", "create-token", "team", "ci", "--token-only"]).await;
    let (status, who) = world.call(token.trim(), Method::GET, "/api/v1/session/userinfo", None).await;
    assert_eq!((status.as_u16(), &who["username"]), (200, &json!("proj:team:ci")), "{who}");
    let project = world.control.project("team").unwrap();
    assert_eq!(project.spec.source_repos, ["https://example.com/apps", "https://example.com/more"]);
    assert_eq!(project.status.jwt_tokens_by_role["ci"].items.len(), 1);
    client.succeed(&["proj", "delete", "team"]).await;
    let (code, text) = client.run(&["proj", "delete", "default"]).await;
    assert_eq!(code, 20, "{text}");
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
