//! What templates compute with: one enum with a variant for each Go type that template authors can tell apart.
//!
//! Neighbors: `list.rs` and `map.rs` hold the shared collections, `object.rs` the hook for host types, `types.rs` the
//! names of types and kinds, `../print` the text form.

mod convert;
mod list;
mod map;
mod object;
mod types;

use std::sync::Arc;

pub use list::{List, ListType};
pub use map::{Map, MapMethod, MapType, NamedMap};
pub use object::Object;
pub use types::Type;

use crate::dates::Time;

/// A value of the template language. Cloning is cheap: everything large is shared.
///
/// Go's `int` and `int64` are told apart because templates can (`typeOf`, `deepEqual`, parameter types).
#[derive(Clone, Default)]
pub enum Value {
    /// Go's nil, and what a missing key gives.
    #[default]
    Nil,
    /// `bool`
    Bool(bool),
    /// `int`: integer literals, `int`, `len`, indexes.
    Int(i64),
    /// `int64`: the results of integer arithmetic.
    Int64(i64),
    /// `uint8`: an indexed byte of a string.
    Uint8(u8),
    /// `uint64`: parts of a semantic version.
    Uint64(u64),
    /// `float64`: numbers from YAML and JSON.
    Float(f64),
    /// `complex128`: only imaginary literals make it.
    Complex(f64, f64),
    /// `string` holding UTF-8, as nearly every string does.
    String(Arc<str>),
    /// `string` holding bytes that aren't UTF-8: binary files, or text cut within a character.
    Binary(Arc<[u8]>),
    /// `[]uint8`
    Bytes(Arc<[u8]>),
    /// Any slice but bytes.
    List(List),
    /// Any map with string keys; shared and mutable as in Go.
    Map(Map),
    /// `time.Time`
    Time(Arc<Time>),
    /// `time.Duration` in nanoseconds.
    Duration(i64),
    /// A host's own type.
    Object(Arc<dyn Object>),
}

impl Value {
    /// A string value.
    pub fn string(text: impl Into<Arc<str>>) -> Value {
        Value::String(text.into())
    }

    /// A Go string from any bytes: `String` when they are UTF-8, else `Binary`.
    #[must_use]
    pub fn text_from_bytes(bytes: &[u8]) -> Value {
        match std::str::from_utf8(bytes) {
            Ok(text) => Value::String(text.into()),
            Err(_) => Value::Binary(bytes.into()),
        }
    }

    /// A value of a host type.
    pub fn object(object: impl Object + 'static) -> Value {
        Value::Object(Arc::new(object))
    }

    /// A list of any values, Go's `[]interface {}`.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::List(List::new(items.into_iter().collect()))
    }

    /// A list of strings, Go's `[]string`.
    pub fn strings<S: Into<Arc<str>>>(items: impl IntoIterator<Item = S>) -> Value {
        Value::List(List::typed(ListType::String, items.into_iter().map(Value::string).collect()))
    }

    /// A new map, Go's `map[string]interface {}`.
    pub fn map<K: Into<Arc<str>>>(entries: impl IntoIterator<Item = (K, Value)>) -> Value {
        Value::Map(entries.into_iter().collect())
    }

    /// Whether this is nil.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// The text of a string value that is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a string or byte slice.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Value::String(text) => Some(text.as_bytes()),
            Value::Binary(bytes) | Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// The map, if this is one.
    #[must_use]
    pub fn as_map(&self) -> Option<&Map> {
        match self {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The list, if this is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&List> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The integer of any signed integer kind.
    #[must_use]
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) | Value::Int64(number) | Value::Duration(number) => Some(*number),
            _ => None,
        }
    }

    /// The host object, if it is of type `T`.
    #[must_use]
    pub fn downcast<T: Object + 'static>(&self) -> Option<&T> {
        match self {
            Value::Object(object) => object.as_any().downcast_ref::<T>(),
            _ => None,
        }
    }

    /// Whether `if` takes the branch: not the zero or empty value of its type.
    #[must_use]
    pub fn truth(&self) -> bool {
        match self {
            Value::Nil => false,
            Value::Bool(truth) => *truth,
            Value::Int(number) | Value::Int64(number) | Value::Duration(number) => *number != 0,
            Value::Uint8(number) => *number != 0,
            Value::Uint64(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Value::String(text) => !text.is_empty(),
            Value::Binary(bytes) | Value::Bytes(bytes) => !bytes.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Map(map) => !map.is_empty(),
            Value::Time(_) => true,
            Value::Object(object) => object.truth(),
        }
    }

    /// Equality as Go's `reflect.DeepEqual` sees it: same types all the way down.
    #[must_use]
    pub fn deep_equal(&self, other: &Value) -> bool {
        deep_equal(self, other, 0, &mut MAX_COMPARISONS.clone())
    }
}

/// Deeper values are taken as different instead of exhausting the stack; only a map inside itself gets here.
const MAX_COMPARE_DEPTH: usize = 200;

/// More than any real value has. Maps that hold each other twice at every level would go on forever.
const MAX_COMPARISONS: u32 = 10_000_000;

fn deep_equal(left: &Value, right: &Value, depth: usize, left_over: &mut u32) -> bool {
    if depth > MAX_COMPARE_DEPTH || *left_over == 0 {
        return false;
    }
    *left_over -= 1;
    match (left, right) {
        (Value::Nil, Value::Nil) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Int(a), Value::Int(b))
        | (Value::Int64(a), Value::Int64(b))
        | (Value::Duration(a), Value::Duration(b)) => a == b,
        (Value::Uint8(a), Value::Uint8(b)) => a == b,
        (Value::Uint64(a), Value::Uint64(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b,
        (Value::Complex(a, b), Value::Complex(c, d)) => a == c && b == d,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Binary(a), Value::Binary(b)) | (Value::Bytes(a), Value::Bytes(b)) => a == b,
        (Value::Time(a), Value::Time(b)) => a == b,
        (Value::List(a), Value::List(b)) => {
            a.ptr_eq(b)
                || (a.list_type() == b.list_type()
                    && a.is_nil() == b.is_nil()
                    && a.len() == b.len()
                    && a.iter().zip(b.iter()).all(|(x, y)| deep_equal(x, y, depth + 1, left_over)))
        }
        (Value::Map(a), Value::Map(b)) => {
            a.ptr_eq(b)
                || (a.map_type() == b.map_type()
                    && a.len() == b.len()
                    && a.entries().iter().all(|(key, x)| match b.get(key) {
                        Some(y) => deep_equal(x, &y, depth + 1, left_over),
                        None => false,
                    }))
        }
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b) || a.equal(b.as_ref()),
        _ => false,
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.deep_equal(other)
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        crate::print::print_value(&mut text, self);
        formatter.write_str(&text)
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::new();
        crate::print::print_go_syntax(&mut text, self);
        formatter.write_str(&text)
    }
}
