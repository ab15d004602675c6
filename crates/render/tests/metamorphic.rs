//! Each kind of input is changed in turn: what matters renders again and says so, and nothing else does.
//!
//! That no field of a request or a source is forgotten is the business of the tests of `inputs`; here the whole way is
//! gone, with repositories, values of another source, and the repository's own overrides.
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::Arc;

use render::{Origin, RenderOptions, RenderRequest, Rendered};
use serde_json::json;
use source::testing::Repository;
use support::{Fixture, config_map, request};

const TEMPLATE: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {color: '{{ .Values.color }}', size: '{{ .Values.size }}', text: {{ .Values.text | quote }}}
";

const OTHER_TEMPLATE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n";

const FILES: [(&str, &str); 9] = [
    ("README.md", "1"),
    ("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
    ("chart/values.yaml", "color: red\nsize: 1\n"),
    ("chart/templates/a.yaml", TEMPLATE),
    ("common/text.txt", "hello"),
    ("common/other.txt", "other"),
    ("base/kustomization.yaml", "resources: [map.yaml]\n"),
    ("base/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\n"),
    ("overlay/kustomization.yaml", "resources: [../base]\n"),
];

struct World {
    charts: Repository,
    values: Repository,
}

/// What a change leads to.
enum Leads {
    /// Nothing: the kept manifests hold.
    ToNothing,
    /// To a render because of a path that starts with this.
    ToPath(&'static str),
    /// To a render because of these inputs.
    ToInputs(&'static [&'static str]),
    To(Origin),
}

fn helm(world: &World) -> RenderRequest {
    request(
        "web",
        json!([
            {"repoURL": world.charts.url(), "path": "chart", "name": "chart", "targetRevision": "main", "helm": {
                "valueFiles": ["$values/prod/web.yaml", "missing.yaml"],
                "ignoreMissingValueFiles": true,
                "fileParameters": [{"name": "text", "path": "/common/text.txt"}],
            }},
            {"repoURL": world.values.url(), "ref": "values"},
        ]),
    )
}

fn commit(repository: &Repository, path: &str, text: &str) {
    repository.commit("a change", &[(path, text)]);
}

fn options(request: &mut RenderRequest) -> &mut types::ApplicationSourceHelm {
    request.sources[0].helm.as_mut().unwrap()
}

fn parameter(request: &mut RenderRequest, value: &str) {
    let parameter = types::HelmParameter { name: "color".into(), value: value.into(), force_string: false };
    options(request).parameters.push(parameter);
}

fn first(rendered: &Rendered) -> &Origin {
    &rendered.sources[0].explain.origin
}

type Case = (&'static str, fn(&World, &mut RenderRequest), Leads);

#[tokio::test(flavor = "multi_thread")]
async fn what_matters_renders_again_and_nothing_else_does() {
    use Leads::{To, ToInputs, ToNothing, ToPath};
    let world = World { charts: Repository::new(), values: Repository::new() };
    world.charts.commit("files", &FILES);
    world.values.commit("values", &[("prod/web.yaml", "size: 7\n"), ("prod/api.yaml", "size: 8\n")]);
    let fixture = Fixture::new();
    let cases: [Case; 32] = [
        ("nothing", |_, _| {}, ToNothing),
        ("a file that is not read", |world, _| commit(&world.charts, "README.md", "2"), ToNothing),
        (
            "a neighbor of a file parameter",
            |world, _| commit(&world.charts, "common/other.txt", "x"),
            ToNothing,
        ),
        (
            "another application's values",
            |world, _| commit(&world.values, "prod/api.yaml", "x: 1"),
            ToNothing,
        ),
        (
            "a new file beside the values",
            |world, _| commit(&world.values, "prod/new.yaml", "x: 1"),
            ToNothing,
        ),
        (
            "a template",
            |world, _| commit(&world.charts, "chart/templates/a.yaml", OTHER_TEMPLATE),
            ToPath("chart"),
        ),
        (
            "the chart's own values",
            |world, _| commit(&world.charts, "chart/values.yaml", "color: blue\nsize: 1\n"),
            ToPath("chart"),
        ),
        (
            "values of another source",
            |world, _| commit(&world.values, "prod/web.yaml", "size: 9\n"),
            ToPath("$values/prod/web.yaml"),
        ),
        (
            "a file parameter",
            |world, _| commit(&world.charts, "common/text.txt", "bye"),
            ToPath("common/text.txt"),
        ),
        (
            "an override of the repository",
            |world, _| commit(&world.charts, "chart/.argocd-source.yaml", "helm: {skipTests: true}"),
            ToPath("chart"),
        ),
        (
            "an override for the application",
            |world, _| commit(&world.charts, "chart/.argocd-source-web.yaml", "helm: {skipCrds: true}"),
            ToPath("chart"),
        ),
        (
            "a value file that was missing",
            |world, _| commit(&world.charts, "chart/missing.yaml", "color: new"),
            ToPath("chart"),
        ),
        (
            "the cluster's version",
            |_, request| request.kube_version = "v1.34.0".into(),
            ToInputs(&["kubeVersion"]),
        ),
        (
            "the cluster's APIs",
            |_, request| request.api_versions = Arc::from(["v1".to_owned()]),
            ToInputs(&["apiVersions"]),
        ),
        (
            "the destination's namespace",
            |_, request| request.destination_namespace = "x".into(),
            ToInputs(&["namespace"]),
        ),
        ("the project", |_, request| request.project = "x".into(), ToInputs(&["project"])),
        (
            "the options of Kustomize",
            |_, request| request.settings.kustomize_build_options = "--enable-helm".into(),
            ToInputs(&["kustomize.buildOptions"]),
        ),
        (
            "the schemes of value files",
            |_, request| request.settings.helm_value_file_schemes.clear(),
            ToInputs(&["helm.valuesFileSchemes"]),
        ),
        (
            "a tool that is turned off",
            |_, request| request.settings.kustomize = false,
            ToInputs(&["kustomize.enable"]),
        ),
        ("a parameter", |_, request| parameter(request, "x"), ToInputs(&["helm"])),
        (
            "values in the source",
            |_, request| options(request).values_object = Some(json!({"color": "y"})),
            ToInputs(&["helm"]),
        ),
        ("the path", |_, request| request.sources[0].path = "./chart".into(), ToInputs(&["path"])),
        (
            "two options at once",
            |_, request| {
                request.kube_version = "v1.35.0".into();
                request.destination_namespace = "y".into();
            },
            ToInputs(&["namespace", "kubeVersion"]),
        ),
        ("the source's name", |_, request| request.sources[0].name = "renamed".into(), ToNothing),
        (
            "another spelling of the revision",
            |_, request| request.sources[0].target_revision = "HEAD".into(),
            ToNothing,
        ),
        (
            "the revision in its place",
            |_, request| request.revisions = vec![Some("main".into()), None],
            ToNothing,
        ),
        ("how objects are marked", |_, request| request.tracking.label = "example.com/app".into(), ToNothing),
        (
            "what is trusted",
            |_, request| {
                let known_hosts = "x".into();
                request.credentials =
                    Arc::new(source::Credentials { known_hosts, ..source::Credentials::default() });
            },
            ToNothing,
        ),
        (
            "paths for plugins",
            |_, request| request.manifest_generate_paths = ".".into(),
            ToInputs(&["manifest-generate-paths"]),
        ),
        (
            "whether repositories are asked again",
            |_, request| request.refresh_revisions = !request.refresh_revisions,
            ToNothing,
        ),
        ("the cache turned off", |_, request| request.no_cache = true, To(Origin::Forced)),
        (
            "a build variable in use",
            |_, request| parameter(request, "$ARGOCD_APP_REVISION"),
            ToInputs(&["helm"]),
        ),
    ];
    fixture.renderer.render(helm(&world)).await.unwrap();
    for (name, change, leads) in cases {
        let settled = fixture.renderer.render(helm(&world)).await.unwrap();
        assert_eq!(*first(&settled), Origin::Unchanged, "before {name}");
        let mut request = helm(&world);
        change(&world, &mut request);
        let origin = first(&fixture.renderer.render(request).await.unwrap()).clone();
        match leads {
            ToNothing => assert_eq!(origin, Origin::Unchanged, "{name}"),
            ToPath(start) => {
                assert!(
                    matches!(&origin, Origin::Changed(path) if path.starts_with(start)),
                    "{name}: {origin:?}"
                );
            }
            ToInputs(names) => {
                let names = names.iter().map(ToString::to_string).collect();
                assert_eq!(origin, Origin::Inputs(names), "{name}");
            }
            To(expected) => assert_eq!(origin, expected, "{name}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_content_elsewhere_is_the_same() {
    let (one, other) = (Repository::new(), Repository::new());
    one.commit("files", &FILES);
    other.commit("the same files in another history", &FILES);
    let fixture = Fixture::new();
    for path in ["chart", "overlay"] {
        let source = |repository: &Repository| json!({"repoURL": repository.url(), "path": path});
        fixture.render(source(&one)).await.unwrap();
        let moved = fixture.render(source(&other)).await.unwrap();
        assert_eq!(*first(&moved), Origin::Unchanged, "{path}");
    }
    one.commit("the base", &[("base/map.yaml", &config_map("base", "2"))]);
    let changed = fixture.render(json!({"repoURL": one.url(), "path": "overlay"})).await.unwrap();
    assert!(matches!(first(&changed), Origin::Changed(path) if path.starts_with("base")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_tells_what_was_read_and_what_it_was() {
    let world = World { charts: Repository::new(), values: Repository::new() };
    world.charts.commit("files", &FILES);
    world.values.commit("values", &[("prod/web.yaml", "size: 7\n")]);
    let fixture = Fixture::with(RenderOptions::default());
    let rendered = fixture.renderer.render(helm(&world)).await.unwrap();
    let explain = &rendered.sources[0].explain;
    let seen = |path: &str| {
        let read = explain.read.iter().find(|read| read.to_string() == path);
        read.map(render::Read::seen_text).unwrap_or_else(|| panic!("{path} is not in {:?}", explain.read))
    };
    let id = |repository: &Repository, path: &str| repository.git(&["rev-parse", &format!("HEAD:{path}")]);
    assert_eq!(seen("chart"), id(&world.charts, "chart"));
    assert_eq!(seen("common/text.txt"), id(&world.charts, "common/text.txt"));
    assert_eq!(seen("$values/prod/web.yaml"), id(&world.values, "prod/web.yaml"));
    assert_eq!(seen("chart/missing.yaml"), "absent");
    let text = explain.to_string();
    assert!(text.starts_with("rendered: nothing was kept for this application\nkey: "), "{text}");
    assert!(
        text.contains("\n  kubeVersion: v1.33.1\n") && text.contains("\n  chart/missing.yaml: absent\n"),
        "{text}"
    );
    assert!(!text.contains("common/other.txt"), "{text}");
    let again = fixture.renderer.render(helm(&world)).await.unwrap();
    let again = &again.sources[0].explain;
    assert_eq!((&again.key, &again.content, &again.read), (&explain.key, &explain.content, &explain.read));
    assert!(again.to_string().starts_with("from the cache: nothing that was read has changed\n"));
}
