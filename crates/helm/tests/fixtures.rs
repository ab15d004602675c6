//! Small charts, one feature each, held against what Helm 4.3.1 printed for them; and what fixtures can't show: limits,
//! archives, sharing.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails should say where")]

mod case;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use case::Case;
use gotmpl::FixedEnvironment;
use helm::{Budget, Chart, Data, Error, Release, Rendered, Role, Table, Values};
use tree::{MemoryTree, TreePath};

#[test]
fn fixtures_render_as_with_helm() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let mut failures = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let case = Case::read(folder).unwrap_or_else(|| panic!("{name} has no case.yaml"));
        if let Err(message) = case.judge() {
            failures.push(format!("{name}: {message}"));
        }
    }
    assert!(failures.is_empty(), "{} fixtures differ:\n{}", failures.len(), failures.join("\n"));
}

/// A chart of a few files; Chart.yaml is there if none is given.
fn tree_of(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    tree.insert_text("Chart.yaml", "apiVersion: v2\nname: test\nversion: 1.0.0\n").unwrap();
    for (path, text) in files {
        tree.insert_text(path, text).unwrap();
    }
    tree
}

fn render_within(chart: &Arc<Chart>, values: &Table, budget: &Budget) -> Result<Rendered, Error> {
    let environment = Arc::new(FixedEnvironment::new(0, 0));
    helm::render(chart, values, &Release::new("demo", ""), budget, environment)
}

fn render(files: &[(&str, &str)]) -> Result<Rendered, Error> {
    let chart = Chart::load(&tree_of(files), &TreePath::root(), &Budget::default())?;
    render_within(&chart, &Table::new(), &Budget::default())
}

#[test]
fn documents_come_parsed_and_notes_apart() {
    let rendered = render(&[
        ("templates/NOTES.txt", "for {{ .Release.Name }} in {{ .Release.Namespace }}"),
        (
            "templates/a.yaml",
            "kind: Job\nmetadata: {name: hook, annotations: {helm.sh/hook: pre-install}}\n---\nkind: Pod",
        ),
    ])
    .unwrap();
    assert_eq!(rendered.notes.as_deref(), Some("for demo in default"));
    let kinds: Vec<_> = rendered
        .documents
        .iter()
        .map(|document| (document.value["kind"].as_str().unwrap(), document.role == Role::Manifest))
        .collect();
    assert_eq!(kinds, [("Pod", true), ("Job", false)]);
}

#[test]
fn every_definition_of_a_crd_file_is_a_document() {
    let files = [
        ("crds/x.yaml", "kind: A\n---\n# nothing\n---\nkind: B\n"),
        ("crds/sub/y.json", "{\"kind\": \"C\"}"),
    ];
    let chart = Chart::load(&tree_of(&files), &TreePath::root(), &Budget::default()).unwrap();
    let release = Release { include_crds: true, ..Release::new("demo", "") };
    let environment = Arc::new(FixedEnvironment::new(0, 0));
    let rendered = helm::render(&chart, &Table::new(), &release, &Budget::default(), environment).unwrap();
    let kinds: Vec<_> =
        rendered.documents.iter().map(|document| document.value["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["C", "A", "B"]);
    assert!(rendered.documents.iter().all(|document| document.role == Role::Crd));
}

#[test]
fn renders_share_a_chart_without_seeing_each_other() {
    let files = [
        ("values.yaml", "a: {b: default}"),
        ("templates/x.yaml", "kind: {{ .Values.a.b }}{{ $_ := set .Values.a \"b\" \"spoiled\" }}"),
    ];
    let chart = Chart::load(&tree_of(&files), &TreePath::root(), &Budget::default()).unwrap();
    let outputs: Vec<String> = std::thread::scope(|scope| {
        let renders: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| render_within(&chart, &Table::new(), &Budget::default())))
            .collect();
        renders.into_iter().map(|render| render.join().unwrap().unwrap().to_template_output()).collect()
    });
    assert!(outputs.iter().all(|output| output.contains("kind: default")), "{outputs:?}");
}

