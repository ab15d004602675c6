//! Kustomize sources: the application's edits, and bases elsewhere in the repository.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use source::testing::Repository;
use support::{Fixture, at, config_map};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'nginx:1'}]}
";

fn repository() -> Repository {
    let repository = Repository::new();
    repository.commit(
        "kustomization",
        &[
            ("base/kustomization.yaml", "resources: [web.yaml]\n"),
            ("base/web.yaml", DEPLOYMENT),
            ("base/README.md", "1"),
            ("overlay/kustomization.yaml", "resources: [../base]\nnamePrefix: prod-\n"),
            (
                "part/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [map.yaml]\n",
            ),
            ("part/map.yaml", &config_map("part", "1")),
        ],
    );
    repository
}

#[tokio::test(flavor = "multi_thread")]
async fn the_applications_options_are_edits() {
    let repository = repository();
    let fixture = Fixture::new();
    for (options, pointer, expected) in [
        (json!({}), "/metadata/name", json!("prod-web")),
        (json!({"namePrefix": "test-"}), "/metadata/name", json!("test-web")),
        (json!({"nameSuffix": "-x"}), "/metadata/name", json!("prod-web-x")),
        (json!({"namespace": "shop"}), "/metadata/namespace", json!("shop")),
        (json!({"images": ["nginx:2"]}), "/spec/template/spec/containers/0/image", json!("nginx:2")),
        (
            json!({"images": ["nginx=mirror/nginx@sha256:1"]}),
            "/spec/template/spec/containers/0/image",
            json!("mirror/nginx@sha256:1"),
        ),
        (json!({"replicas": [{"name": "web", "count": "3"}]}), "/spec/replicas", json!(3)),
        (json!({"commonLabels": {"a": "$ARGOCD_APP_NAME"}}), "/spec/selector/matchLabels/a", json!("web")),
        (
            json!({"commonLabels": {"a": "b"}, "labelWithoutSelector": true}),
            "/spec/selector/matchLabels",
            json!({"app": "web"}),
        ),
        (
            json!({"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}}),
            "/metadata/annotations/a",
            json!("$ARGOCD_APP_NAME"),
        ),
        (
            json!({"commonAnnotations": {"a": "$ARGOCD_APP_NAME"}, "commonAnnotationsEnvsubst": true}),
            "/metadata/annotations/a",
            json!("web"),
        ),
        (
            json!({"patches": [{"target": {"kind": "Deployment"}, "patch": "- {op: replace, path: /spec/replicas, value: 7}"}]}),
            "/spec/replicas",
            json!(7),
        ),
    ] {
        let source = json!({"repoURL": repository.url(), "path": "overlay", "kustomize": options});
        let objects = fixture.objects(source).await.unwrap_or_else(|error| panic!("{options}: {error}"));
        assert_eq!(objects[0].pointer(pointer), Some(&expected), "{options}: {}", objects[0]);
    }
    let part = json!({"components": ["../part", "../missing"], "ignoreMissingComponents": true});
    let source = json!({"repoURL": repository.url(), "path": "overlay", "kustomize": part});
    let mut names = fixture.names(source).await.unwrap();
    names.sort();
    assert_eq!(names, ["ConfigMap/prod-part", "Deployment/prod-web"]);
    for (options, expected) in [
        (json!({"replicas": [{"name": "web", "count": "many"}]}), "expected integer value for count"),
        (json!({"images": ["nginx"]}), "invalid image \"nginx\""),
        (json!({"namespace": "No"}), "no namespace name"),
        (
            json!({"labelIncludeTemplates": true, "commonLabels": {"a": "b"}}),
            "labelIncludeTemplates needs labelWithoutSelector",
        ),
    ] {
        let source = json!({"repoURL": repository.url(), "path": "overlay", "kustomize": options});
        let error = fixture.objects(source).await.unwrap_err();
        assert!(error.contains(expected), "{options}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_files_that_were_read_matter() {
    let repository = repository();
    let fixture = Fixture::new();
    let source = at(&repository.url(), "overlay");
    fixture.render(source.clone()).await.unwrap();
    repository.commit("not read", &[("base/README.md", "2"), ("overlay/notes.txt", "x")]);
    let rendered = fixture.render(source.clone()).await.unwrap();
    assert!(rendered.sources[0].cached, "{:?}", rendered.sources[0].explain);
    repository.commit("the base", &[("base/web.yaml", &DEPLOYMENT.replace("nginx:1", "nginx:9"))]);
    let rendered = fixture.render(source).await.unwrap();
    assert!(!rendered.sources[0].cached);
}
