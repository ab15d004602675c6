//! Makes `src/schema/builtin.json.gz`, the table of built-in kinds, from the OpenAPI v3 documents of a Kubernetes release.
//!
//! ```text
//! cargo run -p argosy-object --example generate_schema -- DIRECTORY GO_TYPES crates/object/src/schema/builtin.json.gz
//! ```
//! `DIRECTORY` holds the documents as `api/openapi-spec/v3/*.json` of the Kubernetes repository has them; the answers of
//! a running API server under `/openapi/v3/…` saved into one directory serve as well. `GO_TYPES` is the directory of the
//! `k8s.io/api` module of the same release: from it comes which scalar fields are pointers, that is, which of them can
//! tell a zero value from none (`x-argosy-pointer`), and which fields are written even if empty (`x-argosy-always`). Only facts are kept: type
//! structure, merge keys, list kinds, defaults, and which paths exist. Descriptions are dropped.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write;
use std::path::Path;

use serde_json::{Map, Value, json};

/// Short names and the category `all`, which OpenAPI documents do not carry (they are discovery facts).
const SHORT_NAMES: &[(&str, &str, &[&str])] = &[
    ("", "componentstatuses", &["cs"]),
    ("", "configmaps", &["cm"]),
    ("", "endpoints", &["ep"]),
    ("", "events", &["ev"]),
    ("", "limitranges", &["limits"]),
    ("", "namespaces", &["ns"]),
    ("", "nodes", &["no"]),
    ("", "persistentvolumeclaims", &["pvc"]),
    ("", "persistentvolumes", &["pv"]),
    ("", "pods", &["po"]),
    ("", "replicationcontrollers", &["rc"]),
    ("", "resourcequotas", &["quota"]),
    ("", "serviceaccounts", &["sa"]),
    ("", "services", &["svc"]),
    ("apiextensions.k8s.io", "customresourcedefinitions", &["crd", "crds"]),
    ("apps", "daemonsets", &["ds"]),
    ("apps", "deployments", &["deploy"]),
    ("apps", "replicasets", &["rs"]),
    ("apps", "statefulsets", &["sts"]),
    ("autoscaling", "horizontalpodautoscalers", &["hpa"]),
    ("batch", "cronjobs", &["cj"]),
    ("certificates.k8s.io", "certificatesigningrequests", &["csr"]),
    ("events.k8s.io", "events", &["ev"]),
    ("networking.k8s.io", "ingresses", &["ing"]),
    ("networking.k8s.io", "ipaddresses", &["ip"]),
    ("networking.k8s.io", "networkpolicies", &["netpol"]),
    ("policy", "poddisruptionbudgets", &["pdb"]),
    ("scheduling.k8s.io", "priorityclasses", &["pc"]),
    ("storage.k8s.io", "storageclasses", &["sc"]),
    ("storage.k8s.io", "volumeattributesclasses", &["vac"]),
];
const CATEGORY_ALL: &[(&str, &str)] = &[
    ("", "pods"),
    ("", "replicationcontrollers"),
    ("", "services"),
    ("apps", "daemonsets"),
    ("apps", "deployments"),
    ("apps", "replicasets"),
    ("apps", "statefulsets"),
    ("autoscaling", "horizontalpodautoscalers"),
    ("batch", "cronjobs"),
    ("batch", "jobs"),
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, go_types, output] = arguments.as_slice() else {
        return Err("usage: generate_schema DIRECTORY GO_TYPES OUTPUT".into());
    };
    let mut schemas: BTreeMap<String, Value> = BTreeMap::new();
    let mut resources: BTreeMap<(String, String, String), Resource> = BTreeMap::new();
    let mut files: Vec<_> = std::fs::read_dir(directory)?.collect::<Result<_, _>>()?;
    files.sort_by_key(std::fs::DirEntry::path);
    for file in files {
        if file.path().extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let document: Value = serde_json::from_slice(&std::fs::read(file.path())?)?;
        let definitions = document.pointer("/components/schemas").and_then(Value::as_object);
        for (name, schema) in definitions.into_iter().flatten() {
            let mut schema = stripped(schema, false);
            merge_kinds(&mut schema, schemas.get(name));
            schemas.insert(name.clone(), schema);
        }
        for (path, item) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
            read_path(&mut resources, path, item);
        }
    }
    mark_go_facts(&mut schemas, &read_go_types(Path::new(go_types))?);
    let resources: Vec<Value> = resources
        .into_iter()
        .filter(|(_, resource)| !resource.kind.is_null())
        .map(|((group, version, plural), resource)| resource.to_json(&group, &version, &plural))
        .collect();
    write_table(Path::new(output), &json!({"schemas": schemas, "resources": resources}))
}

