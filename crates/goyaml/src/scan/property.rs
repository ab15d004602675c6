//! Anchors, aliases, tags and directives.

use super::cursor::{Cursor, is_blank, is_blank_or_end, is_break_or_end, is_word};
use super::token::{Token, TokenKind};
use crate::error::Error;
use crate::node::Comment;

fn skip_blanks(cursor: &mut Cursor<'_>) {
    while is_blank(cursor.peek()) {
        cursor.skip();
    }
}

fn read_word(cursor: &mut Cursor<'_>, out: &mut String) {
    while is_word(cursor.peek()) {
        out.push(cursor.read());
    }
}

/// `&name` or `*name`.
pub(super) fn anchor(cursor: &mut Cursor<'_>) -> Result<Token, Error> {
    let start = cursor.mark();
    let alias = cursor.read() == '*';
    let mut name = String::new();
    read_word(cursor, &mut name);
    let next = cursor.peek();
    let ends = is_blank_or_end(next) || matches!(next, '?' | ':' | ',' | ']' | '}' | '%' | '@' | '`');
    if name.is_empty() || !ends {
        let message = "did not find expected alphabetic or numeric character";
        return Err(Error::scanner(cursor.mark(), message));
    }
    let kind = if alias { TokenKind::Alias(name) } else { TokenKind::Anchor(name) };
    Ok(Token { kind, start, end: cursor.mark() })
}

/// `!suffix`, `!!suffix`, `!handle!suffix`, `!<uri>` or `!`.
pub(super) fn tag(cursor: &mut Cursor<'_>) -> Result<Token, Error> {
    let start = cursor.mark();
    let mut handle = String::new();
    let mut suffix;
    if cursor.peek_at(1) == '<' {
        cursor.skip();
        cursor.skip();
        suffix = uri(cursor, "", false)?;
        if cursor.peek() != '>' {
            return Err(Error::scanner(cursor.mark(), "did not find the expected '>'"));
        }
        cursor.skip();
    } else {
        handle = tag_handle(cursor, false)?;
        if handle.len() > 1 && handle.ends_with('!') {
            suffix = uri(cursor, "", false)?;
        } else {
            suffix = uri(cursor, &handle[1..], true)?;
            handle = "!".into();
            if suffix.is_empty() {
                std::mem::swap(&mut handle, &mut suffix);
            }
        }
    }
    if !is_blank_or_end(cursor.peek()) {
        return Err(Error::scanner(cursor.mark(), "did not find expected whitespace or line break"));
    }
    Ok(Token { kind: TokenKind::Tag { handle, suffix }, start, end: cursor.mark() })
}

fn tag_handle(cursor: &mut Cursor<'_>, directive: bool) -> Result<String, Error> {
    if cursor.peek() != '!' {
        return Err(Error::scanner(cursor.mark(), "did not find expected '!'"));
    }
    let mut handle = String::from(cursor.read());
    read_word(cursor, &mut handle);
    if cursor.peek() == '!' {
        handle.push(cursor.read());
    } else if directive && handle != "!" {
        return Err(Error::scanner(cursor.mark(), "did not find expected '!'"));
    }
    Ok(handle)
}

/// The part of a tag that may hold `%XX`; `so_far` has been read as a handle already.
fn uri(cursor: &mut Cursor<'_>, so_far: &str, may_be_empty: bool) -> Result<String, Error> {
    let mut bytes = so_far.as_bytes().to_vec();
    loop {
        match cursor.peek() {
            '%' => {
                let digit = |ahead| cursor.peek_at(ahead).to_digit(16);
                let byte = digit(1).zip(digit(2)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                let Some(byte) = byte else {
                    return Err(Error::scanner(cursor.mark(), "did not find URI escaped octet"));
                };
                bytes.push(byte);
                for _ in 0..3 {
                    cursor.skip();
                }
            }
            c if is_word(c) || ";/?:@&=+$.!~*'()[],".contains(c) => {
                bytes.extend(cursor.read().to_string().as_bytes());
            }
            _ => break,
        }
    }
    if bytes.is_empty() && !may_be_empty {
        return Err(Error::scanner(cursor.mark(), "did not find expected tag URI"));
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::scanner(cursor.mark(), "found an incorrect trailing UTF-8 octet"))
}

/// `%YAML 1.1` or `%TAG ! prefix`.
pub(super) fn directive(cursor: &mut Cursor<'_>, comments: &mut Vec<Comment>) -> Result<Token, Error> {
    let start = cursor.mark();
    cursor.skip();
    let mut name = String::new();
    read_word(cursor, &mut name);
    if name.is_empty() {
        return Err(Error::scanner(cursor.mark(), "could not find expected directive name"));
    }
    if !is_blank_or_end(cursor.peek()) {
        return Err(Error::scanner(cursor.mark(), "found unexpected non-alphabetical character"));
    }
    let kind = match name.as_str() {
        "YAML" => version(cursor)?,
        "TAG" => tag_directive(cursor)?,
        _ => return Err(Error::scanner(cursor.mark(), "found unknown directive name")),
    };
    let end = cursor.mark();
    skip_blanks(cursor);
    cursor.skip_comment(comments);
    if !is_break_or_end(cursor.peek()) {
        return Err(Error::scanner(cursor.mark(), "did not find expected comment or line break"));
    }
    cursor.skip_break();
    Ok(Token { kind, start, end })
}

fn version(cursor: &mut Cursor<'_>) -> Result<TokenKind, Error> {
    skip_blanks(cursor);
    let major = version_number(cursor)?;
    if cursor.peek() != '.' {
        return Err(Error::scanner(cursor.mark(), "did not find expected digit or '.' character"));
    }
    cursor.skip();
    let minor = version_number(cursor)?;
    Ok(TokenKind::VersionDirective { major, minor })
}

fn version_number(cursor: &mut Cursor<'_>) -> Result<u32, Error> {
    let mut number = 0;
    let mut length = 0;
    while let Some(digit) = cursor.peek().to_digit(10) {
        length += 1;
        if length > 2 {
            return Err(Error::scanner(cursor.mark(), "found extremely long version number"));
        }
        number = number * 10 + digit;
        cursor.skip();
    }
    if length == 0 {
        return Err(Error::scanner(cursor.mark(), "did not find expected version number"));
    }
    Ok(number)
}

fn tag_directive(cursor: &mut Cursor<'_>) -> Result<TokenKind, Error> {
    skip_blanks(cursor);
    let handle = tag_handle(cursor, true)?;
    if !is_blank(cursor.peek()) {
        return Err(Error::scanner(cursor.mark(), "did not find expected whitespace"));
    }
    skip_blanks(cursor);
    let prefix = uri(cursor, "", false)?;
    if !is_blank_or_end(cursor.peek()) {
        return Err(Error::scanner(cursor.mark(), "did not find expected whitespace or line break"));
    }
    Ok(TokenKind::TagDirective { handle, prefix })
}
