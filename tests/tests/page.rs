//! The web page: its types are those of the server, and a person finds their way through it in a real browser.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that fails ends at once")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "tests tell what they skip")]

use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tests::{Argosy, GitHost, World};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use xtask::{api_types, shell};

/// The control plane's namespace, which is part of the page's addresses.
const NAMESPACE: &str = "argocd-page";

/// What the page believes that the API sends is what the server says that it sends.
#[test]
fn the_types_of_the_page_are_those_of_the_server() {
    let expected = api_types::generate(&server::api_description().unwrap()).unwrap();
    let file = shell::root().join(api_types::FILE);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, &expected).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == expected,
        "{} is not what the server describes; run:\n  UPDATE_EXPECT=1 cargo test -p argosy-tests --test page the_types",
        api_types::FILE
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_finds_their_way_through_the_page() {
    let folder = shell::root().join("ui");
    if let Some(reason) = missing(&folder) {
        println!("skipped: the page is not tested in a browser: {reason}");
        return;
    }
    let world = World::sandbox().await;
    let git = GitHost::start(&[
        ("web/deployment.yaml", &deployment("web", "nginx:1.29")),
        ("web/service.yaml", &service("web")),
        ("web/pages.yaml", &settings("pages", "title", "Welcome")),
        ("shop/deployment.yaml", &deployment("shop", "shop:4.2")),
        ("shop/service.yaml", &service("shop")),
        ("shop/settings.yaml", &settings("settings", "currency", "EUR")),
        ("blog/deployment.yaml", &deployment("blog", "blog:2.0")),
        ("orders/deployment.yaml", &deployment("orders", "orders:1.7")),
    ])
    .await;
    let argosy = Argosy::start(&world, NAMESPACE).await;

    let mut script = tokio::process::Command::new("node")
        .args(["e2e/page.mjs", argosy.url(), "admin", argosy.password()])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut answers = script.stdin.take().unwrap();
    let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
    let mut last = String::new();
    while let Some(line) = lines.next_line().await.unwrap() {
        println!("{line}");
        if let Some(wish) = line.strip_prefix("please: ") {
            grant(&world, &git, wish).await;
            answers.write_all(b"done\n").await.unwrap();
        }
        last = line;
    }
    let status = script.wait().await.unwrap();
    assert!(status.success() && last == "done", "the page failed after: {last}");
}

/// Why the page cannot be tested here.
fn missing(folder: &Path) -> Option<&'static str> {
    let browsers = ["chromium", "chromium-browser", "google-chrome"];
    if !shell::is_installed("node") {
        return Some("Node.js is not installed");
    }
    if !browsers.iter().any(|browser| shell::is_installed(browser)) {
        return Some("Chromium is not installed");
    }
    if !folder.join("node_modules/playwright-core").is_dir() {
        return Some("the page's packages are not installed: cd ui && npm ci");
    }
    (!folder.join("dist/index.html").is_file()).then_some("the page is not built: cargo xtask ui")
}

/// Does what the person in front of the page does elsewhere.
async fn grant(world: &World, git: &GitHost, wish: &str) {
    match wish {
        "apply the applications" => {
            for name in ["web", "shop", "blog", "orders"] {
                world.apply(&application(git, name)).await;
            }
        }
        "change the map of shop by hand" => {
            let by_hand = json!({"data": {"currency": "USD"}});
            world.merge("v1", "ConfigMap", "shop", "settings", &by_hand).await;
        }
        "scale web to three" => {
            let three = json!({"spec": {"replicas": 3}});
            world.merge("apps/v1", "Deployment", "web", "web", &three).await;
        }
        "delete shop" => delete(world, "shop").await,
        "delete blog" => delete(world, "blog").await,
        other => panic!("the script asks for something unknown: {other}"),
    }
}

async fn delete(world: &World, name: &str) {
    world.delete("argoproj.io/v1alpha1", "Application", NAMESPACE, name).await;
}

/// An Application that is synced by itself, but whose drift stays.
fn application(git: &GitHost, name: &str) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "project": "default",
            "source": {"repoURL": git.url(), "path": name, "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "syncPolicy": {"automated": {"prune": true}, "syncOptions": ["CreateNamespace=true"]},
        },
    })
}

fn deployment(name: &str, image: &str) -> String {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": name, "image": image}]},
            },
        },
    })
    .to_string()
}

fn service(name: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80}]},
    })
    .to_string()
}

fn settings(name: &str, key: &str, value: &str) -> String {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {key: value}})
        .to_string()
}
