//! [`FieldSet`]: a set of paths into an object, and its `fieldsV1` form.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::path::PathElement;
use crate::Error;
use crate::schema::{Additional, Schema};

/// Ownership deeper than this is not Kubernetes' own.
const MAX_DEPTH: usize = 128;

/// A set of paths. A path in the set says nothing about the paths below or above it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// Whether the path that leads here is in the set.
    member: bool,
    children: BTreeMap<PathElement, FieldSet>,
}

impl FieldSet {
    /// The empty set.
    pub fn new() -> Self {
        FieldSet::default()
    }

    /// The set of these paths of field names.
    pub fn of_fields(paths: &[&[&str]]) -> Self {
        let mut set = FieldSet::new();
        for path in paths {
            let path: Vec<PathElement> = path.iter().map(|field| PathElement::field(*field)).collect();
            set.insert(&path);
        }
        set
    }

    /// Adds a path; the empty path is ignored.
    pub fn insert(&mut self, path: &[PathElement]) {
        if path.is_empty() {
            return;
        }
        let mut node = self;
        for element in path {
            node = node.children.entry(element.clone()).or_default();
        }
        node.member = true;
    }

    /// Whether no path is in the set.
    pub fn is_empty(&self) -> bool {
        !self.member && self.children.values().all(FieldSet::is_empty)
    }

    /// Whether exactly this path is in the set.
    pub fn contains(&self, path: &[PathElement]) -> bool {
        path.iter().try_fold(self, |node, element| node.children.get(element)).is_some_and(|node| node.member)
    }

    /// Whether one more step leads to a path in the set.
    pub(crate) fn contains_child(&self, element: &PathElement) -> bool {
        self.children.get(element).is_some_and(|child| child.member)
    }

    /// The paths below one step.
    pub fn child(&self, element: &PathElement) -> Option<&FieldSet> {
        self.children.get(element)
    }

    /// The first steps that have anything below them, with what is there.
    pub fn children(&self) -> impl Iterator<Item = (&PathElement, &FieldSet)> {
        self.children.iter()
    }

    /// Whether the path that leads to this subset is in the set it was taken from.
    pub fn is_member(&self) -> bool {
        self.member
    }

    /// Paths in either set.
    #[must_use]
    pub fn union(&self, other: &FieldSet) -> FieldSet {
        let mut children = self.children.clone();
        for (element, theirs) in &other.children {
            let merged = children.get(element).map_or_else(|| theirs.clone(), |ours| ours.union(theirs));
            children.insert(element.clone(), merged);
        }
        FieldSet { member: self.member || other.member, children }
    }

    /// Paths in both sets.
    #[must_use]
    pub fn intersection(&self, other: &FieldSet) -> FieldSet {
        self.combine(other, |ours, theirs| Some(ours.intersection(theirs?)), self.member && other.member)
    }

    /// Paths in this set that are not in the other.
    #[must_use]
    pub fn difference(&self, other: &FieldSet) -> FieldSet {
        let nothing = FieldSet::new();
        self.combine(
            other,
            |ours, theirs| Some(ours.difference(theirs.unwrap_or(&nothing))),
            self.member && !other.member,
        )
    }

    /// Paths in this set of which neither they nor a path above them is in the other.
    #[must_use]
    pub fn recursive_difference(&self, other: &FieldSet) -> FieldSet {
        let step = |ours: &FieldSet, theirs: Option<&FieldSet>| match theirs {
            Some(theirs) if theirs.member => None,
            Some(theirs) => Some(ours.recursive_difference(theirs)),
            None => Some(ours.clone()),
        };
        self.combine(other, step, self.member && !other.member)
    }

    fn combine(
        &self,
        other: &FieldSet,
        step: impl Fn(&FieldSet, Option<&FieldSet>) -> Option<FieldSet>,
        member: bool,
    ) -> FieldSet {
        let children = self
            .children
            .iter()
            .filter_map(|(element, ours)| Some((element.clone(), step(ours, other.children.get(element))?)))
            .filter(|(_, set)| !set.is_empty())
            .collect();
        FieldSet { member, children }
    }

