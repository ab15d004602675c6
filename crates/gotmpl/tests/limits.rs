//! Texts that try to run forever, fill the memory or overflow the stack end with an error, and nothing panics.

use std::sync::Arc;

use gotmpl::{Error, FixedEnvironment, Functions, Limit, Limits, Options, State, TemplateSet, Value};
use proptest::prelude::*;

fn execute(text: &str, limits: Limits) -> Result<String, Error> {
    let mut set = TemplateSet::new("test", Arc::new(Functions::sprig()), Options::default());
    set.parse("test", text)?;
    let environment = Arc::new(FixedEnvironment::new(1_700_000_000, 3));
    State::new(Arc::new(set), environment, limits).execute("test", &Value::map([("a", Value::from("b"))]))
}

fn small() -> Limits {
    Limits { steps: 1_000_000, bytes: 32 << 20, ..Limits::default() }
}

fn limit(text: &str) -> Option<Limit> {
    execute(text, small()).err().and_then(|error| error.limit())
}

#[test]
fn endless_work_ends() {
    for text in [
        "{{ range 9223372036854775807 }}{{ end }}",
        "{{ $x := list 1 }}{{ range 1000000 }}{{ $x = list $x }}{{ end }}",
        "{{ $t := repeat 1000000 \"x\" }}{{ range 1000000 }}{{ if contains \"y\" $t }}{{ end }}{{ end }}",
    ] {
        assert_eq!(limit(text), Some(Limit::Steps(1_000_000)), "{text}");
    }
}

#[test]
fn endless_text_ends() {
    for text in [
        "{{ $x := \"aaaaaaaaaaaaaaaa\" }}{{ range until 100 }}{{ $x = print $x $x }}{{ end }}",
        "{{ repeat 1000000000000 \"x\" }}",
        "{{ until 100000000000 }}",
        "{{ untilStep 0 9223372036854775807 1 }}",
        "{{ seq -9223372036854775807 9223372036854775807 }}",
        "{{ indent 1000000000000 \"x\" }}",
        "{{ randAlphaNum 1000000000000 }}",
        "{{ replace \"\" (repeat 10000 \"y\") (repeat 100000 \"x\") }}",
        "{{ regexReplaceAll \"\" (repeat 10000 \"y\") (repeat 100000 \"x\") }}",
        "{{ join (repeat 10000 \"y\") (until 100000) }}",
        "{{ wrapWith 1 (repeat 10000 \"y\") (repeat 100000 \"x\") }}",
        "{{ range until 100000 }}{{ printf \"%999999d\" 1 }}{{ end }}",
    ] {
        assert_eq!(limit(text), Some(Limit::Bytes(32 << 20)), "{text}");
    }
}

#[test]
fn endless_nesting_ends() {
    let recursion = "{{ define \"a\" }}{{ template \"a\" . }}{{ end }}{{ template \"a\" . }}";
    assert_eq!(limit(recursion), Some(Limit::Stack(1 << 20)));
    let limits = Limits { depth: 10, ..small() };
    let error = execute(recursion, limits).expect_err("recursion");
    assert_eq!(error.limit(), Some(Limit::Depth(10)));
    assert!(error.to_string().ends_with("exceeded maximum template depth (10)"), "{error}");
    for opening in ["{{ (", "{{if 1}}", "{{range .}}", "{{define \"a\"}}"] {
        let error =
            execute(&opening.replace("{{ (", "{{ ((((((((((").repeat(20_000), small()).expect_err("too deep");
        assert!(error.limit().is_none() && !error.to_string().is_empty());
    }
}

#[test]
fn maps_inside_themselves_are_cut_off() {
    let doubled = "{{ $x := dict }}{{ $_ := set $x \"a\" $x }}{{ $_ := set $x \"b\" $x }}";
    for rest in
        ["{{ deepEqual $x (dict \"a\" $x \"b\" $x) }}", "{{ toJson $x | len }}", "{{ $y := deepCopy $x }}"]
    {
        // What matters is that it ends.
        let _ = execute(&format!("{doubled}{rest}"), small());
    }
    let nested = "{{ $x := dict }}{{ $_ := set $x \"self\" $x }}{{ $x }}";
    assert!(
        execute(nested, small())
            .is_ok_and(|text| text.starts_with("map[self:map[self:") && text.contains("..."))
    );
}

#[test]
fn odd_arguments_do_not_panic() {
    let extreme = ["-9223372036854775808", "1", "9223372036854775807", "\"é\"", "nil", "(list 1)"];
    let functions = Functions::sprig();
    for name in functions.names() {
        if name.starts_with("gen") || &*name == "derivePassword" || name.starts_with("bcrypt") {
            continue;
        }
        for first in extreme {
            let _ = execute(&format!("{{{{ {name} {first} }}}}"), small());
            for second in extreme {
                let _ = execute(&format!("{{{{ {name} {first} {second} }}}}"), small());
                let _ = execute(&format!("{{{{ {name} {first} {second} \"a é b\" }}}}"), small());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(parts in prop::collection::vec(prop::sample::select(vec![
        "{{", "}}", "{{-", "-}}", " ", "\n", "if", "else", "end", "range", "with", "define", "template", "block", "break",
        "\"a\"", "`b`", "'c'", "$x", "$", ".", ".a", ":=", "=", "|", "(", ")", ",", "1", "-1.5e3", "0x1F", "1i", "nil",
        "true", "print", "list", "dict", "/*", "*/", "é", "\\", "%", "upper", "eq", "index",
    ]), 0..24)) {
        let _ = execute(&parts.concat(), small());
        let _ = execute(&format!("{{{{ {} }}}}", parts.join(" ")), small());
    }

    #[test]
    fn no_pattern_panics(pattern in "[\\\\\\[\\](){}^$*+?.|a-cQE:0-9é&~-]{0,12}", text in "[a-cé1 ]{0,8}") {
        let pattern = gotmpl::json::to_json(&Value::from(pattern), Default::default()).unwrap_or_default();
        for call in ["regexMatch P T", "mustRegexFindAll P T -1", "mustRegexSplit P T 2", "mustRegexReplaceAll P T \"$1\""] {
            let call = call.replace('P', &pattern).replace('T', &format!("\"{text}\""));
            let _ = execute(&format!("{{{{ {call} }}}}"), small());
        }
    }

    #[test]
    fn no_date_panics(layout in "(2006|01|02|Jan|Mon|_2|15|PM|MST|Z07:00|-0700|\\.000|\\.999| |é){0,6}", text in "[0-9A-Zé :.+-]{0,16}") {
        let _ = execute(&format!("{{{{ toDate \"{layout}\" \"{text}\" | date \"{layout}\" }}}}"), small());
    }

    #[test]
    fn no_version_panics(constraint in "[0-9xX*v.<>=~^!|, +é-]{0,16}", version in "[0-9v.+a-]{0,10}") {
        let _ = execute(&format!("{{{{ semverCompare \"{constraint}\" \"{version}\" }}}}"), small());
    }
}
