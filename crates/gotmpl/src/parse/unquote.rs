//! Go's quoted and raw string literals.

use crate::value::Value;

/// One character of a quoted literal: its number and the bytes it took. `\x` and octal escapes are bytes, not
/// characters, which [`unquote`] has to know.
pub(crate) fn unquote_char(text: &str, quote: char) -> Option<(u32, usize)> {
    escape(text, quote).map(|(point, used, _)| (point, used))
}

fn escape(text: &str, quote: char) -> Option<(u32, usize, bool)> {
    let mut chars = text.chars();
    let first = chars.next()?;
    if first == quote && (quote == '\'' || quote == '"') {
        return None;
    }
    if first != '\\' {
        return Some((u32::from(first), first.len_utf8(), false));
    }
    let sign = chars.next()?;
    let hexadecimal = |digits: usize| {
        let text =
            text.get(2..2 + digits).filter(|text| text.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u32::from_str_radix(text, 16).ok()
    };
    let simple = |point: char| Some((u32::from(point), 2, false));
    match sign {
        'a' => simple('\x07'),
        'b' => simple('\x08'),
        'f' => simple('\x0c'),
        'n' => simple('\n'),
        'r' => simple('\r'),
        't' => simple('\t'),
        'v' => simple('\x0b'),
        '\\' => simple('\\'),
        '\'' | '"' if sign == quote => simple(sign),
        'x' => Some((hexadecimal(2)?, 4, true)),
        'u' => hexadecimal(4).filter(|point| char::from_u32(*point).is_some()).map(|point| (point, 6, false)),
        'U' => {
            hexadecimal(8).filter(|point| char::from_u32(*point).is_some()).map(|point| (point, 10, false))
        }
        '0'..='7' => {
            let digits =
                text.get(1..4).filter(|text| text.bytes().all(|digit| matches!(digit, b'0'..=b'7')))?;
            let byte = u32::from_str_radix(digits, 8).ok().filter(|byte| *byte < 256)?;
            Some((byte, 4, true))
        }
        _ => None,
    }
}

/// The value of a string literal with its quotes; `None` when it isn't one.
pub(crate) fn unquote(literal: &str) -> Option<Value> {
    if let Some(raw) = literal.strip_prefix('`') {
        let raw = raw.strip_suffix('`')?;
        // A raw literal drops carriage returns, as in Go source.
        return Some(if raw.contains('\r') {
            Value::string(raw.replace('\r', ""))
        } else {
            Value::string(raw)
        });
    }
    let body = literal.strip_prefix('"')?.strip_suffix('"')?;
    if !body.contains(['\\', '\n', '"']) {
        return Some(Value::string(body));
    }
    let mut bytes = Vec::with_capacity(body.len());
    let mut rest = body;
    while !rest.is_empty() {
        if rest.starts_with('\n') {
            return None;
        }
        let (point, used, byte) = escape(rest, '"')?;
        if byte {
            bytes.push(u8::try_from(point).ok()?);
        } else {
            let mut buffer = [0; 4];
            bytes.extend_from_slice(char::from_u32(point)?.encode_utf8(&mut buffer).as_bytes());
        }
        rest = &rest[used..];
    }
    Some(Value::text_from_bytes(&bytes))
}
