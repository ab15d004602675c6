//! Ignore rules as tables: a rule, an object, and what of the object is left.
#![allow(clippy::unwrap_used, clippy::needless_pass_by_value, reason = "test code")]

use diff::{Error, IgnoreRule, KnownTypeField, Override, Rules, StatusRule};
use object::Object;
use serde_json::{Value, json};

fn after(rules: &Rules, object: Value) -> Value {
    let mut object = Object::from_value(object).unwrap();
    rules.apply(&mut object);
    object.into_value()
}

fn jq(expression: &str) -> Result<Rules, Error> {
    let rule = IgnoreRule {
        group: "*".to_owned(),
        kind: "*".to_owned(),
        jq_path_expressions: vec![expression.to_owned()],
        ..IgnoreRule::default()
    };
    Rules::compile(&[rule], &[], StatusRule::None)
}

fn sample() -> Value {
    json!({
        "kind": "X",
        "spec": {
            "containers": [
                {"name": "a", "env": [{"name": "E", "value": "1"}, {"name": "F"}]},
                {"name": "b", "image": "i"},
                {"name": "c", "env": [{"name": "E"}]},
            ],
            "list": [0, 1, 2, 3, 4],
            "map": {"x/y": 1, "z": 2},
        }
    })
}

#[test]
fn jq_paths() {
    let all = sample();
    let without = |pointer: &[&str]| {
        let mut value = all.clone();
        for pointer in pointer {
            assert!(object::json_patch::remove_pointer(&mut value, pointer), "{pointer}");
        }
        value
    };
    for (expression, expected) in [
        (".spec.map", without(&["/spec/map"])),
        (".spec.map[\"x/y\"], .spec.map.z", without(&["/spec/map/x~1y", "/spec/map/z"])),
        (".spec.missing.deeper", without(&[])),
        (".spec.list[1,3]", without(&["/spec/list/3", "/spec/list/1"])),
        (".spec.list[-1]", without(&["/spec/list/4"])),
        (".spec.list[1:3]", without(&["/spec/list/1", "/spec/list/1"])),
        (".spec.list[] | select(. > 2)", without(&["/spec/list/3", "/spec/list/3"])),
        (".spec.containers[] | select(.name == \"b\")", without(&["/spec/containers/1"])),
        (
            ".spec.containers[].env[]? | select(.name == \"E\")",
            without(&["/spec/containers/0/env/0", "/spec/containers/2/env/0"]),
        ),
        (".spec.containers[0:2]", without(&["/spec/containers/0", "/spec/containers/0"])),
        (".. | .env? // empty", without(&["/spec/containers/0/env", "/spec/containers/2/env"])),
        (
            ".spec.containers[] | select(.name | test(\"^[ab]$\")) | .image",
            without(&["/spec/containers/1/image"]),
        ),
        (".spec | to_entries[] | .key", all.clone()),
        (".spec.list[range(2)]", without(&["/spec/list/0", "/spec/list/0"])),
        ("first(.spec.containers[])", without(&["/spec/containers/0"])),
        ("limit(2; .spec.list[])", without(&["/spec/list/0", "/spec/list/0"])),
        // Failing, pointing to everything, or to nothing: the rule is skipped.
        (".spec.containers[].env[]", all.clone()),
        (".", all.clone()),
        ("empty", all.clone()),
        ("error(\"x\")", all.clone()),
        // An item twice is one item.
        (".spec.list[0], .spec.list[0]", without(&["/spec/list/0"])),
    ] {
        let rules = jq(expression).unwrap_or_else(|error| unreachable!("{error}"));
        assert_eq!(after(&rules, all.clone()), expected, "{expression}");
    }
}

#[test]
fn jq_refusals() {
    for expression in [
        ".spec[",
        "nonsense",
        "halt",
        "halt_error",
        "env.HOME",
        "$ENV.HOME",
        "input",
        "now",
        "debug",
        "def f: f; f",
        "def f: def g: f; g; f",
        "import \"a\" as a; .",
    ] {
        let error = jq(expression).err();
        assert!(matches!(error, Some(Error::Rule { .. })), "{expression}: {error:?}");
    }
    assert!(jq(&"(".repeat(100)).is_err());
    assert!(jq(&".a|".repeat(2000)).is_err());
}

#[test]
fn long_chains_fit_the_stack() {
    for (link, end) in [
        (".|", "."),
        ("1+", "1"),
        (".,", "."),
        ("1 as $x|", "."),
        (".a//", "."),
        ("def f:1;", "."),
        (".a?", ""),
        ("label $f|", "."),
        ("1==", "1"),
    ] {
        // Whether it compiles is not the point; that it neither crashes nor hangs is, with a usual stack.
        for length in [40, 98, 4090 / link.len()] {
            let chain = format!("{}{end}", link.repeat(length));
            let run = move || {
                if let Ok(rules) = jq(&chain) {
                    after(&rules, sample());
                }
            };
            std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
        }
    }
}

