//! The text of values, as Go's fmt prints them with `%v`, and what builds on that.
//!
//! Neighbors: `float.rs` for numbers, `quote.rs` for `%q`, `printf.rs` and `verbs.rs` for formats.

mod float;
mod printf;
mod quote;
mod verbs;

use std::fmt::Write;

pub(crate) use float::{float_text, json_float};
pub(crate) use printf::printf;
pub(crate) use quote::{is_print, quoted, quoted_bytes, quoted_rune, unicode_point};

use crate::value::Value;

/// Nesting beyond this is cut off: only a map inside itself is so deep, and Go would overflow its stack there.
pub(crate) const MAX_DEPTH: usize = 200;

/// A text this long is cut off. Few maps that hold each other twice at every level print as more than any memory.
pub(crate) const MAX_TEXT: usize = 128 << 20;

/// Appends the `%v` form; nil is `<nil>`.
pub(crate) fn print_value(out: &mut String, value: &Value) {
    print_nested(out, value, 0);
}

/// Appends what an action prints: as [`print_value`], but nil is `<no value>`.
pub(crate) fn print_to(out: &mut String, value: &Value) {
    match value {
        Value::Nil => out.push_str("<no value>"),
        _ => print_value(out, value),
    }
}

/// The `%v` form.
pub(crate) fn printed(value: &Value) -> String {
    let mut out = String::new();
    print_value(&mut out, value);
    out
}

fn print_nested(out: &mut String, value: &Value, depth: usize) {
    if depth > MAX_DEPTH || out.len() > MAX_TEXT {
        out.push_str("...");
        return;
    }
    // Writing to a string can't fail.
    let _ = match value {
        Value::Nil => out.write_str("<nil>"),
        Value::Bool(truth) => write!(out, "{truth}"),
        Value::Int(number) | Value::Int64(number) => write!(out, "{number}"),
        Value::Uint8(number) => write!(out, "{number}"),
        Value::Uint64(number) => write!(out, "{number}"),
        Value::Float(number) => out.write_str(&float_text(*number)),
        Value::Complex(real, imaginary) => out.write_str(&float::complex_text(*real, *imaginary)),
        Value::String(text) => out.write_str(text),
        Value::Binary(bytes) => out.write_str(&String::from_utf8_lossy(bytes)),
        Value::Bytes(bytes) => {
            out.push('[');
            for (at, byte) in bytes.iter().enumerate() {
                let _ = write!(out, "{}{byte}", if at > 0 { " " } else { "" });
            }
            out.write_str("]")
        }
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                print_nested(out, item, depth + 1);
            }
            out.write_str("]")
        }
        Value::Map(map) => {
            out.push_str("map[");
            for (at, (key, item)) in map.entries().iter().enumerate() {
                if at > 0 {
                    out.push(' ');
                }
                out.push_str(key);
                out.push(':');
                print_nested(out, item, depth + 1);
            }
            out.write_str("]")
        }
        Value::Time(time) => out.write_str(&time.to_string()),
        Value::Duration(nanoseconds) => out.write_str(&crate::dates::duration_text(*nanoseconds)),
        Value::Object(object) => out.write_str(&object.print()),
    };
}

/// Appends the `%#v` form: the value as Go source.
pub(crate) fn print_go_syntax(out: &mut String, value: &Value) {
    go_syntax(out, value, 0);
}

fn go_syntax(out: &mut String, value: &Value, depth: usize) {
    if depth > MAX_DEPTH || out.len() > MAX_TEXT {
        out.push_str("...");
        return;
    }
    let _ = match value {
        Value::Nil if depth == 0 => out.write_str("<nil>"),
        Value::Nil => out.write_str("interface {}(nil)"),
        Value::String(text) => out.write_str(&quoted(text)),
        Value::Binary(bytes) => out.write_str(&quoted_bytes(bytes)),
        Value::Uint8(number) => write!(out, "{number:#x}"),
        Value::Uint64(number) => write!(out, "{number:#x}"),
        Value::Float(number) => out.write_str(&float::go_syntax_float(*number)),
        Value::Bytes(bytes) => {
            out.push_str("[]byte{");
            for (at, byte) in bytes.iter().enumerate() {
                let _ = write!(out, "{}{byte:#x}", if at > 0 { ", " } else { "" });
            }
            out.write_str("}")
        }
        Value::List(list) if list.is_nil() => write!(out, "{}(nil)", value.type_name()),
        Value::List(list) => {
            let _ = write!(out, "{}{{", value.type_name());
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                go_syntax(out, item, depth + 1);
            }
            out.write_str("}")
        }
        Value::Map(map) => {
            let _ = write!(out, "{}{{", value.type_name());
            for (at, (key, item)) in map.entries().iter().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                out.push_str(&quoted(key));
                out.push(':');
                go_syntax(out, item, depth + 1);
            }
            out.write_str("}")
        }
        Value::Duration(nanoseconds) => write!(out, "{nanoseconds}"),
        _ => {
            print_value(out, value);
            Ok(())
        }
    };
}

/// Go's `fmt.Sprint`: values side by side, with a space between two that aren't strings.
pub(crate) fn sprint(values: &[Value]) -> String {
    let mut out = String::new();
    let mut after_string = true;
    for value in values {
        let string = matches!(value, Value::String(_) | Value::Binary(_));
        if !after_string && !string {
            out.push(' ');
        }
        print_value(&mut out, value);
        after_string = string;
    }
    out
}
