//! Which styles a text may be written in.

use super::Layout;
use crate::node::ScalarStyle;
use crate::resolve::{Scalar, resolve};
use crate::scan::cursor::{is_blank, is_break};

/// What a text's characters allow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Analysis {
    pub(super) multiline: bool,
    plain: bool,
    single_quoted: bool,
    block: bool,
}

/// Whether a character is written as it is. go-yaml escapes everything beyond the basic plane.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

pub(super) fn analyze(text: &str, layout: Layout) -> Analysis {
    if text.is_empty() {
        return Analysis { multiline: false, plain: true, single_quoted: true, block: false };
    }
    let indicated = text.starts_with("---") || text.starts_with("...");
    let mut found = Found { indicators: indicated, after_white_space: true, ..Found::default() };
    let mut characters = text.chars().peekable();
    let mut first = true;
    while let Some(c) = characters.next() {
        let next = characters.peek().copied();
        found.look_at(c, next, first, layout);
        first = false;
    }
    let edge_space = found.leading_space || found.trailing_space;
    let edge = edge_space || found.leading_break || found.trailing_break;
    let unprintable = found.space_then_break || found.special;
    Analysis {
        multiline: found.line_breaks,
        plain: !(edge
            || found.break_then_space
            || unprintable
            || found.tabs
            || found.line_breaks
            || found.indicators),
        single_quoted: !(found.break_then_space || unprintable || found.tabs),
        block: !(found.trailing_space || unprintable),
    }
}

/// What has been seen so far.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent findings about one text")]
struct Found {
    indicators: bool,
    line_breaks: bool,
    special: bool,
    tabs: bool,
    leading_space: bool,
    leading_break: bool,
    trailing_space: bool,
    trailing_break: bool,
    break_then_space: bool,
    space_then_break: bool,
    previous_space: bool,
    previous_break: bool,
    after_white_space: bool,
}

impl Found {
    fn look_at(&mut self, c: char, next: Option<char>, first: bool, layout: Layout) {
        let before_white_space = next.is_none_or(is_blank);
        self.indicators |= match c {
            ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => first,
            '?' | '-' => first && before_white_space,
            ':' => before_white_space,
            '#' => first || self.after_white_space,
            _ => false,
        };
        if c == '\t' && layout.tabs_in_literals {
            self.tabs = true;
        } else {
            self.special |= !is_printable(c);
        }
        if c == ' ' {
            self.leading_space |= first;
            self.trailing_space |= next.is_none();
            self.break_then_space |= self.previous_break;
        } else if is_break(c) {
            self.line_breaks = true;
            self.leading_break |= first;
            self.trailing_break |= next.is_none();
            self.space_then_break |= self.previous_space;
        }
        self.previous_space = c == ' ';
        self.previous_break = is_break(c);
        self.after_white_space = is_blank(c) || is_break(c);
    }
}

/// `12:30` and the like, numbers to base 60 in YAML 1.1.
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let mut parts = unsigned.split(':');
    let head = parts.next().unwrap_or("");
    if !head.starts_with(|c: char| c.is_ascii_digit())
        || !head.bytes().all(|b| b.is_ascii_digit() || b == b'_')
    {
        return false;
    }
    let rest: Vec<&str> = parts.collect();
    let Some((last, middle)) = rest.split_last() else { return false };
    let sixtieth = |part: &str| match part.as_bytes() {
        [units] => units.is_ascii_digit(),
        [tens, units] => matches!(tens, b'0'..=b'5') && units.is_ascii_digit(),
        _ => false,
    };
    let (whole, fraction) = last.split_once('.').unwrap_or((last, ""));
    middle.iter().all(|part| sixtieth(part))
        && sixtieth(whole)
        && fraction.bytes().all(|b| b.is_ascii_digit() || b == b'_')
}

/// Whether text would be read as something else than text if it were written without quotes.
pub fn needs_quotes(text: &str) -> bool {
    resolve(text) != Scalar::Text || is_base_60(text)
}

/// The style in which go-yaml writes a string.
pub(super) fn style_of_string(text: &str) -> ScalarStyle {
    if text.contains('\n') {
        ScalarStyle::Literal
    } else if needs_quotes(text) {
        ScalarStyle::DoubleQuoted
    } else {
        ScalarStyle::Plain
    }
}

impl Analysis {
    /// The wanted style, or the nearest that can hold the text. `key` is true for a key on one line.
    pub(super) fn nearest(self, wanted: ScalarStyle, text: &str, key: bool) -> ScalarStyle {
        let mut style = wanted;
        if key && self.multiline {
            style = ScalarStyle::DoubleQuoted;
        }
        if style == ScalarStyle::Plain && (!self.plain || (text.is_empty() && key)) {
            style = ScalarStyle::SingleQuoted;
        }
        if style == ScalarStyle::SingleQuoted && !self.single_quoted {
            style = ScalarStyle::DoubleQuoted;
        }
        if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) && (!self.block || key) {
            style = ScalarStyle::DoubleQuoted;
        }
        style
    }
}