#[test]
fn jq_budget() {
    // Each of these would run for very long, or take very much memory.
    for expression in [
        ".spec.list[range(infinite)]",
        "last(range(1e18)) as $x | .spec",
        "last(repeat(.)) | .spec",
        "(0 | until(false; . + 1)) as $x | .spec",
        "[recurse(.)] as $x | .spec",
        "[..] as $all | $all[] as $a | $all[] as $b | $all[] as $c | $all[] as $d | .spec",
        "(reduce range(60) as $i (\"aaaaaaaaaaaaaaaa\"; . + .)) as $x | .spec",
        "(reduce range(60) as $i (\"a\"; \"\\(.)\\(.)\")) as $x | .spec",
        "(reduce range(60) as $i ([0]; . + .)) as $x | .spec",
        "(\"a\" * 1000000000000) as $x | .spec",
        "try last(repeat(.)) | .spec",
        "until(false; .)",
        "recurse(.)",
        "last(recurse(.))",
        "while(true; .)",
        "repeat(.)",
        "[limit(100000000; repeat(0))] as $x | .spec",
        "[splits(\"a\"; null)] as $x | .spec",
        "label $f | repeat(.)",
        "[.. | ..] | [.. | ..] | [.. | ..] | [.. | ..] | .spec",
        "(reduce range(60) as $i (\"\\\"\"; tojson)) as $x | .spec",
    ] {
        let rules = jq(expression).unwrap_or_else(|error| unreachable!("{error}"));
        assert_eq!(after(&rules, sample()), sample(), "{expression}");
    }
}

#[test]
fn selection() {
    let rule = |group: &str, kind: &str, name: &str, namespace: &str| IgnoreRule {
        group: group.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        namespace: namespace.to_owned(),
        json_pointers: vec!["/spec".to_owned(), "/nothing/here".to_owned()],
        ..IgnoreRule::default()
    };
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n"}, "spec": 1});
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": 1});
    for (rule, ignored_deployment, ignored_service) in [
        (rule("apps", "Deployment", "", ""), true, false),
        (rule("*", "*", "", ""), true, true),
        (rule("", "*", "", ""), false, true),
        (rule("app*", "Dep*", "a", "n"), true, false),
        (rule("apps", "Deployment", "b", ""), false, false),
        (rule("apps", "Deployment", "", "m"), false, false),
        (rule("*", "Service", "", "n"), false, false),
    ] {
        let rules = Rules::compile(std::slice::from_ref(&rule), &[], StatusRule::None).unwrap();
        for (object, ignored) in [(&deployment, ignored_deployment), (&service, ignored_service)] {
            assert_eq!(after(&rules, object.clone()).get("spec").is_none(), ignored, "{rule:?} {object}");
        }
    }
}

#[test]
fn status_rule() {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "status": {}});
    let definition =
        json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "status": {}});
    for (rule, pod_status, definition_status) in [
        (StatusRule::All, false, false),
        (StatusRule::Definitions, true, false),
        (StatusRule::None, true, true),
    ] {
        let rules = Rules::compile(&[], &[], rule).unwrap();
        assert_eq!(after(&rules, pod.clone()).get("status").is_some(), pod_status);
        assert_eq!(after(&rules, definition.clone()).get("status").is_some(), definition_status);
    }
}

#[test]
fn known_types() {
    let custom = |key: &str, field: &str, type_name: &str| {
        let field = KnownTypeField { field: field.to_owned(), type_name: type_name.to_owned() };
        let system = Override { key: key.to_owned(), known_type_fields: vec![field], ..Override::default() };
        Rules::compile(&[], &[system], StatusRule::None).unwrap()
    };
    let object = |spec: Value| json!({"apiVersion": "x.io/v1", "kind": "X", "spec": spec});
    for (field, type_name, spec, expected) in [
        ("spec.cpu", "core/Quantity", json!({"cpu": "1000m"}), json!({"cpu": "1"})),
        ("spec.wait", "meta/v1/Duration", json!({"wait": "90s"}), json!({"wait": "1m30s"})),
        ("spec.l.cpu", "core/Quantity", json!({"l": [{"cpu": 1}, {}]}), json!({"l": [{"cpu": "1"}, {}]})),
        ("spec.r", "core/v1/ResourceList", json!({"r": {"cpu": "0.1"}}), json!({"r": {"cpu": "100m"}})),
        (
            "spec.cs",
            "core/v1/Container",
            json!({"cs": [{"name": "a", "stdin": false, "resources": {"limits": {"cpu": "1000m"}}}]}),
            json!({"cs": [{"name": "a", "resources": {"limits": {"cpu": "1"}}}]}),
        ),
        (
            "spec.cs",
            "core/v1/Container",
            json!({"cs": [{"name": "a"}]}),
            json!({"cs": [{"name": "a", "resources": {}}]}),
        ),
        (
            "spec.cs",
            "core/v1/Container",
            json!({"cs": [{"nam": "a", "tty": false}]}),
            json!({"cs": [{"nam": "a", "tty": false}]}),
        ),
        ("spec.x", "core/v1/Nonsense", json!({"x": {"a": ""}}), json!({"x": {"a": ""}})),
    ] {
        assert_eq!(
            after(&custom("x.io/X", field, type_name), object(spec)),
            object(expected),
            "{field} {type_name}"
        );
    }
    let rollout = json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout",
        "spec": {"template": {"spec": {"containers": [{"name": "a", "resources": {"limits": {"memory": "1024Mi"}}}]}}}});
    let rules = Rules::compile(&[], &[], StatusRule::None).unwrap();
    let limits = "/spec/template/spec/containers/0/resources/limits/memory";
    assert_eq!(after(&rules, rollout).pointer(limits), Some(&json!("1Gi")));
}

#[test]
fn rules_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&jq(".spec").unwrap());
}
