//! OpenAPI v3: the index of documents and one document per group and version, made from the built-in type tables and
//! the schemas of CustomResourceDefinitions. Paths say as much as clients read from them: which verbs there are for
//! which kind, and that writes know `fieldValidation` and `dryRun`.

use std::collections::BTreeSet;

use object::schema::builtin_definitions;
use serde_json::{Map, Value, json};

use crate::kinds::{Kind, KindTable, api_version};

const REFERENCE: &str = "#/components/schemas/";
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const LIST_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta";

/// `/openapi/v3`
pub(crate) fn index(table: &KindTable) -> Value {
    let mut paths = Map::new();
    for (group, versions) in table.groups() {
        for version in versions {
            let path = prefix(group, &version.version);
            // The hash lets clients keep a document until it changes.
            let kinds: Vec<String> = version.kinds.values().map(|kind| kind.schema_fingerprint()).collect();
            let hash = kinds.join(";").bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
            let url = format!("/openapi/v3/{path}?hash={hash:016X}");
            paths.insert(path, json!({ "serverRelativeURL": url }));
        }
    }
    json!({ "paths": paths })
}

fn prefix(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{}", api_version(group, version)) }
}

/// `/openapi/v3/PATH`
pub(crate) fn document(table: &KindTable, path: &str) -> Option<Value> {
    let words: Vec<&str> = path.split('/').collect();
    let (group, version) = match words.as_slice() {
        ["api", version] => ("", *version),
        ["apis", group, version] => (*group, *version),
        _ => return None,
    };
    let kinds = &table.group(group)?.iter().find(|served| served.version == version)?.kinds;
    let mut paths = Map::new();
    let mut schemas = Map::new();
    let mut wanted = BTreeSet::new();
    for kind in kinds.values() {
        let name = match &kind.custom {
            None => builtin_name(kind),
            Some(_) => {
                let name = custom_name(kind);
                schemas.insert(name.clone(), custom_schema(kind));
                schemas.insert(format!("{name}List"), custom_list(kind, &name));
                Some(name)
            }
        };
        if let Some(name) = &name {
            wanted.insert(name.clone());
            wanted.insert(format!("{name}List"));
        }
        add_paths(&mut paths, kind, name.as_deref());
    }
    wanted.extend([OBJECT_META.to_owned(), LIST_META.to_owned()]);
    wanted.insert("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions".to_owned());
    wanted.insert("io.k8s.apimachinery.pkg.apis.meta.v1.Status".to_owned());
    collect(wanted, &mut schemas);
    Some(json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.3+argosy-sandbox"},
        "paths": paths,
        "components": {"schemas": schemas},
    }))
}

/// Adds the named definitions and everything they refer to.
fn collect(wanted: BTreeSet<String>, schemas: &mut Map<String, Value>) {
    let definitions = builtin_definitions();
    let mut open: Vec<String> = wanted.into_iter().collect();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        let schema = match schemas.get(&name) {
            Some(schema) => schema.clone(),
            None => match definitions.get(&name) {
                Some(schema) => {
                    schemas.insert(name, schema.clone());
                    schema.clone()
                }
                None => continue,
            },
        };
        references(&schema, &mut open);
    }
}

fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(name) =
                map.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix(REFERENCE))
            {
                found.push(name.to_owned());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

fn builtin_name(kind: &Kind) -> Option<String> {
    let wanted = json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
    builtin_definitions()
        .iter()
        .find(|(_, schema)| {
            schema["x-kubernetes-group-version-kind"].as_array().is_some_and(|list| list.contains(&wanted))
        })
        .map(|(name, _)| name.clone())
}

/// Groups are written backwards, as Java packages: `com.example.v1.Widget`.
fn custom_name(kind: &Kind) -> String {
    let group: Vec<&str> = kind.group.split('.').rev().collect();
    format!("{}.{}.{}", group.join("."), kind.version, kind.kind)
}

fn custom_schema(kind: &Kind) -> Value {
    let custom = kind.custom.as_deref();
    let mut schema = custom.and_then(|custom| custom.schema.clone()).unwrap_or_else(|| json!({}));
    if custom.is_some_and(|custom| custom.preserve_unknown) {
        schema["x-kubernetes-preserve-unknown-fields"] = true.into();
    }
    schema["type"] = "object".into();
    let properties = &mut schema["properties"];
    if !properties.is_object() {
        *properties = json!({});
    }
    properties["apiVersion"] = json!({"type": "string"});
    properties["kind"] = json!({"type": "string"});
    properties["metadata"] = json!({"allOf": [{"$ref": format!("{REFERENCE}{OBJECT_META}")}]});
    schema["x-kubernetes-group-version-kind"] = gvk(kind, &kind.kind);
    schema
}

fn gvk(kind: &Kind, name: &str) -> Value {
    json!([{"group": kind.group, "version": kind.version, "kind": name}])
}

fn custom_list(kind: &Kind, name: &str) -> Value {
    json!({
        "type": "object",
        "required": ["items"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"allOf": [{"$ref": format!("{REFERENCE}{LIST_META}")}]},
            "items": {"type": "array", "items": {"allOf": [{"$ref": format!("{REFERENCE}{name}")}]}},
        },
        "x-kubernetes-group-version-kind": gvk(kind, &kind.list_kind),
    })
}

fn add_paths(paths: &mut Map<String, Value>, kind: &Kind, schema: Option<&str>) {
    let scope = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
    let root = format!("/{}{scope}/{}", prefix(&kind.group, &kind.version), kind.plural);
    let mut collection = Map::new();
    let mut object = Map::new();
    for verb in &kind.verbs {
        let (target, method, action) = match verb.as_str() {
            "list" => (&mut collection, "get", "list"),
            "create" => (&mut collection, "post", "post"),
            "deletecollection" => (&mut collection, "delete", "deletecollection"),
            "get" => (&mut object, "get", "get"),
            "update" => (&mut object, "put", "put"),
            "patch" => (&mut object, "patch", "patch"),
            "delete" => (&mut object, "delete", "delete"),
            _ => continue,
        };
        target.insert(method.to_owned(), operation(kind, action, schema));
    }
    if !collection.is_empty() {
        paths.insert(root.clone(), Value::Object(collection));
    }
    if !object.is_empty() {
        paths.insert(format!("{root}/{{name}}"), Value::Object(object));
    }
    for sub in &kind.subresources {
        let methods: Map<String, Value> = sub
            .verbs
            .iter()
            .filter_map(|verb| match verb.as_str() {
                "get" => Some("get"),
                "update" => Some("put"),
                "patch" => Some("patch"),
                "create" => Some("post"),
                "delete" => Some("delete"),
                _ => None,
            })
            .map(|method| (method.to_owned(), operation(kind, method, schema)))
            .collect();
        paths.insert(format!("{root}/{{name}}/{}", sub.name), Value::Object(methods));
    }
}

fn operation(kind: &Kind, action: &str, schema: Option<&str>) -> Value {
    let parameter =
        |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": true}});
    let content = match schema {
        Some(name) => json!({"application/json": {"schema": {"$ref": format!("{REFERENCE}{name}")}}}),
        None => json!({"application/json": {"schema": {"type": "object"}}}),
    };
    let mut operation = json!({
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "responses": {"200": {"description": "OK", "content": content}},
    });
    if matches!(action, "post" | "put" | "patch") {
        operation["parameters"] =
            ["dryRun", "fieldManager", "fieldValidation", "force"].map(parameter).to_vec().into();
        operation["requestBody"] = json!({ "content": content });
    }
    operation
}
