//! Writes values as JSON: sorted keys, Go's floats, `<`, `>` and `&` escaped unless asked otherwise.

use std::fmt::Write;

use crate::functions::bytes_of;
use crate::print::{MAX_DEPTH, MAX_TEXT, json_float};
use crate::value::Value;

/// How to lay the text out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    /// Two spaces a level, one entry a line.
    pub pretty: bool,
    /// Leave `<`, `>` and `&` as they are.
    pub raw: bool,
}

/// Why a value has no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Infinity or NaN.
    #[error("json: unsupported value: {0}")]
    Value(String),
    /// A complex number.
    #[error("json: unsupported type: {0}")]
    Type(String),
    /// A map inside itself, or more text than any memory holds.
    #[error("json: unsupported value: encountered a cycle")]
    Cycle,
}

/// The JSON of a value.
///
/// # Errors
/// The value can't be said in JSON.
pub fn to_json(value: &Value, style: Style) -> Result<String, EncodeError> {
    let mut out = String::new();
    write(&mut out, value, style, 0)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value, style: Style, depth: usize) -> Result<(), EncodeError> {
    if depth > MAX_DEPTH || out.len() > MAX_TEXT {
        return Err(EncodeError::Cycle);
    }
    // Writing to a string can't fail.
    let _ = match value {
        Value::Nil => out.write_str("null"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Int(number) | Value::Int64(number) | Value::Duration(number) => write!(out, "{number}"),
        Value::Uint8(number) => write!(out, "{number}"),
        Value::Uint64(number) => write!(out, "{number}"),
        Value::Float(number) => match json_float(*number) {
            Some(text) => out.write_str(&text),
            None => return Err(EncodeError::Value(crate::print::float_text(*number))),
        },
        Value::Complex(..) => return Err(EncodeError::Type("complex128".to_owned())),
        Value::String(text) => {
            write_string(out, text, style);
            Ok(())
        }
        Value::Binary(bytes) => {
            out.push('"');
            for chunk in bytes.utf8_chunks() {
                write_characters(out, chunk.valid(), style);
                // One for each byte that is wrong.
                chunk.invalid().iter().for_each(|_| out.push_str("\\ufffd"));
            }
            out.push('"');
            Ok(())
        }
        Value::Bytes(_) => write!(out, "\"{}\"", crate::functions::base64(bytes_of(value))),
        Value::List(list) if list.is_nil() => out.write_str("null"),
        Value::List(list) => {
            write_items(out, list.iter(), ['[', ']'], style, depth, |out, item| {
                write(out, item, style, depth + 1)
            })?;
            Ok(())
        }
        Value::Map(map) if map.is_nil() => out.write_str("null"),
        Value::Map(map) => {
            let entries = map.entries();
            write_items(out, entries.iter(), ['{', '}'], style, depth, |out, (key, item)| {
                write_string(out, key, style);
                out.push_str(if style.pretty { ": " } else { ":" });
                write(out, item, style, depth + 1)
            })?;
            Ok(())
        }
        Value::Time(time) => write!(out, "\"{}\"", time.rfc3339()),
        Value::Object(object) => {
            let Some(fields) = object.json_fields() else {
                return write(out, &object.to_data(), style, depth);
            };
            write_items(out, fields.iter(), ['{', '}'], style, depth, |out, (key, item)| {
                write_string(out, key, style);
                out.push_str(if style.pretty { ": " } else { ":" });
                write(out, item, style, depth + 1)
            })?;
            Ok(())
        }
    };
    Ok(())
}

fn write_items<T>(
    out: &mut String,
    items: impl ExactSizeIterator<Item = T>,
    [open, close]: [char; 2],
    style: Style,
    depth: usize,
    mut write_item: impl FnMut(&mut String, T) -> Result<(), EncodeError>,
) -> Result<(), EncodeError> {
    let empty = items.len() == 0;
    let break_line = |out: &mut String, depth: usize| {
        if style.pretty && !empty {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        }
    };
    out.push(open);
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(',');
        }
        break_line(out, depth + 1);
        write_item(out, item)?;
    }
    break_line(out, depth);
    out.push(close);
    Ok(())
}

fn write_string(out: &mut String, text: &str, style: Style) {
    out.push('"');
    write_characters(out, text, style);
    out.push('"');
}

fn write_characters(out: &mut String, text: &str, style: Style) {
    let mut plain_from = 0;
    for (at, c) in text.char_indices() {
        let escaped = match c {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\x08' => "\\b",
            '\x0c' => "\\f",
            '\0'..='\x1f' | '\u{2028}' | '\u{2029}' => "",
            '<' | '>' | '&' if !style.raw => "",
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        if escaped.is_empty() {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        } else {
            out.push_str(escaped);
        }
        plain_from = at + c.len_utf8();
    }
    out.push_str(&text[plain_from..]);
}
