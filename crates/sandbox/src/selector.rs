//! Label and field selectors: parsed from a request, matched against stored records.
//!
//! Field selectors know the name and namespace of everything, the fields that Kubernetes indexes of built-in kinds
//! ([`selectable_fields`]) and what a CustomResourceDefinition lists as `selectableFields`.

use serde_json::Value;

use crate::status::{ApiError, ApiResult};
use crate::store::Record;

#[derive(Debug, Clone, PartialEq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Missing(String),
    Greater(String, i64),
    Less(String, i64),
}

/// A conjunction of label requirements; the empty one matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LabelSelector {
    requirements: Vec<Requirement>,
}

impl LabelSelector {
    /// Parses the text form, such as `app=web,tier in (a,b),!canary`.
    pub(crate) fn parse(text: &str) -> ApiResult<Self> {
        let mut requirements = Vec::new();
        for part in split_outside_parentheses(text) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            requirements
                .push(parse_requirement(part).ok_or_else(|| {
                    ApiError::bad_request(format!("unable to parse requirement: {part:?}"))
                })?);
        }
        Ok(LabelSelector { requirements })
    }

    /// Reads the object form (`matchLabels`, `matchExpressions`), as workloads carry it.
    pub(crate) fn from_value(selector: &Value) -> Self {
        let mut requirements: Vec<Requirement> = selector["matchLabels"]
            .as_object()
            .map(|labels| labels.iter().map(|(k, v)| Requirement::In(k.clone(), vec![string(v)])).collect())
            .unwrap_or_default();
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let key = string(&expression["key"]);
            let values = expression["values"].as_array().into_iter().flatten().map(string).collect();
            match expression["operator"].as_str() {
                Some("In") => requirements.push(Requirement::In(key, values)),
                Some("NotIn") => requirements.push(Requirement::NotIn(key, values)),
                Some("Exists") => requirements.push(Requirement::Exists(key)),
                Some("DoesNotExist") => requirements.push(Requirement::Missing(key)),
                _ => {}
            }
        }
        LabelSelector { requirements }
    }

    /// Reads a plain map of labels, as Services carry it.
    pub(crate) fn from_map(labels: &Value) -> Self {
        LabelSelector::from_value(&serde_json::json!({ "matchLabels": labels }))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    pub(crate) fn matches(&self, record: &Record) -> bool {
        self.matches_with(|name| record.label(name))
    }

    pub(crate) fn matches_labels(&self, labels: &Value) -> bool {
        self.matches_with(|name| labels.get(name).and_then(Value::as_str))
    }

    fn matches_with<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::In(key, values) => {
                label(key).is_some_and(|value| values.iter().any(|wanted| wanted == value))
            }
            Requirement::NotIn(key, values) => {
                label(key).is_none_or(|value| !values.iter().any(|unwanted| unwanted == value))
            }
            Requirement::Exists(key) => label(key).is_some(),
            Requirement::Missing(key) => label(key).is_none(),
            Requirement::Greater(key, bound) => number(label(key)).is_some_and(|value| value > *bound),
            Requirement::Less(key, bound) => number(label(key)).is_some_and(|value| value < *bound),
        })
    }
}

fn number(label: Option<&str>) -> Option<i64> {
    label?.parse().ok()
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_usize, 0);
    for (index, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(text.get(start..index).unwrap_or_default());
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn parse_requirement(part: &str) -> Option<Requirement> {
    if let Some(key) = part.strip_prefix('!') {
        return label_key(key).map(Requirement::Missing);
    }
    if let Some(open) = part.find('(') {
        let list = part.get(open + 1..)?.trim_end().strip_suffix(')')?;
        let values = list.split(',').map(|value| value.trim().to_owned()).collect();
        let mut words = part.get(..open)?.split_whitespace();
        let key = label_key(words.next()?)?;
        return match (words.next()?, words.next()) {
            ("in", None) => Some(Requirement::In(key, values)),
            ("notin", None) => Some(Requirement::NotIn(key, values)),
            _ => None,
        };
    }
    let equal = |key: &str, value: &str| Some((label_key(key)?, vec![label_value(value)?]));
    if let Some((key, value)) = part.split_once("!=") {
        return equal(key, value).map(|(k, v)| Requirement::NotIn(k, v));
    }
    if let Some((key, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
        return equal(key, value).map(|(k, v)| Requirement::In(k, v));
    }
    if let Some((key, value)) = part.split_once('>') {
        return Some(Requirement::Greater(label_key(key)?, value.trim().parse().ok()?));
    }
    if let Some((key, value)) = part.split_once('<') {
        return Some(Requirement::Less(label_key(key)?, value.trim().parse().ok()?));
    }
    label_key(part).map(Requirement::Exists)
}

fn label_key(text: &str) -> Option<String> {
    let key = text.trim();
    let legal = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c));
    legal.then(|| key.to_owned())
}

fn label_value(text: &str) -> Option<String> {
    let value = text.trim();
    let legal = value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    legal.then(|| value.to_owned())
}

