//! Expressions and their values.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use serde_json::{Map, Value, json};

use crate::Expression;

fn names() -> Map<String, Value> {
    let names = json!({
        "app": {
            "metadata": {"name": "web", "labels": {"team": "shop", "dotted.key/x": "y"}},
            "spec": {"sources": [{"path": "a"}, {"path": "b"}], "replicas": 3},
            "status": {"health": {"status": "Healthy"}, "ratio": 0.5},
        },
        "nothing": null,
    });
    names.as_object().unwrap().clone()
}

fn value(text: &str) -> Value {
    let answer = Expression::parse(text).and_then(|expression| expression.evaluate(&names()));
    answer.unwrap_or_else(|error| Value::from(error.to_string()))
}

#[test]
fn expressions_have_the_values_of_expr_lang() {
    for (text, expected) in [
        ("1 + 2 * 3", json!(7)),
        ("(1 + 2) * 3", json!(9)),
        ("2 ** 3 ** 2", json!(512.0)),
        ("7 / 2", json!(3.5)),
        ("7 % 4 - 10", json!(-7)),
        ("-2 + +3", json!(1)),
        ("0x10 + 1_000", json!(1016)),
        ("1.5e1", json!(15.0)),
        ("1 == 1.0 and 'a' != \"b\"", json!(true)),
        ("'a\\tb' + `c\\t`", json!("a\tbc\\t")),
        ("'\\u00e9'", json!("é")),
        ("app.metadata.name == 'web'", json!(true)),
        ("app['metadata']['labels']['dotted.key/x']", json!("y")),
        ("app.metadata.labels.team in ['shop', 'bank']", json!(true)),
        ("'team' in app.metadata.labels", json!(true)),
        ("'other' not in app.metadata.labels && !('x' in nil)", json!(true)),
        ("not (1 > 2) or missing", json!(true)),
        ("not (app.metadata.labels.team startsWith 'b')", json!(true)),
        ("app.metadata.name matches '^w.b$'", json!(true)),
        ("app.metadata.name not matches '^x'", json!(true)),
        ("'abc' contains 'b' && 'abc' endsWith 'c'", json!(true)),
        ("missing", json!(null)),
        ("app.missing", json!(null)),
        ("nothing?.a.b.c", json!(null)),
        ("nothing?.a?.['b'] ?? 'default'", json!("default")),
        ("app.missing ?? app.metadata.name", json!("web")),
        ("app.spec.replicas > 2 ? 'many' : 'few'", json!("many")),
        ("false ? 1 : true ? 2 : 3", json!(2)),
        ("app.spec.sources[-1].path", json!("b")),
        ("[1, 'a', [true,],][2]", json!([true])),
        ("{a: 1, 'b c': 2, ('d' + 'e'): 3}", json!({"a": 1, "b c": 2, "de": 3})),
        ("1..3", json!([1, 2, 3])),
        ("len(app.spec.sources) + len('é') + len(app.metadata)", json!(5)),
        ("any(app.spec.sources, .path == 'b')", json!(true)),
        ("all(app.spec.sources, {#.path in ['a', 'b']})", json!(true)),
        ("none(1..3, # > 3) and one(1..3, {# > 2})", json!(true)),
        ("map(filter(1..5, {# % 2 == 1}), {# * #})", json!([1, 9, 25])),
        ("count([true, false, true]) + count(1..4, # < 3)", json!(4)),
        ("any(app.spec.sources, any(['b'], # == 'b'))", json!(true)),
        ("app.metadata.name | upper() | trimPrefix('W')", json!("EB")),
        ("join(split('a-b', '-'), '+') + string(1) + lower('X')", json!("a+b1x")),
        ("replace('aXa', 'X', '-') | hasPrefix('a-')", json!(true)),
        ("int('4') + int(2.9) + indexOf('abc', 'c')", json!(8)),
        ("float('0.5') + app.status.ratio", json!(1.0)),
        ("get(app.metadata, 'none') == nil and get(nil, 'x') == nil", json!(true)),
        (
            "keys({b: 1}) == ['b'] && values({b: 1}) == [1] && first([]) == nil && last([1, 2]) == 2",
            json!(true),
        ),
        ("type(1) + type(1.5) + type(nil) + type([]) + type({})", json!("intfloatnilarraymap")),
        ("true // a comment", json!(true)),
        ("/* another */ false", json!(false)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, expected) in [
        ("missing.a", "cannot fetch a from nil (at character 8)"),
        ("app.metadata.name.first", "cannot fetch first from string"),
        ("app.spec.sources[2]", "the list has no element 2; it has 2"),
        ("1 + 'a'", "int and string do not go together here"),
        ("1 < 'a'", "int and string do not go together here"),
        ("1 and true", "int is neither true nor false"),
        ("not 'a' == 'b'", "string is neither true nor false"),
        ("not 'a'", "string is neither true nor false"),
        ("'a' matches '('", "regex parse error"),
        ("let x = 1; x", "let is not supported"),
        ("now() > 1", "the function now is not supported"),
        ("date('2026-01-01')", "the function date is not supported"),
        ("app.name()", "the method name is not supported"),
        ("[1, 2][0:1]", "slices ([from:to]) are not supported"),
        ("len()", "len takes 1..=1 arguments, not 0"),
        ("len(1)", "the function does not take (int)"),
        ("any(1, # == 1)", "the first argument is no list"),
        ("# == 1", "unexpected \"#\""),
        ("1 +", "unexpected the end"),
        ("(1", "expected \")\", not the end"),
        ("1 1", "unexpected 1"),
        ("'open", "a text has no end"),
        ("a ? b", "expected \":\""),
        ("1 @ 2", "'@' means nothing here"),
        ("9223372036854775807 + 1", "no number that can be told"),
        ("1 % 0", "no number that can be told"),
        ("1 / 0", "no number that can be told"),
        ("", "unexpected the end (at character 1)"),
    ] {
        let answer = value(text);
        assert!(answer.as_str().is_some_and(|answer| answer.contains(expected)), "{text}: {answer}");
    }
}

#[test]
fn budgets_hold() {
    for text in [
        "(".repeat(100_000),
        "-".repeat(60_000),
        "!".repeat(60_000),
        format!("{}1{}", "[".repeat(1000), "]".repeat(1000)),
        "1..100000000".to_owned(),
        "map(1..9999, map(1..9999, 1))".to_owned(),
        format!("map(1..9999, [{}])", "app,".repeat(20)),
        format!("map(1..9999, replace('{}', 'a', '{}'))", "a".repeat(1000), "b".repeat(1000)),
        "'a' matches '(((a{100}){100}){100})'".to_owned(),
    ] {
        let answer = Expression::parse(&text).and_then(|expression| expression.evaluate(&names()));
        assert!(answer.is_err(), "{}", &text[..text.len().min(60)]);
    }
}

#[test]
fn a_condition_is_true_or_false() {
    let holds = |text: &str| Expression::parse(text).unwrap().holds(&names());
    assert_eq!(holds("app.spec.replicas == 3"), Ok(true));
    assert!(holds("app.missing").unwrap_err().to_string().contains("nil is neither true nor false"));
}
