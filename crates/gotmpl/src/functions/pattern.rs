//! Regular expressions in Go's syntax, checked as Go checks them and rewritten for the regex crate. Both match as RE2
//! does; they differ in what may be written: Perl classes and word boundaries are ASCII in Go, `\Q...\E`, octal escapes
//! and stray braces are allowed, and repetitions of repetitions aren't.
//!
//! Neighbors: `pattern_class.rs` reads what stands in brackets and behind backslashes, `regular.rs` has the functions.

use super::pattern_class::{escaped_char, perl_class, push_literal, unicode_class};

/// Why a text is no pattern: Go's words and the part of the text that they are about.
pub(super) struct PatternError {
    reason: &'static str,
    part: String,
}

impl std::fmt::Display for PatternError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "error parsing regexp: {}: `{}`", self.reason, self.part)
    }
}

pub(super) fn failed<T>(reason: &'static str, part: &str) -> Result<T, PatternError> {
    Err(PatternError { reason, part: part.to_owned() })
}

/// More than any pattern of a person has; Go's bound.
const MAX_REPEAT: u32 = 1000;
const MAX_DEPTH: usize = 1000;

/// What stands last in the pattern, for a repetition behind it.
#[derive(Clone, Copy)]
struct Atom {
    /// Where it begins and ends in what is written.
    start: usize,
    end: usize,
    repeated: bool,
}

struct Translator<'p> {
    whole: &'p str,
    out: String,
    /// The open groups by where they begin in what is written.
    groups: Vec<usize>,
    last: Option<Atom>,
    names: Vec<&'p str>,
}

/// A Go pattern as the regex crate wants it.
pub(super) fn translate(pattern: &str) -> Result<String, PatternError> {
    let out = String::with_capacity(pattern.len() + 16);
    let mut translator =
        Translator { whole: pattern, out, groups: Vec::new(), last: None, names: Vec::new() };
    let mut rest = pattern;
    // The text of the repetition just read: another one may not follow.
    let mut repetition = "";
    while let Some(c) = rest.chars().next() {
        let before = rest;
        let repeated = std::mem::take(&mut repetition);
        rest = match c {
            '*' | '+' | '?' => {
                let after = translator.repeat(before, &before[1..], repeated, &before[..1])?;
                repetition = before;
                after
            }
            '{' => match counts(before) {
                Some((low, high, after)) => {
                    let text = &before[..before.len() - after.len()];
                    if low > MAX_REPEAT || high.is_some_and(|high| high > MAX_REPEAT || high < low) {
                        return failed("invalid repeat count", text);
                    }
                    let after = translator.repeat(before, after, repeated, text)?;
                    repetition = before;
                    after
                }
                None => translator.atom(|out| out.push_str("\\{"), &before[1..]),
            },
            _ => translator.next(c, rest)?,
        };
    }
    if translator.groups.is_empty() { Ok(translator.out) } else { failed("missing closing )", pattern) }
}

