//! Messages as Protocol Buffers, read to and written from the JSON that handlers speak.
//!
//! What is written is what Argo CD's Go clients accept: required fields are always there, fields in JSON that the
//! definition doesn't know are left out. What is read is bounded in depth, and unknown fields are skipped.
//! The neighbors: `special` for types of their own, `shape` for the JSON of clients.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use super::definition::{Api, Count, Emit, Field, Kind};
use super::special;

/// Messages nested deeper than this are refused.
const MAX_DEPTH: usize = 64;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WireError {
    /// The bytes end inside a value, or a number is too long.
    #[error("the message is cut off or malformed")]
    Malformed,
    /// A field has another wire type than the definition says.
    #[error("a field has an unexpected wire type")]
    Type,
    /// A text is not UTF-8.
    #[error("a text is not UTF-8")]
    Text,
    /// Raw JSON is none.
    #[error("a raw JSON value is malformed")]
    Json,
    /// Too many messages inside messages.
    #[error("messages are nested too deeply")]
    Depth,
}

/// Collects the bytes of one message.
#[derive(Default)]
pub(super) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.out.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.out.push(value as u8);
    }

    pub(super) fn int(&mut self, number: u32, value: i64) {
        self.varint(u64::from(number) << 3);
        self.varint(value.cast_unsigned());
    }

    pub(super) fn bytes(&mut self, number: u32, value: &[u8]) {
        self.varint(u64::from(number) << 3 | 2);
        self.varint(value.len() as u64);
        self.out.extend_from_slice(value);
    }
}

/// One field as it is on the wire.
pub(super) struct Record<'a> {
    pub(super) number: u32,
    content: Content<'a>,
}

enum Content<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Other,
}

impl<'a> Record<'a> {
    pub(super) fn int(&self) -> Result<i64, WireError> {
        match self.content {
            Content::Int(value) => Ok(value),
            _ => Err(WireError::Type),
        }
    }

    pub(super) fn bytes(&self) -> Result<&'a [u8], WireError> {
        match self.content {
            Content::Bytes(value) => Ok(value),
            _ => Err(WireError::Type),
        }
    }
}

/// Goes through the fields of one message.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn varint(&mut self) -> Result<u64, WireError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(WireError::Malformed)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(WireError::Malformed)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], WireError> {
        let length = usize::try_from(length).map_err(|_| WireError::Malformed)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(WireError::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn next(&mut self) -> Result<Option<Record<'a>>, WireError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let tag = self.varint()?;
        let number = u32::try_from(tag >> 3).map_err(|_| WireError::Malformed)?;
        let content = match tag & 7 {
            0 => Content::Int(self.varint()?.cast_signed()),
            1 => self.take(8).map(|_| Content::Other)?,
            2 => {
                let length = self.varint()?;
                Content::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Content::Other)?,
            _ => return Err(WireError::Type),
        };
        Ok(Some(Record { number, content }))
    }
}

/// Writes a message.
pub(crate) fn encode(api: &Api, message: usize, value: &Value) -> Vec<u8> {
    let mut writer = Writer::default();
    encode_message(api, message, value, &mut writer);
    writer.out
}

fn encode_message(api: &Api, message: usize, value: &Value, writer: &mut Writer) {
    for field in &api.message(message).fields {
        let held = if field.inline { Some(value) } else { value.get(&field.json) };
        match (held.filter(|held| !held.is_null()), field.count) {
            (None, Count::One) if field.required => encode_zero(field, writer),
            (None, _) => {}
            (Some(held), Count::One) => encode_value(api, field, held, writer),
            (Some(held), Count::List) => {
                for item in held.as_array().into_iter().flatten() {
                    encode_value(api, field, item, writer);
                }
            }
            (Some(held), Count::Map) => {
                for (key, item) in held.as_object().into_iter().flatten() {
                    let mut entry = Writer::default();
                    entry.bytes(1, key.as_bytes());
                    encode_value(api, &Field { number: 2, ..field.clone() }, item, &mut entry);
                    writer.bytes(field.number, &entry.out);
                }
            }
        }
    }
}

fn encode_zero(field: &Field, writer: &mut Writer) {
    match field.kind {
        Kind::Bool | Kind::Int32 | Kind::Int64 => writer.int(field.number, 0),
        Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Special(_) => writer.bytes(field.number, b""),
    }
}

