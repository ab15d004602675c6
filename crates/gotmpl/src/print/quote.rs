//! Go's quoted strings and what it considers printable.

use std::fmt::Write;
use std::sync::OnceLock;

use regex::Regex;

/// Whether Go's unicode tables call the character printable: letters, marks, numbers, punctuation, symbols, the space.
pub(crate) fn is_print(c: char) -> bool {
    static PRINTABLE: OnceLock<Option<Regex>> = OnceLock::new();
    if c.is_ascii() {
        return (' '..='~').contains(&c);
    }
    // The most common ones need no table.
    if c.is_alphanumeric() || matches!(c, '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' | '\u{2010}'..='\u{2027}')
    {
        return true;
    }
    let printable = PRINTABLE.get_or_init(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S}]$").ok());
    let mut buffer = [0; 4];
    printable.as_ref().is_none_or(|printable| printable.is_match(c.encode_utf8(&mut buffer)))
}

/// Go's double-quoted form.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        push_escaped(&mut out, c, '"', false);
    }
    out.push('"');
    out
}

/// The same with only ASCII in it.
pub(super) fn quoted_ascii(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        push_escaped(&mut out, c, '"', true);
    }
    out.push('"');
    out
}

/// The quoted form of bytes that may not be UTF-8.
pub(crate) fn quoted_bytes(bytes: &[u8]) -> String {
    let mut out = String::from('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut out, c, '"', false);
        }
        for byte in chunk.invalid() {
            let _ = write!(out, "\\x{byte:02x}");
        }
    }
    out.push('"');
    out
}

/// The character as a rune literal.
pub(crate) fn quoted_rune(c: char) -> String {
    let mut out = String::from('\'');
    push_escaped(&mut out, c, '\'', false);
    out.push('\'');
    out
}

fn push_escaped(out: &mut String, c: char, quote: char, ascii: bool) {
    match c {
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        '\\' => out.push_str("\\\\"),
        _ if c == quote => {
            out.push('\\');
            out.push(c);
        }
        _ if (c.is_ascii() || !ascii) && is_print(c) => out.push(c),
        _ => {
            let point = u32::from(c);
            let _ = match point {
                0..=0x1f | 0x7f => write!(out, "\\x{point:02x}"),
                0x80..=0xffff => write!(out, "\\u{point:04x}"),
                _ => write!(out, "\\U{point:08x}"),
            };
        }
    }
}

/// Go's `%#U`: the code point and, if printable, the character.
pub(crate) fn unicode_point(c: char) -> String {
    let point = format!("U+{:04X}", u32::from(c));
    if is_print(c) { format!("{point} '{c}'") } else { point }
}
