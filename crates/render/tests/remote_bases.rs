//! Kustomizations that need other repositories: fetched, noted, and not asked for again by a build that is kept.

#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use serde_json::json;
use source::testing::Repository;
use support::{Fixture, config_map};

#[tokio::test]
async fn a_remote_base_is_fetched() {
    let base = Repository::new();
    base.commit(
        "base",
        &[
            ("dir/kustomization.yaml", "resources: [map.yaml]\nnamePrefix: base-\n"),
            ("dir/map.yaml", &config_map("map", "1")),
        ],
    );
    let app = Repository::new();
    let resource = format!("{}//dir", base.url());
    app.commit(
        "app",
        &[("app/kustomization.yaml", &format!("resources: ['{resource}']\nnameSuffix: -app\n"))],
    );
    let fixture = Fixture::new();
    let source = json!({"repoURL": app.url(), "path": "app", "targetRevision": "HEAD"});
    assert_eq!(fixture.names(source.clone()).await.unwrap(), ["ConfigMap/base-map-app"]);
    let rendered = fixture.render(source).await.unwrap();
    assert_eq!(rendered.sources[0].explain.fetched.len(), 1);
}

#[tokio::test]
async fn a_base_that_is_not_there_says_so() {
    let app = Repository::new();
    app.commit("app", &[("app/kustomization.yaml", "resources: ['file:///none/such//dir']\n")]);
    let source = json!({"repoURL": app.url(), "path": "app", "targetRevision": "HEAD"});
    let error = Fixture::new().names(source).await.unwrap_err();
    assert!(error.contains("/none/such"), "{error}");
}