#[test]
fn runaway_templates_end() {
    for text in [
        "{{ define \"loop\" }}{{ include \"loop\" . }}{{ end }}{{ include \"loop\" . }}",
        "{{ range $i := until 100000 }}{{ range $j := until 100000 }}{{ end }}{{ end }}",
        "{{ $x := \"0123456789\" }}{{ range until 60 }}{{ $x = print $x $x }}{{ end }}{{ $x }}",
        "{{ $_ := set .Values \"self\" .Values }}{{ toYaml .Values }}{{ fail \"reached\" }}",
        // Small in memory, but not when it is written out.
        "{{ $x := dict }}{{ range until 60 }}{{ $x = dict \"a\" $x \"b\" $x }}{{ end }}{{ toYaml $x }}",
        "{{ $x := dict }}{{ range until 60 }}{{ $x = dict \"a\" $x \"b\" $x }}{{ end }}{{ toToml $x }}",
        "{{ $x := list }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ toYamlPretty $x }}",
        // What is read out of a text is larger than the text.
        "{{ $t := printf \"{a: [%s0]}\" (repeat 20000 \"0,\") }}{{ range until 1000 }}{{ $x := fromYaml $t }}{{ end }}",
        "{{ $t := printf \"{\\\"a\\\": [%s0]}\" (repeat 20000 \"0,\") }}{{ range until 1000 }}{{ $x := fromJson $t }}{{ end }}",
        "{{ $t := printf \"a = [%s0]\" (repeat 20000 \"0,\") }}{{ range until 1000 }}{{ $x := fromToml $t }}{{ end }}",
    ] {
        let mut budget = Budget::default();
        budget.templates.steps = 1_000_000;
        budget.templates.bytes = 10_000_000;
        let chart = Chart::load(&tree_of(&[("templates/x.yaml", text)]), &TreePath::root(), &budget).unwrap();
        assert!(render_within(&chart, &Table::new(), &budget).is_err(), "{text}");
    }
}

