//! Objects read from YAML as Kustomize reads them: YAML 1.2 words (`yes` is a text, only `true` is a boolean), keys that
//! come twice or are no texts refused, anchors and merge keys resolved.
//!
//! The kustomization itself and other configuration are read with the older rules of crate `goyaml`.

use std::collections::HashSet;

use goyaml::{Node, NodeId, NodeKind, Scalar, ScalarStyle, Stream};
use serde_json::{Map, Number, Value};

use crate::file::scalar_text;

/// A way into an object: keys, and places in lists as digits.
pub(crate) type Way = Vec<Box<str>>;

/// One document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    pub(crate) value: Value,
    /// The fields that have a colon and nothing behind it. They are null like those that say `null`, but only they
    /// vanish when a strategic merge walks past.
    pub(crate) blanks: Vec<Way>,
    /// Annotations written without quotes that JSON has another text for: `1.10` is `1.1`.
    pub(crate) respelled: Vec<(String, String)>,
}

/// How many values aliases may add: this many for each value that is written, and this many in any case.
const EXPANSION: (usize, usize) = (10, 100_000);
const MAX_DEPTH: usize = 256;

/// Reads all documents of a text; empty ones are left out.
pub(crate) fn documents(text: &str) -> Result<Vec<Document>, String> {
    let replaced;
    let text = if text.contains("\r\n") {
        replaced = text.replace("\r\n", "\n");
        &replaced
    } else {
        text
    };
    let mut documents = Vec::new();
    for part in split(text)? {
        let stream = goyaml::parse(part, &goyaml::Budget::default())
            .map_err(|error| format!("MalformedYAMLError: {error}"))?;
        let Some(document) = stream.documents.first() else { continue };
        let mut decoder = Decoder::new(&stream);
        let value = decoder.value(document.root, Spot::Root)?;
        let is_empty = match &value {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            _ => false,
        };
        if !is_empty {
            documents.push(Document { value, blanks: decoder.blanks, respelled: decoder.respelled });
        }
    }
    Ok(documents)
}

/// Reads one document, such as a text inside an object that holds a structure.
pub(crate) fn value(text: &str) -> Result<Value, String> {
    let stream = goyaml::parse(text, &goyaml::Budget::default()).map_err(|error| error.to_string())?;
    match stream.documents.first() {
        Some(document) => Decoder::new(&stream).value(document.root, Spot::Inside),
        None => Ok(Value::Null),
    }
}

/// What an untagged plain scalar means.
pub(crate) fn resolve(text: &str) -> Scalar {
    match goyaml::resolve(text) {
        Scalar::Bool(_) if !matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE") => {
            Scalar::Text
        }
        other => other,
    }
}

/// Cuts a text at lines that begin with `---`. Nothing but a comment may follow there.
fn split(text: &str) -> Result<Vec<&str>, String> {
    let mut parts = Vec::new();
    let (mut start, mut from) = (0, 0);
    while let Some(found) = text[from..].find("\n---") {
        let separator = from + found;
        // Without a line's end it is left to the parser.
        let Some(length) = text[separator + 1..].find('\n') else { break };
        let end = separator + 1 + length + 1;
        let rest = text[separator + 4..end].trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            return Err(format!("invalid document separator: {}", text[separator..end].trim()));
        }
        parts.push(&text[start..=separator]);
        start = end;
        // The line's end may be the beginning of the next separator, except that it belongs to this one.
        from = end;
    }
    parts.push(&text[start..]);
    Ok(parts)
}

/// Where in an object the decoder is, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spot {
    Root,
    Metadata,
    /// Annotations are texts, whatever they look like.
    Annotations,
    /// A name or annotation: the text as it is written.
    Text,
    Inside,
}

impl Spot {
    fn of(self, key: &str) -> Self {
        match (self, key) {
            (Self::Root, "metadata") => Self::Metadata,
            (Self::Metadata, "annotations") => Self::Annotations,
            (Self::Metadata, "name" | "namespace") | (Self::Annotations, _) => Self::Text,
            _ => Self::Inside,
        }
    }
}

/// A step on the way to where the decoder is.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Place(usize),
}

struct Decoder<'a> {
    stream: &'a Stream,
    open: Vec<NodeId>,
    way: Vec<Step<'a>>,
    blanks: Vec<Way>,
    respelled: Vec<(String, String)>,
    written: usize,
    expanded: usize,
    depth: usize,
}

impl Step<'_> {
    fn to_text(self) -> Box<str> {
        match self {
            Self::Key(key) => (*key).into(),
            Self::Place(place) => place.to_string().into(),
        }
    }
}

impl<'a> Decoder<'a> {
    fn new(stream: &'a Stream) -> Self {
        Self {
            stream,
            open: Vec::new(),
            way: Vec::new(),
            blanks: Vec::new(),
            respelled: Vec::new(),
            written: 0,
            expanded: 0,
            depth: 0,
        }
    }

