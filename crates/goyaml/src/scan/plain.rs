//! Scalars without quotes, over one line or several.

use super::cursor::{Cursor, is_blank, is_blank_or_end, is_break};
use super::token::{Token, TokenKind};
use crate::error::Error;
use crate::node::ScalarStyle;

/// White space met inside a flow scalar, folded when the next word comes.
#[derive(Debug, Default)]
pub(super) struct Gap {
    blanks: String,
    first_break: String,
    more_breaks: String,
    pub(super) broke: bool,
}

impl Gap {
    /// Passes blanks and line breaks.
    pub(super) fn take(&mut self, cursor: &mut Cursor<'_>) {
        if is_blank(cursor.peek()) {
            let blank = cursor.read();
            if !self.broke {
                self.blanks.push(blank);
            }
        } else if self.broke {
            cursor.read_break(&mut self.more_breaks);
        } else {
            self.blanks.clear();
            cursor.read_break(&mut self.first_break);
            self.broke = true;
        }
    }

    /// Writes what the gap means: its blanks, or a space for a line break, or one newline fewer than was written.
    pub(super) fn fold_into(&mut self, out: &mut String) {
        if !self.broke {
            out.push_str(&self.blanks);
        } else if self.first_break.starts_with('\n') {
            if self.more_breaks.is_empty() {
                out.push(' ');
            } else {
                out.push_str(&self.more_breaks);
            }
        } else {
            out.push_str(&self.first_break);
            out.push_str(&self.more_breaks);
        }
        *self = Self::default();
    }

    /// A line that ended in a backslash: the break itself means nothing.
    pub(super) fn start_after_escaped_break(&mut self) {
        self.broke = true;
    }

    /// Like [`Self::fold_into`] for a gap that may have begun with an escaped line break.
    pub(super) fn fold_quoted_into(&mut self, out: &mut String) {
        if self.broke && self.first_break.is_empty() {
            out.push_str(&self.more_breaks);
            *self = Self::default();
        } else {
            self.fold_into(out);
        }
    }
}

pub(super) fn may_start(c: char, next: char, flow: bool) -> bool {
    match c {
        '-' => !is_blank(next),
        '?' | ':' => !flow && !is_blank_or_end(next),
        ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
            false
        }
        _ => !is_blank_or_end(c),
    }
}

fn ends_word(cursor: &Cursor<'_>, flow: bool) -> bool {
    match cursor.peek() {
        ':' => is_blank_or_end(cursor.peek_at(1)),
        ',' | '?' | '[' | ']' | '{' | '}' => flow,
        c => is_blank_or_end(c),
    }
}

/// Characters that never end a word.
fn in_word(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b':' | b',' | b'?' | b'[' | b']' | b'{' | b'}')
}

/// Reads a plain scalar; also says whether it ended after a line break, where a key may follow.
pub(super) fn scan(cursor: &mut Cursor<'_>, indent: isize, flow: bool) -> Result<(Token, bool), Error> {
    let start = cursor.mark();
    let mut end = start;
    let mut value = String::new();
    let mut gap = Gap::default();
    let least_column = usize::try_from(indent + 1).unwrap_or(0);
    loop {
        if cursor.at_document_marker() || cursor.peek() == '#' {
            break;
        }
        while !ends_word(cursor, flow) {
            gap.fold_into(&mut value);
            value.push(cursor.read());
            value.push_str(cursor.read_ascii(in_word));
            end = cursor.mark();
        }
        if !is_blank(cursor.peek()) && !is_break(cursor.peek()) {
            break;
        }
        while is_blank(cursor.peek()) || is_break(cursor.peek()) {
            if gap.broke && cursor.mark().column < least_column && cursor.peek() == '\t' {
                let message = "found a tab character that violates indentation";
                return Err(Error::scanner(cursor.mark(), message));
            }
            gap.take(cursor);
        }
        if !flow && cursor.mark().column < least_column {
            break;
        }
    }
    let kind = TokenKind::Scalar { value, style: ScalarStyle::Plain };
    Ok((Token { kind, start, end }, gap.broke))
}
