//! sprig's functions on words: case, wrapping, abbreviation. Neighbor: `strings.rs`.

use super::arguments::int_of;
use super::{Functions, Signature, bytes_of, text_of};
use crate::value::{Type, Value};

const ONE: Signature = Signature::fixed(&[Type::String]);

pub(super) fn register(functions: &mut Functions) {
    type Convert = fn(&str) -> String;
    let text_functions: [(&str, Convert); 7] = [
        ("title", title),
        ("untitle", untitle),
        ("swapcase", swap_case),
        ("camelcase", camel_case),
        ("snakecase", |text| lower_words(text, '_')),
        ("kebabcase", |text| lower_words(text, '-')),
        ("initials", initials),
    ];
    for (name, convert) in text_functions {
        functions.register(name, ONE, move |_, one| Ok(Value::from(convert(&text_of(&one[0])))));
    }
    functions.register("wrap", Signature::fixed(&[Type::Int, Type::String]), |state, arguments| {
        let text = bytes_of(&arguments[1]);
        Ok(Value::text_from_bytes(&wrap(state, text, int_of(&arguments[0]), b"\n", false)?))
    });
    functions.register(
        "wrapWith",
        Signature::fixed(&[Type::Int, Type::String, Type::String]),
        |state, arguments| {
            let separator = bytes_of(&arguments[1]);
            let separator = if separator.is_empty() { b"\n" } else { separator };
            Ok(Value::text_from_bytes(&wrap(
                state,
                bytes_of(&arguments[2]),
                int_of(&arguments[0]),
                separator,
                true,
            )?))
        },
    );
    functions.register("abbrev", Signature::fixed(&[Type::Int, Type::String]), |_, arguments| {
        let width = int_of(&arguments[0]);
        if width < 4 {
            return Ok(arguments[1].clone());
        }
        Ok(Value::text_from_bytes(&abbreviate(bytes_of(&arguments[1]), 0, width)))
    });
    functions.register(
        "abbrevboth",
        Signature::fixed(&[Type::Int, Type::Int, Type::String]),
        |_, arguments| {
            let (left, right) = (int_of(&arguments[0]), int_of(&arguments[1]));
            if right < 4 || (left > 0 && right < 7) {
                return Ok(arguments[2].clone());
            }
            Ok(Value::text_from_bytes(&abbreviate(bytes_of(&arguments[2]), left, right)))
        },
    );
}

/// The upper case of a character, itself where that would be several.
pub(super) fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(single), None) => single,
        _ => c,
    }
}

/// The lower case of a character.
pub(super) fn lower(c: char) -> char {
    c.to_lowercase().next().unwrap_or(c)
}

/// The upper case of a first letter; a few double letters have a form of their own for that.
fn title_case(c: char) -> char {
    match c {
        '\u{1c4}'..='\u{1c6}' => '\u{1c5}',
        '\u{1c7}'..='\u{1c9}' => '\u{1c8}',
        '\u{1ca}'..='\u{1cc}' => '\u{1cb}',
        '\u{1f1}'..='\u{1f3}' => '\u{1f2}',
        _ => upper(c),
    }
}

fn title(text: &str) -> String {
    let separates = |c: char| {
        if c.is_ascii() {
            !c.is_ascii_alphanumeric() && c != '_'
        } else {
            !c.is_alphanumeric() && c.is_whitespace()
        }
    };
    let mut previous = ' ';
    text.chars()
        .map(|c| {
            let start = separates(previous);
            previous = c;
            if start { title_case(c) } else { c }
        })
        .collect()
}

fn untitle(text: &str) -> String {
    let mut start = true;
    text.chars()
        .map(|c| {
            if c.is_whitespace() {
                start = true;
                c
            } else if std::mem::take(&mut start) {
                lower(c)
            } else {
                c
            }
        })
        .collect()
}

fn swap_case(text: &str) -> String {
    let mut after_space = true;
    text.chars()
        .map(|c| {
            if c.is_uppercase() {
                after_space = false;
                lower(c)
            } else if c.is_lowercase() {
                after_space = false;
                upper(c)
            } else {
                after_space = c.is_whitespace();
                c
            }
        })
        .collect()
}