#[test]
fn schemas_that_go_in_circles_or_elsewhere_end() {
    let schema = |schema: &str| {
        render(&[
            ("values.yaml", "a: {b: {c: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!}}"),
            ("values.schema.json", schema),
        ])
    };
    for endless in [
        r##"{"$ref": "#"}"##,
        r##"{"allOf": [{"$ref": "#"}]}"##,
        r##"{"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"not": {"$ref": "#/$defs/a"}}}, "$ref": "#/$defs/a"}"##,
        r##"{"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#"}, "c": {"not": {"pattern": "^(a+)+$"}}}}"##,
        r##"{"$ref": "urn:unknown:schema"}"##,
    ] {
        // What counts is that it ends.
        let _ = schema(endless);
    }
    for refused in
        [r##"{"$ref": "https://example.com/schema.json"}"##, r##"{"$ref": "file:///etc/passwd"}"##, "[]", "{"]
    {
        assert!(matches!(schema(refused), Err(Error::Schema(_))), "{refused}");
    }
}

#[test]
fn charts_larger_than_the_budget_are_refused() {
    let files = [("big.txt", "0123456789")];
    let small = Budget { chart_bytes: 50, ..Budget::default() };
    let error = Chart::load(&tree_of(&files), &TreePath::root(), &small).unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    let few = Budget { chart_files: 1, ..Budget::default() };
    assert!(Chart::load(&tree_of(&files), &TreePath::root(), &few).is_err());
}

#[test]
fn links_are_followed_inside_the_tree_only() {
    let mut tree = tree_of(&[]);
    tree.insert_text("shared/x.yaml", "kind: Shared").unwrap();
    let text = "apiVersion: v2\nname: linked\nversion: 1.0.0\n";
    tree.insert_text("linked/Chart.yaml", text).unwrap();
    tree.insert_link("linked/templates", "../shared").unwrap();
    let directory = TreePath::new("linked").unwrap();
    let chart = Chart::load(&tree, &directory, &Budget::default()).unwrap();
    assert_eq!(&*chart.templates[0].path, "templates/x.yaml");
    tree.insert_link("linked/out", "../../etc").unwrap();
    assert!(matches!(Chart::load(&tree, &directory, &Budget::default()), Err(Error::Tree(_))));
}

#[test]
fn archives_are_charts() {
    let mut packed = Vec::new();
    {
        let gzip = flate2::write::GzEncoder::new(&mut packed, flate2::Compression::fast());
        let mut archive = tar::Builder::new(gzip);
        for (path, text) in [
            ("web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n"),
            ("web/templates/x.yaml", "kind: {{ .Chart.Name }}"),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
    }
    let chart = Chart::from_archive("web-1.0.0.tgz", &packed, &Budget::default()).unwrap();
    let output = render_within(&chart, &Table::new(), &Budget::default()).unwrap().to_template_output();
    assert_eq!(output, "---\n# Source: web/templates/x.yaml\nkind: web\n");
    let small = Budget { chart_bytes: 30, ..Budget::default() };
    assert!(Chart::from_archive("web-1.0.0.tgz", &packed, &small).is_err());
    assert!(Chart::from_archive("x", b"no archive", &Budget::default()).is_err());
}

#[test]
fn values_say_what_is_wrong_with_them() {
    let nothing = |_: &str| Err(String::from("no such file"));
    for (values, message) in [
        (Values::from_text("v.yaml", "a: b: c"), "failed to parse v.yaml: "),
        (Values::from_text("v.yaml", "- a"), "failed to parse v.yaml: "),
        (
            Values { set: vec!["a".into()], ..Values::default() },
            "failed parsing --set data: key \"a\" has no value",
        ),
        (
            Values { set: vec!["a[-1]=x".into()], ..Values::default() },
            "failed parsing --set data: negative -1 index",
        ),
        (
            Values { set: vec!["a[70000]=x".into()], ..Values::default() },
            "failed parsing --set data: index of 70000",
        ),
        (
            Values { set: vec!["a={x".into()], ..Values::default() },
            "failed parsing --set data: list must terminate",
        ),
        (
            Values { set: vec!["a=1,a.b=2".into()], ..Values::default() },
            "failed parsing --set data: unable to parse key",
        ),
        (Values { set_json: vec!["a={".into()], ..Values::default() }, "failed parsing --set-json data: "),
        (
            Values { set_file: vec!["a=x".into()], ..Values::default() },
            "failed parsing --set-file data: no such file",
        ),
    ] {
        let error = values.merge(&nothing).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
    let deep = vec!["a"; 40].join(".") + "=1";
    assert!(Values { set: vec![deep], ..Values::default() }.merge(&nothing).is_err());
}

#[test]
fn short_settings_make_no_large_values() {
    let merged = |values: Values| values.merge(&|_| Err(String::new())).map(|table| table.len());
    // Nesting by way of lists, which takes as many stack frames.
    let set = vec!["a[0].".repeat(100_000) + "a=1"];
    assert!(merged(Values { set, ..Values::default() }).is_err());
    // A few characters for each list of half a megabyte.
    let set = (0..1000).map(|number| format!("k{number}[65535]=x")).collect();
    let error = merged(Values { set, ..Values::default() }).unwrap_err().to_string();
    assert!(error.contains("more than 1048576 list items"), "{error}");
    // Every setting copies what is there.
    let set = vec!["a[65535]=1,".repeat(20_000)];
    assert!(merged(Values { set, ..Values::default() }).unwrap_err().to_string().contains("too often"));
    // JSON is read where it stands.
    let set_json = vec![(0..100_000).map(|number| format!("k{number}=[1],")).collect()];
    assert_eq!(merged(Values { set_json, ..Values::default() }).unwrap(), 100_000);
}

#[test]
fn later_settings_win() {
    let values = Values {
        set: vec!["a=1".into(), "a=2,b=x".into()],
        set_string: vec!["b=3".into()],
        ..Values::from_text("v.yaml", "a: 0\nc: 4")
    };
    let table = values.merge(&|_| Err(String::new())).unwrap();
    let expected = [("a", Data::Int(2)), ("b", Data::from("3")), ("c", Data::Float(4.0))];
    assert_eq!(table, expected.into_iter().map(|(key, value)| (key.into(), value)).collect());
}

#[test]
fn release_names_may_be_templates() {
    let environment = || Arc::new(FixedEnvironment::new(0, 0));
    let name = |text: &str| Release::name_from_template(text, environment());
    assert_eq!(name("plain").unwrap(), "plain");
    assert_eq!(name("{{ \"UP\" | lower }}-x").unwrap(), "up-x");
    assert!(name("{{ nope }}").is_err());
    for bad in ["Upper", "a_b", "-a", "", &"a".repeat(54)] {
        let chart = Chart::load(&tree_of(&[]), &TreePath::root(), &Budget::default()).unwrap();
        let rendered =
            helm::render(&chart, &Table::new(), &Release::new(bad, ""), &Budget::default(), environment());
        assert!(matches!(rendered, Err(Error::ReleaseName(_))), "{bad}");
    }
}
