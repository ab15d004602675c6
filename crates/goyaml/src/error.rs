//! What can go wrong while reading YAML, and where. Marks come from [`crate::position`].

use crate::position::Mark;

/// A YAML text that could not be read.
///
/// `line` and `column` say where the trouble is, counted from 1 (0: not tied to a place). The `Display` text is the
/// one that Go's library prints, whose line number, for compatibility, is one lower for some errors and absent on
/// the first line; programs that point at the place use the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// 1-based line, 0 when the error has no place.
    pub line: usize,
    /// 1-based column in characters, 0 when the error has no place.
    pub column: usize,
    /// What is wrong, without the place.
    pub message: String,
    printed_line: usize,
    /// Said by what turns YAML into JSON, without `yaml:` before it.
    conversion: bool,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.printed_line {
            _ if self.conversion => f.write_str(&self.message),
            0 => write!(f, "yaml: {}", self.message),
            line => write!(f, "yaml: line {line}: {}", self.message),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// A lexical error: Go prints the true line, except on the first.
    pub(crate) fn scanner(mark: Mark, message: impl Into<String>) -> Self {
        let printed_line = if mark.line == 0 { 0 } else { mark.line + 1 };
        Self {
            line: mark.line + 1,
            column: mark.column + 1,
            message: message.into(),
            printed_line,
            conversion: false,
        }
    }

    /// A grammar error: Go prints the line counted from 0.
    pub(crate) fn parser(mark: Mark, message: impl Into<String>) -> Self {
        Self {
            line: mark.line + 1,
            column: mark.column + 1,
            message: message.into(),
            printed_line: mark.line,
            conversion: false,
        }
    }

    /// An error of meaning, which Go prints without a line.
    pub(crate) fn meaning(mark: Mark, message: impl Into<String>) -> Self {
        Self {
            line: mark.line + 1,
            column: mark.column + 1,
            message: message.into(),
            printed_line: 0,
            conversion: false,
        }
    }

    /// A value that YAML can hold and JSON can't.
    pub(crate) fn conversion(mark: Mark, message: impl Into<String>) -> Self {
        Self { conversion: true, ..Self::meaning(mark, message) }
    }

    /// An error about the text as a whole.
    pub(crate) fn whole(message: impl Into<String>) -> Self {
        Self { line: 0, column: 0, message: message.into(), printed_line: 0, conversion: false }
    }

    /// The same error in a text that starts `lines` lines further down in its file.
    #[must_use]
    pub fn shifted(mut self, lines: usize) -> Self {
        if self.line > 0 {
            self.line += lines;
        }
        if self.printed_line > 0 {
            self.printed_line += lines;
        }
        self
    }
}
