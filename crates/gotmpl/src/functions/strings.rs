//! sprig's functions on strings. Neighbors: `words.rs` for case and wrapping, `encoding.rs`, `regular.rs`.

use super::arguments::{int_of, string_list, strings_of};
use super::cast::to_text;
use super::{FunctionError, Functions, Signature, bytes_of, text_of, words};
use crate::print::{printed, quoted, quoted_bytes};
use crate::value::{Map, MapType, Type, Value};

const ONE: Signature = Signature::fixed(&[Type::String]);
const TWO: Signature = Signature::fixed(&[Type::String, Type::String]);
const THREE: Signature = Signature::fixed(&[Type::String, Type::String, Type::String]);
const COUNT: Signature = Signature::fixed(&[Type::Int, Type::String]);
const ANY: Signature = Signature::variadic(&[], Type::Any);

pub(super) fn register(functions: &mut Functions) {
    trimming(functions);
    parts(functions);
    tests(functions);
    joining(functions);
    functions.register("upper", ONE, |_, one| {
        let text = text_of(&one[0]);
        // Go maps each character to a single one.
        Ok(Value::from(match text.is_ascii() {
            true => text.to_ascii_uppercase(),
            false => text.chars().map(words::upper).collect(),
        }))
    });
    functions.register("lower", ONE, |_, one| {
        let text = text_of(&one[0]);
        Ok(Value::from(match text.is_ascii() {
            true => text.to_ascii_lowercase(),
            false => text.chars().map(words::lower).collect(),
        }))
    });
    functions.register("nospace", ONE, |_, one| {
        // Upstream takes bytes for characters, unless there is nothing to take away.
        let kept = || bytes_of(&one[0]).iter().map(|byte| char::from(*byte)).filter(|c| !c.is_whitespace());
        if kept().count() == bytes_of(&one[0]).len() {
            return Ok(one[0].clone());
        }
        Ok(Value::from(kept().collect::<String>()))
    });
    functions.register("repeat", COUNT, |state, arguments| {
        let count = count(&arguments[0])?;
        let bytes = bytes_of(&arguments[1]);
        state.charge(bytes.len().saturating_mul(count))?;
        Ok(Value::text_from_bytes(&bytes.repeat(count)))
    });
    functions.register("replace", THREE, |state, arguments| {
        let [old, new, text] = [0, 1, 2].map(|at| text_of(&arguments[at]));
        let found = if new.len() > old.len() { text.matches(&*old).count() } else { 0 };
        state.charge(found.saturating_mul(new.len()))?;
        Ok(Value::from(text.replace(&*old, &new)))
    });
    functions.register(
        "plural",
        Signature::fixed(&[Type::String, Type::String, Type::Int]),
        |_, arguments| Ok(arguments[usize::from(int_of(&arguments[2]) != 1)].clone()),
    );
    functions.register("toString", Signature::fixed(&[Type::Any]), |_, one| {
        Ok(match &one[0] {
            Value::String(_) | Value::Binary(_) => one[0].clone(),
            Value::Bytes(bytes) => Value::text_from_bytes(bytes),
            other => Value::from(printed(other)),
        })
    });
    functions.register("indent", COUNT, |state, arguments| {
        let pad = indentation(state, &arguments[0], &arguments[1])?;
        Ok(Value::from(indent(&pad, &text_of(&arguments[1]), String::new())))
    });
    functions.register("nindent", COUNT, |state, arguments| {
        let pad = indentation(state, &arguments[0], &arguments[1])?;
        Ok(Value::from(indent(&pad, &text_of(&arguments[1]), String::from("\n"))))
    });
}

fn count(value: &Value) -> Result<usize, FunctionError> {
    usize::try_from(int_of(value)).map_err(|_| FunctionError::from("strings: negative Repeat count"))
}

fn indentation(state: &mut crate::State, spaces: &Value, text: &Value) -> Result<String, FunctionError> {
    let spaces = count(spaces)?;
    let lines = 1 + bytes_of(text).iter().filter(|byte| **byte == b'\n').count();
    state.charge(spaces.saturating_mul(lines))?;
    Ok(" ".repeat(spaces))
}

fn indent(pad: &str, text: &str, start: String) -> String {
    let mut out = start;
    out.reserve(text.len() + pad.len() * 8);
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        out.push_str(pad);
        out.push_str(line);
    }
    out
}

fn trimming(functions: &mut Functions) {
    functions.register("trim", ONE, |_, one| {
        let text = text_of(&one[0]);
        let trimmed = text.trim();
        Ok(if trimmed.len() == text.len() { one[0].clone() } else { Value::from(trimmed) })
    });
    for name in ["trimAll", "trimall"] {
        functions.register(name, TWO, |_, arguments| {
            let cut = text_of(&arguments[0]);
            Ok(Value::from(text_of(&arguments[1]).trim_matches(|c| cut.contains(c))))
        });
    }
    functions.register("trimSuffix", TWO, |_, arguments| {
        let (suffix, bytes) = (bytes_of(&arguments[0]), bytes_of(&arguments[1]));
        Ok(bytes.strip_suffix(suffix).map_or_else(|| arguments[1].clone(), Value::text_from_bytes))
    });
    functions.register("trimPrefix", TWO, |_, arguments| {
        let (prefix, bytes) = (bytes_of(&arguments[0]), bytes_of(&arguments[1]));
        Ok(bytes.strip_prefix(prefix).map_or_else(|| arguments[1].clone(), Value::text_from_bytes))
    });
}

