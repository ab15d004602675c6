//! Nodes to JSON values, as sigs.k8s.io/yaml does it: aliases expanded, merge keys merged, keys made text, the last
//! of several equal keys kept.

use base64::Engine as _;
use serde_json::{Map, Number, Value};

use crate::budget::Budget;
use crate::error::Error;
use crate::node::{Node, NodeId, NodeKind, Stream};
use crate::number::format_general_single;
use crate::position::Mark;
use crate::resolve::{Scalar, resolve, resolve_tagged};

/// Whether a key may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duplicates {
    LastWins,
    Refuse,
}

pub(crate) fn decode(
    stream: &Stream,
    root: NodeId,
    budget: &Budget,
    duplicates: Duplicates,
) -> Result<Value, Error> {
    let mut decoder =
        Decoder { stream, budget, duplicates, open: Vec::new(), count: 0, expanded: 0, depth: 0 };
    decoder.value(root)
}

struct Decoder<'a> {
    stream: &'a Stream,
    budget: &'a Budget,
    duplicates: Duplicates,
    /// The aliases being expanded.
    open: Vec<NodeId>,
    count: usize,
    expanded: usize,
    depth: usize,
}

/// The share of a document that aliases may make up: Go allows 99 % of a small one and 10 % of a huge one.
#[expect(clippy::cast_precision_loss, reason = "a ratio of counts far below 2^52")]
fn too_much_expansion(expanded: usize, count: usize) -> bool {
    const SMALL: f64 = 400_000.0;
    const HUGE: f64 = 4_000_000.0;
    if expanded <= 100 || count <= 1000 {
        return false;
    }
    let total = count as f64;
    let allowed = 0.99 - 0.89 * ((total.clamp(SMALL, HUGE) - SMALL) / (HUGE - SMALL));
    expanded as f64 / total > allowed
}

impl Decoder<'_> {
    fn value(&mut self, id: NodeId) -> Result<Value, Error> {
        let node = self.stream.node(id);
        self.enter(node.start)?;
        let value = match &node.kind {
            NodeKind::Scalar { .. } => scalar(node),
            NodeKind::Sequence { items, .. } => {
                items.iter().map(|item| self.value(*item)).collect::<Result<_, _>>().map(Value::Array)
            }
            NodeKind::Mapping { .. } => {
                let mut map = Map::new();
                self.fill(id, &mut map).map(|()| Value::Object(map))
            }
            NodeKind::Alias { name, target } => self.expand(id, name, *target, node.start),
        };
        self.depth -= 1;
        value
    }

    /// Counts one value.
    fn enter(&mut self, mark: Mark) -> Result<(), Error> {
        self.count += 1;
        self.depth += 1;
        if !self.open.is_empty() {
            self.expanded += 1;
        }
        if self.depth > self.budget.depth {
            return Err(Error::meaning(mark, format!("exceeded max depth of {}", self.budget.depth)));
        }
        if self.count > self.budget.expanded_nodes || too_much_expansion(self.expanded, self.count) {
            return Err(Error::meaning(mark, "document contains excessive aliasing"));
        }
        Ok(())
    }

    fn open_alias(&mut self, id: NodeId, name: &str, mark: Mark) -> Result<(), Error> {
        if self.open.contains(&id) {
            return Err(Error::meaning(mark, format!("anchor '{name}' value contains itself")));
        }
        self.open.push(id);
        Ok(())
    }

    fn expand(&mut self, id: NodeId, name: &str, target: NodeId, mark: Mark) -> Result<Value, Error> {
        self.open_alias(id, name, mark)?;
        let value = self.value(target);
        self.open.pop();
        value
    }

    fn fill(&mut self, id: NodeId, map: &mut Map<String, Value>) -> Result<(), Error> {
        let NodeKind::Mapping { entries, .. } = &self.stream.node(id).kind else { return Ok(()) };
        for (key, value) in entries {
            if is_merge(self.stream.node(*key)) {
                self.merge(*value, map)?;
                continue;
            }
            let name = self.key(*key)?;
            let mark = self.stream.node(*value).start;
            let value = self.value(*value)?;
            if self.duplicates == Duplicates::Refuse && map.contains_key(&name) {
                let mut error = Error::whole(format!(
                    "unmarshal errors:\n  line {}: key {name:?} already set in map",
                    mark.line + 1
                ));
                error.line = mark.line + 1;
                error.column = mark.column + 1;
                return Err(error);
            }
            map.insert(name, value);
        }
        Ok(())
    }

    fn merge(&mut self, id: NodeId, map: &mut Map<String, Value>) -> Result<(), Error> {
        let node = self.stream.node(id);
        match &node.kind {
            // Earlier maps of the list win, so they come last.
            NodeKind::Sequence { items, .. } => {
                items.iter().rev().try_for_each(|item| self.merge_map(*item, map))
            }
            _ => self.merge_map(id, map),
        }
    }

    fn merge_map(&mut self, id: NodeId, map: &mut Map<String, Value>) -> Result<(), Error> {
        let node = self.stream.node(id);
        let wanted = "map merge requires map or sequence of maps as the value";
        self.enter(node.start)?;
        match &node.kind {
            NodeKind::Mapping { .. } => self.fill(id, map)?,
            NodeKind::Alias { name, target }
                if matches!(self.stream.node(*target).kind, NodeKind::Mapping { .. }) =>
            {
                self.open_alias(id, name, node.start)?;
                let filled = self.fill(*target, map);
                self.open.pop();
                filled?;
            }
            _ => return Err(Error::meaning(node.start, wanted)),
        }
        self.depth -= 1;
        Ok(())
    }

    /// A key as text: numbers and booleans in their normal form.
    fn key(&mut self, id: NodeId) -> Result<String, Error> {
        let node = self.stream.node(id);
        match &node.kind {
            NodeKind::Alias { name, target } => {
                self.enter(node.start)?;
                self.open_alias(id, name, node.start)?;
                let key = self.key(*target);
                self.open.pop();
                self.depth -= 1;
                key
            }
            NodeKind::Scalar { value, .. } => Ok(match meaning(node)? {
                Scalar::Text | Scalar::Timestamp => text_of(node, value)?,
                Scalar::Bool(value) => value.to_string(),
                Scalar::Int(value) => value.to_string(),
                Scalar::Uint(value) => value.to_string(),
                #[expect(clippy::cast_possible_truncation, reason = "keys are written in single precision")]
                Scalar::Float(value) => format_general_single(value as f32),
                Scalar::Null => {
                    return Err(Error::meaning(node.start, "unsupported map key of type: <nil>"));
                }
            }),
            NodeKind::Sequence { .. } | NodeKind::Mapping { .. } => {
                let value = self.value(id)?;
                Err(Error::meaning(node.start, format!("invalid map key: {}", go_syntax(&value))))
            }
        }
    }
}

