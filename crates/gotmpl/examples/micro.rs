//! How long templates take to parse and to execute: texts in the way of real charts, in `micro/`.
//!
//! `cargo run --release -p gotmpl --example micro [NAME [MILLISECONDS]]`
#![allow(clippy::print_stdout, clippy::expect_used, missing_docs)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gotmpl::{
    FixedEnvironment, Functions, Limits, MissingKey, Options, Signature, State, TemplateSet, Type, Value,
    text_of,
};

const TEXTS: [(&str, &str); 5] = [
    ("helpers", include_str!("micro/helpers.tpl")),
    ("include", include_str!("micro/include.tpl")),
    ("tpl", include_str!("micro/tpl.tpl")),
    ("loops", include_str!("micro/loops.tpl")),
    ("keys", "{{ with genCA \"authority\" 365 }}{{ .Cert }}{{ .Key }}{{ end }}"),
];

fn functions() -> Arc<Functions> {
    let mut functions = Functions::sprig();
    functions.register("include", Signature::fixed(&[Type::String, Type::Any]), |state, arguments| {
        Ok(state.include(&text_of(&arguments[0]), &arguments[1])?)
    });
    functions.register("tpl", Signature::fixed(&[Type::String, Type::Any]), |state, arguments| {
        let name = state.set().name().clone();
        let text = text_of(&arguments[0]).into();
        Ok(state.execute_text(&name, &text, &arguments[1])?)
    });
    Arc::new(functions)
}

fn set(functions: &Arc<Functions>) -> TemplateSet {
    let options = Options { missing_key: MissingKey::Zero };
    let mut set = TemplateSet::new("micro", functions.clone(), options);
    for (name, text) in TEXTS {
        set.parse(name, text).expect("a template");
    }
    set
}

fn text(text: impl Into<String>) -> Value {
    Value::from(text.into())
}

fn data() -> Value {
    let item = |number: u8| {
        let labels = [("tier", "web"), ("release", "{{ .Release.Name }}-x"), ("plain", "text")];
        Value::map([
            ("name", text(format!("item{number}"))),
            ("replicas", Value::Float(f64::from(number))),
            ("autoscaling", Value::Bool(number.is_multiple_of(2))),
            ("port", Value::Float(8080.0 + f64::from(number))),
            ("labels", Value::map(labels.map(|(key, value)| (key, text(value))))),
        ])
    };
    let map = (0..50).map(|number| (format!("key{number}"), text(format!("value {number}"))));
    let values = Value::map([
        ("items", Value::list((0..20).map(item))),
        ("map", Value::map(map)),
        ("registry", text("registry.example")),
    ]);
    let chart =
        Value::map([("Name", text("app")), ("Version", text("1.2.3+build")), ("AppVersion", text("4.5.6"))]);
    let release =
        Value::map([("Name", text("shop")), ("Namespace", text("prod")), ("Service", text("Helm"))]);
    Value::map([("Values", values), ("Chart", chart), ("Release", release)])
}

fn measure(name: &str, lasting: Duration, mut run: impl FnMut()) {
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < lasting {
        let start = Instant::now();
        run();
        times.push(start.elapsed());
    }
    times.sort();
    println!("{name:10} median {:?} least {:?} runs {}", times[times.len() / 2], times[0], times.len());
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let only = arguments.next().unwrap_or_default();
    let lasting = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let lasting = Duration::from_millis(lasting);
    let functions = functions();
    if only.is_empty() || only == "parse" {
        measure("parse", lasting, || drop(set(&functions)));
    }
    let set = Arc::new(set(&functions));
    let data = data();
    for name in ["include", "tpl", "loops", "keys"] {
        if only.is_empty() || only == name {
            let mut bytes = 0;
            measure(name, lasting, || {
                let environment = Arc::new(FixedEnvironment::new(0, 0));
                let mut state = State::new(set.clone(), environment, Limits::default());
                bytes = state.execute(name, &data).expect("an output").len();
            });
            println!("{name:10} {bytes} bytes");
        }
    }
}
