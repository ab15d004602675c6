//! Each level told from the next by outputs that differ in one thing.

use super::*;
use ::tests::corpus::{Expected, RandomPart, RandomSource};

fn case(tool: Tool) -> Case {
    Case {
        name: "x".into(),
        tool,
        folder: ".".into(),
        path: ".".into(),
        release: String::new(),
        namespace: String::new(),
        kube_version: String::new(),
        values: Vec::new(),
        flags: Vec::new(),
        random: Vec::new(),
        random_sources: Vec::new(),
        reference_seconds: 0.0,
        expected: Expected::Failure(None),
    }
}

const OUTPUT: &str = "---\n# Source: c/a.yaml\nkind: A\nx: 1\n---\n# Source: c/b.yaml\nkind: B\n\
                      ---\n# Source: c/b.yaml\nkind: B\ny: 'two'\n";

#[test]
fn levels_forgive_what_they_should() {
    use Level::{Bodies, Bytes, Json, Order};
    for (from, to, reached, difference) in [
        ("", "", Some(Bytes), ""),
        ("x: 1", "x: 2", None, "/A// /x: expected 1, got 2"),
        ("x: 1", "x: \"1\"", None, "/A// /x: expected 1, got \"1\""),
        ("kind: A", "kind: C", None, "1 documents missing (/A//), 1 too many (/C//)"),
        ("x: 1", "x: [", None, "the output is no YAML: "),
        ("x: 1", "x: 1.0", Some(Order), "`# Source: c/a.yaml` text 1: line 2: "),
        ("'two'", "two", Some(Order), "`# Source: c/b.yaml` text 2: line 2: "),
        ("c/a.yaml", "c/z.yaml", Some(Order), "`# Source: c/a.yaml` comes 0 times, not 1"),
        ("---\n# Source: c/a.yaml\n", "\n---\n# Source: c/a.yaml\n", Some(Bodies), "bytes: line 1: "),
    ] {
        let verdict = judge(OUTPUT, &OUTPUT.replacen(from, to, 1), &case(Tool::Helm));
        assert_eq!(verdict.reached, reached, "{from:?} {to:?}: {verdict:?}");
        assert!(verdict.difference.starts_with(difference), "{verdict:?}");
    }
    let (first, rest) = OUTPUT.split_at(OUTPUT.find("---\n# Source: c/b").unwrap());
    let verdict = judge(OUTPUT, &format!("{rest}{first}"), &case(Tool::Helm));
    assert_eq!(verdict.reached, Some(Json), "{verdict:?}");
    assert!(verdict.difference.starts_with("order: document 0 should be /A//, is /B//"), "{verdict:?}");
}

#[test]
fn without_headers_the_bytes_follow_the_order() {
    let kustomize = case(Tool::Kustomize);
    assert_eq!(judge("a: 1\n", "a:  1\n", &kustomize).reached, Some(Level::Order));
    assert_eq!(judge("a: 1\n", "a: 1\n", &kustomize).reached, Some(Level::Bytes));
    assert_eq!(judge("a: 1\n", "a:  1\n", &case(Tool::Helm)).reached, Some(Level::Order));
}

#[test]
fn random_parts_are_left_out_and_the_rest_is_not() {
    let mut random = case(Tool::Helm);
    random.random = vec![RandomPart { document: "/A//".into(), path: "/x".into(), lines: Vec::new() }];
    random.random_sources = vec![RandomSource { source: "c/a.yaml".into(), body: 1, lines: vec![2] }];
    let with = |from: &str, to: &str| judge(OUTPUT, &OUTPUT.replacen(from, to, 1), &random).reached;
    assert_eq!(with("x: 1", "x: 7"), Some(Level::Bytes));
    assert_eq!(with("kind: A\n", "kind:  A\n"), Some(Level::Order), "another line of the same text");
    assert_eq!(with("x: 1", "z: 1"), None, "the value is random, its key is not");
    assert_eq!(with("y: 'two'", "y: 'three'"), None);
}
