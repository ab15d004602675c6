//! Makes objects comparable that are only spelled differently.
//!
//! `prepare` looks at both objects at once (tracking migration, trusted field managers), `remarshal.rs` rewrites values
//! as the kind's own type would, and [`Normalizer`] applies the fixed rules of some kinds and then the ignore rules.

mod prepare;
mod remarshal;

use base64::Engine;
use object::Object;
use serde_json::{Map, Value};

use crate::Rules;

pub(crate) use prepare::prepare;
pub(crate) use remarshal::{remarshal, remarshal_type};

/// What is normalized.
#[derive(Clone, Copy)]
pub(crate) struct Normalizer<'a> {
    /// The ignore rules; `None` leaves every field.
    pub(crate) rules: Option<&'a Rules>,
    /// Whether the rules of aggregated roles are ignored.
    pub(crate) ignore_aggregated_roles: bool,
}

impl Normalizer<'_> {
    pub(crate) fn normalize(&self, object: &mut Object) {
        object.remove(&["metadata", "creationTimestamp"]);
        match (object.group(), object.kind()) {
            ("", "Secret") => normalize_secret(object),
            ("rbac.authorization.k8s.io", "Role" | "ClusterRole") => self.normalize_role(object),
            ("", "Endpoints") => normalize_endpoints(object),
            _ => {}
        }
        if let Some(rules) = self.rules {
            rules.apply(object);
        }
    }

    fn normalize_role(&self, object: &mut Object) {
        let aggregated =
            self.ignore_aggregated_roles && object.get(&["aggregationRule"]).is_some_and(Value::is_object);
        let empty = object.get(&["rules"]).and_then(Value::as_array).is_some_and(Vec::is_empty);
        if aggregated || empty {
            object.set(&["rules"], Value::Null);
        }
    }
}

/// Moves `stringData` into `data` as the API server does, and gives empty entries one spelling. A Secret that the
/// server would refuse is left as it is.
pub(crate) fn normalize_secret(object: &mut Object) {
    let is_map = |value: Option<&Value>| value.is_none_or(|value| value.is_object() || value.is_null());
    if !is_map(object.get(&["data"])) || !is_map(object.get(&["stringData"])) {
        return;
    }
    if let Some(Value::Object(strings)) = object.remove(&["stringData"])
        && !strings.is_empty()
    {
        let mut data = match object.remove(&["data"]) {
            Some(Value::Object(data)) => data,
            _ => Map::new(),
        };
        for (key, value) in strings {
            let encoded = match value {
                Value::String(text) => Value::from(base64::engine::general_purpose::STANDARD.encode(text)),
                other => other,
            };
            data.insert(key, encoded);
        }
        object.set(&["data"], Value::Object(data));
    }
    if let Some(Value::Object(data)) = object.get_mut(&["data"]) {
        for value in data.values_mut().filter(|value| value.is_null()) {
            *value = Value::from("");
        }
    }
}

/// The endpoints controller sorts by a hash of its own; any one order does for comparing.
fn normalize_endpoints(object: &mut Object) {
    let sort = |list: &mut Vec<Value>| list.sort_by_cached_key(Value::to_string);
    let Some(Value::Array(subsets)) = object.get_mut(&["subsets"]) else { return };
    for subset in subsets.iter_mut().filter_map(Value::as_object_mut) {
        for port in subset.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            let Some(port) = port.as_object_mut() else { continue };
            if port.get("protocol").is_none_or(|protocol| protocol.is_null() || protocol == "") {
                port.insert("protocol".to_owned(), Value::from("TCP"));
            }
        }
        for field in ["addresses", "notReadyAddresses", "ports"] {
            if let Some(Value::Array(list)) = subset.get_mut(field) {
                sort(list);
            }
        }
    }
    sort(subsets);
}
