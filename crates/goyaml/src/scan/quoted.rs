//! Scalars in single and double quotes.

use super::cursor::{Cursor, END, is_blank, is_blank_or_end, is_break};
use super::plain::Gap;
use super::token::{Token, TokenKind};
use crate::error::Error;
use crate::node::ScalarStyle;

pub(super) fn scan(cursor: &mut Cursor<'_>) -> Result<Token, Error> {
    let start = cursor.mark();
    let quote = cursor.read();
    let double = quote == '"';
    let mut value = String::new();
    loop {
        if cursor.at_document_marker() {
            return Err(Error::scanner(cursor.mark(), "found unexpected document indicator"));
        }
        if cursor.peek() == END {
            return Err(Error::scanner(cursor.mark(), "found unexpected end of stream"));
        }
        let mut gap = Gap::default();
        while !is_blank_or_end(cursor.peek()) {
            match cursor.peek() {
                '\'' if !double && cursor.peek_at(1) == '\'' => {
                    cursor.skip();
                    cursor.skip();
                    value.push('\'');
                }
                c if c == quote => break,
                '\\' if double && is_break(cursor.peek_at(1)) => {
                    cursor.skip();
                    cursor.skip_break();
                    gap.start_after_escaped_break();
                    break;
                }
                '\\' if double => value.push(escape(cursor)?),
                _ => {
                    value.push(cursor.read());
                    let inside = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\'' | b'"' | b'\\');
                    value.push_str(cursor.read_ascii(inside));
                }
            }
        }
        if cursor.peek() == quote {
            break;
        }
        while is_blank(cursor.peek()) || is_break(cursor.peek()) {
            gap.take(cursor);
        }
        gap.fold_quoted_into(&mut value);
    }
    cursor.skip();
    let style = if double { ScalarStyle::DoubleQuoted } else { ScalarStyle::SingleQuoted };
    Ok(Token { kind: TokenKind::Scalar { value, style }, start, end: cursor.mark() })
}

/// Reads one escape of a double-quoted scalar.
fn escape(cursor: &mut Cursor<'_>) -> Result<char, Error> {
    let (length, plain) = match cursor.peek_at(1) {
        '0' => (0, '\0'),
        'a' => (0, '\u{7}'),
        'b' => (0, '\u{8}'),
        't' | '\t' => (0, '\t'),
        'n' => (0, '\n'),
        'v' => (0, '\u{b}'),
        'f' => (0, '\u{c}'),
        'r' => (0, '\r'),
        'e' => (0, '\u{1b}'),
        c @ (' ' | '"' | '\'' | '\\') => (0, c),
        'N' => (0, '\u{85}'),
        '_' => (0, '\u{a0}'),
        'L' => (0, '\u{2028}'),
        'P' => (0, '\u{2029}'),
        'x' => (2, END),
        'u' => (4, END),
        'U' => (8, END),
        _ => return Err(Error::scanner(cursor.mark(), "found unknown escape character")),
    };
    cursor.skip();
    cursor.skip();
    if length == 0 {
        return Ok(plain);
    }
    let mut code: u32 = 0;
    for ahead in 0..length {
        let Some(digit) = cursor.peek_at(ahead).to_digit(16) else {
            return Err(Error::scanner(cursor.mark(), "did not find expected hexdecimal number"));
        };
        code = code.wrapping_shl(4) | digit;
    }
    let Some(c) = char::from_u32(code) else {
        return Err(Error::scanner(cursor.mark(), "found invalid Unicode character escape code"));
    };
    for _ in 0..length {
        cursor.skip();
    }
    Ok(c)
}
