//! Literal (`|`) and folded (`>`) scalars.

use super::cursor::{Cursor, END, is_blank, is_break, is_break_or_end};
use super::token::{Token, TokenKind};
use crate::error::Error;
use crate::node::{Comment, ScalarStyle};
use crate::position::Mark;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

struct Header {
    chomping: Chomping,
    increment: Option<usize>,
}

fn header(cursor: &mut Cursor<'_>, comments: &mut Vec<Comment>) -> Result<Header, Error> {
    let mut header = Header { chomping: Chomping::Clip, increment: None };
    let mut chomped = false;
    // The two indicators come in either order.
    for _ in 0..2 {
        match cursor.peek() {
            '+' | '-' if !chomped => {
                header.chomping = if cursor.read() == '+' { Chomping::Keep } else { Chomping::Strip };
                chomped = true;
            }
            digit @ '0'..='9' if header.increment.is_none() => {
                if digit == '0' {
                    let message = "found an indentation indicator equal to 0";
                    return Err(Error::scanner(cursor.mark(), message));
                }
                header.increment = cursor.read().to_digit(10).and_then(|d| usize::try_from(d).ok());
            }
            _ => break,
        }
    }
    while is_blank(cursor.peek()) {
        cursor.skip();
    }
    cursor.skip_comment(comments);
    if !is_break_or_end(cursor.peek()) {
        return Err(Error::scanner(cursor.mark(), "did not find expected comment or line break"));
    }
    cursor.skip_break();
    Ok(header)
}

/// Passes empty lines and indentation. Finds the indentation out if it isn't known yet.
fn empty_lines(
    cursor: &mut Cursor<'_>,
    indent: &mut Option<usize>,
    parent: isize,
    end: &mut Mark,
) -> Result<String, Error> {
    let mut breaks = String::new();
    let mut deepest = 0;
    *end = cursor.mark();
    loop {
        let indenting = |cursor: &Cursor<'_>, indent: Option<usize>| {
            indent.is_none_or(|indent| cursor.mark().column < indent)
        };
        while indenting(cursor, *indent) && cursor.peek() == ' ' {
            cursor.skip();
        }
        deepest = deepest.max(cursor.mark().column);
        if indenting(cursor, *indent) && cursor.peek() == '\t' {
            let message = "found a tab character where an indentation space is expected";
            return Err(Error::scanner(cursor.mark(), message));
        }
        if !is_break(cursor.peek()) {
            break;
        }
        cursor.read_break(&mut breaks);
        *end = cursor.mark();
    }
    if indent.is_none() {
        *indent = Some(deepest.max(usize::try_from(parent + 1).unwrap_or(0)).max(1));
    }
    Ok(breaks)
}

pub(super) fn scan(
    cursor: &mut Cursor<'_>,
    parent: isize,
    comments: &mut Vec<Comment>,
) -> Result<Token, Error> {
    let start = cursor.mark();
    let literal = cursor.read() == '|';
    let header = header(cursor, comments)?;
    let mut end = cursor.mark();
    let mut indent = header.increment.map(|increment| increment + usize::try_from(parent).unwrap_or(0));

    let mut value = String::new();
    let mut line_break = String::new();
    let mut breaks = empty_lines(cursor, &mut indent, parent, &mut end)?;
    let mut after_blank = false;
    while Some(cursor.mark().column) == indent && cursor.peek() != END {
        let blank = is_blank(cursor.peek());
        // Folding joins lines, but not around one that is indented further.
        if !literal && !after_blank && !blank && line_break.starts_with('\n') {
            if breaks.is_empty() {
                value.push(' ');
            }
        } else {
            value.push_str(&line_break);
        }
        line_break.clear();
        value.push_str(&breaks);
        after_blank = blank;
        value.push_str(cursor.read_ascii_line());
        while !is_break_or_end(cursor.peek()) {
            value.push(cursor.read());
            value.push_str(cursor.read_ascii_line());
        }
        cursor.read_break(&mut line_break);
        breaks = empty_lines(cursor, &mut indent, parent, &mut end)?;
    }
    if header.chomping != Chomping::Strip {
        value.push_str(&line_break);
    }
    if header.chomping == Chomping::Keep {
        value.push_str(&breaks);
    }
    let style = if literal { ScalarStyle::Literal } else { ScalarStyle::Folded };
    Ok(Token { kind: TokenKind::Scalar { value, style }, start, end })
}
