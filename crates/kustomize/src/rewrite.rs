//! A YAML text in which some values are changed: written again from its nodes, as go-yaml v3 does it. Everything keeps
//! its place, its style and its comments; what is lost is what that library doesn't know either: blank lines between
//! fields, the depth of the indentation, and where long text was folded.

use goyaml::{Comment, Emitter, Layout, Mark, Node, NodeId, NodeKind, Scalar, ScalarStyle, Stream};
use serde_json::Value;

use crate::file::scalar_text;
use crate::yaml;

/// Spaces of one level.
const LEVEL: usize = 2;

/// The text with what differs between `old`, which it holds, and `new`; `None` when it cannot be written in its form.
pub(crate) fn rewritten(text: &str, old: &Value, new: &Value) -> Option<String> {
    let stream = goyaml::parse(text, &goyaml::Budget::default()).ok()?;
    let [document] = stream.documents.as_slice() else { return None };
    let mut writer =
        Writer { stream: &stream, comment: 0, line: None, out: String::new(), is_retyped: false };
    writer.heads(stream.node(document.root).start, 0);
    writer.node(document.root, Some((old, new)), Spot::default());
    writer.tail(None, 0);
    // A number that has become a word says so with a tag, and cannot be read again.
    let is_right = writer.is_retyped || yaml::value(&writer.out).is_ok_and(|value| value == *new);
    is_right.then(|| writer.out.trim().to_owned())
}

/// Where a node is written.
#[derive(Clone, Copy, Default)]
struct Spot {
    /// The column of what it belongs to: its key, or the dash before it.
    indent: usize,
    /// The line of that, where a comment belongs to the node as a whole; none at the root.
    line: Option<usize>,
    is_item: bool,
    /// Where the next node behind it begins that is not inside of it.
    next: Option<Mark>,
}

struct Writer<'a> {
    stream: &'a Stream,
    /// The next comment to be written.
    comment: usize,
    /// The last line of the text that was written.
    line: Option<usize>,
    out: String,
    is_retyped: bool,
}

/// The value before and after; none for what has no value of its own, such as what a merge key stands for.
type Change<'v> = Option<(&'v Value, &'v Value)>;

impl<'a> Writer<'a> {
    fn indent(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Comments on lines of their own that stand before a place and fulfil a condition.
    fn comments_before(
        &mut self,
        line: Option<usize>,
        belongs: impl Fn(&Comment) -> bool,
    ) -> Vec<&'a Comment> {
        let mut found = Vec::new();
        while let Some(comment) = self.stream.comments.get(self.comment) {
            let is_before = line.is_none_or(|line| comment.start.line < line);
            let is_of_next = comment.trailing && self.line.is_none_or(|written| comment.start.line > written);
            if !is_before || is_of_next || !belongs(comment) {
                break;
            }
            found.push(comment);
            self.comment += 1;
        }
        found
    }

    /// Writes comments, with a blank line where there were some between them.
    fn write_comments(&mut self, comments: &[&Comment], indent: usize) {
        let mut before: Option<usize> = None;
        for comment in comments {
            if before.is_some_and(|before| comment.start.line > before + 1) {
                self.out.push('\n');
            }
            self.indent(indent);
            self.out.push_str(&format!("#{}\n", comment.text));
            before = Some(comment.start.line);
        }
    }

    /// The comments above a key or item. Those right below what came before, with a blank line behind them, stay there.
    fn heads(&mut self, start: Mark, indent: usize) {
        let comments = self.comments_before(Some(start.line), |_| true);
        let (Some(first), Some(last)) = (comments.first(), comments.last()) else { return };
        let is_foot = self.line.is_none_or(|line| first.start.line == line + 1);
        self.write_comments(&comments, indent);
        let ends = comments.windows(2).all(|pair| pair[1].start.line == pair[0].start.line + 1);
        if is_foot && ends && start.line > last.start.line + 1 {
            self.out.push('\n');
        }
        self.line = Some(last.start.line);
    }

