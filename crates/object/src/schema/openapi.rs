//! Reads OpenAPI v3 schemas, as Kubernetes publishes them and as CustomResourceDefinitions carry them, into [`Schemas`].

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Additional, ListKind, Node, NodeId, PatchStrategy, Rules, Schemas, Type, builtin_definitions};
use crate::{Error, GroupVersionKind};

/// Beyond this a schema is an attack, not a description.
const MAX_NODES: usize = 500_000;
const MAX_DEPTH: usize = 200;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const RAW_EXTENSION: &str = "io.k8s.apimachinery.pkg.runtime.RawExtension";
const REFERENCE_PREFIX: &str = "#/components/schemas/";

impl Schemas {
    /// Reads an OpenAPI v3 document such as the API server's `/openapi/v3/apis/apps/v1`: its `components.schemas`, with
    /// the kinds that carry `x-kubernetes-group-version-kind`.
    pub fn from_document(document: &Value) -> Result<Schemas, Error> {
        let definitions = document
            .pointer("/components/schemas")
            .and_then(Value::as_object)
            .ok_or_else(|| unusable("document", "it has no components.schemas"))?;
        Schemas::from_definitions(definitions)
    }

    /// Reads named definitions that may refer to each other.
    pub fn from_definitions(definitions: &Map<String, Value>) -> Result<Schemas, Error> {
        let mut reader = Reader::for_definitions(definitions)?;
        for (name, schema) in definitions {
            reader.read_definition(name, schema)?;
        }
        reader.finish(definitions)
    }

    /// Reads the schema of one version of a CustomResourceDefinition (`schema.openAPIV3Schema`) as the schema of `gvk`.
    ///
    /// `apiVersion`, `kind` and `metadata` get the types every object has, at the root and in embedded resources.
    pub fn from_custom_resource(gvk: &GroupVersionKind, schema: &Value) -> Result<Schemas, Error> {
        let mut definitions: Map<String, Value> = builtin_definitions()
            .iter()
            .filter(|(name, _)| name.starts_with("io.k8s.apimachinery.pkg.apis.meta.v1."))
            .map(|(name, schema)| (name.clone(), without_kinds(schema)))
            .collect();
        let name = gvk.to_string();
        let mut root = with_object_fields(schema);
        root["x-kubernetes-group-version-kind"] =
            serde_json::json!([{"group": gvk.group, "version": gvk.version, "kind": gvk.kind}]);
        definitions.insert(name, root);
        Schemas::from_definitions(&definitions)
    }
}

fn without_kinds(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(map) = schema.as_object_mut() {
        map.remove("x-kubernetes-group-version-kind");
    }
    schema
}

fn with_object_fields(schema: &Value) -> Value {
    let mut schema = if schema.is_object() { schema.clone() } else { Value::Object(Map::new()) };
    let map = crate::value::as_map_or_insert(&mut schema);
    map.insert("type".to_owned(), Value::from("object"));
    let properties =
        crate::value::as_map_or_insert(map.entry("properties").or_insert_with(|| Value::Object(Map::new())));
    for field in ["apiVersion", "kind"] {
        properties.insert(field.to_owned(), serde_json::json!({"type": "string"}));
    }
    properties.insert(
        "metadata".to_owned(),
        serde_json::json!({"$ref": format!("{REFERENCE_PREFIX}{OBJECT_META}")}),
    );
    schema
}

fn unusable(name: &str, reason: impl Into<String>) -> Error {
    Error::Schema { name: name.to_owned(), reason: reason.into() }
}

struct Reader {
    nodes: Vec<Node>,
    names: BTreeMap<String, NodeId>,
    /// Nodes that add something to a definition that may not have been read yet.
    overlays: Vec<(NodeId, NodeId)>,
    /// Whether the definition being read was made from Go types, which changes what its defaults mean.
    from_go_types: bool,
}

impl Reader {
    fn for_definitions(definitions: &Map<String, Value>) -> Result<Self, Error> {
        let names: BTreeMap<String, NodeId> =
            definitions.keys().enumerate().map(|(index, name)| (name.clone(), index)).collect();
        let nodes = vec![Node::default(); names.len()];
        Ok(Reader { nodes, names, overlays: Vec::new(), from_go_types: false })
    }

    fn read_definition(&mut self, name: &str, schema: &Value) -> Result<(), Error> {
        let Some(id) = self.names.get(name).copied() else { return Ok(()) };
        self.from_go_types = name.starts_with("io.k8s.");
        let mut node = self.node(schema, 0)?;
        if let Some(target) = reference(schema).and_then(|target| self.names.get(target)) {
            self.overlays.push((id, *target));
        }
        node.name = name.to_owned();
        node.atomic |= name == RAW_EXTENSION;
        if name == "io.k8s.apimachinery.pkg.api.resource.Quantity" {
            node.kind = Type::Quantity;
            node.rules = Rules::default();
        }
        self.nodes[id] = node;
        Ok(())
    }

