//! Charts and artifacts from an OCI registry.
#![allow(clippy::unwrap_used)]

use source::testing::Registry;
use source::{Access, ErrorKind, Freshness, Options, Sources, Target};
use tree::TreePath;

#[tokio::test(flavor = "multi_thread")]
async fn charts_come_from_a_registry_by_constraint() {
    let chart =
        |version: &'static str| -> (&'static str, &'static str, &'static [(&'static str, &'static str)]) {
            ("shop", version, &[("Chart.yaml", "name: shop"), ("templates/a.yaml", "a: 1")])
        };
    let registry = Registry::start(&[chart("1.0.0"), chart("1.2.0+build"), chart("2.0.0")]).await;
    let data = tempfile::tempdir().unwrap();
    let sources = Sources::new(Options::new(data.path())).unwrap();
    let access = Access { plain_http: true, enable_oci: true, ..Access::default() };
    let target = |repository: &str, chart: &str, revision: &str| Target {
        repository: repository.into(),
        chart: chart.into(),
        revision: revision.into(),
        tag_prefix: String::new(),
    };
    let repository = format!("{}/charts", registry.host());
    for (revision, resolved) in [("1.x", "1.2.0+build"), ("2.0.0", "2.0.0"), ("<1.1", "1.0.0")] {
        let target = target(&repository, "shop", revision);
        let version = sources.resolve(&target, &access, Freshness::Cached).await.unwrap();
        assert_eq!(version, resolved, "{revision}");
        let opened = sources.open(&target, &version, &access).await.unwrap();
        assert_eq!(
            tree::read_text(&*opened.tree, &TreePath::new("templates/a.yaml").unwrap()).unwrap(),
            "a: 1"
        );
    }
    let artifact = target(&format!("oci://{repository}/shop"), "", "1.x");
    let digest = sources.resolve(&artifact, &access, Freshness::Cached).await.unwrap();
    assert!(digest.starts_with("sha256:"), "{digest}");
    let pulls = registry.pulls();
    let opened = sources.open(&artifact, &digest, &access).await.unwrap();
    assert_eq!(opened.digest, Some(digest));
    assert_eq!(registry.pulls(), pulls, "the chart of that digest is here already");
    let missing = target(&format!("oci://{repository}/nothing"), "", "1.0.0");
    let error = sources.resolve(&missing, &access, Freshness::Cached).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}
