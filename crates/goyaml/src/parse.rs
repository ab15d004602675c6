//! Tokens to nodes: YAML's grammar by recursive descent, bounded by the budget's depth.

use std::collections::HashMap;

use crate::budget::Budget;
use crate::error::Error;
use crate::node::{DocumentNode, Node, NodeId, NodeKind, ScalarStyle, Stream};
use crate::position::Mark;
use crate::scan::Scanner;
use crate::scan::token::{Token, TokenKind};

/// Which kinds of collection may start where a node is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow,
    Block,
    /// The value of a block mapping: a sequence may stand at the mapping's own column.
    BlockOrUnindentedSequence,
}

/// Reads all documents of a text.
pub fn parse(text: &str, budget: &Budget) -> Result<Stream, Error> {
    let mut parser = Parser::new(text, budget)?;
    while let Some(document) = parser.document()? {
        parser.stream.documents.push(document);
    }
    Ok(parser.finish())
}

/// Reads the first document and looks at nothing behind it.
pub(crate) fn parse_first(text: &str, budget: &Budget) -> Result<Stream, Error> {
    let mut parser = Parser::new(text, budget)?;
    if let Some(document) = parser.document()? {
        parser.stream.documents.push(document);
    }
    Ok(parser.finish())
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    stream: Stream,
    anchors: HashMap<String, NodeId>,
    tag_prefixes: Vec<(String, String)>,
    budget: Budget,
    depth: usize,
    first: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, budget: &Budget) -> Result<Self, Error> {
        if text.len() > budget.input_bytes {
            return Err(Error::whole(format!("document is larger than {} bytes", budget.input_bytes)));
        }
        Ok(Self {
            scanner: Scanner::new(text, budget.depth)?,
            stream: Stream::default(),
            anchors: HashMap::new(),
            tag_prefixes: Vec::new(),
            budget: *budget,
            depth: 0,
            first: true,
        })
    }

    fn finish(mut self) -> Stream {
        self.stream.comments = std::mem::take(&mut self.scanner.comments);
        self.stream
    }

    fn kind(&mut self) -> Result<&TokenKind, Error> {
        Ok(&self.scanner.peek()?.kind)
    }

    fn at(&mut self, kind: &TokenKind) -> Result<bool, Error> {
        Ok(self.kind()? == kind)
    }

    fn start(&mut self) -> Result<Mark, Error> {
        Ok(self.scanner.peek()?.start)
    }

    fn add(&mut self, node: Node) -> Result<NodeId, Error> {
        if self.stream.nodes.len() >= self.budget.nodes {
            let message = format!("document holds more than {} values", self.budget.nodes);
            return Err(Error::meaning(node.start, message));
        }
        Ok(self.stream.add(node))
    }

    fn document(&mut self) -> Result<Option<DocumentNode>, Error> {
        if !self.first {
            // An end marker belongs to the document before.
            while self.at(&TokenKind::DocumentEnd)? {
                self.scanner.next()?;
            }
        }
        if self.at(&TokenKind::StreamEnd)? {
            return Ok(None);
        }
        self.anchors.clear();
        let start = self.start()?;
        let directives = self.directives()?;
        let explicit_start = self.at(&TokenKind::DocumentStart)?;
        if explicit_start {
            self.scanner.next()?;
        } else if directives || !self.first {
            return Err(Error::parser(self.start()?, "did not find expected <document start>"));
        }
        self.first = false;
        let root = if self.at_document_boundary()? {
            let mark = self.start()?;
            self.empty(mark)?
        } else {
            self.node(Place::Block)?
        };
        let end = self.start()?;
        // Whatever follows is looked at only when the next document is asked for, as Go does.
        Ok(Some(DocumentNode { root, explicit_start, start, end }))
    }

    fn at_document_boundary(&mut self) -> Result<bool, Error> {
        Ok(matches!(
            self.kind()?,
            TokenKind::VersionDirective { .. }
                | TokenKind::TagDirective { .. }
                | TokenKind::DocumentStart
                | TokenKind::DocumentEnd
                | TokenKind::StreamEnd
        ))
    }

    fn directives(&mut self) -> Result<bool, Error> {
        self.tag_prefixes = vec![("!".into(), "!".into()), ("!!".into(), "tag:yaml.org,2002:".into())];
        let (mut versions, mut any) = (0, false);
        let mut handles: Vec<String> = Vec::new();
        while matches!(self.kind()?, TokenKind::VersionDirective { .. } | TokenKind::TagDirective { .. }) {
            let token = self.scanner.next()?;
            any = true;
            match token.kind {
                TokenKind::VersionDirective { major, minor } => {
                    versions += 1;
                    if versions > 1 {
                        return Err(Error::parser(token.start, "found duplicate %YAML directive"));
                    }
                    if (major, minor) != (1, 1) {
                        return Err(Error::parser(token.start, "found incompatible YAML document"));
                    }
                }
                TokenKind::TagDirective { handle, prefix } => {
                    if handles.contains(&handle) {
                        return Err(Error::parser(token.start, "found duplicate %TAG directive"));
                    }
                    handles.push(handle.clone());
                    self.tag_prefixes.insert(0, (handle, prefix));
                }
                _ => {}
            }
        }
        Ok(any)
    }

    fn empty(&mut self, mark: Mark) -> Result<NodeId, Error> {
        let kind = NodeKind::Scalar { value: String::new(), style: ScalarStyle::Plain, implicit: true };
        self.add(Node { kind, tag: None, anchor: None, start: mark, end: mark })
    }

    /// An anchor and a tag in either order.
    fn properties(&mut self) -> Result<(Option<String>, Option<String>), Error> {
        let (mut anchor, mut tag) = (None, None);
        loop {
            match self.kind()? {
                TokenKind::Anchor(_) if anchor.is_none() => {
                    if let TokenKind::Anchor(name) = self.scanner.next()?.kind {
                        anchor = Some(name);
                    }
                }
                TokenKind::Tag { .. } if tag.is_none() => {
                    let token = self.scanner.next()?;
                    tag = Some(self.full_tag(token)?);
                }
                _ => return Ok((anchor, tag)),
            }
        }
    }

    fn full_tag(&self, token: Token) -> Result<String, Error> {
        let TokenKind::Tag { handle, suffix } = token.kind else { return Ok(String::new()) };
        if handle.is_empty() {
            return Ok(suffix);
        }
        match self.tag_prefixes.iter().find(|(known, _)| *known == handle) {
            Some((_, prefix)) => Ok(format!("{prefix}{suffix}")),
            None => Err(Error::parser(token.start, "found undefined tag handle")),
        }
    }

    fn node(&mut self, place: Place) -> Result<NodeId, Error> {
        self.depth += 1;
        if self.depth > self.budget.depth {
            let message = format!("exceeded max depth of {}", self.budget.depth);
            return Err(Error::scanner(self.start()?, message));
        }
        let node = self.node_within(place);
        self.depth -= 1;
        node
    }

    fn node_within(&mut self, place: Place) -> Result<NodeId, Error> {
        let start = self.start()?;
        if let TokenKind::Alias(name) = self.kind()? {
            let name = name.clone();
            let end = self.scanner.next()?.end;
            let Some(target) = self.anchors.get(&name).copied() else {
                return Err(Error::meaning(start, format!("unknown anchor '{name}' referenced")));
            };
            return self.add(Node {
                kind: NodeKind::Alias { name, target },
                tag: None,
                anchor: None,
                start,
                end,
            });
        }
        let (anchor, tag) = self.properties()?;
        let kind = self.content(place, tag.as_deref(), anchor.is_some() || tag.is_some())?;
        // A lone `!` only says that the text decides.
        let tag = tag.filter(|tag| tag != "!" || !matches!(kind, NodeKind::Scalar { .. }));
        let collection = !matches!(kind, NodeKind::Scalar { .. });
        let id = self.add(Node { kind, tag, anchor: anchor.clone(), start, end: start })?;
        if let Some(anchor) = anchor {
            // Registered before the children are read: an alias inside means this very node.
            self.anchors.insert(anchor, id);
        }
        let opening = self.scanner.peek()?.kind.clone();
        let end = if collection {
            match opening {
                TokenKind::FlowSequenceStart => self.flow_sequence(id)?,
                TokenKind::FlowMappingStart => self.flow_mapping(id)?,
                TokenKind::BlockSequenceStart => self.block_sequence(id)?,
                TokenKind::BlockMappingStart => self.block_mapping(id)?,
                _ => self.unindented_sequence(id)?,
            }
        } else if matches!(opening, TokenKind::Scalar { .. }) && !self.was_empty(id) {
            self.scanner.next()?.end
        } else {
            start
        };
        self.stream.nodes[id.0].end = end;
        Ok(id)
    }

    /// Whether the scalar was made up where nothing was written: it has no token of its own.
    fn was_empty(&self, id: NodeId) -> bool {
        matches!(&self.stream.nodes[id.0].kind, NodeKind::Scalar { value, style: ScalarStyle::Plain, .. } if value.is_empty())
    }

    /// What the coming token makes of the node. Scalars and collections leave their token in place.
    fn content(&mut self, place: Place, tag: Option<&str>, has_properties: bool) -> Result<NodeKind, Error> {
        let block = place != Place::Flow;
        Ok(match self.kind()? {
            TokenKind::BlockEntry if place == Place::BlockOrUnindentedSequence => {
                NodeKind::Sequence { items: Vec::new(), flow: false }
            }
            TokenKind::Scalar { value, style } => {
                let plain = *style == ScalarStyle::Plain;
                let implicit = (tag.is_none() && plain) || tag == Some("!");
                NodeKind::Scalar { value: value.clone(), style: *style, implicit }
            }
            TokenKind::FlowSequenceStart => NodeKind::Sequence { items: Vec::new(), flow: true },
            TokenKind::FlowMappingStart => NodeKind::Mapping { entries: Vec::new(), flow: true },
            TokenKind::BlockSequenceStart if block => NodeKind::Sequence { items: Vec::new(), flow: false },
            TokenKind::BlockMappingStart if block => NodeKind::Mapping { entries: Vec::new(), flow: false },
            _ if has_properties => {
                let implicit = tag.is_none() || tag == Some("!");
                NodeKind::Scalar { value: String::new(), style: ScalarStyle::Plain, implicit }
            }
            _ => return Err(Error::parser(self.start()?, "did not find expected node content")),
        })
    }

    fn push_item(&mut self, id: NodeId, item: NodeId) {
        if let NodeKind::Sequence { items, .. } = &mut self.stream.nodes[id.0].kind {
            items.push(item);
        }
    }

    fn push_entry(&mut self, id: NodeId, key: NodeId, value: NodeId) {
        if let NodeKind::Mapping { entries, .. } = &mut self.stream.nodes[id.0].kind {
            entries.push((key, value));
        }
    }

    /// The value after an indicator whose end is `after`, or nothing if one of `ends` comes first.
    fn node_unless(&mut self, ends: &[TokenKind], place: Place, after: Mark) -> Result<NodeId, Error> {
        if ends.contains(self.kind()?) { self.empty(after) } else { self.node(place) }
    }

    fn block_sequence(&mut self, id: NodeId) -> Result<Mark, Error> {
        self.scanner.next()?;
        loop {
            match self.kind()? {
                TokenKind::BlockEntry => {
                    let after = self.scanner.next()?.end;
                    let ends = [TokenKind::BlockEntry, TokenKind::BlockEnd];
                    let item = self.node_unless(&ends, Place::Block, after)?;
                    self.push_item(id, item);
                }
                TokenKind::BlockEnd => return Ok(self.scanner.next()?.end),
                _ => return Err(Error::parser(self.start()?, "did not find expected '-' indicator")),
            }
        }
    }

    fn unindented_sequence(&mut self, id: NodeId) -> Result<Mark, Error> {
        while self.at(&TokenKind::BlockEntry)? {
            let after = self.scanner.next()?.end;
            let ends = [TokenKind::BlockEntry, TokenKind::Key, TokenKind::Value, TokenKind::BlockEnd];
            let item = self.node_unless(&ends, Place::Block, after)?;
            self.push_item(id, item);
        }
        self.start()
    }

    fn block_mapping(&mut self, id: NodeId) -> Result<Mark, Error> {
        self.scanner.next()?;
        let ends = [TokenKind::Key, TokenKind::Value, TokenKind::BlockEnd];
        loop {
            let key = match self.kind()? {
                TokenKind::Key => {
                    let after = self.scanner.next()?.end;
                    self.node_unless(&ends, Place::BlockOrUnindentedSequence, after)?
                }
                TokenKind::Value => {
                    let mark = self.start()?;
                    self.empty(mark)?
                }
                TokenKind::BlockEnd => return Ok(self.scanner.next()?.end),
                _ => return Err(Error::parser(self.start()?, "did not find expected key")),
            };
            let value = if self.at(&TokenKind::Value)? {
                let after = self.scanner.next()?.end;
                self.node_unless(&ends, Place::BlockOrUnindentedSequence, after)?
            } else {
                let mark = self.start()?;
                self.empty(mark)?
            };
            self.push_entry(id, key, value);
        }
    }

    fn flow_sequence(&mut self, id: NodeId) -> Result<Mark, Error> {
        self.scanner.next()?;
        let mut first = true;
        while !self.at(&TokenKind::FlowSequenceEnd)? {
            if !first {
                self.flow_separator("did not find expected ',' or ']'")?;
                if self.at(&TokenKind::FlowSequenceEnd)? {
                    break;
                }
            }
            first = false;
            let item = if self.at(&TokenKind::Key)? { self.single_pair()? } else { self.node(Place::Flow)? };
            self.push_item(id, item);
        }
        Ok(self.scanner.next()?.end)
    }

    fn flow_separator(&mut self, message: &str) -> Result<(), Error> {
        if !self.at(&TokenKind::FlowEntry)? {
            return Err(Error::parser(self.start()?, message));
        }
        self.scanner.next()?;
        Ok(())
    }

    /// `[a: b]` is a list of one map of one entry.
    fn single_pair(&mut self) -> Result<NodeId, Error> {
        let token = self.scanner.next()?;
        let kind = NodeKind::Mapping { entries: Vec::new(), flow: true };
        let id = self.add(Node { kind, tag: None, anchor: None, start: token.start, end: token.end })?;
        let key_ends = [TokenKind::Value, TokenKind::FlowEntry, TokenKind::FlowSequenceEnd];
        let key = self.node_unless(&key_ends, Place::Flow, token.end)?;
        let value = self.flow_value(&[TokenKind::FlowEntry, TokenKind::FlowSequenceEnd])?;
        self.push_entry(id, key, value);
        Ok(id)
    }

    fn flow_value(&mut self, ends: &[TokenKind]) -> Result<NodeId, Error> {
        if self.at(&TokenKind::Value)? {
            let after = self.scanner.next()?.end;
            return self.node_unless(ends, Place::Flow, after);
        }
        let mark = self.start()?;
        self.empty(mark)
    }

    fn flow_mapping(&mut self, id: NodeId) -> Result<Mark, Error> {
        self.scanner.next()?;
        let mut first = true;
        while !self.at(&TokenKind::FlowMappingEnd)? {
            if !first {
                self.flow_separator("did not find expected ',' or '}'")?;
                if self.at(&TokenKind::FlowMappingEnd)? {
                    break;
                }
            }
            first = false;
            let ends = [TokenKind::FlowEntry, TokenKind::FlowMappingEnd];
            let (key, value) = if self.at(&TokenKind::Key)? {
                let after = self.scanner.next()?.end;
                let key_ends = [TokenKind::Value, TokenKind::FlowEntry, TokenKind::FlowMappingEnd];
                let key = self.node_unless(&key_ends, Place::Flow, after)?;
                (key, self.flow_value(&ends)?)
            } else if self.at(&TokenKind::Value)? {
                let mark = self.start()?;
                (self.empty(mark)?, self.flow_value(&ends)?)
            } else {
                let key = self.node(Place::Flow)?;
                let mark = self.start()?;
                (key, self.empty(mark)?)
            };
            self.push_entry(id, key, value);
        }
        Ok(self.scanner.next()?.end)
    }
}
