//! Scalars onto paper: quoting, escaping, folding.

use super::Emitter;
use super::analyze::is_printable;
use crate::scan::cursor::{is_blank_or_end, is_break};

impl Emitter {
    /// A space at which a line may be broken: one space alone, beyond the width.
    fn folds_at(&self, next: Option<char>) -> bool {
        self.column > self.layout.width && next != Some(' ')
    }

    fn put_line_break(&mut self, c: char, first: bool) {
        // One newline in a flow scalar reads as a space, so the first is written twice.
        if first && c == '\n' {
            self.new_line();
        }
        if c == '\n' {
            self.new_line();
        } else {
            self.out.push(c);
            self.column = 0;
        }
        self.indention = true;
    }

    pub(super) fn plain(&mut self, text: &str, fold: bool) {
        if !self.white_space {
            self.put(' ');
        }
        self.flow_text(text, fold, false);
        self.white_space = false;
        self.indention = false;
    }

    pub(super) fn single_quoted(&mut self, text: &str, fold: bool) {
        self.indicator("'", true, false, false);
        self.flow_text(text, fold, true);
        self.indicator("'", false, false, false);
    }

    /// The text of a plain or single-quoted scalar.
    fn flow_text(&mut self, text: &str, fold: bool, quoted: bool) {
        let (mut spaces, mut breaks, mut first) = (false, false, true);
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            if c == ' ' {
                let next = after.chars().next();
                let inside = !quoted || (!first && next.is_some());
                if fold && !spaces && inside && self.folds_at(next) {
                    self.write_indent();
                } else {
                    self.put(c);
                }
                spaces = true;
                rest = after;
            } else if is_break(c) {
                self.put_line_break(c, !breaks);
                breaks = true;
                rest = after;
            } else {
                if breaks {
                    self.write_indent();
                }
                if quoted && c == '\'' {
                    self.put('\'');
                }
                let ends = |c: char| c == ' ' || is_break(c) || (quoted && c == '\'');
                let word = after.find(ends).map_or(rest, |at| &rest[..c.len_utf8() + at]);
                self.put_str(word);
                self.indention = false;
                (spaces, breaks) = (false, false);
                rest = &rest[word.len()..];
            }
            first = false;
        }
    }

    pub(super) fn double_quoted(&mut self, text: &str, fold: bool) {
        self.indicator("\"", true, false, false);
        // go-yaml takes every character of a text that begins with a byte order mark for one.
        let all_escaped = text.starts_with('\u{feff}');
        let (mut spaces, mut first) = (false, true);
        let mut characters = text.chars().peekable();
        while let Some(c) = characters.next() {
            let next = characters.peek().copied();
            if all_escaped {
                self.put_escaped(c);
            } else if c == ' ' {
                let inside = !first && next.is_some();
                if fold && !spaces && inside && self.column > self.layout.width {
                    self.write_indent();
                    // A second space would be lost at the start of a line.
                    if next == Some(' ') {
                        self.put('\\');
                    }
                } else {
                    self.put(c);
                }
                spaces = true;
            } else {
                if !is_printable(c) || is_break(c) || c == '"' || c == '\\' {
                    self.put_escaped(c);
                } else {
                    self.put(c);
                }
                spaces = false;
            }
            first = false;
        }
        self.indicator("\"", false, false, false);
    }

    fn put_escaped(&mut self, c: char) {
        let code = u32::from(c);
        let escaped = match c {
            '\0' => "\\0".to_string(),
            '\u{7}' => "\\a".into(),
            '\u{8}' => "\\b".into(),
            '\t' => "\\t".into(),
            '\n' => "\\n".into(),
            '\u{b}' => "\\v".into(),
            '\u{c}' => "\\f".into(),
            '\r' => "\\r".into(),
            '\u{1b}' => "\\e".into(),
            '"' => "\\\"".into(),
            '\\' => "\\\\".into(),
            '\u{85}' => "\\N".into(),
            '\u{a0}' => "\\_".into(),
            '\u{2028}' => "\\L".into(),
            '\u{2029}' => "\\P".into(),
            _ if code <= 0xff => format!("\\x{code:02X}"),
            _ if code <= 0xffff => format!("\\u{code:04X}"),
            _ => format!("\\U{code:08X}"),
        };
        escaped.chars().for_each(|c| self.put(c));
    }

    /// `2` if the first line's own indentation can't tell, then `-`, `+` or nothing for the end.
    fn block_header(&mut self, indicator: &str, text: &str) {
        self.indicator(indicator, true, false, false);
        if text.starts_with(|c: char| c == ' ' || is_break(c)) {
            self.indicator("2", false, false, false);
        }
        let mut backwards = text.chars().rev();
        let chomping = match (backwards.next(), backwards.next()) {
            (Some(last), _) if !is_break(last) => "-",
            (None, _) => "-",
            (Some(_), None) => "+",
            (Some(_), Some(before)) if is_break(before) => "+",
            _ => "",
        };
        if !chomping.is_empty() {
            self.indicator(chomping, false, false, false);
        }
        self.new_line();
        self.indention = true;
        self.white_space = true;
    }

    pub(super) fn literal(&mut self, text: &str) {
        self.block_header("|", text);
        let mut breaks = true;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if is_break(c) {
                self.put_line_break(c, false);
                breaks = true;
                rest = &rest[c.len_utf8()..];
                continue;
            }
            if breaks {
                self.write_indent();
            }
            let line = rest.find(is_break).map_or(rest, |end| &rest[..end]);
            self.put_str(line);
            self.indention = false;
            breaks = false;
            rest = &rest[line.len()..];
        }
    }

    pub(super) fn folded(&mut self, text: &str) {
        self.block_header(">", text);
        let (mut breaks, mut leading_spaces) = (true, true);
        let characters: Vec<char> = text.chars().collect();
        for (at, c) in characters.iter().copied().enumerate() {
            let next = characters.get(at + 1).copied();
            if is_break(c) {
                // Only the first break of several looks ahead, past all of them.
                let joins = !breaks && !leading_spaces && c == '\n' && {
                    let after = characters[at..].iter().copied().find(|c| !is_break(*c));
                    !is_blank_or_end(after.unwrap_or('\0'))
                };
                self.put_line_break(c, joins);
                breaks = true;
                continue;
            }
            if breaks {
                self.write_indent();
                leading_spaces = matches!(c, ' ' | '\t');
            }
            if !breaks && c == ' ' && self.folds_at(next) {
                self.write_indent();
            } else {
                self.put(c);
            }
            self.indention = false;
            breaks = false;
        }
    }
}
