//! Bodies in Kubernetes' protobuf encoding, read into JSON: kubectl sends the objects of `create`, `run` and `auth
//! can-i` so. Answers are always JSON, which such clients accept. The messages are in `protobuf.txt`.
//!
//! The encoding can't tell an absent field from a zero one where Go has no pointer, and clients write all of those:
//! zeros are left out, except of fields in which a zero is usually meant ([`ZERO_COUNTS`]).

use std::collections::HashMap;
use std::sync::LazyLock;

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::status::{ApiError, ApiResult};

/// The content type.
pub(crate) const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";

const TABLE: &str = include_str!("protobuf.txt");
const MAGIC: &[u8] = b"k8s\0";
const MAX_DEPTH: usize = 64;
const ZERO_COUNTS: &[&str] = &[
    "replicas",
    "minReplicas",
    "terminationGracePeriodSeconds",
    "gracePeriodSeconds",
    "parallelism",
    "completions",
    "backoffLimit",
    "ttlSecondsAfterFinished",
    "automountServiceAccountToken",
    "orphanDependents",
];

/// Field number → JSON name and type.
type Message = HashMap<u64, (&'static str, &'static str)>;

static MESSAGES: LazyLock<HashMap<&'static str, Message>> = LazyLock::new(|| {
    let mut messages: HashMap<&'static str, Message> = HashMap::new();
    let mut current = "";
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('@') {
            current = name;
            messages.entry(current).or_default();
            continue;
        }
        let mut words = line.split(' ');
        if let (Some(number), Some(name), Some(kind)) = (words.next(), words.next(), words.next())
            && let Ok(number) = number.parse()
        {
            messages.entry(current).or_default().insert(number, (name, kind));
        }
    }
    messages
});

