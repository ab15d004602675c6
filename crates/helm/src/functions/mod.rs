//! The functions that Helm adds to the template language. Sprig's are the engine's own; `env` and `expandenv` are
//! taken away, because a chart has no business with our process.

mod durations;
mod json;
mod templates;
mod toml;
pub(crate) mod yaml;

use std::sync::{Arc, LazyLock};

use gotmpl::{FunctionResult, Functions, Signature, Type, Value};

use crate::release::Flavor;

pub(crate) use templates::{ERROR_END, ERROR_START, IncludeDepths, without_missing};

const ANY: Signature = Signature::fixed(&[Type::Any]);
const TEXT: Signature = Signature::fixed(&[Type::String]);

/// All functions of charts. They are the same for every render, so templates parsed once can be used again.
pub(crate) fn all(flavor: Flavor) -> Arc<Functions> {
    static HELM_4: LazyLock<Arc<Functions>> = LazyLock::new(|| Arc::new(make(Flavor::Helm4)));
    static HELM_3: LazyLock<Arc<Functions>> = LazyLock::new(|| Arc::new(make(Flavor::Helm3)));
    match flavor {
        Flavor::Helm3 => HELM_3.clone(),
        Flavor::Helm4 => HELM_4.clone(),
    }
}

fn make(flavor: Flavor) -> Functions {
    let mut functions = Functions::sprig();
    functions.remove("env");
    functions.remove("expandenv");
    templates::register(&mut functions);
    yaml::register(&mut functions);
    json::register(&mut functions);
    toml::register(&mut functions);
    if flavor == Flavor::Helm4 {
        durations::register(&mut functions);
    }
    functions
}

fn first(arguments: &[Value]) -> &Value {
    const NIL: &Value = &Value::Nil;
    arguments.first().unwrap_or(NIL)
}

/// What `fromX` gives for a text that can't be read: a map that says why.
fn error_map(message: String) -> FunctionResult {
    Ok(Value::map([("Error", Value::from(message))]))
}
