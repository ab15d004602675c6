//! sprig's defaults, choices and questions about types.

use super::cast::is_empty;
use super::{Functions, Signature, text_of};
use crate::value::{Type, Value};

const ALL: Signature = Signature::variadic(&[], Type::Any);

fn kind_or_type(value: &Value) -> Value {
    Value::from(value.type_name())
}

pub(super) fn register(functions: &mut Functions) {
    functions.register("default", Signature::variadic(&[Type::Any], Type::Any), |_, all| {
        Ok(all.get(1).filter(|given| !is_empty(given)).unwrap_or(&all[0]).clone())
    });
    functions.register("empty", Signature::fixed(&[Type::Any]), |_, one| Ok(Value::Bool(is_empty(&one[0]))));
    functions.register("coalesce", ALL, |_, all| {
        Ok(all.iter().find(|value| !is_empty(value)).cloned().unwrap_or_default())
    });
    functions.register("all", ALL, |_, all| Ok(Value::Bool(!all.iter().any(is_empty))));
    functions.register("any", ALL, |_, all| Ok(Value::Bool(!all.iter().all(is_empty))));
    functions.register("ternary", Signature::fixed(&[Type::Any, Type::Any, Type::Bool]), |_, all| {
        Ok(all[usize::from(!all[2].truth())].clone())
    });
    functions.register("typeOf", Signature::fixed(&[Type::Any]), |_, one| Ok(kind_or_type(&one[0])));
    functions
        .register("kindOf", Signature::fixed(&[Type::Any]), |_, one| Ok(Value::from(one[0].kind_name())));
    functions.register("typeIs", Signature::fixed(&[Type::String, Type::Any]), |_, pair| {
        Ok(Value::Bool(text_of(&pair[0]) == pair[1].type_name()))
    });
    functions.register("typeIsLike", Signature::fixed(&[Type::String, Type::Any]), |_, pair| {
        let (wanted, name) = (text_of(&pair[0]), pair[1].type_name());
        Ok(Value::Bool(wanted == name || name.strip_prefix('*') == Some(&wanted)))
    });
    functions.register("kindIs", Signature::fixed(&[Type::String, Type::Any]), |_, pair| {
        Ok(Value::Bool(text_of(&pair[0]) == pair[1].kind_name()))
    });
    functions.register("deepEqual", Signature::fixed(&[Type::Any, Type::Any]), |_, pair| {
        Ok(Value::Bool(pair[0].deep_equal(&pair[1])))
    });
    environment(functions);
}

fn environment(functions: &mut Functions) {
    functions.register("env", Signature::fixed(&[Type::String]), |state, one| {
        Ok(Value::from(state.environment().variable(&text_of(&one[0])).unwrap_or_default()))
    });
    functions.register("expandenv", Signature::fixed(&[Type::String]), |state, one| {
        let text = text_of(&one[0]);
        let mut out = String::with_capacity(text.len());
        let mut rest: &str = &text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let (name, after) = variable_name(rest);
            match name {
                Some(name) => out.push_str(&state.environment().variable(name).unwrap_or_default()),
                None => out.push('$'),
            }
            rest = after;
        }
        out.push_str(rest);
        Ok(Value::from(out))
    });
    // Nothing is resolved here: a template has no network.
    functions.register("getHostByName", Signature::fixed(&[Type::String]), |_, _| Ok(Value::string("")));
}

/// The name behind a dollar sign, with or without braces, and what follows it.
fn variable_name(text: &str) -> (Option<&str>, &str) {
    if let Some(inner) = text.strip_prefix('{') {
        return match inner.find('}') {
            Some(end) => (Some(&inner[..end]), &inner[end + 1..]),
            None => (Some(""), inner),
        };
    }
    let end = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    if end == 0 { (None, text) } else { (Some(&text[..end]), &text[end..]) }
}
