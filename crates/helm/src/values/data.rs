//! Values as charts and users give them: plain trees, before templates see them. [`super::coalesce`] merges them,
//! `context.rs` hands them to the template engine.

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::Value;

/// A map of values.
pub type Table = BTreeMap<Arc<str>, Data>;

/// One value. Numbers out of YAML and JSON are floats, numbers out of `--set` are integers, as templates can tell.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `null`, which removes a default when values are merged.
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number given with `--set`.
    Int(i64),
    /// A number out of a file.
    Float(f64),
    /// Text.
    String(Arc<str>),
    /// A list.
    List(Vec<Data>),
    /// A map.
    Table(Table),
}

impl Data {
    /// The map, if this is one.
    pub fn as_table(&self) -> Option<&Table> {
        match self {
            Self::Table(table) => Some(table),
            _ => None,
        }
    }

    /// Go's name for the type, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int64",
            Self::Float(_) => "float64",
            Self::String(_) => "string",
            Self::List(_) => "[]interface {}",
            Self::Table(_) => "map[string]interface {}",
        }
    }

    /// The same as JSON, for schemas.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Float(value) => float_to_json(*value),
            Self::String(text) => text.as_ref().into(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Table(table) => table_to_json(table),
        }
    }

    /// The same for templates. Each call makes new maps, so that what one render sets another doesn't see.
    pub(crate) fn to_template(&self) -> Value {
        match self {
            Self::Null => Value::Nil,
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int64(*value),
            Self::Float(value) => Value::Float(*value),
            Self::String(text) => Value::String(text.clone()),
            Self::List(items) => Value::list(items.iter().map(Self::to_template)),
            Self::Table(table) => table_to_template(table),
        }
    }
}

fn float_to_json(value: f64) -> serde_json::Value {
    // Whole numbers are integers to a schema.
    goyaml::format_json(value)
        .and_then(|text| text.parse::<i64>().ok())
        .map_or_else(|| serde_json::Value::from(value), serde_json::Value::from)
}

pub(crate) fn table_to_json(table: &Table) -> serde_json::Value {
    serde_json::Value::Object(table.iter().map(|(key, value)| (key.to_string(), value.to_json())).collect())
}

pub(crate) fn table_to_template(table: &Table) -> Value {
    Value::map(table.iter().map(|(key, value)| (key.clone(), value.to_template())))
}

impl From<serde_json::Value> for Data {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Float(number.as_f64().unwrap_or_default()),
            serde_json::Value::String(text) => Self::String(text.into()),
            serde_json::Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(map) => {
                Self::Table(map.into_iter().map(|(key, value)| (key.into(), Self::from(value))).collect())
            }
        }
    }
}

impl From<&str> for Data {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

/// Follows a dotted path of maps.
pub(crate) fn table_at<'a>(table: &'a Table, path: &str) -> Option<&'a Table> {
    path.split('.').try_fold(table, |table, name| table.get(name)?.as_table())
}

/// Follows a dotted path to something that is no map.
pub(crate) fn scalar_at<'a>(table: &'a Table, path: &str) -> Option<&'a Data> {
    let (table, name) = match path.rsplit_once('.') {
        Some((path, name)) => (table_at(table, path)?, name),
        None => (table, path),
    };
    table.get(name).filter(|value| value.as_table().is_none())
}
