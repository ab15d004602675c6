//! Classes and escapes of Go's regular expressions. Neighbor: `pattern.rs`.

use regex::Regex;

use super::pattern::{PatternError, failed};

/// Writes a character that stands for itself.
pub(super) fn push_literal(out: &mut String, c: char) {
    if r"\.+*?()|[]{}^$#&-~".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// `\d`, `\s`, `\w` and their opposites, which mean ASCII in Go; also the rest of the text.
pub(super) fn perl_class(text: &str) -> Option<(&'static str, &str)> {
    let class = match text.as_bytes() {
        [b'\\', b'd', ..] => "[0-9]",
        [b'\\', b'D', ..] => "[^0-9]",
        [b'\\', b's', ..] => r"[\t\n\x0c\r ]",
        [b'\\', b'S', ..] => r"[^\t\n\x0c\r ]",
        [b'\\', b'w', ..] => "[0-9A-Za-z_]",
        [b'\\', b'W', ..] => "[^0-9A-Za-z_]",
        _ => return None,
    };
    Some((class, &text[2..]))
}

/// `\pL`, `\p{Greek}`, `\P{^Lu}`, if one stands here; also the rest of the text.
pub(super) fn unicode_class(text: &str) -> Result<Option<(String, &str)>, PatternError> {
    let Some(after) = text.strip_prefix("\\p").or_else(|| text.strip_prefix("\\P")) else { return Ok(None) };
    let Some(first) = after.chars().next() else { return Ok(None) };
    let (name, rest) = match after.strip_prefix('{') {
        Some(braced) => match braced.split_once('}') {
            Some(parts) => parts,
            None => return failed("invalid character class range", text),
        },
        None => after.split_at(first.len_utf8()),
    };
    let whole = &text[..text.len() - rest.len()];
    let mut negated = text.starts_with("\\P");
    let name = match name.strip_prefix('^') {
        Some(name) => {
            negated = !negated;
            name
        }
        None => name,
    };
    let class = format!("\\{}{{{name}}}", if negated { 'P' } else { 'p' });
    let frequent = matches!(
        name,
        "L" | "Lu" | "Ll" | "N" | "Nd" | "P" | "S" | "Z" | "M" | "C" | "Latin" | "Greek" | "Cyrillic" | "Han"
    );
    // The names are those of Unicode for both.
    let known = |name: &str| {
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && Regex::new(&class).is_ok()
    };
    if !frequent && (name.is_empty() || !known(name)) {
        return failed("invalid character class range", whole);
    }
    Ok(Some((class, rest)))
}

/// The character that a backslash and what follows it stand for.
pub(super) fn escaped_char(text: &str) -> Result<(char, &str), PatternError> {
    let after = &text[1..];
    let Some(c) = after.chars().next() else { return failed("trailing backslash at end of expression", "") };
    let rest = &after[c.len_utf8()..];
    let octal = |text: &str, most: usize| {
        text.bytes().take(most).take_while(|byte| (b'0'..=b'7').contains(byte)).count()
    };
    let simple = match c {
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    };
    if let Some(c) = simple {
        return Ok((c, rest));
    }
    match c {
        // A single digit would be a back reference.
        '0'..='7' if c == '0' || octal(rest, 1) > 0 => {
            let digits = 1 + octal(rest, 2);
            let number = u32::from_str_radix(&after[..digits], 8).unwrap_or(0);
            Ok((char::from_u32(number).unwrap_or('\u{fffd}'), &after[digits..]))
        }
        'x' => hexadecimal(text, rest),
        _ => failed("invalid escape sequence", &text[..1 + c.len_utf8()]),
    }
}

/// `\x41` and `\x{1F600}`; `rest` is what stands behind the x.
fn hexadecimal<'t>(text: &'t str, rest: &'t str) -> Result<(char, &'t str), PatternError> {
    let wrong = |read: usize| {
        let end = (2 + read..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
        failed("invalid escape sequence", &text[..end])
    };
    let (digits, length) = match rest.strip_prefix('{') {
        Some(braced) => {
            let digits = braced.bytes().take_while(u8::is_ascii_hexdigit).count();
            if digits == 0 || braced.as_bytes().get(digits) != Some(&b'}') {
                return wrong((digits + 2).min(rest.len()));
            }
            (&braced[..digits], digits + 2)
        }
        None => {
            let digits = rest.bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
            if digits < 2 {
                return wrong(2.min(rest.len()));
            }
            (&rest[..2], 2)
        }
    };
    let mut number = 0;
    for (at, digit) in digits.chars().enumerate() {
        number = number * 16 + digit.to_digit(16).unwrap_or(0);
        if number > u32::from(char::MAX) {
            return wrong(at + 2);
        }
    }
    Ok((char::from_u32(number).unwrap_or('\u{fffd}'), &rest[length..]))
}

/// Writes a character as a member of a class.
fn push_member(out: &mut String, c: char) {
    if r"\[]^-&~".contains(c) {
        out.push('\\');
    }
    out.push(c);
}

/// A class in brackets; returns what follows it.
pub(super) fn brackets<'p>(text: &'p str, out: &mut String) -> Result<&'p str, PatternError> {
    let mut rest = &text[1..];
    out.push('[');
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        if rest.starts_with("[:")
            && let Some(end) = rest[2..].find(":]")
        {
            let name = &rest[..end + 4];
            if !is_posix(&rest[2..end + 2]) {
                return failed("invalid character class range", name);
            }
            out.push_str(name);
            rest = &rest[end + 4..];
            continue;
        }
        if let Some((class, after)) = unicode_class(rest)? {
            out.push_str(&class);
            rest = after;
            continue;
        }
        if let Some((class, after)) = perl_class(rest) {
            out.push_str(class);
            rest = after;
            continue;
        }
        let range = rest;
        let (low, after) = member(rest, text)?;
        rest = after;
        push_member(out, low);
        if rest.starts_with('-') && rest.len() > 1 && !rest[1..].starts_with(']') {
            let (high, after) = member(&rest[1..], text)?;
            rest = after;
            if high < low {
                return failed("invalid character class range", &range[..range.len() - rest.len()]);
            }
            out.push('-');
            push_member(out, high);
        }
    }
    out.push(']');
    Ok(&rest[1..])
}

fn is_posix(name: &str) -> bool {
    let name = name.strip_prefix('^').unwrap_or(name);
    matches!(
        name,
        "alnum"
            | "alpha"
            | "ascii"
            | "blank"
            | "cntrl"
            | "digit"
            | "graph"
            | "lower"
            | "print"
            | "punct"
            | "space"
            | "upper"
            | "word"
            | "xdigit"
    )
}

fn member<'t>(text: &'t str, whole: &str) -> Result<(char, &'t str), PatternError> {
    match text.chars().next() {
        None => failed("missing closing ]", whole),
        Some('\\') => escaped_char(text),
        Some(c) => Ok((c, &text[c.len_utf8()..])),
    }
}