fn out_of_bounds(start: i64, end: i64, length: usize) -> FunctionError {
    FunctionError::from(if end < 0 {
        format!("runtime error: slice bounds out of range [:{end}]")
    } else if start > end {
        format!("runtime error: slice bounds out of range [{start}:{end}]")
    } else {
        format!("runtime error: slice bounds out of range [:{end}] with length {length}")
    })
}

fn parts(functions: &mut Functions) {
    functions.register("trunc", COUNT, |_, arguments| {
        let wanted = int_of(&arguments[0]);
        let bytes = bytes_of(&arguments[1]);
        let size = usize::try_from(wanted.unsigned_abs()).unwrap_or(usize::MAX);
        if bytes.len() <= size {
            return Ok(arguments[1].clone());
        }
        let part = if wanted < 0 { &bytes[bytes.len() - size..] } else { &bytes[..size] };
        Ok(Value::text_from_bytes(part))
    });
    functions.register("substr", Signature::fixed(&[Type::Int, Type::Int, Type::String]), |_, arguments| {
        let (start, end) = (int_of(&arguments[0]), int_of(&arguments[1]));
        let bytes = bytes_of(&arguments[2]);
        let length = bytes.len() as i64;
        let (start, end) = if start < 0 {
            (0, end)
        } else if end < 0 || end > length {
            (start, length)
        } else {
            (start, end)
        };
        let range = usize::try_from(start).ok().zip(usize::try_from(end).ok());
        let part = range.and_then(|(start, end)| bytes.get(start..end));
        part.map(Value::text_from_bytes).ok_or_else(|| out_of_bounds(start, end, bytes.len()))
    });
    functions.register("splitList", TWO, |_, arguments| {
        Ok(string_list(split(&text_of(&arguments[1]), &text_of(&arguments[0]), -1)))
    });
    functions.register("split", TWO, |_, arguments| {
        Ok(numbered(split(&text_of(&arguments[1]), &text_of(&arguments[0]), -1)))
    });
    functions.register(
        "splitn",
        Signature::fixed(&[Type::String, Type::Int, Type::String]),
        |_, arguments| {
            Ok(numbered(split(&text_of(&arguments[2]), &text_of(&arguments[0]), int_of(&arguments[1]))))
        },
    );
    functions
        .register("toStrings", Signature::fixed(&[Type::Any]), |_, one| Ok(string_list(strings_of(&one[0]))));
}

/// Go's SplitN: at most `most` parts, all when negative; an empty separator parts characters.
pub(super) fn split(text: &str, separator: &str, most: i64) -> Vec<String> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    if most == 0 {
        return Vec::new();
    }
    if !separator.is_empty() {
        return text.splitn(most, separator).map(str::to_owned).collect();
    }
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if parts.len() + 1 == most {
            parts.push(rest.to_owned());
            return parts;
        }
        parts.push(c.to_string());
        rest = &rest[c.len_utf8()..];
    }
    parts
}

fn numbered(parts: Vec<String>) -> Value {
    let map = Map::typed(MapType::String);
    for (at, part) in parts.into_iter().enumerate() {
        map.insert(format!("_{at}"), Value::from(part));
    }
    Value::Map(map)
}

fn tests(functions: &mut Functions) {
    functions.register("contains", TWO, |_, arguments| {
        let (part, whole) = (bytes_of(&arguments[0]), bytes_of(&arguments[1]));
        Ok(Value::Bool(match (std::str::from_utf8(part), std::str::from_utf8(whole)) {
            (Ok(part), Ok(whole)) => whole.contains(part),
            _ => part.is_empty() || whole.windows(part.len()).any(|window| window == part),
        }))
    });
    functions.register("hasPrefix", TWO, |_, arguments| {
        Ok(Value::Bool(bytes_of(&arguments[1]).starts_with(bytes_of(&arguments[0]))))
    });
    functions.register("hasSuffix", TWO, |_, arguments| {
        Ok(Value::Bool(bytes_of(&arguments[1]).ends_with(bytes_of(&arguments[0]))))
    });
}

fn joining(functions: &mut Functions) {
    functions.register("join", Signature::fixed(&[Type::String, Type::Any]), |state, arguments| {
        let parts = strings_of(&arguments[1]);
        let separator = text_of(&arguments[0]);
        state.charge(separator.len().saturating_mul(parts.len()))?;
        Ok(Value::from(parts.join(&separator)))
    });
    functions.register("quote", ANY, |_, all| {
        let quoted: Vec<String> = all
            .iter()
            .filter(|value| !value.is_nil())
            .map(|value| match value {
                Value::String(text) => quoted(text),
                Value::Binary(bytes) | Value::Bytes(bytes) => quoted_bytes(bytes),
                other => quoted(&printed(other)),
            })
            .collect();
        Ok(Value::from(quoted.join(" ")))
    });
    functions.register("squote", ANY, |_, all| {
        let quoted: Vec<String> =
            all.iter().filter(|value| !value.is_nil()).map(|value| format!("'{}'", printed(value))).collect();
        Ok(Value::from(quoted.join(" ")))
    });
    functions.register("cat", ANY, |_, all| {
        let parts: Vec<String> = all.iter().filter(|value| !value.is_nil()).map(printed).collect();
        Ok(Value::from(parts.join(" ")))
    });
    functions.register("hello", Signature::fixed(&[]), |_, _| Ok(Value::string("Hello!")));
    functions.register("fail", ONE, |_, one| Err(FunctionError::from(to_text(&one[0]))));
}