/// Bytes, not characters, are taken; beyond ASCII that gives Latin-1 letters, as upstream does.
fn initials(text: &str) -> String {
    let mut gap = true;
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_whitespace() {
            gap = true;
        } else if std::mem::take(&mut gap) {
            out.push(c);
        }
    }
    out
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// Words joined with capitals. A word that starts with a capital loses those that follow directly.
fn camel_case(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut last = None;
    for c in chars.by_ref() {
        last = Some(c);
        if !is_connector(c) {
            break;
        }
        out.push(c);
    }
    let Some(mut current) = last else { return out };
    let mut in_capitals = current.is_uppercase();
    if !is_connector(current) {
        current = upper(current);
    }
    for mut next in chars {
        let previous = current;
        if is_connector(next) && is_connector(previous) {
            out.push(previous);
            current = next;
            continue;
        }
        if is_connector(previous) {
            in_capitals = next.is_uppercase();
            next = upper(next);
        } else {
            if in_capitals {
                if next.is_uppercase() {
                    next = lower(next);
                } else {
                    in_capitals = false;
                }
            }
            out.push(previous);
        }
        current = next;
    }
    out.push(current);
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    None,
    Number,
    Capitals,
    Letters,
    Connector,
    Punctuation,
    Other,
}

fn is_punctuation(c: char) -> bool {
    // Go's category P; the ASCII signs outside it are symbols.
    if c.is_ascii() {
        return c.is_ascii_punctuation() && !matches!(c, '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~');
    }
    matches!(c, '\u{a1}' | '\u{a7}' | '\u{ab}' | '\u{b6}' | '\u{b7}' | '\u{bb}' | '\u{bf}')
        || ('\u{2010}'..='\u{2027}').contains(&c)
        || ('\u{2030}'..='\u{205e}').contains(&c)
        || ('\u{3001}'..='\u{3003}').contains(&c)
}

/// Letters of an alphabet; Chinese characters are words of another kind.
fn is_letter(c: char) -> bool {
    let chinese = matches!(c, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}' | '\u{20000}'..='\u{2b81d}');
    c.is_alphabetic() && !chinese
}

/// The first word of the text and its length in bytes.
fn next_word(text: &str) -> (Word, usize) {
    let Some(first) = text.chars().next() else { return (Word::None, 0) };
    let run = |belongs: &dyn Fn(char) -> bool| {
        text.char_indices().skip(1).find(|(_, c)| !belongs(*c)).map_or(text.len(), |(at, _)| at)
    };
    if is_connector(first) {
        return (Word::Connector, run(&is_connector));
    }
    if is_punctuation(first) {
        return (Word::Punctuation, run(&is_punctuation));
    }
    if first.is_uppercase() {
        let capitals = run(&|c| c.is_uppercase());
        let small = |c: char| is_letter(c) && !c.is_uppercase();
        let after = text[capitals..].chars().next();
        if capitals > first.len_utf8() {
            // The last of several capitals starts the next word if small letters follow it.
            let last = text[..capitals].chars().next_back().map_or(0, char::len_utf8);
            let cut = if after.is_some_and(small) { capitals - last } else { capitals };
            return (Word::Capitals, cut);
        }
        return (Word::Capitals, run(&small));
    }
    if is_letter(first) {
        return (Word::Letters, run(&|c| is_letter(c) && !c.is_uppercase()));
    }
    if first.is_numeric() {
        return (Word::Number, run(&char::is_numeric));
    }
    let other = |c: char| !(is_connector(c) || is_letter(c) || c.is_numeric() || is_punctuation(c));
    (Word::Other, run(&other))
}

/// Cuts the text into words for [`lower_words`].
struct Words<'t> {
    rest: &'t str,
    kind: Word,
    word: &'t str,
}

impl Words<'_> {
    fn advance(&mut self) {
        let (kind, length) = next_word(self.rest);
        self.kind = kind;
        (self.word, self.rest) = self.rest.split_at(length);
    }

    fn push(&self, out: &mut String, connector: char) {
        push_word(out, self.kind, self.word, connector);
    }

    /// Whether a connector belongs before the word at hand.
    fn wants_connector(&self) -> bool {
        !matches!(self.kind, Word::Connector | Word::Punctuation)
    }
}

