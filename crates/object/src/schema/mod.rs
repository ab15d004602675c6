//! What the fields of a kind are: types, merge keys, list kinds, defaults and rules.
//!
//! One model serves built-in kinds (`builtin.rs`) and custom resources (`openapi.rs` reads both); the patches in
//! `crate::strategic` and `crate::structured` are driven by it. What can be done with it alone is in `defaulting.rs`,
//! `canonical.rs`, `prune.rs` and `validate.rs`; the defaults that the API server computes for built-in kinds are in `crate::defaults`.

mod builtin;
mod canonical;
mod defaulting;
mod openapi;
mod prune;
mod validate;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

pub use builtin::{Resource, Subresource, builtin, builtin_definitions, builtin_resources};
pub use canonical::canonical_scalars;
pub use defaulting::fill_defaults;
pub use prune::prune;
pub use validate::{Violation, ViolationKind, validate};

use crate::GroupVersionKind;

/// A set of schemas that may refer to each other, with the kinds they describe.
#[derive(Debug, Default)]
pub struct Schemas {
    nodes: Vec<Node>,
    names: BTreeMap<String, NodeId>,
    kinds: HashMap<GroupVersionKind, NodeId>,
}

/// The place of a [`Node`] in its [`Schemas`].
pub(crate) type NodeId = usize;

/// The schema of one value: a node, and the set it refers into.
#[derive(Debug, Clone, Copy)]
pub struct Schema<'a> {
    set: &'a Schemas,
    id: NodeId,
}

/// The JSON type that a schema asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Type {
    /// Anything.
    #[default]
    Any,
    /// A JSON object: with known fields, or a map.
    Object,
    /// A list.
    Array,
    /// A string.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A boolean.
    Boolean,
    /// A number or a string with Kubernetes' rules for quantities.
    Quantity,
    /// A whole number or a string.
    IntOrString,
}

/// How the elements of a list relate (`x-kubernetes-list-type`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ListKind {
    /// One value as a whole.
    #[default]
    Atomic,
    /// A set of scalars.
    Set,
    /// Items identified by the values of these fields.
    Map(Vec<String>),
}

/// How a strategic merge patch treats a field (`x-kubernetes-patch-strategy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PatchStrategy {
    /// Lists are merged instead of replaced.
    pub merge: bool,
    /// Keys of the live map that the patch does not name are dropped.
    pub retain_keys: bool,
}

/// What a schema says about one value. Rules that only validation needs are in `rules`.
#[derive(Debug, Clone, Default)]
pub struct Node {
    /// The definition this node is (a copy of), such as `io.k8s.api.core.v1.Container`; empty for anonymous nodes.
    pub name: String,
    /// The JSON type.
    pub kind: Type,
    /// `format`, such as `int32`, `byte`, `date-time`; empty when there is none.
    pub format: String,
    /// Whether null is a value of its own.
    pub nullable: bool,
    /// The default, without the zero values that Go's types imply.
    pub default: Option<Value>,
    /// Whether the API server holds the structure by value, so that it is there, empty, even if nobody sent it.
    pub by_value: bool,
    /// Whether the API server's own type can tell the scalar's zero value from none.
    pub pointer: bool,
    /// Whether the API server writes the field even if it is empty.
    pub always_written: bool,
    /// How list elements relate.
    pub list: ListKind,
    /// Whether a map is one value as a whole.
    pub atomic: bool,
    /// The merge key of strategic merge patches; empty when there is none.
    pub patch_merge_key: String,
    /// The strategy of strategic merge patches.
    pub patch_strategy: PatchStrategy,
    /// Whether unknown fields are kept.
    pub preserve_unknown_fields: bool,
    /// Whether the value is a Kubernetes object of its own.
    pub embedded_resource: bool,
    pub(crate) properties: BTreeMap<String, NodeId>,
    pub(crate) additional: Additional,
    pub(crate) items: Option<NodeId>,
    pub(crate) rules: Rules,
}

