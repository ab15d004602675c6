//! Charts and artifacts from an OCI registry.
#![allow(clippy::unwrap_used)]

use source::testing::{ChartFiles, Registry, RegistryRules};
use source::{Access, Auth, ErrorKind, Freshness, Options, Sources, Target};
use tree::TreePath;
use types::Secret;

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
    let of = |repository: &str, chart: &str, revision: &str| Target {
        repository: repository.into(),
        chart: chart.into(),
        revision: revision.into(),
        tag_prefix: String::new(),
        pass_credentials: false,
    };
    let repository = format!("{}/charts", registry.host());
    for (revision, resolved) in [("1.x", "1.2.0+build"), ("2.0.0", "2.0.0"), ("<1.1", "1.0.0")] {
        let target = of(&repository, "shop", revision);
        let version = sources.resolve(&target, &access, Freshness::Cached).await.unwrap();
        assert_eq!(version, resolved, "{revision}");
        let opened = sources.open(&target, &version, &access).await.unwrap();
        assert_eq!(
            tree::read_text(&*opened.tree, &TreePath::new("templates/a.yaml").unwrap()).unwrap(),
            "a: 1"
        );
    }
    let artifact = of(&format!("oci://{repository}/shop"), "", "1.x");
    let digest = sources.resolve(&artifact, &access, Freshness::Cached).await.unwrap();
    assert!(digest.starts_with("sha256:"), "{digest}");
    let metadata = sources.oci().metadata(&artifact.repository, &digest, &access).await.unwrap();
    assert_eq!(metadata.version, "1.2.0+build");
    let details = sources.helm().details(&repository, "shop", "1.0.0", &access).await.unwrap();
    assert_eq!(details, types::ChartDetails::default());
    let pulls = registry.pulls();
    let opened = sources.open(&artifact, &digest, &access).await.unwrap();
    assert_eq!(opened.digest, Some(digest));
    assert_eq!(registry.pulls(), pulls, "the chart of that digest is here already");
    let missing = of(&format!("oci://{repository}/nothing"), "", "1.0.0");
    let error = sources.resolve(&missing, &access, Freshness::Cached).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

fn chart(version: &str) -> ChartFiles<'_> {
    ("shop", version, &[("Chart.yaml", "name: shop")])
}

fn target(registry: &Registry, revision: &str) -> Target {
    Target {
        repository: format!("{}/charts", registry.host()),
        chart: "shop".into(),
        revision: revision.into(),
        tag_prefix: String::new(),
        pass_credentials: false,
    }
}

fn sources() -> (Sources, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    (Sources::new(Options::new(data.path())).unwrap(), data)
}

fn plain() -> Access {
    Access { plain_http: true, enable_oci: true, ..Access::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_read_to_the_last_page() {
    let versions: Vec<String> = (0..25).map(|minor| format!("1.{minor}.0")).collect();
    let charts: Vec<_> = versions.iter().map(|version| chart(version)).collect();
    for page in [0, 1, 10, 25] {
        let registry =
            Registry::start_with(&charts, RegistryRules { page, ..RegistryRules::default() }).await;
        let (sources, _data) = sources();
        let found = sources.resolve(&target(&registry, "1.x"), &plain(), Freshness::Now).await;
        assert_eq!(found.as_deref(), Ok("1.24.0"), "pages of {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn registries_give_tokens_for_passwords() {
    let login = Some(("me".to_owned(), "s3cret".to_owned()));
    let registry =
        Registry::start_with(&[chart("1.0.0")], RegistryRules { login, ..RegistryRules::default() }).await;
    let basic = |password: &str| Access {
        auth: Auth::Basic { username: "me".into(), password: Secret::new(password.into()), forced: false },
        ..plain()
    };
    let (sources, _data) = sources();
    let target = target(&registry, "1.x");
    let version = sources.resolve(&target, &basic("s3cret"), Freshness::Now).await.unwrap();
    sources.open(&target, &version, &basic("s3cret")).await.unwrap();
    let record = types::Repository {
        repo: registry.host(),
        r#type: "helm".into(),
        enable_oci: true,
        ..types::Repository::default()
    };
    assert_eq!(sources.probe(&record, &basic("s3cret")).await, Ok(()));
    assert!(sources.probe(&record, &basic("wrong")).await.is_err());
    let with_scheme = types::Repository { repo: format!("http://{}", registry.host()), ..record };
    let error = sources.probe(&with_scheme, &basic("s3cret")).await.unwrap_err();
    assert!(error.to_string().contains("should include hostname and port only"), "{error}");
    for access in [plain(), basic("wrong")] {
        let error = sources.resolve(&target, &access, Freshness::Now).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(!error.to_string().contains("wrong"), "{error}");
        assert!(sources.open(&target, "1.0.0", &access).await.is_err(), "what others fetched is not shown");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn content_is_what_its_digest_says() {
    let rules = RegistryRules { tampered: true, ..RegistryRules::default() };
    let registry = Registry::start_with(&[chart("1.0.0")], rules).await;
    let (sources, _data) = sources();
    let error = sources.open(&target(&registry, "1.0.0"), "1.0.0", &plain()).await.err().unwrap();
    assert!(error.to_string().to_lowercase().contains("digest"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_only_spoken_when_it_was_asked_for() {
    let registry = Registry::start(&[chart("1.0.0")]).await;
    let (sources, _data) = sources();
    let access = Access { plain_http: false, ..plain() };
    let error = sources.resolve(&target(&registry, "1.x"), &access, Freshness::Now).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transient, "{error}");
}
