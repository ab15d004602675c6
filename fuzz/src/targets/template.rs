//! The template language: parser, evaluator, functions.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use arbitrary::{Result, Unstructured};
use gotmpl::{
    Error, FixedEnvironment, Functions, Limits, MissingKey, Options, Signature, State, TemplateSet, Type,
    Value, text_of,
};

use crate::shape;

const LIMITS: Limits = Limits { steps: 200_000, bytes: 4 << 20, depth: 200, stack_bytes: 1 << 20 };

/// Functions that take a good part of a second by nature: they are charged for by their own rules and tested on their own.
const SLOW: &[&str] = &[
    "genPrivateKey",
    "genCA",
    "genCAWithKey",
    "genSelfSignedCert",
    "genSelfSignedCertWithKey",
    "genSignedCert",
    "genSignedCertWithKey",
    "derivePassword",
    "bcrypt",
    "htpasswd",
];

static FUNCTIONS: LazyLock<Arc<Functions>> = LazyLock::new(|| {
    let mut functions = Functions::sprig();
    for name in SLOW {
        functions.remove(name);
    }
    let two = Signature::fixed(&[Type::String, Type::Any]);
    functions.register("include", two.clone(), |state, arguments| {
        Ok(Value::from(state.execute(&text_of(&arguments[0]), &arguments[1])?))
    });
    functions.register("tpl", two, |state, arguments| {
        let text: Arc<str> = text_of(&arguments[0]).into();
        Ok(state.execute_text(&Arc::from("tpl"), &text, &arguments[1])?)
    });
    Arc::new(functions)
});

static NAMES: LazyLock<Vec<Arc<str>>> = LazyLock::new(|| FUNCTIONS.names());

fn data() -> Value {
    Value::map([
        ("a", Value::from("text é")),
        ("n", Value::Int64(7)),
        ("f", Value::Float(1.5)),
        ("t", Value::Bool(true)),
        ("nil", Value::Nil),
        ("list", Value::list([Value::from("x"), Value::Int64(2), Value::list([Value::from("y")])])),
        ("words", Value::strings(["b", "a", "c"])),
        ("map", Value::map([("k", Value::from("v")), ("m", Value::map([("deep", Value::Int64(1))]))])),
    ])
}

fn execute(text: &str) -> std::result::Result<String, Error> {
    let mut set = TemplateSet::new("fuzz", FUNCTIONS.clone(), Options { missing_key: MissingKey::Zero });
    set.parse("fuzz", text)?;
    State::new(Arc::new(set), Arc::new(FixedEnvironment::new(1_700_000_000, 7)), LIMITS)
        .execute("fuzz", &data())
}

fn check(text: &str) {
    let first = execute(text);
    let output = match &first {
        Ok(output) => output.len(),
        Err(error) => error.to_string().len(),
    };
    // An error quotes the text and perhaps what a template made; neither is more than the budget.
    assert!(output as u64 <= 2 * LIMITS.bytes + 4 * text.len() as u64, "{output} bytes");
    let second = execute(text);
    match (first, second) {
        (Ok(first), Ok(second)) => assert_eq!(first, second, "an execution depends on more than it is given"),
        (Err(_), Err(_)) => {}
        (first, second) => panic!("once {first:?}, then {second:?}"),
    }
}

/// Any text.
pub(super) fn text(data: &[u8]) {
    if let Some(text) = super::text_of(data) {
        check(text);
    }
}

/// Texts that parse, mostly: calls of every function with every kind of argument, in every construct.
pub(super) fn calls(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let mut text = String::new();
    if actions(&mut u, &mut text, 4).is_ok() || !text.is_empty() {
        check(&text);
    }
}

