//! Values and objects made out of bytes, for rooms that bytes alone would not get deep into.
//!
//! What is made is often alike on purpose: few names, few texts and few numbers, so that two values made one after the
//! other have much in common and meet in the same fields.

use arbitrary::{Result, Unstructured};
use object::schema::{ListKind, Schema, Type, builtin, builtin_resources};
use object::{GroupVersionKind, Object};
use serde_json::{Map, Number, Value};

/// Nesting of made values.
const DEPTH: usize = 5;

const NAMES: &[&str] = &[
    "a",
    "b",
    "c",
    "name",
    "key",
    "value",
    "app",
    "spec",
    "metadata",
    "status",
    "items",
    "a.b",
    "a/b",
    "a~b",
    "",
    "é",
    "$patch",
    "$retainKeys",
    "$setElementOrder/a",
    "$deleteFromPrimitiveList/a",
    "k:{\"name\":\"a\"}",
    "0",
    "-",
];

const TEXTS: &[&str] = &[
    "",
    "a",
    "b",
    "1",
    "0",
    "true",
    "null",
    "~",
    "1.5",
    "0x1F",
    "0o7",
    "1e3",
    "1_000",
    ".inf",
    "-",
    "- a",
    "a: b",
    "#",
    " a ",
    "a\n",
    "a\nb",
    "\n",
    "a\n\n",
    "\ta",
    "a\tb",
    "\"",
    "'",
    "\\",
    "é",
    "😀",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\0",
    "100m",
    "1Gi",
    "50%",
    "2020-01-01",
    "2020-01-01T00:00:00Z",
    "10s",
    "replace",
    "delete",
    "merge",
    "{{ .a }}",
    "$(A)",
    "a=b",
    "*",
    "nginx:1.2",
    "registry:5000/a/b@sha256:00",
    "=",
    "<<",
    "&a",
    "!!a",
    "%",
    "@",
    "`",
    "?",
    ": ",
    "[",
    "{",
    "yes",
    "No",
    "ON",
];

/// A text out of few, or of anything.
pub(crate) fn text(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(match u.int_in_range(0..=9)? {
        0..=6 => (*u.choose(TEXTS)?).to_owned(),
        7 => format!("{}{}", u.choose(TEXTS)?, u.choose(TEXTS)?),
        8 => format!("{} {}", u.choose(TEXTS)?, u.choose(TEXTS)?)
            .repeat(usize::from(u.int_in_range(1..=30_u8)?)),
        _ => u.arbitrary()?,
    })
}

fn number(u: &mut Unstructured<'_>) -> Result<Number> {
    Ok(match u.int_in_range(0..=7)? {
        0..=4 => Number::from(u.int_in_range(-1..=4)?),
        5 => Number::from(u.arbitrary::<i64>()?),
        6 => Number::from(u.arbitrary::<u64>()?),
        _ => Number::from_f64(u.arbitrary()?).unwrap_or_else(|| Number::from(0)),
    })
}

fn scalar(u: &mut Unstructured<'_>) -> Result<Value> {
    Ok(match u.int_in_range(0..=9)? {
        0 => Value::Null,
        1 => Value::Bool(u.arbitrary()?),
        2..=4 => Value::Number(number(u)?),
        _ => Value::String(text(u)?),
    })
}

/// Any JSON value.
pub(crate) fn json(u: &mut Unstructured<'_>) -> Result<Value> {
    json_within(u, DEPTH)
}

fn json_within(u: &mut Unstructured<'_>, depth: usize) -> Result<Value> {
    if depth == 0 || u.is_empty() {
        return scalar(u);
    }
    Ok(match u.int_in_range(0..=9)? {
        0..=4 => Value::Object(map_within(u, depth)?),
        5 | 6 => {
            let length = u.int_in_range(0..=4_usize)?;
            Value::Array((0..length).map(|_| json_within(u, depth - 1)).collect::<Result<_>>()?)
        }
        _ => scalar(u)?,
    })
}

/// Any JSON object.
pub(crate) fn map(u: &mut Unstructured<'_>) -> Result<Map<String, Value>> {
    map_within(u, DEPTH)
}

fn map_within(u: &mut Unstructured<'_>, depth: usize) -> Result<Map<String, Value>> {
    let mut made = Map::new();
    for _ in 0..u.int_in_range(0..=5)? {
        let name = if u.ratio(1, 20)? { text(u)? } else { (*u.choose(NAMES)?).to_owned() };
        made.insert(name, json_within(u, depth.saturating_sub(1))?);
    }
    Ok(made)
}

