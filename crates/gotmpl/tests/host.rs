//! What a host program builds on: objects with fields and methods, functions that execute templates, errors it can take
//! apart, state shared between templates.
#![expect(clippy::expect_used, reason = "a test stops where something is missing")]

use std::any::Any;
use std::sync::Arc;

use gotmpl::{
    Error, FixedEnvironment, FunctionError, FunctionResult, Functions, Limits, Map, Object, Options,
    Signature, State, TemplateSet, Type, Value, text_of,
};

/// A few files by name, as Helm's `.Files` is.
struct Files;

const GET: Signature = Signature::fixed(&[Type::String]);

impl Object for Files {
    fn type_name(&self) -> &str {
        "engine.files"
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn kind(&self) -> &'static str {
        "map"
    }

    fn method(&self, name: &str) -> Option<&Signature> {
        (name == "Get").then_some(&GET)
    }

    fn call(&self, _: &str, arguments: &[Value], _: &mut State) -> FunctionResult {
        match &*text_of(&arguments[0]) {
            "bad" => Err(FunctionError::from("no such thing")),
            name => Ok(Value::from(format!("<{name}>"))),
        }
    }

    fn entries(&self) -> Option<Vec<(Value, Value)>> {
        Some(vec![(Value::from("a.txt"), Value::Bytes(Arc::from(*b"hi")))])
    }

    fn print(&self) -> String {
        "map[a.txt:[104 105]]".to_owned()
    }
}

struct Counter(u32);

fn set(texts: &[(&str, &str)]) -> TemplateSet {
    let mut functions = Functions::sprig();
    functions.register("include", Signature::fixed(&[Type::String, Type::Any]), |state, arguments| {
        Ok(state.include(&text_of(&arguments[0]), &arguments[1])?)
    });
    functions.register("tpl", Signature::fixed(&[Type::String, Type::Any]), |state, arguments| {
        let name = state.template_name().cloned().unwrap_or_default();
        let text: Arc<str> = text_of(&arguments[0]).into();
        let result = state.execute_text(&name, &text, &arguments[1]);
        result.map_err(|error| FunctionError::from(error).context("in tpl"))
    });
    functions.register("count", Signature::fixed(&[]), |state, _| {
        let counter = state.host::<Counter>().ok_or("no counter")?;
        counter.0 += 1;
        Ok(Value::Int(i64::from(counter.0)))
    });
    functions.remove("env");
    let mut set = TemplateSet::new("host", Arc::new(functions), Options::default());
    for (name, text) in texts {
        set.parse(*name, text).expect("a template");
    }
    set
}

fn state(texts: &[(&str, &str)]) -> State {
    let environment = Arc::new(FixedEnvironment::new(0, 0));
    State::new(Arc::new(set(texts)), environment, Limits::default()).with_host(Counter(0))
}

fn run(text: &str, data: &Value) -> Result<String, Error> {
    state(&[("main", text)]).execute("main", data)
}

#[test]
fn objects() {
    let data = Value::map([("Files", Value::object(Files))]);
    for (text, expected) in [
        ("{{ .Files.Get \"x\" }}", "<x>"),
        ("{{ \"x\" | .Files.Get | upper }}", "<X>"),
        (
            "{{ range $name, $bytes := .Files }}{{ $name }}={{ toString $bytes }} {{ $bytes }}{{ end }}",
            "a.txt=hi [104 105]",
        ),
        (
            "{{ len .Files }} {{ .Files }} {{ kindOf .Files }} {{ typeOf .Files }}",
            "1 map[a.txt:[104 105]] map engine.files",
        ),
        ("{{ if .Files }}yes{{ end }}{{ with .Files }}{{ .Get \"y\" }}{{ end }}", "yes<y>"),
    ] {
        assert_eq!(run(text, &data).expect(text), expected);
    }
    for (text, expected) in [
        ("{{ .Files.Get }}", "wrong number of args for Get: want 1 got 0"),
        ("{{ .Files.Get 1 }}", "expected string; found 1"),
        ("{{ .Files.Get \"bad\" }}", "<.Files.Get>: error calling Get: no such thing"),
    ] {
        let error = run(text, &data).expect_err(text).to_string();
        assert!(error.ends_with(expected), "{error}");
    }
}