fn actions(u: &mut Unstructured<'_>, out: &mut String, depth: usize) -> Result<()> {
    for _ in 0..u.int_in_range(1..=4)? {
        let kind = if depth == 0 { 0 } else { u.int_in_range(0..=13)? };
        match kind {
            0..=5 => {
                out.push_str(u.choose(&["{{ ", "{{- "])?);
                pipeline(u, out, 3)?;
                out.push_str(u.choose(&[" }}", " -}}"])?);
            }
            6 => {
                let _ = write!(out, "{{{{ ${} {} ", u.choose(&["x", "y"])?, u.choose(&[":=", "="])?);
                pipeline(u, out, 3)?;
                out.push_str(" }}");
            }
            7 | 8 => {
                let word = *u.choose(&["if", "with", "range", "range $i, $x :="])?;
                let _ = write!(out, "{{{{ {word} ");
                pipeline(u, out, 2)?;
                out.push_str(" }}");
                actions(u, out, depth - 1)?;
                if u.arbitrary()? {
                    out.push_str("{{ else }}");
                    actions(u, out, depth - 1)?;
                }
                out.push_str("{{ end }}");
            }
            9 => {
                let _ = write!(out, "{{{{ define \"{}\" }}}}", u.choose(&["t", "u"])?);
                actions(u, out, depth - 1)?;
                out.push_str("{{ end }}");
            }
            10 => {
                let _ = write!(out, "{{{{ template \"{}\" ", u.choose(&["t", "u", "fuzz"])?);
                pipeline(u, out, 1)?;
                out.push_str(" }}");
            }
            11 => out.push_str(u.choose(&["{{ break }}", "{{ continue }}", "{{/* c */}}", "\n", "  "])?),
            _ => out.push_str(&shape::text(u)?.replace("{{", "")),
        }
    }
    Ok(())
}

fn pipeline(u: &mut Unstructured<'_>, out: &mut String, depth: usize) -> Result<()> {
    command(u, out, depth)?;
    for _ in 0..u.int_in_range(0..=2)? {
        out.push_str(" | ");
        call(u, out, depth)?;
    }
    Ok(())
}

fn command(u: &mut Unstructured<'_>, out: &mut String, depth: usize) -> Result<()> {
    if u.ratio(1, 3)? { operand(u, out, depth) } else { call(u, out, depth) }
}

fn call(u: &mut Unstructured<'_>, out: &mut String, depth: usize) -> Result<()> {
    out.push_str(u.choose(&NAMES)?);
    for _ in 0..u.int_in_range(0..=3)? {
        out.push(' ');
        operand(u, out, depth)?;
    }
    Ok(())
}

fn operand(u: &mut Unstructured<'_>, out: &mut String, depth: usize) -> Result<()> {
    const PLAIN: &[&str] = &[
        ".",
        "$",
        "$x",
        "$y",
        "$i",
        ".a",
        ".n",
        ".f",
        ".t",
        ".nil",
        ".list",
        ".words",
        ".map",
        ".map.m",
        ".map.m.deep",
        ".no.thing",
        "nil",
        "true",
        "false",
        "0",
        "1",
        "-1",
        "3",
        "100",
        "9223372036854775807",
        "-9223372036854775808",
        "1.5",
        "1e300",
        "0x1F",
        "'a'",
        "1i",
        "`raw`",
        "\"a\"",
        "\"\"",
        "\"t\"",
        "\"%d %v %s %q %x %5.2f %*d %[2]d\"",
        "\"2006-01-02T15:04:05Z07:00\"",
        "\"2024-02-29T01:02:03Z\"",
        "\"1h2m3s\"",
        "\"^1.2 || ~3\"",
        "\"1.2.3-rc.1+b\"",
        "\"(a+)+$\"",
        "\"[a-z]*\"",
        "\"$1x${2}\"",
        "\"{\\\"a\\\":[1,2.5,null]}\"",
        "\"YWJj\"",
        "\"https://u:p@h:1/p?q=1#f\"",
        "\"a b  c\"",
        "\"a,b,c\"",
        "\"é😀\"",
        "\"a/../b.c\"",
        "\"10Gi\"",
        "\"0755\"",
        "\"Europe/Berlin\"",
    ];
    match u.int_in_range(0..=9)? {
        0..=6 => out.push_str(u.choose(PLAIN)?),
        7 => {
            let quoted = gotmpl::json::to_json(&Value::from(shape::text(u)?), gotmpl::json::Style::default());
            out.push_str(&quoted.unwrap_or_else(|_| "\"\"".to_owned()));
        }
        8 if depth > 0 => {
            out.push('(');
            pipeline(u, out, depth - 1)?;
            out.push(')');
        }
        _ => {
            let _ = write!(out, "{}", u.arbitrary::<i32>()?);
        }
    }
    Ok(())
}
