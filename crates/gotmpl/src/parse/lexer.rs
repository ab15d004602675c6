//! Cuts a template's text into tokens. Tokens borrow the text.
//!
//! Neighbor: `mod.rs` reads the tokens. An error becomes the last token, so that the parser reports what comes first.

use crate::print::{quoted, unicode_point};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Error,
    Bool,
    /// Printable ASCII with no meaning of its own; the grammar uses the comma.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    End,
    Field,
    Identifier,
    LeftDelimiter,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelimiter,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Dot,
    Nil,
    Keyword(Keyword),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Else,
    End,
    If,
    Range,
    Template,
    With,
}

/// Offsets and lines are 32 bits wide, as [`super::parse`] takes no longer text: a template has thousands of tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) offset: u32,
    pub(super) line: u32,
    pub(super) text: &'t str,
}

impl Token<'_> {
    /// The token as it appears in error messages; one of an error has no text of its own ([`Tokens::error`]).
    pub(super) fn show(&self) -> String {
        match self.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Keyword(_) | Kind::Dot | Kind::Nil => format!("<{}>", self.text),
            _ if self.text.len() > 10 => {
                let start: String = self.text.chars().take(10).collect();
                format!("{}...", quoted(&start))
            }
            _ => quoted(self.text),
        }
    }
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

const LEFT: &str = "{{";
const RIGHT: &str = "}}";

fn trims_left(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next() == Some('-') && chars.next().is_some_and(is_space)
}

fn trims_right(rest: &str) -> bool {
    let mut chars = rest.chars();
    chars.next().is_some_and(is_space) && chars.next() == Some('-')
}

/// A text's tokens.
pub(super) struct Tokens<'t> {
    /// At least one: the last is `End` or `Error`.
    pub(super) list: Vec<Token<'t>>,
    /// What the error says.
    pub(super) error: String,
}

/// Cuts the whole text.
pub(super) fn tokenize(text: &str) -> Tokens<'_> {
    // Templates of charts have a token for each six bytes or more.
    let tokens = Vec::with_capacity(text.len() / 6 + 1);
    let mut lexer = Lexer { text, position: 0, start: 0, start_line: 1, counted: 0, parens: 0, tokens };
    let mut error = String::new();
    match lexer.run() {
        Ok(()) => lexer.push(Kind::End),
        Err(message) => {
            error = message;
            lexer.position = lexer.start;
            lexer.push(Kind::Error);
        }
    }
    Tokens { list: lexer.tokens, error }
}

