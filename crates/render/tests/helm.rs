//! Helm sources: options, value files in this and other repositories, dependencies, charts of repositories.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use source::testing::{ChartServer, GitServer, Repository};
use support::{Fixture, at, request};

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.2.3\n";
const TEMPLATE: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  namespace: {{ .Release.Namespace }}
data:
  color: {{ .Values.color | quote }}
  size: {{ .Values.size | quote }}
  list: {{ .Values.list | toJson | quote }}
  file: {{ .Values.file | default \"\" | quote }}
  kube: {{ .Capabilities.KubeVersion.Version }}
  apps: {{ .Capabilities.APIVersions.Has \"example.com/v1\" | quote }}
";

fn chart() -> Repository {
    let repository = Repository::new();
    repository.commit(
        "chart",
        &[
            ("chart/Chart.yaml", CHART),
            ("chart/values.yaml", "color: default\nsize: 1\nlist: []\n"),
            ("chart/templates/map.yaml", TEMPLATE),
            ("chart/env/a.yaml", "color: a\n"),
            ("chart/env/b.yaml", "color: b\n"),
            ("values/root.yaml", "color: root\n"),
            ("note.txt", "hello, world"),
        ],
    );
    repository
}

fn data(objects: &[Value]) -> &Value {
    &objects[0]["data"]
}

#[tokio::test(flavor = "multi_thread")]
async fn options_are_merged_in_argo_cds_order() {
    let repository = chart();
    let fixture = Fixture::new();
    let url = repository.url();
    for (helm, key, expected) in [
        (json!({}), "color", "default"),
        (json!({"valueFiles": ["env/a.yaml"]}), "color", "a"),
        (json!({"valueFiles": ["/values/root.yaml", "../values/root.yaml"]}), "color", "root"),
        (json!({"valueFiles": ["env/*.yaml"]}), "color", "b"),
        (json!({"valueFiles": ["env/b.yaml", "env/*.yaml"]}), "color", "a"),
        (
            json!({"valueFiles": ["env/missing.yaml", "env/a.yaml"], "ignoreMissingValueFiles": true}),
            "color",
            "a",
        ),
        (json!({"valueFiles": ["env/a.yaml"], "values": "color: text"}), "color", "text"),
        (json!({"values": "color: text", "valuesObject": {"color": "object"}}), "color", "object"),
        (
            json!({"valuesObject": {"color": "object"}, "parameters": [{"name": "color", "value": "x"}]}),
            "color",
            "x",
        ),
        (json!({"parameters": [{"name": "color", "value": "$ARGOCD_APP_NAME"}]}), "color", "web"),
        (json!({"parameters": [{"name": "color", "value": "a,b"}]}), "color", "a,b"),
        (json!({"parameters": [{"name": "list", "value": "{a,b}"}]}), "list", "[\"a\",\"b\"]"),
        (json!({"fileParameters": [{"name": "file", "path": "/note.txt"}]}), "file", "hello, world"),
        (json!({"kubeVersion": "1.30.1-vendor"}), "kube", "v1.30.1"),
        (json!({"apiVersions": ["example.com/v1"]}), "apps", "true"),
    ] {
        let source = json!({"repoURL": url, "path": "chart", "helm": helm});
        let objects = fixture.objects(source).await.unwrap_or_else(|error| panic!("{helm}: {error}"));
        assert_eq!(data(&objects)[key], expected, "{helm}");
    }
    let named =
        json!({"repoURL": url, "path": "chart", "helm": {"releaseName": "mine", "namespace": "other"}});
    let objects = fixture.objects(named).await.unwrap();
    assert_eq!(objects[0]["metadata"]["name"], "mine");
    assert_eq!(objects[0]["metadata"]["namespace"], "other");
    for (helm, expected) in [
        (
            json!({"valueFiles": ["env/missing.yaml"]}),
            "open chart/env/missing.yaml: no such file or directory",
        ),
        (json!({"valueFiles": ["nothing/*.yaml"]}), "values file glob \"nothing/*.yaml\" matched no files"),
        (json!({"valueFiles": ["../../out.yaml"]}), "leads out of the repository"),
        (json!({"valueFiles": ["ftp://example.com/a.yaml"]}), "the URL scheme 'ftp' is not allowed"),
        (json!({"valueFiles": ["$other/a.yaml"]}), "no source has a 'ref' field defined"),
        (json!({"version": "v2"}), "helm version 'v2' is not supported"),
        (json!({"values": "a: ["}), "values"),
    ] {
        let source = json!({"repoURL": url, "path": "chart", "helm": helm});
        let error = fixture.objects(source).await.unwrap_err();
        assert!(error.contains(expected), "{helm}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn value_files_come_from_another_source_and_only_those_matter() {
    let charts = chart();
    let values = Repository::new();
    values.commit("values", &[("prod/web.yaml", "color: blue\n"), ("prod/api.yaml", "color: red\n")]);
    let fixture = Fixture::new();
    let sources = json!([
        {"repoURL": charts.url(), "path": "chart", "helm": {"valueFiles": ["$values/prod/$ARGOCD_APP_NAME.yaml"]}},
        {"repoURL": values.url(), "ref": "values", "targetRevision": "main"},
    ]);
    let objects = fixture.objects(sources.clone()).await.unwrap();
    assert_eq!(data(&objects)["color"], "blue");
    values.commit("another application's values", &[("prod/api.yaml", "color: green\n")]);
    let rendered = fixture.render(sources.clone()).await.unwrap();
    assert!(rendered.sources[0].cached, "{:?}", rendered.sources[0].explain);
    assert_eq!(rendered.sources[1].source_type, "");
    values.commit("its own values", &[("prod/web.yaml", "color: black\n")]);
    let rendered = fixture.render(sources).await.unwrap();
    assert!(!rendered.sources[0].cached);
    assert_eq!(rendered.objects[0].object.get_str(&["data", "color"]), Some("black"));
    let unknown = json!([
        {"repoURL": charts.url(), "path": "chart", "helm": {"valueFiles": ["$wrong/a.yaml"]}},
        {"repoURL": values.url(), "ref": "values"},
    ]);
    let error = fixture.objects(unknown).await.unwrap_err();
    assert!(error.contains("source 1 of 2") && error.contains("($values)"), "{error}");
    let twice = json!([
        {"repoURL": charts.url(), "path": "chart", "helm": {"valueFiles": ["$a/prod/web.yaml", "$b/prod/web.yaml"]}},
        {"repoURL": values.url(), "ref": "a"},
        {"repoURL": values.url(), "ref": "b", "targetRevision": "HEAD~1"},
    ]);
    assert!(fixture.objects(twice).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_charts_are_parsed_once_and_changes_are_seen() {
    let repository = chart();
    let fixture = Fixture::new();
    let before = fixture.objects(at(&repository.url(), "chart")).await.unwrap();
    assert_eq!(data(&before)["color"], "default");
    repository.commit("values", &[("chart/values.yaml", "color: changed\nsize: 2\n")]);
    let after = fixture.objects(at(&repository.url(), "chart")).await.unwrap();
    assert_eq!(data(&after)["color"], "changed");
    repository.commit("unrelated", &[("note.txt", "x")]);
    let rendered = fixture.render(at(&repository.url(), "chart")).await.unwrap();
    assert!(rendered.sources[0].cached);
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_come_from_a_repository_by_constraint() {
    let server = ChartServer::start(&[
        (
            "shop",
            "1.0.0",
            &[
                ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
                ("templates/map.yaml", TEMPLATE),
            ],
        ),
        (
            "shop",
            "1.4.0",
            &[
                ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.4.0\n"),
                ("templates/map.yaml", TEMPLATE),
            ],
        ),
        (
            "shop",
            "2.0.0",
            &[
                ("Chart.yaml", "apiVersion: v2\nname: shop\nversion: 2.0.0\n"),
                ("templates/map.yaml", TEMPLATE),
            ],
        ),
    ])
    .await;
    let fixture = Fixture::new();
    let source = |revision: &str| {
        json!({"repoURL": server.url(), "chart": "shop", "targetRevision": revision,
        "helm": {"valuesObject": {"color": "x", "size": 1, "list": []}}})
    };
    for (revision, resolved) in [("1.x", "1.4.0"), ("*", "2.0.0"), ("1.0.0", "1.0.0")] {
        let rendered = fixture.render(source(revision)).await.unwrap();
        assert_eq!(rendered.sources[0].revision, resolved, "{revision}");
        assert_eq!(rendered.objects[0].object.name(), "web");
        assert_eq!(rendered.sources[0].source_type, "Helm");
    }
    for (revision, expected) in [("3.x", "invalid revision"), ("9.9.9", "not among its 3 versions")] {
        let error = fixture.objects(source(revision)).await.unwrap_err();
        assert!(error.contains(expected), "{revision}: {error}");
    }
    let downloads = server.downloads();
    let mut again = request("other", source("1.x"));
    again.refresh_revisions = false;
    fixture.renderer.render(again).await.unwrap();
    assert_eq!(server.downloads(), downloads, "the chart is shared by all applications");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_dependencies_are_fetched() {
    let dependency = "apiVersion: v1\nkind: Secret\nmetadata: {name: cache}\n";
    let server = ChartServer::start(&[(
        "cache",
        "0.3.1",
        &[
            ("Chart.yaml", "apiVersion: v2\nname: cache\nversion: 0.3.1\n"),
            ("templates/secret.yaml", dependency),
        ],
    )])
    .await;
    let declared = format!(
        "{CHART}dependencies:\n- {{name: cache, version: 0.x, repository: \"{}\"}}\n- {{name: local, version: 0.x, repository: \"file://../local\"}}\n",
        server.url()
    );
    let repository = Repository::new();
    repository.commit(
        "chart",
        &[
            ("chart/Chart.yaml", &declared),
            ("local/Chart.yaml", "apiVersion: v2\nname: local\nversion: 0.1.0\n"),
            ("local/templates/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: local}\n"),
        ],
    );
    let git = GitServer::start(repository.path()).await;
    let fixture = Fixture::new();
    let mut names = fixture.names(at(&git.url(".git"), "chart")).await.unwrap();
    names.sort();
    assert_eq!(names, ["ConfigMap/local", "Secret/cache"]);
    assert_eq!(fixture.renderer.metrics().renders, 1);
}
