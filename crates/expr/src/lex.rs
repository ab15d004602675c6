//! Texts to tokens.

use serde_json::{Number, Value};

use crate::error::Error;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// A number or a text.
    Literal(Value),
    /// A name or a word such as `and`.
    Name(String),
    /// An operator or a bracket.
    Sign(&'static str),
    End,
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(crate) at: usize,
    pub(crate) token: Token,
}

/// Longer ones first.
const SIGNS: &[&str] = &[
    "?.", "??", "&&", "||", "==", "!=", "<=", ">=", "..", "**", "(", ")", "[", "]", "{", "}", ",", ":", "?",
    ".", "#", "!", "<", ">", "+", "-", "*", "/", "%", "^", "|", ";", "=",
];

pub(crate) fn tokens(text: &str) -> Result<Vec<Placed>, Error> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if rest.starts_with("/*") {
            let end = rest.find("*/").ok_or_else(|| Error::new(at, "a comment has no end"))?;
            at += end + 2;
            continue;
        }
        let (token, length) = match first {
            '0'..='9' => number(rest, at)?,
            '\'' | '"' => quoted(rest, first, at)?,
            '`' => {
                let end = rest[1..].find('`').ok_or_else(|| Error::new(at, "a text has no end"))?;
                (Token::Literal(rest[1..=end].into()), end + 2)
            }
            _ if first.is_alphabetic() || matches!(first, '_' | '$') => {
                let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$');
                let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
                (Token::Name(rest[..length].to_owned()), length)
            }
            _ => {
                let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
                let sign = sign.ok_or_else(|| Error::new(at, format!("{first:?} means nothing here")))?;
                (Token::Sign(sign), sign.len())
            }
        };
        tokens.push(Placed { at, token });
        at += length;
    }
    tokens.push(Placed { at, token: Token::End });
    Ok(tokens)
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Error> {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
    let radix = match rest.get(..2) {
        Some("0x" | "0X") => 16,
        Some("0o" | "0O") => 8,
        Some("0b" | "0B") => 2,
        _ => 10,
    };
    let fraction = |rest: &str, length: usize| {
        rest[length..].starts_with('.') && rest[length + 1..].starts_with(|next: char| next.is_ascii_digit())
    };
    let mut is_whole = radix != 10 || !rest[..length].contains(['e', 'E']);
    if radix == 10 && fraction(rest, length) {
        is_whole = false;
        let after = &rest[length + 1..];
        length += 1 + after.find(|character| !is_part(character)).unwrap_or(after.len());
    }
    let exponent_sign = |rest: &str, length: usize| {
        rest[..length].ends_with(['e', 'E']) && rest[length..].starts_with(['+', '-'])
    };
    if radix == 10 && exponent_sign(rest, length) {
        is_whole = false;
        let after = &rest[length + 1..];
        length += 1 + after.find(|character| !is_part(character)).unwrap_or(after.len());
    }
    let digits = rest[..length].replace('_', "");
    let value = if is_whole {
        let digits = if radix == 10 { &digits[..] } else { &digits[2..] };
        i64::from_str_radix(digits, radix).ok().map(Number::from)
    } else {
        digits.parse().ok().and_then(Number::from_f64)
    };
    let value = value.ok_or_else(|| Error::new(at, format!("{:?} is no number", &rest[..length])))?;
    Ok((Token::Literal(Value::Number(value)), length))
}

/// A text between quotes, with the escapes of Go.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize), Error> {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((place, character)) = characters.next() {
        match character {
            '\\' => {
                let (_, escaped) = characters.next().unwrap_or((0, ' '));
                let digits = match escaped {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                if digits > 0 {
                    let code: String = characters.by_ref().take(digits).map(|(_, digit)| digit).collect();
                    let character = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                    text.push(character.ok_or_else(|| Error::new(at + place, "no character has this code"))?);
                    continue;
                }
                text.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'a' => '\u{7}',
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'v' => '\u{b}',
                    '\\' | '\'' | '"' => escaped,
                    _ => return Err(Error::new(at + place, format!("\\{escaped} is no escape"))),
                });
            }
            _ if character == quote => return Ok((Token::Literal(text.into()), place + 1)),
            _ => text.push(character),
        }
    }
    Err(Error::new(at, "a text has no end"))
}