struct Lexer<'t> {
    text: &'t str,
    position: usize,
    start: usize,
    start_line: u32,
    /// Line breaks before this offset are counted in `start_line`.
    counted: usize,
    parens: usize,
    tokens: Vec<Token<'t>>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.position += next.len_utf8();
        Some(next)
    }

    fn skip(&mut self) {
        let passed = &self.text.as_bytes()[self.counted..self.position];
        self.start_line += passed.iter().map(|byte| u32::from(*byte == b'\n')).sum::<u32>();
        self.counted = self.position;
        self.start = self.position;
    }

    fn push(&mut self, kind: Kind) {
        let text = &self.text[self.start..self.position];
        let offset = u32::try_from(self.start).unwrap_or(u32::MAX);
        self.tokens.push(Token { kind, offset, line: self.start_line, text });
        self.skip();
    }

    /// Where the next opening delimiter is.
    fn left_delimiter(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut braces = memchr::memchr_iter(LEFT.as_bytes()[0], &bytes[self.position..]);
        braces
            .find(|found| bytes[self.position + found..].starts_with(LEFT.as_bytes()))
            .map(|found| self.position + found)
    }

    /// Passes letters, digits and underscores.
    fn pass_word(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            // Names are ASCII but for the rarest.
            while bytes.get(self.position).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
                self.position += 1;
            }
            match bytes.get(self.position) {
                Some(byte) if !byte.is_ascii() && self.peek().is_some_and(is_alphanumeric) => self.bump(),
                _ => return,
            };
        }
    }

    fn run(&mut self) -> Result<(), String> {
        while let Some(delimiter) = self.left_delimiter() {
            let after = &self.text[delimiter + LEFT.len()..];
            let trim = trims_left(after);
            let mut end = delimiter;
            if trim {
                end = self.start + self.text[self.start..delimiter].trim_end_matches(is_space).len();
            }
            self.position = end;
            if end > self.start {
                self.push(Kind::Text);
            }
            self.position = delimiter;
            self.skip();
            let marker = if trim { 2 } else { 0 };
            if after[marker..].starts_with("/*") {
                self.position += LEFT.len() + marker;
                self.skip();
                self.comment()?;
                continue;
            }
            self.position += LEFT.len();
            self.push(Kind::LeftDelimiter);
            self.position += marker;
            self.skip();
            self.action()?;
        }
        self.position = self.text.len();
        if self.position > self.start {
            self.push(Kind::Text);
        }
        Ok(())
    }

    fn comment(&mut self) -> Result<(), String> {
        let Some(found) = self.rest()[2..].find("*/") else { return Err("unclosed comment".to_owned()) };
        self.position += 2 + found + 2;
        match self.at_right_delimiter() {
            Some(trim) => self.pass_right_delimiter(trim),
            None => return Err("comment ends before closing delimiter".to_owned()),
        }
        self.skip();
        Ok(())
    }

    /// Whether the closing delimiter is here, and whether it trims.
    fn at_right_delimiter(&self) -> Option<bool> {
        let rest = self.rest();
        if trims_right(rest) && rest[2..].starts_with(RIGHT) {
            return Some(true);
        }
        rest.starts_with(RIGHT).then_some(false)
    }

    fn pass_right_delimiter(&mut self, trim: bool) {
        self.position += RIGHT.len() + if trim { 2 } else { 0 };
        if trim {
            let rest = self.rest();
            self.position += rest.len() - rest.trim_start_matches(is_space).len();
        }
    }

    fn action(&mut self) -> Result<(), String> {
        self.parens = 0;
        loop {
            if let Some(trim) = self.at_right_delimiter() {
                if self.parens > 0 {
                    return Err("unclosed left paren".to_owned());
                }
                if trim {
                    self.position += 2;
                    self.skip();
                }
                self.position += RIGHT.len();
                self.push(Kind::RightDelimiter);
                if trim {
                    let rest = self.rest();
                    self.position += rest.len() - rest.trim_start_matches(is_space).len();
                    self.skip();
                }
                return Ok(());
            }
            self.token()?;
        }
    }

    fn token(&mut self) -> Result<(), String> {
        let Some(c) = self.bump() else { return Err("unclosed action".to_owned()) };
        match c {
            _ if is_space(c) => {
                // The last space may belong to a trimming delimiter.
                while self.peek().is_some_and(is_space) && self.at_right_delimiter().is_none() {
                    self.bump();
                }
                self.push(Kind::Space);
            }
            '=' => self.push(Kind::Assign),
            ':' => {
                if self.bump() != Some('=') {
                    return Err("expected :=".to_owned());
                }
                self.push(Kind::Declare);
            }
            '|' => self.push(Kind::Pipe),
            '"' => {
                self.quoted_text('"', "unterminated quoted string")?;
                self.push(Kind::String);
            }
            '\'' => {
                self.quoted_text('\'', "unterminated character constant")?;
                self.push(Kind::CharConstant);
            }
            '`' => {
                match self.rest().find('`') {
                    Some(found) => self.position += found + 1,
                    None => return Err("unterminated raw quoted string".to_owned()),
                }
                self.push(Kind::RawString);
            }
            '$' => self.name(Kind::Variable, Kind::Variable)?,
            '.' if !self.peek().is_some_and(|next| next.is_ascii_digit()) => {
                self.name(Kind::Field, Kind::Dot)?;
            }
            '.' | '+' | '-' | '0'..='9' => {
                self.position -= 1;
                self.number()?;
            }
            _ if is_alphanumeric(c) => self.identifier()?,
            '(' => {
                self.parens += 1;
                self.push(Kind::LeftParen);
            }
            ')' => {
                if self.parens == 0 {
                    return Err("unexpected right paren".to_owned());
                }
                self.parens -= 1;
                self.push(Kind::RightParen);
            }
            ' '..='~' => self.push(Kind::Char),
            _ => return Err(format!("unrecognized character in action: {}", unicode_point(c))),
        }
        Ok(())
    }

    fn quoted_text(&mut self, quote: char, unterminated: &str) -> Result<(), String> {
        loop {
            match self.bump() {
                Some('\\') if self.peek().is_some_and(|next| next != '\n') => {
                    self.bump();
                }
                None | Some('\n' | '\\') => return Err(unterminated.to_owned()),
                Some(c) if c == quote => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn at_terminator(&self) -> bool {
        match self.peek() {
            None | Some('.' | ',' | '|' | ':' | ')' | '(') => true,
            Some(c) => is_space(c) || self.rest().starts_with(RIGHT),
        }
    }

    fn bad_character(&self) -> String {
        match self.peek() {
            Some(c) => format!("bad character {}", unicode_point(c)),
            None => "bad character at the end".to_owned(),
        }
    }

    /// A field or variable, or the bare sign.
    fn name(&mut self, kind: Kind, bare: Kind) -> Result<(), String> {
        if self.at_terminator() {
            self.push(bare);
            return Ok(());
        }
        self.pass_word();
        if !self.at_terminator() {
            return Err(self.bad_character());
        }
        self.push(kind);
        Ok(())
    }

    fn identifier(&mut self) -> Result<(), String> {
        self.pass_word();
        if !self.at_terminator() {
            return Err(self.bad_character());
        }
        let kind = match &self.text[self.start..self.position] {
            "true" | "false" => Kind::Bool,
            "nil" => Kind::Nil,
            "block" => Kind::Keyword(Keyword::Block),
            "break" => Kind::Keyword(Keyword::Break),
            "continue" => Kind::Keyword(Keyword::Continue),
            "define" => Kind::Keyword(Keyword::Define),
            "else" => Kind::Keyword(Keyword::Else),
            "end" => Kind::Keyword(Keyword::End),
            "if" => Kind::Keyword(Keyword::If),
            "range" => Kind::Keyword(Keyword::Range),
            "template" => Kind::Keyword(Keyword::Template),
            "with" => Kind::Keyword(Keyword::With),
            _ => Kind::Identifier,
        };
        self.push(kind);
        Ok(())
    }

    fn number(&mut self) -> Result<(), String> {
        let bad = |lexer: &Lexer<'_>| {
            format!("bad number syntax: {}", quoted(&lexer.text[lexer.start..lexer.position]))
        };
        if !self.scan_number() {
            return Err(bad(self));
        }
        if self.peek().is_some_and(|sign| sign == '+' || sign == '-') {
            if !self.scan_number() || !self.text[..self.position].ends_with('i') {
                return Err(bad(self));
            }
            self.push(Kind::Complex);
            return Ok(());
        }
        self.push(Kind::Number);
        Ok(())
    }

    fn accept(&mut self, valid: &str) -> bool {
        let accepted = self.peek().is_some_and(|c| valid.contains(c));
        if accepted {
            self.bump();
        }
        accepted
    }

    fn accept_run(&mut self, valid: &str) {
        while self.accept(valid) {}
    }

    fn scan_number(&mut self) -> bool {
        const DECIMAL: &str = "0123456789_";
        const HEXADECIMAL: &str = "0123456789abcdefABCDEF_";
        self.accept("+-");
        let mut digits = DECIMAL;
        if self.accept("0") {
            if self.accept("xX") {
                digits = HEXADECIMAL;
            } else if self.accept("oO") {
                digits = "01234567_";
            } else if self.accept("bB") {
                digits = "01_";
            }
        }
        self.accept_run(digits);
        if self.accept(".") {
            self.accept_run(digits);
        }
        if (digits == DECIMAL && self.accept("eE")) || (digits == HEXADECIMAL && self.accept("pP")) {
            self.accept("+-");
            self.accept_run(DECIMAL);
        }
        self.accept("i");
        if self.peek().is_some_and(is_alphanumeric) {
            self.bump();
            return false;
        }
        true
    }
}
