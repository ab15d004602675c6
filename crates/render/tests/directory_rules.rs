//! The rules of the directory kind, one line of a table for each.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use source::testing::Repository;
use support::{Fixture, at, config_map};

/// Renders a directory that holds these files, and links made before them.
async fn names(
    files: &[(&str, &[u8])],
    links: &[(&str, &str)],
    directory: Value,
) -> Result<Vec<String>, String> {
    let repository = Repository::new();
    for (path, content) in files {
        let path = repository.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
    for (path, target) in links {
        let path = repository.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(target, path).unwrap();
    }
    repository.commit("files", &[]);
    Fixture::new().names(json!({"repoURL": repository.url(), "path": "app", "directory": directory})).await
}

fn map(name: &str) -> Vec<u8> {
    config_map(name, "1").into_bytes()
}

fn utf16(text: &str, little: bool) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(|unit: u16| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_a_manifest() {
    let (a, b) = (map("a"), map("b"));
    let bom = [b"\xef\xbb\xbf".to_vec(), map("a")].concat();
    let (little, big) = (utf16(&config_map("a", "1"), true), utf16(&config_map("a", "1"), false));
    let two = [map("a"), b"---\n".to_vec(), map("b")].concat();
    let bad_second = [map("a"), b"---\n{".to_vec()].concat();
    let list_of_lists =
        b"kind: List\nitems:\n- kind: List\n  items: [{kind: A, metadata: {name: x}}]\n- null\n";
    for (what, files, expected) in [
        ("YAML", vec![("app/a.yaml", &a[..])], Ok(vec!["ConfigMap/a"])),
        ("order of names", vec![("app/b.yaml", &a[..]), ("app/a.yml", &b[..])], Ok(vec!["ConfigMap/b", "ConfigMap/a"])),
        ("byte order mark", vec![("app/a.yaml", &bom[..])], Ok(vec!["ConfigMap/a"])),
        ("UTF-16, little endian", vec![("app/a.yaml", &little[..])], Ok(vec!["ConfigMap/a"])),
        ("UTF-16, big endian", vec![("app/a.yaml", &big[..])], Ok(vec!["ConfigMap/a"])),
        ("documents", vec![("app/a.yaml", &two[..])], Ok(vec!["ConfigMap/a", "ConfigMap/b"])),
        ("JSON in a YAML file", vec![("app/a.yaml", b"{\"kind\": \"A\", \"metadata\": {\"name\": \"x\"}}")], Ok(vec!["A/x"])),
        ("JSON values in a row", vec![("app/a.yaml", b"{\"kind\": \"A\", \"metadata\": {\"name\": \"x\"}}\n---\n{\"kind\": \"B\", \"metadata\": {\"name\": \"y\"}}")], Ok(vec!["A/x", "B/y"])),
        ("lists, one level", vec![("app/a.yaml", &list_of_lists[..])], Ok(vec!["List/"])),
        ("other YAML", vec![("app/values.yaml", b"replicas: 3\n")], Ok(vec![])),
        ("no YAML at all", vec![("app/x.yaml", b"{{ .Values }}: [")], Ok(vec![])),
        ("empty", vec![("app/x.yaml", b""), ("app/y.yaml", b"---\n---\n# x\n"), ("app/z.json", b"")], Ok(vec![])),
        ("other JSON", vec![("app/x.json", b"{\"layers\": []}")], Ok(vec![])),
        ("hidden files", vec![("app/.a.yaml", &a[..])], Ok(vec!["ConfigMap/a"])),
        ("no manifest's name", vec![("app/a.yaml.tpl", &a[..]), ("app/b.txt", &b[..])], Ok(vec![])),
        ("skip mark", vec![("app/a.yaml", b"kind: A # +argocd:skip-file-rendering\nmetadata: {name: x}\n")], Ok(vec![])),
        ("broken after a good document", vec![("app/a.yaml", &bad_second[..])], Err("app/a.yaml")),
        ("broken, but looks like one", vec![("app/a.yaml", b"apiVersion: v1\nkind: A\nmetadata: {\n")], Err("app/a.yaml")),
        ("without a kind", vec![("app/a.yaml", b"apiVersion: v1\nmetadata: {name: kind: }\n")], Err("app/a.yaml")),
        ("two JSON values", vec![("app/a.json", b"{\"kind\":\"A\"}{\"kind\":\"B\"}")], Err("Found multiple objects")),
        ("broken JSON", vec![("app/a.json", b"{\"kind\":")], Err("app/a.json:1")),
        ("no text", vec![("app/a.yaml", b"\xff\x00\xff")], Err("no text in UTF-8 or UTF-16")),
    ] {
        match (names(&files, &[], json!({})).await, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{what}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{what}: {error}"),
            (found, expected) => panic!("{what}: {found:?} in place of {expected:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn which_files_are_taken() {
    let files: Vec<(String, Vec<u8>)> =
        ["a.yaml", "b.yml", "c.txt", "env/d.yaml", "env/deep/e.yaml", "env-x/f.yaml"]
            .iter()
            .enumerate()
            .map(|(index, path)| (format!("app/{path}"), map(&format!("m{index}"))))
            .collect();
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, content)| (path.as_str(), &content[..])).collect();
    for (directory, expected) in [
        (json!({}), 2),
        (json!({"disableExtensionFilter": true}), 3),
        (json!({"recurse": true}), 5),
        (json!({"recurse": true, "include": "*.yaml"}), 4),
        (json!({"recurse": true, "include": "env/*"}), 2),
        (json!({"recurse": true, "include": "{a.yaml,env/**}"}), 3),
        (json!({"recurse": true, "include": "{*.yml,env-?/*}"}), 2),
        (json!({"recurse": true, "include": "[ab].*"}), 2),
        (json!({"recurse": true, "include": "[!a]*"}), 4),
        (json!({"recurse": true, "exclude": "env*"}), 2),
        (json!({"recurse": true, "exclude": "{env/**,b.yml}"}), 2),
        (json!({"recurse": true, "include": "env/*", "exclude": "**/e.yaml"}), 1),
        (json!({"include": "[", "exclude": "["}), 0),
        (json!({"exclude": "["}), 2),
    ] {
        let found = names(&files, &[], directory.clone()).await.unwrap();
        assert_eq!(found.len(), expected, "{directory}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_followed_inside_the_repository() {
    let (a, deep) = (map("a"), map("deep"));
    let files: [(&str, &[u8]); 2] = [("shared/a.yaml", &a), ("shared/sub/deep.yaml", &deep)];
    for (link, target, expected) in [
        ("app/l.yaml", "../shared/a.yaml", Ok(vec!["ConfigMap/a"])),
        ("app/l.yaml", "nothing.yaml", Ok(vec![])),
        // A directory is no regular file, whatever its name.
        ("app/l.yaml", "../shared/sub", Ok(vec![])),
        ("app/sub", "../shared/sub", Ok(vec![])),
        (
            "app/l.yaml",
            "../../outside.yaml",
            Err("illegal filepath in symlink app/l.yaml -> ../../outside.yaml"),
        ),
        ("app/l.yaml", "/etc/passwd", Err("illegal filepath in symlink app/l.yaml -> /etc/passwd")),
        ("app/l.yaml", "l.yaml", Err("illegal filepath in symlink app/l.yaml")),
    ] {
        match (names(&files, &[(link, target)], json!({"recurse": true})).await, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{target}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{target}: {error}"),
            (found, expected) => panic!("{target}: {found:?} in place of {expected:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jsonnet_is_given_variables_and_libraries() {
    let files: [(&str, &[u8]); 6] = [
        ("app/main.jsonnet", b"(import 'lib.libsonnet')(std.extVar('name'))"),
        ("app/lib.libsonnet", b"function(name) {kind: 'Own', metadata: {name: name}}"),
        ("vendor/lib.libsonnet", b"function(name) {kind: 'Vendored', metadata: {name: name}}"),
        ("vendor/only.libsonnet", b"{kind: 'Only', metadata: {name: 'x'}}"),
        ("other/only.libsonnet", b"{kind: 'Other', metadata: {name: 'x'}}"),
        ("other/text.txt", b"words"),
    ];
    let with = |main: &str, directory: Value| {
        let main = main.as_bytes().to_vec();
        async move {
            let mut files = files.to_vec();
            files[0].1 = &main;
            names(&files, &[], json!({"jsonnet": directory})).await
        }
    };
    let object = "{kind: 'A', metadata: {name: ";
    for (main, directory, expected) in [
        ("import 'lib.libsonnet'", json!({"tlas": [{"name": "name", "value": "t"}]}), Ok("Own/t")),
        ("import 'only.libsonnet'", json!({"libs": ["vendor"]}), Ok("Only/x")),
        ("import 'only.libsonnet'", json!({"libs": ["/vendor/"]}), Ok("Only/x")),
        ("import 'only.libsonnet'", json!({"libs": ["vendor", "other"]}), Ok("Other/x")),
        ("import 'vendor/only.libsonnet'", json!({"libs": ["."]}), Ok("Only/x")),
        ("import '../vendor/only.libsonnet'", json!({}), Ok("Only/x")),
        (&format!("{object}importstr '../other/text.txt'}}}}"), json!({}), Ok("A/words")),
        (
            &format!("{object}std.extVar('x')}}}}"),
            json!({"extVars": [{"name": "x", "value": "1 + 1"}]}),
            Ok("A/1 + 1"),
        ),
        (
            &format!("{object}'' + std.extVar('x')}}}}"),
            json!({"extVars": [{"name": "x", "value": "1 + 1", "code": true}]}),
            Ok("A/2"),
        ),
        (&format!("function(x=1) {object}'' + x}}}}"), json!({}), Ok("A/1")),
        ("import 'only.libsonnet'", json!({}), Err("couldn't open import \"only.libsonnet\"")),
        ("import '../../x.libsonnet'", json!({}), Err("couldn't open import")),
        ("import '/etc/passwd'", json!({}), Err("couldn't open import \"/etc/passwd\"")),
        ("import 'only.libsonnet'", json!({"libs": ["../out"]}), Err("leads out of the repository")),
        (&format!("function(x) {object}x}}}}"), json!({}), Err("app/main.jsonnet: missing argument: x")),
        (&format!("{object}std.extVar('y')}}}}"), json!({}), Err("undefined external variable: y")),
        ("1", json!({}), Err("a manifest has to be an object, not a number")),
    ] {
        match (with(main, directory.clone()).await, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, [expected], "{main} {directory}"),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{main} {directory}: {error}"),
            (found, expected) => panic!("{main} {directory}: {found:?} in place of {expected:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_are_added_up_before_anything_is_read() {
    let repository = Repository::new();
    let filler = format!("# {}\n", "x".repeat(400));
    repository.commit(
        "files",
        &[
            ("app/a.yaml", &format!("{filler}{}", config_map("a", "1"))),
            ("app/broken.yaml", "apiVersion: v1\nkind: A\nmetadata: {\n"),
            ("app/c.yaml", &format!("{filler}{}", config_map("c", "1"))),
            ("jsonnet/a.jsonnet", &format!("{}{{kind: 'A', metadata: {{name: 'j'}}}}", filler.repeat(5))),
            ("skipped/a.yaml", &format!("# +argocd:skip-file-rendering\n{}", filler.repeat(5))),
        ],
    );
    let fixture = Fixture::with(render::RenderOptions { max_directory_bytes: 900, ..Default::default() });
    let error = fixture.names(at(&repository.url(), "app")).await.unwrap_err();
    assert!(
        error.contains("exceeded max combined manifest file size: app/c.yaml"),
        "before the broken one: {error}"
    );
    assert_eq!(
        fixture.names(at(&repository.url(), "jsonnet")).await.unwrap(),
        ["A/j"],
        "programs do not count"
    );
    assert_eq!(fixture.names(at(&repository.url(), "skipped")).await.unwrap(), Vec::<String>::new());
    let unlimited = Fixture::with(render::RenderOptions { max_directory_bytes: 0, ..Default::default() });
    let error = unlimited.names(at(&repository.url(), "app")).await.unwrap_err();
    assert!(error.contains("app/broken.yaml"), "{error}");
    let mut request = support::request("web", at(&repository.url(), "jsonnet"));
    request.settings.directory = false;
    let rendered = fixture.renderer.render(request).await.unwrap();
    assert_eq!(rendered.objects.len(), 0, "jsonnet.enable is off");
}
