//! One step of a path into an object, as field ownership names it.

use std::fmt;

use serde_json::{Map, Value};

use crate::Error;

/// A field, or an item of a list.
///
/// Values are kept as canonical JSON text, which makes steps cheap to compare and to order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathElement {
    /// A field of a structure or an entry of a map.
    Field(String),
    /// The item of a keyed list with these key fields, sorted by name.
    Key(Vec<(String, String)>),
    /// A member of a set.
    Value(String),
    /// The item at a position; only very old ownership records have it.
    Index(i64),
}

impl PathElement {
    /// A field.
    pub fn field(name: impl Into<String>) -> Self {
        PathElement::Field(name.into())
    }

    /// A keyed list item.
    pub fn key<'a>(keys: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Self {
        let mut keys: Vec<(String, String)> =
            keys.into_iter().map(|(name, value)| (name.to_owned(), canonical(value))).collect();
        keys.sort();
        PathElement::Key(keys)
    }

    /// A member of a set.
    pub fn value(value: &Value) -> Self {
        PathElement::Value(canonical(value))
    }

    /// Reads the form that `fieldsV1` uses, such as `f:spec` or `k:{"name":"web"}`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fail = || Error::ManagedFields { reason: format!("{text:?} is not a path element") };
        let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| fail());
        match text.split_once(':').ok_or_else(fail)? {
            ("f", name) => Ok(PathElement::field(name)),
            ("v", value) => Ok(PathElement::value(&json(value)?)),
            ("i", index) => index.parse().map(PathElement::Index).map_err(|_| fail()),
            ("k", keys) => {
                let keys = json(keys)?;
                let keys: &Map<String, Value> = keys.as_object().ok_or_else(fail)?;
                Ok(PathElement::key(keys.iter().map(|(name, value)| (name.as_str(), value))))
            }
            _ => Err(fail()),
        }
    }

    /// The form that `fieldsV1` uses.
    pub fn to_fields_v1(&self) -> String {
        match self {
            PathElement::Field(name) => format!("f:{name}"),
            PathElement::Value(value) => format!("v:{value}"),
            PathElement::Index(index) => format!("i:{index}"),
            PathElement::Key(keys) => {
                let entries: Vec<String> = keys
                    .iter()
                    .map(|(name, value)| format!("{}:{value}", Value::from(name.as_str())))
                    .collect();
                format!("k:{{{}}}", entries.join(","))
            }
        }
    }
}

impl fmt::Display for PathElement {
    /// As conflict messages write it: `.spec`, `[name="web"]`, `[="x"]`, `[0]`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathElement::Field(name) => write!(formatter, ".{name}"),
            PathElement::Value(value) => write!(formatter, "[={value}]"),
            PathElement::Index(index) => write!(formatter, "[{index}]"),
            PathElement::Key(keys) => {
                let entries: Vec<String> =
                    keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(formatter, "[{}]", entries.join(","))
            }
        }
    }
}

/// JSON text in which numbers of equal amount are written alike.
fn canonical(value: &Value) -> String {
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 9e15 => {
                (float as i64).to_string()
            }
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
