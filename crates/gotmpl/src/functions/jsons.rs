//! sprig's JSON functions: the plain ones swallow errors, the `must` ones report them.

use super::{FunctionError, FunctionResult, Functions, Signature, text_of};
use crate::json::{Style, from_json, to_json};
use crate::value::{Type, Value};

const ONE: Signature = Signature::fixed(&[Type::Any]);

fn encode(value: &Value, style: Style) -> FunctionResult {
    to_json(value, style).map(Value::from).map_err(|error| FunctionError::from(error.to_string()))
}

pub(super) fn register(functions: &mut Functions) {
    let compact = Style::default();
    let pretty = Style { pretty: true, raw: false };
    let raw = Style { pretty: false, raw: true };
    for (name, must, style) in [
        ("toJson", "mustToJson", compact),
        ("toPrettyJson", "mustToPrettyJson", pretty),
        ("toRawJson", "mustToRawJson", raw),
    ] {
        functions.register(name, ONE, move |_, one| match encode(&one[0], style) {
            Err(_) if !style.raw => Ok(Value::string("")),
            other => other,
        });
        functions.register(must, ONE, move |_, one| encode(&one[0], style));
    }
    let text = Signature::fixed(&[Type::String]);
    functions.register("fromJson", text.clone(), |state, one| {
        let value = from_json(&text_of(&one[0])).unwrap_or_default();
        state.charge_value(&value)?;
        Ok(value)
    });
    functions.register("mustFromJson", text, |state, one| {
        let value = from_json(&text_of(&one[0])).map_err(|error| FunctionError::from(error.to_string()))?;
        state.charge_value(&value)?;
        Ok(value)
    });
}
