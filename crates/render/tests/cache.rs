//! What a commit costs: only what read a changed path is rendered again.
#![allow(clippy::unwrap_used)]

mod support;

use std::time::Instant;

use render::{Origin, RenderOptions};
use serde_json::json;
use source::testing::{GitServer, Repository};
use support::{Fixture, at, config_map, request};

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_to_one_of_a_thousand_applications_costs_one_render() {
    const COUNT: usize = 1000;
    let repository = Repository::new();
    for app in 0..COUNT {
        repository.write(&format!("apps/app-{app}/map.yaml"), &config_map("map", "1"));
    }
    repository.commit("all", &[]);
    let server = GitServer::start(repository.path()).await;
    let url = server.url(".git");
    let fixture = Fixture::new();
    let render_all = || async {
        let begun = Instant::now();
        let tasks: Vec<_> = (0..COUNT)
            .map(|app| {
                let renderer = fixture.renderer.clone();
                let mut request = request(&format!("app-{app}"), at(&url, &format!("apps/app-{app}")));
                request.refresh_revisions = false;
                tokio::spawn(async move { renderer.render(request).await.unwrap() })
            })
            .collect();
        let mut cached = 0;
        for task in tasks {
            cached += usize::from(task.await.unwrap().sources[0].cached);
        }
        println!("{COUNT} applications, {cached} from the cache, in {:?}", begun.elapsed());
        cached
    };
    assert_eq!(render_all().await, 0);
    assert_eq!(fixture.renderer.metrics().renders, COUNT as u64);

    repository.commit("one file", &[("apps/app-7/map.yaml", &config_map("map", "2"))]);
    fixture.renderer.sources().invalidate(&url);
    assert_eq!(render_all().await, COUNT - 1);
    let metrics = fixture.renderer.metrics();
    assert_eq!(metrics.renders, COUNT as u64 + 1, "exactly one render more");
    assert_eq!(metrics.renders_by_application["app-7"], 2);
    let activity = fixture.renderer.sources().git().activity();
    assert_eq!((activity.listings, activity.fetches), (2, 2), "asked and fetched once for each state");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_says_why_it_was_rendered() {
    let repository = Repository::new();
    repository.commit("first", &[("app/a.yaml", &config_map("a", "1")), ("README", "1")]);
    let fixture = Fixture::new();
    let source = at(&repository.url(), "app");
    let explain = async |source: &serde_json::Value| {
        fixture.render(source.clone()).await.unwrap().sources[0].explain.clone()
    };
    assert_eq!(explain(&source).await.origin, Origin::First);
    repository.commit("elsewhere", &[("README", "2")]);
    let unchanged = explain(&source).await;
    assert_eq!(unchanged.origin, Origin::Unchanged);
    assert!(unchanged.read.iter().any(|read| read.to_string() == "app"), "{:?}", unchanged.read);
    repository.commit("an override appears", &[("app/.argocd-source.yaml", "directory: {exclude: 'a*'}")]);
    assert!(matches!(explain(&source).await.origin, Origin::Changed(_)));
    assert_eq!(fixture.names(source.clone()).await.unwrap(), Vec::<String>::new());
    let mut forced = request("web", source.clone());
    forced.no_cache = true;
    let rendered = fixture.renderer.render(forced).await.unwrap();
    assert_eq!(rendered.sources[0].explain.origin, Origin::Forced);
    let mut elsewhere = request("web", source.clone());
    elsewhere.destination_namespace = "other".to_owned();
    let rendered = fixture.renderer.render(elsewhere).await.unwrap();
    assert_eq!(rendered.sources[0].explain.origin, Origin::Inputs(vec!["namespace".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_uses_the_commit_depends_on_it() {
    let repository = Repository::new();
    let main = "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: std.extVar('commit')}}";
    let first = repository.commit("first", &[("app/a.jsonnet", main), ("README", "1")]);
    let fixture = Fixture::new();
    let source = json!({"repoURL": repository.url(), "path": "app", "directory": {"jsonnet": {
        "extVars": [{"name": "commit", "value": "$ARGOCD_APP_REVISION"}]}}});
    assert_eq!(fixture.names(source.clone()).await.unwrap(), [format!("ConfigMap/{first}")]);
    let second = repository.commit("elsewhere", &[("README", "2")]);
    let rendered = fixture.render(source).await.unwrap();
    assert_eq!(rendered.objects[0].object.name(), second);
    assert_eq!(rendered.sources[0].explain.origin, Origin::Variable("ARGOCD_APP_REVISION".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_renders_at_one_time_are_made_once() {
    let repository = Repository::new();
    repository.commit("first", &[("app/a.yaml", &config_map("a", "1"))]);
    let fixture = Fixture::new();
    let source = at(&repository.url(), "app");
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (renderer, request) = (fixture.renderer.clone(), request("web", source.clone()));
            tokio::spawn(async move { renderer.render(request).await.unwrap().objects.len() })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap(), 1);
    }
    assert_eq!(fixture.renderer.metrics().renders, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_program_is_given_up_and_others_go_on() {
    let repository = Repository::new();
    repository.commit(
        "endless",
        &[
            // Long, but not for ever: the thread has to end with the test.
            ("endless/a.jsonnet", "std.foldl(function(a, b) a + b, std.range(1, 3000000), 0)"),
            ("app/a.yaml", &config_map("a", "1")),
        ],
    );
    let options = RenderOptions { deadline: std::time::Duration::from_millis(300), ..Default::default() };
    let fixture = Fixture::with(options);
    let error = fixture.render(at(&repository.url(), "endless")).await.unwrap_err();
    assert!(error.to_string().contains("given up") && error.is_transient(), "{error}");
    assert_eq!(fixture.renderer.metrics().stuck, 1);
    assert_eq!(fixture.names(at(&repository.url(), "app")).await.unwrap(), ["ConfigMap/a"]);
}
