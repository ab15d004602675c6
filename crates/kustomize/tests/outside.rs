//! What lies outside the tree: asked for, and used once it is there.
#![allow(clippy::unwrap_used, reason = "a failing test ends at once")]

use std::sync::Arc;

use expect_test::expect;
use kustomize::{Answer, Error, Need, Options, Outcome, Outside};
use tree::{MemoryTree, TreePath};

fn files(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, text) in files {
        tree.insert_text(path, text).unwrap();
    }
    tree
}

fn build(tree: &MemoryTree, outside: &Outside) -> Result<Outcome, Error> {
    let options = Options { enable_helm: true, ..Options::default() };
    kustomize::build_with(tree, &TreePath::root(), &options, outside)
}

fn output(tree: &MemoryTree, outside: &Outside) -> String {
    match build(tree, outside).unwrap() {
        Outcome::Built(documents) => kustomize::to_output(&documents),
        Outcome::Needs(needs) => format!("needs {needs:?}"),
    }
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: pod}\n";

#[test]
fn repositories_and_files_are_asked_for_at_once() {
    let tree = files(&[(
        "kustomization.yaml",
        "resources:\n- github.com/org/repo//dir?ref=v1\n- https://example.com/pod.yaml\nnamePrefix: a-\n\
         buildMetadata: [originAnnotations]\n",
    )]);
    let mut outside = Outside::default();
    let Outcome::Needs(needs) = build(&tree, &outside).unwrap() else { panic!("nothing is there yet") };
    let repository = Need::Repository {
        url: "https://github.com/org/repo".into(),
        reference: "v1".into(),
        submodules: true,
    };
    let file = Need::File { url: "https://example.com/pod.yaml".into() };
    assert_eq!(needs, [repository.clone(), file.clone()]);
    let remote = files(&[
        ("dir/kustomization.yaml", "resources: [../base]\nnameSuffix: -z\n"),
        ("base/kustomization.yaml", "resources: [map.yaml]\n"),
        ("base/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: map}\n"),
    ]);
    outside.insert(repository, Answer::Tree(Arc::new(remote)));
    outside.insert(file, Answer::Bytes(POD.as_bytes().into()));
    expect![[r#"
        apiVersion: v1
        kind: ConfigMap
        metadata:
          annotations:
            config.kubernetes.io/origin: |
              path: base/map.yaml
              repo: https://github.com/org/repo
              ref: v1
          name: a-map-z
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          annotations:
            config.kubernetes.io/origin: |
              path: https:/example.com/pod.yaml
          name: a-pod
    "#]]
    .assert_eq(&output(&tree, &outside));
}

#[test]
fn repositories_of_others_stay_in_themselves() {
    let tree = files(&[
        ("kustomization.yaml", "resources: [https://example.com/o/r.git//dir]\n"),
        ("secret.txt", "secret"),
    ]);
    let need = Need::Repository {
        url: "https://example.com/o/r.git".into(),
        reference: String::new(),
        submodules: true,
    };
    for (kustomization, message) in [
        ("resources: [../../x]\n", "must be within the repo"),
        ("configMapGenerator: [{name: c, files: [../secret.txt]}]\n", "is not in or below"),
        ("resources: ['https://example.com/o/r.git']\n", "cycle detected"),
    ] {
        let remote = files(&[("dir/kustomization.yaml", kustomization), ("secret.txt", "its own")]);
        let mut outside = Outside::default();
        outside.insert(need.clone(), Answer::Tree(Arc::new(remote)));
        let error = build(&tree, &outside).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
    let error = kustomize::build(&tree, &TreePath::root(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
}

const CHART: &[(&str, &str)] = &[
    ("Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.3\n"),
    ("values.yaml", "replicas: 1\nlist: [a]\nname: x\n"),
    (
        "templates/web.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: {{ .Release.Namespace }}\n\
         data:\n  replicas: {{ .Values.replicas | quote }}\n  list: {{ join \",\" .Values.list }}\n  extra: {{ .Values.extra | default \"none\" }}\n",
    ),
];

fn with_chart(entry: &str) -> MemoryTree {
    let mut tree = files(&[
        ("kustomization.yaml", &format!("namespace: shop\nnamePrefix: p-\nhelmCharts:\n- {entry}\n")),
        ("more.yaml", "extra: more\n"),
    ]);
    for (path, text) in CHART {
        tree.insert_text(&format!("charts/web/{path}"), text).unwrap();
    }
    tree
}

#[test]
fn charts_are_inflated_with_their_values() {
    let data = |entry: &str| {
        let output = output(&with_chart(entry), &Outside::default());
        output.lines().map(str::trim).collect::<Vec<_>>().join(" ")
    };
    expect![[r#"apiVersion: v1 data: extra: more list: b replicas: "7" kind: ConfigMap metadata: name: p-rel namespace: shop"#]]
        .assert_eq(&data(
            "{name: web, releaseName: rel, valuesInline: {replicas: 7, list: [b]}, additionalValuesFiles: [more.yaml]}",
        ));
    expect![[r#"apiVersion: v1 data: extra: in list: a replicas: "1" kind: ConfigMap metadata: name: p-rel namespace: other"#]]
        .assert_eq(&data(
            "{name: web, releaseName: rel, namespace: other, valuesMerge: merge, valuesInline: {replicas: 7, extra: in}}",
        ));
}

#[test]
fn charts_are_asked_for_and_need_leave() {
    let tree = files(&[(
        "kustomization.yaml",
        "helmCharts:\n- {name: web, repo: 'https://charts.example.com', version: 1.2.3, releaseName: r}\n",
    )]);
    let error = kustomize::build(&tree, &TreePath::root(), &Options::default()).unwrap_err().to_string();
    assert!(error.contains("must specify --enable-helm"), "{error}");
    let mut outside = Outside::default();
    let Outcome::Needs(needs) = build(&tree, &outside).unwrap() else { panic!("nothing is there yet") };
    let [need] = &needs[..] else { panic!("{needs:?}") };
    assert_eq!(need.to_string(), "the chart web 1.2.3 of https://charts.example.com");
    outside.insert(need.clone(), Answer::Tree(Arc::new(files(CHART))));
    assert!(output(&tree, &outside).contains("namespace: default"));
    for (entry, message) in [
        ("{name: ''}", "chart name cannot be empty"),
        ("{name: x, releaseName: -x}", "must not start with '-'"),
        ("{name: web, valuesMerge: up}", "valuesMerge must be one of"),
        ("{name: none}", "no repo specified for pull"),
    ] {
        let error = build(&with_chart(entry), &Outside::default()).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn programs_are_not_started() {
    let tree = files(&[(
        "kustomization.yaml",
        "transformers:\n- |-\n  apiVersion: example.com/v1\n  kind: Sed\n  metadata:\n    name: x\n    annotations:\n      \
         config.kubernetes.io/function: |\n        exec: {path: ./sed.sh}\n",
    )]);
    let error = build(&tree, &Outside::default()).unwrap_err().to_string();
    assert!(error.contains("the function 'Sed'") && error.contains("starts no programs"), "{error}");
}