impl<'p> Translator<'p> {
    /// Writes something that a repetition may follow.
    fn atom(&mut self, write: impl FnOnce(&mut String), rest: &'p str) -> &'p str {
        let start = self.out.len();
        write(&mut self.out);
        self.last = Some(Atom { start, end: self.out.len(), repeated: false });
        rest
    }

    /// Reads one thing that is no repetition; returns what follows it.
    fn next(&mut self, c: char, text: &'p str) -> Result<&'p str, PatternError> {
        let rest = &text[c.len_utf8()..];
        match c {
            '(' if rest.starts_with('?') => self.special_group(text),
            '(' => {
                self.open("(")?;
                Ok(rest)
            }
            '|' => {
                self.out.push('|');
                self.last = None;
                Ok(rest)
            }
            ')' => {
                let Some(start) = self.groups.pop() else { return failed("unexpected )", self.whole) };
                self.out.push(')');
                self.last = Some(Atom { start, end: self.out.len(), repeated: false });
                Ok(rest)
            }
            '^' | '$' | '.' => Ok(self.atom(|out| out.push(c), rest)),
            '[' => {
                let start = self.out.len();
                let rest = super::pattern_class::brackets(text, &mut self.out)?;
                self.last = Some(Atom { start, end: self.out.len(), repeated: false });
                Ok(rest)
            }
            '\\' => self.escape(text),
            _ => Ok(self.atom(|out| push_literal(out, c), rest)),
        }
    }

    fn open(&mut self, written: &str) -> Result<(), PatternError> {
        if self.groups.len() >= MAX_DEPTH {
            return failed("expression nests too deeply", self.whole);
        }
        self.groups.push(self.out.len());
        self.out.push_str(written);
        self.last = None;
        Ok(())
    }

    /// A repetition of what stands last; returns what follows it and its question mark.
    fn repeat(
        &mut self,
        before: &'p str,
        after: &'p str,
        repeated: &'p str,
        operator: &str,
    ) -> Result<&'p str, PatternError> {
        let lazy = after.strip_prefix('?');
        let after = lazy.unwrap_or(after);
        if !repeated.is_empty() {
            return failed("invalid nested repetition operator", &repeated[..repeated.len() - after.len()]);
        }
        let Some(last) = &mut self.last else {
            let text = &before[..before.len() - after.len()];
            return failed("missing argument to repetition operator", text);
        };
        let mut written = operator.to_owned();
        if lazy.is_some() {
            written.push('?');
        }
        // Flags may stand between the thing and its repetition.
        if last.repeated {
            self.out.insert_str(last.start, "(?:");
            last.end += 3;
            written.insert(0, ')');
        }
        self.out.insert_str(last.end, &written);
        last.end += written.len();
        last.repeated = true;
        Ok(after)
    }

    /// `(?flags)`, `(?flags:`, `(?P<name>` and `(?<name>`.
    fn special_group(&mut self, text: &'p str) -> Result<&'p str, PatternError> {
        let named = match text.as_bytes() {
            [_, _, b'P', b'<', _, ..] => Some(4),
            [_, _, b'<', _, ..] => Some(3),
            _ => None,
        };
        if let Some(start) = named {
            let Some(end) = text.find('>') else { return failed("invalid named capture", text) };
            let name = &text[start.min(end)..end];
            if name.is_empty() || !name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
                return failed("invalid named capture", &text[..=end]);
            }
            // A name that the regex crate refuses can't be asked for in a replacement; the group still counts.
            let usable = !name.starts_with(|c: char| c.is_ascii_digit()) && !self.names.contains(&name);
            if usable {
                self.names.push(name);
                self.open(&format!("(?P<{name}>"))?;
            } else {
                self.open("(")?;
            }
            return Ok(&text[end + 1..]);
        }
        let (mut negated, mut flag_seen) = (false, false);
        for (at, c) in text.char_indices().skip(2) {
            match c {
                'i' | 'm' | 's' | 'U' => flag_seen = true,
                '-' if !negated => (negated, flag_seen) = (true, false),
                ':' | ')' if !negated || flag_seen => {
                    let flags = &text[..=at];
                    if c == ':' {
                        self.open(flags)?;
                    } else if flags != "(?)" {
                        self.out.push_str(flags);
                    }
                    return Ok(&text[at + 1..]);
                }
                _ => return failed("invalid or unsupported Perl syntax", &text[..at + c.len_utf8()]),
            }
        }
        failed("invalid or unsupported Perl syntax", text)
    }

    /// What stands behind a backslash outside of brackets.
    fn escape(&mut self, text: &'p str) -> Result<&'p str, PatternError> {
        let after = &text[1..];
        let rest = after.get(1..).unwrap_or("");
        let simple = match after.as_bytes().first() {
            Some(b'A') => r"\A",
            Some(b'z') => r"\z",
            Some(b'b') => r"(?-u:\b)",
            Some(b'B') => r"(?-u:\B)",
            Some(b'C') => return failed("invalid escape sequence", &text[..2]),
            Some(b'Q') => {
                let (literal, rest) = rest.split_once("\\E").unwrap_or((rest, ""));
                for c in literal.chars() {
                    self.atom(|out| push_literal(out, c), rest);
                }
                return Ok(rest);
            }
            _ => "",
        };
        if !simple.is_empty() {
            return Ok(self.atom(|out| out.push_str(simple), rest));
        }
        if let Some((class, rest)) = unicode_class(text)? {
            return Ok(self.atom(|out| out.push_str(&class), rest));
        }
        if let Some((class, rest)) = perl_class(text) {
            return Ok(self.atom(|out| out.push_str(class), rest));
        }
        let (c, rest) = escaped_char(text)?;
        Ok(self.atom(|out| push_literal(out, c), rest))
    }
}

/// The numbers of `{2}`, `{2,}` or `{2,3}` and what follows; any other brace is a literal.
fn counts(text: &str) -> Option<(u32, Option<u32>, &str)> {
    let (inner, rest) = text.strip_prefix('{')?.split_once('}')?;
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // No leading zeros, and what is too large is refused by whoever asked.
        let plain = digits && (text.len() == 1 || !text.starts_with('0'));
        plain.then(|| text.parse().unwrap_or(u32::MAX))
    };
    match inner.split_once(',') {
        None => number(inner).map(|low| (low, Some(low), rest)),
        Some((low, "")) => number(low).map(|low| (low, None, rest)),
        Some((low, high)) => Some((number(low)?, Some(number(high)?), rest)),
    }
}