    fn finish(mut self, definitions: &Map<String, Value>) -> Result<Schemas, Error> {
        for (id, target) in std::mem::take(&mut self.overlays) {
            let overlaid = overlay(&self.nodes[target], &self.nodes[id]);
            self.nodes[id] = overlaid;
        }
        let mut kinds = std::collections::HashMap::new();
        for (name, schema) in definitions {
            let entries = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
            for entry in entries.into_iter().flatten() {
                let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
                let gvk = GroupVersionKind::new(text("group"), text("version"), text("kind"));
                if let Some(id) = self.names.get(name) {
                    kinds.insert(gvk, *id);
                }
            }
        }
        // Schemas are read once and kept for good.
        self.nodes.shrink_to_fit();
        Ok(Schemas { nodes: self.nodes, names: self.names, kinds })
    }

    /// Reads a schema that stands somewhere inside another one.
    fn child(&mut self, schema: &Value, depth: usize) -> Result<NodeId, Error> {
        let target = reference(schema).and_then(|name| self.names.get(name).copied());
        let node = self.node(schema, depth)?;
        if let Some(target) = target
            && !adds_something(&node)
        {
            return Ok(target);
        }
        let id = self.nodes.len();
        if id >= MAX_NODES {
            return Err(Error::Limit { what: "the size of a schema", limit: MAX_NODES });
        }
        self.nodes.push(node);
        if let Some(target) = target {
            self.overlays.push((id, target));
        }
        Ok(id)
    }

    fn node(&mut self, schema: &Value, depth: usize) -> Result<Node, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::Limit { what: "the depth of a schema", limit: MAX_DEPTH });
        }
        let Some(map) = schema.as_object() else {
            return Ok(Node { preserve_unknown_fields: true, ..Node::default() });
        };
        let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let flag = |key: &str| map.get(key).and_then(Value::as_bool).unwrap_or_default();
        let is_reference = reference(schema).is_some();
        let mut node = Node {
            kind: read_type(map),
            format: text("format"),
            nullable: flag("nullable"),
            by_value: self.from_go_types
                && map.get("default").is_some_and(|value| value.as_object().is_some_and(Map::is_empty)),
            pointer: flag("x-argosy-pointer"),
            always_written: flag("x-argosy-always"),
            default: map.get("default").filter(|value| !(self.from_go_types && is_zero(value))).cloned(),
            list: read_list_kind(map),
            atomic: text("x-kubernetes-map-type") == "atomic",
            patch_merge_key: text("x-kubernetes-patch-merge-key"),
            patch_strategy: read_strategy(&text("x-kubernetes-patch-strategy")),
            preserve_unknown_fields: flag("x-kubernetes-preserve-unknown-fields"),
            embedded_resource: flag("x-kubernetes-embedded-resource"),
            ..Node::default()
        };
        if !is_reference {
            self.read_children(&mut node, map, depth)?;
        }
        if node.embedded_resource {
            self.embed(&mut node);
        }
        // `JSON` has neither type nor fields, `RawExtension` has no fields: both describe anything.
        let open = node.kind == Type::Any || (self.from_go_types && node.kind == Type::Object);
        if open && node.properties.is_empty() && node.additional == Additional::None && !is_reference {
            node.atomic |= node.kind == Type::Any && !node.preserve_unknown_fields;
            node.preserve_unknown_fields = true;
        }
        Ok(node)
    }

    fn read_children(
        &mut self,
        node: &mut Node,
        map: &Map<String, Value>,
        depth: usize,
    ) -> Result<(), Error> {
        for (name, schema) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let id = self.child(schema, depth + 1)?;
            node.properties.insert(name.clone(), id);
        }
        node.additional = match map.get("additionalProperties") {
            Some(Value::Bool(true)) => Additional::Any,
            Some(schema @ Value::Object(_)) => Additional::Schema(self.child(schema, depth + 1)?),
            _ => Additional::None,
        };
        if let Some(items) = map.get("items") {
            node.items = Some(self.child(items, depth + 1)?);
        }
        node.rules = self.read_rules(map, depth)?;
        Ok(())
    }

    fn read_rules(&mut self, map: &Map<String, Value>, depth: usize) -> Result<Rules, Error> {
        let flag = |key: &str| map.get(key).and_then(Value::as_bool).unwrap_or_default();
        let number = |key: &str| map.get(key).and_then(Value::as_f64);
        let count = |key: &str| map.get(key).and_then(Value::as_u64);
        let mut branches = |key: &str| -> Result<Vec<NodeId>, Error> {
            let list = map.get(key).and_then(Value::as_array);
            list.into_iter().flatten().map(|schema| self.child(schema, depth + 1)).collect()
        };
        let (all_of, any_of, one_of) = (branches("allOf")?, branches("anyOf")?, branches("oneOf")?);
        let not = map.get("not").map(|schema| self.child(schema, depth + 1)).transpose()?;
        Ok(Rules {
            required: strings(map.get("required")),
            allowed: map.get("enum").and_then(Value::as_array).cloned().unwrap_or_default(),
            pattern: map.get("pattern").and_then(Value::as_str).unwrap_or_default().to_owned(),
            minimum: number("minimum").map(|bound| (bound, flag("exclusiveMinimum"))),
            maximum: number("maximum").map(|bound| (bound, flag("exclusiveMaximum"))),
            multiple_of: number("multipleOf"),
            length: (count("minLength"), count("maxLength")),
            items: (count("minItems"), count("maxItems")),
            properties: (count("minProperties"), count("maxProperties")),
            unique_items: flag("uniqueItems"),
            all_of,
            any_of,
            one_of,
            not,
        })
    }

    fn embed(&mut self, node: &mut Node) {
        node.kind = Type::Object;
        for field in ["apiVersion", "kind"] {
            let id = self.nodes.len();
            self.nodes.push(Node { kind: Type::String, ..Node::default() });
            node.properties.insert(field.to_owned(), id);
        }
        if let Some(id) = self.names.get(OBJECT_META) {
            node.properties.insert("metadata".to_owned(), *id);
        }
    }
}

