//! The patterns of rules: globs in which `*` crosses everything, or unanchored regular expressions.

use regex::{Regex, RegexBuilder};

use crate::glob::Glob;

/// How a pattern relates to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    Yes,
    No,
    /// The pattern is no regular expression.
    Broken,
}

#[derive(Debug, Clone)]
pub(super) enum Pattern {
    Everything,
    /// A glob without special characters.
    Exactly(String),
    Glob(Glob),
    Regex(Regex),
    /// A broken glob matches nothing.
    Nothing,
    /// A broken regular expression makes the whole evaluation fail.
    Broken,
}

/// Bound of a compiled regular expression, in bytes.
const MAX_REGEX_SIZE: usize = 1 << 20;

impl Pattern {
    pub(super) fn new(text: &str, regex: bool) -> Self {
        if regex {
            return RegexBuilder::new(text)
                .size_limit(MAX_REGEX_SIZE)
                .build()
                .map_or(Self::Broken, Self::Regex);
        }
        if text == "*" {
            return Self::Everything;
        }
        if !text.contains(['*', '?', '[', ']', '{', '}', '\\']) {
            return Self::Exactly(text.to_owned());
        }
        Glob::new(text, &[]).map_or(Self::Nothing, Self::Glob)
    }

    pub(super) fn matches(&self, text: &str) -> Match {
        let found = match self {
            Self::Everything => true,
            Self::Exactly(wanted) => wanted == text,
            Self::Glob(glob) => glob.matches(text),
            Self::Regex(regex) => regex.is_match(text),
            Self::Nothing => false,
            Self::Broken => return Match::Broken,
        };
        if found { Match::Yes } else { Match::No }
    }
}
