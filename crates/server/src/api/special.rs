//! Types whose JSON doesn't follow their fields: times, numbers that may be texts, and any JSON.

use serde_json::{Number, Value};

use super::definition::Special;
use super::wire::{Reader, WireError, Writer};

/// Writes the content of a special message. The value isn't null.
pub(super) fn encode(special: Special, value: &Value, writer: &mut Writer) {
    match special {
        Special::Time | Special::MicroTime => {
            let time = value.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
            if let Some(time) = time {
                writer.int(1, time.as_second());
                let nanos = if special == Special::Time { 0 } else { time.subsec_nanosecond() };
                writer.int(2, i64::from(nanos));
            }
        }
        Special::IntOrString => match value {
            Value::String(text) => {
                writer.int(1, 1);
                writer.int(2, 0);
                writer.bytes(3, text.as_bytes());
            }
            other => {
                writer.int(1, 0);
                writer.int(2, other.as_i64().unwrap_or_default());
                writer.bytes(3, b"");
            }
        },
        Special::RawJson => writer.bytes(1, value.to_string().as_bytes()),
    }
}

/// Reads the content of a special message.
pub(super) fn decode(special: Special, bytes: &[u8]) -> Result<Value, WireError> {
    let (mut first, mut second) = (None, 0);
    let mut text = Vec::new();
    let mut reader = Reader::new(bytes);
    while let Some(record) = reader.next()? {
        match (special, record.number) {
            (Special::RawJson, 1) | (Special::IntOrString, 3) => text = record.bytes()?.to_vec(),
            (_, 1) => first = Some(record.int()?),
            (_, 2) => second = record.int()?,
            _ => {}
        }
    }
    Ok(match special {
        Special::Time | Special::MicroTime => {
            let nanos = i32::try_from(second).unwrap_or_default();
            match first.and_then(|seconds| jiff::Timestamp::new(seconds, nanos).ok()) {
                Some(time) if special == Special::Time => format!("{time:.0}").into(),
                Some(time) => format!("{time:.6}").into(),
                None => Value::Null,
            }
        }
        Special::IntOrString if first == Some(1) => String::from_utf8_lossy(&text).into_owned().into(),
        Special::IntOrString => Value::Number(Number::from(second)),
        Special::RawJson if text.is_empty() => Value::Null,
        Special::RawJson => serde_json::from_slice(&text).map_err(|_| WireError::Json)?,
    })
}
