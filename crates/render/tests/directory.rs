//! The directory kind: which files are manifests, how they are read, and what errors say.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use source::testing::Repository;
use support::{Fixture, at, config_map};

fn repository(files: &[(&str, &str)]) -> Repository {
    let repository = Repository::new();
    repository.commit("files", files);
    repository
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_chosen_by_name_and_place() {
    let map = |name: &str| config_map(name, "1");
    let repository = repository(&[
        ("app/b.yaml", &map("b")),
        ("app/a.yml", &map("a")),
        ("app/c.json", r#"{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}"#),
        ("app/notes.txt", "apiVersion: nothing"),
        ("app/skipped.yaml", &format!("# +argocd:skip-file-rendering\n{}", map("skipped"))),
        ("app/sub/d.yaml", &map("d")),
        ("app/sub/deep/e.yaml", &map("e")),
        ("app/values.yaml", "replicas: 3\n"),
        ("app/broken.yaml", "{{ not: yaml"),
    ]);
    let fixture = Fixture::new();
    let url = repository.url();
    for (directory, expected) in [
        (json!({}), vec!["a", "b", "c"]),
        (json!({"recurse": true}), vec!["a", "b", "c", "d", "e"]),
        (json!({"recurse": true, "exclude": "sub/*"}), vec!["a", "b", "c"]),
        (json!({"recurse": true, "include": "{*.yml,sub/deep/*.yaml}"}), vec!["a", "e"]),
        (json!({"recurse": true, "include": "sub/*", "exclude": "*/e.yaml"}), vec!["d"]),
        (json!({"include": "["}), vec![]),
    ] {
        let source = json!({"repoURL": url, "path": "app", "directory": directory});
        let expected: Vec<_> = expected.iter().map(|name| format!("ConfigMap/{name}")).collect();
        let names = fixture.names(source).await.unwrap();
        assert_eq!(names, expected, "{directory}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_lists_become_objects() {
    let several =
        format!("# comment\n---\n{}---\n---\nnull\n---\n{}", config_map("a", "1"), config_map("b", "1"));
    let list = "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: c}}\n- \
                {apiVersion: v1, kind: Secret, metadata: {name: d}}\n";
    let repository = repository(&[
        ("app/1.yaml", &several),
        ("app/2.yaml", list),
        ("app/3.yaml", "apiVersion: v1\nkind: PodList\nitems: null\n"),
        ("app/4.yaml", r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"e"}}"#),
    ]);
    let fixture = Fixture::new();
    let rendered = fixture.render(at(&repository.url(), "app")).await.unwrap();
    let places: Vec<_> = rendered
        .objects
        .iter()
        .map(|desired| format!("{} {}:{}", desired.object.name(), desired.file, desired.line))
        .collect();
    assert_eq!(
        places,
        ["a app/1.yaml:2", "b app/1.yaml:12", "c app/2.yaml:1", "d app/2.yaml:1", "e app/4.yaml:1"]
    );
    let first = &rendered.objects[0].object;
    assert_eq!(
        first.annotation("argocd.argoproj.io/tracking-id"),
        Some("web:/ConfigMap:shop/a"),
        "marked as the application's"
    );
    assert_eq!(rendered.sources[0].source_type, "Directory");
}

#[tokio::test(flavor = "multi_thread")]
async fn jsonnet_programs_give_objects_in_any_nesting() {
    let main = "local lib = import 'lib.libsonnet';\n\
                function(count) [[lib.map(std.extVar('app')), [lib.map('n' + i) for i in std.range(1, count)]], lib.map('last')]";
    let repository = repository(&[
        ("app/main.jsonnet", main),
        (
            "vendor/lib.libsonnet",
            "{ map(name):: {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: name}} }",
        ),
    ]);
    let fixture = Fixture::new();
    let source = json!({"repoURL": repository.url(), "path": "app", "directory": {"jsonnet": {
        "extVars": [{"name": "app", "value": "$ARGOCD_APP_NAME"}],
        "tlas": [{"name": "count", "value": "2", "code": true}],
        "libs": ["vendor"],
    }}});
    let names = fixture.names(source).await.unwrap();
    assert_eq!(names, ["ConfigMap/web", "ConfigMap/n1", "ConfigMap/n2", "ConfigMap/last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_name_repository_file_and_line() {
    let half = format!("{}---\nkey: [1, 2\n", config_map("a", "1"));
    let repository = repository(&[
        ("half/a.yaml", &half),
        ("bad/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: [\n"),
        ("two/a.json", "{\"kind\": \"A\"} {\"kind\": \"B\"}"),
        ("json/a.json", "{\n \"kind\": }"),
        ("jsonnet/a.jsonnet", "{\n  a: error 'no' }"),
        ("scalar/a.jsonnet", "'text'"),
        ("large/a.yaml", &format!("# {}\n", "x".repeat(2000))),
        ("file", "x"),
    ]);
    let fixture = Fixture::with(render::RenderOptions { max_directory_bytes: 1000, ..Default::default() });
    let url = repository.url();
    for (path, expected) in [
        ("half", "half/a.yaml"),
        ("bad", "bad/a.yaml"),
        ("two", "two/a.json:1: Found multiple objects in the file."),
        ("json", "json/a.json:2: expected value"),
        ("jsonnet", "jsonnet/a.jsonnet:2: RUNTIME ERROR: no"),
        ("scalar", "scalar/a.jsonnet:0: a manifest has to be an object, not a string"),
        ("large", "exceeded max combined manifest file size: large/a.yaml makes it more than 1000 bytes"),
        ("file", "file: app path is not a directory"),
        ("nothing", "nothing: app path does not exist"),
        ("../out", "../out: app path outside root"),
        ("/etc", "/etc: app path is absolute"),
    ] {
        let error = fixture.names(at(&url, path)).await.unwrap_err();
        assert!(error.contains(expected) && error.starts_with(&url), "{path}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_kind_follows_overrides_then_the_source_then_the_files() {
    let repository = repository(&[
        ("both/kustomization.yaml", "resources: []"),
        ("both/Chart.yaml", "apiVersion: v2\nname: both\nversion: 1.0.0\n"),
        ("named/a.yaml", &config_map("a", "1")),
        ("named/.argocd-source.yaml", "directory: {recurse: true}\npath: elsewhere\n"),
        ("named/.argocd-source-web.yaml", "directory: {exclude: 'sub/c*'}\n"),
        ("named/sub/b.yaml", &config_map("b", "1")),
        ("named/sub/c.yaml", &config_map("c", "1")),
    ]);
    let fixture = Fixture::new();
    let url = repository.url();
    let named = fixture.names(at(&url, "named")).await.unwrap();
    assert_eq!(named, ["ConfigMap/a", "ConfigMap/b"], "both overrides are merged, the path is not");
    let several = json!({"repoURL": url, "path": "named", "helm": {"releaseName": "x"}, "kustomize": {"namePrefix": "x"}});
    let error = fixture.names(several).await.unwrap_err();
    assert!(error.contains("multiple application sources defined: Kustomize,Helm"), "{error}");
    let mut request = support::request("web", at(&url, "both"));
    request.settings.kustomize = false;
    let rendered = fixture.renderer.render(request).await.unwrap();
    assert_eq!(rendered.sources[0].source_type, "Helm", "with Kustomize turned off");
}
