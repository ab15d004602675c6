//! Metadata that the API writes itself: names, uids, times, and what may never change.

use rand::RngExt;
use serde_json::{Map, Value};

use crate::kinds::Kind;

/// Now, as `metadata.creationTimestamp` writes it.
pub(crate) fn now() -> String {
    timestamp(jiff::Timestamp::now())
}

/// A time in whole seconds, UTC.
pub(crate) fn timestamp(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A random version 4 UUID.
pub(crate) fn new_uid() -> String {
    let mut bytes: [u8; 16] = rand::rng().random();
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default().to_owned();
    [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)].join("-")
}

/// The alphabet of generated names: no vowels and no digits that look like letters.
const SAFE: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A random suffix for generated names.
pub(crate) fn random_suffix(length: usize) -> String {
    let mut random = rand::rng();
    (0..length).map(|_| char::from(SAFE[random.random_range(0..SAFE.len())])).collect()
}

/// A hash written in the alphabet of generated names, as `pod-template-hash` is.
pub(crate) fn safe_hash(value: &Value) -> String {
    let hash = value
        .to_string()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.to_string().bytes().map(|digit| char::from(SAFE[usize::from(digit) % SAFE.len()])).collect()
}

/// Changes `metadata`, made an object first if it isn't one.
pub(crate) fn edit_metadata<T>(value: &mut Value, edit: impl FnOnce(&mut Map<String, Value>) -> T) -> T {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let slot = &mut value["metadata"];
    let mut metadata = match slot.take() {
        Value::Object(map) => map,
        _ => Map::new(),
    };
    let result = edit(&mut metadata);
    *slot = Value::Object(metadata);
    result
}

/// `metadata.NAME` as text, empty if absent.
pub(crate) fn meta_text<'a>(value: &'a Value, name: &str) -> &'a str {
    value["metadata"][name].as_str().unwrap_or_default()
}

/// True for kinds whose `metadata.generation` counts changes of what users want.
pub(crate) fn has_generation(kind: &Kind) -> bool {
    kind.custom.is_some()
        || matches!(
            kind.collection.as_ref(),
            "apps/deployments"
                | "apps/replicasets"
                | "apps/statefulsets"
                | "apps/daemonsets"
                | "batch/jobs"
                | "batch/cronjobs"
                | "/pods"
                | "/replicationcontrollers"
                | "networking.k8s.io/ingresses"
                | "networking.k8s.io/networkpolicies"
                | "networking.k8s.io/ingressclasses"
                | "policy/poddisruptionbudgets"
                | "apiextensions.k8s.io/customresourcedefinitions"
                | "scheduling.k8s.io/priorityclasses"
                | "admissionregistration.k8s.io/validatingwebhookconfigurations"
                | "admissionregistration.k8s.io/mutatingwebhookconfigurations"
                | "admissionregistration.k8s.io/validatingadmissionpolicies"
                | "admissionregistration.k8s.io/validatingadmissionpolicybindings"
                | "admissionregistration.k8s.io/mutatingadmissionpolicies"
                | "admissionregistration.k8s.io/mutatingadmissionpolicybindings"
                | "flowcontrol.apiserver.k8s.io/flowschemas"
                | "flowcontrol.apiserver.k8s.io/prioritylevelconfigurations"
        )
}

/// True when something other than metadata (and status, where that is a subresource) differs.
pub(crate) fn wanted_part_differs(kind: &Kind, old: &Value, new: &Value) -> bool {
    let skip = |key: &str| {
        key == "metadata" || key == "apiVersion" || (key == "status" && kind.has_status_subresource())
    };
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return true };
    old.iter().any(|(key, value)| !skip(key) && new.get(key) != Some(value))
        || new.keys().any(|key| !skip(key) && !old.contains_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_and_suffixes_have_the_usual_form() {
        let uid = new_uid();
        assert_eq!((uid.len(), uid.matches('-').count(), uid.as_bytes()[14]), (36, 4, b'4'));
        assert!(random_suffix(5).bytes().all(|byte| SAFE.contains(&byte)));
    }
}