#[test]
fn texts_executed_by_functions_see_all_templates_and_leave_none() {
    let texts =
        [("a", "{{ define \"x\" }}X{{ . }}{{ end }}"), ("main", "{{ tpl .text . }}|{{ include \"x\" 2 }}")];
    let data =
        Value::map([("text", Value::from("{{ define \"x\" }}Y{{ . }}{{ end }}{{ include \"x\" 1 }}"))]);
    assert_eq!(state(&texts).execute("main", &data).expect("output"), "Y1|X2");
}

#[test]
fn errors_keep_their_causes() {
    let text = "line\n  {{ tpl .text . }}";
    let data = Value::map([("text", Value::from("\n{{ .a.b.c }}")), ("a", Value::map([("b", Value::Nil)]))]);
    let error = run(text, &data).expect_err("an error");
    assert_eq!(
        error.to_string(),
        "template: main:2:5: executing \"main\" at <tpl .text .>: error calling tpl: in tpl: \
         template: main:2:5: executing \"main\" at <.a.b.c>: nil pointer evaluating interface {}.c"
    );
    let Error::Execute(outer) = error else { panic!("not an execution error") };
    assert_eq!((outer.line, outer.column, outer.function.as_deref()), (2, 5, Some("tpl")));
    assert_eq!(outer.message, "error calling tpl: in tpl");
    let Some(Error::Execute(inner)) = outer.cause.as_deref() else { panic!("no cause") };
    assert_eq!((inner.line, inner.column, inner.context.as_str()), (2, 5, ".a.b.c"));
}

#[test]
fn one_state_serves_many_templates() {
    let mut state =
        state(&[("a", "{{ count }}{{ $_ := set . \"seen\" true }}"), ("b", "{{ count }}{{ .seen }}")]);
    let data = Value::Map(Map::new());
    assert_eq!(state.execute("a", &data).expect("a"), "1");
    assert_eq!(state.execute("b", &data).expect("b"), "2true");
    let error = state.execute("c", &data).expect_err("no such template").to_string();
    assert_eq!(error, "template: no template \"c\" associated with template \"host\"");
    // An error leaves no traces in later executions.
    assert!(
        state
            .execute_text(&"t".into(), &"{{ range list 1 }}x{{ fail \"no\" }}{{ end }}".into(), &data)
            .is_err()
    );
    assert_eq!(state.execute("b", &data).expect("b again"), "3true");
}

#[test]
fn functions_can_be_taken_away() {
    let error = set(&[]).parse("x", "{{ env \"HOME\" }}").expect_err("removed").to_string();
    assert_eq!(error, "template: x:1: function \"env\" not defined");
}

#[test]
fn compiled_texts_are_shared_between_sets() {
    let first = set(&[]);
    let compiled =
        first.compile("shared", "{{ define \"d\" }}D{{ end }}{{ include \"d\" . }}").expect("a template");
    let mut second = set(&[]);
    second.add(&compiled);
    assert_eq!(second.names().iter().map(|name| &**name).collect::<Vec<_>>(), ["d", "shared"]);
    let environment = Arc::new(FixedEnvironment::new(0, 0));
    let mut state = State::new(Arc::new(second), environment, Limits::default());
    assert_eq!(state.execute("shared", &Value::Nil).expect("output"), "D");
}

#[test]
fn states_move_between_threads() {
    fn sendable<T: Send>(_: &T) {}
    fn shareable<T: Send + Sync>(_: &T) {}
    sendable(&state(&[]));
    shareable(&set(&[]));
    shareable(&Value::Nil);
}
