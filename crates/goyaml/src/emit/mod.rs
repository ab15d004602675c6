//! Values to text. An [`Emitter`] is told what to write in order; [`Emit`] lets any value type tell it.
//!
//! [`analyze`] decides on styles, [`scalar`] writes them, [`order`] sorts keys.

mod analyze;
mod order;
mod scalar;

use serde_json::Value;

pub use analyze::needs_quotes;
pub use order::{KeyOrder, natural_order, sort_naturally};

use crate::node::ScalarStyle;
use crate::number::{format_general, format_json};

/// The differences between Go's YAML writers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Whether a list is indented below its key.
    pub indent_sequences: bool,
    /// Column after which plain and quoted text is folded at a space.
    pub width: usize,
    /// Whether text with tabs may be a literal block.
    pub tabs_in_literals: bool,
    /// The order of a map's keys.
    pub key_order: KeyOrder,
    /// Whether floats take the way through JSON text, so that `1000000.0` is `1000000` and not `1e+06`.
    pub floats_through_json: bool,
}

impl Layout {
    /// sigs.k8s.io/yaml: what `toYaml`, kubectl and Argo CD write.
    pub const KUBERNETES: Self = Self {
        indent_sequences: false,
        width: 80,
        tabs_in_literals: false,
        key_order: KeyOrder::V2,
        floats_through_json: true,
    };
    /// go-yaml v3 with an indentation of two: what `toYamlPretty` writes.
    pub const PRETTY: Self = Self {
        indent_sequences: true,
        width: usize::MAX,
        tabs_in_literals: true,
        key_order: KeyOrder::V3,
        floats_through_json: false,
    };
    /// go-yaml v3 with lists at their key's column: what Kustomize writes.
    pub const KUSTOMIZE: Self = Self { indent_sequences: false, ..Self::PRETTY };
}

/// A value that can be written as YAML.
pub trait Emit {
    /// Tells the emitter one node: a scalar, or a collection from its begin to its end.
    fn emit(&self, emitter: &mut Emitter);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Collection {
    Sequence,
    Mapping,
    /// Written already as `[]` or `{}`.
    Empty,
}

#[derive(Debug)]
struct Frame {
    collection: Collection,
    /// The indentation outside.
    indent: Option<usize>,
    /// A mapping's key has been written and its value hasn't; whether the key was a simple one.
    pending: Option<bool>,
}

/// Writes one document. Tell it scalars and collections in order; a mapping's entries are each a
/// [`key`](Self::key) followed by a value.
#[derive(Debug)]
pub struct Emitter {
    layout: Layout,
    out: String,
    column: usize,
    indent: Option<usize>,
    /// Whether the last thing written separates words.
    white_space: bool,
    /// Whether the line holds nothing but indentation and `-`, `?`, `:` so far.
    indention: bool,
    frames: Vec<Frame>,
}

const INDENT: usize = 2;

impl Emitter {
    /// An empty document.
    pub fn new(layout: Layout) -> Self {
        Self {
            layout,
            out: String::new(),
            column: 0,
            indent: None,
            white_space: true,
            indention: true,
            frames: Vec::new(),
        }
    }

    /// The layout it was made with.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Ends the document with a newline and hands out its text.
    pub fn finish(mut self) -> String {
        self.indent = None;
        self.write_indent();
        self.out
    }

    /// Bytes written so far, for whoever keeps a limit.
    pub fn written(&self) -> usize {
        self.out.len()
    }

    /// `null`
    pub fn null(&mut self) {
        self.bare("null");
    }

    /// `true` or `false`
    pub fn boolean(&mut self, value: bool) {
        self.bare(if value { "true" } else { "false" });
    }

    /// A whole number.
    pub fn integer(&mut self, value: i64) {
        self.bare(&value.to_string());
    }

    /// A whole number without sign.
    pub fn unsigned(&mut self, value: u64) {
        self.bare(&value.to_string());
    }

    /// A floating point number, in the way that the layout demands.
    pub fn float(&mut self, value: f64) {
        let whole = if self.layout.floats_through_json { format_json(value) } else { None }
            .filter(|text| text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok());
        match whole {
            Some(text) if text == "-0" => self.bare("0"),
            Some(text) => self.bare(&text),
            None => self.bare(&format_general(value)),
        }
    }

    /// Text, quoted if it must be.
    pub fn string(&mut self, text: &str) {
        self.styled(text, analyze::style_of_string(text));
    }

    /// Text in a given style, or the nearest that can hold it. Nothing checks that plain text stays text.
    pub fn styled(&mut self, text: &str, style: ScalarStyle) {
        self.begin_node();
        self.scalar(text, style, false);
    }

