//! The example applications that Argo CD's users know, when the corpus is there.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use source::testing::Repository;
use support::{Fixture, at};

fn corpus() -> Option<PathBuf> {
    let beside = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/corpus"));
    let named = std::env::var_os("ARGOSY_CORPUS").map(PathBuf::from);
    named.into_iter().chain([beside]).map(|path| path.join("example-apps")).find(|path| path.is_dir())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_applications_render() {
    let Some(examples) = corpus() else {
        println!("skipped: the corpus of example applications is not there");
        return;
    };
    let repository = Repository::new();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(format!("{}/.", examples.display()))
        .arg(repository.path())
        .status();
    assert!(copied.unwrap().success());
    repository.commit("examples", &[]);
    let fixture = Fixture::new();
    for (path, kind, expected) in [
        ("guestbook", "Directory", vec!["Deployment/guestbook-ui", "Service/guestbook-ui"]),
        ("helm-guestbook", "Helm", vec!["Service/web-helm-guestbook", "Deployment/web-helm-guestbook"]),
        (
            "jsonnet-guestbook",
            "Directory",
            vec!["Service/jsonnet-guestbook-ui", "Deployment/jsonnet-guestbook-ui"],
        ),
        (
            "sync-waves",
            "Directory",
            vec![
                "Job/upgrade-sql-schema*",
                "ReplicaSet/backend",
                "Service/backend",
                "Job/maint-page-up",
                "ReplicaSet/frontend",
                "Service/frontend",
                "Job/maint-page-down",
            ],
        ),
        (
            "kustomize-guestbook",
            "Kustomize",
            vec!["Service/kustomize-guestbook-ui", "Deployment/kustomize-guestbook-ui"],
        ),
        (
            "pre-post-sync",
            "Kustomize",
            vec![
                "Service/pre-post-sync-kustomize-guestbook-ui",
                "Deployment/pre-post-sync-kustomize-guestbook-ui",
                "Job/pre-post-sync-after",
                "Job/pre-post-sync-before",
            ],
        ),
    ] {
        let rendered = fixture
            .render(at(&repository.url(), path))
            .await
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        let names: Vec<_> = rendered
            .objects
            .iter()
            .map(|desired| match desired.object.generate_name() {
                "" => format!("{}/{}", desired.object.kind(), desired.object.name()),
                prefix => format!("{}/{prefix}*", desired.object.kind()),
            })
            .collect();
        assert_eq!(
            (rendered.sources[0].source_type, names),
            (kind, expected.iter().map(ToString::to_string).collect()),
            "{path}"
        );
    }
}