    /// The comments at the end of a block: deeper than what follows it.
    fn tail(&mut self, next: Option<Mark>, indent: usize) {
        let is_end = next.is_none() && indent == 0;
        let column = next.map_or(0, |next| next.column);
        let comments = self
            .comments_before(next.map(|next| next.line), |comment| is_end || comment.start.column > column);
        if let Some(first) = comments.first()
            && is_end
            && self.line.is_some_and(|line| first.start.line > line + 1)
        {
            self.out.push('\n');
        }
        self.write_comments(&comments, indent);
        if let Some(last) = comments.last() {
            self.line = Some(last.start.line);
        }
    }

    /// The comment behind something, and the line's end.
    fn end_line(&mut self, line: Option<usize>) {
        if let Some(comment) = self.stream.comments.get(self.comment)
            && comment.trailing
            && Some(comment.start.line) == line
        {
            self.out.push_str(&format!(" #{}", comment.text));
            self.comment += 1;
        }
        self.out.push('\n');
        self.line = line.max(self.line);
    }

    /// A node behind its key or dash, up to the end of its last line.
    fn node(&mut self, id: NodeId, change: Change<'_>, spot: Spot) {
        let stream = self.stream;
        let node = stream.node(id);
        if let Some((old, new)) = change
            && std::mem::discriminant(old) != std::mem::discriminant(new)
            && (is_collection(old) || is_collection(new))
        {
            self.replaced(new, spot);
            self.line = Some(last_line(node));
            return;
        }
        let before = if spot.line.is_some() { " " } else { "" };
        match &node.kind {
            NodeKind::Mapping { entries, flow: false } if !entries.is_empty() => {
                let is_inline = self.begin_block(node, spot);
                let indent = if spot.line.is_some() { spot.indent + LEVEL } else { 0 };
                self.mapping(entries, change, indent, is_inline, spot.next);
            }
            NodeKind::Sequence { items, flow: false } if !items.is_empty() => {
                let is_inline = self.begin_block(node, spot);
                let indent = if spot.is_item { spot.indent + LEVEL } else { spot.indent };
                self.sequence(node.start.column, items, change, indent, is_inline, spot.next);
            }
            NodeKind::Scalar { .. } => {
                let text = self.scalar(node, change, spot.indent);
                if !text.is_empty() {
                    self.out.push_str(before);
                }
                let mut lines = text.splitn(2, '\n');
                self.out.push_str(lines.next().unwrap_or_default());
                match lines.next() {
                    // The rest of a block.
                    Some(rest) => {
                        self.end_line(Some(node.start.line));
                        self.out.push_str(rest);
                        self.out.push('\n');
                        // That library ends a folded text with one line more than it needs.
                        if matches!(&node.kind, NodeKind::Scalar { style: ScalarStyle::Folded, value, .. } if value.ends_with('\n'))
                        {
                            self.out.push('\n');
                        }
                        self.line = Some(last_line(node));
                    }
                    None => self.end_line(Some(last_line(node))),
                }
            }
            NodeKind::Alias { .. } | NodeKind::Sequence { .. } | NodeKind::Mapping { .. } => {
                self.out.push_str(before);
                self.flow(id, change);
                self.end_line(Some(last_line(node)));
            }
        }
    }

    /// What stands between a key or dash and the block behind it; whether the block begins on the same line.
    fn begin_block(&mut self, node: &Node, spot: Spot) -> bool {
        let Some(line) = spot.line else { return false };
        let properties = properties(node);
        if !properties.is_empty() {
            self.out.push_str(&format!(" {}", properties.trim_end()));
        }
        let has_comment = self.stream.comments.get(self.comment).is_some_and(|comment| {
            comment.trailing && comment.start.line == line && comment.start.line < node.start.line
        });
        if spot.is_item && !has_comment && properties.is_empty() {
            self.out.push(' ');
            return true;
        }
        self.end_line(Some(line));
        false
    }

