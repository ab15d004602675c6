//! Reads a template's text into syntax trees: one for the text and one for each `define` and `block` in it.
//!
//! Neighbors: `lexer.rs` cuts the tokens, `expression.rs` reads what stands inside an action, `ast.rs` is the result.
//! Variables become slots of a frame and function names become the functions, so that execution looks nothing up.

pub(crate) mod ast;
mod expression;
mod lexer;
pub(crate) mod number;
pub(crate) mod show;
pub(crate) mod unquote;

use std::collections::HashMap;
use std::sync::Arc;

use self::ast::{Branch, Command, Loop, Node, Operand, Pipe, Place, Source, Template};
use self::lexer::{Keyword, Kind, Token, Tokens};
use crate::error::Error;
use crate::functions::Functions;
use crate::limits::stack_position;
use crate::print::quoted;

/// Stack that reading may use. Real templates nest a few dozen blocks; this allows many hundred.
const MAX_STACK: usize = 512 << 10;

/// Parses a text. The last template is the text itself; the others are its definitions in order.
pub(crate) fn parse(name: &Arc<str>, text: &str, functions: &Functions) -> Result<Vec<Arc<Template>>, Error> {
    // Places are 32 bits wide; a text beyond that is no template.
    if u32::try_from(text.len()).is_err() {
        return Err(Error::Parse { name: name.clone(), line: 1, message: "text too long".to_owned() });
    }
    let source = Arc::new(Source { name: name.clone(), text: text.into() });
    let mut parser = Parser {
        tokens: lexer::tokenize(text),
        next: 0,
        furthest: 0,
        functions,
        source: &source,
        scope: Scope::new(),
        last_id: 0,
        loops: 0,
        action_line: 0,
        stack_top: stack_position(),
        done: Vec::new(),
        nodes: Vec::new(),
        commands: Vec::new(),
        operands: Vec::new(),
        names: HashMap::new(),
    };
    match parser.text() {
        Ok(()) => Ok(parser.done),
        Err(message) => {
            let line = parser.tokens.list[parser.furthest].line as usize;
            Err(Error::Parse { name: name.clone(), line, message })
        }
    }
}

/// The line of an error is that of the furthest token read, as in Go; so a message alone is enough here.
type Parsed<T> = Result<T, String>;

/// The variables visible at a point of a template.
struct Scope {
    /// The names by slot, and whether there will be no such variable, which Go finds out when it executes.
    visible: Vec<(Arc<str>, bool)>,
    /// Named on the left of the declaration being read: usable only once it is over.
    pending: Vec<Arc<str>>,
    most: usize,
}

/// The slot of a variable that Go would find undefined only when it executes.
pub(crate) const UNDEFINED: usize = usize::MAX;

impl Scope {
    fn new() -> Scope {
        Scope { visible: vec![("$".into(), false)], pending: Vec::new(), most: 1 }
    }

    fn find(&self, name: &str) -> Option<(Arc<str>, usize)> {
        let visible = &self.visible;
        if let Some(slot) = visible.iter().rposition(|(visible, undefined)| &**visible == name && !undefined)
        {
            return Some((visible[slot].0.clone(), slot));
        }
        if let Some((name, _)) = visible.iter().find(|(visible, _)| &**visible == name) {
            return Some((name.clone(), UNDEFINED));
        }
        let pending = self.pending.iter().find(|pending| &***pending == name)?;
        Some((pending.clone(), UNDEFINED))
    }

    fn declare(&mut self, name: Arc<str>) -> usize {
        self.visible.push((name, false));
        self.most = self.most.max(self.visible.len());
        self.visible.len() - 1
    }

    /// The variables from a slot on are those of a block that is over. Its else branch may name them all the same.
    fn leave_body(&mut self, from: usize) {
        self.visible[from..].iter_mut().for_each(|(_, undefined)| *undefined = true);
    }

    /// A name that is assigned to without a declaration can be read from then on, as far as reading the text goes.
    fn assign_undefined(&mut self, name: Arc<str>) -> usize {
        self.visible.push((name, true));
        UNDEFINED
    }
}

struct Parser<'p> {
    tokens: Tokens<'p>,
    next: usize,
    furthest: usize,
    functions: &'p Functions,
    source: &'p Arc<Source>,
    scope: Scope,
    last_id: u32,
    loops: usize,
    action_line: u32,
    stack_top: usize,
    done: Vec<Arc<Template>>,
    /// Lists that are being read, each behind those that it is inside of ([`cut`]).
    nodes: Vec<Node>,
    commands: Vec<Command>,
    operands: Vec<Operand>,
    /// The names that were read: most come again and again.
    names: HashMap<&'p str, Arc<str>>,
}

/// Takes a list that is over, which began at this length, out of the lists that are being read.
fn cut<T>(lists: &mut Vec<T>, from: usize) -> Box<[T]> {
    lists.drain(from..).collect()
}

