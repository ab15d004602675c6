//! Functions that execute templates or stop them: `include`, `tpl`, `required`, `fail`; and the two that would ask
//! the outside, `lookup` and `getHostByName`, which find nothing.

use std::sync::Arc;

use gotmpl::{FunctionError, Functions, Signature, State, Type, Value, text_of};

/// What a chart's own error messages are wrapped in, so that they can be found in the engine's.
pub(crate) const ERROR_START: &str = "HELM_ERR_START";
/// See [`ERROR_START`].
pub(crate) const ERROR_END: &str = "HELM_ERR_END";

/// How deep each template is included within itself at present.
#[derive(Debug, Default)]
pub(crate) struct IncludeDepths(Vec<(Arc<str>, usize)>);

impl IncludeDepths {
    /// Counts a template that is about to be executed; false if it is within itself too often.
    fn enter(&mut self, name: &Arc<str>) -> bool {
        match self.0.iter_mut().find(|(open, _)| open == name) {
            Some((_, depth)) if *depth > MAX_INCLUDES => return false,
            Some((_, depth)) => *depth += 1,
            None => self.0.push((name.clone(), 1)),
        }
        true
    }

    fn leave(&mut self, name: &Arc<str>) {
        if let Some(at) = self.0.iter().rposition(|(open, _)| open == name) {
            self.0[at].1 -= 1;
            if self.0[at].1 == 0 {
                self.0.swap_remove(at);
            }
        }
    }
}

const MAX_INCLUDES: usize = 1000;

const TEXT_AND_ANY: Signature = Signature::fixed(&[Type::String, Type::Any]);

fn own_words(message: &str) -> FunctionError {
    FunctionError::from(format!("{ERROR_START}{message}{ERROR_END}"))
}

/// `<no value>` is Go's text for a missing value; charts expect nothing there.
pub(crate) fn without_missing(text: String) -> String {
    if text.contains("<no value>") { text.replace("<no value>", "") } else { text }
}

/// The text of an argument, shared with it where possible.
fn shared(value: &Value) -> Arc<str> {
    match value {
        Value::String(text) => text.clone(),
        other => text_of(other).into(),
    }
}

fn include(state: &mut State, arguments: &[Value]) -> Result<Value, FunctionError> {
    let [name, data] = arguments else { return Err(FunctionError::from("include wants a name and data")) };
    let name = shared(name);
    if state.host::<IncludeDepths>().is_some_and(|depths| !depths.enter(&name)) {
        let message = "rendering template has a nested reference name";
        return Err(FunctionError::from(format!("{message}: {name}: unable to execute template")));
    }
    let output = state.include(&name, data);
    if let Some(depths) = state.host::<IncludeDepths>() {
        depths.leave(&name);
    }
    Ok(output?)
}

fn tpl(state: &mut State, arguments: &[Value]) -> Result<Value, FunctionError> {
    let [text, data] = arguments else { return Err(FunctionError::from("tpl wants a text and data")) };
    let text = shared(text);
    // Helm parses the text under the name of the whole set, which no other template has.
    let name = state.set().name().clone();
    let output = state.execute_text(&name, &text, data).map_err(|error| {
        let doing = match &error {
            gotmpl::Error::Parse { .. } => "cannot parse template",
            _ => "error during tpl function execution for",
        };
        FunctionError::from(error).context(&format!("{doing} {text:?}"))
    })?;
    Ok(match output {
        Value::String(output) if output.contains("<no value>") => {
            Value::from(output.replace("<no value>", ""))
        }
        output => output,
    })
}

fn required(_state: &mut State, arguments: &[Value]) -> Result<Value, FunctionError> {
    let [message, value] = arguments else {
        return Err(FunctionError::from("required wants a message and a value"));
    };
    if value.is_nil() || value.as_str() == Some("") {
        return Err(own_words(&text_of(message)));
    }
    Ok(value.clone())
}

pub(super) fn register(functions: &mut Functions) {
    functions.register("include", TEXT_AND_ANY, include);
    functions.register("tpl", TEXT_AND_ANY, tpl);
    functions.register("required", TEXT_AND_ANY, required);
    functions.register("fail", super::TEXT, |_, arguments| Err(own_words(&text_of(super::first(arguments)))));
    let four_texts = Signature::fixed(&[Type::String, Type::String, Type::String, Type::String]);
    functions.register("lookup", four_texts, |_, _| Ok(Value::map::<&str>([])));
    functions.register("getHostByName", super::TEXT, |_, _| Ok(Value::from("")));
}
