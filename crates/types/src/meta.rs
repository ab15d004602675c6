//! The parts of Kubernetes' own `meta/v1` and `core/v1` that our resources are made of.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};

use crate::json::null_is_empty;

/// A moment, written as RFC 3339 in UTC with whole seconds (the `Time` of `meta/v1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub jiff::Timestamp);

impl Time {
    /// This moment cut to whole seconds, as it would be after a round trip through the API server.
    #[must_use]
    pub fn truncated(self) -> Self {
        Self(jiff::Timestamp::from_second(self.0.as_second()).unwrap_or(self.0))
    }
}

impl Default for Time {
    fn default() -> Self {
        Self(jiff::Timestamp::UNIX_EPOCH)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.strftime("%Y-%m-%dT%H:%M:%SZ"))
    }
}

impl FromStr for Time {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|error| de::Error::custom(format!("{text:?} is no RFC 3339 time: {error}")))
    }
}

/// Bytes, written as standard base64.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?.unwrap_or_default();
        STANDARD.decode(text).map(Self).map_err(de::Error::custom)
    }
}

/// A whole number or a text, such as a percentage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A whole number.
    Int(i64),
    /// A text.
    Text(String),
}

/// Name, labels and the rest of what every object carries. What is not named here is kept in `other`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ObjectMeta {
    /// The name, unique in the namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The namespace; empty for objects that have none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Identity over all time.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The version of the stored object; opaque.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// Counts changes of the desired state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// When the object was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation_timestamp: Option<Time>,
    /// When deletion was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_timestamp: Option<Time>,
    /// Labels.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// What must be done before the object may go.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
    /// Everything else (`ownerReferences`, `managedFields`, `generateName` …), as it was read.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A group and a kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GroupKindItem {
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind.
    pub kind: String,
}

/// Selects objects by their labels; an empty selector selects all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must be there with exactly these values.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Requirements that must all hold.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// One requirement of a [`LabelSelector`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelSelectorRequirement {
    /// The label's key.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// The values for `In` and `NotIn`.
    #[serde(deserialize_with = "null_is_empty", skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl LabelSelector {
    /// Whether labels satisfy the selector. An unknown operator matches nothing.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| {
                let value = labels.get(&requirement.key);
                match requirement.operator.as_str() {
                    "In" => value.is_some_and(|value| requirement.values.contains(value)),
                    "NotIn" => value.is_none_or(|value| !requirement.values.contains(value)),
                    "Exists" => value.is_some(),
                    "DoesNotExist" => value.is_none(),
                    _ => false,
                }
            })
    }
}

/// Where a load balancer can be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LoadBalancerIngress {
    /// Its host name, if it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub hostname: String,
    /// Its IP address, if it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ip: String,
}

/// A list of objects as the API serves it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct List<T> {
    /// `metadata` of the list: `resourceVersion`, and `continue` when there is more.
    pub metadata: ListMeta,
    /// The objects; `null` is read as none.
    #[serde(bound(deserialize = "T: Deserialize<'de>"), deserialize_with = "null_is_empty")]
    pub items: Vec<T>,
}

/// The metadata of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListMeta {
    /// The version at which the list was read.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub resource_version: String,
    /// The token that continues a list read in pages.
    #[serde(rename = "continue", skip_serializing_if = "String::is_empty")]
    pub continue_token: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_whole_seconds() {
        let time: Time = "2026-11-21T10:00:00.75+01:00".parse().unwrap();
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2026-11-21T09:00:00Z\"");
        assert_eq!(time.truncated().to_string(), "2026-11-21T09:00:00Z");
    }

    #[test]
    fn metadata_keeps_what_it_does_not_know() {
        let text = r#"{"name":"a","labels":null,"ownerReferences":[{"uid":"x"}],"generateName":"a-"}"#;
        let meta: ObjectMeta = serde_json::from_str(text).unwrap();
        assert_eq!(meta.name, "a");
        let back = serde_json::to_value(&meta).unwrap();
        assert_eq!(
            back,
            serde_json::json!({"name": "a", "ownerReferences": [{"uid": "x"}], "generateName": "a-"})
        );
    }

    #[test]
    fn selectors_match_as_in_kubernetes() {
        let labels = BTreeMap::from([("env".to_owned(), "prod".to_owned())]);
        let selector = |operator: &str, key: &str, values: &[&str]| LabelSelector {
            match_expressions: vec![LabelSelectorRequirement {
                key: key.into(),
                operator: operator.into(),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            }],
            ..LabelSelector::default()
        };
        for (operator, key, values, wanted) in [
            ("In", "env", &["prod", "dev"][..], true),
            ("NotIn", "env", &["dev"], true),
            ("NotIn", "tier", &["dev"], true),
            ("Exists", "tier", &[], false),
            ("DoesNotExist", "tier", &[], true),
            ("Like", "env", &["prod"], false),
        ] {
            assert_eq!(
                selector(operator, key, values).matches(&labels),
                wanted,
                "{key} {operator} {values:?}"
            );
        }
        assert!(LabelSelector::default().matches(&labels));
    }
}
