//! A place in the text that moves forward, keeping count of lines and columns.

use crate::error::Error;
use crate::node::Comment;
use crate::position::Mark;

/// Moves through a text character by character. Looking past the end answers `'\0'`, which the reader has already
/// refused as content.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a str,
    mark: Mark,
    /// Characters passed, which is what the limit on simple keys counts.
    passed: usize,
    /// Byte offset of the line's start.
    line: usize,
}

pub(crate) const END: char = '\0';

pub(crate) fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(crate) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

pub(crate) fn is_break_or_end(c: char) -> bool {
    c == END || is_break(c)
}

pub(crate) fn is_blank_or_end(c: char) -> bool {
    is_blank(c) || is_break_or_end(c)
}

/// Letters of anchors, tag handles and directive names.
pub(crate) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-')
}

impl<'a> Cursor<'a> {
    /// Starts at the beginning, after making sure that every character may stand in YAML.
    pub(crate) fn new(text: &'a str) -> Result<Self, Error> {
        let plain = |byte: u8| matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~');
        if text.bytes().all(plain) {
            return Ok(Self { text, mark: Mark::default(), passed: 0, line: 0 });
        }
        let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..);
        if let Some((offset, _)) = text.char_indices().find(|(_, c)| !allowed(*c)) {
            let before = &text[..offset];
            let mut error = Error::whole("control characters are not allowed");
            error.line = before.matches('\n').count() + 1;
            error.column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
            return Err(error);
        }
        let mut cursor = Self { text, mark: Mark::default(), passed: 0, line: 0 };
        if cursor.peek() == '\u{feff}' {
            cursor.mark.offset += '\u{feff}'.len_utf8();
        }
        Ok(cursor)
    }

    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    pub(crate) fn passed(&self) -> usize {
        self.passed
    }

    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.mark.offset..]
    }

    pub(crate) fn peek(&self) -> char {
        // Manifests are nearly all ASCII: spare the decoder.
        match self.text.as_bytes().get(self.mark.offset) {
            Some(byte) if byte.is_ascii() => char::from(*byte),
            Some(_) => self.rest().chars().next().unwrap_or(END),
            None => END,
        }
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> char {
        self.rest().chars().nth(ahead).unwrap_or(END)
    }

    /// Passes one character that is not a line break.
    pub(crate) fn skip(&mut self) {
        self.read();
    }

    /// Passes and returns one character that is not a line break.
    pub(crate) fn read(&mut self) -> char {
        let c = self.peek();
        if self.mark.offset < self.text.len() {
            self.mark.offset += c.len_utf8();
            self.mark.column += 1;
            self.passed += 1;
        }
        c
    }

    /// Passes and returns the ASCII characters that belong, none of them a line break, up to the first that doesn't.
    pub(crate) fn read_ascii(&mut self, belongs: impl Fn(u8) -> bool) -> &'a str {
        let start = self.mark.offset;
        let rest = &self.text.as_bytes()[start..];
        let length = rest.iter().take_while(|byte| byte.is_ascii() && belongs(**byte)).count();
        self.mark.offset += length;
        self.mark.column += length;
        self.passed += length;
        &self.text[start..start + length]
    }

    /// Passes and returns the ASCII characters up to the end of the line or the first other character.
    pub(crate) fn read_ascii_line(&mut self) -> &'a str {
        self.read_ascii(|byte| !matches!(byte, b'\n' | b'\r' | b'\0'))
    }

    /// Passes one line break, `\r\n` counting as one, and appends what it means: a newline, except that the Unicode
    /// separators stand for themselves.
    pub(crate) fn read_break(&mut self, out: &mut String) {
        let c = self.peek();
        if !is_break(c) || self.mark.offset >= self.text.len() {
            return;
        }
        self.mark.offset += c.len_utf8();
        self.passed += 1;
        if c == '\r' && self.peek() == '\n' {
            self.mark.offset += 1;
            self.passed += 1;
        }
        self.mark.line += 1;
        self.mark.column = 0;
        self.line = self.mark.offset;
        out.push(if matches!(c, '\u{2028}' | '\u{2029}') { c } else { '\n' });
    }

    pub(crate) fn skip_break(&mut self) {
        self.read_break(&mut String::new());
    }

    /// The end of the text counts as the end of its last line.
    pub(crate) fn end_line(&mut self) {
        if self.mark.column > 0 {
            self.mark.line += 1;
            self.mark.column = 0;
        }
    }

    /// Whether `---` or `...` stands alone at the start of the line.
    pub(crate) fn at_document_marker(&self) -> bool {
        self.at_marker("---") || self.at_marker("...")
    }

    pub(crate) fn at_marker(&self, marker: &str) -> bool {
        self.mark.column == 0
            && self.rest().starts_with(marker)
            && is_blank_or_end(self.rest()[marker.len()..].chars().next().unwrap_or(END))
    }

    /// Passes blanks and a comment, up to the end of the line.
    pub(crate) fn skip_comment(&mut self, comments: &mut Vec<Comment>) {
        if self.peek() != '#' {
            return;
        }
        let start = self.mark;
        self.read_ascii_line();
        while !is_break_or_end(self.peek()) {
            self.skip();
            self.read_ascii_line();
        }
        let trailing = !self.text[self.line..start.offset].trim().is_empty();
        let text = self.text[start.offset + 1..self.mark.offset].to_string();
        comments.push(Comment { start, text, trailing });
    }
}