    fn mapping(
        &mut self,
        entries: &[(NodeId, NodeId)],
        change: Change<'_>,
        indent: usize,
        mut is_inline: bool,
        next: Option<Mark>,
    ) {
        let stream = self.stream;
        let mut known = Vec::new();
        for (place, (key, value)) in entries.iter().enumerate() {
            let key_node = stream.node(*key);
            if !std::mem::take(&mut is_inline) {
                self.heads(key_node.start, indent);
                self.indent(indent);
            }
            let name = key_text(key_node);
            let key_text = self.scalar(key_node, None, indent);
            self.out.push_str(&key_text);
            self.out.push(':');
            let next = entries.get(place + 1).map(|(key, _)| stream.node(*key).start).or(next);
            let spot = Spot { indent, line: Some(key_node.end.line), is_item: false, next };
            self.node(*value, field(change, name), spot);
            known.push(name);
        }
        let added = change.and_then(|(_, new)| new.as_object()).into_iter().flatten();
        for (name, value) in added.filter(|(name, _)| !known.contains(&name.as_str())) {
            // What a merge key brought in is not new.
            if change.is_some_and(|(old, _)| old.get(name) == Some(value)) {
                continue;
            }
            self.indent(indent);
            self.out.push_str(&format!("{}:", plain_or_quoted(name)));
            self.replaced(value, Spot { indent, line: Some(0), ..Spot::default() });
        }
        self.tail(next, indent);
    }

    fn sequence(
        &mut self,
        column: usize,
        items: &[NodeId],
        change: Change<'_>,
        indent: usize,
        mut is_inline: bool,
        next: Option<Mark>,
    ) {
        let stream = self.stream;
        for (place, item) in items.iter().enumerate() {
            let node = stream.node(*item);
            if !std::mem::take(&mut is_inline) {
                self.heads(node.start, indent);
                self.indent(indent);
            }
            self.out.push('-');
            let after = items.get(place + 1).map(|item| Mark { column, ..stream.node(*item).start });
            // A comment right behind the dash is on a line of its own, unlike the node.
            let dash = self
                .stream
                .comments
                .get(self.comment)
                .filter(|comment| comment.trailing && comment.start.line < node.start.line);
            let line = dash.map_or(node.start.line, |comment| comment.start.line);
            let spot = Spot { indent, line: Some(line), is_item: true, next: after.or(next) };
            let change = change.and_then(|(old, new)| Some((old.get(place)?, new.get(place)?)));
            self.node(*item, change, spot);
        }
        let added = change.and_then(|(_, new)| new.as_array()).into_iter().flatten();
        for value in added.skip(items.len()) {
            self.indent(indent);
            self.out.push('-');
            self.replaced(value, Spot { indent, line: Some(0), is_item: true, ..Spot::default() });
        }
        self.tail(next, indent);
    }

    /// A value of another kind than the one that was there.
    fn replaced(&mut self, value: &Value, spot: Spot) {
        let text = goyaml::emit_to_string(value, Layout::KUSTOMIZE);
        let is_block = text.trim_end().contains('\n') || is_filled(value);
        if !is_block {
            self.out.push_str(&format!(" {text}"));
            return;
        }
        let indent = match value {
            Value::Array(_) if !spot.is_item => spot.indent,
            _ => spot.indent + LEVEL,
        };
        self.out.push(if spot.is_item { ' ' } else { '\n' });
        for (number, line) in text.lines().enumerate() {
            if !(spot.is_item && number == 0) {
                self.indent(indent);
            }
            self.out.push_str(line);
            self.out.push('\n');
        }
    }

    /// A collection in brackets, or what is in it.
    fn flow(&mut self, id: NodeId, change: Change<'_>) {
        let stream = self.stream;
        let node = stream.node(id);
        self.out.push_str(&properties(node));
        match &node.kind {
            NodeKind::Alias { name, .. } => self.out.push_str(&format!("*{name}")),
            NodeKind::Scalar { .. } => {
                let text = self.scalar(node, change, 0);
                self.out.push_str(text.strip_prefix(&properties(node)).unwrap_or(&text));
            }
            NodeKind::Sequence { items, .. } => {
                self.out.push('[');
                for (place, item) in items.iter().enumerate() {
                    self.out.push_str(if place > 0 { ", " } else { "" });
                    let change = change.and_then(|(old, new)| Some((old.get(place)?, new.get(place)?)));
                    self.flow(*item, change);
                }
                self.out.push(']');
            }
            NodeKind::Mapping { entries, .. } => {
                self.out.push('{');
                for (place, (key, value)) in entries.iter().enumerate() {
                    self.out.push_str(if place > 0 { ", " } else { "" });
                    let name = key_text(stream.node(*key));
                    self.flow(*key, None);
                    self.out.push_str(": ");
                    self.flow(*value, field(change, name));
                }
                self.out.push('}');
            }
        }
    }

