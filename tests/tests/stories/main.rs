//! The stories, told on the sandbox and on the real control plane. Each reads like a page of the manual.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story that fails ends at once")]

mod administer;
mod breakage;
mod core_mode;
mod deliver;
mod examples;
mod faults;
mod local;
mod manifests;
mod objects;
mod operate;
mod policies;
mod tls;
mod verbs;
mod webhook;

use std::future::Future;
use std::process::Command;

use serde_json::{Value, json};
use tests::{Argosy, CoreCommandLine, GitHost, Kind, World};

/// Runs a story on a world of its own.
fn tell<F: Future<Output = ()>>(kind: Kind, story: impl FnOnce(World) -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let world = World::start(kind).await;
        Box::pin(story(world)).await;
    });
    runtime.shutdown_background();
}

/// Declares tests for stories: each on the sandbox, and all of a module on one real control plane, which takes long to
/// start and is shared therefore.
macro_rules! stories {
    ($($story:ident),* $(,)?) => {
        mod sandbox {
            $(#[test]
            fn $story() {
                crate::tell(tests::Kind::Sandbox, async |world| super::$story(&world).await);
            })*
        }
        mod real {
            #[test]
            fn all_stories() {
                crate::tell(tests::Kind::Real, async |world| {
                    $(println!("story: {}", stringify!($story));
                    Box::pin(super::$story(&world)).await;)*
                });
            }
        }
    };
}
pub(crate) use stories;

/// A ConfigMap as text.
pub(crate) fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  value: \"{value}\"\n")
}

/// A Deployment as text.
pub(crate) fn deployment(name: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  replicas: {replicas}\n  selector:\n    \
         matchLabels: {{app: {name}}}\n  template:\n    metadata:\n      labels: {{app: {name}}}\n    spec:\n      \
         containers:\n        - name: main\n          image: nginx:1.29\n"
    )
}

/// An Application that reads a folder of a repository into a namespace of its own name.
pub(crate) fn application(control: &str, name: &str, git: &GitHost, path: &str, policy: &Value) -> Value {
    json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": name, "namespace": control},
        "spec": {
            "project": "default",
            "source": {"repoURL": git.url(), "path": path, "targetRevision": "HEAD"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": name},
            "syncPolicy": policy,
        },
    })
}

/// Synced by itself, with everything.
pub(crate) fn automated() -> Value {
    json!({"automated": {"prune": true, "selfHeal": true}, "syncOptions": ["CreateNamespace=true"]})
}

/// Synced only when asked.
pub(crate) fn manual() -> Value {
    json!({"syncOptions": ["CreateNamespace=true"]})
}

/// Runs the same with an API server and without one.
pub(crate) async fn both_ways(
    world: &World,
    argosy: &Argosy,
    story: impl AsyncFn(&dyn Fn(&[&str]) -> Command, &str),
) {
    let core = CoreCommandLine::new(world, argosy.namespace());
    story(&|arguments| argosy.prepared(arguments), "with").await;
    story(&|arguments| core.prepared(&[arguments, &["--core"]].concat()), "without").await;
}
