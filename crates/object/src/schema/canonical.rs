//! Writes scalar values the way the API server would write them back: quantities, times.

use serde_json::Value;

use super::{Schema, Type};
use crate::{Quantity, timestamp};

/// Rewrites every quantity and time below a value in its canonical form; what cannot be read stays. Answers whether
/// all of them could be read.
pub fn canonical_scalars(value: &mut Value, schema: Schema<'_>) -> bool {
    match value {
        Value::Object(map) => {
            let mut all = true;
            for (name, value) in map {
                all &= schema.field(name).is_none_or(|field| canonical_scalars(value, field));
            }
            all
        }
        Value::Array(list) => {
            let Some(items) = schema.items() else { return true };
            let mut all = true;
            for item in list {
                all &= canonical_scalars(item, items);
            }
            all
        }
        Value::Null => true,
        scalar => canonical_scalar(scalar, schema),
    }
}

fn canonical_scalar(value: &mut Value, schema: Schema<'_>) -> bool {
    let node = schema.node();
    let text = match (node.kind, node.format.as_str()) {
        (Type::Quantity, _) => Quantity::from_value(value).ok().map(|quantity| quantity.to_string()),
        (Type::String, "date-time") => {
            let time = value.as_str().and_then(|text| timestamp::parse(text).ok());
            let micro = node.name.ends_with(".MicroTime");
            time.map(|time| {
                if micro { timestamp::format_microseconds(time) } else { timestamp::format_seconds(time) }
            })
        }
        _ => return true,
    };
    match text {
        Some(text) => {
            *value = Value::from(text);
            true
        }
        None => false,
    }
}