    fn value(&mut self, id: NodeId, spot: Spot) -> Result<Value, String> {
        let node = self.stream.node(id);
        self.count(node)?;
        let value = match &node.kind {
            NodeKind::Scalar { .. } => self.scalar(node, spot)?,
            NodeKind::Sequence { items, .. } => {
                let mut list = Vec::with_capacity(items.len());
                for (place, item) in items.iter().enumerate() {
                    self.way.push(Step::Place(place));
                    list.push(self.value(*item, Spot::Inside)?);
                    self.way.pop();
                }
                Value::Array(list)
            }
            NodeKind::Mapping { entries, .. } => Value::Object(self.map(node, entries, spot)?),
            NodeKind::Alias { name, target } => {
                if self.open.contains(target) {
                    return Err(at(node, &format!("anchor '{name}' value contains itself")));
                }
                self.open.push(*target);
                let value = self.value(*target, spot)?;
                self.open.pop();
                value
            }
        };
        self.depth -= 1;
        Ok(value)
    }

    fn count(&mut self, node: &Node) -> Result<(), String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(at(node, &format!("exceeded max depth of {MAX_DEPTH}")));
        }
        if self.open.is_empty() {
            self.written += 1;
        } else {
            self.expanded += 1;
        }
        if self.expanded > EXPANSION.1 && self.expanded > self.written * EXPANSION.0 {
            return Err(at(node, "document contains excessive aliasing"));
        }
        Ok(())
    }

    fn map(
        &mut self,
        node: &Node,
        entries: &'a [(NodeId, NodeId)],
        spot: Spot,
    ) -> Result<Map<String, Value>, String> {
        let mut map = Map::new();
        let merges: Vec<NodeId> = entries
            .iter()
            .filter(|(key, _)| is_merge(self.stream.node(*key)))
            .map(|(_, value)| *value)
            .collect();
        match merges[..] {
            [] => {}
            [merge] => self.merge(merge, spot, &mut map)?,
            _ => return Err(at(node, "duplicate merge key")),
        }
        // What is merged in may come again; what is written may not.
        let mut merged: HashSet<String> = map.keys().cloned().collect();
        for (key, value) in entries {
            let key = self.stream.node(*key);
            if is_merge(key) {
                continue;
            }
            let name = self.key(key, spot)?;
            self.way.push(Step::Key(name));
            let value = self.value(*value, spot.of(name))?;
            self.way.pop();
            if map.insert(name.to_owned(), value).is_some() && !merged.remove(name) {
                return Err(at(key, &format!("mapping key {name:?} already defined")));
            }
        }
        Ok(map)
    }

    /// The maps that a merge key stands for: the first of a list wins.
    fn merge(&mut self, id: NodeId, spot: Spot, map: &mut Map<String, Value>) -> Result<(), String> {
        let node = self.stream.node(id);
        if let NodeKind::Sequence { items, .. } = &node.kind {
            for item in items.iter().rev() {
                if matches!(self.stream.node(*item).kind, NodeKind::Sequence { .. }) {
                    return Err(at(node, "invalid map merge: received a nested sequence"));
                }
                self.merge(*item, spot, map)?;
            }
            return Ok(());
        }
        match self.value(id, spot)? {
            Value::Object(more) => {
                map.extend(more);
                Ok(())
            }
            _ => Err(at(node, "map merge requires map or sequence of maps as the value")),
        }
    }

    fn key(&self, node: &'a Node, spot: Spot) -> Result<&'a str, String> {
        match &node.kind {
            NodeKind::Scalar { value, style, .. } => {
                let is_text = *style != ScalarStyle::Plain || meaning(node, value)? == Scalar::Text;
                // At the top and among annotations the text counts; elsewhere there is no JSON for such a map.
                if is_text || matches!(spot, Spot::Root | Spot::Annotations) {
                    return Ok(value);
                }
                Err(at(node, &format!("the key {value} is not a string; put it in quotes")))
            }
            NodeKind::Alias { target, .. } => {
                let target = self.stream.node(*target);
                match &target.kind {
                    NodeKind::Scalar { value, .. } => Ok(value),
                    _ => Err(at(node, "invalid map key")),
                }
            }
            _ => Err(at(node, "invalid map key")),
        }
    }

    fn scalar(&mut self, node: &Node, spot: Spot) -> Result<Value, String> {
        let NodeKind::Scalar { value, style, .. } = &node.kind else { return Ok(Value::Null) };
        if value.is_empty() && *style == ScalarStyle::Plain && node.tag.is_none() {
            self.blanks.push(self.way.iter().copied().map(Step::to_text).collect());
        }
        let typed = self.typed(node, value)?;
        if spot != Spot::Text || typed.is_null() {
            return Ok(typed);
        }
        let spelled = scalar_text(&typed);
        if spelled != *value
            && let Some(Step::Key(key)) = self.way.last()
        {
            self.respelled.push(((*key).to_owned(), spelled));
        }
        Ok(Value::String(value.clone()))
    }

    fn typed(&self, node: &Node, value: &str) -> Result<Value, String> {
        Ok(match meaning(node, value)? {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Int(value) => value.into(),
            Scalar::Uint(value) => value.into(),
            Scalar::Float(number) => {
                float(number).ok_or_else(|| at(node, &format!("json: unsupported value: {value}")))?
            }
            Scalar::Timestamp => Value::String(rfc3339(value)),
            Scalar::Text => Value::String(value.to_owned()),
        })
    }
}

