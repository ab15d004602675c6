//! Several sources of one application: what may be referred to, and what cannot be reached.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use source::testing::{ChartServer, Repository};
use support::{Fixture, config_map};

const CHART: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";
const TEMPLATE: &str = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata: {color: '{{ .Values.color }}', text: {{ .Values.text | quote }}}\n";

struct World {
    charts: Repository,
    values: Repository,
}

fn world() -> World {
    let (charts, values) = (Repository::new(), Repository::new());
    charts.commit(
        "chart",
        &[
            ("secret.yaml", "color: root"),
            ("chart/Chart.yaml", CHART),
            ("chart/values.yaml", "color: default\ntext: ''\n"),
            ("chart/templates/a.yaml", TEMPLATE),
        ],
    );
    std::os::unix::fs::symlink("/etc/passwd", values.path().join("passwd")).unwrap();
    std::os::unix::fs::symlink("../../etc/passwd", values.path().join("up")).unwrap();
    std::os::unix::fs::symlink("prod/web.yaml", values.path().join("link.yaml")).unwrap();
    values.commit(
        "values",
        &[
            ("prod/web.yaml", "color: blue\n"),
            ("prod/%2e%2e/secret.yaml", "color: encoded\n"),
            ("prod/note.txt", "from afar"),
            ("manifests/map.yaml", &config_map("own", "1")),
        ],
    );
    World { charts, values }
}

