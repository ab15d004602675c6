//! The functions that Helm adds to the template language. Sprig's are the engine's own; `env` and `expandenv` are
//! taken away, because a chart has no business with our process.

mod durations;
mod json;
mod templates;
mod toml;
pub(crate) mod yaml;

use std::sync::{Arc, LazyLock};

use gotmpl::{FunctionResult, Functions, Signature, Type, Value};

pub(crate) use templates::{ERROR_END, ERROR_START, IncludeDepths, without_missing};

const ANY: Signature = Signature::fixed(&[Type::Any]);
const TEXT: Signature = Signature::fixed(&[Type::String]);

/// All functions of charts. They are the same for every render, so templates parsed once can be used again.
pub(crate) fn all() -> Arc<Functions> {
    static FUNCTIONS: LazyLock<Arc<Functions>> = LazyLock::new(|| {
        let mut functions = Functions::sprig();
        functions.remove("env");
        functions.remove("expandenv");
        templates::register(&mut functions);
        yaml::register(&mut functions);
        json::register(&mut functions);
        toml::register(&mut functions);
        durations::register(&mut functions);
        Arc::new(functions)
    });
    FUNCTIONS.clone()
}

fn first(arguments: &[Value]) -> &Value {
    const NIL: &Value = &Value::Nil;
    arguments.first().unwrap_or(NIL)
}

/// What `fromX` gives for a text that can't be read: a map that says why.
fn error_map(message: String) -> FunctionResult {
    Ok(Value::map([("Error", Value::from(message))]))
}