fn at(node: &Node, message: &str) -> String {
    format!("line {}: {message}", node.start.line + 1)
}

fn is_merge(node: &Node) -> bool {
    matches!(&node.kind, NodeKind::Scalar { value, implicit: true, .. } if value == "<<")
}

fn meaning(node: &Node, text: &str) -> Result<Scalar, String> {
    let NodeKind::Scalar { implicit, .. } = &node.kind else { return Ok(Scalar::Null) };
    let Some(tag) = &node.tag else {
        return Ok(if *implicit { resolve(text) } else { Scalar::Text });
    };
    let wanted = tag.strip_prefix("tag:yaml.org,2002:").unwrap_or(tag);
    let found = resolve(text);
    match (wanted, &found) {
        ("str" | "binary" | "!", _) => Ok(Scalar::Text),
        ("null", Scalar::Null)
        | ("bool", Scalar::Bool(_))
        | ("int", Scalar::Int(_) | Scalar::Uint(_))
        | ("float", Scalar::Float(_))
        | ("timestamp", Scalar::Timestamp) => Ok(found),
        #[expect(clippy::cast_precision_loss, reason = "that is what reading an integer as a float does")]
        ("float", Scalar::Int(value)) => Ok(Scalar::Float(*value as f64)),
        _ => Err(at(node, &format!("cannot decode `{text}` as a !!{wanted}"))),
    }
}

/// A float as it comes back from JSON text, where whole numbers lose their point.
pub(crate) fn float(value: f64) -> Option<Value> {
    let text = goyaml::format_json(value)?;
    if let Ok(whole) = text.parse::<i64>()
        && text != "-0"
    {
        return Some(whole.into());
    }
    if let Ok(whole) = text.parse::<u64>() {
        return Some(whole.into());
    }
    Number::from_f64(value).map(Value::Number)
}

/// A date or time in the long form that Go's JSON has for it.
fn rfc3339(text: &str) -> String {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(place) => (&text[..place], text[place + 1..].trim_start()),
        None => (text, ""),
    };
    let padded = |part: &str| format!("{part:0>2}");
    let date: Vec<String> = date.split('-').map(padded).collect();
    let date = date.join("-");
    if time.is_empty() {
        return format!("{date}T00:00:00Z");
    }
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone);
    let (clock, fraction) = clock.split_once(['.', ',']).unwrap_or((clock, ""));
    let clock: Vec<String> = clock.trim_end().split(':').map(padded).collect();
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let zone = if zone.is_empty() || zone == "+00:00" || zone == "-00:00" { "Z" } else { zone };
    format!("{date}T{}{point}{fraction}{zone}", clock.join(":"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(text: &str) -> Result<Value, String> {
        documents(text).map(|mut found| found.remove(0).value)
    }

    #[test]
    fn words_are_those_of_yaml_1_2_and_dates_become_long() {
        assert_eq!(
            one("a: [yes, on, true, 0777, 0o17, 1e3, 1.50, 2020-1-2, 2020-01-02 3:04:05.60, ~, !!str 5]")
                .unwrap(),
            json!({"a": ["yes", "on", true, 511, 15, 1000, 1.5, "2020-01-02T00:00:00Z", "2020-01-02T03:04:05.6Z", null, "5"]})
        );
        assert_eq!(
            one("metadata: {name: 12, annotations: {a: 1.50, b: 2020-01-02, c: yes}}").unwrap(),
            json!({"metadata": {"name": "12", "annotations": {"a": "1.50", "b": "2020-01-02", "c": "yes"}}})
        );
    }

    #[test]
    fn anchors_and_merge_keys_are_resolved() {
        let text = "a: &a {x: 1, y: 2}\nb: {y: 3, <<: *a}\nc: {<<: [{x: 4}, *a]}\nd: *a\n";
        assert_eq!(
            one(text).unwrap(),
            json!({"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 4, "y": 2}, "d": {"x": 1, "y": 2}})
        );
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            bomb.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
        }
        assert!(one(&bomb).unwrap_err().contains("excessive aliasing"));
    }

    #[test]
    fn what_has_no_json_is_refused() {
        for (text, message) in [
            ("a: 1\na: 2\n", "line 2: mapping key \"a\" already defined"),
            ("a: {1: x}\n", "the key 1 is not a string"),
            ("a: .nan\n", "unsupported value"),
            ("a: b\n--- x\n", "invalid document separator"),
            ("a: [\n", "MalformedYAMLError"),
        ] {
            let error = one(text).unwrap_err();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn documents_are_cut_at_separators_and_blank_fields_noted() {
        let found = documents("---\na:\nb: null\n---\n# nothing\n---\nc: [{d: }]\n").unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].blanks, [vec![Box::from("a")]]);
        assert_eq!(found[1].blanks, [vec![Box::from("c"), Box::from("0"), Box::from("d")]]);
    }
}