fn encode_value(api: &Api, field: &Field, value: &Value, writer: &mut Writer) {
    match field.kind {
        Kind::String => writer.bytes(field.number, value.as_str().unwrap_or_default().as_bytes()),
        Kind::Bool => writer.int(field.number, i64::from(value.as_bool().unwrap_or_default())),
        Kind::Int32 | Kind::Int64 => writer.int(field.number, value.as_i64().unwrap_or_default()),
        Kind::Bytes => {
            let decoded = BASE64.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
            writer.bytes(field.number, &decoded);
        }
        Kind::Special(special) => {
            let mut inner = Writer::default();
            if !value.is_null() {
                special::encode(special, value, &mut inner);
            }
            writer.bytes(field.number, &inner.out);
        }
        Kind::Message(index) => {
            let mut inner = Writer::default();
            if field.wrapped {
                let key = api.message(index).fields.first().map(|first| first.json.clone());
                let object: Map<String, Value> = key.map(|key| (key, value.clone())).into_iter().collect();
                encode_message(api, index, &Value::Object(object), &mut inner);
            } else if field.yaml {
                let parsed = goyaml::from_str(value.as_str().unwrap_or_default()).unwrap_or_default();
                encode_message(api, index, &parsed, &mut inner);
            } else {
                encode_message(api, index, value, &mut inner);
            }
            writer.bytes(field.number, &inner.out);
        }
    }
}

/// Reads a message. Zero values of fields in which absence and zero don't differ are left out.
pub(crate) fn decode(api: &Api, message: usize, bytes: &[u8]) -> Result<Value, WireError> {
    decode_message(api, message, bytes, 0)
}

fn decode_message(api: &Api, message: usize, bytes: &[u8], depth: usize) -> Result<Value, WireError> {
    if depth > MAX_DEPTH {
        return Err(WireError::Depth);
    }
    let mut object = Map::new();
    let mut reader = Reader::new(bytes);
    let fields = &api.message(message).fields;
    while let Some(record) = reader.next()? {
        let Some(field) = fields.iter().find(|field| field.number == record.number) else { continue };
        match field.count {
            Count::One => {
                let value = decode_value(api, field, &record, depth)?;
                match value {
                    Value::Object(members) if field.inline => object.extend(members),
                    value if keep(field, &value) => {
                        object.insert(field.json.clone(), value);
                    }
                    _ => {}
                }
            }
            Count::List => {
                let list = object.entry(field.json.clone()).or_insert_with(|| Value::Array(Vec::new()));
                let Value::Array(list) = list else { continue };
                match (field.kind, &record.content) {
                    // Numbers may come packed into one record.
                    (Kind::Int32 | Kind::Int64, Content::Bytes(packed)) => {
                        let mut packed = Reader::new(packed);
                        while !packed.rest.is_empty() {
                            list.push(packed.varint()?.cast_signed().into());
                        }
                    }
                    _ => list.push(decode_value(api, field, &record, depth)?),
                }
            }
            Count::Map => {
                let (mut key, mut value) = (String::new(), zero(field));
                let mut entry = Reader::new(record.bytes()?);
                while let Some(part) = entry.next()? {
                    match part.number {
                        1 => key = text(part.bytes()?)?,
                        2 => value = decode_value(api, field, &part, depth)?,
                        _ => {}
                    }
                }
                let map = object.entry(field.json.clone()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(map) = map {
                    map.insert(key, value);
                }
            }
        }
    }
    Ok(Value::Object(object))
}

fn keep(field: &Field, value: &Value) -> bool {
    match value {
        Value::Null => false,
        _ if field.optional || field.required || field.emit == Emit::Always => true,
        Value::Bool(value) => *value,
        Value::Number(value) => value.as_i64() != Some(0),
        Value::String(value) => !value.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Array(_) => true,
    }
}

fn zero(field: &Field) -> Value {
    match field.kind {
        Kind::String | Kind::Bytes => "".into(),
        Kind::Bool => false.into(),
        Kind::Int32 | Kind::Int64 => 0.into(),
        Kind::Message(_) => Value::Object(Map::new()),
        Kind::Special(_) => Value::Null,
    }
}

fn text(bytes: &[u8]) -> Result<String, WireError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| WireError::Text)
}

fn decode_value(api: &Api, field: &Field, record: &Record<'_>, depth: usize) -> Result<Value, WireError> {
    Ok(match field.kind {
        Kind::String => text(record.bytes()?)?.into(),
        Kind::Bool => (record.int()? != 0).into(),
        Kind::Int32 => (record.int()? as i32).into(),
        Kind::Int64 => record.int()?.into(),
        Kind::Bytes => BASE64.encode(record.bytes()?).into(),
        Kind::Special(special) => special::decode(special, record.bytes()?)?,
        Kind::Message(index) => {
            let value = decode_message(api, index, record.bytes()?, depth + 1)?;
            if field.wrapped {
                // A wrapper that is there but empty means an empty list or map, not an absent one.
                let only = api.message(index).fields.first();
                let empty = || match only.map(|only| only.count) {
                    Some(Count::Map) => Value::Object(Map::new()),
                    _ => Value::Array(Vec::new()),
                };
                only.and_then(|only| value.get(&only.json).cloned()).unwrap_or_else(empty)
            } else if field.yaml {
                value.to_string().into()
            } else {
                value
            }
        }
    })
}