/// Reads an object.
pub(crate) fn read(body: &[u8]) -> ApiResult<Value> {
    let refused = || ApiError::bad_request("the body is not a valid protobuf object");
    let envelope = body.strip_prefix(MAGIC).ok_or_else(refused)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &b""[..]);
    for field in Fields(envelope) {
        let (number, value) = field.ok_or_else(refused)?;
        match (number, value) {
            (1, Wire::Bytes(types)) => {
                for field in Fields(types) {
                    match field.ok_or_else(refused)? {
                        (1, Wire::Bytes(text)) => api_version = String::from_utf8_lossy(text).into_owned(),
                        (2, Wire::Bytes(text)) => kind = String::from_utf8_lossy(text).into_owned(),
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let message = match api_version.as_str() {
        _ if kind == "DeleteOptions" => "meta/v1.DeleteOptions".to_owned(),
        "v1" => format!("core/v1.{kind}"),
        other => format!("{other}.{kind}"),
    };
    if !MESSAGES.contains_key(message.as_str()) {
        return Err(ApiError::not_in_sandbox(&format!("protobuf for {kind} of {api_version}; send JSON")));
    }
    let mut value = decode(&message, raw, 0).ok_or_else(refused)?;
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".into(), api_version.into());
        map.insert("kind".into(), kind.into());
    }
    Ok(value)
}

enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Float(f64),
}

/// The fields of a message; `None` where the bytes make no sense, which is the last item.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<(u64, Wire<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<(u64, Wire<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Wire::Number(self.varint()?),
            1 => Wire::Float(f64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => Wire::Number(u64::from(u32::from_le_bytes(self.take(4)?.try_into().ok()?))),
            _ => return None,
        };
        Some((tag >> 3, value))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in 0..10 {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << (7 * shift);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

/// A message as JSON; `None` if its bytes make no sense.
fn decode(message: &str, bytes: &[u8], depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    if let Some(value) = special(message, bytes) {
        return value;
    }
    let fields = MESSAGES.get(message)?;
    let mut map = Map::new();
    let mut items = Vec::new();
    for field in Fields(bytes) {
        let (number, wire) = field?;
        let Some((name, kind)) = fields.get(&number) else { continue };
        if let Some(kind) = kind.strip_prefix('*') {
            let value = one(kind, wire, depth)?;
            if *name == "items" && fields.len() == 1 {
                // A list with a name of its own in Go: just a list in JSON.
                items.push(value);
                continue;
            }
            if let Some(list) = map.entry(*name).or_insert_with(|| Value::Array(Vec::new())).as_array_mut() {
                list.push(value);
            }
        } else if let Some(kind) = kind.strip_prefix('<') {
            let Wire::Bytes(entry) = wire else { return None };
            let (mut key, mut value) =
                (String::new(), if kind == "s" { Value::from("") } else { Value::Null });
            for field in Fields(entry) {
                match field? {
                    (1, Wire::Bytes(text)) => key = String::from_utf8_lossy(text).into_owned(),
                    (2, wire) => value = one(kind, wire, depth)?,
                    _ => {}
                }
            }
            if let Some(entries) =
                map.entry(*name).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
            {
                entries.insert(key, value);
            }
        } else {
            let value = one(kind, wire, depth)?;
            let zero = match &value {
                Value::String(text) => text.is_empty(),
                Value::Number(number) => number.as_i64() == Some(0),
                Value::Bool(flag) => !flag,
                Value::Null => true,
                _ => false,
            };
            if !zero || (ZERO_COUNTS.contains(name) && !value.is_null()) {
                map.insert((*name).to_owned(), value);
            }
        }
    }
    Some(if items.is_empty() { Value::Object(map) } else { Value::Array(items) })
}

fn one(kind: &str, wire: Wire<'_>, depth: usize) -> Option<Value> {
    Some(match (kind, wire) {
        ("s", Wire::Bytes(text)) => String::from_utf8_lossy(text).into_owned().into(),
        ("y", Wire::Bytes(bytes)) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
        // Negative numbers come as their two's complement in 64 bits.
        ("i", Wire::Number(number)) => number.cast_signed().into(),
        ("b", Wire::Number(number)) => (number != 0).into(),
        ("f", Wire::Float(number)) => number.into(),
        (message, Wire::Bytes(bytes)) => decode(message, bytes, depth + 1)?,
        _ => return None,
    })
}

/// Messages whose JSON isn't an object; the outer `None` for all others.
fn special(message: &str, bytes: &[u8]) -> Option<Option<Value>> {
    let fields = || -> Option<Vec<(u64, Wire<'_>)>> { Fields(bytes).collect() };
    let number = |fields: &[(u64, Wire<'_>)], wanted: u64| {
        fields.iter().find_map(|(number, wire)| match wire {
            Wire::Number(value) if *number == wanted => Some(value.cast_signed()),
            _ => None,
        })
    };
    let text = |fields: &[(u64, Wire<'_>)], wanted: u64| {
        fields.iter().find_map(|(number, wire)| match wire {
            Wire::Bytes(bytes) if *number == wanted => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        })
    };
    let value = match message {
        "meta/v1.Time" | "meta/v1.MicroTime" => fields().map(|fields| {
            let seconds = number(&fields, 1).unwrap_or(0);
            let nanoseconds = i32::try_from(number(&fields, 2).unwrap_or(0)).unwrap_or(0);
            match Timestamp::new(seconds, nanoseconds) {
                // Go's zero time: no time at all.
                Ok(time) if seconds > 0 && message == "meta/v1.Time" => {
                    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
                }
                Ok(time) if seconds > 0 => time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string().into(),
                _ => Value::Null,
            }
        }),
        "resource.Quantity" => fields().map(|fields| text(&fields, 1).unwrap_or_default().into()),
        "intstr.IntOrString" => fields().map(|fields| match number(&fields, 1) {
            Some(1) => text(&fields, 3).unwrap_or_default().into(),
            _ => number(&fields, 2).unwrap_or(0).into(),
        }),
        "meta/v1.FieldsV1" | "runtime.RawExtension" => fields().map(|fields| {
            text(&fields, 1).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null)
        }),
        _ => return None,
    };
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = vec![number << 3 | 2, u8::try_from(bytes.len()).unwrap()];
        out.extend_from_slice(bytes);
        out
    }

    fn object(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let types = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
        [MAGIC.to_vec(), field(1, &types), field(2, raw)].concat()
    }

    #[test]
    fn a_config_map() {
        let metadata = [
            field(1, b"one"),
            field(3, b"default"),
            field(8, &[]),
            field(11, &[field(1, b"app"), field(2, b"web")].concat()),
        ];
        let data = [field(1, b"a"), field(2, b"1")].concat();
        let raw = [field(1, &metadata.concat()), field(2, &data)].concat();
        assert_eq!(
            read(&object("v1", "ConfigMap", &raw)).unwrap(),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"},
                "metadata": {"name": "one", "namespace": "default", "labels": {"app": "web"}}})
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for body in [&b"k8s\0\x0a\xff"[..], b"", b"{}", b"k8s\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
        {
            assert!(read(body).is_err());
        }
        let cut = object("v1", "ConfigMap", &[0x0a, 0x20, 1]);
        assert_eq!(read(&cut).unwrap_err().code, 400);
        assert_eq!(read(&object("v9", "Nothing", b"")).unwrap_err().code, 501);
    }
}
