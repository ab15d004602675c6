//! Go's names of types and kinds, and the types that function parameters can have.

use super::{ListType, MapType, Value};

/// The type of a function parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: anything.
    Any,
    /// `string`
    String,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `float64`
    Float,
    /// `bool`
    Bool,
    /// `map[string]interface {}`
    Map,
    /// `[]interface {}`
    List,
    /// `[]string`
    Strings,
    /// `time.Time`
    Time,
    /// `time.Duration`
    Duration,
    /// A host type of this name.
    Object(&'static str),
}

impl Type {
    /// Go's text for the type.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Type::Any => "interface {}",
            Type::String => "string",
            Type::Int => "int",
            Type::Int64 => "int64",
            Type::Float => "float64",
            Type::Bool => "bool",
            Type::Map => "map[string]interface {}",
            Type::List => "[]interface {}",
            Type::Strings => "[]string",
            Type::Time => "time.Time",
            Type::Duration => "time.Duration",
            Type::Object(name) => name,
        }
    }

    /// Whether untyped nil is a value of the type.
    #[must_use]
    pub fn can_be_nil(self) -> bool {
        matches!(self, Type::Any | Type::Map | Type::List | Type::Strings | Type::Object(_))
    }

    /// Whether a value other than nil can be passed as it is.
    #[must_use]
    pub fn accepts(self, value: &Value) -> bool {
        match (self, value) {
            (Type::Any, _)
            | (Type::String, Value::String(_) | Value::Binary(_))
            | (Type::Int, Value::Int(_))
            | (Type::Int64, Value::Int64(_))
            | (Type::Float, Value::Float(_))
            | (Type::Bool, Value::Bool(_))
            | (Type::Time, Value::Time(_))
            | (Type::Duration, Value::Duration(_)) => true,
            (Type::Map, Value::Map(map)) => map.map_type() == MapType::Any,
            (Type::List, Value::List(list)) => list.list_type() == ListType::Any,
            (Type::Strings, Value::List(list)) => list.list_type() == ListType::String,
            (Type::Object(name), Value::Object(object)) => object.type_name() == name,
            _ => false,
        }
    }
}

impl Value {
    /// Go's name of the value's type, as `%T` prints it.
    #[must_use]
    pub fn type_name(&self) -> &str {
        match self {
            Value::Nil => "<nil>",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) => "int64",
            Value::Uint8(_) => "uint8",
            Value::Uint64(_) => "uint64",
            Value::Float(_) => "float64",
            Value::Complex(..) => "complex128",
            Value::String(_) | Value::Binary(_) => "string",
            Value::Bytes(_) => "[]uint8",
            Value::List(list) => match list.list_type() {
                ListType::Any => "[]interface {}",
                ListType::String => "[]string",
                ListType::Int => "[]int",
                ListType::List => "[][]interface {}",
                ListType::Map => "[]map[string]interface {}",
            },
            Value::Map(map) => match (map.type_name(), map.map_type()) {
                (Some(name), _) => name,
                (None, MapType::Any) => "map[string]interface {}",
                (None, MapType::String) => "map[string]string",
            },
            Value::Time(_) => "time.Time",
            Value::Duration(_) => "time.Duration",
            Value::Object(object) => object.type_name(),
        }
    }

    /// Go's name of the value's kind, as sprig's `kindOf` gives it.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Nil => "invalid",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Int64(_) | Value::Duration(_) => "int64",
            Value::Uint8(_) => "uint8",
            Value::Uint64(_) => "uint64",
            Value::Float(_) => "float64",
            Value::Complex(..) => "complex128",
            Value::String(_) | Value::Binary(_) => "string",
            Value::Bytes(_) | Value::List(_) => "slice",
            Value::Map(_) => "map",
            Value::Time(_) => "struct",
            Value::Object(object) => object.kind(),
        }
    }
}
