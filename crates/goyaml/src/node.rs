//! The nodes of a parsed stream: what was written, before any meaning is given to it. [`crate::parse`] makes them,
//! [`crate::decode`] turns them into values.

use crate::position::Mark;

/// A node of a [`Stream`], valid for that stream only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub(crate) usize);

/// How a scalar was, or is to be, written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Without any quotes.
    Plain,
    /// `'…'`
    SingleQuoted,
    /// `"…"`
    DoubleQuoted,
    /// `|`
    Literal,
    /// `>`
    Folded,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// Text; what it means depends on style and tag.
    Scalar {
        /// The text, unescaped.
        value: String,
        /// How it was written.
        style: ScalarStyle,
        /// Whether the text's form decides its type: plain and untagged, or tagged `!`.
        implicit: bool,
    },
    /// A list.
    Sequence {
        /// Its items in order.
        items: Vec<NodeId>,
        /// Written as `[…]`.
        flow: bool,
    },
    /// A map; keys may be anything and may repeat.
    Mapping {
        /// Keys and values in order.
        entries: Vec<(NodeId, NodeId)>,
        /// Written as `{…}`.
        flow: bool,
    },
    /// `*name`
    Alias {
        /// The anchor's name.
        name: String,
        /// The node that bore the anchor when the alias was read.
        target: NodeId,
    },
}

/// One node: its content, properties and place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Its tag in long form (`tag:yaml.org,2002:str`), if it was written with one.
    pub tag: Option<String>,
    /// Its anchor's name.
    pub anchor: Option<String>,
    /// Where it starts.
    pub start: Mark,
    /// Where it ends.
    pub end: Mark,
}

/// A comment with its place; the text is without `#` and the line's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Place of the `#`.
    pub start: Mark,
    /// What follows the `#`.
    pub text: String,
    /// Whether something else precedes it on its line.
    pub trailing: bool,
}

/// One document of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentNode {
    /// The root node.
    pub root: NodeId,
    /// Whether it began with `---`.
    pub explicit_start: bool,
    /// Where it starts (the marker, if there is one).
    pub start: Mark,
    /// Where it ends.
    pub end: Mark,
}

/// A parsed text: its documents and all their nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stream {
    /// The documents in order.
    pub documents: Vec<DocumentNode>,
    /// All comments in order.
    pub comments: Vec<Comment>,
    pub(crate) nodes: Vec<Node>,
}

impl Stream {
    /// The node of an id that this stream gave out.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    /// The same, to be changed.
    pub fn node_mut(&mut self, id: NodeId) -> &mut Node {
        &mut self.nodes[id.0]
    }

    /// Adds a node that nothing refers to yet.
    pub fn add(&mut self, node: Node) -> NodeId {
        self.nodes.push(node);
        NodeId(self.nodes.len() - 1)
    }
}