/// What is known of the entries of a map that are not named in `properties`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Additional {
    /// No other entries.
    #[default]
    None,
    /// Entries of any content.
    Any,
    /// Entries of one schema.
    Schema(NodeId),
}

/// The value rules of a schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    pub(crate) required: Vec<String>,
    pub(crate) allowed: Vec<Value>,
    pub(crate) pattern: String,
    pub(crate) minimum: Option<(f64, bool)>,
    pub(crate) maximum: Option<(f64, bool)>,
    pub(crate) multiple_of: Option<f64>,
    pub(crate) length: (Option<u64>, Option<u64>),
    pub(crate) items: (Option<u64>, Option<u64>),
    pub(crate) properties: (Option<u64>, Option<u64>),
    pub(crate) unique_items: bool,
    pub(crate) all_of: Vec<NodeId>,
    pub(crate) any_of: Vec<NodeId>,
    pub(crate) one_of: Vec<NodeId>,
    pub(crate) not: Option<NodeId>,
}

impl Schemas {
    /// The schema of a kind.
    pub fn kind(&self, gvk: &GroupVersionKind) -> Option<Schema<'_>> {
        self.kinds.get(gvk).map(|id| Schema { set: self, id: *id })
    }

    /// The schema with a definition name, such as `io.k8s.api.core.v1.PodSpec`.
    pub fn definition(&self, name: &str) -> Option<Schema<'_>> {
        self.names.get(name).map(|id| Schema { set: self, id: *id })
    }

    /// The names of all definitions, sorted.
    pub fn definition_names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(String::as_str)
    }

    /// All kinds, in no particular order.
    pub fn kinds(&self) -> impl Iterator<Item = &GroupVersionKind> {
        self.kinds.keys()
    }
}

impl<'a> Schema<'a> {
    /// What the schema says about this value itself.
    pub fn node(self) -> &'a Node {
        &self.set.nodes[self.id]
    }

    /// The schema of a field or map entry; `None` when the schema does not know it.
    pub fn field(self, name: &str) -> Option<Schema<'a>> {
        let node = self.node();
        let id = node.properties.get(name).copied().or(match node.additional {
            Additional::Schema(id) => Some(id),
            _ => None,
        })?;
        Some(Schema { set: self.set, id })
    }

    /// The schema at the end of a path of field names; `*` steps into list items.
    pub fn at(self, path: &[&str]) -> Option<Schema<'a>> {
        path.iter()
            .try_fold(self, |schema, part| if *part == "*" { schema.items() } else { schema.field(part) })
    }

    /// The schema of list items.
    pub fn items(self) -> Option<Schema<'a>> {
        self.node().items.map(|id| Schema { set: self.set, id })
    }

    /// The named fields with their schemas, sorted.
    pub fn fields(self) -> impl Iterator<Item = (&'a str, Schema<'a>)> {
        self.node()
            .properties
            .iter()
            .map(move |(name, id)| (name.as_str(), Schema { set: self.set, id: *id }))
    }

    /// What the API server holds when nothing was sent: structures held by value are there, required fields are null.
    pub fn zero_value(self) -> Value {
        let node = self.node();
        let mut map = serde_json::Map::new();
        for (name, field) in self.fields() {
            if field.node().by_value {
                map.insert(name.to_owned(), field.zero_value());
            } else if node.rules.required.iter().any(|required| required == name) {
                map.insert(name.to_owned(), Value::Null);
            }
        }
        Value::Object(map)
    }

    /// Whether this is a map of arbitrary keys and not a structure with named fields.
    pub fn is_map(self) -> bool {
        let node = self.node();
        node.kind == Type::Object && node.properties.is_empty()
    }

    /// Whether the named field must be there.
    pub fn requires(self, name: &str) -> bool {
        self.node().rules.required.iter().any(|required| required == name)
    }

    pub(crate) fn sibling(self, id: NodeId) -> Schema<'a> {
        Schema { set: self.set, id }
    }
}
