//! Text to tokens. Indentation becomes start and end tokens here, and a `:` that makes a key of something already
//! passed is resolved by inserting the key's token where it began.
//!
//! [`cursor`] moves through the text; [`plain`], [`quoted`], [`block`] and [`property`] read one kind of token each.

mod block;
pub(crate) mod cursor;
mod plain;
mod property;
mod quoted;
pub(crate) mod token;

use std::collections::VecDeque;

use crate::error::Error;
use crate::node::{Comment, ScalarStyle};
use crate::position::Mark;
use cursor::{Cursor, END, is_blank_or_end, is_break};
use token::{Token, TokenKind};

/// Something that may turn out to be a key, if a `:` follows on the same line within 1024 characters.
#[derive(Debug, Clone, Copy)]
struct SimpleKey {
    token: usize,
    /// At the column of a block mapping nothing but a key can stand.
    required: bool,
    mark: Mark,
    passed: usize,
}

/// Makes tokens on demand.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    cursor: Cursor<'a>,
    queue: VecDeque<Token>,
    /// Tokens already handed out, so that the queue's first has this number.
    taken: usize,
    finished: bool,
    /// Columns of the open block collections, the innermost last; -1 outside of any.
    indents: Vec<isize>,
    indent: isize,
    /// A candidate per flow level, the block level first.
    keys: Vec<Option<SimpleKey>>,
    key_allowed: bool,
    depth: usize,
    pub(crate) comments: Vec<Comment>,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, depth: usize) -> Result<Self, Error> {
        Ok(Self {
            cursor: Cursor::new(text)?,
            queue: VecDeque::new(),
            taken: 0,
            finished: false,
            indents: Vec::new(),
            indent: -1,
            keys: vec![None],
            key_allowed: true,
            depth,
            comments: Vec::new(),
        })
    }

    /// The next token, which stays. After the end of the stream that token stays for good.
    pub(crate) fn peek(&mut self) -> Result<&Token, Error> {
        while self.needs_more()? {
            self.fetch()?;
        }
        // `needs_more` holds while the queue is empty, so there is a first one.
        self.queue.front().ok_or_else(|| Error::whole("did not find expected <stream-end>"))
    }

    /// Takes the text out of the next token, a scalar, which itself stays.
    pub(crate) fn take_scalar(&mut self) -> Option<(String, ScalarStyle)> {
        match &mut self.queue.front_mut()?.kind {
            TokenKind::Scalar { value, style } => Some((std::mem::take(value), *style)),
            _ => None,
        }
    }

    /// Takes the next token.
    pub(crate) fn next(&mut self) -> Result<Token, Error> {
        if self.peek()?.kind == TokenKind::StreamEnd {
            return self.peek().cloned();
        }
        self.taken += 1;
        // `peek` has seen to it that there is a first one.
        self.queue.pop_front().ok_or_else(|| Error::whole("did not find expected <stream-end>"))
    }

    fn needs_more(&mut self) -> Result<bool, Error> {
        if self.queue.is_empty() {
            return Ok(!self.finished);
        }
        // The head may still become a key: then its key token has to come first.
        for level in 0..self.keys.len() {
            if self.keys[level].is_some_and(|key| key.token == self.taken) && self.key_is_valid(level)? {
                return Ok(!self.finished);
            }
        }
        Ok(false)
    }

    fn flow(&self) -> bool {
        self.keys.len() > 1
    }

    fn column(&self) -> isize {
        isize::try_from(self.cursor.mark().column).unwrap_or(isize::MAX)
    }

    fn fetch(&mut self) -> Result<(), Error> {
        self.skip_to_token();
        self.unroll(self.column());
        let c = self.cursor.peek();
        let next = self.cursor.peek_at(1);
        let ends = is_blank_or_end(next);
        if c == END {
            return self.fetch_stream_end();
        }
        if self.cursor.mark().column == 0 && c == '%' {
            return self.fetch_directive();
        }
        for (marker, kind) in [("---", TokenKind::DocumentStart), ("...", TokenKind::DocumentEnd)] {
            if self.cursor.at_marker(marker) {
                return self.fetch_document_marker(kind);
            }
        }
        match c {
            '[' => self.fetch_flow_start(TokenKind::FlowSequenceStart),
            '{' => self.fetch_flow_start(TokenKind::FlowMappingStart),
            ']' => self.fetch_flow_end(TokenKind::FlowSequenceEnd),
            '}' => self.fetch_flow_end(TokenKind::FlowMappingEnd),
            ',' => {
                self.remove_key()?;
                self.key_allowed = true;
                self.single(TokenKind::FlowEntry);
                Ok(())
            }
            '-' if ends => self.fetch_block_entry(),
            '?' if self.flow() || ends => self.fetch_key(),
            ':' if self.flow() || ends => self.fetch_value(),
            '*' | '&' => {
                self.save_key()?;
                self.key_allowed = false;
                let token = property::anchor(&mut self.cursor)?;
                self.queue.push_back(token);
                Ok(())
            }
            '!' => {
                self.save_key()?;
                self.key_allowed = false;
                let token = property::tag(&mut self.cursor)?;
                self.queue.push_back(token);
                Ok(())
            }
            '|' | '>' if !self.flow() => {
                self.remove_key()?;
                self.key_allowed = true;
                let token = block::scan(&mut self.cursor, self.indent, &mut self.comments)?;
                self.queue.push_back(token);
                Ok(())
            }
            '\'' | '"' => {
                self.save_key()?;
                self.key_allowed = false;
                let token = quoted::scan(&mut self.cursor)?;
                self.queue.push_back(token);
                Ok(())
            }
            _ if plain::may_start(c, next, self.flow()) => {
                self.save_key()?;
                self.key_allowed = false;
                let flow = self.flow();
                let (token, broke) = plain::scan(&mut self.cursor, self.indent, flow)?;
                self.queue.push_back(token);
                self.key_allowed |= broke;
                Ok(())
            }
            _ => Err(Error::scanner(self.cursor.mark(), "found character that cannot start any token")),
        }
    }

    fn skip_to_token(&mut self) {
        loop {
            // A tab may separate tokens but not indent what could be a key.
            while self.cursor.peek() == ' '
                || (self.cursor.peek() == '\t' && (self.flow() || !self.key_allowed))
            {
                self.cursor.skip();
            }
            self.cursor.skip_comment(&mut self.comments);
            if !is_break(self.cursor.peek()) {
                return;
            }
            self.cursor.skip_break();
            if !self.flow() {
                self.key_allowed = true;
            }
        }
    }

    /// A token of one character.
    fn single(&mut self, kind: TokenKind) {
        let start = self.cursor.mark();
        self.cursor.skip();
        self.queue.push_back(Token { kind, start, end: self.cursor.mark() });
    }

    fn key_is_valid(&mut self, level: usize) -> Result<bool, Error> {
        let Some(key) = self.keys[level] else { return Ok(false) };
        if key.mark.line < self.cursor.mark().line || key.passed + 1024 < self.cursor.passed() {
            if key.required {
                return Err(Error::scanner(self.cursor.mark(), "could not find expected ':'"));
            }
            self.keys[level] = None;
            return Ok(false);
        }
        Ok(true)
    }

    fn save_key(&mut self) -> Result<(), Error> {
        if self.key_allowed {
            let required = !self.flow() && self.indent == self.column();
            self.remove_key()?;
            let key = SimpleKey {
                token: self.taken + self.queue.len(),
                required,
                mark: self.cursor.mark(),
                passed: self.cursor.passed(),
            };
            if let Some(last) = self.keys.last_mut() {
                *last = Some(key);
            }
        }
        Ok(())
    }

    fn remove_key(&mut self) -> Result<(), Error> {
        if let Some(last) = self.keys.last_mut()
            && last.take().is_some_and(|key| key.required)
        {
            return Err(Error::scanner(self.cursor.mark(), "could not find expected ':'"));
        }
        Ok(())
    }

    /// Opens a block collection at `column` if that is deeper than the innermost one.
    fn roll(&mut self, column: isize, at: Option<usize>, kind: TokenKind, mark: Mark) -> Result<(), Error> {
        if self.flow() || self.indent >= column {
            return Ok(());
        }
        self.indents.push(self.indent);
        self.indent = column;
        if self.indents.len() > self.depth {
            return Err(Error::scanner(self.cursor.mark(), format!("exceeded max depth of {}", self.depth)));
        }
        let token = Token { kind, start: mark, end: mark };
        match at {
            Some(number) => self.queue.insert(number - self.taken, token),
            None => self.queue.push_back(token),
        }
        Ok(())
    }

    /// Closes the block collections deeper than `column`.
    fn unroll(&mut self, column: isize) {
        if self.flow() {
            return;
        }
        while self.indent > column {
            let mark = self.cursor.mark();
            self.queue.push_back(Token { kind: TokenKind::BlockEnd, start: mark, end: mark });
            self.indent = self.indents.pop().unwrap_or(-1);
        }
    }

    fn fetch_stream_end(&mut self) -> Result<(), Error> {
        self.cursor.end_line();
        self.unroll_for_marker()?;
        let mark = self.cursor.mark();
        self.queue.push_back(Token { kind: TokenKind::StreamEnd, start: mark, end: mark });
        self.finished = true;
        Ok(())
    }

    fn unroll_for_marker(&mut self) -> Result<(), Error> {
        self.unroll(-1);
        self.remove_key()?;
        self.key_allowed = false;
        Ok(())
    }

    fn fetch_directive(&mut self) -> Result<(), Error> {
        self.unroll_for_marker()?;
        let token = property::directive(&mut self.cursor, &mut self.comments)?;
        self.queue.push_back(token);
        Ok(())
    }

    fn fetch_document_marker(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.unroll_for_marker()?;
        let start = self.cursor.mark();
        for _ in 0..3 {
            self.cursor.skip();
        }
        self.queue.push_back(Token { kind, start, end: self.cursor.mark() });
        Ok(())
    }

    fn fetch_flow_start(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.save_key()?;
        self.keys.push(None);
        if self.keys.len() > self.depth {
            return Err(Error::scanner(self.cursor.mark(), format!("exceeded max depth of {}", self.depth)));
        }
        self.key_allowed = true;
        self.single(kind);
        Ok(())
    }

    fn fetch_flow_end(&mut self, kind: TokenKind) -> Result<(), Error> {
        self.remove_key()?;
        if self.flow() {
            self.keys.pop();
        }
        self.key_allowed = false;
        self.single(kind);
        Ok(())
    }

    fn fetch_block_entry(&mut self) -> Result<(), Error> {
        if !self.flow() {
            if !self.key_allowed {
                let message = "block sequence entries are not allowed in this context";
                return Err(Error::scanner(self.cursor.mark(), message));
            }
            self.roll(self.column(), None, TokenKind::BlockSequenceStart, self.cursor.mark())?;
        }
        self.remove_key()?;
        self.key_allowed = true;
        self.single(TokenKind::BlockEntry);
        Ok(())
    }

    fn fetch_key(&mut self) -> Result<(), Error> {
        if !self.flow() {
            if !self.key_allowed {
                let message = "mapping keys are not allowed in this context";
                return Err(Error::scanner(self.cursor.mark(), message));
            }
            self.roll(self.column(), None, TokenKind::BlockMappingStart, self.cursor.mark())?;
        }
        self.remove_key()?;
        self.key_allowed = !self.flow();
        self.single(TokenKind::Key);
        Ok(())
    }

    fn fetch_value(&mut self) -> Result<(), Error> {
        let level = self.keys.len() - 1;
        let valid = self.key_is_valid(level)?;
        let key = self.keys[level].take().filter(|_| valid);
        if let Some(key) = key {
            let token = Token { kind: TokenKind::Key, start: key.mark, end: key.mark };
            self.queue.insert(key.token - self.taken, token);
            let column = isize::try_from(key.mark.column).unwrap_or(isize::MAX);
            self.roll(column, Some(key.token), TokenKind::BlockMappingStart, key.mark)?;
            self.key_allowed = false;
        } else {
            if !self.flow() {
                if !self.key_allowed {
                    let message = "mapping values are not allowed in this context";
                    return Err(Error::scanner(self.cursor.mark(), message));
                }
                self.roll(self.column(), None, TokenKind::BlockMappingStart, self.cursor.mark())?;
            }
            self.key_allowed = !self.flow();
        }
        self.single(TokenKind::Value);
        Ok(())
    }
}