/// Without prose. Inside `properties` the keys are field names, so a field called `description` stays.
fn stripped(value: &Value, field_names: bool) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .filter(|(key, _)| field_names || !matches!(key.as_str(), "description" | "example"))
            .map(|(key, value)| (key.clone(), stripped(value, !field_names && key == "properties")))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(list) => list.iter().map(|item| stripped(item, false)).collect(),
        other => other.clone(),
    }
}

/// Types such as `DeleteOptions` belong to a kind in every group; each document names only its own.
fn merge_kinds(schema: &mut Value, earlier: Option<&Value>) {
    const KEY: &str = "x-kubernetes-group-version-kind";
    let mut kinds: Vec<Value> =
        earlier.and_then(|schema| schema.get(KEY)?.as_array().cloned()).unwrap_or_default();
    for kind in schema.get(KEY).and_then(Value::as_array).into_iter().flatten() {
        if !kinds.contains(kind) {
            kinds.push(kind.clone());
        }
    }
    if !kinds.is_empty() {
        schema[KEY] = Value::Array(kinds);
    }
}

#[derive(Default)]
struct Resource {
    kind: Value,
    namespaced: bool,
    verbs: BTreeSet<String>,
    subresources: BTreeMap<String, (Value, BTreeSet<String>)>,
}

impl Resource {
    fn to_json(&self, group: &str, version: &str, plural: &str) -> Value {
        let short_names = SHORT_NAMES
            .iter()
            .find(|(g, p, _)| (*g, *p) == (group, plural))
            .map_or(&[][..], |(_, _, names)| names);
        let categories: &[&str] = if CATEGORY_ALL.contains(&(group, plural)) { &["all"] } else { &[] };
        let subresources: Map<String, Value> = self
            .subresources
            .iter()
            .map(|(name, (kind, verbs))| (name.clone(), json!({"kind": kind, "verbs": verbs})))
            .collect();
        json!({
            "group": group, "version": version, "plural": plural, "kind": self.kind["kind"],
            "namespaced": self.namespaced, "verbs": self.verbs, "subresources": subresources,
            "shortNames": short_names, "categories": categories,
        })
    }
}

fn read_path(resources: &mut BTreeMap<(String, String, String), Resource>, path: &str, item: &Value) {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (group, version, mut rest) = match parts.as_slice() {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return,
    };
    if rest.first() == Some(&"watch") {
        return;
    }
    let namespaced =
        rest.first() == Some(&"namespaces") && rest.get(1) == Some(&"{namespace}") && rest.len() > 2;
    if namespaced {
        rest = &rest[2..];
    }
    let (plural, subresource) = match rest {
        [plural] | [plural, "{name}"] => (*plural, None),
        [plural, "{name}", subresource] => (*plural, Some(*subresource)),
        _ => return,
    };
    let resource = resources.entry((group.to_owned(), version.to_owned(), plural.to_owned())).or_default();
    resource.namespaced |= namespaced;
    for operation in item.as_object().into_iter().flatten().map(|(_, operation)| operation) {
        let (Some(action), Some(kind)) =
            (operation.get("x-kubernetes-action"), operation.get("x-kubernetes-group-version-kind"))
        else {
            continue;
        };
        let verb = match action.as_str().unwrap_or_default() {
            "post" => "create",
            "put" => "update",
            other => other,
        };
        match subresource {
            None => {
                resource.kind = kind.clone();
                resource.verbs.insert(verb.to_owned());
                if verb == "list" {
                    resource.verbs.insert("watch".to_owned());
                }
            }
            Some(name) => {
                let (known_kind, verbs) = resource.subresources.entry(name.to_owned()).or_default();
                *known_kind = kind.clone();
                verbs.insert(verb.to_owned());
            }
        }
    }
}