/// The definition that a schema is a reference to: `{$ref}`, or `{allOf: [{$ref}]}` with siblings as Kubernetes writes it.
fn reference(schema: &Value) -> Option<&str> {
    fn plain(schema: &Value) -> Option<&str> {
        schema.get("$ref")?.as_str()?.strip_prefix(REFERENCE_PREFIX)
    }
    plain(schema).or_else(|| match schema.get("allOf")?.as_array()?.as_slice() {
        [only] => plain(only),
        _ => None,
    })
}

fn read_type(map: &Map<String, Value>) -> Type {
    let int_or_string = map.get("x-kubernetes-int-or-string").and_then(Value::as_bool).unwrap_or_default()
        || map.get("format").and_then(Value::as_str) == Some("int-or-string");
    if int_or_string {
        return Type::IntOrString;
    }
    match map.get("type").and_then(Value::as_str) {
        Some("object") => Type::Object,
        Some("array") => Type::Array,
        Some("string") => Type::String,
        Some("integer") => Type::Integer,
        Some("number") => Type::Number,
        Some("boolean") => Type::Boolean,
        _ if map.contains_key("properties") || map.contains_key("additionalProperties") => Type::Object,
        _ => Type::Any,
    }
}

fn read_list_kind(map: &Map<String, Value>) -> ListKind {
    match map.get("x-kubernetes-list-type").and_then(Value::as_str) {
        Some("set") => ListKind::Set,
        Some("map") => ListKind::Map(strings(map.get("x-kubernetes-list-map-keys"))),
        _ => ListKind::Atomic,
    }
}

fn read_strategy(text: &str) -> PatchStrategy {
    PatchStrategy {
        merge: text.split(',').any(|part| part == "merge"),
        retain_keys: text.split(',').any(|part| part == "retainKeys"),
    }
}

fn strings(value: Option<&Value>) -> Vec<String> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}

/// Published documents give every field that Go cannot leave out its zero value as default. That says nothing about
/// what the API server fills in, so such defaults do not count.
fn is_zero(default: &Value) -> bool {
    match default {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// Whether a reference says more than the definition it refers to.
fn adds_something(node: &Node) -> bool {
    node.default.is_some()
        || node.nullable
        || node.by_value
        || node.always_written
        || node.atomic
        || node.list != ListKind::Atomic
        || !node.patch_merge_key.is_empty()
        || node.patch_strategy != PatchStrategy::default()
        || node.preserve_unknown_fields
}

fn overlay(definition: &Node, site: &Node) -> Node {
    let mut node = definition.clone();
    node.default = site.default.clone().or(node.default);
    node.nullable |= site.nullable;
    node.by_value |= site.by_value;
    node.always_written |= site.always_written;
    node.atomic |= site.atomic;
    node.preserve_unknown_fields |= site.preserve_unknown_fields;
    if site.list != ListKind::Atomic {
        node.list = site.list.clone();
    }
    if !site.patch_merge_key.is_empty() {
        node.patch_merge_key.clone_from(&site.patch_merge_key);
    }
    if site.patch_strategy != PatchStrategy::default() {
        node.patch_strategy = site.patch_strategy;
    }
    node
}
