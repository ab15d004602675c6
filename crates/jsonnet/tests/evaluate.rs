//! Programs over a tree: imports, variables, errors.
#![allow(clippy::unwrap_used)]

use jsonnet::{Options, Variable, evaluate};
use serde_json::json;
use tree::{MemoryTree, TreePath};

fn tree(files: &[(&str, &str)]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for (path, content) in files {
        tree.insert_text(path, content).unwrap();
    }
    tree
}

fn path(text: &str) -> TreePath {
    TreePath::new(text).unwrap()
}

fn variable(name: &str, value: &str, code: bool) -> Variable {
    Variable { name: name.into(), value: value.into(), code }
}

fn run(files: &[(&str, &str)], options: &Options) -> Result<serde_json::Value, String> {
    evaluate(&tree(files), &path("app/main.jsonnet"), options).map_err(|error| error.to_string())
}

#[test]
fn imports_are_found_beside_the_file_then_in_the_libraries() {
    let files = [
        (
            "app/main.jsonnet",
            "{ near: import 'near.libsonnet', far: import 'far.libsonnet', text: importstr '../note.txt',\n\
             lazy: { inner: (import 'near.libsonnet').name } }",
        ),
        ("app/near.libsonnet", "{ name: 'near' }"),
        ("lib/near.libsonnet", "{ name: 'library' }"),
        ("lib/far.libsonnet", "{ name: (import 'deep/deep.libsonnet').name }"),
        ("lib/deep/deep.libsonnet", "{ name: 'deep' }"),
        ("other/far.libsonnet", "{ name: 'first library' }"),
        ("note.txt", "hello"),
    ];
    let options = Options { library_paths: vec![path("other"), path("lib")], ..Options::default() };
    assert_eq!(
        run(&files, &options),
        Ok(
            json!({"near": {"name": "near"}, "far": {"name": "deep"}, "text": "hello", "lazy": {"inner": "near"}})
        ),
    );
}

#[test]
fn variables_come_from_outside() {
    let options = Options {
        external_variables: vec![
            variable("who", "ignored", false),
            variable("who", "world", false),
            variable("count", "1 + 2", true),
        ],
        arguments: vec![variable("prefix", "hi", false), variable("list", "[1, 2]", true)],
        ..Options::default()
    };
    let main = "function(prefix, list, suffix='!') [prefix + ' ' + std.extVar('who') + suffix, std.extVar('count'), list]";
    assert_eq!(run(&[("app/main.jsonnet", main)], &options), Ok(json!(["hi world!", 3, [1, 2]])));
    let plain = run(&[("app/main.jsonnet", "{ a: 1 }")], &options);
    assert_eq!(plain, Ok(json!({"a": 1})), "arguments of a program that is no function are not used");
}

#[test]
fn errors_tell_file_and_line() {
    for (main, library, expected) in [
        ("{\n  a: 1,\n  b: ", "", "app/main.jsonnet:3: expected"),
        ("{\n  a: unknown }", "", "app/main.jsonnet:2: unknown variable: unknown"),
        ("{\n  a: error 'no ' + 'way' }", "", "app/main.jsonnet:2: RUNTIME ERROR: no way"),
        ("{\n\n  a: (import 'lib.libsonnet').x }", "{\n x: 1 / 0 }", "app/lib.libsonnet:2: division by zero"),
        ("import 'lib.libsonnet'", "{ x: }", "app/lib.libsonnet:1: expected"),
        (
            "\nimport 'nothing.libsonnet'",
            "",
            "app/main.jsonnet:2: couldn't open import \"nothing.libsonnet\"",
        ),
        ("import '/etc/passwd'", "", "app/main.jsonnet:1: couldn't open import \"/etc/passwd\""),
        ("importstr '../../etc/passwd'", "", "couldn't open import"),
        ("std.extVar('x')", "", "app/main.jsonnet:1: undefined external variable: x"),
        ("local f(x) = f(x + 1) + 1; f(0)", "", "max stack frames exceeded"),
        ("function(name) name", "", "missing argument: name"),
        ("{ f(x): x, g: std.length }", "", "couldn't manifest function as JSON"),
    ] {
        let files = [("app/main.jsonnet", main), ("app/lib.libsonnet", library)];
        let error = run(&files, &Options::default()).expect_err(main);
        assert!(error.contains(expected), "{main}: {error}");
    }
    let options = Options { max_source_bytes: 10, ..Options::default() };
    assert!(
        run(&[("app/main.jsonnet", "'0123456789'")], &options).unwrap_err().contains("more than 10 bytes")
    );
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let evaluated = std::thread::Builder::new().stack_size(jsonnet::STACK_BYTES).spawn(|| {
        for (open, close) in [
            ("[", "]"),
            ("{a:", "}"),
            ("- ", ""),
            ("1+", ""),
            ("if true then ", ""),
            ("function(x) ", ""),
            ("local x = 1; ", ""),
            ("x.", ""),
            ("x(", ")"),
        ] {
            for count in [900, 100_000] {
                let main = format!("{}1{}", open.repeat(count), close.repeat(count));
                let result = run(&[("app/main.jsonnet", &main)], &Options::default());
                assert!(count < 100_000 || result.is_err(), "{open}");
            }
        }
    });
    evaluated.unwrap().join().unwrap();
}