/// A built-in kind, the well-known ones more often.
pub(crate) fn kind(u: &mut Unstructured<'_>) -> Result<GroupVersionKind> {
    const KNOWN: &[(&str, &str)] = &[
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("v1", "Service"),
        ("v1", "ConfigMap"),
        ("v1", "Secret"),
        ("v1", "Pod"),
        ("v1", "PersistentVolumeClaim"),
        ("batch/v1", "CronJob"),
        ("batch/v1", "Job"),
        ("networking.k8s.io/v1", "Ingress"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("argoproj.io/v1alpha1", "Application"),
        ("kustomize.toolkit.fluxcd.io/v1", "Kustomization"),
        ("example.com/v1", "Widget"),
    ];
    if u.ratio(3, 4)? {
        let (version, kind) = u.choose(KNOWN)?;
        return Ok(GroupVersionKind::from(version, kind));
    }
    let resource = u.choose(builtin_resources())?;
    Ok(GroupVersionKind::new(&resource.group, &resource.version, &resource.kind))
}

/// A value that mostly follows a schema.
pub(crate) fn instance(u: &mut Unstructured<'_>, schema: Schema<'_>, depth: usize) -> Result<Value> {
    if depth == 0 || u.ratio(1, 30)? {
        return scalar(u);
    }
    let node = schema.node();
    Ok(match node.kind {
        Type::Object if schema.is_map() => {
            let mut made = Map::new();
            for _ in 0..u.int_in_range(0..=3)? {
                let name = (*u.choose(NAMES)?).to_owned();
                let value = match schema.field(&name) {
                    Some(schema) => instance(u, schema, depth - 1)?,
                    None => scalar(u)?,
                };
                made.insert(name, value);
            }
            Value::Object(made)
        }
        Type::Object => {
            let fields: Vec<_> = schema.fields().collect();
            let mut made = Map::new();
            for _ in 0..u.int_in_range(0..=4)? {
                let (name, schema) = u.choose(&fields)?;
                made.insert((*name).to_owned(), instance(u, *schema, depth - 1)?);
            }
            Value::Object(made)
        }
        Type::Array => {
            let mut made = Vec::new();
            for _ in 0..u.int_in_range(0..=4)? {
                let mut item = match schema.items() {
                    Some(items) => instance(u, items, depth - 1)?,
                    None => json_within(u, 2)?,
                };
                let key = &node.patch_merge_key;
                let keys: &[String] = match &node.list {
                    ListKind::Map(keys) => keys,
                    _ if !key.is_empty() => std::slice::from_ref(key),
                    _ => &[],
                };
                if let Value::Object(item) = &mut item {
                    for key in keys {
                        let schema = schema.items().and_then(|items| items.field(key));
                        let value = match schema {
                            Some(schema) => instance(u, schema, 1)?,
                            None => scalar(u)?,
                        };
                        item.insert(key.clone(), value);
                    }
                }
                made.push(item);
            }
            Value::Array(made)
        }
        Type::Integer => Value::from(u.int_in_range(-1..=3)?),
        Type::Boolean => Value::Bool(u.arbitrary()?),
        Type::Quantity => {
            Value::from(*u.choose(&["1", "100m", "1Gi", "0.1", "1e3", "-1", "1.0", "1000m", ""])?)
        }
        Type::String => Value::from(*u.choose(&["a", "b", "TCP", "UDP", "", "1", "2020-01-01T00:00:00Z"])?),
        Type::Number | Type::IntOrString | Type::Any => scalar(u)?,
    })
}

/// An object of a kind, with a name.
pub(crate) fn object_of(u: &mut Unstructured<'_>, gvk: &GroupVersionKind) -> Result<Object> {
    let made = match builtin().kind(gvk) {
        Some(schema) => instance(u, schema, 9)?,
        None => Value::Object(map(u)?),
    };
    let mut object = Object::from_value(made).unwrap_or_default();
    if !object.as_value().get("metadata").is_some_and(Value::is_object) {
        object.set(&["metadata"], Value::Object(Map::new()));
    }
    object.set(&["apiVersion"], Value::from(gvk.api_version()));
    object.set(&["kind"], Value::from(gvk.kind.clone()));
    object.set(&["metadata", "name"], Value::from("x"));
    Ok(object)
}

/// Whether null occurs, which JSON merge patches cannot say.
pub(crate) fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        _ => false,
    }
}