/// A Go structure: fields by JSON name, and the structures inlined into it.
#[derive(Default)]
struct GoType {
    fields: BTreeMap<String, GoField>,
    inlined: Vec<String>,
}

/// A field of a Go structure.
#[derive(Clone, Copy)]
struct GoField {
    pointer: bool,
    omitted_when_empty: bool,
}

/// Structures by definition name without `io.k8s.api.`, such as `core.v1.PodSpec`.
fn read_go_types(directory: &Path) -> Result<BTreeMap<String, GoType>, Box<dyn Error>> {
    let mut types = BTreeMap::new();
    for group in std::fs::read_dir(directory)?.collect::<Result<Vec<_>, _>>()? {
        if !group.file_type()?.is_dir() {
            continue;
        }
        for version in std::fs::read_dir(group.path())?.collect::<Result<Vec<_>, _>>()? {
            let file = version.path().join("types.go");
            if let Ok(source) = std::fs::read_to_string(file) {
                let prefix = format!(
                    "{}.{}",
                    group.file_name().to_string_lossy(),
                    version.file_name().to_string_lossy()
                );
                read_go_source(&source, &prefix, &mut types)?;
            }
        }
    }
    Ok(types)
}

fn read_go_source(
    source: &str,
    prefix: &str,
    types: &mut BTreeMap<String, GoType>,
) -> Result<(), Box<dyn Error>> {
    let start = regex::Regex::new(r"^type (\w+) struct \{")?;
    let field = regex::Regex::new(r#"^\s+(?:\w+\s+)?(\*?)([\w.\[\]]+)\s+`json:"([^",]*)([^"]*)""#)?;
    let mut current: Option<String> = None;
    for line in source.lines() {
        if let Some(found) = start.captures(line) {
            current = Some(format!("{prefix}.{}", &found[1]));
        } else if line.starts_with('}') {
            current = None;
        } else if let (Some(name), Some(found)) = (&current, field.captures(line)) {
            let entry: &mut GoType = types.entry(name.clone()).or_default();
            if found[4].contains("inline") {
                entry.inlined.push(format!("{prefix}.{}", &found[2]));
            } else {
                let omitted_when_empty = found[4].contains("omitempty");
                entry
                    .fields
                    .insert(found[3].to_owned(), GoField { pointer: &found[1] == "*", omitted_when_empty });
            }
        }
    }
    Ok(())
}

fn go_field(types: &BTreeMap<String, GoType>, name: &str, field: &str, depth: usize) -> Option<GoField> {
    let found = types.get(name).filter(|_| depth < 5)?;
    let own = found.fields.get(field).copied();
    own.or_else(|| found.inlined.iter().find_map(|inlined| go_field(types, inlined, field, depth + 1)))
}

fn mark_go_facts(schemas: &mut BTreeMap<String, Value>, types: &BTreeMap<String, GoType>) {
    for (name, schema) in schemas {
        let Some(name) = name.strip_prefix("io.k8s.api.") else { continue };
        for (field, schema) in
            schema.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten()
        {
            let scalar = matches!(
                schema.get("type").and_then(Value::as_str),
                Some("string" | "integer" | "number" | "boolean")
            );
            let Some(go) = go_field(types, name, field, 0) else { continue };
            if scalar && go.pointer {
                schema["x-argosy-pointer"] = json!(true);
            }
            if !go.omitted_when_empty && schema.get("default") != Some(&json!({})) {
                schema["x-argosy-always"] = json!(true);
            }
        }
    }
}

fn write_table(output: &Path, table: &Value) -> Result<(), Box<dyn Error>> {
    // No time stamp and no file name in the header, so that the same input gives the same bytes.
    let mut encoder =
        flate2::write::GzEncoder::new(std::fs::File::create(output)?, flate2::Compression::best());
    encoder.write_all(&serde_json::to_vec(table)?)?;
    encoder.finish()?;
    Ok(())
}