/// A value as Go's `%#v` shows it; what a template left unrendered in a manifest looks like in the error.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".into(),
        Value::String(text) => format!("{text:?}"),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key:?}:{}", go_syntax(value))).collect();
            format!("map[interface {{}}]interface {{}}{{{}}}", entries.join(", "))
        }
    }
}

fn is_merge(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Scalar { value, implicit, .. }
        if value == "<<" && (*implicit || node.tag.as_deref() == Some("tag:yaml.org,2002:merge")))
}

fn meaning(node: &Node) -> Result<Scalar, Error> {
    let NodeKind::Scalar { value, implicit, .. } = &node.kind else { return Ok(Scalar::Null) };
    match &node.tag {
        Some(tag) => resolve_tagged(tag, value).map_err(|message| Error::meaning(node.start, message)),
        None if *implicit => Ok(resolve(value)),
        None => Ok(Scalar::Text),
    }
}

/// The text of a scalar; `!!binary` is decoded.
fn text_of(node: &Node, value: &str) -> Result<String, Error> {
    if node.tag.as_deref() != Some("tag:yaml.org,2002:binary") {
        return Ok(value.to_string());
    }
    let packed: String = value.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(packed)
        .map_err(|_| Error::meaning(node.start, "!!binary value contains invalid base64 data"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn scalar(node: &Node) -> Result<Value, Error> {
    let NodeKind::Scalar { value, .. } = &node.kind else { return Ok(Value::Null) };
    Ok(match meaning(node)? {
        Scalar::Null => Value::Null,
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Int(value) => Value::from(value),
        Scalar::Uint(value) => Value::from(value),
        Scalar::Float(value) => float(value)
            .ok_or_else(|| Error::meaning(node.start, format!("json: unsupported value: {value}")))?,
        Scalar::Text | Scalar::Timestamp => Value::String(text_of(node, value)?),
    })
}

/// A float as it comes back from JSON text, where whole numbers lose their point.
fn float(value: f64) -> Option<Value> {
    let text = crate::number::format_json(value)?;
    if text == "-0" {
        return Number::from_f64(value).map(Value::Number);
    }
    if let Ok(whole) = text.parse::<i64>() {
        return Some(Value::from(whole));
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(Value::from(whole));
    }
    Number::from_f64(value).map(Value::Number)
}