/// The color of the chart's ConfigMap when it is rendered with Helm options beside the source `values`.
async fn color(world: &World, helm: Value) -> Result<Value, String> {
    let sources = json!([
        {"repoURL": world.charts.url(), "path": "chart", "helm": helm},
        {"repoURL": world.values.url(), "ref": "values"},
    ]);
    Ok(Fixture::new().objects(sources).await?[0]["data"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn value_files_of_another_source_never_lead_out_of_it() {
    let world = world();
    for (entry, expected) in [
        ("$values/prod/web.yaml", Ok("blue")),
        ("$values/./prod//web.yaml", Ok("blue")),
        ("$values/prod/../prod/web.yaml", Ok("blue")),
        ("$values/prod/*.yaml", Ok("blue")),
        ("$values/**/web.yaml", Ok("blue")),
        ("$values/link.yaml", Ok("blue")),
        // Nothing is decoded: this is a directory with an odd name.
        ("$values/prod/%2e%2e/secret.yaml", Ok("encoded")),
        ("$values/../chart/values.yaml", Err("leads out of the repository")),
        ("$values/prod/../../secret.yaml", Err("leads out of the repository")),
        ("$values/passwd", Err("it is absolute")),
        ("$values/up", Err("it leads out of the repository")),
        ("$values//etc/passwd", Err("no such file or directory")),
        ("$values/prod\\..\\x", Err("has a character that no path may have")),
        ("$values/nothing.yaml", Err("no such file or directory")),
        ("$values", Err("no such file or directory")),
        ("$other/prod/web.yaml", Err("which is not one of the available sources ($values)")),
        // In the chart's own repository a name of a source in the middle means nothing.
        ("x$values/prod/web.yaml", Err("no such file or directory")),
        ("../../outside.yaml", Err("leads out of the repository")),
        ("/../outside.yaml", Err("leads out of the repository")),
        ("/secret.yaml", Ok("root")),
        ("..", Err("is the repository's root")),
    ] {
        let found = color(&world, json!({"valueFiles": [entry]})).await.map(|data| data["color"].clone());
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{entry}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{entry}: {error}"),
            (found, expected) => panic!("{entry}: {found:?} in place of {expected:?}"),
        }
    }
    let parameter = |path: &str| json!({"fileParameters": [{"name": "text", "path": path}]});
    assert_eq!(color(&world, parameter("$values/prod/note.txt")).await.unwrap()["text"], "from afar");
    for path in ["$values/../x", "$values/passwd", "$values/up"] {
        assert!(color(&world, parameter(path)).await.is_err(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_rendered_in_order_and_may_be_referred_to_as_well() {
    let world = world();
    let server =
        ChartServer::start(&[("c", "1.0.0", &[("Chart.yaml", CHART), ("templates/a.yaml", TEMPLATE)])]).await;
    let fixture = Fixture::new();
    let (charts, values) = (world.charts.url(), world.values.url());
    let chart = |files: Value| json!({"repoURL": charts, "path": "chart", "helm": {"valueFiles": files}});
    for (sources, expected) in [
        // A source with a reference name and a path is both.
        (
            json!([chart(json!(["$values/prod/web.yaml"])), {"repoURL": values, "ref": "values", "path": "manifests"}]),
            Ok(vec!["ConfigMap/c", "ConfigMap/own"]),
        ),
        (
            json!([{"repoURL": values, "path": "manifests"}, chart(json!([]))]),
            Ok(vec!["ConfigMap/own", "ConfigMap/c"]),
        ),
        // Without path and chart nothing is rendered.
        (json!([chart(json!([])), {"repoURL": values}]), Ok(vec!["ConfigMap/c"])),
        // A source may refer to its own repository at its own commit.
        (
            json!([chart(json!(["$own/secret.yaml"])), {"repoURL": charts, "ref": "own"}]),
            Ok(vec!["ConfigMap/c"]),
        ),
        (
            json!([chart(json!(["$own/secret.yaml"])), {"repoURL": charts, "ref": "own", "targetRevision": "other"}]),
            Err("cannot reference a different revision of the same repository"),
        ),
        (
            json!([
                chart(json!(["$a/prod/web.yaml", "$b/prod/web.yaml"])),
                {"repoURL": values, "ref": "a"},
                {"repoURL": values, "ref": "b", "targetRevision": "other"},
            ]),
            Err("cannot reference multiple revisions for the same repository"),
        ),
        (
            json!([chart(json!(["$c/values.yaml"])),
                {"repoURL": server.url(), "chart": "c", "targetRevision": "1.0.0", "ref": "c"}]),
            Err("that source is a chart; only repositories can be referred to"),
        ),
        (
            json!([{"repoURL": values, "ref": "a"}, {"repoURL": charts, "ref": "a"}]),
            Err("multiple sources had the same `ref` key"),
        ),
        (json!([{"repoURL": values, "ref": "a b"}]), Err("letters, digits, '_' and '-' only")),
        (json!([{"repoURL": "", "path": "x"}]), Err("a source has no repoURL")),
        (json!([{"repoURL": server.url(), "chart": "c"}]), Err("the chart \"c\" needs a targetRevision")),
        (json!([]), Err("the application has no source")),
    ] {
        for repository in [&world.charts, &world.values] {
            repository.git(&["checkout", "-q", "-B", "other"]);
            repository.commit("on another branch", &[("note", "x")]);
            repository.git(&["checkout", "-q", "main"]);
        }
        let names = fixture.names(sources.clone()).await;
        match (names, expected) {
            (Ok(names), Ok(expected)) => assert_eq!(names, expected, "{sources}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{sources}: {error}"),
            (names, expected) => panic!("{sources}: {names:?} in place of {expected:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn build_variables_are_put_in_where_argo_cd_does_and_nowhere_else() {
    let world = world();
    world.charts.commit(
        "a deployment",
        &[
            ("kustomize/kustomization.yaml", "resources: [map.yaml]\n"),
            ("kustomize/map.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: 'a:1'}]}\n"),
            ("jsonnet/a.jsonnet", "function(t='') {kind: 'A', metadata: {name: std.extVar('e') + t}}"),
            ("web.yaml", "color: named"),
            ("web.txt", "text of web"),
        ],
    );
    let fixture = Fixture::new();
    let name = "$ARGOCD_APP_NAME";
    for (source, pointer, expected) in [
        (
            json!({"path": "chart", "helm": {"parameters": [{"name": "color", "value": name}]}}),
            "/data/color",
            "web",
        ),
        (
            json!({"path": "chart", "helm": {"parameters": [{"name": "color", "value": "${ARGOCD_APP_NAME}$$x", "forceString": true}]}}),
            "/data/color",
            "web$x",
        ),
        (json!({"path": "chart", "helm": {"valueFiles": [format!("/{name}.yaml")]}}), "/data/color", "named"),
        (
            json!({"path": "chart", "helm": {"fileParameters": [{"name": "text", "path": format!("/{name}.txt")}]}}),
            "/data/text",
            "text of web",
        ),
        (json!({"path": "chart", "helm": {"values": format!("color: {name}")}}), "/data/color", name),
        (json!({"path": "chart", "helm": {"valuesObject": {"color": name}}}), "/data/color", name),
        (
            json!({"path": "kustomize", "kustomize": {"images": [format!("a:{name}")]}}),
            "/spec/containers/0/image",
            "a:web",
        ),
        (
            json!({"path": "kustomize", "kustomize": {"commonLabels": {"l": name}}}),
            "/metadata/labels/l",
            "web",
        ),
        (
            json!({"path": "kustomize", "kustomize": {"commonAnnotations": {"l": name}}}),
            "/metadata/annotations/l",
            name,
        ),
        (
            json!({"path": "kustomize", "kustomize": {"commonAnnotations": {"l": name}, "commonAnnotationsEnvsubst": true}}),
            "/metadata/annotations/l",
            "web",
        ),
        (
            json!({"path": "jsonnet", "directory": {"jsonnet": {"extVars": [{"name": "e", "value": name}],
                "tlas": [{"name": "t", "value": format!("'-{name}'"), "code": true}]}}}),
            "/metadata/name",
            "web-web",
        ),
    ] {
        let mut source = source;
        source["repoURL"] = world.charts.url().into();
        let objects =
            fixture.objects(source.clone()).await.unwrap_or_else(|error| panic!("{source}: {error}"));
        assert_eq!(objects[0].pointer(pointer), Some(&json!(expected)), "{source}");
    }
}