    /// Only the paths below which the set has no other path.
    #[must_use]
    pub fn leaves(&self) -> FieldSet {
        let children: BTreeMap<_, _> = self
            .children
            .iter()
            .map(|(element, set)| (element.clone(), set.leaves()))
            .filter(|(_, set)| !set.is_empty())
            .collect();
        FieldSet { member: self.member && children.is_empty(), children }
    }

    /// All paths, parents before children, in a stable order.
    pub fn paths(&self) -> Vec<Vec<PathElement>> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, path: &mut Vec<PathElement>, paths: &mut Vec<Vec<PathElement>>) {
        for (element, set) in &self.children {
            path.push(element.clone());
            if set.member {
                paths.push(path.clone());
            }
            set.collect(path, paths);
            path.pop();
        }
    }

    /// With every structure field on the way to a path, as the schema names them. Map keys and list items are not fields.
    #[must_use]
    pub(crate) fn with_named_fields(&self, schema: Option<Schema<'_>>) -> FieldSet {
        let mut children = BTreeMap::new();
        for (element, set) in &self.children {
            let (below, named) = match element {
                PathElement::Field(name) => {
                    let field = schema.and_then(|schema| schema.field(name));
                    let named = schema.is_some_and(|schema| schema.fields().any(|(field, _)| field == name));
                    (field, named)
                }
                _ => (schema.and_then(Schema::items), false),
            };
            let mut set = set.with_named_fields(below);
            set.member |= named && !set.children.is_empty();
            children.insert(element.clone(), set);
        }
        FieldSet { member: self.member, children }
    }

    /// With the paths below atomic values folded into one path for the value. Ownership recorded before a schema made a
    /// value atomic would otherwise never meet the paths recorded since.
    #[must_use]
    pub(crate) fn reconciled(&self, schema: Option<Schema<'_>>) -> FieldSet {
        let mut children = BTreeMap::new();
        for (element, set) in &self.children {
            let below = match element {
                PathElement::Field(name) => schema.and_then(|schema| schema.field(name)),
                _ => schema.and_then(Schema::items),
            };
            let atomic = below.is_some_and(|below| super::typed::is_atomic(below));
            let set = if atomic && !set.is_empty() {
                FieldSet { member: true, children: BTreeMap::new() }
            } else {
                set.reconciled(below)
            };
            children.insert(element.clone(), set);
        }
        FieldSet { member: self.member, children }
    }

    /// Reads `fieldsV1`.
    pub fn from_fields_v1(fields: &Value) -> Result<FieldSet, Error> {
        read(fields, 0)
    }

    /// Writes `fieldsV1`.
    pub fn to_fields_v1(&self) -> Value {
        let mut map = Map::new();
        for (element, set) in &self.children {
            if set.is_empty() {
                continue;
            }
            let mut nested = set.to_fields_v1();
            if set.member
                && let Value::Object(nested) = &mut nested
                && !nested.is_empty()
            {
                nested.insert(".".to_owned(), Value::Object(Map::new()));
            }
            map.insert(element.to_fields_v1(), nested);
        }
        Value::Object(map)
    }
}

fn read(fields: &Value, depth: usize) -> Result<FieldSet, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::Limit { what: "the depth of managed fields", limit: MAX_DEPTH });
    }
    let Value::Object(map) = fields else {
        return Err(Error::ManagedFields {
            reason: format!("a map is expected, not {}", crate::kind_of(fields)),
        });
    };
    let mut set = FieldSet { member: depth > 0 && map.is_empty(), children: BTreeMap::new() };
    for (name, nested) in map {
        if name == "." {
            set.member = depth > 0;
        } else {
            set.children.insert(PathElement::parse(name)?, read(nested, depth + 1)?);
        }
    }
    Ok(set)
}

/// Whether the schema knows what a map's unnamed entries are.
pub(crate) fn has_entries(schema: Schema<'_>) -> bool {
    schema.node().additional != Additional::None || schema.node().preserve_unknown_fields
}