/// A conjunction of field comparisons; the empty one matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct FieldSelector {
    terms: Vec<(String, bool, String)>,
}

impl FieldSelector {
    /// Parses `metadata.name=x,spec.nodeName!=y`; `known` says which further fields the kind has.
    pub(crate) fn parse(text: &str, known: impl Fn(&str) -> bool) -> ApiResult<Self> {
        let mut terms = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (field, equal, value) = if let Some((field, value)) = part.split_once("!=") {
                (field, false, value)
            } else if let Some((field, value)) = part.split_once("==").or_else(|| part.split_once('=')) {
                (field, true, value)
            } else {
                return Err(ApiError::bad_request(format!(
                    "invalid selector: '{part}'; can't understand '{part}'"
                )));
            };
            if field != "metadata.name" && field != "metadata.namespace" && !known(field) {
                return Err(ApiError::bad_request(unknown_field(field)));
            }
            terms.push((field.to_owned(), equal, value.to_owned()));
        }
        Ok(FieldSelector { terms })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub(crate) fn matches(&self, record: &Record) -> bool {
        self.terms.iter().all(|(field, equal, wanted)| {
            let value = match field.as_str() {
                "metadata.name" => record.name(),
                "metadata.namespace" => record.namespace(),
                other => match record.fields.iter().find(|(name, _)| &**name == other) {
                    Some((_, value)) => value,
                    // Not indexed: a field that a CustomResourceDefinition made selectable.
                    None => {
                        return (path_text(&record.value(), other).unwrap_or_default() == *wanted) == *equal;
                    }
                },
            };
            (value == wanted) == *equal
        })
    }
}

fn unknown_field(field: &str) -> String {
    format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
}

/// The extra fields by which Kubernetes selects objects of a collection.
pub(crate) fn indexed_fields(collection: &str) -> &'static [&'static str] {
    match collection {
        "/pods" => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        "/events" => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        "/secrets" => &["type"],
        "/namespaces" => &["status.phase"],
        "/nodes" => &["spec.unschedulable"],
        "/services" => &["spec.clusterIP", "spec.type"],
        "apps/replicasets" | "/replicationcontrollers" => &["status.replicas"],
        "batch/jobs" => &["status.successful"],
        "certificates.k8s.io/certificatesigningrequests" => &["spec.signerName"],
        _ => &[],
    }
}

/// Reads the indexed fields of an object when its record is made.
pub(crate) fn selectable_fields(collection: &str, value: &Value) -> Vec<(Box<str>, Box<str>)> {
    let mut fields: Vec<(Box<str>, Box<str>)> = indexed_fields(collection)
        .iter()
        .map(|field| {
            let text = match *field {
                "source" => value["source"]["component"]
                    .as_str()
                    .filter(|component| !component.is_empty())
                    .or_else(|| value["reportingComponent"].as_str())
                    .map(str::to_owned),
                "status.successful" => Some(field_text(&value["status"]["succeeded"], "0")),
                "status.replicas" => Some(field_text(&value["status"]["replicas"], "0")),
                "spec.unschedulable" => Some(field_text(&value["spec"]["unschedulable"], "false")),
                "spec.hostNetwork" => Some(field_text(&value["spec"]["hostNetwork"], "false")),
                path => path_text(value, path),
            };
            ((*field).into(), text.unwrap_or_default().into_boxed_str())
        })
        .collect();
    if let ("/services", Some(labels)) = (collection, value["spec"]["selector"].as_object()) {
        let terms: Vec<String> = labels
            .iter()
            .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
            .collect();
        fields.push((POD_SELECTOR.into(), terms.join(",").into()));
    }
    fields
}

/// Under this name a Service's selector is indexed for the endpoints; no request can ask for it.
pub(crate) const POD_SELECTOR: &str = "(pod selector)";

fn field_text(value: &Value, default: &str) -> String {
    match value {
        Value::Null => default.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The scalar at a dotted path, as text.
pub(crate) fn path_text(value: &Value, path: &str) -> Option<String> {
    let mut at = value;
    for step in path.split('.').filter(|step| !step.is_empty()) {
        at = at.get(step)?;
    }
    match at {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(at.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn label_selectors() {
        let labels = json!({"app": "web", "tier": "front", "weight": "5"});
        for (selector, expected) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier!=front", false),
            ("app in (web, api)", true),
            ("app notin (web)", false),
            ("missing notin (web)", true),
            ("app", true),
            ("!app", false),
            ("weight>4,weight<6", true),
            ("weight>5", false),
        ] {
            let parsed = LabelSelector::parse(selector).unwrap();
            assert_eq!(parsed.matches_labels(&labels), expected, "{selector}");
        }
        assert!(LabelSelector::parse("a within (b)").is_err());
        assert!(LabelSelector::parse("a=b c").is_err());
    }

    #[test]
    fn unknown_field_labels_are_refused() {
        let error = FieldSelector::parse("spec.foo=bar", |_| false).unwrap_err();
        assert_eq!(
            error.message,
            "\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
        );
    }
}