    /// A scalar with its properties; the lines of a block come with their indentation.
    fn scalar(&mut self, node: &Node, change: Change<'_>, indent: usize) -> String {
        let NodeKind::Scalar { value, style, .. } = &node.kind else { return String::new() };
        let changed = change.filter(|(old, new)| old != new);
        let text = changed.map_or_else(|| value.clone(), |(_, new)| scalar_text(new));
        let mut properties = properties(node);
        if *style != ScalarStyle::Plain || text.contains('\n') {
            let style = if *style == ScalarStyle::Plain { ScalarStyle::Literal } else { *style };
            return properties + &styled(&text, style, indent);
        }
        let Some((old, _)) = changed else { return properties + &text };
        let is_text = matches!(yaml::resolve(&text), Scalar::Text);
        if old.is_string() {
            return properties
                + &if is_text {
                    plain_or_quoted(&text)
                } else {
                    styled(&text, ScalarStyle::DoubleQuoted, 0)
                };
        }
        if is_text {
            self.is_retyped = true;
            properties.push_str(tag_of(old));
        }
        properties + &styled(&text, ScalarStyle::Plain, 0)
    }
}

fn is_collection(value: &Value) -> bool {
    value.is_object() || value.is_array()
}

fn is_filled(value: &Value) -> bool {
    value.as_object().is_some_and(|map| !map.is_empty())
        || value.as_array().is_some_and(|list| !list.is_empty())
}

fn field<'v>(change: Change<'v>, name: &str) -> Change<'v> {
    change.and_then(|(old, new)| Some((old.get(name)?, new.get(name)?)))
}

fn key_text(node: &Node) -> &str {
    match &node.kind {
        NodeKind::Scalar { value, .. } => value,
        _ => "",
    }
}

/// The last line that belongs to a node: a block ends where the next line begins.
fn last_line(node: &Node) -> usize {
    if node.end.column == 0 && node.end.line > node.start.line { node.end.line - 1 } else { node.end.line }
}

/// Anchor and tag as they are written before a node.
fn properties(node: &Node) -> String {
    let anchor = node.anchor.as_ref().map(|anchor| format!("&{anchor} ")).unwrap_or_default();
    let tag = node.tag.as_ref().map(|tag| match tag.strip_prefix("tag:yaml.org,2002:") {
        Some(short) => format!("!!{short} "),
        None if tag.starts_with('!') => format!("{tag} "),
        None => format!("!<{tag}> "),
    });
    anchor + &tag.unwrap_or_default()
}

fn tag_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "!!bool ",
        Value::Number(number) if number.is_f64() => "!!float ",
        Value::Number(_) => "!!int ",
        Value::Null => "!!null ",
        _ => "",
    }
}

fn plain_or_quoted(text: &str) -> String {
    styled(text, if text.is_empty() { ScalarStyle::DoubleQuoted } else { ScalarStyle::Plain }, 0)
}

/// A scalar in a style, or the nearest that it can have, as the value of a key in that column.
fn styled(text: &str, style: ScalarStyle, indent: usize) -> String {
    let mut emitter = Emitter::new(Layout::KUSTOMIZE);
    emitter.begin_mapping(1);
    emitter.key("k");
    emitter.styled(text, style);
    emitter.end();
    let written = emitter.finish();
    let written = written.strip_prefix("k:").unwrap_or(&written);
    let written = written.strip_prefix(' ').unwrap_or(written);
    let written = written.strip_suffix('\n').unwrap_or(written);
    let spaces = " ".repeat(indent);
    let mut lines = written.split('\n');
    let mut out = lines.next().unwrap_or_default().to_owned();
    for line in lines {
        out.push('\n');
        if !line.is_empty() {
            out.push_str(&spaces);
        }
        out.push_str(line);
    }
    out
}