/// What ended a list of nodes.
enum Ending {
    End,
    /// An else; an `if` or `with` right behind it is still to be read.
    Else,
}

/// The branches of an if or with, and its last else.
type Branches = (Box<[Branch]>, Box<[Node]>);

enum Item {
    Node(Node),
    Ending(Ending),
}

impl<'p> Parser<'p> {
    fn next(&mut self) -> Token<'p> {
        let token = self.peek();
        self.next += 1;
        token
    }

    fn peek(&mut self) -> Token<'p> {
        // The last token is never passed: after the end there is only the end.
        self.next = self.next.min(self.tokens.list.len() - 1);
        self.furthest = self.furthest.max(self.next);
        self.tokens.list[self.next]
    }

    fn next_word(&mut self) -> Token<'p> {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_word(&mut self) -> Token<'p> {
        let token = self.next_word();
        self.next -= 1;
        token
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Parsed<Token<'p>> {
        let token = self.next_word();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(&token, context)) }
    }

    fn unexpected(&self, token: &Token<'_>, context: &str) -> String {
        if token.kind != Kind::Error {
            return format!("unexpected {} in {context}", token.show());
        }
        let message = self.tokens.error.clone();
        if self.action_line == 0 || self.action_line == token.line {
            return message;
        }
        let action = if message.ends_with(" action") { "" } else { " in action" };
        format!("{message}{action} started at {}:{}", self.source.name, self.action_line)
    }

    fn place(&mut self, offset: u32) -> Place {
        self.last_id += 1;
        Place { offset, id: self.last_id }
    }

    /// The one copy of a name.
    fn name(&mut self, text: &'p str) -> Arc<str> {
        Arc::clone(self.names.entry(text).or_insert_with(|| text.into()))
    }

    fn check_depth(&self) -> Parsed<()> {
        if self.stack_top.abs_diff(stack_position()) > MAX_STACK {
            return Err("max expression depth exceeded".to_owned());
        }
        Ok(())
    }

    fn text(&mut self) -> Parsed<()> {
        loop {
            let token = self.peek();
            if token.kind == Kind::End {
                break;
            }
            if token.kind == Kind::LeftDelimiter {
                let before = self.next;
                self.next();
                if self.next_word().kind == Kind::Keyword(Keyword::Define) {
                    self.definition()?;
                    continue;
                }
                self.next = before;
            }
            match self.item()? {
                Item::Node(node) => self.nodes.push(node),
                Item::Ending(Ending::End) => return Err("unexpected {{end}}".to_owned()),
                Item::Ending(Ending::Else) => return Err("unexpected {{else}}".to_owned()),
            }
        }
        let name = self.source.name.clone();
        let body = cut(&mut self.nodes, 0);
        self.add(name, body)
    }

    fn add(&mut self, name: Arc<str>, body: Box<[Node]>) -> Parsed<()> {
        let slots = self.scope.most;
        let template = Template { name, source: self.source.clone(), body, slots };
        let same = self.done.iter().position(|other| other.name == template.name);
        match same {
            None => self.done.push(Arc::new(template)),
            Some(at) if self.done[at].is_empty() => self.done[at] = Arc::new(template),
            Some(_) if template.is_empty() => {}
            Some(_) => {
                return Err(format!("template: multiple definition of template {}", quoted(&template.name)));
            }
        }
        Ok(())
    }

    fn definition(&mut self) -> Parsed<()> {
        let token = self.next_word();
        let name = self.template_name(&token, "define clause")?;
        self.expect(Kind::RightDelimiter, "define clause")?;
        self.separate(name, "define clause")
    }

    /// Reads the body of a define or block, which sees no outer variables.
    fn separate(&mut self, name: Arc<str>, context: &str) -> Parsed<()> {
        self.check_depth()?;
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        let loops = std::mem::take(&mut self.loops);
        let (body, ending) = self.items()?;
        if matches!(ending, Ending::Else) {
            return Err(format!("unexpected {{{{else}}}} in {context}"));
        }
        self.add(name, body)?;
        self.scope = outer;
        self.loops = loops;
        Ok(())
    }

    fn template_name(&mut self, token: &Token<'_>, context: &str) -> Parsed<Arc<str>> {
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        let name = unquote::unquote(token.text).ok_or("invalid syntax")?;
        Ok(name.to_string().into())
    }

    fn items(&mut self) -> Parsed<(Box<[Node]>, Ending)> {
        let from = self.nodes.len();
        while self.peek_word().kind != Kind::End {
            match self.item()? {
                Item::Node(node) => self.nodes.push(node),
                Item::Ending(ending) => return Ok((cut(&mut self.nodes, from), ending)),
            }
        }
        Err("unexpected EOF".to_owned())
    }

    fn item(&mut self) -> Parsed<Item> {
        let token = self.next_word();
        match token.kind {
            Kind::Text => {
                let start = token.offset as usize;
                Ok(Item::Node(Node::Text(start..start + token.text.len())))
            }
            Kind::LeftDelimiter => {
                self.action_line = token.line;
                let item = self.action()?;
                self.action_line = 0;
                Ok(item)
            }
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Parsed<Item> {
        self.check_depth()?;
        let token = self.next_word();
        let Kind::Keyword(keyword) = token.kind else {
            self.next -= 1;
            let place = self.place(token.offset);
            let pipe = self.pipeline("command", Kind::RightDelimiter)?;
            return Ok(Item::Node(Node::Action(pipe, place)));
        };
        let node = match keyword {
            Keyword::Block => self.block()?,
            Keyword::Break => {
                self.loop_control("{{break}}")?;
                Node::Break
            }
            Keyword::Continue => {
                self.loop_control("{{continue}}")?;
                Node::Continue
            }
            Keyword::Else => {
                let next = self.peek_word().kind;
                if !matches!(next, Kind::Keyword(Keyword::If | Keyword::With)) {
                    self.expect(Kind::RightDelimiter, "else")?;
                }
                return Ok(Item::Ending(Ending::Else));
            }
            Keyword::End => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Keyword::If => {
                let (branches, otherwise) = self.branches("if", Keyword::If)?;
                Node::If { branches, otherwise }
            }
            Keyword::With => {
                let (branches, otherwise) = self.branches("with", Keyword::With)?;
                Node::With { branches, otherwise }
            }
            Keyword::Range => self.range()?,
            Keyword::Template => self.template()?,
            Keyword::Define => {
                self.next -= 1;
                let token = self.next();
                return Err(self.unexpected(&token, "command"));
            }
        };
        Ok(Item::Node(node))
    }

    fn loop_control(&mut self, keyword: &str) -> Parsed<()> {
        self.expect(Kind::RightDelimiter, keyword)?;
        if self.loops == 0 {
            return Err(format!("{keyword} outside {{{{range}}}}"));
        }
        Ok(())
    }

    /// The branches of an if or with, up to its end, and what is behind its last else.
    fn branches(&mut self, context: &str, keyword: Keyword) -> Parsed<Branches> {
        let outer = self.scope.visible.len();
        let mut branches = Vec::new();
        let mut otherwise = Box::default();
        loop {
            let pipe = self.pipeline(context, Kind::RightDelimiter)?;
            let place = self.place(pipe.place.offset);
            let inner = self.scope.visible.len();
            let (body, ending) = self.items()?;
            // Variables of the condition stay in the else branches, those of the body don't.
            self.scope.leave_body(inner);
            branches.push(Branch { place, pipe, body });
            if matches!(ending, Ending::End) {
                break;
            }
            if self.peek_word().kind == Kind::Keyword(keyword) {
                self.next_word();
                continue;
            }
            otherwise = self.last_else()?;
            break;
        }
        self.scope.visible.truncate(outer);
        Ok((branches.into(), otherwise))
    }

    fn last_else(&mut self) -> Parsed<Box<[Node]>> {
        let (body, ending) = self.items()?;
        match ending {
            Ending::End => Ok(body),
            Ending::Else => Err("expected end; found {{else}}".to_owned()),
        }
    }

    fn range(&mut self) -> Parsed<Node> {
        let outer = self.scope.visible.len();
        let pipe = self.pipeline("range", Kind::RightDelimiter)?;
        let place = self.place(pipe.place.offset);
        let inner = self.scope.visible.len();
        self.loops += 1;
        let (body, ending) = self.items()?;
        self.loops -= 1;
        self.scope.leave_body(inner);
        let otherwise = match ending {
            Ending::End => Box::default(),
            Ending::Else => self.last_else()?,
        };
        self.scope.visible.truncate(outer);
        Ok(Node::Range(Box::new(Loop { place, pipe, body, otherwise })))
    }

    fn template(&mut self) -> Parsed<Node> {
        let token = self.next_word();
        let name = self.template_name(&token, "template clause")?;
        let pipe = if self.peek_word().kind == Kind::RightDelimiter {
            self.next_word();
            None
        } else {
            Some(self.pipeline("template clause", Kind::RightDelimiter)?)
        };
        Ok(self.invocation(&token, name, pipe))
    }

    fn block(&mut self) -> Parsed<Node> {
        let token = self.next_word();
        let name = self.template_name(&token, "block clause")?;
        let pipe = self.pipeline("block clause", Kind::RightDelimiter)?;
        self.separate(name.clone(), "block clause")?;
        Ok(self.invocation(&token, name, Some(pipe)))
    }

    fn invocation(&mut self, token: &Token<'_>, name: Arc<str>, pipe: Option<Pipe>) -> Node {
        let place = self.place(token.offset);
        Node::Template { place, quoted: quoted(&name).into(), name, pipe }
    }
}