fn push_word(out: &mut String, kind: Word, word: &str, connector: char) {
    if kind == Word::Connector {
        out.extend(word.chars().map(|_| connector));
    } else {
        out.extend(word.chars().map(lower));
    }
}

/// Small words joined by a connector: `HTTPServer2` becomes `http_server2`.
fn lower_words(text: &str, connector: char) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut words = Words { rest: text, kind: Word::None, word: "" };
    words.advance();
    while !words.rest.is_empty() {
        if words.kind != Word::Connector {
            words.push(&mut out, connector);
        }
        let (previous, previous_word) = (words.kind, words.word);
        words.advance();
        match previous {
            Word::Number => {
                continue_number(&mut words, &mut out, connector);
                if words.wants_connector() && words.kind != Word::None {
                    out.push(connector);
                }
            }
            Word::Connector => push_word(&mut out, previous, previous_word, connector),
            Word::Punctuation => {}
            _ if words.kind != Word::Number => {
                if words.wants_connector() {
                    out.push(connector);
                }
            }
            _ if words.rest.is_empty() => {}
            _ => {
                let number = words.word;
                words.advance();
                if words.kind == Word::Letters {
                    // Small letters behind a number belong to it, so the number starts a word.
                    out.push(connector);
                    push_word(&mut out, Word::Number, number, connector);
                    continue_number(&mut words, &mut out, connector);
                    if words.wants_connector() && words.kind != Word::None {
                        out.push(connector);
                    }
                } else {
                    push_word(&mut out, Word::Number, number, connector);
                    if words.wants_connector() {
                        out.push(connector);
                    }
                }
            }
        }
    }
    words.push(&mut out, connector);
    out
}

fn continue_number(words: &mut Words<'_>, out: &mut String, connector: char) {
    while matches!(words.kind, Word::Letters | Word::Number) {
        words.push(out, connector);
        words.advance();
    }
}

fn wrap(
    state: &mut crate::State,
    text: &[u8],
    width: i64,
    separator: &[u8],
    cut_long_words: bool,
) -> Result<Vec<u8>, super::FunctionError> {
    let width = usize::try_from(width).unwrap_or(0).max(1);
    let mut out = Vec::with_capacity(text.len());
    let mut offset = 0;
    while text.len() - offset > width {
        if text[offset] == b' ' {
            offset += 1;
            continue;
        }
        state.charge(separator.len())?;
        let line = &text[offset..=offset + width];
        if let Some(space) = line.iter().rposition(|byte| *byte == b' ') {
            out.extend_from_slice(&line[..space]);
            out.extend_from_slice(separator);
            offset += space + 1;
        } else if cut_long_words {
            out.extend_from_slice(&line[..width]);
            out.extend_from_slice(separator);
            offset += width;
        } else {
            let Some(space) = text[offset + width..].iter().position(|byte| *byte == b' ') else { break };
            let end = offset + width + space;
            out.extend_from_slice(&text[offset..end]);
            out.extend_from_slice(separator);
            offset = end + 1;
        }
    }
    out.extend_from_slice(&text[offset..]);
    Ok(out)
}

/// Cuts to a width with `...` at the end, and at the start if `offset` is far enough in.
fn abbreviate(text: &[u8], offset: i64, width: i64) -> Vec<u8> {
    let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
    if length <= width {
        return text.to_vec();
    }
    // The width is below the length from here on, so all positions fit.
    let at = |position: i64| usize::try_from(position).unwrap_or(0).min(text.len());
    let offset = offset.min(length).min(length - (width - 3)).max(i64::MIN / 2);
    let offset = if length - offset < width - 3 { length - (width - 3) } else { offset };
    if offset <= 4 {
        return [&text[..at(width - 3)], b"..."].concat();
    }
    if width < 7 {
        return Vec::new();
    }
    if offset + width - 3 < length {
        return [b"...".to_vec(), abbreviate(&text[at(offset)..], 0, width - 3)].concat();
    }
    [b"...", &text[at(length - (width - 3))..]].concat()
}
