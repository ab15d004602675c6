//! Conversions from Rust's own types.

use std::sync::Arc;

use super::{List, Map, Value};

macro_rules! from {
    ($($source:ty => $make:expr),* $(,)?) => {$(
        impl From<$source> for Value {
            fn from(source: $source) -> Value {
                let make: fn($source) -> Value = $make;
                make(source)
            }
        }
    )*};
}

from! {
    bool => Value::Bool,
    i64 => Value::Int64,
    i32 => |number| Value::Int(i64::from(number)),
    u64 => Value::Uint64,
    f64 => Value::Float,
    &str => |text| Value::String(text.into()),
    String => |text| Value::String(text.into()),
    Arc<str> => Value::String,
    List => Value::List,
    Map => Value::Map,
    Vec<Value> => |values| Value::List(List::new(values)),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(source: Option<T>) -> Value {
        source.map_or(Value::Nil, Into::into)
    }
}
