//! A fast hash of an object's content, to tell whether anything that matters changed. Not for security: it is only as
//! long as a machine word and anybody can make collisions.

use serde_json::Value;

use crate::json_patch::pointer_parts;

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/// A 64-bit hash of the canonical JSON of a value, without what the given JSON pointers point to.
///
/// The hash is the same in every process and on every machine; key order does not matter because maps are sorted.
pub fn content_hash(value: &Value, ignored: &[&str]) -> u64 {
    let ignored: Vec<Vec<String>> = ignored.iter().filter_map(|pointer| pointer_parts(pointer)).collect();
    let active: Vec<&[String]> = ignored.iter().map(Vec::as_slice).collect();
    let mut hash = Hash(0x51_7c_c1_b7_27_22_0a_95);
    if !active.iter().any(|rest| rest.is_empty()) {
        hash.value(value, &active);
    }
    hash.finish()
}

struct Hash(u64);

impl Hash {
    fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(MULTIPLIER);
        self.0 = mixed ^ (mixed >> 29);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }

    fn value(&mut self, value: &Value, ignored: &[&[String]]) {
        match value {
            Value::Null => self.word(1),
            Value::Bool(flag) => self.word(2 + u64::from(*flag)),
            Value::Number(number) => {
                self.word(4);
                match (number.as_i64(), number.as_u64()) {
                    (Some(integer), _) => self.word(integer as u64),
                    (_, Some(integer)) => self.word(integer),
                    _ => self.word(number.as_f64().unwrap_or_default().to_bits()),
                }
            }
            Value::String(text) => {
                self.word(5);
                self.bytes(text.as_bytes());
            }
            Value::Array(list) => {
                self.word(6);
                self.children(
                    list.iter().enumerate().map(|(index, item)| (index.to_string(), item)),
                    ignored,
                    false,
                );
            }
            Value::Object(map) => {
                self.word(7);
                self.children(map.iter(), ignored, true);
            }
        }
    }

    fn children<'a, K: AsRef<str>>(
        &mut self,
        entries: impl Iterator<Item = (K, &'a Value)>,
        ignored: &[&[String]],
        named: bool,
    ) {
        let mut count = 0;
        for (key, value) in entries {
            let deeper: Vec<&[String]> = ignored
                .iter()
                .filter_map(|rest| {
                    rest.split_first().filter(|(first, _)| *first == key.as_ref()).map(|(_, rest)| rest)
                })
                .collect();
            if deeper.iter().any(|rest| rest.is_empty()) {
                continue;
            }
            if named {
                self.bytes(key.as_ref().as_bytes());
            }
            self.value(value, &deeper);
            count += 1;
        }
        self.word(count);
    }

    fn finish(self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(MULTIPLIER);
        mixed ^ (mixed >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tells_content_apart() {
        let values = [
            json!(null),
            json!(0),
            json!(1),
            json!("1"),
            json!(""),
            json!([]),
            json!({}),
            json!([[]]),
            json!([{}]),
            json!({"a": 1}),
            json!({"a": "1"}),
            json!({"b": 1}),
            json!({"a": {"b": 1}}),
            json!({"a": [], "b": 1}),
            json!([1, 2]),
            json!([2, 1]),
            json!(["ab", "c"]),
            json!(["a", "bc"]),
            json!(-1),
            json!(1.5),
            json!(true),
        ];
        for (index, left) in values.iter().enumerate() {
            for right in &values[index + 1..] {
                assert_ne!(content_hash(left, &[]), content_hash(right, &[]), "{left} {right}");
            }
        }
    }

    #[test]
    fn ignores_paths() {
        let left = json!({"metadata": {"name": "a", "resourceVersion": "1"}, "status": {"x": 1}, "a/b": 1, "l": [1, 2]});
        let right = json!({"metadata": {"name": "a", "resourceVersion": "2"}, "status": {"x": 2}, "l": [1]});
        let ignored = ["/metadata/resourceVersion", "/status", "/a~1b", "/l/1", "/none/deep"];
        assert_eq!(content_hash(&left, &ignored), content_hash(&right, &ignored));
        assert_ne!(content_hash(&left, &ignored[..3]), content_hash(&right, &ignored[..3]));
        assert_eq!(content_hash(&left, &[""]), content_hash(&right, &[""]));
    }
}
