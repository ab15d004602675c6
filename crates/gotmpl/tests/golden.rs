//! Templates with the answers of Go's text/template and sprig, recorded once. Each file of `golden/` has the data that
//! all its templates are executed on, and for each template the output or the error.
#![expect(clippy::expect_used, reason = "a broken golden file has to stop the test")]

use std::sync::Arc;

use gotmpl::json::from_json;
use gotmpl::{
    FixedEnvironment, Functions, Limits, MissingKey, Options, Signature, State, TemplateSet, Type, Value,
    text_of,
};

fn functions() -> Arc<Functions> {
    let mut functions = Functions::sprig();
    functions.register("include", Signature::fixed(&[Type::String, Type::Any]), |state, arguments| {
        Ok(Value::from(state.execute(&text_of(&arguments[0]), &arguments[1])?))
    });
    Arc::new(functions)
}

fn field(case: &Value, key: &str) -> Option<String> {
    case.as_map()?.get(key)?.as_str().map(str::to_owned)
}

fn answer(
    functions: &Arc<Functions>,
    template: &str,
    missing_key: Option<&str>,
    data: &Value,
) -> Result<String, String> {
    let missing_key = match missing_key {
        Some("default") => MissingKey::Default,
        Some("error") => MissingKey::Error,
        _ => MissingKey::Zero,
    };
    let mut set = TemplateSet::new("case", functions.clone(), Options { missing_key });
    set.parse("case", template).map_err(|error| error.to_string())?;
    let environment = Arc::new(FixedEnvironment::new(1_600_000_000, 7));
    State::new(Arc::new(set), environment, Limits::default())
        .execute("case", data)
        .map_err(|error| error.to_string())
}

fn check(name: &str, text: &str, least: usize) {
    let file = from_json(text).expect("the golden file is JSON");
    let file = file.as_map().expect("the golden file is an object");
    let data = file.get("data").unwrap_or_default();
    let cases = file.get("cases").expect("cases");
    let functions = functions();
    let mut wrong = Vec::new();
    let cases = cases.as_list().expect("a list of cases");
    assert!(cases.len() >= least, "{name} lost cases: {} left", cases.len());
    for case in cases.iter() {
        let template = field(case, "template").expect("a template");
        let expected = match field(case, "output") {
            Some(output) => Ok(output),
            None => Err(field(case, "error").expect("an output or an error")),
        };
        // Each case gets data of its own: templates may change it.
        let data = from_json(&gotmpl::json::to_json(&data, Default::default()).expect("JSON")).expect("JSON");
        let got = answer(&functions, &template, field(case, "missingkey").as_deref(), &data);
        if got != expected {
            wrong.push(format!("template: {template}\n  expected: {expected:?}\n       got: {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{name}: {} of {} differ\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn language() {
    check("language", include_str!("golden/language.json"), 110);
}

#[test]
fn errors() {
    check("errors", include_str!("golden/errors.json"), 200);
}

#[test]
fn functions_of_sprig() {
    check("functions", include_str!("golden/functions.json"), 60);
}

#[test]
fn corners() {
    check("corners", include_str!("golden/corners.json"), 80);
}

#[test]
fn probe() {
    check("probe", include_str!("golden/probe.json"), 200);
}
