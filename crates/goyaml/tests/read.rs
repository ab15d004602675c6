//! Reading: what go-yaml v2 makes of a text. The answers are those of sigs.k8s.io/yaml 1.6.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test that fails should say where")]

use goyaml::{Budget, documents, documents_within, from_str, from_str_strict};
use serde_json::json;

#[track_caller]
fn reads(text: &str, json: &str) {
    let value = from_str(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(value.to_string(), json, "{text:?}");
}

#[track_caller]
fn refuses(text: &str, message: &str) {
    assert_eq!(from_str(text).unwrap_err().to_string(), message, "{text:?}");
}

#[test]
fn words_and_numbers_are_typed_as_in_yaml_1_1() {
    for (text, json) in [
        ("yes", "true"),
        ("Off", "false"),
        ("y", "true"),
        ("yEs", "\"yEs\""),
        ("~", "null"),
        ("0777", "511"),
        ("08", "8"),
        ("0o17", "15"),
        ("0b101", "5"),
        ("-0x1F", "-31"),
        ("1_000", "1000"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("1e400", "\"1e400\""),
        ("18446744073709551615", "18446744073709551615"),
        ("2020-01-01", "\"2020-01-01\""),
        ("12:30:45", "\"12:30:45\""),
        ("'yes'", "\"yes\""),
        ("!!str 1", "\"1\""),
        ("!!float 1", "1"),
        ("! 1", "1"),
        ("!custom 1", "\"1\""),
        ("!!binary aGk=", "\"hi\""),
    ] {
        reads(text, json);
    }
}

#[test]
fn keys_become_text() {
    reads(
        "{1: a, yes: b, 1.5: c, 1e40: d}",
        r#"{"+Inf":"d","1":"a","1.5":"c","true":"b"}"#.replace("+Inf", ".inf").as_str(),
    );
    refuses("~: a", "unsupported map key of type: %!s(<nil>), key: <nil>, value: \"a\"");
    refuses("~: [.inf]\na: {<<: 1}", "yaml: map merge requires map or sequence of maps as the value");
    refuses(
        "{{ .Values.x }}: a",
        "yaml: invalid map key: map[interface {}]interface {}{\".Values.x\":interface {}(nil)}",
    );
}

#[test]
fn the_last_of_equal_keys_wins_unless_strict() {
    reads("a: 1\na: 2", r#"{"a":2}"#);
    let error = from_str_strict("a: 1\na: 2").unwrap_err();
    assert_eq!(error.to_string(), "yaml: unmarshal errors:\n  line 2: key \"a\" already set in map");
    assert_eq!(error.line, 2);
    let error = from_str_strict("a: 1\na: 2\nb: {c: 1, c: 1}").unwrap_err();
    let lines = "\n  line 2: key \"a\" already set in map\n  line 3: key \"c\" already set in map";
    assert_eq!(error.to_string(), format!("yaml: unmarshal errors:{lines}"));
}

#[test]
fn merge_keys_override_what_stands_before_them() {
    reads("x: &x {a: 1, b: 1}\nz:\n  b: 2\n  <<: *x\n  a: 3", r#"{"x":{"a":1,"b":1},"z":{"a":3,"b":1}}"#);
    reads(
        "x: [&p {a: 1}, &q {a: 2, b: 2}]\nz: {<<: [*p, *q]}",
        r#"{"x":[{"a":1},{"a":2,"b":2}],"z":{"a":1,"b":2}}"#,
    );
    refuses("a: {<<: 1}", "yaml: map merge requires map or sequence of maps as the value");
}

#[test]
fn block_scalars_keep_and_fold_lines() {
    reads("|\n  a\n   b\n\n", "\"a\\n b\\n\"");
    reads(">\n  a\n  b\n\n  c\n    d\n  e", "\"a b\\nc\\n  d\\ne\"");
    reads("|+\n  a\n\n", "\"a\\n\\n\"");
    reads("|-\n  a\n\n", "\"a\"");
    reads("|2-\n   a", "\" a\"");
    reads("k: |\n  no newline at the end", "{\"k\":\"no newline at the end\"}");
    refuses("k: |\n\ta", "yaml: line 2: found a tab character where an indentation space is expected");
}

#[test]
fn quoted_scalars_unescape_and_join_lines() {
    reads(r#""a\tb\x41\u00e9\U0001F600""#, "\"a\\tbAé😀\"");
    reads("\"a\n  b\n\n  c\\\n  d\"", "\"a b\\ncd\"");
    reads("'it''s\n  so'", "\"it's so\"");
    refuses("\"\\z\"", "yaml: found unknown escape character");
    refuses("a: \"\n", "yaml: line 3: found unexpected end of stream".replace('3', "2").as_str());
}

#[test]
fn errors_say_what_go_says_and_carry_the_true_place() {
    for (text, line, printed) in [
        ("a: b: c", 1, "yaml: mapping values are not allowed in this context"),
        ("x: 1\na: b: c", 2, "yaml: line 2: mapping values are not allowed in this context"),
        ("a: 1\n- b", 2, "yaml: line 1: did not find expected key"),
        ("a: [1\nb: 2", 2, "yaml: line 1: did not find expected ',' or ']'"),
        ("a:\n\t- b", 2, "yaml: line 2: found character that cannot start any token"),
        ("x: *nope", 1, "yaml: unknown anchor 'nope' referenced"),
        ("x: &x [*x]", 1, "yaml: anchor 'x' value contains itself"),
        ("a\u{1}b", 1, "yaml: control characters are not allowed"),
    ] {
        let error = from_str(text).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.line), (printed, line), "{text:?}");
    }
}

#[test]
fn documents_come_with_their_lines_and_empty_ones_are_left_out() {
    let found = documents("# nothing\n---\na: 1\n---\n# empty\n---\n\nb: 2\n...\n--- {c: 3}\n").unwrap();
    let found: Vec<_> = found.into_iter().map(|document| (document.line, document.value)).collect();
    assert_eq!(found, [(2, json!({"a": 1})), (6, json!({"b": 2})), (10, json!({"c": 3}))]);
}

#[test]
fn a_stream_of_json_objects_is_a_stream_of_documents() {
    let found = documents("{\"a\": 1}\n{\"b\":\n 2}\n").unwrap();
    let found: Vec<_> = found.into_iter().map(|document| (document.line, document.value)).collect();
    assert_eq!(found, [(1, json!({"a": 1})), (2, json!({"b": 2}))]);
}

#[test]
fn only_the_first_document_is_looked_at_by_from_str() {
    reads("a: 1\n---\n: : broken [", r#"{"a":1}"#);
    reads("", "null");
    reads("\u{feff}a: 1\r\nb: 2\r\n", r#"{"a":1,"b":2}"#);
}

#[test]
fn bombs_meet_a_budget() {
    let mut laughs = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, of) in ["b", "c", "d", "e", "f", "g", "h"].iter().zip(["a", "b", "c", "d", "e", "f", "g"]) {
        laughs.push_str(&format!("{name}: &{name} [{}]\n", vec![format!("*{of}"); 9].join(", ")));
    }
    refuses(&laughs, "yaml: document contains excessive aliasing");
    for deep in ["[".repeat(100_000), "- ".repeat(100_000), "a: ".repeat(3), "? ".repeat(100_000)] {
        assert!(from_str(&deep).is_err() || deep.len() < 20, "{}", &deep[..10]);
    }
    let small = Budget { nodes: 3, ..Budget::default() };
    assert!(documents_within("[1, 2, 3]", &small).is_err());
    let short = Budget { input_bytes: 3, ..Budget::default() };
    assert!(documents_within("[1, 2, 3]", &short).is_err());
}

#[test]
fn no_text_makes_it_panic() {
    let pieces = [
        "a",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "? ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&x ",
        "*x",
        "!!str ",
        "'",
        "\"",
        "|\n",
        ">+1\n",
        "# c\n",
        "<<: ",
        "%YAML 1.1\n",
        "---\n",
        "...\n",
        "\t",
        "\\x4",
        "é",
        "\u{2028}",
        "\r",
        "!<a%zz> ",
        "~",
    ];
    // A fixed sequence of pseudo-random texts.
    let mut state: u64 = 42;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % bound
    };
    let mut read = 0;
    for _ in 0..20_000 {
        let text: String = (0..next(20)).map(|_| pieces[next(pieces.len())]).collect();
        if let Ok(found) = documents(&text) {
            for document in found {
                read += 1;
                let written = goyaml::to_string(&document.value);
                if written.contains("<<") {
                    continue; // Go's own writer doesn't quote the merge key either.
                }
                assert_eq!(from_str(&written).as_ref(), Ok(&document.value), "{text:?} as {written:?}");
            }
        }
    }
    assert!(read > 1000, "the pieces should make readable texts now and then, made {read}");
}

#[test]
fn a_bracket_where_only_a_key_can_stand_misses_its_colon() {
    refuses("a:\n{\n\n", "yaml: line 4: could not find expected ':'");
}

#[test]
fn many_small_json_documents_cost_no_more_than_one_large_one() {
    let text = "{}\n{\"a\":1} ".repeat(200_000);
    let found = documents(&text).unwrap();
    assert_eq!((found.len(), found[1].line, found[399_999].line), (400_000, 2, 200_001));
    let budget = Budget { nodes: 1000, ..Budget::default() };
    assert!(documents_within(&text, &budget).is_err());
}

#[test]
fn time_grows_with_the_text_only() {
    // Lines that end in carriage returns, each with a comment; it matters that this ends.
    let comments = goyaml::parse(&"# a\r".repeat(300_000), &Budget::default()).unwrap().comments;
    assert!(comments.len() == 300_000 && comments.iter().all(|comment| !comment.trailing));
    let comments = goyaml::parse("a: b # c\r# d\r", &Budget::default()).unwrap().comments;
    assert_eq!(comments.iter().map(|comment| comment.trailing).collect::<Vec<_>>(), [true, false]);
    let directives: String = (0..1000).map(|number| format!("%TAG !{number}! tag:a,\n")).collect();
    let error = from_str(&format!("{directives}--- a")).unwrap_err().to_string();
    assert!(error.ends_with("found more than 100 %TAG directives"), "{error}");
}