    /// Something that is its own text: a number, a word.
    pub fn bare(&mut self, text: &str) {
        self.styled(text, ScalarStyle::Plain);
    }

    /// The key of the mapping's next entry. Keys are written in the order they come in.
    pub fn key(&mut self, text: &str) {
        self.styled_key(text, analyze::style_of_string(text));
    }

    /// A key in a given style, or the nearest that can hold it.
    pub fn styled_key(&mut self, text: &str, style: ScalarStyle) {
        self.write_indent();
        let simple = !analyze::analyze(text, self.layout).multiline && text.len() <= 128;
        if !simple {
            self.indicator("?", true, false, true);
        }
        self.scalar(text, style, simple);
        if let Some(frame) = self.frames.last_mut() {
            frame.pending = Some(simple);
        }
    }

    /// Begins a list of so many items.
    pub fn begin_sequence(&mut self, length: usize) {
        let in_mapping = self.begin_node();
        if length == 0 {
            return self.empty("[", "]");
        }
        let at_key = in_mapping && !self.indention && !self.layout.indent_sequences;
        self.push(Collection::Sequence, !at_key);
    }

    /// Begins a map of so many entries.
    pub fn begin_mapping(&mut self, length: usize) {
        self.begin_node();
        if length == 0 {
            return self.empty("{", "}");
        }
        self.push(Collection::Mapping, true);
    }

    /// Ends the innermost list or map.
    pub fn end(&mut self) {
        if let Some(frame) = self.frames.pop() {
            self.indent = frame.indent;
        }
    }

    fn empty(&mut self, open: &str, close: &str) {
        self.indicator(open, true, true, false);
        self.indicator(close, false, false, false);
        self.frames.push(Frame { collection: Collection::Empty, indent: self.indent, pending: None });
    }

    fn push(&mut self, collection: Collection, deeper: bool) {
        self.frames.push(Frame { collection, indent: self.indent, pending: None });
        self.indent = match self.indent {
            None => Some(0),
            Some(indent) if deeper => Some(indent + INDENT),
            same => same,
        };
    }

    /// Writes what stands before a node: `-` or `:`. Says whether the node is a mapping's value.
    fn begin_node(&mut self) -> bool {
        match self.frames.last_mut() {
            Some(Frame { collection: Collection::Sequence, .. }) => {
                self.write_indent();
                self.indicator("-", true, false, true);
                false
            }
            Some(Frame { collection: Collection::Mapping, pending, .. }) => {
                if pending.take().unwrap_or(true) {
                    self.indicator(":", false, false, false);
                } else {
                    self.write_indent();
                    self.indicator(":", true, false, true);
                }
                true
            }
            _ => false,
        }
    }

    fn scalar(&mut self, text: &str, wanted: ScalarStyle, key: bool) {
        let style = analyze::analyze(text, self.layout).nearest(wanted, text, key);
        let outer = self.indent;
        self.indent = Some(outer.map_or(INDENT, |indent| indent + INDENT));
        match style {
            ScalarStyle::Plain => self.plain(text, !key),
            ScalarStyle::SingleQuoted => self.single_quoted(text, !key),
            ScalarStyle::DoubleQuoted => self.double_quoted(text, !key),
            ScalarStyle::Literal => self.literal(text),
            ScalarStyle::Folded => self.folded(text),
        }
        self.indent = outer;
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        self.column += 1;
    }

    fn put_str(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn new_line(&mut self) {
        self.out.push('\n');
        self.column = 0;
    }

    fn write_indent(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.white_space) {
            self.new_line();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.white_space = true;
        self.indention = true;
    }

    fn indicator(&mut self, text: &str, needs_space: bool, white_space: bool, indention: bool) {
        if needs_space && !self.white_space {
            self.put(' ');
        }
        self.put_str(text);
        self.white_space = white_space;
        self.indention &= indention;
    }
}

impl Emit for Value {
    fn emit(&self, emitter: &mut Emitter) {
        match self {
            Value::Null => emitter.null(),
            Value::Bool(value) => emitter.boolean(*value),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(value), ..) => emitter.integer(value),
                (_, Some(value), _) => emitter.unsigned(value),
                (.., value) => emitter.float(value.unwrap_or(f64::NAN)),
            },
            Value::String(text) => emitter.string(text),
            Value::Array(items) => {
                emitter.begin_sequence(items.len());
                items.iter().for_each(|item| item.emit(emitter));
                emitter.end();
            }
            Value::Object(map) => {
                emitter.begin_mapping(map.len());
                for (key, value) in
                    emitter.layout.key_order.sort(map.iter().collect(), &|(key, _)| key.as_str())
                {
                    emitter.key(key);
                    value.emit(emitter);
                }
                emitter.end();
            }
        }
    }
}
