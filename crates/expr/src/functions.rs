//! The functions that there are.

use std::ops::RangeInclusive;

use serde_json::Value;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Len,
    Lower,
    Upper,
    Trim,
    TrimPrefix,
    TrimSuffix,
    HasPrefix,
    HasSuffix,
    IndexOf,
    Replace,
    Split,
    Join,
    Int,
    Float,
    Text,
    Keys,
    Values,
    First,
    Last,
    Get,
    Type,
    All,
    Any,
    None,
    One,
    Filter,
    Map,
    Count,
}

impl Function {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "len" => Self::Len,
            "lower" => Self::Lower,
            "upper" => Self::Upper,
            "trim" => Self::Trim,
            "trimPrefix" => Self::TrimPrefix,
            "trimSuffix" => Self::TrimSuffix,
            "hasPrefix" => Self::HasPrefix,
            "hasSuffix" => Self::HasSuffix,
            "indexOf" => Self::IndexOf,
            "replace" => Self::Replace,
            "split" => Self::Split,
            "join" => Self::Join,
            "int" => Self::Int,
            "float" => Self::Float,
            "string" => Self::Text,
            "keys" => Self::Keys,
            "values" => Self::Values,
            "first" => Self::First,
            "last" => Self::Last,
            "get" => Self::Get,
            "type" => Self::Type,
            "all" => Self::All,
            "any" => Self::Any,
            "none" => Self::None,
            "one" => Self::One,
            "filter" => Self::Filter,
            "map" => Self::Map,
            "count" => Self::Count,
            _ => return None,
        })
    }

    /// How many arguments it takes.
    pub(crate) const fn arguments(self) -> RangeInclusive<usize> {
        match self {
            Self::TrimPrefix | Self::TrimSuffix | Self::HasPrefix | Self::HasSuffix | Self::IndexOf => 2..=2,
            Self::Split | Self::Get => 2..=2,
            Self::Replace => 3..=3,
            Self::Join | Self::Count => 1..=2,
            Self::All | Self::Any | Self::None | Self::One | Self::Filter | Self::Map => 2..=2,
            _ => 1..=1,
        }
    }

    /// Whether the second argument is asked about each element of the first.
    pub(crate) const fn has_predicate(self) -> bool {
        matches!(
            self,
            Self::All | Self::Any | Self::None | Self::One | Self::Filter | Self::Map | Self::Count
        )
    }
}

/// What a value is, in the language's words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nil",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "map",
    }
}

/// What a function without a predicate answers; the text of an error says what does not fit.
pub(crate) fn call(function: Function, arguments: &[Value]) -> Result<Value, String> {
    let texts: Vec<&str> = arguments.iter().map_while(Value::as_str).collect();
    let wrong = || {
        let kinds: Vec<&str> = arguments.iter().map(kind).collect();
        format!("the function does not take ({})", kinds.join(", "))
    };
    Ok(match (function, arguments, &texts[..]) {
        (Function::Len, [Value::String(text)], _) => text.chars().count().into(),
        (Function::Len, [Value::Array(items)], _) => items.len().into(),
        (Function::Len, [Value::Object(fields)], _) => fields.len().into(),
        (Function::Lower, _, [text]) => text.to_lowercase().into(),
        (Function::Upper, _, [text]) => text.to_uppercase().into(),
        (Function::Trim, _, [text]) => text.trim().into(),
        (Function::TrimPrefix, _, [text, prefix]) => text.strip_prefix(prefix).unwrap_or(text).into(),
        (Function::TrimSuffix, _, [text, suffix]) => text.strip_suffix(suffix).unwrap_or(text).into(),
        (Function::HasPrefix, _, [text, prefix]) => text.starts_with(prefix).into(),
        (Function::HasSuffix, _, [text, suffix]) => text.ends_with(suffix).into(),
        (Function::IndexOf, _, [text, part]) => match text.find(part) {
            Some(place) => place.into(),
            None => (-1).into(),
        },
        (Function::Replace, _, [text, from, to]) => {
            // Each place may grow by as much as the new text has.
            let most = text.len().saturating_add(1).saturating_mul(to.len().saturating_add(1));
            if most > MAX_TEXT {
                return Err(format!("a text may not grow beyond {MAX_TEXT} bytes"));
            }
            text.replace(from, to).into()
        }
        (Function::Split, _, [text, separator]) => text.split(separator).map(Value::from).collect(),
        (Function::Join, [Value::Array(items), rest @ ..], _) => {
            let parts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            let separator = match rest {
                [] => Some(""),
                [separator, ..] => separator.as_str(),
            };
            let (Some(parts), Some(separator)) = (parts, separator) else { return Err(wrong()) };
            parts.join(separator).into()
        }
        (Function::Int, [value], _) => match value {
            Value::String(text) => text.parse::<i64>().map_err(|_| wrong())?.into(),
            #[expect(clippy::cast_possible_truncation, reason = "what does not fit is cut off, as in Go")]
            Value::Number(number) => match number.as_i64() {
                Some(whole) => whole.into(),
                None => (number.as_f64().unwrap_or_default() as i64).into(),
            },
            _ => return Err(wrong()),
        },
        (Function::Float, [value], _) => match value {
            Value::String(text) => text.parse::<f64>().map_err(|_| wrong())?.into(),
            Value::Number(number) => number.as_f64().into(),
            _ => return Err(wrong()),
        },
        (Function::Text, [value], _) => match value {
            Value::String(text) => text.as_str().into(),
            Value::Null => "<nil>".into(),
            other => other.to_string().into(),
        },
        (Function::Keys, [Value::Object(fields)], _) => {
            fields.keys().map(|key| Value::from(key.as_str())).collect()
        }
        (Function::Values, [Value::Object(fields)], _) => fields.values().cloned().collect(),
        (Function::First, [Value::Array(items)], _) => items.first().cloned().unwrap_or_default(),
        (Function::Last, [Value::Array(items)], _) => items.last().cloned().unwrap_or_default(),
        (Function::Get, [of, key], _) => member(of, key).ok().flatten().cloned().unwrap_or_default(),
        (Function::Type, [value], _) => kind(value).into(),
        _ => return Err(wrong()),
    })
}

/// The longest text that a function makes, in bytes.
const MAX_TEXT: usize = 1 << 20;

/// A member of a map or an element of a list: `None` for a key that is not there.
pub(crate) fn member<'a>(of: &'a Value, key: &Value) -> Result<Option<&'a Value>, String> {
    match (of, key) {
        (Value::Object(fields), Value::String(name)) => Ok(fields.get(name)),
        (Value::Array(items), Value::Number(number)) => {
            let place = number.as_i64().unwrap_or_default();
            let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
            let place = if place < 0 { place.saturating_add(length) } else { place };
            let item = usize::try_from(place).ok().and_then(|place| items.get(place));
            item.map(Some).ok_or_else(|| format!("the list has no element {number}; it has {length}"))
        }
        (of, key) => {
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            Err(format!("cannot fetch {key} from {}", kind(of)))
        }
    }
}
