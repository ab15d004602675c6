//! Tokens to nodes: YAML's grammar. Open collections are kept in a list, so that depth costs no stack.

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

/// Each is looked through for every tag of the document.
const MAX_TAG_DIRECTIVES: usize = 100;

/// What ends the key or value of a block mapping before it has begun.
const BLOCK_ENDS: [TokenKind; 3] = [TokenKind::Key, TokenKind::Value, TokenKind::BlockEnd];

/// How an open collection is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    BlockSequence,
    UnindentedSequence,
    BlockMapping,
    FlowSequence,
    FlowMapping,
    /// One entry without braces inside a flow sequence.
    SinglePair,
}

/// A collection that is being read.
#[derive(Debug, Clone, Copy)]
struct Open {
    id: NodeId,
    form: Form,
    /// Nothing of it has been read yet.
    first: bool,
    /// A key that waits for its value.
    key: Option<NodeId>,
    /// That key is a lone word in a flow mapping, which can have no value.
    lone: bool,
}

impl Open {
    /// Takes a finished child in.
    fn accept(&mut self, child: NodeId, stream: &mut Stream) {
        match &mut stream.nodes[self.id.0].kind {
            NodeKind::Sequence { items, .. } => items.push(child),
            NodeKind::Mapping { entries, .. } => match self.key.take() {
                Some(key) => entries.push((key, child)),
                None => self.key = Some(child),
            },
            _ => {}
        }
    }
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    stream: Stream,
    anchors: HashMap<String, NodeId>,
    tag_prefixes: Vec<(String, String)>,
    budget: Budget,
    open: Vec<Open>,
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
            open: Vec::new(),
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
        let root = if explicit_start && self.at_document_boundary()? {
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
                    if handles.len() >= MAX_TAG_DIRECTIVES {
                        let message = format!("found more than {MAX_TAG_DIRECTIVES} %TAG directives");
                        return Err(Error::parser(token.start, message));
                    }
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

    /// Reads one node with everything in it. The open collections are kept in a list of our own, not on the stack.
    fn node(&mut self, place: Place) -> Result<NodeId, Error> {
        let mut finished = self.begin(place)?;
        loop {
            if let Some(id) = finished.take() {
                match self.open.last_mut() {
                    None => return Ok(id),
                    Some(open) => open.accept(id, &mut self.stream),
                }
            }
            finished = self.advance()?;
        }
    }

    /// Begins a node: a scalar or an alias is finished at once, a collection becomes the innermost open one.
    fn begin(&mut self, place: Place) -> Result<Option<NodeId>, Error> {
        let start = self.start()?;
        if let TokenKind::Alias(name) = self.kind()? {
            let name = name.clone();
            let end = self.scanner.next()?.end;
            let Some(target) = self.anchors.get(&name).copied() else {
                return Err(Error::meaning(start, format!("unknown anchor '{name}' referenced")));
            };
            let kind = NodeKind::Alias { name, target };
            return self.add(Node { kind, tag: None, anchor: None, start, end }).map(Some);
        }
        let (anchor, tag) = self.properties()?;
        let kind = self.content(place, tag.as_deref(), anchor.is_some() || tag.is_some())?;
        // A lone `!` only says that the text decides.
        let scalar = matches!(kind, NodeKind::Scalar { .. });
        let tag = tag.filter(|tag| tag != "!" || !scalar);
        let id = self.add(Node { kind, tag, anchor: anchor.clone(), start, end: start })?;
        if let Some(anchor) = anchor {
            // Registered before the children are read: an alias inside means this very node.
            self.anchors.insert(anchor, id);
        }
        if scalar {
            if matches!(self.kind()?, TokenKind::Scalar { .. }) && !self.was_empty(id) {
                let end = self.scanner.next()?.end;
                self.stream.nodes[id.0].end = end;
            }
            return Ok(Some(id));
        }
        let form = match self.kind()? {
            TokenKind::FlowSequenceStart => Form::FlowSequence,
            TokenKind::FlowMappingStart => Form::FlowMapping,
            TokenKind::BlockSequenceStart => Form::BlockSequence,
            TokenKind::BlockMappingStart => Form::BlockMapping,
            _ => Form::UnindentedSequence,
        };
        if form != Form::UnindentedSequence {
            self.scanner.next()?;
        }
        self.open(id, form)?;
        Ok(None)
    }

    fn open(&mut self, id: NodeId, form: Form) -> Result<(), Error> {
        if self.open.len() >= self.budget.depth {
            let message = format!("exceeded max depth of {}", self.budget.depth);
            return Err(Error::scanner(self.start()?, message));
        }
        self.open.push(Open { id, form, first: true, key: None, lone: false });
        Ok(())
    }

    /// Closes the innermost collection.
    fn close(&mut self, end: Mark) -> Option<NodeId> {
        let open = self.open.pop()?;
        self.stream.nodes[open.id.0].end = end;
        Some(open.id)
    }

    /// Goes one step on in the innermost collection: begins its next child or closes it.
    fn advance(&mut self) -> Result<Option<NodeId>, Error> {
        let Some(open) = self.open.last().copied() else { return Ok(None) };
        if let Some(last) = self.open.last_mut() {
            last.first = false;
        }
        match open.form {
            Form::BlockSequence => self.block_sequence(),
            Form::UnindentedSequence => self.unindented_sequence(),
            Form::BlockMapping if open.key.is_some() => {
                self.value(&BLOCK_ENDS, Place::BlockOrUnindentedSequence)
            }
            Form::BlockMapping => self.block_mapping(),
            Form::FlowSequence => self.flow_sequence(open.first),
            Form::FlowMapping if open.key.is_some() && open.lone => {
                let mark = self.start()?;
                self.empty(mark).map(Some)
            }
            Form::FlowMapping if open.key.is_some() => {
                self.value(&[TokenKind::FlowEntry, TokenKind::FlowMappingEnd], Place::Flow)
            }
            Form::FlowMapping => self.flow_mapping(open.first),
            Form::SinglePair if open.key.is_some() => {
                self.value(&[TokenKind::FlowEntry, TokenKind::FlowSequenceEnd], Place::Flow)
            }
            Form::SinglePair if open.first => {
                let ends = [TokenKind::Value, TokenKind::FlowEntry, TokenKind::FlowSequenceEnd];
                let after = self.stream.node(open.id).end;
                self.node_unless(&ends, Place::Flow, after)
            }
            Form::SinglePair => {
                let end = self.start()?;
                Ok(self.close(end))
            }
        }
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
            TokenKind::Scalar { .. } => {
                let (value, style) =
                    self.scanner.take_scalar().unwrap_or((String::new(), ScalarStyle::Plain));
                let plain = style == ScalarStyle::Plain;
                let implicit = (tag.is_none() && plain) || tag == Some("!");
                NodeKind::Scalar { value, style, implicit }
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

    /// The node after an indicator whose end is `after`, or nothing if one of `ends` comes first.
    fn node_unless(
        &mut self,
        ends: &[TokenKind],
        place: Place,
        after: Mark,
    ) -> Result<Option<NodeId>, Error> {
        if ends.contains(self.kind()?) { self.empty(after).map(Some) } else { self.begin(place) }
    }

    /// The value that belongs to the key just read.
    fn value(&mut self, ends: &[TokenKind], place: Place) -> Result<Option<NodeId>, Error> {
        if self.at(&TokenKind::Value)? {
            let after = self.scanner.next()?.end;
            return self.node_unless(ends, place, after);
        }
        let mark = self.start()?;
        self.empty(mark).map(Some)
    }

    fn block_sequence(&mut self) -> Result<Option<NodeId>, Error> {
        match self.kind()? {
            TokenKind::BlockEntry => {
                let after = self.scanner.next()?.end;
                self.node_unless(&[TokenKind::BlockEntry, TokenKind::BlockEnd], Place::Block, after)
            }
            TokenKind::BlockEnd => {
                let end = self.scanner.next()?.end;
                Ok(self.close(end))
            }
            _ => Err(Error::parser(self.start()?, "did not find expected '-' indicator")),
        }
    }

    fn unindented_sequence(&mut self) -> Result<Option<NodeId>, Error> {
        if !self.at(&TokenKind::BlockEntry)? {
            let end = self.start()?;
            return Ok(self.close(end));
        }
        let after = self.scanner.next()?.end;
        let ends = [TokenKind::BlockEntry, TokenKind::Key, TokenKind::Value, TokenKind::BlockEnd];
        self.node_unless(&ends, Place::Block, after)
    }

    fn block_mapping(&mut self) -> Result<Option<NodeId>, Error> {
        match self.kind()? {
            TokenKind::Key => {
                let after = self.scanner.next()?.end;
                self.node_unless(&BLOCK_ENDS, Place::BlockOrUnindentedSequence, after)
            }
            TokenKind::BlockEnd => {
                let end = self.scanner.next()?.end;
                Ok(self.close(end))
            }
            _ => Err(Error::parser(self.start()?, "did not find expected key")),
        }
    }

    /// Whether a flow collection ends here; otherwise the comma between its members has been passed.
    fn flow_ends(&mut self, first: bool, end: &TokenKind, message: &str) -> Result<bool, Error> {
        if !first && !self.at(end)? {
            if !self.at(&TokenKind::FlowEntry)? {
                return Err(Error::parser(self.start()?, message));
            }
            self.scanner.next()?;
        }
        self.at(end)
    }

    fn flow_sequence(&mut self, first: bool) -> Result<Option<NodeId>, Error> {
        if self.flow_ends(first, &TokenKind::FlowSequenceEnd, "did not find expected ',' or ']'")? {
            let end = self.scanner.next()?.end;
            return Ok(self.close(end));
        }
        if !self.at(&TokenKind::Key)? {
            return self.begin(Place::Flow);
        }
        // `[a: b]` is a list of one map of one entry.
        let token = self.scanner.next()?;
        let kind = NodeKind::Mapping { entries: Vec::new(), flow: true };
        let id = self.add(Node { kind, tag: None, anchor: None, start: token.start, end: token.end })?;
        self.open(id, Form::SinglePair)?;
        Ok(None)
    }

    fn flow_mapping(&mut self, first: bool) -> Result<Option<NodeId>, Error> {
        if self.flow_ends(first, &TokenKind::FlowMappingEnd, "did not find expected ',' or '}'")? {
            let end = self.scanner.next()?.end;
            return Ok(self.close(end));
        }
        let lone = !self.at(&TokenKind::Key)?;
        if let Some(open) = self.open.last_mut() {
            open.lone = lone;
        }
        if lone {
            return self.begin(Place::Flow);
        }
        let after = self.scanner.next()?.end;
        let ends = [TokenKind::Value, TokenKind::FlowEntry, TokenKind::FlowMappingEnd];
        self.node_unless(&ends, Place::Flow, after)
    }
}
