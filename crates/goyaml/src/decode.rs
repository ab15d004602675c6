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
    let mut decoder = Decoder {
        stream,
        budget,
        duplicates,
        open: Vec::new(),
        count: 0,
        expanded: 0,
        depth: 0,
        repeated: Vec::new(),
        null_key: None,
        not_json: None,
    };
    let value = decoder.value(root)?;
    // Go reads the whole document before it complains about what it holds, and converts it to JSON only then.
    match decoder.repeated().or(decoder.null_key).or(decoder.not_json) {
        Some(error) => Err(error),
        None => Ok(value),
    }
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
    /// Keys that came again, where that is refused: the line counted from 1 and the key.
    repeated: Vec<(Mark, String)>,
    null_key: Option<Error>,
    not_json: Option<Error>,
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
            NodeKind::Scalar { .. } => self.scalar(node),
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
            let Some(name) = name else {
                let message = format!(
                    "unsupported map key of type: %!s(<nil>), key: <nil>, value: {}",
                    if value.is_null() { "<nil>".into() } else { go_syntax(&value) }
                );
                self.null_key.get_or_insert_with(|| Error::conversion(mark, message));
                continue;
            };
            if self.duplicates == Duplicates::Refuse && map.contains_key(&name) {
                let shown = if self.is_bare(*key) { name.clone() } else { quoted(&name) };
                self.repeated.push((mark, shown));
            }
            map.insert(name, value);
        }
        Ok(())
    }

    /// The error for keys that came again, if any did.
    fn repeated(&self) -> Option<Error> {
        let first = self.repeated.first()?.0;
        let mut message = String::from("unmarshal errors:");
        for (mark, name) in &self.repeated {
            message.push_str(&format!("\n  line {}: key {name} already set in map", mark.line + 1));
        }
        Some(Error::meaning(first, message))
    }

    fn scalar(&mut self, node: &Node) -> Result<Value, Error> {
        let NodeKind::Scalar { value, .. } = &node.kind else { return Ok(Value::Null) };
        Ok(match meaning(node)? {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Int(value) => Value::from(value),
            Scalar::Uint(value) => Value::from(value),
            Scalar::Float(value) => float(value).unwrap_or_else(|| {
                let shown = match value {
                    f64::INFINITY => "+Inf",
                    f64::NEG_INFINITY => "-Inf",
                    _ => "NaN",
                };
                let message = format!("json: unsupported value: {shown}");
                self.not_json.get_or_insert_with(|| Error::conversion(node.start, message));
                Value::Null
            }),
            Scalar::Text | Scalar::Timestamp => Value::String(text_of(node, value)?),
        })
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

    /// Whether the key is a word or a number, which Go shows without quotes.
    fn is_bare(&self, id: NodeId) -> bool {
        !matches!(meaning(self.stream.node(id)), Ok(Scalar::Text | Scalar::Timestamp))
    }

    /// A key as text: numbers and booleans in their normal form. Null is none.
    fn key(&mut self, id: NodeId) -> Result<Option<String>, Error> {
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
            NodeKind::Scalar { value, .. } => Ok(Some(match meaning(node)? {
                Scalar::Text | Scalar::Timestamp => text_of(node, value)?,
                Scalar::Bool(value) => value.to_string(),
                Scalar::Int(value) => value.to_string(),
                Scalar::Uint(value) => value.to_string(),
                #[expect(clippy::cast_possible_truncation, reason = "keys are written in single precision")]
                Scalar::Float(value) => format_general_single(value as f32),
                Scalar::Null => return Ok(None),
            })),
            NodeKind::Sequence { .. } | NodeKind::Mapping { .. } => {
                let value = self.value(id)?;
                Err(Error::meaning(node.start, format!("invalid map key: {}", go_syntax(&value))))
            }
        }
    }
}

/// Text in quotes as Go writes them.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x1f' | '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            '\u{80}'..='\u{a0}' | '\u{ad}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value as Go's `%#v` shows it; what a template left unrendered in a manifest looks like in the error.
fn go_syntax(value: &Value) -> String {
    match value {
        Value::Null => "interface {}(nil)".into(),
        Value::String(text) => quoted(text),
        Value::Bool(_) => value.to_string(),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(value), ..) => value.to_string(),
            (_, Some(value), _) => format!("{value:#x}"),
            (.., value) => crate::number::format_general(value.unwrap_or(0.0)),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(go_syntax).collect();
            format!("[]interface {{}}{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{}:{}", quoted(key), go_syntax(value))).collect();
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
