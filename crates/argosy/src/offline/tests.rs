//! The verbs as a user calls them, on folders made for each test.

use std::fs;

use clap::Parser;
use source::Folder;
use tree::{Tree as _, TreeError, TreePath};

use super::network::Network;
use super::{RenderOptions, text, with_hint};

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    options: RenderOptions,
}

/// A folder with these files in it.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

mod files;
mod remote;

/// What `argosy render WORDS` prints or says; `@` in a word stands for the folder.
fn run(folder: &tempfile::TempDir, words: &[&str]) -> Result<String, String> {
    let place = folder.path().to_str().unwrap();
    let words = words.iter().map(|word| word.replace('@', place));
    let command = Command::try_parse_from(std::iter::once("render".to_owned()).chain(words));
    let command = command.map_err(|error| error.to_string())?;
    let cache = tempfile::tempdir().unwrap();
    let network = Network::with_cache(cache.path().to_owned());
    text(&command.options, &network)
        .map_err(with_hint)
        .map_err(|error| format!("{error:#}").replace(place, "@"))
}

const CHART: &[(&str, &str)] = &[
    ("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
    ("shop/values.yaml", "color: red\ncount: 1\n"),
    ("shop/templates/a.yaml", "kind: A\nname: {{ .Release.Name }}\ncolor: {{ .Values.color }}\n"),
    ("shop/templates/b.yaml", "kind: B\ncount: {{ .Values.count }}\nnamespace: {{ .Release.Namespace }}\n"),
    ("shop/crds/c.yaml", "kind: C\n"),
    ("blue.yaml", "color: blue\n"),
    ("note.txt", "written"),
];

#[test]
fn a_chart_prints_what_helm_template_prints() {
    let folder = folder(CHART);
    let words = ["helm", "@/shop", "--name", "web", "-n", "team", "-f", "@/blue.yaml", "--set", "count=2"];
    let expected = "---\n# Source: shop/templates/a.yaml\nkind: A\nname: web\ncolor: blue\n\n\
                    ---\n# Source: shop/templates/b.yaml\nkind: B\ncount: 2\nnamespace: team\n";
    assert_eq!(run(&folder, &words).unwrap(), expected);
    let only = [words.as_slice(), &["--show-only", "templates/b*.yaml"]].concat();
    let part = "---\n# Source: shop/templates/b.yaml\nkind: B\ncount: 2\nnamespace: team\n\n";
    assert_eq!(run(&folder, &only).unwrap(), part);
    // As Helm does: the blank line before the next separator comes along, whatever is left out behind it.
    let both = [words.as_slice(), &["-s", "templates/a.yaml", "-s", "templates/b.yaml"]].concat();
    let first = "---\n# Source: shop/templates/a.yaml\nkind: A\nname: web\ncolor: blue\n\n\n";
    assert_eq!(run(&folder, &both).unwrap(), format!("{first}{part}"));
    let nothing = [words.as_slice(), &["-s", "templates/z.yaml"]].concat();
    assert_eq!(run(&folder, &nothing).unwrap_err(), "could not find template templates/z.yaml in chart");
}

#[test]
fn settings_of_all_kinds_arrive() {
    let folder = folder(CHART);
    let color = |flag: &str, setting: &str| {
        let shown = run(&folder, &["helm", "@/shop", flag, setting, "-s", "templates/a.yaml"]).unwrap();
        shown.split("color: ").nth(1).unwrap().trim().to_owned()
    };
    for (flag, setting, expected) in [
        ("--set", "color=x", "x"),
        ("--set-string", "color=01", "01"),
        ("--set-json", "color=[1,2]", "[1 2]"),
        ("--set-literal", "color=a,b=c", "a,b=c"),
        ("--set-file", "color=@/note.txt", "written"),
    ] {
        assert_eq!(color(flag, setting), expected, "{flag} {setting}");
    }
}

#[test]
fn the_kind_is_told_by_what_is_there() {
    let folder = folder(
        &[
            CHART,
            &[
                ("overlay/kustomization.yaml", "namePrefix: my-\nresources: [../base/map.yaml]\n"),
                ("base/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n"),
                ("base/values.yaml", "just: values\n"),
                ("base/deep/x.yaml", "kind: Deep\n"),
                ("base/list.json", r#"{"kind":"List","items":[{"kind":"One"},{"kind":"Two"}]}"#),
                ("program/main.jsonnet", "[{kind: 'J', n: import 'n.libsonnet'}, [{kind: 'K'}]]"),
                ("program/n.libsonnet", "1 + 1"),
            ],
        ]
        .concat(),
    );
    let kinds = |words: &[&str]| {
        let shown = run(&folder, words).unwrap();
        shown
            .lines()
            .filter_map(|line| line.strip_prefix("kind: "))
            .map(str::to_owned)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(kinds(&["@/shop"]), "C A B");
    assert_eq!(kinds(&["@/base"]), "One Two ConfigMap");
    assert_eq!(kinds(&["@/base", "--recurse"]), "Deep One Two ConfigMap");
    assert_eq!(kinds(&["@/program"]), "J K");
    assert_eq!(kinds(&["@/base/map.yaml"]), "ConfigMap");
    assert_eq!(kinds(&["jsonnet", "@/program/main.jsonnet"]), "J K");
}

#[test]
fn kustomizations_reach_bases_inside_the_root() {
    let folder = folder(&[
        ("overlay/kustomization.yaml", "namePrefix: my-\nresources: [../base]\n"),
        ("base/kustomization.yaml", "resources: [map.yaml]\n"),
        ("base/map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: map\n"),
    ]);
    let expected = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: my-map\n";
    assert_eq!(run(&folder, &["kustomize", "@/overlay", "--root", "@"]).unwrap(), expected);
    assert_eq!(run(&folder, &["@/overlay", "--root", "@"]).unwrap(), expected);
    let error = run(&folder, &["kustomize", "@/overlay", "--root", "@/overlay"]).unwrap_err();
    assert!(error.contains("../base") && error.contains("--root"), "{error}");
    let error = run(&folder, &["kustomize", "@/overlay", "--root", "@/base"]).unwrap_err();
    assert_eq!(error, "@/overlay is not below @/base; name a directory around it with --root");
    // A Git work tree is the root without being named.
    fs::create_dir(folder.path().join(".git")).unwrap();
    assert_eq!(run(&folder, &["kustomize", "@/overlay"]).unwrap(), expected);
}

#[test]
fn jsonnet_is_given_variables_and_libraries() {
    let folder = folder(&[
        (
            "main.jsonnet",
            "function(name, size) { kind: 'M', name: name, size: size, e: std.extVar('e'), lib: import 'x.libsonnet' }",
        ),
        ("vendor/x.libsonnet", "'found'"),
        ("broken.jsonnet", "{\n  kind: error 'no'\n}"),
    ]);
    let words = [
        "jsonnet",
        "@/main.jsonnet",
        "--tla-str",
        "name=a=b",
        "--tla-code",
        "size=1+2",
        "--ext-str",
        "e=x",
        "-J",
        "@/vendor",
    ];
    let expected = "---\n# Source: main.jsonnet\ne: x\nkind: M\nlib: found\nname: a=b\nsize: 3\n";
    assert_eq!(run(&folder, &words).unwrap(), expected);
    let error = run(&folder, &["jsonnet", "@/broken.jsonnet"]).unwrap_err();
    assert!(error.contains("broken.jsonnet:2"), "{error}");
}

#[test]
fn errors_name_the_file_and_the_line() {
    let folder = folder(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"),
        ("chart/templates/x.yaml", "kind: X\nx: {{ fail \"no\" }}\n"),
        ("plain/a.yaml", "kind: A\n---\napiVersion: v1\nkind: B\nmetadata: {\n"),
        ("empty/readme.txt", ""),
    ]);
    for (words, part) in [
        (&["@/chart"][..], "c/templates/x.yaml:2:"),
        (&["@/plain"], "a.yaml: yaml: line "),
        (&["@/empty"], "there are no manifests here"),
        (&["@/absent"], "cannot open @/absent"),
        (&["helm", "@/empty"], "Chart.yaml file is missing"),
        (&["kustomize", "@/empty"], "kustomization.yaml"),
        (&["jsonnet", "@/x", "--ext-str", "novalue"], "not of the form NAME=VALUE"),
        (&[], "PATH"),
    ] {
        let error = run(&folder, words).unwrap_err();
        assert!(error.contains(part), "{words:?}: {error}");
    }
}

#[test]
fn every_application_of_a_file_that_fails_is_named() {
    let application = |name: &str| {
        format!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}}}\n---\n")
    };
    let folder = folder(&[("apps.yaml", &format!("{}{}", application("one"), application("two")))]);
    let file = folder.path().join("apps.yaml");
    let command = Command::try_parse_from(["render".as_ref(), "-f".as_ref(), file.as_os_str()]);
    let command = command.map_err(|error| error.to_string()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error = runtime.block_on(super::application::render(&file, &command.options)).unwrap_err();
    assert_eq!(error.to_string(), "application one: it has no source\napplication two: it has no source");
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere_out_of_the_folder() {
    let outside = folder(&[("secret.yaml", "kind: Secret\n")]);
    let inside = folder(&[("a/x.yaml", "kind: X\n")]);
    let link = |target: &std::path::Path, name: &str| {
        std::os::unix::fs::symlink(target, inside.path().join(name)).unwrap();
    };
    link(outside.path(), "out");
    link(&outside.path().join("secret.yaml"), "secret.yaml");
    link(std::path::Path::new("a"), "in");
    let tree = Folder::new(inside.path().to_owned());
    let path = |text: &str| TreePath::new(text).unwrap();
    assert!(matches!(tree.read(&path("out/secret.yaml")), Err(TreeError::NotFound { .. })));
    assert!(matches!(tree::read(&tree, &path("out/secret.yaml")), Err(TreeError::BadLink { .. })));
    assert!(matches!(tree::read(&tree, &path("secret.yaml")), Err(TreeError::BadLink { .. })));
    assert_eq!(tree::read_text(&tree, &path("in/x.yaml")).unwrap(), "kind: X\n");
    assert!(matches!(tree.read(&path("in/x.yaml")), Err(TreeError::NotFound { .. })), "not the exact path");
    assert!(run(&inside, &["@"]).is_err(), "a link that leads out is no manifest to pass over in silence");
}

#[test]
fn flags_fit_together() {
    use clap::CommandFactory as _;
    Command::command().debug_assert();
}
