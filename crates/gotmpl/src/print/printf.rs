//! Go's `fmt.Sprintf`: reads the format; `verbs.rs` formats the single values.

use super::verbs::{Spec, format_value};
use super::{print_value, printed};
use crate::value::Value;

/// Widths and precisions beyond this are refused, as in Go.
const MAX_WIDTH: usize = 1_000_000;

struct Printer<'a> {
    arguments: &'a [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
}

/// Formats the values. Mistakes of the format show up in the text, as in Go; there are no errors.
pub(crate) fn printf(format: &str, arguments: &[Value]) -> String {
    let mut out = String::with_capacity(format.len() + 16 * arguments.len());
    let mut printer = Printer { arguments, next: 0, reordered: false, good_index: true };
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = printer.directive(&rest[at + 1..], &mut out);
    }
    out.push_str(rest);
    if !printer.reordered && printer.next < arguments.len() {
        out.push_str("%!(EXTRA ");
        for (at, value) in arguments[printer.next..].iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            match value {
                Value::Nil => out.push_str("<nil>"),
                _ => {
                    out.push_str(value.type_name());
                    out.push('=');
                    print_value(&mut out, value);
                }
            }
        }
        out.push(')');
    }
    out
}

impl Printer<'_> {
    /// One directive, behind its percent sign; returns what follows it.
    fn directive<'f>(&mut self, format: &'f str, out: &mut String) -> &'f str {
        let mut spec = Spec::default();
        let mut rest = format;
        self.good_index = true;
        while let Some(flag) = rest.bytes().next() {
            match flag {
                b'#' => spec.sharp = true,
                b'0' => spec.zero = true,
                b'+' => spec.plus = true,
                b'-' => spec.minus = true,
                b' ' => spec.space = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        let (mut after_index, remaining) = self.index(rest);
        rest = remaining;
        if let Some(remaining) = rest.strip_prefix('*') {
            rest = remaining;
            match self.star() {
                Some(width) => {
                    spec.minus |= width < 0;
                    spec.width = Some(width.unsigned_abs() as usize);
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
            after_index = false;
        } else {
            let (width, remaining) = digits(rest);
            if after_index && width.is_some() {
                self.good_index = false;
            }
            spec.width = width;
            rest = remaining;
        }
        if let Some(remaining) = rest.strip_prefix('.') {
            if after_index {
                self.good_index = false;
            }
            let (index, remaining) = self.index(remaining);
            after_index = index;
            if let Some(remaining) = remaining.strip_prefix('*') {
                rest = remaining;
                spec.precision = self.star().and_then(|precision| usize::try_from(precision).ok());
                if spec.precision.is_none() {
                    out.push_str("%!(BADPREC)");
                }
                after_index = false;
            } else {
                let (precision, remaining) = digits(remaining);
                spec.precision = Some(precision.unwrap_or(0));
                rest = remaining;
            }
        }
        if !after_index {
            rest = self.index(rest).1;
        }
        let Some(verb) = rest.chars().next() else {
            out.push_str("%!(NOVERB)");
            return rest;
        };
        rest = &rest[verb.len_utf8()..];
        spec.verb = verb;
        // For the fields of structs, which no value here shows.
        spec.plus &= verb != 'v';
        if verb == '%' {
            out.push('%');
        } else if !self.good_index {
            out.push_str(&format!("%!{verb}(BADINDEX)"));
        } else if let Some(value) = self.arguments.get(self.next) {
            self.next += 1;
            top_level(out, &spec, value);
        } else {
            out.push_str(&format!("%!{verb}(MISSING)"));
        }
        rest
    }

    /// `[n]`, which says the argument to use next.
    fn index<'f>(&mut self, rest: &'f str) -> (bool, &'f str) {
        let Some(inner) = rest.strip_prefix('[') else { return (false, rest) };
        self.reordered = true;
        let Some(end) = inner.find(']') else {
            self.good_index = false;
            return (false, inner);
        };
        match inner[..end].parse::<usize>() {
            Ok(number) if (1..=self.arguments.len()).contains(&number) => self.next = number - 1,
            _ => self.good_index = false,
        }
        (true, &inner[end + 1..])
    }

    fn star(&mut self) -> Option<i64> {
        let value = self.arguments.get(self.next)?.as_int();
        self.next += 1;
        value.filter(|width| width.unsigned_abs() <= MAX_WIDTH as u64)
    }
}

fn digits(text: &str) -> (Option<usize>, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    if end == 0 {
        return (None, text);
    }
    (text[..end].parse().ok().filter(|width| *width <= MAX_WIDTH), &text[end..])
}

fn top_level(out: &mut String, spec: &Spec, value: &Value) {
    match (spec.verb, value) {
        ('T', _) => {
            let name = if value.is_nil() { "<nil>" } else { value.type_name() };
            spec.pad(out, name);
        }
        ('v', Value::Nil) => spec.pad(out, "<nil>"),
        (verb, Value::Nil) => out.push_str(&format!("%!{verb}(<nil>)")),
        ('v', Value::String(_) | Value::Int(_) | Value::Int64(_)) if spec.is_plain() => {
            out.push_str(&printed(value));
        }
        _ => format_value(out, spec, value, 0),
    }
}
